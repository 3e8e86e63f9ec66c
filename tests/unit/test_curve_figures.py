"""Figures beside a curve: limits that change with the season, rain gauges, what a comparison exports, what a click means."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.objects import Station, Threshold
from console.domain.quality import Quality
from console.domain.rain import greatest_sum
from console.domain.time import from_beijing
from console.presenters.curve_compare import Companion, compared
from console.presenters.curve_export import curve_table
from console.presenters.curve_stats import Asked, stat_box
from console.viewdata.curves import Curve, HydrographView
from widgets.plot_pick import nearest

H = 3600
NOON = from_beijing("2024-06-22 12:00")


def same(text):
    return text


def curve(v, role="level", end=NOON, name="水位", unit="m", sid=1, **more):
    t = end - H * np.arange(len(v) - 1, -1, -1, dtype=np.int64)
    return Curve(role, name, unit, t, np.array(v, float), np.zeros(len(v), np.int64), 3600, sid, **more)


def view(*curves, **more):
    first = min(float(c.t[0]) for c in curves)
    return HydrographView("A", "英德", first, float(NOON), float(NOON), float(NOON), tuple(curves), **more)


def lines(shown, station):
    return {line.word: line for line in stat_box(shown, station, Asked(shown.from_t, shown.to_t), same).lines}


def pool(*marks):
    return Station("R", "水库", "reservoir", thresholds=tuple(Threshold("flood_limit", v, "RZ", season=s) for v, s in marks))


def test_the_hours_over_a_limit_by_season_count_each_day_by_its_own_limit():
    one = curve([22.0] * 73, element="RZ")  # from 06-19 12:00
    told = lines(view(one), pool((24.0, ("0101", "0621")), (20.0, ("0622", "1231"))))["超汛限历时"]
    assert told.text == "12.0 小时" and told.note == "24.00→20.00 m", "over only since the lower limit is in force"
    always = lines(view(one), pool((20.0, None)))["超汛限历时"]
    assert always.text == "≥72.0 小时" and always.note == "20.00 m（窗口起已超）"
    half = lines(view(one), pool((20.0, ("0622", "1231"))))["超汛限历时"]
    assert half.text == "12.0 小时" and "窗口起" not in half.note


def test_a_rain_gauge_has_its_sums_its_heaviest_hours_and_how_much_was_read():
    v = [0.0, 1.0, 20.0, 30.0, 5.0, 0.0, 900.0, 2.0, 0.0, 0.0, 0.0, 0.0]
    rain = curve(v, "rain", name="雨量", unit="mm", element="P")
    rain.quality[6] = int(Quality.SUSPECT)
    keep = np.arange(12) != 8
    gauge = curve([0.0], "rain", name="雨量", unit="mm", element="P")
    gauge = Curve("rain", "雨量", "mm", rain.t[keep], rain.v[keep], rain.quality[keep], 3600, 1)
    shown = HydrographView("G", "站", float(NOON - 12 * H), float(NOON), float(NOON), float(NOON), (gauge,))
    box = stat_box(shown, Station("G", "站", "rain"), Asked(shown.from_t, shown.to_t), same)
    told = {line.word: line for line in box.lines}
    assert told["雨量 累计"].text == "≥58.0 mm", "one is doubtful, one is missing"
    assert told["最大 1 h"].text == "≥30.0 mm" and "06-22 04:00" in told["最大 1 h"].note
    assert told["最大 3 h"].text == "≥55.0 mm" and "最大 24 h" not in told
    assert told["雨量 完整率"].text == "83.3 %" and "1 个存疑" in box.notes[0]


def test_the_greatest_sum_is_that_of_every_window_tried_by_hand():
    rng = np.random.default_rng(3)
    t = np.flatnonzero(rng.random(400) < 0.8) * H
    v = np.round(rng.gamma(0.4, 8.0, len(t)), 1)
    for hours in (1, 3, 6, 24):
        by_hand = max(v[(t > end - hours * H) & (t <= end)].sum() for end in t)
        assert greatest_sum(t, v, 3600, hours)[1] == pytest.approx(by_hand)
    assert greatest_sum(t, v, 86400, 6) is None and greatest_sum(t[:0], v[:0], 3600, 6) is None


def test_a_comparison_exports_departures_as_such_under_each_stations_own_name():
    station = Station("A", "英德", "river", thresholds=(Threshold("warning", 26.0, "Z"),))
    other = Station("B", "韶关(二)", "river", thresholds=(Threshold("warning", 53.0, "Z"),))
    made = compared(
        view(curve([27.0, 27.5])),
        station,
        [(Companion(other, None, 13 * H), curve([55.0, 55.1], sid=2))],
        "warning",
        same,
    )
    rows = curve_table(made, same)[1:]
    assert {r[0] for r in rows} == {"英德", "韶关(二)"} and {r[4] for r in rows} == {"距各自警戒 m"}
    assert sorted(float(r[3]) for r in rows) == pytest.approx([1.0, 1.5, 2.0, 2.1])


def test_a_click_finds_a_value_first_then_what_was_voided_and_on_a_rain_gauge_its_bar():
    level = curve([10.0, np.nan, 10.4])

    def scale(role):
        return 60.0, 0.01, 10.2

    t = [int(x) for x in level.t]
    assert nearest(view(level), t[1], scale) == (1, t[1]), "a mistaken voiding can be taken back"
    assert nearest(view(level), t[0], lambda role: (600.0, 0.1, 10.0)) == (1, t[0])
    assert nearest(view(level), t[0], lambda role: (60.0, 0.01, 50.0)) is None
    rain = curve([1.0, 2.0, 3.0], "rain", sid=7)
    assert nearest(view(rain), t[1] - 1800, scale) == (7, t[1]), "a bar stands for the hour before its stamp"
    assert nearest(view(level, rain), t[1] - 1800, scale) is None, "beside a level the basin's rain is none of this station's"


def test_a_negative_rain_is_none_and_what_came_after_the_moment_is_said():
    gauge = curve([5.0, -99.0, 5.0, 7.0], "rain", name="雨量", unit="mm", element="P")
    shown = view(gauge)
    assert lines(shown, Station("G", "站", "rain"))["雨量 累计"].text == "≥12.0 mm"
    back = HydrographView("G", "站", shown.from_t, shown.to_t, float(NOON - 2 * H), float(NOON), (gauge,))
    dragged = stat_box(back, Station("G", "站", "rain"), Asked(shown.from_t, shown.to_t, dragged=True), same)
    assert any("事后" in note for note in dragged.notes)
    plain = stat_box(back, Station("G", "站", "rain"), Asked(shown.from_t, shown.to_t), same)
    assert not any("事后" in note for note in plain.notes) and "7.0" not in str(plain.lines)
    steady = np.arange(1, 60, dtype=np.int64) * 300
    assert greatest_sum(steady, np.full(59, 0.1), 300, 1)[0] == 12 * 300, "the first of equals"
