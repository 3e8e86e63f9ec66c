"""A flight's camera in the sandbox's own coordinates, and back."""

from __future__ import annotations

from console.domain.flight_camera import FlightCamera
from scenes.camera import OrbitCamera
from scenes.ground.frame import to_degrees, to_local


def orbit_of(camera: FlightCamera, exaggeration: float = 1.0) -> OrbitCamera:
    """Return the camera in local km; heights are drawn exaggerated."""
    x, y = to_local(camera.lon, camera.lat)
    z = camera.height_m / 1000 * exaggeration
    return OrbitCamera(float(x), float(y), z, camera.distance_km, camera.heading, camera.pitch)


def flight_camera(camera: OrbitCamera, exaggeration: float = 1.0) -> FlightCamera:
    """Return what is on screen as the camera of a keyframe."""
    lon, lat = to_degrees(camera.x, camera.y)
    height_m = camera.z * 1000 / exaggeration
    return FlightCamera(float(lon), float(lat), camera.distance_km, camera.heading, camera.pitch, height_m)
