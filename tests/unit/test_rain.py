"""Rain of a window, its grade, the basin's mean and the isohyets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from console.domain.rain import BOUNDS_12H, BOUNDS_24H, grade, grade_word, window_sum
from console.engine.areal_rain import areal_rain, thiessen_weights
from console.engine.isohyets import bands, spread

CASES = Path(__file__).resolve().parents[3] / "shared" / "refcases"


def case(name):
    if not (CASES / f"{name}.json").exists():
        pytest.skip("the reference cases are not on this machine")
    return json.loads((CASES / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize(("name", "bounds"), [("rain_grade_24h", BOUNDS_24H), ("rain_grade_12h", BOUNDS_12H)])
def test_grades_are_those_of_the_standard(within, name, bounds):
    wrong = [one for one in case(name)["cases"] if grade_word(one["mm"], bounds) != one["grade"]]
    within(name, "判错的等级", len(wrong), 0)


def test_rain_is_rounded_before_it_is_graded():
    assert (grade(9.94), grade(9.95), grade(float("nan"))) == (1, 2, 0)


def hourly(n, end=100 * 3600):
    return np.arange(end - (n - 1) * 3600, end + 1, 3600, dtype=np.int64)


def test_six_hours_are_the_six_stamps_up_to_the_moment():
    t = hourly(24)
    found = window_sum(t, np.arange(24.0), 3600, t[-1], 6)
    assert (found.mm, found.whole, found.text()) == (sum(range(18, 24)), True, "123.0")


def test_a_window_with_a_gap_is_a_lower_bound_and_says_so():
    t = hourly(6)[[0, 1, 4, 5]]
    found = window_sum(t, np.ones(4), 3600, t[-1], 6)
    assert (found.mm, found.share, found.text()) == (4.0, pytest.approx(4 / 6), "≥4.0")


def test_a_daily_gauge_says_nothing_of_an_hour():
    t = np.array([100 * 3600], np.int64)
    assert window_sum(t, np.array([130.0]), 86400, 100 * 3600, 1) is None
    assert window_sum(t, np.array([130.0]), 86400, 100 * 3600, 24).mm == 130.0


def test_the_hour_under_way_is_not_missing_yet():
    t = hourly(6)
    assert window_sum(t, np.ones(6), 3600, t[-1] + 1800, 6).whole


def test_no_reading_is_unknown_and_never_zero():
    assert window_sum(hourly(3), np.full(3, np.nan), 3600, 100 * 3600, 6) is None
    assert window_sum(hourly(3), np.ones(3), 3600, 200 * 3600, 6) is None


@pytest.mark.parametrize("name", ["thiessen_rect", "thiessen_irregular"])
def test_thiessen_weights_are_those_of_the_reference(within, name):
    doc = case(name)
    basin, gauges = shapely.Polygon(doc["basin"]), np.array(doc["gauges"], float)
    weights, _ = thiessen_weights(basin, gauges)
    within(
        name, "权重", np.abs(weights - np.array(doc["expected"]["weights"])).max(), 1e-9 if name == "thiessen_rect" else 1e-6
    )


def test_a_silent_gauge_gives_its_ground_to_its_neighbours():
    doc = case("thiessen_irregular")
    rain = np.array(doc["rain_mm"])
    rain[doc["missing_case"]["gauge_index_missing"]] = np.nan
    found = areal_rain(shapely.Polygon(doc["basin"]), np.array(doc["gauges"], float), rain)
    assert found.mm == pytest.approx(doc["expected"]["areal_missing_mm"], abs=1e-5)
    assert (found.missing, found.used) == (1, 4)


def test_two_gauges_at_one_place_share_its_ground():
    weights, _ = thiessen_weights(shapely.box(0, 0, 2, 1), np.array([[0.5, 0.5], [0.5, 0.5], [1.5, 0.5]]))
    assert weights == pytest.approx([0.25, 0.25, 0.5])


def test_without_any_rain_nothing_is_claimed():
    assert areal_rain(shapely.box(0, 0, 1, 1), np.array([[0.5, 0.5]]), np.array([np.nan])) is None
    with pytest.raises(ValueError, match="finite"):
        thiessen_weights(shapely.box(0, 0, 1, 1), np.array([[np.nan, 0.5]]))


def test_isohyets_keep_the_gauges_values_and_cover_what_they_bound():
    rng = np.random.default_rng(1)
    gauges, rain = rng.uniform(0, 100, (30, 2)), rng.uniform(0, 200, 30)
    x = y = np.linspace(0, 100, 201)
    z = spread(gauges, rain, x, y)
    assert rain.min() <= z.min() and z.max() <= rain.max()
    exact = spread(gauges, rain, gauges[:1, 0], gauges[:1, 1])
    assert exact[0, 0] == pytest.approx(rain[0], abs=1e-3)
    found = bands(x, y, z, BOUNDS_24H)
    area = sum(shapely.Polygon(r[0], r[1:]).area for b in found for r in b.rings)
    wet = (z >= 0.1).mean() * 100 * 100
    assert area == pytest.approx(wet, rel=0.02)
    assert [b.low_mm for b in found] == sorted(b.low_mm for b in found)
