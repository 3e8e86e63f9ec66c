"""What a person asks of the map: within so many km of a place, upstream or downstream of a station; answers keep up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from console.domain.geo import distance_km
from console.domain.network import downstream_of, upstream_of
from console.viewdata.board import Board, Row
from console.windows.panels import Context
from widgets.map_widget import MapWidget

NAMED = 4
ALONG = {"upstream": ("上游", upstream_of), "downstream": ("下游", downstream_of)}


class MapQueries:
    """Answers by what the map shows: the same stations count, and a silent one is over no limit."""

    def __init__(self, c: Context, chart: MapWidget, say: Callable[[str], None]) -> None:
        self._c = c
        self._map = chart
        self._say = say
        self._way = ""
        self._said = ""

    def refresh(self, board: Board) -> None:
        """Answer again for another moment, another selection, or what came since."""
        circle = self._map.tools.circle
        if circle is not None:
            self._map.tools.circle_text = self._inside(board, *circle)
        self._along(board)

    def follow(self, way: str) -> None:
        """Mark what lies upstream or downstream of the selected station; "" or the same way again for no longer."""
        self._way = "" if way == self._way else way
        if not self._way:
            self._tell("")
        self._along(self._c.session.board.board)

    def _along(self, board: Board) -> None:
        if not self._way:
            self._map.mark(frozenset())
            return
        tr, (word, reach) = self._c.look.tr, ALONG[self._way]
        start = board.row(self._c.session.situation.current.selection)
        if start is None:
            self._map.mark(frozenset())
            self._tell(tr("请先选一个站，再看它的上游或下游"))
            return
        codes = reach(start.code, board.rivers)
        self._map.mark(codes)
        rows = [r for r in board.rows if r.code in codes]
        found = self._count(rows) if rows else tr("河系里没有登记")
        self._tell(f"{start.station.name} {tr(word)}：{found}")

    def _tell(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._say(text)

    def _inside(self, board: Board, lon: float, lat: float, km: float) -> str:
        rows = [r for r in board.rows if not r.apart and r.station.lon is not None and r.station.lat is not None]
        if not rows:
            return ""
        far = distance_km(lon, lat, np.array([r.station.lon for r in rows]), np.array([r.station.lat for r in rows]))
        return self._count([r for r, d in zip(rows, far.tolist(), strict=True) if d <= km])

    def _count(self, rows: Sequence[Row]) -> str:
        tr = self._c.look.tr
        over, unknown = [r.station.name for r in rows if r.over], sum(r.unknown for r in rows)
        names = "、".join(over[:NAMED]) + (f" {tr('等')}" if len(over) > NAMED else "")
        parts = [f"{len(rows)} {tr('站')}", f"{tr('超限')} {len(over)}" + (f"：{names}" if over else "")]
        return "，".join([*parts, *([f"{tr('不明')} {unknown}"] if unknown else [])])
