"""The library of prepared disasters: computed ahead in a worker process, opened on the state of the moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from console.domain.scenario import NOTE_MAX, Breach, Retention, Scenario
from console.drill.disasters import breach_key, preparing
from console.engine.executor import PoolExecutor, Run, RunCancelled
from console.engine.flooding import Flooding, Plain
from console.engine.prepared import Prepared, Preparing, prepare
from console.errors import ConsoleError
from console.services.drill_floods import drilled
from console.services.levee_plain import ground_hash
from console.services.tasks import TaskScope
from console.store.prepared_breaches import keep_breaches, read_breaches

log = logging.getLogger(__name__)
POLL_S = 0.1
TASK = "prepared disasters"
Plains = Callable[[Scenario, Mapping[str, Any]], Awaitable[dict[int, Plain]]]
"""Gives the ground behind the breaches of a scenario. Raises: ConsoleError."""


class DisasterLibrary(QObject):
    """One per window's process.

    Signals:
        changed: entries, share or problem are others.
    """

    changed = Signal()

    def __init__(self, tasks: TaskScope, home: Path, cache: Path, plains: Plains, parent: QObject | None = None) -> None:
        """home: with the office's own files. cache: where what breaches did is kept."""
        super().__init__(parent)
        self.entries: tuple[Prepared, ...] = ()
        self.share: float | None = None  # of the computing that goes on, None when none does
        self.problem = ""
        self.said = ""  # the typical flood in words
        self._tasks, self._home, self._cache, self._plains = tasks, home, cache, plains
        self._begun = False
        self._order: dict[str, int] = {}  # of the file, by code

    def begin(self) -> None:
        """Compute what is not computed yet; cheap when all is there."""
        if not self._begun:
            self.again()

    def again(self) -> None:
        """Compute all anew, after a file was changed."""
        if TASK not in self._tasks.running():
            self._begun, self.problem = True, ""
            self._tasks.start(TASK, self._prepare())

    def scenario(self, code: str, author: str, now_t: float, base_t: float) -> Scenario:
        """Return a prepared disaster as a scenario of a moment.

        Raises:
            ConsoleError: it was not computed; says why.
        """
        found = next((e for e in self.entries if e.wanted.code == code), None)
        if found is None or found.outcome is None:
            why = found.problem if found is not None else "还没有算完"
            raise ConsoleError(f"这个预置情景不能打开：{why}。", "请等它算完，或改正情景库文件后重算。")
        return Scenario(found.wanted.name, author, now_t, base_t, found.lead_h, found.inputs, found.note[:NOTE_MAX])

    async def _prepare(self) -> None:
        self.share = 0.0
        self.changed.emit()
        pool = PoolExecutor(1)
        try:
            asked = await asyncio.to_thread(preparing, self._home)
            self.said = asked.said
            flooding = tuple(w for w in asked.wanted if any(isinstance(entry, Breach | Retention) for entry in w.inputs))
            self._order = {w.code: k for k, w in enumerate(asked.wanted)}
            done: tuple[Prepared, ...] = ()
            for wanted in (tuple(w for w in asked.wanted if w not in flooding), flooding):  # these wait for the register
                part = replace(asked, wanted=wanted)
                if wanted is flooding:
                    part = await self._with_ground(part)
                run = pool.submit("情景库", prepare, part)
                await self._follow(run, done)
                done = (*done, *run.result())
                self._show(done)
                await asyncio.to_thread(self._keep, part, done)
        except RunCancelled:
            pass  # the window closes
        except ConsoleError as exc:
            self.problem = f"{exc.what}{exc.next_step}"
        finally:
            self.share = None
            await asyncio.to_thread(pool.close)
        self.changed.emit()

    async def _follow(self, run: Run, done: tuple[Prepared, ...]) -> None:
        """Show what is computed as it comes: breaches take longer than all the rest."""
        while run.state in ("waiting", "running"):
            if run.share != self.share:
                self.share = run.share
                self._show((*done, *run.partials))
            await asyncio.sleep(POLL_S)

    def _show(self, entries: tuple[Prepared, ...]) -> None:
        self.entries = tuple(sorted(entries, key=lambda e: self._order[e.wanted.code]))
        self.changed.emit()

    async def _with_ground(self, asked: Preparing) -> Preparing:
        """Return what is asked with the ground behind each breach, and with what is known of it from before."""
        plains: dict[str, dict[int, Plain]] = {}
        known: dict[str, tuple[Flooding, ...]] = {}
        lacking: dict[str, str] = {}
        for one in asked.wanted:
            try:
                plains[one.code] = await self._plains(drilled(asked, one), asked.declared)
                key = await asyncio.to_thread(breach_key, asked, one, ground_hash(plains[one.code]))
                if found := await asyncio.to_thread(read_breaches, self._cache, one.code, key):
                    known[one.code] = found
            except ConsoleError as exc:
                lacking[one.code] = f"{exc.what}{exc.next_step}".rstrip("。")
        return replace(asked, plains=plains, known=known, lacking=lacking)

    def _keep(self, asked: Preparing, entries: tuple[Prepared, ...]) -> None:
        """Keep what breaches did that was not known: the next start, and a drill, need not compute it."""
        for entry in entries:
            code = entry.wanted.code
            if code not in asked.plains or entry.outcome is None or not entry.outcome.floods or code in asked.known:
                continue
            try:
                key = breach_key(asked, entry.wanted, ground_hash(asked.plains[code]))
                keep_breaches(self._cache, code, key, entry.outcome.floods)
            except ConsoleError as exc:
                log.warning("%s %s", exc.what, exc.detail)
