"""Rivers on the map, each stretch in the colour of the station nearest along it.

One polyline a stretch, those beside the picture left out: one path of all of a state takes ten times as long.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from console.domain.geo import chainage_km, mercator_y, nearest_on_line
from console.domain.states import TOKENS, State
from console.viewdata.basemap import Line
from widgets.map_projection import MapFrame

Stations = tuple[tuple[float, float, State], ...]  # lon, lat, state
Pens = Callable[[str, float, int], QPen]  # of a colour token, a width and an alpha
UNKNOWN_DASH = [3.0, 3.0]
HALO, HALO_PX = 70, 5.0
MANY = (
    20_000  # points in the picture from which on calm water is a hair line and no line has a halo: both take most of the time
)


def cut_by_station(line: Line, stations: Stations) -> list[tuple[State, Line]]:
    """Return (state, stretch) pieces of a line, cut half way between neighbouring stations.

    Of a line without a station nothing is known.
    """
    if not stations:
        return [(State.NO_DATA, line)]
    along = chainage_km(line)
    placed = sorted((nearest_on_line(line, lon, lat)[0], state) for lon, lat, state in stations)
    bounds = [(a[0] + b[0]) / 2 for a, b in itertools.pairwise(placed)]
    cuts = [0, *(int(np.searchsorted(along, b)) for b in bounds), len(line) - 1]
    return [
        (state, line[first : last + 1]) for (_, state), first, last in zip(placed, cuts, cuts[1:], strict=False) if last > first
    ]


def river_token(state: State) -> str:
    """Return the colour of a stretch of river; the map and the basin strip have one rule."""
    if state >= State.WATCH:
        return TOKENS[state]
    return "map.river.unknown" if state is State.NO_DATA else "map.river"


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """points: (lon, −Mercator y) degrees. box: west, top, east, bottom of them."""

    state: State
    points: QPolygonF
    box: tuple[float, float, float, float]


def stretch_of(state: State, line: Line) -> Stretch:
    places = np.column_stack([line[:, 0], -mercator_y(line[:, 1])])
    low, high = places.min(0), places.max(0)
    points = QPolygonF([QPointF(x, y) for x, y in places.tolist()])
    return Stretch(state, points, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))


class RiverLines:
    """The rivers of one fineness; only those whose stations changed are cut again."""

    def __init__(self, rivers: Mapping[str, tuple[Line, ...]]) -> None:
        self._rivers = rivers
        self._told: dict[str, Stations | None] = dict.fromkeys(rivers)
        self._cut: dict[str, tuple[Stretch, ...]] = {}
        self._all: tuple[Stretch, ...] = ()
        self._boxes: NDArray[np.float64] = np.empty((0, 4))

    def tell(self, reaches: Mapping[str, Stations]) -> bool:
        """Take what is known of the rivers' stations; True when a stretch is another one."""
        changed = [name for name, told in self._told.items() if told != reaches.get(name, ())]
        for name in changed:
            self._told[name] = known = reaches.get(name, ())
            lines = (line for line in self._rivers[name] if len(line) > 1)
            self._cut[name] = tuple(stretch_of(*piece) for line in lines for piece in cut_by_station(line, known))
        if changed:
            self._all = tuple(sorted((s for cut in self._cut.values() for s in cut), key=lambda s: s.state))
            self._boxes = np.array([s.box for s in self._all]).reshape(-1, 4)
        return bool(changed)

    def draw(self, painter: QPainter, frame: MapFrame, width: float, pens: Pens) -> None:
        """Draw what lies in a frame, the worst last; the painter works in degrees."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        seen = self._inside(frame)
        many = sum(one.points.size() for one in seen) > MANY
        for state, found in itertools.groupby(seen, key=lambda s: s.state):
            stretches = list(found)
            if state >= State.WATCH and not many:
                halo = pens(TOKENS[state], width + HALO_PX, HALO)
                halo.setCapStyle(Qt.PenCapStyle.FlatCap)  # where two stretches meet nothing is painted twice
                _strokes(painter, halo, stretches)
            pen = pens(river_token(state), 1.0 if many and state < State.WATCH else width, 255)
            if state is State.NO_DATA:
                pen.setCapStyle(Qt.PenCapStyle.FlatCap)
                pen.setDashPattern(UNKNOWN_DASH)
            _strokes(painter, pen, stretches)

    def _inside(self, frame: MapFrame) -> list[Stretch]:
        half_x, half_y = frame.width / 2 / frame.scale, frame.height / 2 / frame.scale
        west, top, east, bottom = self._boxes.T
        seen = (
            (east >= frame.x - half_x) & (west <= frame.x + half_x) & (bottom >= -frame.y - half_y) & (top <= half_y - frame.y)
        )
        return [self._all[i] for i in np.flatnonzero(seen)]


def _strokes(painter: QPainter, pen: QPen, stretches: list[Stretch]) -> None:
    painter.setPen(pen)
    for one in stretches:
        painter.drawPolyline(one.points)
