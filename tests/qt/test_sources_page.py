"""The sources page: an officer sees what is down, why, what to do, and which screens it dims."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.central.sources.state import OwedWindow, SourceState
from console.domain.elements import ELEMENTS
from console.domain.freshness import Freshness
from console.domain.objects import ReachNode, River, Station, Threshold
from console.domain.states import State
from console.presenters.source_words import REASONS
from console.presenters.sources import COLUMNS, WIDTHS, affected, source_lines
from console.state.sources import SourcesState
from console.viewdata.board import Board, Row, Sample
from console.viewdata.sources import source_from_doc
from widgets.source_page import SourcePage

NOW = 1_655_860_000.0
RIVER = Station("81201800", "石角", "river", lon=113.1, lat=23.6, thresholds=(Threshold("warning", 11.0),))
POOL = Station("R1", "飞来峡", "reservoir", lon=113.2, lat=23.8)
CHAINED = frozenset({"81201800"})
RAIN = Station("P1", "某雨量站", "rain")


def sample(element, source, age_s=600.0, interval=3600):
    return Sample(1, ELEMENTS[element], int(NOW - age_s), 1.0, 0, 1.0, None, interval, source)


def row(station, **samples):
    fields = dict.fromkeys(("level", "flow", "inflow", "outflow", "rain"))
    return Row(station, State.NORMAL, Freshness.LIVE, None, **(fields | samples), trend=0, age_s=600.0)


@pytest.fixture
def board():
    rows = (row(RIVER, level=sample("Z", "重建录像")), row(POOL, level=sample("RZ", "省水文")), row(RAIN))
    rivers = (River("r", "北江", (ReachNode("81201800", 0.0),)),)
    return Board(NOW, NOW, "live", rows, rivers, {r.code: r for r in rows})


GOOD = SourceState(
    "省水文",
    "sensorthings",
    "ok",
    title="FROST",
    expected=72,
    got=72,
    newest_t=int(NOW) - 600,
    last_ok_t=NOW - 60,
    last_try_t=NOW - 60,
    next_t=NOW + 240,
    cost_s=2.3,
    wanted_s=300,
    interval_s=3600,
    elements=("RZ",),
    objects=("R1",),
    series=1,
)


def lines(board, *states, recorded=True):
    docs = [source_from_doc(s.to_doc()) for s in states]
    return {line.name: line for line in source_lines(docs, board, recorded, str)}


def texts(line):
    return dict(zip(COLUMNS, (text for text, _ in line.cells), strict=True))


def facts(line):
    return {k: v for (k, _), (v, _) in line.facts}


def test_a_good_source_and_the_recording_stand_side_by_side(board):
    found = lines(board, GOOD)
    good, film = texts(found["省水文"]), texts(found["重建录像"])
    assert (good["状态"], good["应到 / 实到"], good["延迟"], good["缺口"]) == ("○ 正常", "72 / 72", "10分", "0")
    assert good["用时 · 下次"] == "2.3 s · 4分后" and good["影响画面"] == "监控 沙盘 值守"
    assert (film["类型"], film["状态"], film["应到 / 实到"], film["缺口"]) == ("录像", "○ 正常", "—", "—")


def test_an_import_is_history_and_no_silent_feed(board):
    assert texts(lines(board, recorded=False)["重建录像"])["状态"] == "○ 历史资料"


def test_what_fails_is_said_in_words_with_what_to_do_and_stands_first(board):
    away = replace(
        GOOD, name="气象局", state="down", code="unreachable", detail="ConnectTimeout\u202e", failures=7, expected=None
    )
    found = source_lines([source_from_doc(s.to_doc()) for s in (GOOD, away)], board, True, str)
    assert [line.name for line in found] == ["气象局", "省水文", "重建录像"]
    said = facts(found[0])
    assert texts(found[0])["状态"] == "■ 中断" and texts(found[0])["应到 / 实到"] == "— / 72"
    assert said["出了什么事"] == "对方没有应答。（连续 7 次）" and "自动补读" in said["怎么办"]
    assert "\u202e" not in said["技术细节"]


@pytest.mark.parametrize("code", sorted(set(REASONS) - {"late", "unknown"}))
def test_every_reason_has_words_and_a_next_step(board, code):
    said = facts(lines(board, replace(GOOD, state="down", code=code))["省水文"])
    assert said["出了什么事"].endswith("。") and said["怎么办"].endswith("。") and code not in said["出了什么事"]


def test_a_reason_of_a_newer_centre_is_not_left_blank(board):
    said = facts(lines(board, replace(GOOD, state="down", code="quantum"))["省水文"])
    assert said["出了什么事"] == "读取失败。"


def test_a_source_that_was_never_read_shows_no_figures(board):
    fresh = SourceState("新来源", "cap", "starting")
    shown = texts(lines(board, fresh)["新来源"])
    assert {shown[k] for k in ("应到 / 实到", "最新数据", "延迟", "缺口", "用时 · 下次", "影响画面")} == {"—"}
    assert facts(lines(board, fresh)["新来源"])["最近成功"] == "还没有成功读过"


def test_late_data_of_a_source_that_answers_is_late_not_normal(board):
    shown = texts(lines(board, replace(GOOD, newest_t=int(NOW) - 3 * 3600))["省水文"])
    assert shown["状态"] == "△ 迟" and shown["延迟"] == "3小时"


def test_gaps_are_listed_by_station_element_and_window(board):
    t = int(NOW)
    owed = tuple(OwedWindow("R1", "RZ", t - k * 7200, t - k * 7200 + 3600, "count-short") for k in range(1, 31))
    line = lines(board, replace(GOOD, state="degraded", code="gaps", gaps=owed))["省水文"]
    said = [v for (_, _), (v, _) in line.facts]
    assert any(v.startswith("飞来峡 库水位") and "少于对方声明的数量" in v for v in said)
    assert "另有 18 处缺口" in said and texts(line)["缺口"] == "30"


def test_which_screens_a_source_touches_follows_from_its_elements_and_objects(board):
    assert affected(["Z"], ["81201800"], board, CHAINED) == {
        "监控": ("一张图", "测站表", "过程线", "河系概化图"),
        "沙盘": ("三维沙盘",),
        "值守": ("告警", "过程线"),
    }
    assert "水库" in affected(["RZ"], ["R1"], board, CHAINED)["监控"]
    assert affected(["P"], ["P1"], board, CHAINED) == {"监控": ("测站表", "过程线"), "值守": ("过程线",)}
    assert affected(["Z"], ["elsewhere"], board, CHAINED) == {} and affected([], ["R1"], board, CHAINED) == {}


def test_the_chosen_source_stays_chosen_while_others_move(qtbot, look, board):
    page = SourcePage(look, COLUMNS, WIDTHS)
    qtbot.addWidget(page)
    page.resize(1600, 500)
    page.show()
    docs = [source_from_doc(GOOD.to_doc())]
    page.show_lines(source_lines(docs, board, True, str))
    assert page.chosen == "" and page.facts.model.rows, "the worst is explained before anyone chooses"
    page.sources.table.selectRow(1)
    assert page.chosen == "重建录像"
    bad = source_from_doc(replace(GOOD, name="气象局", state="down", code="login").to_doc())
    page.show_lines(source_lines([*docs, bad], board, True, str))
    assert page.chosen == "重建录像" and page.sources.table.currentIndex().row() == 2
    page.show_lines([])
    assert page.sources._stack.currentIndex() == 0, "an empty page says what would fill it"


def test_a_document_that_breaks_the_contract_hides_no_other(qapp):
    state, heard = SourcesState(), []
    state.changed.connect(lambda: heard.append(1))
    state.set_docs([GOOD.to_doc(), {"code": "x", "properties": {"name": "x"}}])
    state.set_docs([GOOD.to_doc()])
    assert [d.name for d in state.docs] == ["省水文"] and heard == [1]
