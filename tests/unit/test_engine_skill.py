"""Forecast skill by GB/T 22482-2008: the permissible errors, the grades, and what cannot be scored."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.engine.refused import EngineRefused
from console.engine.skill import (
    dc_grade,
    peak_by_reach,
    peak_by_runoff,
    peak_time,
    qualified_rate,
    rate_grade,
    runoff_depth,
    series_score,
)


def test_events_are_judged_as_the_standard_says(shared, within):
    case = json.loads((shared / "refcases/gbt22482_skill.json").read_text("utf-8"))
    peaks, depths = [], []
    for e in case["events"]:
        peak = peak_by_runoff(e["Qsim_peak"], e["Qobs_peak"])
        when = peak_time(e["tsim"], e["tobs"], e["tobs"] - e["dt_forecast_h"])
        depth = runoff_depth(e["R_sim"], e["R_obs"])
        assert peak.error / e["Qobs_peak"] == pytest.approx(e["peak_rel_err"], abs=1e-9) and peak.ok is e["peak_ok"]
        assert when.limit == pytest.approx(e["peak_time_limit_h"]) and when.ok is e["peak_time_ok"]
        assert depth.limit == pytest.approx(e["runoff_limit_mm"]) and depth.ok is e["runoff_ok"]
        peaks.append(peak)
        depths.append(depth)
    expected = case["expected"]
    rate = qualified_rate(peaks)
    assert (rate.percent, rate.grade) == (expected["QR_peak_percent"], expected["QR_peak_grade"]) and rate.limits
    assert qualified_rate(depths).percent == expected["QR_runoff_percent"]
    score = series_score(case["series"]["sim"], case["series"]["obs"])
    within("gbt22482_skill", "DC", abs(score.dc - expected["DC"]), 1e-9)
    within("gbt22482_skill", "KGE", abs(score.kge - expected["KGE2009"]), 1e-9)
    assert score.grade == expected["DC_grade"]
    assert score.rmse == pytest.approx(expected["RMSE"], abs=1e-7)
    assert score.pbias_percent == pytest.approx(expected["PBIAS_percent"], abs=1e-9)


def test_a_river_reach_is_judged_by_the_change_within_the_lead_time():
    assert peak_by_reach(17000, 18000, 12000, element="flow").limit == pytest.approx(1200)
    assert peak_by_reach(17800, 18000, 17900, element="flow").limit == pytest.approx(900), "at least 5 % of the flow"
    assert peak_by_reach(11.05, 11.0, 10.9, element="level").limit == pytest.approx(0.10)


def test_grades_change_at_their_bounds():
    assert [rate_grade(v) for v in (85, 84.9, 70, 69.9, 60, 59.9)] == ["甲", "乙", "乙", "丙", "丙", "不合格"]
    assert [dc_grade(v) for v in (0.90, 0.895, 0.894, 0.70, 0.50, 0.49)] == ["甲", "甲", "乙", "乙", "丙", "不合格"]


def test_missing_observations_are_counted_and_nothing_is_scored_from_nothing():
    f, o = np.array([1.0, 2.0, 5.0, 3.0]), np.array([1.0, np.nan, 4.0, 3.0])
    score = series_score(f, o)
    assert (score.used, score.left_out, score.peak_late_steps) == (3, 1, 0) and "1 个时刻" in score.limits[0]
    flat = series_score([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    assert flat.dc is None and flat.kge is None and flat.grade is None
    with pytest.raises(EngineRefused):
        series_score([1.0, np.nan, 3.0], [1.0, 2.0, 3.0])
    with pytest.raises(EngineRefused):
        qualified_rate([])
    with pytest.raises(EngineRefused, match="洪峰之后"):
        peak_time(10, 8, 9)
    with pytest.raises(EngineRefused):
        peak_by_runoff(float("nan"), 100)
