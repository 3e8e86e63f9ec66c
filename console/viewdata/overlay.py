"""A layer of the user's own lines, areas and points, ready to paint and to ask about; arrays never change."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POINT, LINE, RING = 0, 1, 2
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
TEXT_SHOWN = 300
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """One level of detail. up_to: pixels per degree up to which it looks right, infinity for the full shapes.

    xy: shape (n, 2), longitude and Mercator degrees. start: shape (parts + 1,), where each part begins in xy.
    owner: shape (parts,), the feature of each part, rising. kind: shape (parts,), POINT, LINE or RING; rings
    are closed, outer ones turn left, holes right.
    """

    up_to: float
    xy: Floats
    start: Ints
    owner: Ints
    kind: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class TextColumn:
    """All texts of a field in one piece of UTF-8. ends: shape (n + 1,)."""

    data: bytes
    ends: Ints

    def text(self, row: int) -> str:
        return self.data[self.ends[row] : self.ends[row + 1]].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """name: of the layer. boxes: shape (features, 4), left, bottom, right, top, as in xy. anchors: where a label goes.

    levels: from coarse to full. crs: name of the file's coordinate system. notes: what was assumed or left out,
    Chinese sentences. total: features in the file; fewer may be here.
    """

    name: str
    fields: tuple[str, ...]
    columns: tuple[TextColumn, ...]
    boxes: Floats
    anchors: Floats
    levels: tuple[Shapes, ...]
    crs: str
    notes: tuple[str, ...]
    total: int

    @property
    def count(self) -> int:
        return len(self.boxes)

    def level_for(self, pixels_per_degree: float) -> Shapes:
        return next(s for s in self.levels if pixels_per_degree <= s.up_to)

    def attributes(self, feature: int) -> tuple[tuple[str, str], ...]:
        """Return field and text of a feature; what cannot be seen in a text is made visible."""
        return tuple((visible(f), visible(c.text(feature))) for f, c in zip(self.fields, self.columns, strict=True))

    def label(self, feature: int, field: str) -> str:
        return visible(self.columns[self.fields.index(field)].text(feature), 40) if field in self.fields else ""

    def at(self, x: float, y: float, reach: float) -> int | None:
        """Return the feature at a place: the nearest line or point within reach, else the smallest area around it.

        An area smaller than the reach counts as a point: nobody can hit it more exactly.

        x, y, reach: longitude, Mercator degrees, degrees.
        """
        b = self.boxes
        near = (b[:, 0] - reach <= x) & (x <= b[:, 2] + reach) & (b[:, 1] - reach <= y) & (y <= b[:, 3] + reach)
        best: tuple[float, int] | None = None
        inside: tuple[float, int] | None = None
        whole = self.levels[-1]
        for feature in np.flatnonzero(near).tolist():
            small = max(b[feature, 2] - b[feature, 0], b[feature, 3] - b[feature, 1]) < reach
            distance, within = _measure(whole, feature, x, y, outlines=bool(small))
            if distance <= reach and (best is None or distance < best[0]):
                best = (distance, feature)
            if within:
                area = float((b[feature, 2] - b[feature, 0]) * (b[feature, 3] - b[feature, 1]))
                inside = min(inside, (area, feature)) if inside is not None else (area, feature)
        found = best or inside
        return found[1] if found is not None else None


def visible(text: str, limit: int = TEXT_SHOWN) -> str:
    """Return one line of plain text; control and direction characters as ⟨U+202E⟩, the rest cut off."""
    cut = " ".join(text[: limit + 1].split())
    shown = "".join(c if unicodedata.category(c) not in HIDDEN else f"⟨U+{ord(c):04X}⟩" for c in cut[:limit])
    return shown + ("…" if len(text) > limit else "")


def parts_of_feature(shapes: Shapes, feature: int) -> list[tuple[int, Floats]]:
    """Return kind and points of each part of a feature."""
    first, last = np.searchsorted(shapes.owner, [feature, feature + 1])
    return [(int(shapes.kind[i]), shapes.xy[shapes.start[i] : shapes.start[i + 1]]) for i in range(first, last)]


def _measure(shapes: Shapes, feature: int, x: float, y: float, *, outlines: bool) -> tuple[float, bool]:
    """Return the distance to a feature's points and lines (and outlines), and whether its area holds the place."""
    distance, crossings = float("inf"), 0
    for kind, points in parts_of_feature(shapes, feature):
        if kind == RING:
            crossings += _crossings(points, x, y)
        if kind == RING and not outlines:
            continue
        if kind == POINT or len(points) < 2:
            distance = min(distance, float(np.hypot(points[:, 0] - x, points[:, 1] - y).min()))
        else:
            distance = min(distance, _to_line(points, x, y))
    return distance, crossings % 2 == 1


def _to_line(points: Floats, x: float, y: float) -> float:
    a, step = points[:-1], np.diff(points, axis=0)
    along = ((np.array([x, y]) - a) * step).sum(1) / np.maximum((step**2).sum(1), 1e-24)
    nearest = a + np.clip(along, 0, 1)[:, None] * step
    return float(np.hypot(nearest[:, 0] - x, nearest[:, 1] - y).min())


def _crossings(ring: Floats, x: float, y: float) -> int:
    x0, y0, x1, y1 = ring[:-1, 0], ring[:-1, 1], ring[1:, 0], ring[1:, 1]
    spans = (y0 > y) != (y1 > y)
    rise = np.where(spans, y1 - y0, 1.0)
    return int((spans & (x < x0 + (y - y0) / rise * (x1 - x0))).sum())
