"""Orbit camera in local kilometres, and its matrices, without any window."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
VIEW_ANGLE = 32.0
NEAREST_KM, FARTHEST_KM = 0.06, 1200.0
LOWEST, HIGHEST = 4.0, 89.0  # pitch, degrees


@dataclass(frozen=True, slots=True)
class OrbitCamera:
    """Looks at (x, y, z) km from distance_km; heading 0 looks north, pitch 90 looks straight down."""

    x: float = 0.0
    y: float = -10.0
    z: float = 0.0
    distance_km: float = 330.0
    heading: float = 0.0
    pitch: float = 42.0

    @property
    def eye(self) -> tuple[float, float, float]:
        h, p = math.radians(self.heading), math.radians(self.pitch)
        flat = self.distance_km * math.cos(p)
        return (
            self.x - flat * math.sin(h),
            self.y - flat * math.cos(h),
            self.z + self.distance_km * math.sin(p),
        )

    @property
    def near_km(self) -> float:
        return self.distance_km * 0.03

    @property
    def far_km(self) -> float:
        return self.distance_km * 6 + 120.0

    def orbited(self, d_heading: float, d_pitch: float) -> Self:
        return replace(self, heading=(self.heading + d_heading) % 360, pitch=min(HIGHEST, max(LOWEST, self.pitch + d_pitch)))

    def panned(self, right_km: float, forward_km: float) -> Self:
        h = math.radians(self.heading)
        return replace(
            self,
            x=self.x + right_km * math.cos(h) + forward_km * math.sin(h),
            y=self.y - right_km * math.sin(h) + forward_km * math.cos(h),
        )

    def zoomed(self, factor: float) -> Self:
        return replace(self, distance_km=min(FARTHEST_KM, max(NEAREST_KM, self.distance_km * factor)))

    def zoomed_to(self, factor: float, place: tuple[float, float, float]) -> Self:
        """Zoom so that a place stays under the same pixel."""
        closer = self.zoomed(factor)
        k = closer.distance_km / self.distance_km
        x, y, z = (p + (c - p) * k for p, c in zip(place, (self.x, self.y, self.z), strict=True))
        return replace(closer, x=x, y=y, z=z)

    def towards(self, other: OrbitCamera, part: float) -> OrbitCamera:
        """Return the camera a part of the way along a flight; distance changes by ratio."""
        s = part * part * (3 - 2 * part)
        turn = (other.heading - self.heading + 180) % 360 - 180
        ratio = (other.distance_km / self.distance_km) ** s

        def mix(a: float, b: float) -> float:
            return a + (b - a) * s

        return OrbitCamera(
            mix(self.x, other.x),
            mix(self.y, other.y),
            mix(self.z, other.z),
            self.distance_km * ratio,
            (self.heading + turn * s) % 360,
            mix(self.pitch, other.pitch),
        )

    def axes(self) -> tuple[Array, Array, Array, Array]:
        """Return eye, right, up, forward."""
        eye, focus = np.array(self.eye), np.array([self.x, self.y, self.z])
        forward = (focus - eye) / np.linalg.norm(focus - eye)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        return eye, right, np.cross(right, forward), forward

    def project(self, points: Array, width: int, height: int) -> tuple[Array, Array, Array]:
        """Return pixel x, y (from the top left) and depth km of points (n, 3); depth ≤ 0 is behind."""
        eye, right, up, forward = self.axes()
        d = points - eye
        depth = d @ forward
        scale = height / 2 / math.tan(math.radians(VIEW_ANGLE / 2))
        safe = np.where(depth > 1e-6, depth, 1e-6)
        return width / 2 + d @ right / safe * scale, height / 2 - d @ up / safe * scale, depth

    def ray(self, x: float, y: float, width: int, height: int) -> tuple[Array, Array]:
        """Return the eye and the unit direction through a pixel."""
        eye, right, up, forward = self.axes()
        scale = height / 2 / math.tan(math.radians(VIEW_ANGLE / 2))
        d = forward + right * ((x - width / 2) / scale) + up * ((height / 2 - y) / scale)
        return eye, np.asarray(d / np.linalg.norm(d))

    def planes(self, width: int, height: int) -> Array:
        """Return the five planes (5, 4) of the view volume (near and four sides), inside positive."""
        eye, right, up, forward = self.axes()
        tall = math.tan(math.radians(VIEW_ANGLE / 2))
        wide = tall * width / height
        normals = np.array(
            [
                forward,
                forward * wide + right,
                forward * wide - right,
                forward * tall + up,
                forward * tall - up,
            ]
        )
        return np.column_stack([normals, -(normals @ eye)])

    def km_per_pixel(self, height: int) -> float:
        """Return how wide a pixel is at the place looked at."""
        return 2 * self.distance_km * math.tan(math.radians(VIEW_ANGLE / 2)) / max(1, height)
