"""The ground of the sandbox: the user's DEM when there is one, else the generated basin, cached."""

from __future__ import annotations

import hashlib
import logging
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from console.errors import ConsoleError
from console.store.basemap import load_basemap
from scenes.build.dem import read_dem
from scenes.build.terrain import HeightField, relief_picture, synthetic_terrain

log = logging.getLogger(__name__)
EXAGGERATION = 8.0
VERSION = 3
POOLS = ((113.27, 25.20, 2.6, 154.0), (113.17, 24.73, 3.4, 215.0))


def load_ground(cache: Path, dem: str) -> tuple[Any, ...]:
    """Return (field, picture, exaggeration, rivers, profiles); blocks for seconds the first time."""
    base, relief = load_basemap(cache), _relief()
    rivers = {name: lines[0] for name, lines in base.rivers.items()}
    field = load_heights(cache, dem)
    return field, relief_picture(field), EXAGGERATION, rivers, relief["profiles"]


def _relief() -> dict[str, Any]:
    return tomllib.loads((resources.files("assets") / "basin" / "relief.toml").read_text("utf-8"))


def load_heights(cache: Path, dem: str) -> HeightField:
    """Return the ground's heights; blocks for seconds the first time.

    For a DEM that cannot be used the generated terrain is given; its label says why.
    """
    field: HeightField | None = None
    refused = ""
    if dem:
        try:
            field = read_dem(Path(dem))
        except ConsoleError as exc:
            log.warning("DEM not used: %s", exc)
            refused = f"（未用自备地形：{exc.what}{exc.next_step}）"
    if field is None:
        base = load_basemap(cache)
        rivers = {name: lines[0] for name, lines in base.rivers.items()}
        others = {f"_{i}": line for i, line in enumerate(base.other_rivers)}
        field = _cached(cache, _relief(), rivers | others)
        field = replace(field, label=field.label + refused)
    return field


def _cached(cache: Path, relief: dict[str, Any], rivers: dict[str, Any]) -> HeightField:
    key = hashlib.sha256(repr((VERSION, relief, sorted(rivers))).encode()).hexdigest()[:12]
    path = cache / f"terrain-{key}.npz"
    if path.exists():
        try:
            with np.load(path, allow_pickle=False) as data:
                return HeightField(
                    data["east"],
                    data["north"],
                    data["height"],
                    (float(data["x"]), float(data["y"])),
                    str(data["label"]),
                    str(data["datum"]),
                    synthetic=True,
                )
        except (OSError, ValueError, KeyError) as exc:
            log.warning("terrain cache unreadable, made again: %r", exc)
    spots = np.array(relief["peaks"] + relief["plains"], float)
    field = synthetic_terrain(relief["box"], spots, rivers, relief["profiles"], POOLS)
    cache.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part.npz")
    np.savez_compressed(
        draft,
        east=field.east_km,
        north=field.north_km,
        height=field.height_m,
        x=field.origin[0],
        y=field.origin[1],
        label=field.label,
        datum=field.datum,
    )
    draft.replace(path)
    return field
