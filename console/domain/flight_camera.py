"""Where a flight looks from, and how its eye stays out of the hills."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

KM_PER_DEGREE = 111.2
PITCH = (4.0, 89.0)  # as the hand can tilt the sandbox; straight down no direction would be up
DISTANCE_KM = (0.06, 1200.0)


@dataclass(frozen=True, slots=True)
class FlightCamera:
    """Looks at a place from distance_km. Degrees CGCS2000; heading 0 looks north, pitch 90 straight down.

    height_m: of the point looked at, metres, 1985 datum, before any vertical exaggeration.
    """

    lon: float
    lat: float
    distance_km: float
    heading: float = 0.0
    pitch: float = 45.0
    height_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Clearance:
    """Keeps the eye above the ground as it is drawn.

    ground_m(lon, lat): height of the ground, m, 1985 datum, averaged over some hundred metres so that a close flight
    does not shake; None where it is not known. above_m: the least room under the eye, m, before exaggeration.
    """

    ground_m: Callable[[float, float], float | None]
    above_m: float = 80.0
    exaggeration: float = 1.0

    def kept(self, camera: FlightCamera) -> FlightCamera:
        """Return the camera, raised as a whole where its eye would be too low; it rises without a jerk."""
        lon, lat, eye_m = eye_of(camera, self.exaggeration)
        ground = self.ground_m(lon, lat)
        if ground is None:
            return camera
        missing = (ground + self.above_m) - eye_m
        soft = self.above_m / 2
        if missing <= -soft:
            return camera
        raised = missing if missing >= soft else (missing + soft) ** 2 / (4 * soft)
        return replace(camera, height_m=camera.height_m + raised)


def eye_of(camera: FlightCamera, exaggeration: float = 1.0) -> tuple[float, float, float]:
    """Return longitude, latitude and height of the eye; m, 1985 datum, in heights before exaggeration."""
    heading, pitch = math.radians(camera.heading), math.radians(camera.pitch)
    flat_km = camera.distance_km * math.cos(pitch)
    lat = camera.lat - flat_km * math.cos(heading) / KM_PER_DEGREE
    lon = camera.lon - flat_km * math.sin(heading) / (KM_PER_DEGREE * math.cos(math.radians(camera.lat)))
    return lon, lat, camera.height_m + camera.distance_km * 1000 * math.sin(pitch) / exaggeration
