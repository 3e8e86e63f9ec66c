"""Scenarios and runs are kept: by several consoles at once, through a kill, and said to be old when they are."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import sqlite3
import threading

import numpy as np
import pytest

from console.domain.scenario import Rain, RunRecord, Scenario
from console.domain.time import from_beijing
from console.errors import NewerFile, StoreError
from console.store.keys import OpsKey
from console.store.scenarios import ScenarioStore

BASE = float(from_beijing("2022-06-21 08:00"))
PLAN = Scenario("方案A", "张三", BASE + 600, BASE, 72.0, (Rain("北江", 1.2),))
ENGINE, DATA = "0.1.0", "a" * 64
FLOWS = {"flow_m3s": np.linspace(0, 9000, 500).reshape(5, 100), "t_s": np.arange(100) * 3600.0}
FORKS = multiprocessing.get_context("spawn")


def record(**more):
    given = {"engine": ENGINE, "seed": 1, "started": BASE + 700, "wall_s": 1.5, "mass_error": 1e-9, "state": "done"}
    return RunRecord(PLAN.inputs_id, **(given | more))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile" / "scenarios.db"


@pytest.fixture
def store(path):
    found = ScenarioStore(path)
    yield found
    found.close()


def test_a_scenario_and_its_run_come_back_after_a_restart(path):
    store = ScenarioStore(path)
    scenario_id = store.keep(PLAN)
    run_id = store.keep_run(
        scenario_id, record(assumptions=("预报来水准确",), warnings=("石角超保证",)), DATA, FLOWS, {"石角洪峰": 17200.0}
    )
    store.close()
    again = ScenarioStore(path)
    assert [k.scenario for k in again.scenarios()] == [PLAN]
    (run,) = again.runs(scenario_id, ENGINE, DATA)
    assert (run.run_id, run.record.warnings, run.figures["石角洪峰"], run.stale) == (run_id, ("石角超保证",), 17200.0, ())
    assert run.watermark == "" and 0 < run.size < sum(a.nbytes for a in FLOWS.values())
    found = again.arrays(run_id)
    assert set(found) == set(FLOWS) and all(np.array_equal(found[n], FLOWS[n]) for n in FLOWS)
    again.close()


def test_a_run_of_other_code_or_data_or_an_earlier_one_is_marked(store):
    scenario_id = store.keep(PLAN)
    for state in ("done", "done", "cancelled"):
        store.keep_run(scenario_id, record(state=state), DATA)
    newest, second, first = store.runs(scenario_id, ENGINE, DATA)
    assert (newest.watermark, second.watermark, first.watermark) == ("未算完", "", "已有新的计算")
    assert second.stale == () and first.stale == ("superseded",)
    changed = store.runs(scenario_id, "0.2.0", "b" * 64)[1]
    assert changed.stale == ("engine", "base") and changed.watermark == "程序版本已变·底层数据已变"


def test_the_same_question_of_another_person_need_not_be_computed_again(store):
    first = store.keep(PLAN)
    run_id = store.keep_run(first, record(), DATA, FLOWS)
    same = PLAN.copied("李四的方案", "李四", BASE + 900)
    found = store.run_of_inputs(same.inputs_id, ENGINE, DATA, 1)
    assert found is not None and found.run_id == run_id
    assert store.run_of_inputs(same.inputs_id, ENGINE, DATA, 2) is None
    assert store.run_of_inputs(same.inputs_id, "0.2.0", DATA, 1) is None


def test_a_dropped_scenario_leaves_the_list_but_stays_readable(store):
    scenario_id = store.keep(PLAN)
    store.drop(scenario_id)
    kept = store.scenario(scenario_id)
    assert store.scenarios() == () and kept is not None and kept.scenario == PLAN


def test_a_run_of_other_inputs_is_not_put_under_a_scenario(store):
    scenario_id = store.keep(PLAN)
    with pytest.raises(StoreError, match="不属于这个情景"):
        store.keep_run(scenario_id, dataclasses.replace(record(), inputs_id="0" * 64), DATA, FLOWS)
    with pytest.raises(StoreError, match="不属于这个情景"):
        store.keep_run("x'; drop table scenario; --", record(), DATA, FLOWS)
    assert len(store.scenarios()) == 1


def test_a_name_with_quotes_is_only_a_name(store):
    odd = PLAN.copied("'); drop table run; --", '张"三', BASE)
    assert store.scenario(store.keep(odd)).scenario == odd


@pytest.mark.parametrize(
    ("arrays", "figures", "words"),
    [
        ({"../x": FLOWS["t_s"]}, {}, "不能保存"),
        ({"x": np.array([object()])}, {}, "不能保存"),
        (FLOWS, {"洪峰": float("nan")}, "不是数"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(store, path, arrays, figures, words):
    scenario_id = store.keep(PLAN)
    with pytest.raises(StoreError, match=words):
        store.keep_run(scenario_id, record(), DATA, arrays, figures)
    assert store.runs(scenario_id, ENGINE, DATA) == ()
    assert not list(path.with_suffix(".runs").glob("*.npz"))


def test_a_damaged_or_missing_result_file_is_said_and_the_others_stay(store, path):
    scenario_id = store.keep(PLAN)
    bad, gone, good = (store.keep_run(scenario_id, record(), DATA, FLOWS) for _ in range(3))
    files = path.with_suffix(".runs")
    whole = bytearray((files / f"{bad}.npz").read_bytes())
    whole[len(whole) // 2] ^= 1
    (files / f"{bad}.npz").write_bytes(whole)
    (files / f"{gone}.npz").unlink()
    for run_id, words in ((bad, "已损坏"), (gone, "读不出来"), ("no", "没有这次计算")):
        with pytest.raises(StoreError, match=words):
            store.arrays(run_id)
    assert np.array_equal(store.arrays(good)["t_s"], FLOWS["t_s"])


def test_only_old_files_without_a_run_are_swept(store, path):
    run_id = store.keep_run(store.keep(PLAN), record(), DATA, FLOWS)
    files = path.with_suffix(".runs")
    (files / "left.npz").write_bytes(b"half")
    moment = (files / "left.npz").stat().st_mtime
    assert store.sweep(moment + 60) == 0, "another console may be just writing it"
    assert store.sweep(moment + 7200) == 1
    assert [p.name for p in files.iterdir()] == [f"{run_id}.npz"]


def test_two_consoles_keep_at_once_and_see_each_others(path):
    def write(name):
        mine = ScenarioStore(path)
        for n in range(15):
            mine.keep_run(mine.keep(PLAN.copied(f"{name}{n}", name, BASE)), record(), DATA, FLOWS)
        mine.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in ("张三", "李四")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = ScenarioStore(path)
    kept = store.scenarios()
    assert len(kept) == 30 and {k.scenario.author for k in kept} == {"张三", "李四"}
    assert all(len(store.arrays(store.runs(k.scenario_id, ENGINE, DATA)[0].run_id)) == 2 for k in kept)
    store.close()


def keep_on(path, told):
    store = ScenarioStore(path)
    scenario_id = store.keep(PLAN)
    while True:
        told.send(store.keep_run(scenario_id, record(), DATA, FLOWS))


def test_a_killed_console_loses_nothing_that_it_had_said_was_kept(path):
    told, say = FORKS.Pipe(duplex=False)
    writer = FORKS.Process(target=keep_on, args=(path, say))
    writer.start()
    say.close()
    heard = [told.recv() for _ in range(20)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    while told.poll():
        try:
            heard.append(told.recv())
        except EOFError:
            break
    told.close()
    store = ScenarioStore(path)
    runs = store.runs(store.scenarios()[0].scenario_id, ENGINE, DATA)
    assert set(heard) <= {r.run_id for r in runs}
    assert all(np.array_equal(store.arrays(r.run_id)["flow_m3s"], FLOWS["flow_m3s"]) for r in runs)
    store.sweep(BASE * 10)
    assert len(list(path.with_suffix(".runs").iterdir())) == len(runs)
    store.close()


def test_with_a_key_the_file_cannot_be_read_without(path):
    store = ScenarioStore(path, OpsKey(bytes(range(32))))
    store.keep(PLAN)
    store.close()
    assert "方案A".encode() not in path.read_bytes()
    with pytest.raises(StoreError):
        ScenarioStore(path)
    again = ScenarioStore(path, OpsKey(bytes(range(32))))
    assert len(again.scenarios()) == 1
    again.close()


def test_a_file_of_a_newer_version_is_not_touched(path):
    ScenarioStore(path).close()
    db = sqlite3.connect(path)
    db.execute("pragma user_version=99")
    db.close()
    with pytest.raises(NewerFile):
        ScenarioStore(path)
