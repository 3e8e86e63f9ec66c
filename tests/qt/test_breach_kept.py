"""The floods of breaches are kept with their scenario: stopped runs, full disks, other ground, and a drill that shows them."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest

from console.domain.objects import Thing
from console.domain.scenario import Retention
from console.domain.time import from_beijing
from console.presenters.consult_library import library_rows
from console.services import scenario_floods
from console.services.drill_floods import offer_drill_floods, offered_in
from console.services.flood_library import FloodLibrary
from tests.gui import until
from tests.leveed import BREAK, Leveed, computed, degrees, leveed_desks, plan
from tests.unit.test_whatif import HOUR


@pytest.fixture
def desk(tmp_path, runner, hub, monkeypatch):
    yield from leveed_desks(tmp_path, runner, hub, monkeypatch)


def test_a_run_that_is_stopped_keeps_the_flood_that_it_has(runner, desk, monkeypatch, tmp_path):
    monkeypatch.setattr(scenario_floods, "CELL_M", 100.0)
    consult = desk(Leveed())

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        found = await consult.create(plan("溃", replace(BREAK, at_s=0.0)))
        await until(lambda: found in consult._runs and len(consult._runs[found].partials) > 1, 120, "some frames")
        consult.cancel(found)
        await until(lambda: consult.states[found].state == "cancelled", 30)
        return found

    found = runner.run(story())
    assert found not in consult.results, "half a run is no result"
    assert "已取消；淹没算到第" in consult.states[found].words and "淹没成果" in consult.states[found].words
    (entry,) = FloodLibrary(tmp_path / "cache").entries()
    assert "只算到第" in entry.label and entry.steps > 1


LIBRARY = """typical = "beijiang-2022-06"
start = "2022-06-21 08:00"
lead_h = 30.0
station = "shijiao"
[[scenario]]
code = "breach"
kind = "溃堤"
name = "石角段溃决"
input = [{ type = "breach", levee = "LOCWK002", at_km = 4.2, width_m = 200.0, at_s = 86400.0, growth_h = 1.0, sill_m = 5.0 }]
[[scenario]]
code = "flood"
kind = "洪水"
name = "洪水"
"""


def opened(runner, desk, tmp_path, text=LIBRARY):
    """Return a consultation whose library of disasters is computed."""
    (tmp_path / "basin").mkdir(exist_ok=True)
    (tmp_path / "basin" / "prepared.toml").write_text(text, "utf-8")
    consult = desk(Leveed())

    async def story():
        consult.begin()
        consult.library.begin()
        await until(lambda: consult.declared and consult.library.entries and consult.library.share is None, 120, "the library")

    runner.run(story())
    return consult


def test_the_librarys_breaches_are_computed_once_and_said_in_its_table(runner, desk, look, tmp_path):
    first = opened(runner, desk, tmp_path)
    rows = {row[1][0]: row for row in library_rows(first.library, first.declared, look.tr)}
    row = rows["石角段溃决"]
    assert row[0][0] == "溃堤" and "受淹" in row[6][0] and row[6][1] == "state.guaranteed"
    codes = [e.wanted.code for e in first.library.entries]
    assert codes == ["breach", "flood"] and all(e.problem == "" for e in first.library.entries)
    (kept,) = (tmp_path / "cache" / "prepared").glob("breach.npz")
    with np.load(kept) as held:
        arrays = {name: held[name] for name in held.files}
    said = json.loads(bytes(arrays["flood0_said"])) | {"area_m2": 123e6}
    np.savez_compressed(kept, **(arrays | {"flood0_said": np.frombuffer(json.dumps(said).encode(), np.uint8)}))
    again = opened(runner, desk, tmp_path)
    found = {e.wanted.code: e for e in again.library.entries}
    assert found["breach"].outcome.floods[0].area_m2 == 123e6, "read, not computed again"


def test_a_drill_offers_what_its_disaster_floods_once_and_as_it_was_computed_last(runner, desk, tmp_path, monkeypatch):
    shown = FloodLibrary(tmp_path / "cache")

    def offered(consult, source, words=""):
        said = runner.run(offer_drill_floods(consult.floods, shown, tmp_path, source))
        assert words in said and bool(words) == bool(said)
        return shown.entries()

    consult = opened(runner, desk, tmp_path)
    assert offered(consult, "drill-flood") == offered(consult, "beijiang-2022-06") == offered(consult, "drill-none") == ()
    (entry,) = offered(consult, "drill-breach")
    start = from_beijing("2022-06-21 08:00")
    assert "情景“演练 石角段溃决”" in entry.label and entry.about.simulated
    assert entry.span == (start, start + 30 * HOUR) and entry.site.breaches[0].since == start + 24 * HOUR
    depths, _ = shown.open(entry.name)
    assert float(depths.step(0).max()) == 0.0 and float(depths.step(len(depths.t_s) - 1).max()) > 0.5
    assert offered(consult, "drill-breach") == (entry,), "it is there already"
    by_hand = shown.folder / f"drill-breach-{entry.name[13:21]}-手工"
    shutil.copytree(shown.folder / entry.name, by_hand)
    consult = opened(runner, desk, tmp_path, LIBRARY.replace("at_km = 4.2", "at_km = 6.5"))
    with monkeypatch.context() as full:
        full.setattr(scenario_floods, "keep_computed", Mock(side_effect=OSError(28, "No space left on device")))
        assert {e.name for e in offered(consult, "drill-breach", "水深没有存下")} == {entry.name, by_hand.name}
    (other,) = (e for e in offered(consult, "drill-breach") if e.name != by_hand.name)
    assert offered_in("drill-breach", other.name) and not offered_in("live", other.name) and offered_in("live", by_hand.name)
    assert not offered_in("drill-breach-shijiao", other.name) and offered_in("live", "LOCWK002-df993d6184b0")
    assert other.name != entry.name and "K6.5" in other.label


def test_depths_that_cannot_be_kept_leave_the_last_ones_and_the_figures(runner, desk, look, tmp_path, monkeypatch):
    consult = desk(Leveed())
    (broken,) = computed(runner, consult, plan("溃", BREAK))
    (before,) = FloodLibrary(tmp_path / "cache").entries()

    def full(*_args, **_kw):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scenario_floods, "keep_computed", full)

    async def again():
        consult.run(broken)
        await until(lambda: not consult.busy, 60)
        await until(lambda: not consult._tasks.running(), 30)

    runner.run(again())
    state = consult.states[broken]
    assert state.state == "done" and "水深没有存下" in state.words
    assert consult.results[broken].outcome.floods[0].area_m2 > 0 and consult.results[broken].outcome.floods[0].result == ""
    assert before.name not in {e.name for e in FloodLibrary(tmp_path / "cache").entries()}, "the run that it was of is replaced"


def test_ground_that_cannot_be_read_ends_the_run_with_its_reason(runner, desk, monkeypatch):
    def broken_disk(_cache):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(scenario_floods, "load_ground", broken_disk)
    consult = desk(Leveed())
    (found,) = computed(runner, consult, plan("溃", BREAK))
    assert consult.states[found].state == "failed" and "地形读不出来" in consult.states[found].words and not consult.busy


def test_an_opened_area_waits_for_the_register_or_its_kept_flood_would_seem_to_lie_on_other_ground(runner, desk):
    class Late(Leveed):
        def __init__(self):
            super().__init__()
            ring = tuple(map(tuple, degrees((3.0, -3.0), (9.0, -3.0), (9.0, 3.0), (3.0, 3.0)).tolist()))
            self.register = self.things | {"retention_areas": (Thing("retention_areas", "LOCRA001", "潖江", (ring,), {}),)}
            self.things = {}

    opened = plan("分洪", Retention("pajiang", 48 * HOUR, None, 900.0))

    def shown(board, story):
        consult = desk(board)

        async def whole():
            consult.begin()
            await until(lambda: consult.declared)
            asyncio.get_running_loop().call_later(0.5, lambda: setattr(board, "things", board.register))
            return await story(consult)

        return runner.run(whole())

    async def first(consult):
        found = await consult.create(opened)
        await until(lambda: not consult.busy and not consult._tasks.running(), 60)
        return found, consult.results[found]

    async def again(consult):
        await until(lambda: found in consult.results, 60)
        return consult.results[found]

    found, result = shown(Late(), first)
    assert result.outcome.floods[0].title == "潖江蓄洪" and result.outcome.floods[0].area_m2 > 0
    assert shown(Late(), again).watermark == ""


def test_a_scenario_taken_out_or_cancelled_while_its_flood_is_counted_leaves_nothing(runner, desk, tmp_path):
    consult = desk(Leveed())
    take = consult.floods.take

    async def story(end):
        counting, goes_on = asyncio.Event(), asyncio.Event()

        async def slowly(*what):
            counting.set()
            await goes_on.wait()
            return await take(*what)

        consult.floods.take = slowly
        consult.begin()
        await until(lambda: consult.declared)
        found = await consult.create(plan("溃", BREAK))
        await asyncio.wait_for(counting.wait(), 60)
        end(found)
        await until(lambda: "drop scenario" not in consult._tasks.running(), 30)
        goes_on.set()
        await until(lambda: not consult.busy and not consult._tasks.running(), 60)
        return found

    for end in (consult.cancel, consult.drop):
        found = runner.run(story(end))
        assert found not in consult.results and FloodLibrary(tmp_path / "cache").entries() == ()
        assert consult.states[found].state == "cancelled"


def test_a_part_that_was_kept_goes_with_its_scenario_also_after_a_restart(runner, desk, monkeypatch, tmp_path):
    monkeypatch.setattr(scenario_floods, "CELL_M", 100.0)
    consult = desk(Leveed())

    async def stopped():
        consult.begin()
        await until(lambda: consult.declared)
        found = await consult.create(plan("溃", replace(BREAK, at_s=0.0)))
        await until(lambda: found in consult._runs and len(consult._runs[found].partials) > 1, 120, "some frames")
        consult.cancel(found)
        await until(lambda: consult.states[found].state == "cancelled", 30)
        return found

    found = runner.run(stopped())
    (part,) = FloodLibrary(tmp_path / "cache").entries()
    monkeypatch.setattr(scenario_floods, "CELL_M", 600.0)
    later = desk(Leveed())

    async def dropped():
        later.begin()
        await until(lambda: later.declared and later.scenario(found) is not None)
        later.cancel(found)
        later.drop(found)
        await until(lambda: later.scenario(found) is None and not later._tasks.running() and not later.busy, 60)

    runner.run(dropped())
    assert part.name.startswith("part-") and FloodLibrary(tmp_path / "cache").entries() == ()


def test_a_part_that_was_kept_goes_when_the_scenario_is_run_to_its_end(runner, desk, monkeypatch, tmp_path):
    monkeypatch.setattr(scenario_floods, "CELL_M", 100.0)
    consult = desk(Leveed())

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        found = await consult.create(plan("溃", replace(BREAK, at_s=30 * HOUR)))
        await until(lambda: found in consult._runs and len(consult._runs[found].partials) > 1, 120, "some frames")
        consult.cancel(found)
        await until(lambda: consult.states[found].state == "cancelled", 30)
        monkeypatch.setattr(scenario_floods, "CELL_M", 600.0)
        consult.run(found)
        await until(lambda: found in consult.results and not consult._tasks.running(), 60)
        return found

    found = runner.run(story())
    (entry,) = FloodLibrary(tmp_path / "cache").entries()
    assert entry.name == consult.results[found].outcome.floods[0].result and "只算到" not in entry.label
