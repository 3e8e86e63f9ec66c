"""What is said of a place: the figure that its word names, since when that one is passed, who has it in hand."""

from __future__ import annotations

from dataclasses import replace

from console.domain.alarms import Alarm
from console.domain.quality import Quality
from console.domain.states import State
from console.presenters.overview import happenings
from tests.rows import T, board_of, station_row

H = 3600


def plain(text):
    return text


def said(row, *alarms, acks=None):
    (found,) = happenings(alarms, board_of(row), {row.code: row.station.name}.get, plain, acks or {})
    return found


def test_by_how_much_and_since_when_are_those_of_the_state_that_is_named():
    levels = [9.0] * 6 + [10.5, 11.0, 11.5, 11.9, 12.1, 12.5, 12.8]
    row = station_row("A", levels, thresholds={"warning": 10.0, "guaranteed": 12.0}, name="试验站")
    found = said(row)
    assert row.state is State.GUARANTEED and found.text == "试验站 超保 +0.80 m"
    assert "自 06-22 12:00" in found.detail, "the hour in which the guaranteed level was passed, not the warning one"


def test_of_two_alarms_the_graver_one_tells_since_when():
    row = station_row("A", [12.2] * 13, thresholds={"warning": 10.0, "guaranteed": 12.0}, name="试验站")
    alarms = [
        Alarm(f"{rule}:A", rule, "A", severity, figure, T - hours * H, 12.2, 12.2, T, T)
        for rule, severity, figure, hours in (("warning", 2, 10.0, 60), ("guaranteed", 4, 12.0, 30))
    ]
    assert "自 06-21 08:00" in said(row, *alarms).detail


def test_who_has_it_and_since_when_stand_before_what_may_come():
    row = station_row("A", [9.0 + 0.1 * i for i in range(13)], thresholds={"warning": 10.0, "guaranteed": 12.0}, name="试验站")
    parts = said(row).detail.split(" · ")
    assert parts[:2] == ["上涨", "尚未生成告警"] and parts[2].startswith("自 ") and "h 到保证" in parts[3]
    assert parts[4:] == ["10.20 m"], "what stands in map and table too is the first to be left out"


def test_a_level_that_fell_below_while_its_alarm_stands_is_told_by_its_margin():
    row = station_row("A", [10.1] * 12 + [9.97], thresholds={"warning": 10.0}, name="试验站")
    alarm = Alarm("w:A", "warning", "A", 2, 10.0, T - 5 * H, 10.1, 10.1, T, T)
    assert said(row, alarm).text == "试验站 超警戒 −0.03 m"


def test_a_doubtful_reading_is_named_and_nothing_is_concluded_from_it():
    row = station_row("A", [10.4] * 12 + [99.0], thresholds={"warning": 10.0, "record": 120.0}, name="试验站")
    level = replace(row.level, quality=Quality.SUSPECT, change_1h=88.6)
    doubtful = replace(row, level=level, samples={"Z": level}, margin_m=None, trend=0)
    alarm = Alarm("w:A", "warning", "A", 2, 10.0, T - 5 * H, 10.4, 10.4, T, T)
    told = said(doubtful, alarm)
    assert told.text == "试验站 超警戒" and "涨落不明" in told.detail and "读数存疑 99.00 m" in told.detail
    assert "照此" not in told.detail and "平稳" not in told.detail
