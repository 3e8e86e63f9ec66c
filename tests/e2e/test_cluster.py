"""What-ifs on a cluster: the same work, progress, cancel and faults as on this machine, and clear words where it is not there."""

from __future__ import annotations

import threading
import time

import pytest

from console.engine.cluster import Cluster, ClusterExecutor
from console.engine.executor import RunCancelled, RunFailed
from console.errors import ConsoleError


@pytest.fixture(scope="module")
def address():
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None, host="127.0.0.1") as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def cluster(address):
    made = ClusterExecutor(Cluster(address))
    yield made
    made.close()


def squares(argument, tell):
    for i in range(argument):
        tell((i + 1) / argument, i * i)
    return [i * i for i in range(argument)]


def endless(_argument, tell):
    pause = threading.Event()
    for i in range(100_000):
        tell(min(0.9, i / 1000), i)
        pause.wait(0.01)


def refusing(_argument, _tell):
    raise ConsoleError("来水是负数。", "请改第 3 行。", "negative")


def faulty(_argument, _tell):
    raise ZeroDivisionError


def followed(run, wanted, seconds=30.0):
    """Wait for something to be true of a run."""
    end = time.monotonic() + seconds
    while not wanted() and time.monotonic() < end:
        run.events.get(timeout=seconds)
    assert wanted()


def test_work_is_done_there_with_its_results_so_far(cluster):
    run = cluster.submit("平方", squares, 5)
    assert run.result(60.0) == [0, 1, 4, 9, 16]
    assert run.state == "done" and run.share == 1.0
    kinds = []
    while not run.events.empty():
        kinds.append(run.events.get().kind)
    assert kinds[0] == "started" and kinds[-1] == "done"


def test_a_run_that_is_cancelled_ends_and_keeps_what_it_told(cluster):
    run = cluster.submit("长的", endless, None)
    followed(run, lambda: len(run.partials) > 2)
    run.cancel()
    with pytest.raises(RunCancelled, match="长的已取消"):
        run.result(30.0)
    assert run.state == "cancelled" and run.partials
    assert cluster.submit("下一个", squares, 3).result(60.0) == [0, 1, 4], "the worker is free again"


def test_a_models_refusal_and_its_fault_come_back_in_words(cluster):
    with pytest.raises(RunFailed, match="来水是负数") as refused:
        cluster.submit("甲", refusing, None).result(60.0)
    assert refused.value.next_step == "请改第 3 行。"
    with pytest.raises(RunFailed, match="计算出错：ZeroDivisionError"):
        cluster.submit("乙", faulty, None).result(60.0)
    with pytest.raises(RunFailed, match="无法交给计算进程"):
        cluster.submit("丙", lambda *_: None, None)


def test_a_chain_run_is_the_same_as_on_this_machine(cluster):
    import numpy as np

    from console.engine.chain_base import base_of
    from console.engine.whatif import outcome_of, run_case
    from console.engine.whatif_inputs import Case
    from tests.unit.test_whatif import CHAIN, T0, plan, series

    case = Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan())
    there = cluster.submit("甲", run_case, case).result(60.0)
    assert np.array_equal(there.nodes["shijiao"].flow_m3s, outcome_of(case).nodes["shijiao"].flow_m3s)


@pytest.mark.parametrize("address", ["tcp://10.1.2.3:8786", "http://127.0.0.1:80", "tcp://127.0.0.1", "tls://:8786"])
def test_a_cluster_on_the_network_is_never_reached_without_tls(address):
    made = ClusterExecutor(Cluster(address))
    with pytest.raises(RunFailed, match="须用 TLS"):
        made.submit("甲", squares, 3).result(10.0)
    made.close()


def test_where_nobody_answers_it_is_said_and_after_closing_nothing_starts(monkeypatch):
    monkeypatch.setattr("console.engine.cluster.CONNECT_S", 0.5)
    made = ClusterExecutor(Cluster("tcp://127.0.0.1:9"))
    with pytest.raises(RunFailed, match="连不上"):
        made.submit("甲", squares, 3).result(30.0)
    made.close()
    with pytest.raises(RunFailed, match="已关闭"):
        made.submit("甲", squares, 3)
