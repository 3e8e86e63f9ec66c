"""Ownership of running coroutines: a task lives as long as its scope, a failure is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

CLOSE_S = 5.0


class TaskScope:
    """Closed by the window that owns it."""

    def __init__(self, report: Callable[[str, BaseException | None], object]) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._report = report
        self._closed = False

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Run work; after close() it is dropped, which is what a closing window wants."""
        if self._closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def running(self) -> set[str]:
        return {task.get_name() for task in self._tasks}

    async def close(self) -> None:
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        _, stuck = await asyncio.wait(tasks, timeout=CLOSE_S)
        for task in stuck:  # a console that cannot be quit is worse than a task cut off
            self._report(task.get_name(), TimeoutError(f"did not end within {CLOSE_S:.0f} s of being cancelled"))

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            self._report(task.get_name(), exc)
