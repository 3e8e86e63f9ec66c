"""Has the flood kernels compiled in the background of the first start, while the officer still looks around."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from console.engine.executor import Executor, PoolExecutor
from console.engine.shallow_ready import compile_kernels, kernels_stamp
from console.errors import ConsoleError

log = logging.getLogger(__name__)
POLL_S = 0.2


async def have_kernels_compiled(
    mark: Path, ready: Callable[[], bool], executor: Callable[[], Executor] = lambda: PoolExecutor(1)
) -> None:
    """Compile once ready() tells that the first picture stands. mark: the file that says for what it was done."""
    try:
        stamp = await asyncio.to_thread(_wanted, mark)
        if stamp:
            while not ready():
                await asyncio.sleep(POLL_S)
            await _compiled(executor())
            await asyncio.to_thread(_keep, mark, stamp)
    except (ConsoleError, OSError) as exc:  # a flood compiles them itself then, and says what is wrong
        log.warning("the kernels were not compiled ahead: %s", exc)


async def _compiled(pool: Executor) -> None:
    try:
        run = pool.submit("计算内核", compile_kernels, None)
        while run.state in ("waiting", "running"):
            await asyncio.sleep(POLL_S)
        run.result()
    finally:
        await asyncio.to_thread(pool.close)


def _wanted(mark: Path) -> str:
    """Return for what they must be compiled, "" when they are."""
    stamp = kernels_stamp()
    try:
        return "" if mark.read_text("utf-8") == stamp else stamp
    except (OSError, UnicodeDecodeError):
        return stamp


def _keep(mark: Path, stamp: str) -> None:
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(stamp, "utf-8")
