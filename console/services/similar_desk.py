"""Past floods like the one that comes: sought in what this computer holds of a station, and in the shipped floods."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from console.domain.quality import Quality
from console.drill.facts import flood_facts, flood_keys
from console.drill.reconstruct import rebuild
from console.engine.refused import EngineRefused
from console.engine.similar_floods import Similar, hourly, similar
from console.services.tasks import TaskScope
from console.state.board import BoardState

Array = NDArray[np.float64]
Series = tuple[str, Array, Array]
HOUR_S = 3600.0
WINDOW_H, AHEAD_H = 48, 72
APART_S = 10 * 86400.0  # what lies nearer to now is this flood itself
ELEMENTS = ("Z", "RZ", "Q")
TASK = "similar floods"


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was sought for a station at a moment. t, v: its last WINDOW_H hours. pasts: each with its course, (t, v), hourly
    from WINDOW_H before the like moment to AHEAD_H after it, at its own times. problem: why there is nothing.
    """

    code: str
    element: str
    now_t: float
    t: Array
    v: Array
    pasts: tuple[tuple[Similar, Array, Array], ...] = ()
    problem: str = ""


class SimilarDesk(QObject):
    """Signals:
    changed: found is another.
    """

    changed = Signal()

    def __init__(self, board: BoardState, tasks: TaskScope, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: Found | None = None
        self._board, self._tasks = board, tasks
        self._asked: tuple[str, int] = ("", 0)
        self._task = f"{TASK} {id(self)}"  # a wall and a window may each seek
        self._shipped: dict[tuple[str, str], list[Series]] | None = None

    def look(self, code: str, moment: float) -> None:
        """Seek for a station at a moment; cheap while neither has changed by an hour."""
        asked = (code, int(moment // HOUR_S))
        if asked != self._asked and self._task not in self._tasks.running():
            self._asked = asked
            self._tasks.start(self._task, self._seek(code, float(moment // HOUR_S * HOUR_S)))

    async def _seek(self, code: str, now_t: float) -> None:
        held = self._board.series_of(code)
        element = next((e for e in ELEMENTS if e in held), "")
        if not element:
            nothing = "这个对象没有水位或流量，不能找相似洪水"
            self._show(Found(code, "", now_t, np.empty(0), np.empty(0), problem=nothing))
            return
        sid = held[element].sid
        t, v, q = (await self._board.window([sid], 0, int(now_t)))[sid]
        good = np.isfinite(v) & ~np.isin(q, [int(Quality.BAD), int(Quality.SUSPECT), int(Quality.FORECAST)])
        own = ("", t[good].astype(float), v[good].astype(float))
        if self._shipped is None:
            self._shipped = await asyncio.to_thread(_shipped)
        past = self._shipped.get((code, element), [])
        self._show(await asyncio.to_thread(_sought, code, element, now_t, own, past))

    def _show(self, found: Found) -> None:
        if shiboken6.isValid(self):  # its panel may be closed by now
            self.found = found
            self.changed.emit()


def _sought(code: str, element: str, now_t: float, own: Series, shipped: list[Series]) -> Found:
    from_t = now_t - WINDOW_H * HOUR_S
    now = hourly(own[1], own[2], from_t, now_t)
    t = np.arange(from_t, now_t + 1.0, HOUR_S)
    # of the records here nothing later than the moment is looked at; the shipped floods are other floods, whenever they were
    pasts = [_without(own, own[1] < now_t - APART_S), *(_without(s, abs(s[1] - now_t) > APART_S) for s in shipped)]
    try:
        likes = similar(pasts, now, window_h=WINDOW_H, ahead_h=AHEAD_H)
    except EngineRefused as exc:
        return Found(code, element, now_t, t, now, problem=exc.detail)
    by_source = {name: (past_t, past_v) for name, past_t, past_v in pasts}
    found = []
    for one in likes:
        begin, end = one.at_t - WINDOW_H * HOUR_S, one.at_t + AHEAD_H * HOUR_S
        found.append((one, np.arange(begin, end + 1.0, HOUR_S), hourly(*by_source[one.source], begin, end)))
    problem = "" if found else "本机没有这个站十天以前的洪水记录，随程序的洪水里也没有这个站"
    return Found(code, element, now_t, t, now, tuple(found), problem)


def _without(series: Series, kept: NDArray[np.bool_]) -> Series:
    name, t, v = series
    return name, t[kept], v[kept]


def _shipped() -> dict[tuple[str, str], list[Series]]:
    """Return the series of the floods that the program brings, by object and element; all of them rebuilt."""
    found: dict[tuple[str, str], list[Series]] = {}
    for key in flood_keys():
        facts = flood_facts(key)
        for s in rebuild(facts):
            found.setdefault((s.object_code, s.element), []).append((facts.name, s.t.astype(float), s.value.astype(float)))
    return found
