"""What a works' facts say of its shape: stated figures, published texts, the course of its river. Nothing is guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.geo import chainage_km, nearest_on_line
from console.domain.objects import Thing
from console.domain.works import METRES, Works, number, text

Array = NDArray[np.float64]
Place = tuple[float, float]
NEAR_RIVER_KM = 8.0
HEIGHTS = ("坝高", "最大坝高", "坝型坝高", "堤高")
LENGTHS = ("坝长", "坝顶长", "坝顶长度", "长度", "堤长", "全长", "堤防长度")
CRESTS = ("坝顶高程", "堤顶高程", "顶高程", "闸顶高程")
WHOLE = re.compile(r"(?:约\s*)?(\d{1,6}(?:\.\d{1,3})?)\s*(km|m|公里|千米|米)")
HIGH = re.compile(r"高\s*(\d{1,3}(?:\.\d{1,2})?)\s*(m|米)")
LONG = re.compile(r"长\s*(\d{1,5}(?:\.\d{1,2})?)\s*(m|米)")
EARTH = ("土坝", "土石坝", "堆石坝", "面板坝", "心墙")
MASONRY = ("重力坝", "拱坝", "混凝土坝", "浆砌石坝")


@dataclass(frozen=True, slots=True)
class Shape:
    """Figures of a works, None where nobody stated them. bearing_from: "stated", "river" or ""."""

    crest_m: float | None
    base_m: float | None
    height_m: float | None
    length_m: float | None
    material: str
    powerhouse: bool
    bearing_deg: float | None
    bearing_from: str


def shape_of(thing: Thing, works: Works, river: Sequence[Place], reservoir_crest_m: float | None = None) -> Shape:
    """Return a works' figures: its own facts first, then published texts, then its reservoir's crest.

    river: its river's course in downstream order, () unknown.
    """
    f = thing.facts
    crest = works.crest_m if works.crest_m is not None else _published(works, CRESTS)
    if crest is None and works.type == "dam":
        crest = reservoir_crest_m
    height = number(f.get("height_m"), 0.5, 400) or _published(works, HEIGHTS) or _within(works, "坝高", HIGH)
    km = number(f.get("length_km"), 0.01, 3000)
    length = number(f.get("length_m"), 1, 3e6) or (km * 1000 if km is not None else None)
    length = length or _published(works, LENGTHS) or _within(works, "坝", LONG)
    bearing = number(f.get("bearing_deg"), -360, 360)
    told = "stated" if bearing is not None else ""
    if bearing is None:
        bearing = bearing_of(thing, works.type, river)
        told = "river" if bearing is not None else ""
    words = " ".join(t for _, t, _ in works.facts)
    material = text(f.get("material"), 12)
    if material not in ("earth", "concrete"):
        material = "earth" if any(w in words for w in EARTH) else "concrete" if any(w in words for w in MASONRY) else ""
    return Shape(
        crest_m=crest,
        base_m=number(f.get("base_m"), *METRES),
        height_m=height if height is not None and height <= 400 else None,
        length_m=length,
        material=material,
        powerhouse=f.get("powerhouse") is True or any("装机" in name for name, _, _ in works.facts),
        bearing_deg=None if bearing is None else bearing % 360,
        bearing_from=told,
    )


def bearing_of(thing: Thing, kind: str, river: Sequence[Place]) -> float | None:
    """Return downstream at a works, or from a levee's middle to its river; None too far from the river to say."""
    line = np.asarray(river, float).reshape(-1, 2)
    if thing.place is None or len(line) < 2:
        return None
    course = thing.lines[0]
    at = middle_of(course) if kind == "levee" and len(course) > 1 else thing.place
    km, away = nearest_on_line(line, *at)
    if away > NEAR_RIVER_KM:
        return None
    along = chainage_km(line)
    if kind == "levee":
        there = _on(line, along, km)
        return bearing_between(at, there) if away > 0.02 else None
    before, after = _on(line, along, max(0.0, km - 0.5)), _on(line, along, min(float(along[-1]), km + 0.5))
    return bearing_between(before, after)


def bearing_between(a: Place, b: Place) -> float:
    """Return the bearing from one place to another, degrees clockwise from north; for small distances."""
    east = (b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.degrees(math.atan2(east, b[1] - a[1])) % 360


def moved(place: Place, bearing_deg: float, metres: float) -> Place:
    """Return the place so many metres along a bearing; for small distances."""
    north = metres * math.cos(math.radians(bearing_deg)) / 111_194.9
    east = metres * math.sin(math.radians(bearing_deg)) / (111_194.9 * max(0.01, math.cos(math.radians(place[1]))))
    return place[0] + east, place[1] + north


def middle_of(course: Sequence[Place]) -> Place:
    line = np.asarray(course, float)
    along = chainage_km(line)
    return _on(line, along, float(along[-1]) / 2)


def on_course(course: Sequence[Place], chainage_m: float, length_m: float | None) -> tuple[Place, float]:
    """Return (place, bearing of the way) at a chainage; a stated length stretches the drawn course to it."""
    line = np.asarray(course, float)
    along = chainage_km(line)
    whole = float(along[-1])
    km = min(whole, max(0.0, chainage_m / 1000 * (whole / (length_m / 1000) if length_m else 1.0)))
    before, after = _on(line, along, max(0.0, km - 0.05)), _on(line, along, min(whole, km + 0.05))
    return _on(line, along, km), bearing_between(before, after)


def course_km(course: Sequence[Place]) -> float:
    return float(chainage_km(np.asarray(course, float))[-1])


def _on(line: Array, along: Array, km: float) -> Place:
    return float(np.interp(km, along, line[:, 0])), float(np.interp(km, along, line[:, 1]))


def _published(works: Works, names: Sequence[str]) -> float | None:
    """Return the figure of a published text that is nothing but this figure, metres."""
    for name, said, _ in works.facts:
        found = WHOLE.fullmatch(said.strip()) if name in names else None
        if found is not None:
            return float(found[1]) * (1000.0 if found[2] in ("km", "公里", "千米") else 1.0)
    return None


def _within(works: Works, name_has: str, pattern: re.Pattern[str]) -> float | None:
    """Return a figure out of a published sentence on the dam's build: 土坝，高 80.2 m，长 215 m."""
    for name, said, _ in works.facts:
        found = pattern.search(said) if name_has in name and "库" not in name else None
        if found is not None:
            return float(found[1])
    return None
