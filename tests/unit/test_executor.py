"""Models run in processes of their own: progress, cancel, a worker that dies, a console that goes on."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from console.engine.executor import PoolExecutor, RunCancelled, RunFailed
from console.errors import ConsoleError

PATIENCE_S = 60.0


def squares(n, tell):
    """A tiny model: the sum of squares, told in ten parts."""
    total = 0
    for part in range(10):
        total += sum(k * k for k in range(part * n // 10, (part + 1) * n // 10))
        tell((part + 1) / 10, total)
    return total


def pid(_argument, _tell):
    return os.getpid()


def dies(code, tell):
    tell(0.4, "一半")
    os._exit(code)


def never_ends(_argument, tell):
    tell(0.25, np.arange(3.0))
    threading.Event().wait()


def refuses(_argument, _tell):
    raise ConsoleError("第 3 格的地面高程缺失。", "请补全地形后再算。", "row 3")


def fails(_argument, _tell):
    return 1 // 0


def too_late(_argument, tell):
    tell(0.9)
    return lambda: None  # cannot be sent back


@pytest.fixture(scope="module")
def pool():
    found = PoolExecutor(2)
    yield found
    found.close()


def first_progress(run):
    while run.events.get(timeout=PATIENCE_S).kind != "progress":
        pass


def test_a_model_tells_how_far_it_is_and_gives_its_result(pool):
    run = pool.submit("试算", squares, 1000)
    assert run.result(PATIENCE_S) == sum(k * k for k in range(1000))
    assert (run.state, run.share, len(run.partials)) == ("done", 1.0, 10)
    kinds, shares = [], []
    while not run.events.empty():
        event = run.events.get()
        kinds.append(event.kind)
        shares.append(event.share)
    assert kinds == ["started", *["progress"] * 10, "done"] and shares == sorted(shares)


def test_it_runs_in_another_process_which_serves_again(pool):
    assert os.getpid() not in {pool.submit("试算", pid, None).result(PATIENCE_S) for _ in range(4)}


def test_large_arrays_come_back_as_they_were_sent(pool):
    field = np.random.default_rng(1).normal(size=(400, 500))
    assert np.array_equal(pool.submit("淹没", same, field).result(PATIENCE_S), field)


def same(argument, _tell):
    return argument


def test_a_worker_that_dies_is_a_failure_in_words_and_the_pool_goes_on(pool):
    run = pool.submit("溃坝演算", dies, 9)
    with pytest.raises(RunFailed, match="溃坝演算没有算完：计算进程意外退出"):
        run.result(PATIENCE_S)
    assert run.state == "failed" and run.partials == ("一半",)
    assert pool.submit("试算", squares, 100).result(PATIENCE_S) == 328350


def test_a_run_that_is_cancelled_ends_at_once_and_keeps_what_it_had(pool):
    run = pool.submit("集合预报", never_ends, None)
    first_progress(run)
    run.cancel()
    with pytest.raises(RunCancelled, match="集合预报已取消"):
        run.result(PATIENCE_S)
    assert (run.state, run.share) == ("cancelled", 0.25)
    assert np.array_equal(run.partials[0], np.arange(3.0))
    run.cancel()
    assert pool.submit("试算", squares, 100).result(PATIENCE_S) == 328350


def test_what_still_waits_can_be_cancelled_too():
    pool = PoolExecutor(1)
    busy = pool.submit("长算", never_ends, None)
    first_progress(busy)
    waiting = pool.submit("排队", squares, 100)
    assert waiting.state == "waiting"
    waiting.cancel()
    with pytest.raises(RunCancelled):
        waiting.result(PATIENCE_S)
    assert busy.state == "running"
    pool.close()
    assert busy.state == "cancelled"
    with pytest.raises(RunFailed, match="计算已关闭"):
        pool.submit("再算", squares, 1)
    pool.close()


def test_a_refusal_keeps_its_words_across_the_process(pool):
    with pytest.raises(RunFailed, match="第 3 格的地面高程缺失") as caught:
        pool.submit("淹没", refuses, None).result(PATIENCE_S)
    assert (caught.value.next_step, caught.value.detail) == ("请补全地形后再算。", "row 3")


@pytest.mark.parametrize("work", [fails, too_late])
def test_a_fault_of_a_model_is_told_with_where_it_was(pool, work):
    with pytest.raises(RunFailed, match="计算出错") as caught:
        pool.submit("淹没", work, None).result(PATIENCE_S)
    assert "Traceback" in caught.value.detail
    assert pool.submit("试算", squares, 100).result(PATIENCE_S) == 328350


def test_work_that_cannot_be_sent_is_refused_at_once(pool):
    with pytest.raises(RunFailed, match="无法交给计算进程"):
        pool.submit("淹没", lambda a, t: a, None)


def test_a_result_that_takes_too_long_is_not_waited_for(pool):
    run = pool.submit("长算", never_ends, None)
    with pytest.raises(TimeoutError):
        run.result(0.01)
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result(PATIENCE_S)
