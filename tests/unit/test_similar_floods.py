"""Past floods like the present one: found where they were hidden, apart, and never this flood itself."""

from __future__ import annotations

import numpy as np
import pytest

from console.engine.refused import EngineRefused
from console.engine.similar_floods import HOUR_S, hourly, similar

DAY = 24


def wave(hours, at, high):
    return 5.0 + high * np.exp(-(((hours - at) / 30.0) ** 2))


def year(*peaks, hours=400 * DAY):
    h = np.arange(hours, dtype=float)
    return h * HOUR_S, 5.0 + sum((wave(h, at, high) - 5.0 for at, high in peaks), np.zeros(hours))


def now_of(high, until_h=-10.0, window=48):
    return wave(np.arange(until_h - window, until_h + 1.0), 0.0, high)


def test_the_flood_that_rose_the_same_is_first_and_what_followed_is_told():
    past = ("", *year((60 * DAY, 4.0), (150 * DAY, 6.0), (300 * DAY, 2.0)))
    found = similar([past], now_of(5.9), window_h=48, ahead_h=72)
    first = found[0]
    assert first.at_t / HOUR_S == pytest.approx(150 * DAY - 10, abs=2)
    assert first.rms < 0.2 and first.peak == pytest.approx(11.0, abs=0.01) and first.peak_h == pytest.approx(10, abs=2)
    assert first.change > 3.0
    assert [f.rms for f in found] == sorted(f.rms for f in found)
    times = np.sort([f.at_t for f in found])
    assert (np.diff(times) >= 240 * HOUR_S).all()


def test_the_same_rise_two_metres_lower_is_less_alike():
    past = ("a", *year((60 * DAY, 4.0)))
    lower = ("b", past[1], past[2] - 2.0)
    found = similar([lower, past], now_of(4.0), window_h=48, ahead_h=72, most=1)
    assert found[0].source == "a" and found[0].rms < 0.01


def test_a_hole_in_the_past_is_not_bridged_and_a_window_without_readings_now_is_refused():
    t, v = year((60 * DAY, 4.0))
    kept = (t < (60 * DAY - 30) * HOUR_S) | (t > (60 * DAY + 60) * HOUR_S)
    found = similar([("", t[kept], v[kept])], now_of(4.0), window_h=48, ahead_h=72)
    assert found and found[0].rms > 1.0, "the like hours are not there, and nothing is made up for them"
    gone = now_of(4.0)
    gone[:30] = np.nan
    with pytest.raises(EngineRefused, match="不足九成"):
        similar([("", t, v)], gone, window_h=48, ahead_h=72)
    assert similar([("", t[:1], v[:1])], now_of(4.0), window_h=48, ahead_h=72) == []


def test_a_record_that_ends_while_it_rises_has_not_passed_its_peak():
    h = np.arange(2000.0)
    v = wave(h, 2010.0, 6.0)  # ends ten hours before its peak
    found = similar([("", h * HOUR_S, v)], now_of(6.0, until_h=-12.0), window_h=48, ahead_h=72, most=1)[0]
    assert found.known_h < 5 and found.peak_h == found.known_h


def test_hours_between_readings_are_straight_and_long_holes_empty():
    t = np.array([0.0, 3.0, 20.0]) * HOUR_S
    found = hourly(t, np.array([1.0, 4.0, 9.0]), 0.0, 22 * HOUR_S)
    assert found[:4] == pytest.approx([1, 2, 3, 4]) and found[20] == 9.0
    assert np.isnan(found[4:20]).all() and np.isnan(found[21:]).all()


def test_ten_years_are_searched_while_one_looks():
    import time

    past = ("", *year(*((60 * DAY + 365 * DAY * k, 3.0 + k / 3) for k in range(10)), hours=3650 * DAY))
    began = time.perf_counter()
    assert len(similar([past], now_of(5.0), window_h=48, ahead_h=72)) == 5
    assert time.perf_counter() - began < 5.0
