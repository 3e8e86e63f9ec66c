"""The hydrograph's picture at a moment: what came later is faded or not there, missing rain is a gap, all is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF

from console.domain.quality import Quality
from console.domain.states import State
from console.domain.time import from_beijing
from console.viewdata.curve_tools import PointView
from console.viewdata.curves import Curve, HydrographView, Limit, Present
from tests.gui import make_look
from widgets.curve_desk import CurveDesk
from widgets.hydrograph import Hydrograph
from widgets.plot_rain import SHARE

T = from_beijing("2022-06-22 14:00")
H = 3600
REBUILT, MEASURED = int(Quality.RECONSTRUCTED), int(Quality.MEASURED)


@pytest.fixture
def look(qapp):
    return make_look(qapp)


def curve(role, name, unit, values, end=T, quality=REBUILT, **more):
    t = end + H * (np.arange(len(values), dtype=np.int64) - len(values) + 1)
    return Curve(role, name, unit, t, np.array(values, float), np.full(len(values), quality, np.int64), H, **more)


def view(**changes):
    level = curve("level", "水位", "m", 26 + 10 * np.sin(np.linspace(0, 1.7, 73)), sid=7, element="Z")
    level.quality[[40, 60]] = MEASURED
    rain = curve("rain", "北江流域面雨量", "mm", 2 + 2 * np.sin(np.arange(73.0)), sid=8, element="P")
    limits = (Limit("warning", "警戒", 26.0),)
    peak = (int(level.t[66]), float(level.v[66]), State.WARNING)
    present = Present(T, float(level.v[-1]), -0.03, -1, State.WARNING)
    found = HydrographView("A", "英德", T - 72 * H, T + 14 * H, T, T, (level, rain), limits, peak)
    return replace(found, **{"present": present} | changes)


@pytest.fixture
def widget(qtbot, look):
    found = Hydrograph(look)
    qtbot.addWidget(found)
    found.resize(570, 240)
    found.show()
    return found


def texts(widget):
    return [p.label.text for p in widget.words.placed]


def drawn_to(widget):
    return max(float(items.lines[0][1].getData()[0][-1]) for items in widget._curves)


def faded(widget):
    found = [split._after.getData()[0] for items in widget._curves for _, split in items._splits if split._after is not None]
    return [x for x in found if x is not None and len(x)]


def test_looking_back_later_readings_are_faded_and_named_and_live_they_are_not_drawn(widget):
    back = view(moment=T - 24 * H, peak=None)
    widget.show_view(back)
    assert drawn_to(widget) == T - 24 * H and [x[-1] for x in faded(widget)] == [T]
    known, after = (np.asarray(item.opts["x"]) for item in (widget.rain.known, widget.rain.after))
    assert known.max() <= T - 24 * H and after.min() > T - 25 * H and len(after) == 24
    assert "事后" in texts(widget) and "事后" in [e.text for e in widget.legend.entries]
    assert "事后" in widget.reading_at(T - 5 * H) and "事后" not in widget.reading_at(T - 30 * H)
    widget.show_view(replace(back, moment=T - 12 * H))
    assert drawn_to(widget) == T - 12 * H, "it follows the moment"
    widget.show_view(replace(back, now=T - 24 * H))
    assert drawn_to(widget) == T - 24 * H and not faded(widget) and not len(widget.rain.after.opts["x"])
    assert "事后" not in texts(widget) and "m" not in widget.reading_at(T - 5 * H)
    assert widget.box.viewRange()[1][1] < widget._view.curves[0].v.max() + 4, "what is not drawn takes no room"
    widget.show_view(view())
    assert drawn_to(widget) == T and not faded(widget)


def test_the_ribbon_fades_what_was_only_known_later(widget):
    widget.show_view(view(moment=T - 24 * H, peak=None))
    assert widget.ribbon.known_until == T - 24 * H
    widget.show_view(view())
    assert widget.ribbon.known_until == np.inf


def covered(widget, t, y):
    """Return the words that lie over a place of the plot."""
    (x0, x1), (y0, y1) = widget.box.viewRange()
    whole = widget.box.rect()
    at = QPointF(whole.left() + (t - x0) / (x1 - x0) * whole.width(), whole.top() + (y1 - y) / (y1 - y0) * whole.height())
    return [p.label.text for p in widget.words.placed if p.box.contains(at)]


def test_no_word_lies_on_the_reading_that_was_chosen(widget):
    widget.resize(360, 190)
    marks = tuple(Limit("design", f"设计水位第{k}档", 25.0 + k) for k in range(12))
    widget.show_view(view(to_t=T, limits=marks))
    widget.grab()
    curve = widget.main_curve()
    under = [i for i in range(len(curve.t)) if covered(widget, float(curve.t[i]), float(curve.v[i]))]
    assert under, "in a plot so small words lie over the curve"
    for i in under:
        widget.pick(curve.sid, int(curve.t[i]))
        assert covered(widget, float(curve.t[i]), float(curve.v[i])) == []


def test_a_forecast_is_no_reading_of_later(widget):
    ahead = curve("level", "水位", "m", np.linspace(30, 33, 60), end=T + 10 * H)
    ahead.quality[ahead.t > T] = int(Quality.FORECAST)
    widget.show_view(view(curves=(ahead,), peak=None, present=None))
    ends = [float(line.getData()[0][-1]) for _, line in widget._curves[0].lines]
    assert max(ends) == T + 10 * H and not faded(widget)
    assert "预报" in widget.reading_at(T + 5 * H) and "预报" in [e.text for e in widget.legend.entries]


def test_the_level_now_stands_at_the_now_line_with_trend_and_rate_beside_the_crest(widget):
    shown = view()
    widget.show_view(shown)
    now = f"现 {shown.present.value:.2f} ↓"
    assert any(t.startswith(now) for t in texts(widget)) and any(t.startswith("最高") for t in texts(widget))
    widget.resize(900, 420)
    widget.grab()
    assert f"{now} −0.03 m/h" in texts(widget)
    widget.show_view(replace(shown, peak=None, present=replace(shown.present, trend=1, per_h=0.05)))
    assert any("↑ +0.05 m/h" in t for t in texts(widget)) and not any("最高" in t for t in texts(widget))
    widget.show_view(replace(shown, peak=None, present=replace(shown.present, old=True)))
    assert any(t.startswith("最新") for t in texts(widget)) and not any(t.startswith("现") for t in texts(widget))


def gaps(widget):
    regions = [m for m in widget.marks.items if type(m).__name__ == "LinearRegionItem"]
    return {tuple(r.getRegion()): tuple(r.span) for r in regions}


def test_rain_that_stopped_is_a_gap_up_to_the_moment_and_a_missing_figure_no_dry_hour(widget):
    v = np.full(60, 3.0)
    v[30:33] = np.nan
    rain = curve("rain", "北江流域面雨量", "mm", v, end=T - 8 * H)
    widget.show_view(view(curves=(view().curves[0], rain)))
    found = gaps(widget)
    assert (T - 8 * H, T) in found and found[T - 8 * H, T][0] > 0.75, "in the rain's own part"
    assert (rain.t[29], rain.t[33]) in found
    assert len(widget.rain.known.opts["height"]) == 57 and np.all(np.asarray(widget.rain.known.opts["height"]) > 0)
    assert "缺测" in [e.text for e in widget.legend.entries]
    widget.show_view(view(curves=(view().curves[0], rain), moment=T - 8 * H, now=T))
    assert (T - 8 * H, T) not in gaps(widget), "then it had not stopped yet"
    silent = replace(rain, v=np.full(60, np.nan))
    widget.show_view(view(curves=(silent,), limits=(), peak=None, present=None))
    assert "缺测" in widget.legend.entries[0].text and not len(widget.rain.known.opts["x"])


def test_rain_is_named_with_its_greatest_and_stays_in_its_part_above_limits_and_words(widget):
    shown = view()
    widget.show_view(shown)
    assert widget.legend.entries[0].text == f"北江流域面雨量 最大值 {shown.curves[1].v.max():.1f} mm/h"
    assert widget.legend.isVisible() and widget.legend.placed()[0][0].sign == "rain"
    assert SHARE >= 4 and widget.rain_box.viewRange()[1][1] == pytest.approx(shown.curves[1].v.max() * SHARE)
    x, y = widget.rain.ink(*widget.box.viewRange()[1])
    at = [widget.box.mapFromView(QPointF(*p)) for p in zip(x.tolist(), y.tolist(), strict=True)]
    boxes = {p.label.text[:2]: p.box for p in widget.words.placed}
    assert {"最高", "警戒"} <= set(boxes) and not any(box.contains(p) for box in boxes.values() for p in at)
    limits = (Limit("normal", "正常蓄水", 154.5), Limit("flood_limit", "汛限", 144.5))
    widget.show_view(view(curves=(shown.curves[1],), limits=limits, peak=None, present=None, note="没有水位和流量数据"))
    top = widget.box.mapFromView(QPointF(T, 154.5)).y()
    assert top > QRectF(widget.box.rect()).height() / SHARE, "a limit without data is not under the bars"
    assert "没有水位和流量数据" in texts(widget)


def test_no_axis_stands_without_its_series_and_levels_have_three_ticks(widget, qtbot):
    widget.resize(560, 200)
    for top in (0.3, 1.0, 4.7, 10.0, 17.3, 310.0):
        only = curve("level", "水位", "m", np.linspace(20, 20 + top, 73))
        widget.show_view(view(curves=(only, view().curves[1]), limits=(), peak=None, present=None))
        widget.grab()
        axis = widget.item.getAxis("left")
        ticks = [text for _, _, text in axis._specs[2] if text]
        assert len(ticks) >= 3, (top, ticks)
        assert not widget.item.getAxis("right").isVisible()
    flow = curve("flow", "流量", "m³/s", np.linspace(9000, 18000, 73))
    widget.show_view(view(curves=(*view().curves, flow)))
    right = widget.item.getAxis("right")
    assert right.isVisible()
    told = lambda: widget.grab() and [text for _, _, text in right._specs[2]]  # noqa: E731
    qtbot.waitUntil(lambda: any(text.endswith(" 000") for text in told()))
    widget.show_view(view(curves=(view().curves[1],), limits=(), peak=None, present=None))
    assert not widget.item.getAxis("left").isVisible()


def test_the_legend_explains_dots_and_dots_of_lines_and_leaves_out_what_has_no_room(widget):
    widget.show_view(view())
    assert [(e.sign, e.text) for e in widget.legend.entries][1:] == [("dot", "实测"), ("dotted", "重建")]
    widget.grab()
    widget.resize(230, 240)
    assert len(widget.legend.placed()) < len(widget.legend.entries)
    assert "重建" in widget.legend.toolTip()


def test_beside_other_stations_the_own_curve_is_named_too(widget):
    own = replace(view().curves[0], name="英德（本站）")
    other = replace(own, name="石角（后移 13 h）", v=own.v - 9, tint=1)
    widget.show_view(view(curves=(own, other), limits=(), peak=None, present=None, level_word="距各自警戒 m"))
    assert {"英德", "石角"} <= set(texts(widget))
    widget.show_view(view(curves=(view().curves[0], replace(other, name="2013-08-17（历史）"))))
    assert {"本次", "2013-08-17"} <= set(texts(widget))


@pytest.mark.parametrize("size", [(830, 268), (830, 388), (520, 268)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_reading_that_is_corrected_is_always_whole_to_see(qtbot, qapp, size, language):
    look = make_look(qapp, language=language)
    desk = CurveDesk(look, "张三")
    desk.setStyleSheet(look.style_sheet())
    qtbot.addWidget(desk)
    desk.resize(*size)
    desk.show()
    desk.show_view(view())
    desk.open_page("correct")
    form = desk.form
    whole = lambda label: label.height() >= label.heightForWidth(label.width()) and label.height() > 0  # noqa: E731
    qtbot.waitUntil(lambda: whole(form.head))
    form.show_point(PointView("飞来峡水利枢纽 库水位", "2022-06-22 13:00", "12.21", "m", "重建"))
    qtbot.waitUntil(lambda: whole(form.head) and whole(form.old))
    for part in (form.value, form.void, form.reason, form.name, form.button):
        inside = QRectF(part.mapTo(form.area.viewport(), part.rect().topLeft()), part.size())
        assert QRectF(form.area.viewport().rect()).contains(inside), part
