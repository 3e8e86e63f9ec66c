"""A ground by formula for tests of pictures: one mountain, known everywhere to the metre."""

from __future__ import annotations

import numpy as np

from scenes.camera import OrbitCamera
from scenes.ground.frame import to_degrees

W, H, EXAGGERATION = 480, 270, 8.0
SUMMIT_M, PLAIN_M = 950.0, 50.0


class Mountain:
    """A plain of 50 m with one round mountain of 950 m in the middle."""

    label, datum, synthetic, cell_km = "合成山", "1985 国家高程基准", True, 0.1
    box = (-150.0, -150.0, 150.0, 150.0)

    def __init__(self, rise_m=SUMMIT_M - PLAIN_M):
        self.rise_m = rise_m

    def heights(self, east_km, north_km, cell_km):
        known = np.maximum(np.abs(east_km), np.abs(north_km)) <= 150.0
        height = PLAIN_M + self.rise_m * np.exp(-(east_km**2 + north_km**2) / (2 * 6.0**2))
        return np.where(known, height, np.nan).astype(np.float32)


def from_the_south(pitch=12.0, distance_km=60.0):
    return OrbitCamera(0.0, 0.0, 2.0, distance_km, 0.0, pitch)


def at(x, y):
    lon, lat = to_degrees(x, y)
    return float(lon), float(lat)


def on_ground(x, y):
    return np.array([[x, y, float(Mountain().heights(np.array(x), np.array(y), 0.0)) / 1000 * EXAGGERATION]])
