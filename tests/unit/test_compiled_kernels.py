"""On the first start the flood kernels are compiled in the background; after an update again; otherwise never."""

from __future__ import annotations

import asyncio
import logging
import os

from console.engine import shallow_ready
from console.engine.executor import PoolExecutor, PoolRun, RunFailed
from console.engine.shallow_ready import compile_kernels, kernels_stamp
from console.services.compiled_kernels import have_kernels_compiled


class Counting:
    """Does the work at once, in this process, and counts how often it was asked."""

    def __init__(self, fault=None):
        self.asked, self.closed, self._fault = 0, 0, fault

    def submit(self, name, work, argument):
        self.asked += 1
        run = PoolRun(name, b"", lambda _run: None)
        run.ended("failed" if self._fault else "done", fault=self._fault)
        return run

    def close(self):
        self.closed += 1


def start(mark, executor):
    asyncio.run(asyncio.wait_for(have_kernels_compiled(mark, lambda: True, lambda: executor), 30))


def test_once_for_a_machine_and_again_after_an_update(tmp_path, monkeypatch):
    mark, executor = tmp_path / "basemap" / "kernels", Counting()
    start(mark, executor)
    start(mark, executor)
    assert (executor.asked, executor.closed) == (1, 1)
    source = tmp_path / "shallow_kernels.py"
    source.write_text("x = 1\n")
    monkeypatch.setattr(shallow_ready, "__file__", str(tmp_path / "shallow_ready.py"))
    start(mark, executor)
    os.utime(source, (1, 1))
    start(mark, executor)
    start(mark, executor)
    assert executor.asked == 3


def test_a_mark_that_is_no_text_is_no_mark(tmp_path):
    mark, executor = tmp_path / "kernels", Counting()
    mark.write_bytes(b"\xff\xfe\x00")
    start(mark, executor)
    assert executor.asked == 1
    assert mark.read_text() == kernels_stamp()


def test_what_cannot_be_compiled_ahead_is_tried_at_the_next_start(tmp_path, caplog):
    executor = Counting(RunFailed("没有算完", "再算一次"))
    with caplog.at_level(logging.WARNING):
        start(tmp_path / "kernels", executor)
    assert "not compiled ahead" in caplog.text
    assert not (tmp_path / "kernels").exists()
    assert executor.closed == 1


def test_nothing_is_begun_before_the_first_picture_stands(tmp_path):
    executor = Counting()

    async def leave_early():
        waiting = asyncio.ensure_future(have_kernels_compiled(tmp_path / "kernels", lambda: False, lambda: executor))
        await asyncio.wait({waiting}, timeout=0.5)
        waiting.cancel()
        await asyncio.wait({waiting})
        return waiting.cancelled()

    assert asyncio.run(leave_early())
    assert executor.asked == 0


def test_a_process_of_its_own_compiles_both_orders():
    pool = PoolExecutor(1)
    try:
        run = pool.submit("计算内核", compile_kernels, None)
        run.result(120.0)
        assert run.share == 1.0
    finally:
        pool.close()
