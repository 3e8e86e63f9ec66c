"""Scenarios of the consultation: kept, run in worker processes, compared; every run by its name.

The store and the base are read on worker threads; a run that fails or is cancelled leaves the others as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from console.domain.scenario import Rain, RunRecord, Scenario
from console.engine.chain_base import Base
from console.engine.executor import Executor, PoolExecutor, Run, RunCancelled
from console.engine.flooding import Plain
from console.engine.levee_breach import lost_of
from console.engine.whatif import ENGINE, Outcome, run_case
from console.engine.whatif_arrays import assumed_from, assumed_lines, outcome_from
from console.engine.whatif_band import Band, band_case
from console.engine.whatif_inputs import Case
from console.engine.whatif_optimise import Proposal, optimise_case
from console.errors import ConsoleError
from console.services.consult_base import history_comes, read_base
from console.services.design_flood_scenarios import LEAD_H, design_floods
from console.services.disaster_library import DisasterLibrary
from console.services.kept_scenarios import KeptScenarios
from console.services.levee_plain import ground_hash
from console.services.scenario_floods import Folders, ScenarioFloods
from console.services.scenario_run import Result, RunState
from console.services.tasks import TaskScope
from console.state.board import BoardState
from console.store.chains import declared_chain
from console.store.keys import OpsKey
from console.store.scenarios import KeptScenario
from console.viewdata.consult import MOST_COMPARED

POLL_S = 0.05
HISTORY_CHECKS = "本机还在补这一段的历史数据，补齐后再核对这次计算是否仍然有效。"
HISTORY_COMES = "本机还在补这一段的历史数据，补齐后自动计算；也可以点“重新计算”先用现有的算。"
FIRST_NODE = "shijiao"


class ConsultDesk(QObject):
    """One per window's process; opens its file and its workers when first asked.

    Signals:
        changed: scenarios, states, results or what is compared are others.
        floods_changed: other inundation results lie on this machine than before.
    """

    changed = Signal()
    floods_changed = Signal()

    def __init__(
        self,
        board: BoardState,
        tasks: TaskScope,
        path: Path,
        home: Path,
        key: OpsKey | None,
        parent: QObject | None = None,
        *,
        executor: Callable[[], Executor] = PoolExecutor,
        cache: Path | None = None,
    ) -> None:
        """home: with the office's own files. cache: with ground and inundation results, None beside home."""
        super().__init__(parent)
        self.scenarios: tuple[KeptScenario, ...] = ()
        self.results: dict[str, Result] = {}
        self.states: dict[str, RunState] = {}
        self.bands: dict[str, Band] = {}
        self.banded = False  # whether the first compared scenario shows its band
        self.compared: tuple[str, ...] = ()
        self.declared: Mapping[str, Any] = {}
        self.node = FIRST_NODE  # whose curves are looked at
        self.problem = ""
        self._board, self._tasks = board, tasks
        folders = Folders(cache or home / "cache", home)
        self.floods = ScenarioFloods(board, folders)
        self.library = DisasterLibrary(tasks, home, folders.cache, self.floods.plains, self)
        self.library.changed.connect(self.changed)
        self._home, self._kept = home, KeptScenarios(path, key)
        self._runs: dict[str, Run] = {}
        self._ended: set[str] = set()  # cancelled after their computing
        self._executor = executor
        self._pool: Executor | None = None
        self._begun = False

    @property
    def busy(self) -> bool:
        """Tell whether a run waits or goes, or the library is being computed."""
        return bool(self._running()) or self.library.share is not None

    @property
    def holds(self) -> bool:
        """Tell whether a compared scenario is held until the past has been fetched."""
        return any(i in self.states and self.states[i].state == "held" for i in self.compared)

    # --- scenarios ------------------------------------------------------------------------
    def begin(self) -> None:
        """Read what is kept; again when a panel is shown, for another console may have added to it."""
        self._tasks.start("scenarios", self._reload())

    async def create(self, scenario: Scenario) -> str:
        """Keep a scenario and run it; returns its id once it is on disk.

        Raises:
            ConsoleError: it was not kept.
        """
        found = await self._kept.ask(lambda store: store.keep(scenario))
        await self._list()
        self.run(found)
        self.compare((*self.compared[: MOST_COMPARED - 1], found))  # what all are measured against stays
        return found

    def scenario(self, scenario_id: str) -> Scenario | None:
        return next((k.scenario for k in self.scenarios if k.scenario_id == scenario_id), None)

    def drop(self, scenario_id: str) -> None:
        """Take a scenario out of the list; its file keeps it."""
        self.cancel(scenario_id)
        self._tasks.start("drop scenario", self._drop(scenario_id))

    def compare(self, ids: tuple[str, ...]) -> None:
        """Show these side by side; the first is what the others are measured against."""
        known = {k.scenario_id for k in self.scenarios}
        self.compared = tuple(i for i in dict.fromkeys(ids) if i in known)[:MOST_COMPARED]
        self.changed.emit()
        self._tasks.start("kept runs", self._read_missing())
        self._want_band()

    def look_at(self, node: str) -> None:
        if node != self.node:
            self.node = node
            self.changed.emit()

    # --- runs -----------------------------------------------------------------------------
    def run(self, scenario_id: str) -> None:
        """Run a scenario anew, unless it is running."""
        if scenario_id not in self._running():
            self._set(scenario_id, RunState("waiting"))
            self._tasks.start("what-if", self._run(scenario_id))

    def optimise(self, scenario_id: str, author: str, now_t: float) -> None:
        """Propose a schedule for a scenario's inflows: a new scenario, kept and run like any other."""
        if scenario_id not in self._running():
            self._set(scenario_id, RunState("waiting"))
            self._tasks.start("optimise", self._optimise(scenario_id, author, now_t))

    def add_design_floods(self, base_t: float, author: str, now_t: float) -> None:
        """Add the flood of now, scaled to the frequencies that are published for the control station; each a scenario."""
        if "design floods" not in self._tasks.running():
            self._tasks.start("design floods", self._design_floods(base_t, author, now_t))

    async def _design_floods(self, base_t: float, author: str, now_t: float) -> None:
        self.problem = ""
        try:
            base = await self.base(base_t, LEAD_H)
            for flood in await asyncio.to_thread(design_floods, self.declared, base, FIRST_NODE, author, now_t):
                await self.create(flood)
        except ConsoleError as exc:
            self.problem = f"{exc.what}{exc.next_step}"
        self.changed.emit()

    def show_band(self, on: bool) -> None:
        """Show how uncertain inflows widen the first compared scenario; computed when it is first wanted."""
        self.banded = on
        self.changed.emit()
        self._want_band()

    def _want_band(self) -> None:
        first = next((i for i in self.compared if i in self.results), "")
        if self.banded and first and first not in self.bands and "band" not in self._tasks.running():
            self._tasks.start("band", self._band(first))

    async def _band(self, scenario_id: str) -> None:
        scenario, result = self.scenario(scenario_id), self.results.get(scenario_id)
        if scenario is None or result is None or result.base is None:
            return
        try:
            pool = self._pool = self._pool or self._executor()
            lost = lost_of(self.declared, result.outcome.floods, len(result.outcome.hours))
            run = pool.submit(scenario.name, band_case, Case(dict(self.declared), result.base, scenario, lost=lost))
            while run.state in ("waiting", "running"):
                await asyncio.sleep(POLL_S)
            self.bands[scenario_id] = run.result()
            self.problem = ""
        except ConsoleError as exc:
            self.banded, self.problem = False, f"{exc.what}{exc.next_step}"
        self.changed.emit()

    def cancel(self, scenario_id: str) -> None:
        if scenario_id in self._runs:
            self._runs[scenario_id].cancel()
        elif scenario_id in self._running():  # it is computed, and its flood is being counted and kept
            self._ended.add(scenario_id)

    async def _base_for(self, scenario: Scenario) -> Base:
        with_rain = any(isinstance(entry, Rain) for entry in scenario.inputs)
        asked = (self._board, self.declared, scenario.base_t, scenario.lead_h)
        return await read_base(*asked, with_rain=with_rain, given=scenario.given)

    async def _history_comes(self, scenario: Scenario) -> bool:
        with_rain = any(isinstance(entry, Rain) for entry in scenario.inputs)
        return await history_comes(self._board, self.declared, scenario.base_t, scenario.lead_h, with_rain=with_rain)

    async def base(self, base_t: float, lead_h: float) -> Base:
        """Return what a run from a moment starts from. Raises: ConsoleError: a flow is missing; says which."""
        return await read_base(self._board, self.declared, base_t, lead_h)

    async def close(self) -> None:
        if self._pool is not None:
            await asyncio.to_thread(self._pool.close)
        self._kept.close()

    # --- inside ---------------------------------------------------------------------------
    def _running(self) -> set[str]:
        return {k for k, s in self.states.items() if s.state in ("waiting", "running")}

    def _set(self, scenario_id: str, state: RunState) -> None:
        self.states[scenario_id] = state
        self.changed.emit()

    async def _reload(self) -> None:
        try:
            if not self.declared:
                self.declared = await asyncio.to_thread(declared_chain, self._home)
            await self._list()
            if not self._begun:
                self._begun = True
                self.compared = tuple(k.scenario_id for k in reversed(self.scenarios[:3]))
            self.problem = ""
        except ConsoleError as exc:
            self.problem = f"{exc.what}{exc.next_step}"
        self.changed.emit()
        await self._read_missing()

    async def _read_missing(self) -> None:
        """Read the kept runs of what is compared and was neither read nor run yet."""
        for scenario_id in self.compared:
            state, scenario = self.states.get(scenario_id), self.scenario(scenario_id)
            if scenario_id not in self.results and state is None:
                await self._read_again(scenario_id)
            elif state is not None and state.lacking and scenario is not None:  # on a new machine they come after the window
                with contextlib.suppress(ConsoleError):
                    await self._base_for(scenario)
                    if await self._history_comes(scenario):
                        continue
                    if scenario_id in self.results:
                        await self._read_again(scenario_id)
                    else:
                        self.run(scenario_id)

    async def _list(self) -> None:
        self.scenarios = await self._kept.ask(lambda store: store.scenarios())
        known = {k.scenario_id for k in self.scenarios}
        self.compared = tuple(i for i in self.compared if i in known)
        self.changed.emit()

    async def _drop(self, scenario_id: str) -> None:
        try:
            scenario, gone = self.scenario(scenario_id), await self._kept.drop(scenario_id)
            await self._list()
            self.results.pop(scenario_id, None)
            problems = (await self.floods.forget(gone), await self.floods.forget_parts(scenario, scenario_id))
            self.problem = "；".join(filter(None, problems))
            self.changed.emit()
            self.floods_changed.emit()
        except ConsoleError as exc:
            self.problem = f"{exc.what}{exc.next_step}"
            self.changed.emit()

    async def _read_again(self, scenario_id: str) -> None:
        """Show the kept run of a scenario, marked when it no longer holds."""
        scenario = self.scenario(scenario_id)
        if scenario is None:
            return
        base: Base | None = None
        now = ""
        with contextlib.suppress(ConsoleError):  # the readings are gone: what was computed from them says so by its mark
            base = await self._base_for(scenario)
            now = base.hash + ground_hash(await self.floods.plains(scenario, self.declared))
        try:
            runs = await self._kept.ask(lambda store: store.runs(scenario_id, ENGINE, now))
            done = next((r for r in runs if r.record.state == "done"), None)
            if done is None and await self._history_comes(scenario):
                self._set(scenario_id, RunState("held", words=HISTORY_COMES, lacking=True))
                return
            if done is None:  # kept, and the program ended before it was computed
                self.run(scenario_id)
                return
            arrays = await self._kept.ask(lambda store: store.arrays(done.run_id))
            held = bool(done.watermark) and await self._history_comes(scenario)  # what is not fetched yet may seem changed
        except ConsoleError as exc:
            self._set(scenario_id, RunState("failed", words=f"{exc.what}{exc.next_step}"))
            return
        record = done.record
        outcome = outcome_from(
            arrays, self.declared, record.mass_error or 0.0, assumed_from(record.assumptions), record.warnings
        )
        self.results[scenario_id] = Result(outcome, base, record.started, record.wall_s, done.watermark, record.engine)
        self._set(scenario_id, RunState("held", words=HISTORY_CHECKS, lacking=True) if held else RunState("done", 1.0))

    async def _run(self, scenario_id: str) -> None:
        scenario = self.scenario(scenario_id)
        if scenario is None:
            self.states.pop(scenario_id, None)
            return
        self._ended.discard(scenario_id)  # of an earlier run that failed before it came to that
        started, began = time.time(), time.perf_counter()
        base: Base | None = None
        plains: dict[int, Plain] = {}
        try:
            base = await self._base_for(scenario)
            plains = await self.floods.plains(scenario, self.declared)
            case = Case(dict(self.declared), base, scenario, plains)
            outcome: Outcome = await self._computed(scenario_id, run_case, case)
        except RunCancelled:
            parts = self._runs[scenario_id].partials
            words = await self.floods.take_part(scenario, parts, plains, scenario_id)
            if self.scenario(scenario_id) is None:  # taken out of the list meanwhile
                await self.floods.forget_parts(scenario, scenario_id)
                self.states.pop(scenario_id, None)
            else:
                self._set(scenario_id, RunState("cancelled", words=words))
            self.floods_changed.emit()
            return
        except ConsoleError as exc:
            words = f"{exc.what}{exc.next_step}"
            self._set(scenario_id, RunState("failed", words=words, lacking=base is None))
            return
        finally:
            self._runs.pop(scenario_id, None)
        wall_s = time.perf_counter() - began
        outcome, problem = await self.floods.take(scenario, outcome, plains)
        made = tuple(one.result for one in outcome.floods if one.result)
        if scenario_id in self._ended or self.scenario(scenario_id) is None:
            self._ended.discard(scenario_id)
            await self.floods.forget(made)
            self._set(scenario_id, RunState("cancelled"))
            return
        outcome = replace(outcome, limits=(*base.notes, *outcome.limits))
        record = RunRecord(
            scenario.inputs_id, ENGINE, 0, started, wall_s, outcome.mass_error, "done",
            assumed_lines(outcome.assumed), outcome.limits,
        )  # fmt: skip
        under = base.hash + ground_hash(plains)
        try:
            gone = await self._kept.keep_run(scenario_id, record, under, outcome)
            left = (await self.floods.forget(gone), await self.floods.forget_parts(scenario, scenario_id))
            more = "；".join(filter(None, left))  # only now: what is kept must not point to nothing
        except ConsoleError as exc:
            more = f"{exc.what}{exc.next_step}"
        self.results[scenario_id] = Result(outcome, base, started, wall_s)
        self.bands.pop(scenario_id, None)
        if outcome.floods:
            self.floods_changed.emit()
        self._set(scenario_id, RunState("done", 1.0, "；".join(filter(None, [problem, more]))))

    async def _optimise(self, scenario_id: str, author: str, now_t: float) -> None:
        scenario = self.scenario(scenario_id)
        if scenario is None:
            return
        done = RunState("done", 1.0) if scenario_id in self.results else None
        try:
            base = await self._base_for(scenario)
            found: Proposal = await self._computed(scenario_id, optimise_case, Case(dict(self.declared), base, scenario))
            proposed = replace(scenario.copied(found.name, author, now_t, found.inputs), note=found.note)
            if done is not None:
                self._set(scenario_id, done)
            else:
                self.states.pop(scenario_id, None)
            await self.create(proposed)
        except RunCancelled:
            self._set(scenario_id, done or RunState("cancelled"))
        except ConsoleError as exc:
            self._set(scenario_id, RunState("failed", words=f"{exc.what}{exc.next_step}"))
        finally:
            self._runs.pop(scenario_id, None)

    async def _computed(self, scenario_id: str, work: Callable[[Case, Any], Any], case: Case) -> Any:
        if self._pool is None:
            self._pool = self._executor()
        run = self._runs[scenario_id] = self._pool.submit(case.scenario.name, work, case)
        shown = ("", 0.0)
        while run.state in ("waiting", "running"):
            if (run.state, run.share) != shown:
                shown = (run.state, run.share)
                self._set(scenario_id, RunState(*shown))
            await asyncio.sleep(POLL_S)
        return run.result()
