"""Figures of a window: times over a line and volumes by hand, and gaps that are told, not bridged."""

from __future__ import annotations

import math

import numpy as np
import pytest

from console.domain.quality import Quality
from console.engine.series_stats import fastest_rise, flood_peaks, over_threshold, stretch_of, summary, value_at

H = 3600


def stretch(values, *, hours=None, from_h=None, to_h=None, quality=None):
    t = np.array(range(len(values)) if hours is None else hours, np.int64) * H
    q = np.zeros(len(t), np.int64) if quality is None else np.array(quality, np.int64)
    first = t[0] if from_h is None else from_h * H
    last = t[-1] if to_h is None else to_h * H
    return stretch_of(t, np.array(values, float), q, H, first, last)


def test_a_triangle_over_a_line_by_hand():
    s = stretch([0, 10, 20, 10, 0])
    over = over_threshold(s, 10.0)
    assert over.seconds == 2 * H and over.amount == pytest.approx(10 * H) and over.unknown == 0
    whole = over_threshold(s, -5.0)
    assert whole.seconds == 4 * H and whole.amount == pytest.approx((10 + 5) * 4 * H)
    assert over_threshold(s, 20.0).amount == 0 and over_threshold(s, 25.0).seconds == 0
    flat = over_threshold(stretch([7, 7, 7]), 5.0)
    assert (flat.seconds, flat.amount) == (2 * H, pytest.approx(4 * H))
    with pytest.raises(ValueError):
        over_threshold(s, math.nan)


def test_a_gap_is_not_bridged_and_its_share_is_told():
    s = stretch([20, 20, 20, 20], hours=[0, 1, 9, 10])
    over = over_threshold(s, 10.0)
    assert over.seconds == 2 * H and over.amount == pytest.approx(20 * H), "the eight silent hours count for nothing"
    assert over.unknown == pytest.approx(0.8)
    found = summary(s)
    assert found.completeness == pytest.approx(0.2) and found.gaps == ((1 * H, 9 * H),)
    assert fastest_rise(s, 3) is None, "no run is three hours long"


def test_the_window_cuts_the_line_where_it_ends_and_missing_ends_are_gaps():
    s = stretch([0, 10, 20, 30], from_h=0.5, to_h=2.5)
    assert s.t.tolist() == [0.5 * H, H, 2 * H, 2.5 * H] and s.v.tolist() == [5, 10, 20, 25]
    assert summary(s).completeness == 1.0
    short = stretch([1, 2, 3], hours=[4, 5, 6], from_h=0, to_h=8)
    assert summary(short).gaps == ((0, 4 * H), (6 * H, 8 * H)) and summary(short).completeness == 0.25
    assert summary(stretch([1.0], hours=[50], from_h=0, to_h=8)) is None


def test_peak_rise_and_rates_of_a_flood():
    found = summary(stretch([5.0, 4.5, 4.5, 5.0, 6.5, 7.0, 6.9]))
    assert found.high == (5 * H, 7.0) and found.low == (H, 4.5)
    assert found.rise == (2 * H, 4.5), "the last lowest reading before the peak"
    rates = {r.span_h: r for r in found.rates}
    assert rates[1].per_h == pytest.approx(1.5) and rates[1].t == 4 * H
    assert rates[3].per_h == pytest.approx(2.5 / 3)
    assert rates[6].per_h == pytest.approx(1.9 / 6)
    assert summary(stretch([3.0, 2.0, 1.0])).rise is None


def test_suspect_bad_and_missing_readings_decide_nothing():
    q = [0, Quality.SUSPECT, 0, Quality.BAD, 0, Quality.FORECAST]
    s = stretch([5.0, 99.0, 5.2, -50.0, 5.4, 60.0], quality=q)
    found = summary(s)
    assert found.high[1] == 5.4 and found.low[1] == 5.0 and s.left_out == 3
    assert summary(stretch([math.nan, 3.0, math.inf])).high[1] == 3.0


def test_a_value_is_read_on_the_line_but_not_in_a_gap():
    t, v = np.array([0, H, 5 * H], np.int64), np.array([1.0, 2.0, 9.0])
    assert value_at(t, v, H, 1800) == 1.5 and value_at(t, v, H, 5 * H) == 9.0
    assert value_at(t, v, H, 3 * H) is None and value_at(t, v, H, -1) is None and value_at(t, v, H, 6 * H) is None


def test_two_floods_are_found_and_an_edge_is_no_peak():
    t = np.arange(0, 40 * 24, dtype=np.int64) * H
    v = 10 + 5 * np.exp(-(((t / 86400 - 10) / 2) ** 2)) + 8 * np.exp(-(((t / 86400 - 25) / 2) ** 2)) + np.linspace(0, 3, len(t))
    peaks = flood_peaks(t, v, 5 * 86400, 3)
    assert [round(p[0] / 86400) for p in peaks] == [25, 10] and peaks[0][1] > peaks[1][1]
    assert flood_peaks(t, np.full(len(t), np.nan), 86400, 3) == []
