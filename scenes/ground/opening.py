"""The ground opened from its folders; any process may, none of it is read before it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scenes.ground.picture_pyramid import PicturePyramid
from scenes.ground.pyramid import HeightPyramid
from scenes.ground.source import Ground


@dataclass(frozen=True, slots=True)
class GroundSpec:
    """Where the ground lies: folders of height and of picture pyramids."""

    heights: tuple[Path, ...]
    pictures: tuple[Path, ...] = ()


def open_ground(spec: GroundSpec) -> Ground:
    """Open.

    Raises:
        ConsoleError: a folder is missing or damaged.
    """
    return Ground([HeightPyramid(p) for p in spec.heights], [PicturePyramid(p) for p in spec.pictures])
