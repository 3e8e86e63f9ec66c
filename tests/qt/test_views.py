"""Views as officers meet them: tables, curves, map, time bar, forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage

from console.domain.states import State
from console.domain.time import from_beijing
from console.services.duty_desk import LOG_TYPES
from console.viewdata.curves import Curve, HydrographView, Limit
from console.viewdata.duty import AlarmRow, Happening, LogRow
from console.viewdata.palette import PaletteItem
from console.viewdata.timebar import PlayerView, TimeBarView, TimeMark
from widgets.alarm_list import AlarmList
from widgets.duty_log import DutyLog
from widgets.hydrograph import Hydrograph
from widgets.overview import HappeningList
from widgets.palette import Palette
from widgets.time_bar import TimeBar

T = from_beijing("2022-06-22 14:00")


def view(**changes):
    t = T + np.arange(-48, 1) * 3600
    v = np.linspace(24.0, 35.97, 49)
    level = Curve("level", "水位", "m", np.delete(t, range(20, 26)), np.delete(v, range(20, 26)), np.ones(43, np.int64))
    rain = Curve("rain", "北江流域面雨量", "mm", t, np.full(49, 3.0), np.ones(49, np.int64))
    return replace(
        HydrographView(
            "X",
            "英德(五)",
            T - 48 * 3600,
            T + 6 * 3600,
            T,
            T,
            (level, rain),
            (Limit("warning", "警戒", 26.0),),
            (T, 35.97, State.WARNING),
        ),
        **changes,
    )


def test_the_hydrograph_hatches_gaps_names_limits_and_reads_every_series(qtbot, look):
    widget = Hydrograph(look)
    qtbot.addWidget(widget)
    widget.resize(900, 400)
    widget.show()
    widget.show_view(view())
    regions = [m for m in widget.marks.items if type(m).__name__ == "LinearRegionItem"]
    assert len(regions) == 1 and regions[0].getRegion()[1] - regions[0].getRegion()[0] == 7 * 3600
    line = widget._curves[0].lines[0][1]
    assert np.isnan(line.yData).sum() == 1, "the curve is broken at the gap, nowhere else"
    text = widget.reading_at(T + 10)
    assert "35.97 m 重建" in text and "3.0 mm" in text and "+9.97 m" in text
    assert "缺测" in widget.reading_at(T - 26 * 3600 + 1800 + 3600)
    assert "警戒 26.00" in [p.label.text for p in widget.words.placed]
    curves = widget._view.curves
    widget.show_view(replace(view(), curves=curves, limits=widget._view.limits, moment=T - 3600))
    assert widget.now_line.value() == T - 3600 and widget._curves[0].curve is curves[0], (
        "moving the now-line draws nothing anew"
    )


def test_what_was_not_fetched_yet_is_hatched_and_named_apart_from_what_the_source_misses(qtbot, look):
    widget = Hydrograph(look)
    qtbot.addWidget(widget)
    widget.resize(900, 400)
    widget.show()
    widget.show_view(view(from_t=T - 60 * 3600, holes=((T - 60 * 3600, T - 49 * 3600),)))
    spans = [m.getRegion() for m in widget.marks.items if type(m).__name__ == "LinearRegionItem"]
    assert (T - 60 * 3600, T - 49 * 3600) in spans and len(spans) == 2
    assert [p.label.text for p in widget.words.placed].count("未取回") == 1
    assert "水位 未取回" in widget.reading_at(T - 55 * 3600)
    assert "缺测" in widget.reading_at(T - 26 * 3600 + 1800 + 3600)
    widget.show_view(view())
    assert "未取回" not in [p.label.text for p in widget.words.placed]


def test_an_empty_hydrograph_shows_no_axis_without_meaning(qtbot, look):
    widget = Hydrograph(look)
    qtbot.addWidget(widget)
    widget.show()
    assert not widget.plot.isVisible()
    widget.show_view(view(curves=(), limits=(), peak=None))
    widget.show_view(view())


def test_the_time_bar_asks_and_never_decides(qtbot, look):
    bar = TimeBar(look)
    qtbot.addWidget(bar)
    bar.resize(1400, 58)
    bar.show()
    player = PlayerView("2022-06 北江", T - 86400, T + 86400, 120.0, True, False)
    bar.show_view(TimeBarView(T - 86400, T + 86400, T, T, "live", 120.0, player, (TimeMark(T - 3600, "accent", "英德 超警"),)))
    ruler = bar.ruler
    with qtbot.waitSignal(bar.time_requested) as asked:
        qtbot.mouseClick(ruler, Qt.MouseButton.LeftButton, pos=QPoint(int(ruler.x_of(T - 40000)), 30))
    assert asked.args[0] == pytest.approx(T - 40000, abs=200)
    with qtbot.waitSignal(bar.time_requested) as asked:
        qtbot.mouseClick(ruler, Qt.MouseButton.LeftButton, pos=QPoint(int(ruler.x_of(T - 3600)) + 2, 30))
    assert asked.args[0] == T - 3600, "a click beside a mark goes to the mark"
    with qtbot.waitSignal(bar.seek_requested):
        qtbot.mouseClick(ruler, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(300, 30))
    with qtbot.waitSignal(bar.play_toggled):
        bar.play.click()
    with qtbot.waitSignal(bar.time_requested):
        qtbot.keyClick(ruler, Qt.Key.Key_Left)
    assert bar.moment.text() == "2022-06-22 14:00" and bar.rate.currentText() == "×120"


def test_a_focused_ruler_still_shows_its_scale(qtbot, look):
    bar = TimeBar(look)
    qtbot.addWidget(bar)
    bar.resize(1400, 58)
    bar.show()
    bar.show_view(TimeBarView(T - 86400, T + 86400, T, T - 5000, "at", 120.0))
    bar.ruler.setFocus()
    image = bar.ruler.grab().toImage()
    colors = {image.pixelColor(x, 20).name() for x in range(0, image.width(), 7)}
    assert len(colors) > 1, "the focus frame must not fill the ruler"


def test_the_palette_gives_the_focus_back(qtbot, look):
    from PySide6.QtWidgets import QLineEdit, QWidget

    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    editor = QLineEdit(window)
    palette = Palette(look, window)
    window.show()
    editor.setFocus()
    palette.open_with(
        [PaletteItem("object:LOC00112", "石角", "河道站", "sj"), PaletteItem("command:x", "打开值守", "", "dkzs")]
    )
    qtbot.keyClicks(palette.input, "sj")
    with qtbot.waitSignal(palette.chosen) as chosen:
        qtbot.keyClick(palette.input, Qt.Key.Key_Return)
    assert chosen.args == ["object:LOC00112"] and palette.isHidden()
    assert window.focusWidget() is editor


def alarm(n, acks=(), active=True):
    return AlarmRow(
        f"warning:S{n}:1",
        f"S{n}",
        State.WARNING,
        False,
        f"站{n} 超警戒",
        "起报 26.01 m",
        "06-12 18:00",
        "06-12 18:00",
        "已持续 2天",
        active,
        acks,
    )


def test_what_was_typed_stays_until_it_is_saved(qtbot, look):
    alarms = AlarmList(look, "张三")
    qtbot.addWidget(alarms)
    alarms.show()
    alarms.show_rows([alarm(1), alarm(2)])
    assert not alarms.button.isEnabled(), "nothing is chosen for the officer"
    alarms.list.setCurrentIndex(alarms.model.index(1))
    qtbot.keyClicks(alarms.note, "yi he shi")
    with qtbot.waitSignal(alarms.acknowledge_requested) as asked:
        alarms.button.click()
    assert asked.args == ["warning:S2:1", "张三", "yi he shi"]
    alarms.not_saved("没有保存：本机磁盘写不进去。")
    assert alarms.note.text() == "yi he shi" and "磁盘" in alarms.status.text()
    alarms.saved()
    assert alarms.note.text() == "" and "已保存" in alarms.status.text()


def test_ctrl_enter_in_the_log_saves_the_log_and_signs_nothing(qtbot, look):
    from PySide6.QtWidgets import QHBoxLayout, QWidget

    page = QWidget()
    qtbot.addWidget(page)
    alarms, log = AlarmList(look, "张三"), DutyLog(look, LOG_TYPES, "张三")
    box = QHBoxLayout(page)
    box.addWidget(alarms)
    box.addWidget(log)
    page.show()
    alarms.show_rows([alarm(1)])
    alarms.list.setCurrentIndex(alarms.model.index(0))
    signed, written = [], []
    alarms.acknowledge_requested.connect(lambda *a: signed.append(a))
    log.entry_requested.connect(lambda *a: written.append(a))
    log.text.setFocus()
    qtbot.keyClicks(log.text, "xun di")
    qtbot.keyClick(log.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert written == [("note", "xun di", "张三")] and signed == []


def test_hostile_text_is_shown_as_text(qtbot, look, tmp_path):
    picture = tmp_path / "secret.png"
    QImage(400, 400, QImage.Format.Format_RGB32).save(str(picture))
    evil = f'<img src="{picture}"><b>x</b>'
    log = DutyLog(look, LOG_TYPES, "张三")
    qtbot.addWidget(log)
    log.show_rows([LogRow("1", "06-22 14:00", "值班记录", evil, evil, "已上报", False, False)])
    index = log.model.index(0, 2)
    assert index.data() == evil and "<" not in index.data(Qt.ItemDataRole.ToolTipRole)
    alarms = AlarmList(look, "张三")
    qtbot.addWidget(alarms)
    alarms.show_rows([alarm(1, acks=((evil, evil, "06-22", False),))])
    alarms.list.setCurrentIndex(alarms.model.index(0))
    assert alarms.detail.textFormat() == Qt.TextFormat.PlainText and alarms.detail.sizeHint().height() < 200


def test_a_long_sentence_of_what_happens_stays_in_its_column(qtbot, look):
    pictures = []
    for word in ("短", "很长的一句话" * 20):
        widget = HappeningList(look)
        qtbot.addWidget(widget)
        widget.resize(1000, 64)
        items = [Happening(f"S{i}", State.WARNING, word if i == 0 else "石角 超警戒", "仍在上涨" * 10) for i in range(6)]
        widget.show_items(items)
        pictures.append(widget.grab().toImage().copy(502, 0, 498, 64))
    assert pictures[0] == pictures[1]


def test_a_grave_sentence_takes_the_room_that_the_other_column_has_no_need_of(qtbot, look):
    widget = HappeningList(look)
    qtbot.addWidget(widget)
    widget.resize(1000, 64)
    grave = Happening("S0", State.GUARANTEED, "北江大堤 安全监测异常、堤脚冲刷超限（模拟） +1.10 m", "未确认 · 自 06-21 08:00")
    calm = [Happening(f"S{i}", State.WARNING, "石角 超警戒", "仍在上涨") for i in range(1, 6)]
    widget.show_items([calm[0], *calm])
    assert widget.place_at(QPointF(505, 10)) == 1
    widget.show_items([grave, *calm])
    assert widget.place_at(QPointF(505, 10)) == 0 and widget.place_at(QPointF(980, 10)) == 1
