"""The library of prepared disasters: computed ahead in a worker process, opened on the state of the moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from console.domain.scenario import NOTE_MAX, Scenario
from console.drill.disasters import preparing
from console.engine.executor import PoolExecutor, RunCancelled
from console.engine.prepared import Prepared, prepare
from console.errors import ConsoleError
from console.services.tasks import TaskScope

POLL_S = 0.1
TASK = "prepared disasters"


class DisasterLibrary(QObject):
    """One per window's process.

    Signals:
        changed: entries, share or problem are others.
    """

    changed = Signal()

    def __init__(self, tasks: TaskScope, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: tuple[Prepared, ...] = ()
        self.share: float | None = None  # of the computing that goes on, None when none does
        self.problem = ""
        self.said = ""  # the typical flood in words
        self._tasks, self._home = tasks, home
        self._begun = False

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
            run = pool.submit("情景库", prepare, asked)
            while run.state in ("waiting", "running"):
                if run.share != self.share:
                    self.share = run.share
                    self.changed.emit()
                await asyncio.sleep(POLL_S)
            self.entries, self.said = run.result(), asked.said
        except RunCancelled:
            pass  # the window closes
        except ConsoleError as exc:
            self.problem = f"{exc.what}{exc.next_step}"
        finally:
            self.share = None
            await asyncio.to_thread(pool.close)
        self.changed.emit()
