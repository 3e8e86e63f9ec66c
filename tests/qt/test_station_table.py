"""The station table: danger first, filters in words, topics, pinned names, saved views, copies with units."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from openpyxl import load_workbook
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from console.domain.freshness import Freshness
from console.domain.objects import ReachNode, River, Series, Station
from console.domain.quality import Quality
from console.domain.states import State
from console.presenters.table import columns_of, present_table
from console.state.rows import judged, sample
from console.store.saved_views import SavedView, SavedViews
from console.texts import for_sheet
from console.topics import declared_topics
from console.viewdata.filter_sentence import NotUnderstood
from console.viewdata.filter_words import Ground, read_filter
from console.viewdata.table import Moments, TableView
from console.windows.export import write_csv, write_xlsx
from tests.rows import T, board_of, series_rows, station_row
from widgets.station_table import StationTable, StationTableModel


def plain(text):
    return text


def shown(*rows):
    return TableView(tuple(rows), columns_of(None, plain), moments=Moments(T, T))


def over(code, margin, **more):
    return station_row(code, (9.0 + margin, 9.5 + margin, 10.0 + margin), thresholds={"warning": 10.0}, **more)


CALM = station_row("A", (4.0, 4.0, 4.0))
NETWORK = (
    River("R", "北江", (ReachNode("SG", 0.0), ReachNode("YD", 50.0), ReachNode("SJ", 100.0))),
    River("L", "连江", (ReachNode("DW", 0.0), ReachNode("GD", 20.0)), joins=("R", 70.0)),
)


def test_the_table_sorts_by_danger_and_repaints_only_what_changed(qtbot, look, qtmodeltester):
    model = StationTableModel(look)
    record = station_row("D", (8.0, 9.0, 11.0), thresholds={"warning": 10.0, "record": 10.5})
    model.set_view(shown(CALM, over("B", 0.4), over("C", 5.0), record))
    qtmodeltester.check(model)
    assert [r.code for r in model.rows()] == ["D", "C", "B", "A"]
    before = model.repainted
    model.set_view(shown(station_row("A", (4.0, 4.0, 4.01)), over("B", 0.4), over("C", 5.0), record))
    assert model.repainted == before + 1
    model.set_view(shown(over("A", 9.0), over("B", 0.4), over("C", 5.0), record))
    assert [r.code for r in model.rows()] == ["D", "A", "C", "B"]


def test_unknown_distances_are_not_the_smallest_ones(qtbot, look):
    model = StationTableModel(look)
    model.set_view(shown(CALM, over("B", 0.4), over("C", 5.0)))
    place = next(i for i, c in enumerate(model.columns) if c.field == "margin")
    for order, codes in ((Qt.SortOrder.AscendingOrder, "BCA"), (Qt.SortOrder.DescendingOrder, "CBA")):
        model.sort(place, order)
        assert "".join(r.code for r in model.rows()) == codes


ROWS = (
    station_row("SG", (55.0, 55.1, 55.2), name="韶关", lon=113.6, lat=24.8, thresholds={"warning": 53.0}),
    station_row(
        "YD",
        (36.2, 36.1, 35.9),
        name="英德",
        lon=113.4,
        lat=24.2,
        thresholds={"warning": 26.0},
        more=[("Q", (9e3, 9e3, 9.2e3))],
    ),
    station_row("SJ", (9.0, 9.0, 9.0), name="石角", lon=113.0, lat=23.6, thresholds={"warning": 11.0}),
    station_row("GD", (20.0, 20.1, 20.3), name="高道", river="连江", lon=113.2, lat=24.1, end=T - 6 * 3600),
    station_row("RG", (0.0, 20.0, 40.0), kind="rain", name="佛冈", river="潖江", lon=113.5, lat=23.9),
    station_row("XF", (115.0, 115.1, 115.2), kind="reservoir", name="新丰江", river="东江", thresholds={"flood_limit": 114.0}),
)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("", {"SG", "YD", "SJ", "GD", "RG", "XF"}),
        ("超警且上涨", {"SG", "XF"}),
        ("超警 下落", {"YD"}),
        ("超警 非上涨", {"YD"}),
        ("过时", {"GD"}),
        ("连江 或 佛冈", {"GD", "RG"}),
        ("距警戒>-3 北江", {"SG", "YD", "SJ"}),
        ("距警戒 ＜ 0", {"SJ"}),
        ("流量≥9000", {"YD"}),
        ("超汛限", {"XF"}),
        ("距汛限大于1m", {"XF"}),
        ("3h雨量>=60", {"RG"}),
        ("英德50km内", {"YD", "GD", "RG"}),
        ("石角上游", {"SG", "YD", "GD"}),
        ("高道的下游", {"SJ"}),
        ("没有这个站", set()),
        ("不能判定", {"GD", "RG"}),
        ("非过时 且 非超警", {"SJ", "RG"}),
        ("3小时雨量≥60mm", {"RG"}),
        ("流量>9 000", {"YD"}),
        ("水位≥30.0 m", {"SG", "YD", "XF"}),
        ("英德50KM内", {"YD", "GD", "RG"}),
        ("英德 50 km 内", {"YD", "GD", "RG"}),
        ("超警、上涨", {"SG", "XF"}),
        ("（超警或超汛限）且上涨", {"SG", "XF"}),
        ("(连江 或 (北江 且 超警)) 非过时", {"SG", "YD"}),
        ("非（超警 或 过时）", {"SJ", "RG"}),
        ("距警戒>－3", {"SG", "YD", "SJ"}),
        ("over warning and rising", {"SG", "XF"}),
        ("within 50 km of 英德 not stale", {"YD", "RG"}),
        ("upstream of 石角", {"SG", "YD", "GD"}),
    ],
)
def test_filters_are_words(words, codes):
    fits = read_filter(words, Ground(ROWS, NETWORK, Moments(T, T)))
    assert {r.code for r in ROWS if fits is None or fits(r)} == codes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("压力>3", "不认识“压力”"),
        ("火星50km内", "没有叫“火星”的站"),
        ("新丰江10km内", "没有坐标"),
        ("非超紧", "没有“超紧”这个条件"),
        ("距警戒>", "读不懂"),
        ("(超警 或 上涨", "括号不成对"),
        ("超警)", "括号不成对"),
        ("(" * 30 + "超警" + ")" * 30, "括号"),
    ],
)
def test_a_filter_that_cannot_be_read_says_why(words, said):
    with pytest.raises(NotUnderstood, match=said):
        read_filter(words, Ground(ROWS, NETWORK, Moments(T, T)))


def table_with(qtbot, look, *rows, rivers=NETWORK):
    table = StationTable(look)
    qtbot.addWidget(table)
    present_table(table, board_of(*rows, rivers=rivers), None, look.tr, declared_topics())
    return table


def test_what_cannot_be_read_leaves_the_rows_and_says_so(qtbot, look):
    table = table_with(qtbot, look, *ROWS)
    table.set_filter("压力>3")
    assert table.model.rowCount() == len(ROWS) and "不认识" in table.said.text()
    table.set_filter("石角上游")
    assert {r.code for r in table.model.rows()} == {"SG", "YD", "GD"} and table.said.isHidden()
    table.set_filter("没有这个站")
    assert table.said.text().startswith("没有符合的站；不认识的词按站名")


def test_choosing_a_row_selects_the_object_but_being_shown_one_does_not(qtbot, look):
    table = table_with(qtbot, look, CALM, over("B", 1.0))
    heard = []
    table.selected.connect(heard.append)
    table.show_selected("A")
    assert heard == [] and table.model.row(table.table.currentIndex().row()).code == "A"
    table.table.selectRow(0)
    assert heard == ["B"]


def test_each_topic_brings_its_own_columns_and_counts_unknown_beside_over(qtbot, look):
    silent = replace(ROWS[2], state=State.NO_DATA)
    table = StationTable(look)
    qtbot.addWidget(table)
    board = board_of(*ROWS[:2], silent, *ROWS[3:])
    present_table(table, board, None, look.tr, declared_topics(), "rain")
    assert [r.code for r in table.model.rows()] == ["RG"]
    assert table.model.cells()[1][:6] == ["不能判定", "佛冈", "潖江", "40.0", "60.0", "≥60.0"]
    tabs = {t.code: t for t in table._view.tabs}
    assert (tabs["river"].total, tabs["river"].over, tabs["river"].unknown) == (4, 2, 2), (
        "one without data, one silent for hours"
    )
    assert "△2" in table.tabs._buttons["river"].text() and "◌2" in table.tabs._buttons["river"].text()
    chosen = []
    table.topic_chosen.connect(chosen.append)
    table.tabs._buttons["reservoir"].click()
    assert chosen == ["reservoir"]


def test_names_stay_in_sight_when_the_table_is_scrolled(qtbot, look):
    table = table_with(qtbot, look, *ROWS)
    table.resize(420, 200)
    table.show()
    pinned = table.table.pinned
    table.table.horizontalScrollBar().setValue(200)
    names = [i for i, c in enumerate(table.model.columns) if c.pinned]
    assert [i for i in range(table.model.columnCount()) if not pinned.isColumnHidden(i)] == names
    assert pinned.isVisible() and pinned.columnViewportPosition(names[-1]) >= 0


def test_copied_lines_carry_their_head_and_no_formula(qtbot, look):
    hostile = station_row("H", name="=cmd|'/c calc'!A1")
    table = table_with(qtbot, look, hostile)
    table.table.selectRow(0)
    qtbot.keyClick(table.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, line = QGuiApplication.clipboard().text().split("\n")
    assert "距警戒/汛限 m" in head and line.split("\t")[1].startswith("'=cmd")


def test_copied_and_exported_figures_are_numbers_with_their_units(qtbot, look):
    row = station_row("A", (4.2, 4.2, 4.0), thresholds={"warning": 5.0}, more=[("Q", (12000.0, 12000.0, 12345.0))])
    table = table_with(qtbot, look, row)
    table.table.selectRow(0)
    qtbot.keyClick(table.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, line = (text.split("\t") for text in QGuiApplication.clipboard().text().split("\n"))
    assert line[head.index("1h 变化")] == "-0.20" and line[head.index("距警戒/汛限 m")] == "-1.00"
    present_table(table, board_of(*ROWS), None, look.tr, declared_topics(), "rain")
    assert {"累计雨量 mm 1h", "累计雨量 mm 24h"} <= set(table.model.cells()[0])
    assert [for_sheet(t) for t in ("19 700", "1 234 567", "−0.20", "2 站", "=1+1")] == [
        "19700",
        "1234567",
        "-0.20",
        "2 站",
        "'=1+1",
    ]


def test_a_spark_of_a_silent_gauge_ends_where_it_fell_silent(qtbot, look):
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QImage, QPainter

    from widgets.station_cells import draw_spark

    row = station_row("R", (9.0,) * 25, kind="rain", end=T - 6 * 3600)
    image = QImage(240, 30, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    draw_spark(painter, look, QRectF(0, 0, 240, 30), replace(row, freshness=Freshness.LIVE), T)
    painter.end()
    inked = [x for x in range(240) if any(image.pixelColor(x, y).blue() > 60 for y in range(30))]
    assert 175 <= max(inked) <= 181, "the last six hours are open"


def test_files_hold_every_row_and_are_counted(qtbot, look, tmp_path):
    rows = [station_row(f"S{i}", (1.0, 2.0, 3.0)) for i in range(500)]
    cells = table_with(qtbot, look, *rows).model.cells()
    assert write_csv(tmp_path / "a.csv", cells, ["演练"]) == 500
    assert write_xlsx(tmp_path / "a.xlsx", cells, ["演练"]) == 500
    text = (tmp_path / "a.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert len(list(csv.reader(text.decode("utf-8-sig").splitlines()))) == 503
    sheet = load_workbook(tmp_path / "a.xlsx").active
    assert sheet.max_row == 503
    place = cells[0].index("数值") + 1
    assert (sheet.cell(2, place).value, sheet.cell(2, 2).value) == (3.0, "站S0"), "a figure adds up, a name stays a name"


def test_saved_views_come_back_and_a_damaged_file_is_set_aside(tmp_path):
    views = SavedViews(tmp_path / "views.json")
    assert views.read() == ()
    views.put(SavedView("夜班", "river", "超警", "margin", True))
    assert SavedViews(tmp_path / "views.json").read() == (SavedView("夜班", "river", "超警", "margin", True),)
    assert views.drop("夜班") == ()
    (tmp_path / "views.json").write_text("{", "utf-8")
    assert views.read() == () and (tmp_path / "views.damaged").exists()


def test_english_and_light_reach_open_views_without_a_restart(qtbot, look):
    model = StationTableModel(look)
    model.set_view(shown(CALM))
    with qtbot.waitSignal(model.headerDataChanged):
        look.change(language="en", theme="light")
    assert model.headerData(1, Qt.Orientation.Horizontal) == "Station"
    assert look.color("panel").lightness() > 200
    look.change(language="zh", theme="dark")
    assert model.headerData(1, Qt.Orientation.Horizontal) == "站名"


def test_a_filter_knows_places_that_are_not_in_this_table(qtbot, look):
    table = StationTable(look)
    qtbot.addWidget(table)
    present_table(table, board_of(*ROWS, rivers=NETWORK), None, look.tr, declared_topics(), "rain")
    table.set_filter("英德50km内")
    assert table.said.isHidden() and [r.code for r in table.model.rows()] == ["RG"]


def test_a_name_with_brackets_and_wide_letters_is_found():
    rows = (station_row("A", name="韶关(二)"), station_row("B", name="Ｋ１水闸"))
    for words, codes in (("韶关(二)", {"A"}), ("（韶关（二） 或 k1）", {"A", "B"}), ("非过时 韶关(二)", {"A"})):
        fits = read_filter(words, Ground(rows, (), Moments(T, T)))
        assert {r.code for r in rows if fits(r)} == codes, words


@pytest.mark.parametrize(("last", "word"), [(12.20, "平稳"), (12.22, "上涨"), (12.18, "下落"), (12.21, "平稳")])
def test_words_of_rise_and_fall_agree_with_the_arrows(last, word):
    row = station_row("A", (12.20, 12.20, last))
    fits = {w: read_filter(w, Ground((row,), (), Moments(T, T)))(row) for w in ("上涨", "下落", "平稳")}
    assert [w for w, good in fits.items() if good] == [word]


@pytest.mark.parametrize("quality", [Quality.SUSPECT, Quality.BAD])
def test_a_doubtful_neighbour_makes_no_trend_and_its_correction_is_repainted(qtbot, look, quality):
    def row(before, q):
        t, v, quality = series_rows((36.0, 36.0, before, 35.98))
        quality[2] = q
        return judged(Station("A", "英德", "river"), {"Z": sample(Series(1, "A", "Z", "m"), (t, v, quality), T)}, T)

    doubtful, good = row(0.0, quality), row(36.0, 0)
    assert doubtful.level.change_1h is None and doubtful.trend == 0 and good.trend == -1
    assert 0.0 not in doubtful.level.recent_v and doubtful.level.value == 35.98
    fits = read_filter("上涨 或 下落 或 平稳", Ground((doubtful,), (), Moments(T, T)))
    assert not fits(doubtful)
    model = StationTableModel(look)
    model.set_view(shown(doubtful))
    model.set_view(shown(good))
    assert model.repainted == 1


def test_a_place_that_is_called_like_a_word_of_the_filter_is_found():
    rows = (station_row("A", name="Level Plains"), station_row("B", name="Normal"), station_row("C", name="Other"))
    for words, codes in (("Level Plains", {"A"}), ("normal", {"B"}), ("other", {"C"})):
        fits = read_filter(words, Ground(rows, (), Moments(T, T)))
        assert codes <= {r.code for r in rows if fits(r)}, words


def test_an_empty_topic_says_so_and_not_that_there_are_no_stations(qtbot, look):
    table = StationTable(look)
    qtbot.addWidget(table)
    present_table(table, board_of(CALM), None, look.tr, declared_topics(), "tide")
    assert table.said.text() == "这一类没有测站"
    present_table(table, board_of(), None, look.tr, declared_topics())
    assert "与中心同步后" in table.said.text()
    present_table(table, board_of(CALM), None, look.tr, declared_topics())
    assert table.said.isHidden()


def test_nothing_between_readings_is_worked_out_from_a_doubtful_one():
    t, v, quality = series_rows((10.0, 10.0, 99.0, 10.0))
    quality[2] = Quality.SUSPECT
    one = sample(Series(1, "A", "Z", "m"), (t, v, quality), T - 1800)
    assert one.value == 99.0 and one.smooth is None and one.change_1h is None
    fine = 300
    t, v, quality = series_rows(np.linspace(1.0, 2.0, 25), step=fine)
    late = sample(Series(1, "A", "Z", "m", interval_s=fine), (t, v, quality), T + 30 * 3600)
    assert late.change_1h == pytest.approx(0.5), "a station that fell silent keeps its last change"
