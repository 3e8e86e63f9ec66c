"""The chain of reservoirs as officers meet it: in the river's order, every text whole, what has no room told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt

from console.domain.objects import Station
from console.domain.states import State
from console.presenters.cascade import CascadePresenter
from tests.gui import make_look
from tests.unit.test_reservoir_words import FULL, Shown, board, pool
from widgets.cascade_board import CascadeBoard
from widgets.cascade_line import fitting, node_lines


def test_the_chain_is_drawn_in_order_and_a_click_selects(qtbot, look):
    widget = CascadeBoard(look)
    qtbot.addWidget(widget)
    widget.resize(680, 260)
    rows = [pool(f"R{i}", facts=FULL | {"cascade_order": i}, name=f"库{i}") for i in range(1, 7)]
    presenter = CascadePresenter(widget, look.tr)
    presenter.refresh(board(*rows), "R2")
    widget.show()
    widget.grab()
    cells = [(box, code) for box, code in widget._cells]
    assert [code for _, code in cells] == [f"R{i}" for i in range(1, 7)]
    assert all(a.right() <= b.left() + 1 for (a, _), (b, _) in zip(cells, cells[1:]))
    with qtbot.waitSignal(widget.selected) as heard:
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(int(cells[4][0].center().x()), 120))
    assert heard.args == ["R5"]
    with qtbot.waitSignal(widget.selected) as heard:
        qtbot.keyClick(widget, Qt.Key.Key_Right)
    assert heard.args == ["R3"]
    assert "6 座中 6 座可知" in widget.accessibleDescription()


@pytest.mark.parametrize(
    ("width", "height"), [(1120, 118), (1120, 150), (1120, 90), (1120, 56), (700, 118), (680, 260), (1120, 260)]
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_text_of_the_chain_lies_on_another_at_any_height(qtbot, qapp, monkeypatch, width, height, language):
    from PySide6.QtGui import QFontMetricsF, QPainter

    look = make_look(qapp, language=language)
    widget = CascadeBoard(look)
    qtbot.addWidget(widget)
    widget.resize(width, height)
    rows = [
        pool(
            f"R{i}",
            level=60.0 + 40.0 * i,
            inflow=18900.0,
            outflow=17200.0,
            facts=FULL | {"cascade_order": i},
            name=f"锦江水库{i}",
        )
        for i in range(1, 7)
    ]
    CascadePresenter(widget, look.tr).refresh(board(*rows), "R2")
    widget.show()
    found = []
    plain = QPainter.drawText

    def record(self, where, *rest):
        text, metrics = rest[-1], QFontMetricsF(self.font())
        wide, high = metrics.horizontalAdvance(text), metrics.tightBoundingRect("国").height()
        middle = where.center().y() if hasattr(where, "width") else where.y() - metrics.ascent() / 2 + metrics.descent() / 2
        left = where.left() if hasattr(where, "width") else where.x()
        if text:
            found.append((text, left, middle - high / 2, wide, high))
        return plain(self, where, *rest)

    monkeypatch.setattr(QPainter, "drawText", record)
    widget.grab()
    told = [t for t, *_ in found]
    shown = [n for n in widget.view.nodes if n.code in [code for _, code in widget._cells]]
    assert shown
    for node in shown:
        assert node.name in told, "names are whole"
        if height >= 90:
            assert any(node.level_text in t for t in told) and any(node.outflow_text in t for t in told)
    for i, (a, x, y, w, h) in enumerate(found):
        assert y >= -1 and y + h <= height + 1 and x + w <= width + 1, f"{a} leaves the panel"
        for b, x2, y2, w2, h2 in found[i + 1 :]:
            apart = x + w <= x2 + 1 or x2 + w2 <= x + 1 or y + h <= y2 + 1 or y2 + h2 <= y + 1
            assert apart, f"{a} lies on {b}"


def test_a_number_of_the_chain_is_left_out_rather_than_cut(look):
    shown = Shown()
    CascadePresenter(shown, look.tr).refresh(board(pool(level=155.2, inflow=18900.0, outflow=17200.0)), None)
    node = shown.view.nodes[0]
    _, level, flows = node_lines(look, node)
    assert [t for t, *_ in fitting(look, level, 200)] == ["155.20 m ↑", "距汛限 +10.70"]
    assert [t for t, *_ in fitting(look, level, 130)] == ["155.20 m ↑", "+10.70"]
    assert [t for t, *_ in fitting(look, level, 80)] == ["155.20 m ↑"]
    assert [t for t, *_ in fitting(look, flows, 80)] == ["入 18 900"]


def test_without_a_chain_the_panel_says_what_the_centre_should_provide(qtbot, look, monkeypatch):
    widget = CascadeBoard(look)
    qtbot.addWidget(widget)
    widget.resize(600, 150)
    said = []
    monkeypatch.setattr(widget, "empty", lambda painter, text, hint="": said.append(text + hint))
    widget.show_view(None)
    widget.show()
    widget.grab()
    assert "中心提供" in said[0] and "cascade" not in said[0]


def test_a_chain_too_long_for_the_panel_says_how_many_are_missing(qtbot, look, monkeypatch):
    widget = CascadeBoard(look)
    qtbot.addWidget(widget)
    widget.resize(320, 220)
    CascadePresenter(widget, look.tr).refresh(board(*[pool(f"R{i}") for i in range(9)]), None)
    widget.show()
    widget.grab()
    assert 0 < len(widget._cells) < 9
    widget.resize(420, 700)
    widget.grab()
    assert len(widget._cells) == 9


def test_reservoirs_of_the_demonstration_have_a_chain(qtbot, look):
    from console.domain.objects import station_from_doc
    from console.drill.facts import basin_objects

    stations = [station_from_doc(d) for d in basin_objects()["reservoirs"]]
    assert all(isinstance(s, Station) for s in stations)
    rows = [replace(pool(level=None, inflow=None, outflow=None), station=s) for s in stations]
    widget = CascadeBoard(look)
    qtbot.addWidget(widget)
    CascadePresenter(widget, look.tr).refresh(board(*rows), None)
    assert [n.name for n in widget.view.nodes] == ["乐昌峡", "湾头", "南水", "锦江(仁化)", "长湖", "飞来峡"]
    assert [n.branch for n in widget.view.nodes] == [True] * 5 + [False]


def test_where_a_chain_has_no_room_the_pools_with_a_level_stay():
    from types import SimpleNamespace as Pool

    from widgets.cascade_board import most_needed

    def pool(code, state=State.NO_DATA, level_m=None, **more):
        return Pool(code=code, state=state, level_m=level_m, **({"stale": False, "branch": False} | more))

    chain = [
        pool("A"),
        pool("B", branch=True),
        pool("C", State.FLOOD_LIMIT, 76.4),
        pool("D", level_m=21.8),
        pool("E", level_m=9, stale=True),
    ]
    assert [n.code for n in most_needed(chain, None, 5)] == ["A", "B", "C", "D", "E"]
    assert [n.code for n in most_needed(chain, None, 2)] == ["C", "D"]
    assert [n.code for n in most_needed(chain, "B", 3)] == ["B", "C", "D"], "in the river's order"
