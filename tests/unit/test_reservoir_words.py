"""What a reservoir's level means on a date: limits by season, room, rain, inflow, hours; and what is not known."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from console.domain.elements import ELEMENTS
from console.domain.freshness import Freshness, freshness, trend
from console.domain.objects import Station, Threshold
from console.domain.quality import Quality
from console.domain.states import State, judge
from console.domain.time import from_beijing
from console.presenters.card import card_view
from console.presenters.cascade import CascadePresenter
from console.presenters.reservoir import present_reservoir, reservoir_view
from console.presenters.reservoir_board import RowBook, summary
from console.presenters.reservoir_curves import CurvesPresenter
from console.presenters.scene import scene_view
from console.topics import declared_topics
from console.viewdata.board import Board, Row, Sample

T = from_beijing("2024-06-22 14:00")
CURVE = {
    "points": [[100, 12], [135, 110], [144.5, 170], [154.5, 250], [162.2, 330], [165, 372]],
    "sure": "重建",
    "source": "拟合",
}
FULL = {
    "storage_curve": CURVE,
    "catchment_km2": {"value": 4988, "sure": "公布", "source": "资料"},
    "runoff_coefficient": {"value": 0.7, "sure": "假定", "source": "示例"},
    "total_mcm": 344.0,
    "cascade": "北江",
    "cascade_order": 1,
}
MARKS = (
    ("dead", 141.5, None),
    ("flood_limit", 144.5, ("0401", "0630")),
    ("normal", 154.5, None),
    ("design", 162.2, None),
    ("crest", 165.0, None),
)


def tr(text):
    return text


def sample(element, value, slope=0.0, t=T, quality=Quality.MEASURED):
    hours = np.arange(-24, 1)
    return Sample(1, ELEMENTS[element], t, value, quality, value, slope, 3600, "", t + hours * 3600, value + slope * hours)


def pool(code="R1", level=143.2, inflow=1850.0, outflow=620.0, slope=0.21, facts=FULL, marks=MARKS, t=T, moment=T, **more):
    thresholds = tuple(Threshold(k, v, "RZ", "公布", season=s) for k, v, s in marks)
    station = Station(
        code, more.get("name", "乐昌峡"), "reservoir", river=more.get("river", "武江"), thresholds=thresholds, facts=facts
    )
    lv = None if level is None else sample("RZ", level, slope, t, more.get("quality", Quality.MEASURED))
    verdict = judge(station, level, None, t)
    return Row(
        station,
        verdict.state,
        freshness(moment - t, 3600) if lv else Freshness.MISSING,
        verdict.margin_m,
        lv,
        None,
        None if inflow is None else sample("INQ", inflow, t=t),
        None if outflow is None else sample("OTQ", outflow, t=t),
        None,
        trend(slope if lv else None),
        None,
    )


def board(*rows, moment=T):
    return Board(float(moment), float(moment), "live", rows, (), {r.code: r for r in rows})


class Shown:
    view = None

    def show_view(self, view):
        self.view = view


def line(row, name, moment=T):
    view = reservoir_view(row, board(row, moment=moment), tr)
    return next(n for n in view.lines if n.name == name)


def test_the_card_says_the_room_the_rain_and_the_hours_with_what_they_rest_on():
    row = pool()
    assert line(row, "距汛限").value == "−1.30 m" and "尚可蓄" in line(row, "距汛限").note
    assert line(row, "蓄水量").value.endswith("亿m³ 重建") and "÷正常蓄水位库容" in line(row, "蓄水量").note
    room = line(row, "可用防洪库容")
    assert room.value.endswith("重建") and room.note == "至 设计 162.20 m", "the top is named"
    rain = line(row, "纳雨能力")
    assert "至 汛限" in rain.note and "α 0.70 假定" in rain.note and "F 4 988 km²" in rain.note and rain.value.endswith("重建")
    assert line(row, "净入流").value == "+1 230 m³/s" and line(row, "净入流").note == "按报送"
    hours = float(line(row, "到汛限").value.strip("≈ h"))
    left = 170 - reservoir_storage(143.2)
    assert hours == pytest.approx(left * 1e6 / 1230 / 3600, abs=0.05)


def reservoir_storage(level):
    from console.presenters.reservoir_figures import pool_of

    return pool_of(FULL).storage.at(level)


def test_the_inflow_worked_back_stands_beside_the_reported_one_with_window_and_error():
    assert line(pool(), "入库").value == "1 850 m³/s"
    back = line(pool(), "反推入库")
    assert " ± " in back.value and back.value.endswith(" m³/s") and "h 平均" in back.note
    assert "要有库容曲线" in line(pool(facts={}), "反推入库").note
    assert "连续的水位和出库" in line(pool(outflow=None), "反推入库").note
    assert line(pool(inflow=None), "净入流").note == "按反推"


def test_a_flow_that_was_not_measured_says_so():
    row = pool()
    row = replace(
        row, inflow=sample("INQ", 1850.0, quality=Quality.RECONSTRUCTED), outflow=sample("OTQ", 9.0, quality=Quality.BAD)
    )
    assert line(row, "入库").value == "1 850 m³/s 重建"
    assert line(row, "出库").value == "—" and line(row, "净入流").value == "—", "a bad value is no flow"


@pytest.mark.parametrize(
    ("when", "word", "margin"),
    [
        ("2024-06-22 14:00", "超汛限", "+1.50 m"),
        ("2024-06-30 23:00", "超汛限", "+1.50 m"),
        ("2024-07-01 01:00", "当日无汛限", None),
        ("2024-11-20 08:00", "当日无汛限", None),
    ],
)
def test_over_the_limit_is_judged_for_the_date_of_the_reading(when, word, margin):
    t = from_beijing(when)
    row = pool(level=146.0, t=t, moment=t)
    assert line(row, "状态", t).value == word
    if margin is not None:
        assert line(row, "距汛限", t).value == margin
    else:
        assert line(row, "距正常蓄水", t).value == "−8.50 m" and "汛限" not in line(row, "距正常蓄水", t).note


def test_a_season_that_crosses_new_year_holds_on_both_sides_of_it():
    marks = (("flood_limit", 85.0, ("1015", "0331")), ("normal", 89.0, None))
    for when, word in (("2023-12-31 20:00", "超汛限"), ("2024-01-01 08:00", "超汛限"), ("2024-04-01 08:00", "当日无汛限")):
        t = from_beijing(when)
        assert line(pool(level=86.0, marks=marks, t=t, moment=t), "状态", t).value == word, when


def test_a_reading_of_yesterday_is_judged_by_yesterdays_limit():
    t, moment = from_beijing("2024-06-30 23:00"), from_beijing("2024-07-01 00:30")
    row = pool(level=146.0, t=t, moment=moment)
    assert line(row, "状态", moment).value == "超汛限"


def test_a_pool_nobody_published_a_limit_for_is_not_called_normal():
    view = reservoir_view(pool(marks=()), board(), tr)
    assert (view.state, view.state_word) == (State.NO_DATA, "未公布汛限")
    assert line(pool(marks=()), "可用防洪库容").note == "无防洪高水位、设计水位"
    over = pool(level=155.0, marks=(("normal", 154.5, None),))
    assert line(over, "状态").value == "超正常蓄水位"
    assert line(over, "距正常蓄水").value == "+0.50 m" and line(over, "距正常蓄水").note.startswith("未公布汛限")


def told(view):
    return "\n".join(f"{n.name} {n.value} {n.note}" for n in view.lines)


def test_that_no_limit_was_published_is_said_once():
    for row in (
        pool(marks=()),
        pool(marks=(("normal", 154.5, None),)),
        pool(level=155.0, marks=(("normal", 154.5, None),)),
        pool(level=None, marks=()),
    ):
        assert told(reservoir_view(row, board(row), tr)).count("未公布汛限") == 1


def unsure(row, *kinds):
    marks = tuple(replace(m, source="未核实（常识）") if m.kind in kinds else m for m in row.station.thresholds)
    return replace(row, station=replace(row.station, thresholds=marks))


def test_a_limit_that_nobody_vouches_for_says_so_beside_its_figure():
    row = unsure(pool(), "flood_limit", "design")
    assert line(row, "状态").note == "汛限 144.50（未核实） · 04-01 至 06-30", "the source is not told a second time"
    assert line(row, "距汛限").value == "−1.30 m · 未核实" and line(row, "可用防洪库容").note == "至 设计 162.20 m（未核实）"
    (listed,) = RowBook().rows(board(row), tr)
    assert listed.margin_text == "−1.30（未核实）" and listed.available_to == "设计 162.20（未核实）"
    assert chain(row).nodes[0].margin_text == "−1.30（未核实）"
    assert "未核实" not in told(reservoir_view(pool(), board(), tr))
    bare = unsure(pool(marks=(("normal", 154.5, None),)), "normal")
    assert line(bare, "距正常蓄水").value == "−11.30 m · 未核实"


def test_the_cards_level_names_its_datum_or_that_none_is_stated():
    row = pool()
    assert line(row, "库水位").note.endswith("基面未注明")
    named = replace(row, station=replace(row.station, datum="珠江基面"))
    assert line(named, "库水位").note.endswith("珠江基面")


def test_english_leaves_a_space_before_reservoir():
    from console.texts import load_texts

    table = load_texts("en")
    title, _ = present_reservoir(Shown(), board(pool(name="飞来峡")), "R1", lambda text: table.get(text, text))
    assert title == "飞来峡 Reservoir"


@pytest.mark.parametrize(
    ("level", "word"),
    [(144.3, "接近汛限"), (155.0, "超正常蓄水位"), (162.5, "超设计洪水位"), (165.5, "超坝顶"), (130.0, "汛限以下")],
)
def test_the_ladder_of_a_reservoir_has_its_own_words(level, word):
    assert line(pool(level=level), "状态").value == word


def test_falling_and_full_pools_have_no_hours():
    assert line(pool(inflow=500.0), "到汛限").value == "净入流≤0" and line(pool(inflow=500.0), "到汛限").note == "不上涨"
    assert line(pool(level=145.0), "到汛限").value == "已超汛限"
    assert line(pool(moment=T + 5 * 3600), "到汛限", T + 5 * 3600).value == "—", "old flows promise nothing"
    assert "库容曲线或水面面积" in line(pool(facts={}), "到汛限").note


def test_hours_by_the_area_alone():
    facts = {"area_km2": {"value": 6.05, "source": "推算"}}
    expected = 1.3 * 6.05 * 1e6 / 1230 / 3600
    assert line(pool(facts=facts), "到汛限").value == f"≈ {expected:.1f} h"
    assert "按水面面积" in line(pool(facts=facts), "到汛限").note


def test_a_doubtful_level_is_written_but_nothing_is_worked_out_from_it():
    row = pool(quality=Quality.SUSPECT)
    assert line(row, "蓄水量").value == "—" and line(row, "状态").value == "无数据"
    assert line(row, "库水位").value.startswith("143.20 m") and line(row, "库水位").note.startswith("存疑")


def test_beyond_the_curve_is_said_and_not_guessed():
    high = pool(level=166.0)
    assert line(high, "蓄水量").value == "—" and line(high, "蓄水量").note == "水位在库容曲线之外"
    bad = pool(facts={"storage_curve": {"points": [[1, 2], [1, 3]]}})
    assert line(bad, "蓄水量").note == "库容曲线未采用：水位或数值没有逐点上升"


HOSTILE = [
    {"storage_curve": 5, "catchment_km2": "x", "runoff_coefficient": -1, "flood_top": [], "cascade": {}, "cascade_order": None},
    {"storage_curve": {"points": [[0, math.nan], [1, math.inf]]}, "area_km2": math.inf, "total_mcm": [1]},
    {
        "storage_curve": CURVE | {"sure": 5, "source": ["x"]},
        "release_curve": {"points": "x"},
        "cascade": "北江",
        "cascade_order": math.nan,
    },
    {"catchment_km2": {"value": 0}, "runoff_coefficient": {"value": True}, "release_curve": [[], {}, None]},
]


def card_facts(b):
    return [f for s in card_view(b.rows[0], b, tr, declared_topics()).sections for f in s.facts]


@pytest.mark.parametrize("facts", HOSTILE)
def test_no_facts_can_break_the_object_card_or_the_sandbox(facts):
    row = pool(facts=facts)
    b = board(replace(row, station=replace(row.station, lon=113.3, lat=25.2)))
    assert [f.value for f in card_facts(b) if f.name == "总库容"] == ["—"]
    assert scene_view(b, None).pools[0].radius_km > 0
    stated = board(pool(facts={"total_mcm": {"value": 1900.0, "source": "资料", "sure": "公布"}}))
    assert any(f.value == "19.00 亿m³" and f.source == "资料" for f in card_facts(stated))


@pytest.mark.parametrize("facts", HOSTILE)
def test_no_facts_can_break_a_view(facts):
    marks = (("flood_limit", math.nan, None), ("normal", 1e300, None), ("design", -math.inf, None), ("odd", 1.0, None))
    for level in (143.2, math.nan, 1e300, -1e9, None):
        row = pool(facts=facts, marks=marks, level=level)
        b = board(row)
        card, curves, chain = Shown(), Shown(), Shown()
        present_reservoir(card, b, "R1", tr)
        CurvesPresenter(curves, tr).refresh(b, "R1")
        CascadePresenter(chain, tr).refresh(b, "R1")
        (line_,) = RowBook().rows(b, tr)
        assert card.view.marks == () and line_.available_text == "—"


def many():
    return (
        pool("OVER", level=146.0),
        pool("FULL", level=155.0),
        pool("NEAR", level=144.3),
        pool("SAFE", level=140.0),
        pool("BARE", level=60.0, facts={}, marks=()),
        pool("GONE", level=None, inflow=None, outflow=None),
    )


def test_the_table_puts_the_most_dangerous_first_and_the_unjudged_before_the_safe():
    rows = RowBook().rows(board(*many()), tr)
    order = [r.code for r in sorted(rows, key=lambda r: r.rank, reverse=True)]
    assert order == ["FULL", "OVER", "NEAR", "BARE", "SAFE", "GONE"]
    by = {r.code: r for r in rows}
    assert by["BARE"].state_word == "未公布汛限" and by["BARE"].state is State.NO_DATA and by["BARE"].hours_text == "—"
    assert by["GONE"].time_text == "缺报" and by["OVER"].hours_text == "已超汛限"
    assert summary(rows, tr) == "按危险程度 · 有数据 5/6 · 超汛限及以上 2 · 没有汛限可比 1"


def test_a_missing_inflow_is_worked_back_in_the_table_and_named_so():
    rows = RowBook().rows(board(pool("A", inflow=None), pool("B", inflow=None, outflow=None)), tr)
    assert rows[0].inflow_text.endswith("反推") and rows[0].inflow_m3s > 620
    assert rows[1].inflow_text == "—"


def test_a_line_is_worked_out_again_only_when_something_is_new():
    book = RowBook()
    row = pool()
    first = book.rows(board(row), tr)[0]
    assert book.rows(board(row), tr)[0] is first
    later = book.rows(board(row, moment=T + 120), tr)[0]
    assert later.time_text.endswith("2分前") and later.level_text == first.level_text
    assert book.rows(board(pool(level=143.5)), tr)[0].level_text == "143.50"


def chain(*rows, selected="R1"):
    shown = Shown()
    CascadePresenter(shown, tr).refresh(board(*rows), selected)
    return shown.view


def test_the_chain_sums_only_what_is_known_and_says_of_how_many():
    last = pool("R6", name="飞来峡", river="北江", level=22.43, facts={"cascade": "北江", "cascade_order": 6}, marks=())
    old = pool("R3", facts=FULL | {"cascade_order": 3}, t=T - 9 * 3600)
    view = chain(last, old, pool())
    assert [n.code for n in view.nodes] == ["R1", "R3", "R6"] and [n.branch for n in view.nodes] == [True, True, False]
    room = (330 - reservoir_storage(143.2)) / 100
    assert view.total_text == f"可用防洪库容合计 {room:.2f} 亿m³（含重建） · 3 座中 1 座可知"
    assert view.nodes[0].available_sure == "重建"


def test_any_centre_may_declare_its_own_chains():
    other = pool("X", name="甲", river="东江", facts={"cascade": "东江", "cascade_order": 2})
    upper = pool("W", name="乙", river="东江", facts={"cascade": "东江"})
    assert [n.code for n in chain(pool(), upper, other, selected="X").nodes] == ["X", "W"], "no order stands last"
    assert chain(pool(facts={})) is None
    assert chain(pool(facts={"cascade": "北江"}), selected=None).total_text.startswith("可用防洪库容合计 —")


def test_curves_tell_source_certainty_and_the_present_point():
    shown = Shown()
    presenter = CurvesPresenter(shown, tr)
    facts = FULL | {
        "release_curve": [{"opening": "1 孔全开", "points": [[134, 0], [163, 1500]], "sure": "公布", "source": "图纸"}]
    }
    row = pool(facts=facts)
    presenter.refresh(board(row), "R1")
    view = shown.view
    assert view.storage.now == (143.2, pytest.approx(reservoir_storage(143.2) / 100)) and view.storage.made_up
    assert view.releases[0].name == "1 孔全开" and not view.releases[0].made_up
    assert view.notes == ("库容曲线（重建，6 点）：拟合", "泄流曲线（公布，2 点）：图纸")
    drawn = view.storage.value
    presenter.refresh(board(row, moment=T + 60), "R1")
    assert shown.view.storage.value is drawn, "a later moment draws no curve anew"
    presenter.refresh(board(pool(level=170.0)), "R1")
    assert shown.view.storage.now is None and shown.view.notes[-1] == "水位在库容曲线之外，不外推"
    presenter.refresh(board(pool(facts={})), "R1")
    assert shown.view.storage is None and "对照表" in shown.view.notes[0]


def test_an_old_level_says_its_time_before_anything_else():
    row = replace(pool(), freshness=Freshness.STALE)
    told = line(row, "库水位")
    assert told.ink == "state.stale" and re.match(r"\d\d-\d\d \d\d:\d\d · ", told.note)


def test_a_flow_reported_long_ago_bears_its_time_and_is_no_present_inflow():
    fresh = pool()
    old = replace(fresh.inflow, t=fresh.inflow.t - 10 * 3600)
    row = replace(fresh, inflow=old)
    told = line(row, "入库")
    assert told.value == "1 850 m³/s" and re.fullmatch(r"\d\d-\d\d \d\d:\d\d", told.note) and told.ink == "state.stale"
    assert line(row, "净入流").note == "按反推"
    (shown,) = RowBook().rows(board(row), tr)
    assert shown.inflow_text.endswith("反推") and shown.inflow_m3s != 1850.0
    (bare,) = RowBook().rows(board(replace(row, station=replace(row.station, facts={}))), tr)
    assert (bare.inflow_text, bare.inflow_m3s) == ("—", None), "what came ten hours ago is not the inflow of now"
