"""The hydrograph's picture: words that never collide, styles by quality, a drag that measures, the ribbon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from console.domain.quality import WORDS, Quality
from console.domain.states import State
from console.domain.time import from_beijing
from console.viewdata.curves import Curve, HydrographView, Limit
from tests.gui import make_look
from widgets.hydrograph import Hydrograph
from widgets.plot_curves import DASHED, DOTTED, SOLID, parts
from widgets.plot_labels import Label, arrange, spread
from widgets.quality_ribbon import MISSING, NOT_FETCHED, PATTERNS, spans_of

T = from_beijing("2022-06-22 14:00")
H = 3600


@pytest.fixture
def look(qapp):
    return make_look(qapp)


def level(values, quality=None, start=T - 10 * H, **more):
    t = start + H * np.arange(len(values), dtype=np.int64)
    q = np.zeros(len(values), np.int64) if quality is None else np.array(quality, np.int64)
    return Curve("level", "水位", "m", t, np.array(values, float), q, H, sid=7, element="Z", **more)


def crowded(**changes):
    v = 8 + 4.5 * np.exp(-(((np.arange(73) - 66) / 20.0) ** 2))
    curve = level(v, start=T - 72 * H)
    kinds = (("warning", "警戒", 11.0), ("guaranteed", "保证", 11.1), ("design", "设计", 11.2), ("record", "历史最高", 11.3))
    crossings = tuple((int(curve.t[i]), float(v[i]), f"超警 06-2{i % 10} 16:00") for i in (48, 49, 50))
    top = int(np.argmax(v))
    peak = (int(curve.t[top]), float(v[top]), State.WARNING)
    limits = tuple(Limit(*k) for k in kinds)
    return replace(HydrographView("X", "石角", T - 72 * H, T + 6 * H, T, T, (curve,), limits, peak, crossings), **changes)


@pytest.fixture
def widget(qtbot, look):
    found = Hydrograph(look)
    qtbot.addWidget(found)
    found.resize(700, 280)
    found.show()
    return found


@pytest.mark.parametrize("size", [(1200, 500), (700, 280), (420, 230), (260, 160)])
def test_limits_close_together_peak_and_crossings_never_cover_each_other_or_leave_the_plot(widget, size):
    widget.resize(*size)
    widget.show_view(crowded())
    widget.measure(T - 40 * H, T - 20 * H, True)
    widget.grab()
    boxes = [p.box for p in widget.words.placed]
    area = QRectF(widget.box.rect())
    assert all(area.contains(b) for b in boxes)
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    texts = [p.label.text for p in widget.words.placed]
    assert {"警戒 11.00", "保证 11.10", "设计 11.20", "历史最高 11.30"} <= set(texts)
    assert any(t.startswith("最高 12.50") for t in texts), "the peak is always named"


@given(
    st.lists(st.floats(-50, 350), max_size=25).map(sorted),
    st.floats(8, 30),
    st.floats(20, 300),
)
def test_labels_of_one_edge_keep_their_order_their_distance_and_their_place(wanted, height, high):
    tops = spread(wanted, height, 0.0, high)
    assert all(-1e-6 <= t <= high - height + 1e-6 for t in tops)
    assert all(b - a >= height for a, b in zip(tops, tops[1:], strict=False))
    assert len(tops) == min(len(wanted), int((high + 1) // (height + 1)))


def test_a_label_that_finds_no_room_says_less_or_nothing(look):
    ink = look.color("text")
    label = Label("很长的一段话", ink, 5.0, 5.0, short="短")
    size = lambda lab: QSizeF(12.0 * len(lab.text), 12.0)  # noqa: E731
    point = lambda x, y: QPointF(x, y)  # noqa: E731
    (placed,) = arrange([label], QRectF(0, 0, 40, 40), point, size)
    assert placed.label.text == "短"
    assert arrange([label], QRectF(0, 0, 8, 8), point, size) == []


def test_measured_is_solid_rebuilt_dotted_forecast_dashed_and_nothing_crosses_a_suspect_value():
    m, r, s, f = (int(q) for q in (Quality.MEASURED, Quality.RECONSTRUCTED, Quality.SUSPECT, Quality.FORECAST))
    found = parts(level([1, 2, 3, 4, 99, 5, 6, 7], [m, m, r, m, s, m, f, f]))
    drawn = {style: v.tolist() for style, (_, v) in found.items()}
    assert set(drawn) == {SOLID, DOTTED, DASHED}
    assert drawn[SOLID][:2] == [1, 2] and 99 not in drawn[SOLID] and drawn[DASHED][-3:] == [5, 6, 7]
    assert drawn[DOTTED] == [2, 3, 4]
    for t, _ in found.values():
        assert (np.diff(t) > 0).all()


def test_a_piece_of_another_style_between_two_of_one_style_is_not_drawn_over():
    m, r = int(Quality.MEASURED), int(Quality.RECONSTRUCTED)
    found = parts(level([1, 2, 3, 4], [r, m, m, r]))
    assert np.isnan(found[DOTTED][1]).sum() == 1, "between the two measured readings no dots"
    assert found[SOLID][1].tolist() == [2, 3]


def test_a_drag_measures_change_and_rate_and_escape_forgets_it(widget, qtbot):
    widget.show_view(crowded())
    told, cleared = [], []
    widget.range_measured.connect(lambda a, b: told.append((a, b)))
    widget.range_cleared.connect(lambda: cleared.append(True))
    curve = widget.main_curve()
    a, b = float(curve.t[40]), float(curve.t[46])
    widget.measure(a, b, False)
    assert told == [], "statistics wait for the end of the drag"
    widget.measure(a, b, True)
    (text,) = [p.label.text for p in widget.words.placed if p.label.text.startswith("Δt")]
    change = curve.v[46] - curve.v[40]
    assert "6 小时 00 分" in text and f"+{change:.2f} m" in text and f"+{change / 6:.2f} m/h" in text
    assert told == [(a, b)]
    qtbot.keyClick(widget, Qt.Key.Key_Escape)
    assert cleared == [True] and not [p for p in widget.words.placed if p.label.text.startswith("Δt")]


def test_a_real_drag_of_the_left_button_measures_and_never_moves_the_plot(widget, qtbot):
    widget.show_view(crowded())
    qtbot.waitExposed(widget)
    told = []
    widget.range_measured.connect(lambda a, b: told.append((a, b)))
    before = widget.box.viewRange()[0]
    port, area = widget.plot.viewport(), widget.box.sceneBoundingRect()
    start, end = area.center().toPoint(), area.center().toPoint()
    start.setX(start.x() - 80)
    end.setX(end.x() + 60)
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(port, left, pos=start)
    for k in range(1, 5):
        place = QPointF(start + (end - start) * k / 4)
        move = QMouseEvent(QEvent.Type.MouseMove, place, port.mapToGlobal(place), left, left, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(port, move)
        qtbot.wait(15)  # the plot takes a hundred moves a second
    qtbot.mouseRelease(port, left, pos=end)
    assert told and told[-1][1] > told[-1][0]
    assert widget.box.viewRange()[0] == before, "a drag of the left button never moves the plot"


def test_at_a_gap_the_drag_says_that_a_reading_is_missing(widget):
    v = level([5, 6, np.nan, 7, 8])
    widget.show_view(crowded(curves=(v,), peak=None, crossings=()))
    widget.measure(float(v.t[0]), float(v.t[2]), True)
    assert any("一端缺测" in p.label.text for p in widget.words.placed)


def test_the_ribbon_tells_missing_from_not_fetched_and_every_quality_has_its_pattern(widget):
    assert set(WORDS) <= set(PATTERNS) and len({p for p in PATTERNS.values()}) == len(PATTERNS)
    m, r, b = int(Quality.MEASURED), int(Quality.RECONSTRUCTED), int(Quality.BAD)
    curve = level([1, 2, 3, np.nan, 5, 6, 7], [m, m, r, m, m, b, m])
    curve = replace(curve, t=curve.t + np.array([0, 0, 0, 0, 0, 0, 4 * H]))
    view = crowded(curves=(curve,), from_t=T - 20 * H, to_t=T + 6 * H, now=T + 4 * H, holes=((T - 20 * H, T - 15 * H),))
    kinds = [s.kind for s in spans_of(curve, view)]
    assert kinds == [MISSING, m, r, MISSING, m, b, MISSING, m, MISSING, NOT_FETCHED]
    widget.show_view(view)
    assert widget.ribbon.words_at(T - 18 * H) == "未取回"
    assert widget.ribbon.words_at(T - 13 * H) == "缺测"
    assert widget.ribbon.words_at(T - 8.5 * H) == "重建"
    assert "图例" in widget.ribbon.legend(T - 8 * H) and "未取回" in widget.ribbon.legend(T)
    widget.grab()


def test_a_click_chooses_the_reading_under_it_and_a_click_beside_chooses_none(widget):
    widget.show_view(crowded())
    widget.grab()
    chosen = []
    widget.point_picked.connect(lambda *p: chosen.append(p))
    curve = widget.main_curve()
    place = widget.box.mapViewToScene(QPointF(float(curve.t[30]), float(curve.v[30])))
    widget.pick_near(float(curve.t[30]), place.y() + 3)
    assert chosen == [(7, int(curve.t[30]))] and len(widget.ring.data) == 1
    widget.pick_near(float(curve.t[30]), place.y() - 60)
    assert len(chosen) == 1


def test_who_corrected_a_reading_is_said_where_it_is_read(widget):
    view = crowded()
    t = int(view.curves[0].t[30])
    widget.show_view(replace(view, corrections={(7, t): "张三 订正：原值 9.99，浮子卡住"}))
    assert "张三 订正" in widget.reading_at(t) and "张三" not in widget.reading_at(t - 2 * H)


def test_hostile_figures_do_not_break_the_plot(widget):
    curve = level([np.nan, np.inf, -1e300, 1e300, 5], [0, 0, 2, 2, 99])
    limits = (Limit("warning", "警戒", float("nan")), Limit("record", "<b>x</b>", 1e9))
    widget.show_view(crowded(curves=(curve,), limits=limits, peak=None, crossings=()))
    widget.grab()
    assert "质量码99" in widget.reading_at(T - 6 * H)
    widget.show_view(crowded(curves=(replace(curve, t=curve.t[:0], v=curve.v[:0], quality=curve.quality[:0]),), peak=None))
    widget.grab()


def test_clicks_choose_readings_only_while_one_is_to_be_corrected(widget, qtbot):
    widget.show_view(crowded())
    qtbot.waitExposed(widget)
    widget.grab()
    chosen = []
    widget.point_picked.connect(lambda *p: chosen.append(p))
    curve = widget.main_curve()
    port = widget.plot.viewport()
    place = widget.box.mapViewToScene(QPointF(float(curve.t[30]), float(curve.v[30]))).toPoint()
    qtbot.mouseClick(port, Qt.MouseButton.LeftButton, pos=place)
    assert chosen == []
    widget.set_picking(True)
    qtbot.mouseClick(port, Qt.MouseButton.LeftButton, pos=place)
    assert len(chosen) == 1 and chosen[0][0] == 7 and abs(chosen[0][1] - curve.t[30]) <= H
    widget.set_picking(False)
    assert len(widget.ring.data) == 0
