"""The reservoir card, the table of all, the curves and the chain as officers meet them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QStyleOptionViewItem

from console.domain.states import State
from console.presenters.reservoir import present_reservoir
from console.presenters.reservoir_board import RowBook
from console.presenters.reservoir_curves import CurvesPresenter
from console.viewdata.board import Board
from console.windows.panel_catalog import PANELS
from console.windows.panels import PanelHost
from tests.gui import context_of, make_look, session_of, until
from tests.unit.test_reservoir_words import board, many, pool
from widgets.reservoir_board import ReservoirBoard
from widgets.reservoir_card import ReservoirCard
from widgets.reservoir_curves import ReservoirCurves
from widgets.reservoir_model import BAR, COLUMNS, LEVEL, MARGIN, NAME, ROOM, STATE, ReservoirModel
from widgets.reservoir_section import scale_of, spread


def colours(widget):
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def drawn_texts(monkeypatch):
    """Collect every text that is painted with its place, to see what is cut or lies on another."""
    from PySide6.QtGui import QFontMetricsF, QPainter

    found = []
    plain = QPainter.drawText

    def record(self, where, *rest):
        if isinstance(rest[-1], str) and not hasattr(where, "width"):
            size = QFontMetricsF(self.font()).size(0, rest[-1])
            found.append((rest[-1], where.x(), where.y(), size.width(), size.height()))
        return plain(self, where, *rest)

    monkeypatch.setattr(QPainter, "drawText", record)
    return found


@pytest.mark.parametrize(("width", "height"), [(640, 260), (420, 520), (830, 205), (830, 173), (620, 228)])
def test_the_card_can_be_read_at_both_sizes(qtbot, look, monkeypatch, width, height):
    card = ReservoirCard(look)
    qtbot.addWidget(card)
    card.resize(width, height)
    present_reservoir(card, board(pool()), "R1", look.tr)
    card.show()
    texts = drawn_texts(monkeypatch)
    card.grab()
    told = [t for t, *_ in texts]
    for line in card.view.lines:
        assert line.name in told and line.value in told, f"{line.name} {line.value} was cut or left out"
    for name in ("汛限 144.50", "设计 162.20", "死水位 141.50", "坝顶 165.00", "正常蓄水 154.50"):
        assert name in told
    boxes = [(t, x, y - h * 0.75, w, h * 0.7) for t, x, y, w, h in texts]
    for i, (a, x, y, w, h) in enumerate(boxes):
        assert x >= 0 and x + w <= width + 1 and y >= -2 and y + h <= height + 2, f"{a} leaves the card"
        for b, x2, y2, w2, h2 in boxes[i + 1 :]:
            apart = x + w <= x2 + 1 or x2 + w2 <= x + 1 or y + h <= y2 + 1 or y2 + h2 <= y + 1
            assert apart, f"{a} lies on {b}"


@pytest.mark.parametrize(("width", "height"), [(830, 205), (830, 173), (620, 228), (420, 520)])
@pytest.mark.parametrize("level", [142.0, 143.2, 144.45, 146.0, 154.4, 164.9])
def test_no_mark_runs_through_the_level(qtbot, look, monkeypatch, width, height, level):
    from PySide6.QtGui import QPainter

    card = ReservoirCard(look)
    qtbot.addWidget(card)
    card.resize(width, height)
    present_reservoir(card, board(pool(level=level)), "R1", look.tr)
    card.show()
    lines = []
    plain = QPainter.drawLine
    monkeypatch.setattr(QPainter, "drawLine", lambda p, a, b: (lines.append((a, b, p.pen().style())), plain(p, a, b))[1])
    card.grab()
    box = card._level_box
    assert box.width() > 40 and box.left() >= 0
    marks = [(a, b) for a, b, style in lines if style == Qt.PenStyle.DashLine]
    assert len(marks) == 5
    for a, b in marks:
        assert not (box.top() < a.y() < box.bottom() and a.x() < box.right()), "a mark lies across the level"
        assert b.x() - a.x() > 4, "every mark can be seen at the dam"


def test_a_card_too_low_for_its_figures_says_how_many_are_left_out(qtbot, look, monkeypatch):
    card = ReservoirCard(look)
    qtbot.addWidget(card)
    card.resize(380, 200)
    present_reservoir(card, board(pool()), "R1", look.tr)
    card.show()
    texts = drawn_texts(monkeypatch)
    card.grab()
    told = [t for t, *_ in texts]
    names = [n.name for n in card.view.lines]
    left = [n for n in names if n not in told]
    assert f"另有 {len(left)} 项：放大面板或停在此处看" in told and left == names[-len(left) :], "the least important go first"
    assert any("纳雨能力" in tip and "总库容" in tip for _, tip in card._places)


def test_only_the_limit_in_force_has_a_colour_of_its_state(look):
    from console.viewdata.reservoir import MARK_TOKENS

    coloured = {kind for kind, token in MARK_TOKENS.items() if token.startswith("state.")}
    assert coloured == {"flood_limit"}


def test_the_card_of_a_pool_with_no_figures_says_what_would_fill_it(qtbot, look):
    card = ReservoirCard(look)
    qtbot.addWidget(card)
    card.resize(640, 260)
    present_reservoir(card, board(pool(level=None, inflow=None, outflow=None, facts={}, marks=())), "R1", look.tr)
    assert all(line.value in ("—", "无数据", "未公布汛限", "缺报") for line in card.view.lines)
    assert "没有库容曲线" in card.accessibleDescription()
    assert look.color("water.surface").name() not in colours(card), "no water without a level"
    present_reservoir(card, board(pool()), "R1", look.tr)
    assert look.color("water.surface").name() in colours(card)
    present_reservoir(card, Board(0.0, 0.0, "live"), None, look.tr)
    assert card.view is None and len(colours(card)) > 1


def test_the_water_is_drawn_to_scale_and_names_never_share_a_place(look):
    marks = pool().station
    from console.presenters.reservoir_figures import marks_of

    levels = marks_of(marks, board(pool()).moment)
    scale = scale_of(levels, 143.2, 0.0, 100.0)
    assert scale.y(143.2) > scale.y(144.5) > scale.y(165.0) >= 0.0 and scale.y(141.5) < 100.0
    assert scale_of((), None, 0, 1) is None
    places = spread([10, 11, 12, 95, 96], 10, 0, 100)
    assert all(b - a >= 10 for a, b in zip(places, places[1:])) and places[-1] <= 100


@pytest.fixture
def table(qtbot, look):
    widget = ReservoirBoard(look)
    qtbot.addWidget(widget)
    widget.resize(1280, 400)
    widget.show_rows(RowBook().rows(board(*many()), look.tr))
    widget.show()
    return widget


def test_the_table_sorts_by_danger_and_by_any_column_with_the_unknown_last(look, table, qtmodeltester):
    qtmodeltester.check(table.model)
    assert [r.code for r in table.model.rows()] == ["FULL", "OVER", "NEAR", "BARE", "SAFE", "GONE"]
    table.table.horizontalHeader().setSortIndicator(LEVEL, Qt.SortOrder.AscendingOrder)
    assert [r.code for r in table.model.rows()] == ["BARE", "SAFE", "NEAR", "OVER", "FULL", "GONE"]
    table.table.horizontalHeader().setSortIndicator(MARGIN, Qt.SortOrder.DescendingOrder)
    assert [r.code for r in table.model.rows()][:4] == ["FULL", "OVER", "NEAR", "SAFE"]
    table.filter.setText("未公布")
    assert {r.code for r in table.model.rows()} == {"BARE"}


def test_choosing_a_reservoir_selects_it_and_it_stays_chosen_while_rows_move(look, table):
    heard = []
    table.selected.connect(heard.append)
    table.show_selected("SAFE")
    assert heard == []
    table.table.selectRow(0)
    assert heard == ["FULL"]
    table.show_rows([replace(r, rank=(-9.0, 0.0)) if r.code == "FULL" else r for r in RowBook().rows(board(*many()), look.tr)])
    assert [r.code for r in table.model.rows()][-1] == "FULL"
    assert table.model.row(table.table.currentIndex().row()).code == "FULL" and heard == ["FULL"]


def test_a_state_is_colour_and_shape_and_unknown_is_never_green(look, table):
    good = look.color("good").name()
    for row in table.model.rows():
        ink = table.model.data(table.model.index(table.model.place_of(row.code), STATE), Qt.ItemDataRole.ForegroundRole)
        assert ink.name() != good and row.state_word
    seen = colours(table)
    assert look.color("state.flood_limit").name() in seen and good not in seen
    by = {r.code: r for r in table.model.rows()}
    assert by["BARE"].state is State.NO_DATA and by["OVER"].state is State.FLOOD_LIMIT


def test_the_table_is_exported_as_it_is_read(table):
    head, *body = table.cells()
    assert "距汛限 m" in head and "剖面" not in head and len(body) == 6
    assert body[0][0] == "超正常蓄水位" and all(len(line) == len(head) for line in body)
    assert len(head) == len(COLUMNS) + 1 and COLUMNS[BAR].title == "剖面"
    assert body[1][-2] == "设计 162.20" and body[-1][-2:] == ["", ""], "what the room is counted to goes along"
    assert table.model.data(table.model.index(1, ROOM), Qt.ItemDataRole.ToolTipRole) == "算到 设计 162.20"


def test_only_what_changed_is_painted_again(qtbot, look):
    model = ReservoirModel(look)
    book = RowBook()
    pools = [pool(f"C{i}", level=140.0 + i / 1000) for i in range(400)]
    model.set_rows(book.rows(board(*pools), look.tr))
    before = model.repainted
    pools[7] = pool("C7", level=140.0071)
    model.set_rows(book.rows(board(*pools), look.tr))
    assert model.repainted == before + 1


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [830, 620, 1280])
def test_at_its_dock_size_the_table_shows_many_rows_and_no_cut_figure(qtbot, qapp, width, language):
    look = make_look(qapp, language=language)
    widget = ReservoirBoard(look)
    qtbot.addWidget(widget)
    widget.resize(width, 173)
    widget.show_rows(RowBook().rows(board(*many()), look.tr))
    widget.show()
    widget.grab()
    table = widget.table
    assert table.viewport().height() >= 4 * table.rowHeight(0), "four rows and more"
    whole = [i for i in range(len(COLUMNS)) if not table.cut(i)]
    assert set(whole) >= ({STATE, NAME, LEVEL, MARGIN} if width > 700 else {STATE, NAME, LEVEL})
    edge = table.columnViewportPosition(whole[-1]) + table.columnWidth(whole[-1])
    assert edge == table.viewport().width(), "what is in sight ends with a whole column"
    metrics = QFontMetrics(look.font())
    for column in range(len(COLUMNS)):
        for row in table.rows.rows():
            assert metrics.horizontalAdvance(COLUMNS[column].text(row)) + 20 <= table.columnWidth(column)


def test_names_stay_in_sight_and_columns_stop_at_them_while_the_table_is_rolled_sideways(qtbot, look, table):
    table.resize(620, 173)
    table.grab()
    rows = table.table
    bar = rows.horizontalScrollBar()
    assert bar.maximum() > 100
    for value in range(0, bar.maximum(), 37):
        bar.setValue(value)
        starts = [rows.columnViewportPosition(i) for i in range(len(COLUMNS))]
        assert rows.pinned_width() in starts or bar.value() == bar.maximum()
    assert rows.pinned.isVisible() and not rows.pinned.isColumnHidden(NAME) and rows.pinned.isColumnHidden(LEVEL)
    option = QStyleOptionViewItem()
    option.widget = rows
    half = next(i for i in range(2, len(COLUMNS)) if rows.cut(i) and i != BAR)
    rows.itemDelegate().initStyleOption(option, rows.rows.index(0, half))
    assert option.text == "…", "half a number is another number"


def test_the_marks_of_the_bar_are_explained(table):
    tip = table.model.data(table.model.index(0, BAR), Qt.ItemDataRole.ToolTipRole)
    assert "汛限 144.50" in tip and "正常蓄水 154.50" in tip and tip.endswith("水位 155.00")
    assert "汛限" in table.model.headerData(BAR, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "基面未注明" in table.model.data(table.model.index(0, LEVEL), Qt.ItemDataRole.ToolTipRole)


def test_an_empty_table_says_what_would_fill_it(qtbot, look):
    widget = ReservoirBoard(look)
    qtbot.addWidget(widget)
    widget.show()
    widget.show_rows([])
    assert widget._empty.isVisible() and "中心" in widget._empty.text() and not widget.table.isVisible()


def test_curves_show_the_present_point_and_an_empty_picture_has_no_axis(qtbot, look):
    widget = ReservoirCurves(look)
    qtbot.addWidget(widget)
    widget.resize(720, 300)
    widget.show()
    assert not widget.storage.isVisible() and widget.nothing.isVisible()
    presenter = CurvesPresenter(widget, look.tr)
    presenter.refresh(board(pool()), "R1")
    assert widget.storage.isVisible() and not widget.release.isVisible() and not widget.nothing.isVisible()
    texts = [i.toPlainText() for i in widget.storage._items if type(i).__name__ == "TextItem"]
    assert any(t.startswith("143.20 m · 1.6") for t in texts)
    line = next(i for i in widget.storage._items if type(i).__name__ == "PlotCurveItem")
    assert line.opts["pen"].style() == Qt.PenStyle.DotLine, "a rebuilt curve is dotted"
    assert "库容曲线（重建，6 点）：拟合" in widget.notes.text()
    presenter.refresh(board(pool(facts={})), "R1")
    assert widget.nothing.isVisible() and "没有库容曲线" in widget.nothing.text()


def test_the_panels_fill_from_the_session_and_a_chosen_row_selects_for_all(qtbot, qapp, home, hub, runner):
    session = session_of(home, "beijiang-2022-06", hub)
    context = context_of(qapp, session, hub)
    hosts = {
        code: PanelHost(context, code, *PANELS[code]) for code in ("monitor.reservoirs", "monitor.storage", "monitor.cascade")
    }
    session.board.board = board(*many(), pool("R1"))

    async def show():
        for host in hosts.values():
            qtbot.addWidget(host.panel)
            host.panel.resize(1000, 300)
            host.panel.show()
            host.refresh()
        table = hosts["monitor.reservoirs"].widget
        await until(lambda: table.model.rowCount() == 7, what="the table is filled")
        table.table.selectRow(2)
        await asyncio.sleep(0)
        assert "按危险程度" in table.summary.text() and hosts["monitor.reservoirs"].built.export_table()
        assert session.situation.current.selection == "NEAR"

    runner.run(show())
    assert hosts["monitor.cascade"].widget.view.name == "北江"
    for host in hosts.values():
        host.release()
    runner.run(session.close())


def test_a_note_that_does_not_fit_loses_whole_parts_and_never_the_end_of_a_figure(qapp):
    from PySide6.QtGui import QFont, QFontMetricsF

    from widgets.whole_parts import whole_parts

    metrics = QFontMetricsF(QFont())
    text = "反推 1 380 ± 41.7 m³/s · 3 h 窗口 · 按库容曲线"
    wide = metrics.horizontalAdvance(text)
    shown = {whole_parts(text, metrics, wide * k / 20) for k in range(21)}
    assert shown == {"…", "反推 1 380 ± 41.7 m³/s …", "反推 1 380 ± 41.7 m³/s · 3 h 窗口 …", text}
    assert whole_parts("防洪库容 13.40 亿m³", metrics, 40) == "…" and whole_parts("没有公布任何限值", metrics, 40).endswith("…")
