"""A levee that breaks in a scenario: typed as a row, flooded in a worker, counted, compared, and kept."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from console.domain.objects import Thing
from console.domain.scenario import Breach, Inflow, Retention
from console.errors import StoreError
from console.presenters.consult import basis_rows, compare_table, names_of, node_view, nodes_to_show
from console.presenters.consult_inputs import NotAChange, change_words, changes_of, inputs_of, targets_of, unsaid
from console.presenters.consult_library import library_rows
from console.services import scenario_floods
from console.services.flood_library import FloodLibrary
from console.services.sandbox_ground import SandboxGround
from console.services.standing_layers import standing_layers
from console.viewdata.basemap import BaseMap, Region
from console.viewdata.consult import Change
from console.viewdata.scene import SceneRiver
from scenes.ground.frame import to_degrees
from scenes.ground.opening import GroundSpec
from tests.consulting import Board, desks
from tests.consulting import plan as planned
from tests.gui import until
from tests.unit.test_whatif import CHAIN, HOUR

LEVEE = "LOCWK002"
LEAD_H = 56.0  # eight hours of flood: enough for what is told
BREAK = Breach(LEVEE, 10.0, 200.0, 48 * HOUR, 1.0, 5.0)


def plan(name, *inputs, lead_h=LEAD_H):
    return planned(name, *inputs, lead_h=lead_h)


class Ground:
    """A plain that falls gently to the east; a river lies west of x = 0."""

    sources = ()

    def __init__(self, lower_m=0.0):
        self.lower_m = lower_m

    def heights(self, east_km, _north_km, _cell_km):
        return np.where(east_km < -0.5, -2.0, 4.0 - self.lower_m - 0.02 * east_km).astype(np.float32)


def degrees(*places):
    lon, lat = to_degrees(*np.array(places, float).T)
    return np.column_stack([lon, lat])


def ground(**more):
    river = SceneRiver("北江", degrees((-1.5, 40.0), (-1.5, -40.0)), np.array([2.0, 1.0]))
    return SandboxGround(GroundSpec(()), Ground(**more), (river,), ())


class Leveed(Board):
    """A cache with a levee that runs from north to south along x = 0."""

    def __init__(self):
        super().__init__()
        line = tuple(map(tuple, degrees((0.0, 10.0), (0.0, -54.0)).tolist()))
        self.things = {"works": (Thing("works", LEVEE, "北江大堤", (line,), {"type": "levee", "river": "北江"}),)}


@pytest.fixture
def desk(tmp_path, runner, hub, monkeypatch):
    ring = degrees((2.0, -30.0), (22.0, -30.0), (22.0, 30.0), (2.0, 30.0), (2.0, -30.0))
    monkeypatch.setattr(scenario_floods, "load_ground", lambda _cache: ground())
    monkeypatch.setattr(
        scenario_floods, "load_basemap", lambda _cache: BaseMap(prefectures=(Region("44", "佛山", (ring,), (113.0, 23.0)),))
    )
    monkeypatch.setattr(scenario_floods, "CELL_M", 600.0)
    yield from desks(tmp_path, runner, hub)


def layers(root: Path, **more) -> None:
    places = [degrees((3.0, 0.0))[0].tolist(), degrees((60.0, 0.0))[0].tolist()]
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": {"人数": n}}
        for at, n in zip(places, (1200, 900), strict=True)
    ]
    (root / "人口.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    row = {"name": "人口", "file": "人口.geojson", "field": "人数", "unit": "人", "source": "七普", "date": "2020-11-01"} | more
    (root / "exposure.toml").write_text("[[layer]]\n" + "\n".join(f'{k} = "{v}"' for k, v in row.items()), "utf-8")


def computed(runner, consult, *plans):
    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        ids = [await consult.create(one) for one in plans]
        await until(lambda: not consult.busy, 120, "computed")
        return ids

    return runner.run(story())


def number(text):
    return float(text.partition("（")[0].replace(" ", ""))


def table_of(consult, look):
    return {row[0][0]: [text for text, _ in row[1:]] for row in compare_table(consult, look.tr).rows}


def test_a_breach_is_compared_with_the_same_flood_without_it(runner, desk, look, tmp_path):
    layers(tmp_path)
    consult = desk(Leveed())
    calm, broken = computed(
        runner, consult, plan("不溃", lead_h=48.0), plan("石角段溃决", replace(BREAK, at_s=24 * HOUR), lead_h=48.0)
    )
    assert consult.states[broken].state == "done" and consult.states[broken].words == ""
    rows = table_of(consult, look)
    assert rows["淹没"] == ["没有淹没", "北江大堤 K10 溃口 200 m"]
    assert rows["受淹面积 km²"][0] == "—" and number(rows["受淹面积 km²"][1]) > 5.0
    assert rows["受淹人口 人"] == ["—", "1 200"], "who lives far off stays dry"
    assert number(rows["受淹面积 佛山 km²"][1]) > 1.0
    assert "（-" in rows["三水(二) 洪峰 m³/s"][1] or "（−" in rows["三水(二) 洪峰 m³/s"][1], "the river below has less"
    basis = ["".join(text for text, _ in row) for row in basis_rows(consult, look.tr)]
    assert any("受淹人口：七普（2020-11-01）" in line for line in basis) and any("糙率 0.05（假定）" in line for line in basis)

    (node, name) = nodes_to_show(consult, look.tr)[-1]
    view = node_view(consult, node, look.tr)
    assert name == "进水 北江大堤 K10" and view.curves[0].flow_m3s.max() > 100.0 and np.isfinite(view.curves[0].level_m).all()
    library = FloodLibrary(tmp_path / "cache")
    (entry,) = library.entries()
    assert "北江大堤 K10 溃口 200 m" in entry.label and "情景“石角段溃决”" in entry.label and entry.about.simulated
    assert [e.name for e in entry.site.exposures] == ["人口"] and entry.site.breaches[0].width_m == 200.0
    assert consult.results[broken].outcome.floods[0].result == entry.name

    async def run_again():
        consult.run(broken)
        await until(lambda: not consult.busy and not consult._tasks.running(), 120, "computed, and kept")

    runner.run(run_again())
    (again,) = library.entries()
    assert again.name != entry.name, "a run anew takes the place of the last one's depths, under a name of its own"
    assert consult.results[broken].outcome.floods[0].result == again.name and calm in consult.results

    async def dropped():
        consult.drop(broken)
        await until(lambda: not library.entries(), 30, "its depths go with it")

    runner.run(dropped())


def test_after_a_restart_the_figures_are_there_and_other_ground_marks_them(runner, desk, look, tmp_path, monkeypatch):
    first = desk(Leveed())
    (broken,) = computed(runner, first, plan("石角段溃决", BREAK))
    before = first.results[broken].outcome.floods[0]

    def read(consult):
        async def story():
            consult.begin()
            await until(lambda: broken in consult.results, 60)
            await until(lambda: not consult.busy, 60)

        runner.run(story())
        return consult.results[broken]

    same = read(desk(Leveed()))
    assert same.watermark == "" and same.outcome.floods[0].counts == before.counts
    assert (same.outcome.floods[0].flow_m3s == before.flow_m3s).all()
    assert [c.text for c in before.counts] == ["受淹面积 佛山", "受淹人口、耕地、资产"]
    assert before.counts[1].number is None and "exposure.toml" in before.counts[1].source, "what is not known says why"
    monkeypatch.setattr(scenario_floods, "load_ground", lambda _cache: ground(lower_m=0.5))
    assert "底层数据已变" in read(desk(Leveed())).watermark


def test_a_breach_that_cannot_be_computed_says_what_to_do(runner, desk, look, tmp_path):
    consult = desk(Leveed())
    late, nobody = computed(
        runner, consult, plan("晚", replace(BREAK, at_s=55.9 * HOUR)), plan("无", replace(BREAK, levee="无名堤"))
    )
    assert consult.states[late].state == "failed" and "不足 1 h" in consult.states[late].words
    assert consult.states[nobody].state == "failed" and "请在中心登记堤防" in consult.states[nobody].words
    layers(tmp_path, where="三水")
    (broken,) = computed(runner, consult, plan("溃", BREAK))
    state = consult.states[broken]
    assert state.state == "done" and "exposure.toml 第 1 个图层的 where 不能用" in state.words
    one = consult.results[broken].outcome.floods[0]
    assert one.area_m2 > 0, "the flood is there all the same"
    assert any("where 不能用" in c.source for c in one.counts), "and the record says why nobody was counted"


def test_the_band_is_that_of_the_river_with_the_breach(runner, desk, look):
    consult = desk(Leveed())
    (broken,) = computed(runner, consult, plan("溃", Inflow("in-lianjiang", 1.3), BREAK))

    async def story():
        consult.show_band(True)
        await until(lambda: broken in consult.bands, 60)

    runner.run(story())
    low, high = consult.bands[broken].flow_m3s["sanshui"]
    flow = consult.results[broken].outcome.nodes["sanshui"].flow_m3s
    assert ((low[-12:] < flow[-12:]) & (flow[-12:] < high[-12:])).all()


def test_a_breach_is_typed_read_back_and_named(look):
    entries = (BREAK, replace(BREAK, at_km=30.0, sill_m=None))
    changes = changes_of(entries)
    assert [c.text for c in changes] == ["10 200 48 1 5", "30 200 48 1"] and not unsaid(entries)
    assert inputs_of(changes) == entries, "a levee may break twice"
    assert inputs_of((Change("breach", LEVEE, "4.2 150 6"),)) == (Breach(LEVEE, 4.2, 150.0, 6 * HOUR),)
    (target,) = (t for t in targets_of(CHAIN) if "breach" in t.kinds)
    assert (target.node, target.name) == (LEVEE, "北江大堤")
    assert (
        change_words(changes[0], names_of(CHAIN), look.tr) == "北江大堤 堤防溃口 K10，宽 200 m，溃于第 48 h，发展 1 h，口底 5 m"
    )
    for text, words in (
        ("4.2 150", "看不懂"),
        ("4.2 x 6", "不是数"),
        ("4.2 90000 6", "口宽 m不能用"),
        ("-1 150 6", "位置 km不能用"),
    ):
        with pytest.raises(NotAChange, match=words):
            inputs_of((Change("breach", LEVEE, text),))


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


def test_the_librarys_breaches_are_computed_once_and_said_in_its_table(runner, desk, look, tmp_path):
    (tmp_path / "basin").mkdir()
    (tmp_path / "basin" / "prepared.toml").write_text(LIBRARY, "utf-8")

    def opened():
        consult = desk(Leveed())

        async def story():
            consult.begin()
            consult.library.begin()
            await until(
                lambda: consult.declared and consult.library.entries and consult.library.share is None, 120, "the library"
            )

        runner.run(story())
        return consult

    first = opened()
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
    again = opened()
    found = {e.wanted.code: e for e in again.library.entries}
    assert found["breach"].outcome.floods[0].area_m2 == 123e6, "read, not computed again"


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


def test_people_that_nobody_counted_are_not_none(runner, desk, look, tmp_path):
    consult = desk(Leveed())
    computed(runner, consult, plan("先", BREAK))
    layers(tmp_path)
    computed(runner, consult, plan("后", BREAK, Inflow("in-yingde", 1.01)))
    rows = table_of(consult, look)
    assert rows["受淹人口 人"] == ["—", "1 200"] and rows["受淹人口、耕地、资产"] == ["—", "—"]


def test_two_breaches_into_one_plain_are_told_as_no_more_than_their_sum(runner, desk, look):
    consult = desk(Leveed())
    computed(runner, consult, plan("两处", BREAK, replace(BREAK, at_km=11.0)))
    rows = table_of(consult, look)
    assert rows["受淹面积 km²"][0].startswith("≤ ") and rows["受淹面积 佛山 km²"][0].startswith("≤ ")
    assert any("受淹合计不去重，是上限" in "".join(text for text, _ in row) for row in basis_rows(consult, look.tr))


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
    take = consult._floods.take

    async def story(end):
        counting, goes_on = asyncio.Event(), asyncio.Event()

        async def slowly(*what):
            counting.set()
            await goes_on.wait()
            return await take(*what)

        consult._floods.take = slowly
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


def test_two_layers_of_one_name_are_refused_by_it(tmp_path):
    text = '[[layer]]\nname = "人口"\nfile = "a.gpkg"\n[[layer]]\nname = "人口"\nfile = "b.gpkg"\n'
    (tmp_path / "exposure.toml").write_text(text, "utf-8")
    with pytest.raises(StoreError, match="两个图层都叫“人口”"):
        standing_layers(tmp_path)
