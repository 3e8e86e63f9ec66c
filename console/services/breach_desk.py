"""Breaches of levees: the plain behind one is cut out of the sandbox's ground, flooded in a worker process, and
handed to the inundation results, where it is shown, counted and read like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from console.domain.objects import Thing
from console.domain.quality import Quality
from console.domain.time import full_stamp
from console.domain.works import works_of
from console.engine.breach import BreachCase, BreachOutcome, breach_work, outcome_so_far
from console.engine.breach_river import GivenRiver
from console.engine.executor import PoolExecutor, Run, RunCancelled
from console.engine.flooding import Plain
from console.errors import ConsoleError
from console.services.computed_floods import keep_computed
from console.services.flood_library import ExposureSource, FloodLibrary, Site
from console.services.levee_plain import BreachRefused, degrees_of, levee_line, plain_behind
from console.services.level_courses import Courses, no_courses
from console.services.sandbox_ground import SandboxGround
from console.services.standing_layers import standing_layers
from console.services.tasks import TaskScope
from console.state.board import BoardState
from console.viewdata.inundation import BreachPlace
from console.viewdata.inundation_ask import STATION, BreachAsk, LeveeChoice

Array = NDArray[np.float64]
HALF_M = 15_000.0  # of the square that is computed
MANNING = 0.05
OVER_M = 5.0  # the levee stands so much over the river: elsewhere nothing passes it
POLL_S = 0.1
CELLS = (50.0, 400.0)


@dataclass(frozen=True, slots=True, eq=False)
class _River:
    """The level before the levee; said: how it goes on."""

    water: GivenRiver
    said: str


class BreachDesk(QObject):
    """Owned by the sandbox's desk.

    Signals:
        progress: how far, 0 to 1. taken: the result's name. refused: why not, "" when the user stopped it.
    """

    progress = Signal(float)
    taken = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        board: BoardState,
        tasks: TaskScope,
        library: FloodLibrary,
        parent: QObject | None = None,
        *,
        root: Path,
        courses: Courses = no_courses,
    ) -> None:
        """root: with the office's own files."""
        super().__init__(parent)
        self._root = root
        self._courses = courses
        self._board, self._tasks, self._library = board, tasks, library
        self._pool: PoolExecutor | None = None
        self._run: Run | None = None
        self.said = ""  # what the newest result rests on
        self._closed = self._stopped = False

    def levees(self, moment: float) -> tuple[LeveeChoice, ...]:
        """Return the levees that have a line, with the water before them now."""
        found = []
        for thing in self._board.things.get("works", ()):
            works = works_of(thing)
            metres = levee_line(thing)
            if works.type != "levee" or len(metres) < 2:
                continue
            row = self._board.board.by_code.get(works.level[0]) if works.level else None
            level = row.level.smooth if row is not None and row.level is not None else None
            sections = tuple((s.name, s.chainage_m / 1000.0) for s in works.sections if s.chainage_m is not None)
            length = float(np.hypot(*np.diff(metres, axis=0).T).sum() / 1000.0)
            of = self._courses(works.level[0]) if works.level else {}
            courses = tuple((k, c.name, z) for k, c in of.items() if (z := c.at(moment)) is not None)
            station = row.station.name if row else ""
            found.append(LeveeChoice(works.code, works.name, length, level, station, sections, courses))
        return tuple(found)

    def start(self, ask: BreachAsk, ground: SandboxGround | None, moment: float) -> None:
        """Compute a breach that happens at a moment; taken or refused tells the end."""
        if self._run is None and "breach" not in self._tasks.running():
            self._stopped = False
            self._tasks.start("breach", self._one(ask, ground, float(moment)))

    def prepare(self, asks: Sequence[BreachAsk], ground: SandboxGround | None, moment: float) -> None:
        """Compute prepared breaches that are not among the results yet, one after the other."""
        if self._run is None and "breach" not in self._tasks.running():
            self._stopped = False
            self._tasks.start("breach", self._prepare(asks, ground, moment))

    async def _prepare(self, asks: Sequence[BreachAsk], ground: SandboxGround | None, moment: float) -> None:
        entries = await asyncio.to_thread(self._library.entries)
        known = {e.site.label.partition("（")[0] for e in entries if e.site.prepared}
        name, why = "", "预置的溃口都已算好，见沙盘下方的淹没成果。"
        for ask in asks:
            if prepared_title(ask) in known or self._stopped:
                continue
            name, why = await self._compute(ask, ground, moment)
            if why:
                break
        self._end(name, "" if self._stopped else why)

    async def _one(self, ask: BreachAsk, ground: SandboxGround | None, moment: float) -> None:
        self._end(*await self._compute(ask, ground, moment))

    def _end(self, name: str, why: str) -> None:
        if self._closed:
            return
        if name and not why:
            self.taken.emit(name)
        else:
            self.refused.emit(why)

    def cancel(self) -> None:
        self._stopped = True
        if self._run is not None:
            self._run.cancel()

    def close(self) -> None:
        self._closed = True
        self.cancel()
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.close()

    async def _compute(self, ask: BreachAsk, ground: SandboxGround | None, moment: float) -> tuple[str, str]:
        """Return the result's name, or why there is none; both "" when the user stopped it."""
        name = why = ""
        try:
            thing = next((t for t in self._board.things.get("works", ()) if t.code == ask.levee), None)
            if thing is None:
                raise BreachRefused("没有选堤防。", "请选择一条有走线的堤防。")
            layers = await asyncio.to_thread(standing_layers, self._root)
            river = await self._river(thing, ask, moment)
            cell_m = min(max(ask.cell_m, CELLS[0]), CELLS[1])
            plain = await asyncio.to_thread(plain_behind, thing, ask.chainage_km, ground, HALF_M, cell_m)
            case = _case(ask, plain, river.water)
            outcome = await self._computed(thing.name, case)
            if outcome is not None and not (ask.name and self._stopped):  # half a prepared one would pass for a whole
                name = await asyncio.to_thread(self._keep, ask, thing, plain, moment, case, outcome, river, layers)
        except ConsoleError as exc:
            why = f"{exc.what}{exc.next_step}"
        finally:
            self._run = None
        return name, why

    async def _computed(self, name: str, case: BreachCase) -> BreachOutcome | None:
        """Return what a run gave; of one that the user stopped what it had until then, None where that is nothing."""
        if self._pool is None:
            self._pool = PoolExecutor(1)
        run = self._run = self._pool.submit(name, breach_work, case)
        while run.state in ("waiting", "running"):
            self.progress.emit(run.share)
            await asyncio.sleep(POLL_S)
        try:
            found: BreachOutcome | None = run.result()
        except RunCancelled:
            found = None if self._closed else outcome_so_far(run.partials)
        return found

    async def _river(self, thing: Thing, ask: BreachAsk, moment: float) -> _River:
        """Return the level before the levee: as typed at the start, then moving with its station; or a scenario's own."""
        works = works_of(thing)
        code = works.level[0] if works.level else ""
        still = GivenRiver(np.array([0.0]), np.array([ask.level_m]))
        if ask.follow not in ("", STATION):
            return self._as_scenario(code, ask, moment)
        if not ask.follow:
            return _River(still, "其后不变（假定）")
        series = self._board.series_of(code).get(works.level[1]) if works.level else None
        if series is None:
            return _River(still, "没有测站过程，按不变算（假定）")
        rows = await self._board.window([series.sid], int(moment) - 6 * 3600, int(moment + ask.hours * 3600))
        t, v, q = rows[series.sid]
        good = np.isfinite(v) & ~np.isin(q, [int(Quality.BAD), int(Quality.SUSPECT)])
        t, v = t[good].astype(float), v[good]
        if not len(t) or t[0] > moment or t[-1] <= moment:
            return _River(still, "测站没有其后的读数，按不变算（假定）")
        after = np.concatenate([[moment], t[t > moment]])
        level = ask.level_m + np.interp(after, t, v) - float(np.interp(moment, t, v))
        ends = (
            f"，测站读数到第 {(t[-1] - moment) / 3600:.0f} h 为止，其后不变（假定）"
            if t[-1] < moment + ask.hours * 3600 - 3600
            else ""
        )
        return _River(GivenRiver(after - moment, level), f"随测站过程涨落{ends}")

    def _as_scenario(self, code: str, ask: BreachAsk, moment: float) -> _River:
        """Return the level before the levee as a scenario has it. Raises: BreachRefused: it says nothing of the moment."""
        course = self._courses(code).get(ask.follow)
        begun = course.at(moment) if course is not None else None
        if course is None or begun is None:
            raise BreachRefused("这个情景在溃口时刻没有水位。", "请在会商里勾选它，并把时间轴拨到它的起算时刻之后。")
        after = np.concatenate([[moment], course.t[course.t > moment]])
        words = [f"按会商情景“{course.name}”的测站水位涨落"]
        if course.t[-1] < moment + ask.hours * 3600:
            words.append(f"情景到第 {(course.t[-1] - moment) / 3600:.0f} h 为止，其后不变（假定）")
        water = GivenRiver(after - moment, np.asarray(np.interp(after, course.t, course.level_m), float))
        return _River(water, "，".join([*words, *filter(None, [course.said])]))

    def _keep(
        self,
        ask: BreachAsk,
        thing: Thing,
        plain: Plain,
        moment: float,
        case: BreachCase,
        outcome: BreachOutcome,
        river: _River,
        layers: tuple[ExposureSource, ...],
    ) -> str:
        """Write the depths and take them among the results; returns the name there."""
        made_up = "合成地形，" if plain.synthetic else ""
        where = f"{thing.name} K{ask.chainage_km:g} 溃口 {ask.width_m:g} m"
        when = where if ask.name else f"{where} {full_stamp(moment)}"
        cut = f"只算到 {outcome.t_s[-1] / 3600:.1f} h，" if outcome.t_s[-1] < ask.hours * 3600 - 1 else ""
        title = f"{prepared_title(ask) if ask.name else when}（{cut}{made_up}糙率 {MANNING:g} 为假定）"
        dx, millions = case.x_m[1] - case.x_m[0], outcome.let_in_m3 / 1e6
        said = (
            f"本机二维浅水模拟（HLLC，{'二' if ask.fine else '一'}阶）；地形：{plain.ground}；网格 {dx:g} m；"
            f"糙率 {MANNING:g}（假定）；堤防走线为示意",
            f"河道水位以 {river.water.level_m[0]:.2f} m 起算，{river.said}",
            f"进水 {millions:.1f} 百万m³，退回河道 {outcome.let_out_m3 / 1e6:.1f} 百万m³；水量误差 {outcome.mass_error:.0e}",
            *outcome.limits,
        )
        place = BreachPlace(*degrees_of(plain.at), f"{thing.name} K{ask.chainage_km:g}", moment, ask.width_m)
        self.said = "；".join(said)
        site = Site(title, (place,), layers, prepared=bool(ask.name))
        stem = f"{thing.code}-K{ask.chainage_km:g}"
        axes, t_s = (case.x_m, case.y_m), moment + outcome.t_s
        return keep_computed(self._library, stem, axes, t_s, outcome.depth_m, self.said, site)


def prepared_title(ask: BreachAsk) -> str:
    """Return what a prepared breach is called among the results."""
    return f"预置 {ask.name}"


def _case(ask: BreachAsk, plain: Plain, water: GivenRiver) -> BreachCase:
    shape = (plain.line, plain.at, plain.river, water.highest_m + OVER_M, ask.width_m, ask.sill_m, ask.growth_h * 3600.0)
    order = 2 if ask.fine else 1
    return BreachCase(plain.bed_m, plain.x_m, plain.y_m, *shape, water, MANNING, ask.hours, order)
