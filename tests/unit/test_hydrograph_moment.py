"""What a hydrograph and its figures may say at a moment: the crest once it fell, the rate now, nothing of later."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from console.domain.elements import flow_text, grouped
from console.domain.objects import Series, Station, Thing, Threshold
from console.domain.quality import Quality
from console.domain.states import State
from console.domain.time import from_beijing
from console.presenters.curve_export import curve_table
from console.presenters.curve_past import own_peak
from console.presenters.curve_stats import Asked, stat_box
from console.presenters.hydrograph_marks import crest, marked, present_of
from console.presenters.hydrograph_subject import subject_of
from console.presenters.rating import rating_view
from console.viewdata.curves import Curve, HydrographView

T = from_beijing("2022-06-22 06:00")
H = 3600
STATION = Station("A", "英德", "river", "北江", thresholds=(Threshold("warning", 26.0),))


def same(text):
    return text


def level(values, quality=0, interval=H):
    """Readings of which the last is at T."""
    t = T + interval * (np.arange(len(values), dtype=np.int64) - len(values) + 1)
    return Curve("level", "水位", "m", t, np.array(values, float), np.full(len(values), quality, np.int64), interval, 7, "Z")


def view_of(curve, moment=T, now=T, **more):
    return HydrographView("A", "英德", float(curve.t[0]), T + 12 * H, moment, now, (curve,), **more)


def test_a_level_that_still_rises_has_no_crest_but_a_present_value_with_its_rate():
    told = marked(view_of(level([35.6, 35.68, 35.73, 35.78])), STATION, same)
    assert told.peak is None
    assert (told.present.value, told.present.trend, told.present.state) == (35.78, 1, State.WARNING)
    assert told.present.per_h == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("values", "interval", "named"),
    [
        ([35.0, 35.8, 35.76], 600, False),  # four centimetres in ten minutes: may rise again
        ([35.0, 35.8, 35.75], 600, True),
        ([35.0, 35.8, 35.79, 35.79, 35.79, 35.79, 35.79, 35.79], 600, True),  # an hour of less
        ([35.0, 35.8, 35.8, 35.8, 35.8], H, False),  # it stands still: nobody knows yet
        ([35.0, 35.8, 35.4, 35.7], H, True),
    ],
)
def test_the_highest_is_a_crest_once_the_level_fell_after_it(values, interval, named):
    assert (crest(level(values, interval=interval)) is not None) is named


def test_whoever_looks_back_hears_nothing_of_later_readings():
    curve = level([25, 25.8, 27, 30, 34, 35, 33, 31])
    at = float(curve.t[3])
    told = marked(view_of(curve, at, T), STATION, same)
    assert told.peak is None and told.present.value == 30 and told.present.t == at
    assert [c[0] for c in told.crossings] == [curve.t[2]]
    assert marked(view_of(curve, float(curve.t[1]), T), STATION, same).crossings == ()
    assert marked(view_of(curve), STATION, same).peak[:2] == (curve.t[5], 35.0)
    assert own_peak(curve, at) == at, "an earlier flood is laid over what was highest up to then"
    box = stat_box(view_of(curve, at + 60, T), STATION, Asked(float(curve.t[0]), T + 12 * H), same)
    highest = box.lines[0]
    assert highest.text == "30.00 m" and "还未回落" in highest.note, "figures and picture say the same"


def test_a_gap_is_no_crossing_and_what_is_doubtful_is_never_the_present_value():
    told = marked(view_of(level([27, np.nan, 28, 27.5])), STATION, same)
    assert told.crossings == (), "it was over the warning level before the gap too"
    wild = level([27.0, 27.1, 99.0])
    wild.quality[2] = int(Quality.SUSPECT)
    assert marked(view_of(wild), STATION, same).present.value == 27.1
    for hostile in ([np.nan, np.nan], [1e300, -1e300], [np.inf, 5.0]):
        marked(view_of(level(hostile)), STATION, same)


def test_an_old_reading_is_not_called_the_present_one():
    curve = level([27.0, 27.1])
    assert not present_of(curve, STATION, T + 1.4 * H).old
    assert present_of(curve, STATION, T + 3 * H).old
    assert present_of(level([27.0]), STATION, T).per_h is None


def test_time_over_warning_is_a_least_one_when_the_window_begins_above_it():
    curve = level(np.linspace(30, 31, 101))
    lines = {line.word: line for line in stat_box(view_of(curve), STATION, Asked(float(curve.t[0]), T), same).lines}
    assert lines["超警历时"].text == "≥100.0 小时" and "窗口起已超" in lines["超警历时"].note
    assert lines["涨率"].text == "现 +0.01 m/h" and lines["涨率"].note.startswith("最快 1/3/6 h 0.01/0.01/0.01 m/h，至 06-")
    rises = level([25, 25.5, 26.5, 27])
    lines = {line.word: line for line in stat_box(view_of(rises), STATION, Asked(float(rises.t[0]), T), same).lines}
    assert not lines["超警历时"].text.startswith("≥") and "已超" not in lines["超警历时"].note


def test_a_dragged_stretch_of_later_says_so():
    curve = level([25, 25.8, 27, 30, 34, 35, 33, 31])
    view = view_of(curve, float(curve.t[3]), T)
    later = stat_box(view, STATION, Asked(float(curve.t[1]), float(curve.t[6]), dragged=True), same)
    assert any("事后" in note for note in later.notes)
    assert next(line for line in later.lines if line.word == "涨率").text.startswith("段末 −2.00")
    assert not stat_box(view, STATION, Asked(float(curve.t[1]), float(curve.t[3]), dragged=True), same).notes


def test_rows_of_later_readings_are_marked_as_such_and_live_left_out():
    curve = level([25, 26, 27, 28])
    back = curve_table(view_of(curve, float(curve.t[1]), T), same)[1:]
    assert [row[7] for row in back] == ["", "", "事后", "事后"]
    assert len(curve_table(view_of(curve, float(curve.t[1]), float(curve.t[1])), same)) == 1 + 2


def board(**things):
    stations = {
        "A": STATION,
        "R": Station("R", "某库", "reservoir", "北江"),
        "G": Station("G", "1 号孔", "gate", facts={"works": "W"}),
        "S": Station("S", "渗压 1", "sensor", facts={"driver": {"object": "A", "element": "Z"}}),
        "X": Station("X", "流浪", "sensor", facts={"driver": ["A"], "works": {"a": 1}, "object": 7}),
    }
    works = Thing("works", "W", "北江大堤", facts={"level": {"object": "A", "element": "Z"}, **things})
    row = SimpleNamespace(station=STATION, level=object(), state=State.WARNING, margin_m=9.0)
    return SimpleNamespace(
        stations=stations,
        series={1: Series(1, "A", "Z", "m"), 2: Series(2, "G", "GTO", "m")},
        things={"works": (works, Thing("works", "V", "无关"))},
        board=SimpleNamespace(rows=(row,)),
    )


def test_a_selection_without_a_curve_is_stood_for_by_what_its_facts_name_and_the_title_says_so():
    titles = {code: subject_of(board(), code, same).title for code in ("A", "R", "W", "G", "S", "X", "V", "?", None)}
    assert titles["A"] == "英德 · 北江" and titles["R"] == "某库 · 北江", "its own empty plot says what is missing"
    assert titles["W"] == "英德 · 北江（北江大堤的相关站）"
    assert titles["G"] == "英德 · 北江（1 号孔的相关站）" and titles["S"] == "英德 · 北江（渗压 1的相关站）"
    for code in ("X", "V", "?", None):
        assert titles[code] == "未选中的站：英德（当前最险）"
    assert subject_of(board(level={"object": ["A"]}, object="A"), "W", same).station.code == "A"


def test_a_rating_without_pairs_names_the_station_and_what_would_fill_it():
    view = rating_view(STATION, None, same)
    assert view.missing.startswith("英德 没有同时的水位和流量") and "接入" in view.missing and view.notes == ()
    t = np.array([T], np.int64)
    rows = (t, np.array([27.0]), np.zeros(1, np.int64))
    apart = replace(STATION), (rows, (t + H, np.array([900.0]), np.zeros(1, np.int64)))
    assert "所示时段没有" in rating_view(*apart, same).missing
    assert rating_view(STATION, (rows, rows), same).missing == ""


def test_flows_are_grouped_by_three_digits_as_in_the_other_views():
    assert [flow_text(v) for v in (17240.0, 720.4, 8.123, 0.0, None, float("nan"))] == ["17 200", "720", "8.12", "0", "—", "—"]
    assert [grouped(t) for t in ("-12345.50", "1000", "999", "—", "1e+06", "")] == [
        "-12 345.50",
        "1 000",
        "999",
        "—",
        "1e+06",
        "",
    ]
