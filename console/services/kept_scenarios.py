"""The scenarios and runs of this machine, on a thread of their own: opened when first asked, closed with the window."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from console.domain.scenario import RunRecord
from console.engine.whatif import ENGINE, Outcome
from console.engine.whatif_arrays import arrays_of, floods_from
from console.errors import ConsoleError
from console.store.keys import OpsKey
from console.store.scenarios import ScenarioStore

log = logging.getLogger(__name__)
T = TypeVar("T")


class KeptScenarios:
    """key: None where the machine's records are not unlocked: then nothing is read or kept, and that is said."""

    def __init__(self, path: Path, key: OpsKey | None) -> None:
        self._path, self._key = path, key
        self._store: ScenarioStore | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="scenarios")

    async def ask(self, work: Callable[[ScenarioStore], T]) -> T:
        """Do something with the store on its thread. Raises: ConsoleError: it cannot be opened, or whatever work raises."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._with_store, work)

    async def keep_run(self, scenario_id: str, record: RunRecord, base_hash: str, outcome: Outcome) -> tuple[str, ...]:
        """Keep a run; returns the inundation results of the one that it replaces.

        Raises:
            ConsoleError: it was not kept.
        """

        def work(store: ScenarioStore) -> tuple[str, ...]:
            if all(k.scenario_id != scenario_id for k in store.scenarios()):
                raise ConsoleError("情景已被移出，这次计算没有存下。", "需要时请重新建立情景。")
            before = _results_of(store, scenario_id)
            store.keep_run(scenario_id, record, base_hash, arrays_of(outcome), outcome.figures())
            return before

        return await self.ask(work)

    async def drop(self, scenario_id: str) -> tuple[str, ...]:
        """Take a scenario out of the lists; returns the inundation results that it had. Raises: ConsoleError."""

        def work(store: ScenarioStore) -> tuple[str, ...]:
            before = _results_of(store, scenario_id)
            store.drop(scenario_id)
            return before

        return await self.ask(work)

    def close(self) -> None:
        """Close the store; blocks until what was begun is done."""
        self._worker.submit(self._let_go)
        self._worker.shutdown(wait=True)

    def _with_store(self, work: Callable[[ScenarioStore], T]) -> T:
        if self._key is None:
            raise ConsoleError("情景没有保存：本机记录库还没有解锁。", "请重新启动并输入口令。")
        if self._store is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._store = ScenarioStore(self._path, self._key)
        return work(self._store)

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def _results_of(store: ScenarioStore, scenario_id: str) -> tuple[str, ...]:
    """Return the inundation results of a scenario's newest finished run; none where its arrays cannot be read."""
    try:
        done = next((r for r in store.runs(scenario_id, ENGINE, "") if r.record.state == "done"), None)
        floods = floods_from(store.arrays(done.run_id)) if done is not None else ()
    except (ConsoleError, KeyError, TypeError, ValueError) as exc:
        log.warning("the floods of %s stay: %r", scenario_id, exc)
        return ()
    return tuple(one.result for one in floods if one.result)
