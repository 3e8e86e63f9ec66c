"""Grounds for tests of the sandbox: hills by formula, written as the product writes them; and the real rivers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from console.services.province_ground import QUICK, province_folder
from console.viewdata.scene import SceneRiver
from scenes.ground.frame import HALF_KM, ROOT_KM, to_degrees
from scenes.ground.pyramid import HeightPyramid, write_pyramid

LABEL = "合成地形 仅供演示"


def winding(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where a river is (x, km) and its low water (m) at y from 120 km in the north to −120 km."""
    return 20.0 * np.sin(y / 40.0), np.interp(y, [-120.0, 120.0], [2.0, 60.0])


def river(name: str = "北江", points: int = 200) -> SceneRiver:
    """Return the river that winds through the hills' valley."""
    y = np.linspace(120.0, -120.0, points)
    x, low = winding(y)
    lon, lat = to_degrees(x, y)
    return SceneRiver(name, np.column_stack([lon, lat]), low)


def hills(cells: int = 512) -> np.ndarray:
    """Return heights (m) of the root square: ridges from 0 to 900 m, sea in the south."""
    at = (np.arange(cells) + 0.5) * ROOT_KM / cells - HALF_KM
    x, y = np.meshgrid(at, at)
    land = 450 + 300 * np.sin(x / 17.0) * np.cos(y / 23.0) + 150 * np.sin((x + 2 * y) / 9.0)
    middle, low = winding(y)
    valley = np.clip((np.abs(x - middle) - 3.0) / 6.0, 0.0, 1.0)
    land = np.where(np.abs(y) < 130, (low - 4.0) * (1 - valley) + land * valley, land)
    return np.where(y < -250, -20.0, np.maximum(land, 1.0)).astype(np.float32)


def write_hills(folder: Path, cells: int = 512) -> HeightPyramid:
    box = (-HALF_KM, -HALF_KM, HALF_KM, HALF_KM)
    return write_pyramid(folder, hills(cells), box, label=LABEL, datum="近似 1985 国家高程基准", synthetic=True)


def with_hills(cache: Path) -> Path:
    """Put a ground into a data folder's cache, where the product looks for its generated one."""
    folder = province_folder(cache, QUICK)
    if not folder.exists():
        write_hills(folder)
    return folder
