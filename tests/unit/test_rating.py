"""The stage-discharge curve: fit against a known law, its range, its tests, and the loop of a flood."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.engine.rating import NoRating, fit_power, flood_loop, three_tests
from console.presenters.rating_years import loop_of_year


@pytest.fixture
def gauged(shared):
    case = json.loads((shared / "refcases/rating_power_dev.json").read_text("utf-8"))
    rows = np.loadtxt(shared / "refcases" / case["data"], delimiter=",", skiprows=1)
    return case, rows[:, 0], rows[:, 1]


def test_the_fit_meets_the_reference_within_its_tolerance(gauged, within):
    case, z, q = gauged
    rating = fit_power(z, q)
    for level, flow in case["expected"]["Q_true_at"]:
        within("rating_power_dev", "流量（相对）", abs(float(rating.flow_m3s(np.array(level))) / flow - 1), 0.025)
    assert 0.02 < rating.se < 0.04 and rating.n == len(z)
    assert (rating.low_m, rating.high_m) == (z.min(), z.max())
    assert rating.inside(np.array([18.0, 20.0, 31.5])).tolist() == [False, True, False]
    assert three_tests(rating, z, q).passed


def test_two_wild_gaugings_do_not_bend_the_curve(gauged):
    case, z, q = gauged
    wild = q.copy()
    wild[[5, 40]] *= (3.0, 0.3)
    rating = fit_power(z, wild)
    for level, flow in case["expected"]["Q_true_at"]:
        assert float(rating.flow_m3s(np.array(level))) == pytest.approx(flow, rel=0.03)


def test_a_shifted_bed_fails_the_three_tests(gauged):
    _, z, q = gauged
    assert not three_tests(fit_power(z, q), z + 0.4, q).passed


def test_what_cannot_be_fitted_says_why():
    with pytest.raises(NoRating) as few:
        fit_power(np.array([1.0, 2.0, np.nan, 3.0]), np.array([1.0, 2.0, 3.0, -1.0]))
    assert few.value.reason == "few"
    with pytest.raises(NoRating) as span:
        fit_power(np.linspace(5, 5.2, 9), np.linspace(100, 110, 9))
    assert span.value.reason == "span"
    with pytest.raises(NoRating) as shape:
        fit_power(np.linspace(5, 9, 12), np.linspace(900, 100, 12))
    assert shape.value.reason == "shape"


def test_a_flood_wave_makes_a_loop_and_a_single_valued_curve_makes_none():
    phase = np.linspace(0, np.pi, 49)
    z = 5 + 6 * np.sin(phase)
    steady = 80 * (z - 2) ** 1.6
    loop = flood_loop(z, steady * (1 + 0.1 * np.cos(phase)))
    assert loop.marked and loop.anticlockwise and 0.05 < loop.share < 0.2
    assert not flood_loop(z, steady).marked
    assert not flood_loop(z, steady * (1 - 0.1 * np.cos(phase))).anticlockwise
    assert flood_loop(z[:25], steady[:25]) is None, "a flood that only rises has no loop yet"
    assert flood_loop(z[:3], steady[:3]) is None


def test_each_other_year_is_compared_by_its_highest_flood():
    hours = np.arange(0, 4000, dtype=np.int64) * 3600
    rise = 10 + 3 * np.exp(-(((np.arange(4000) - 1500) / 20.0) ** 2)) + 5 * np.exp(-(((np.arange(4000) - 3000) / 20.0) ** 2))
    good = np.zeros(4000, np.int64)
    level, flow = (hours, rise, good), (hours, 100 * (rise - 8) ** 1.5, good)
    loop = loop_of_year(2013, level, flow, 72 * 3600)
    assert loop.level_m.max() == pytest.approx(15.0) and len(loop.t) == 73 and loop.measured.all()
    assert abs(int(loop.t[int(np.argmax(loop.level_m))]) - 3000 * 3600) <= 3600
    spoilt = (hours, rise, np.where(np.abs(np.arange(4000) - 3000) < 200, 2, 0))
    assert loop_of_year(2013, spoilt, flow, 72 * 3600).level_m.max() == pytest.approx(13.0), "doubtful readings are no flood"
    assert loop_of_year(2013, level, (hours[:3], rise[:3], good[:3]), 72 * 3600) is None
