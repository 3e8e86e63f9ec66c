"""A levee that breaks in a scenario: typed as a row, flooded in a worker, counted, compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from console.domain.scenario import Breach, Inflow
from console.engine.flooding import Plain
from console.errors import StoreError
from console.presenters.consult import basis_rows, compare_table, names_of, node_view, nodes_to_show
from console.presenters.consult_inputs import NotAChange, change_words, changes_of, inputs_of, targets_of, unsaid
from console.services import scenario_floods
from console.services.flood_library import FloodLibrary
from console.services.levee_plain import joined
from console.services.standing_layers import standing_layers
from console.viewdata.consult import Change
from tests.gui import until
from tests.leveed import BREAK, LEVEE, Leveed, computed, ground, layers, leveed_desks, plan
from tests.unit.test_whatif import CHAIN, HOUR, T0


@pytest.fixture
def desk(tmp_path, runner, hub, monkeypatch):
    yield from leveed_desks(tmp_path, runner, hub, monkeypatch)


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


def test_people_that_nobody_counted_are_not_none(runner, desk, look, tmp_path):
    consult = desk(Leveed())
    computed(runner, consult, plan("先", BREAK))
    layers(tmp_path)
    computed(runner, consult, plan("后", BREAK, Inflow("in-yingde", 1.01)))
    rows = table_of(consult, look)
    assert rows["受淹人口 人"] == ["—", "1 200"] and rows["受淹人口、耕地、资产"] == ["—", "—"]


def test_breaches_far_apart_keep_their_own_ground_and_one_between_joins_them(runner, desk):
    consult = desk(Leveed())

    async def grounds(*chainages):
        consult.begin()
        await until(lambda: consult.declared)
        return await consult.floods.plains(plan("几处", *(replace(BREAK, at_km=k) for k in chainages)), consult.declared)

    ends = runner.run(grounds(0.5, 63.5))
    assert ends[0].y_m[0] > ends[1].y_m[-1] and len(ends[0].y_m) == len(ends[1].y_m) == 100
    all_three = runner.run(grounds(0.5, 63.5, 30.0))
    assert {(p.y_m[0], p.y_m[-1]) for p in all_three.values()} == {(ends[1].y_m[0], ends[0].y_m[-1])}
    assert len({p.bed_m.shape for p in all_three.values()}) == 1 and np.ptp(np.diff(all_three[0].x_m)) == 0.0
    assert [tuple(p.at) for p in all_three.values()][:2] == [tuple(p.at) for p in ends.values()], "each at its own place"


def test_grounds_that_only_meet_once_they_are_joined_are_one():
    def square(x, y):
        axis = np.arange(100) * 600.0
        return Plain("堤", "", False, np.zeros((100, 100)), x + axis, y + axis, *(np.zeros((2, 2)), np.zeros(2), np.zeros(2)))

    squares = {0: square(450_000.0, 2_500_000.0), 1: square(498_000.0, 2_548_000.0), 2: square(510_000.0, 2_488_000.0)}
    found = joined(squares, ground(), 600.0)
    assert {(p.x_m[0], p.x_m[-1], p.y_m[0], p.y_m[-1]) for p in found.values()} == {
        (450_000.0, 569_400.0, 2_488_000.0, 2_607_400.0)
    }
    assert found[0].bed_m is found[1].bed_m is found[2].bed_m and found[0].bed_m.shape == (200, 200)


def test_two_breaches_into_one_plain_flood_it_together(runner, desk, look, tmp_path):
    consult = desk(Leveed())
    later = replace(BREAK, at_km=11.0, at_s=50 * HOUR)
    _, both, _ = computed(runner, consult, plan("一处", BREAK), plan("两处", later, BREAK), plan("另一处", later))
    rows = table_of(consult, look)
    one, pair, other = (number(text) for text in rows["受淹面积 km²"])
    assert max(one, other) < pair < 0.95 * (one + other), "what both flood counts once"
    assert not any("≤" in text for texts in rows.values() for text in texts)
    second, first = consult.results[both].outcome.floods
    assert (second.beside, second.result, first.together) == (1, "", (second.title,)) and first.result
    assert 0 < second.volume_m3 < first.volume_m3
    entry = next(e for e in FloodLibrary(tmp_path / "cache").entries() if e.name == first.result)
    assert "北江大堤 K10 溃口 200 m 等 2 处（糙率" in entry.label
    assert [(p.name, p.since - T0) for p in entry.site.breaches] == [("北江大堤 K10", 48 * HOUR), ("北江大堤 K11", 50 * HOUR)]
    said = "".join(text for row in basis_rows(consult, look.tr) for text, _ in row)
    assert "与北江大堤 K11 溃口 200 m同时算" in said and "受淹与上游一处合计" in said


def test_two_layers_of_one_name_are_refused_by_it(tmp_path):
    text = '[[layer]]\nname = "人口"\nfile = "a.gpkg"\n[[layer]]\nname = "人口"\nfile = "b.gpkg"\n'
    (tmp_path / "exposure.toml").write_text(text, "utf-8")
    with pytest.raises(StoreError, match="两个图层都叫“人口”"):
        standing_layers(tmp_path)
