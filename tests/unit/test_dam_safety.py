"""The dam-safety model: the reference case, and when it must refuse or doubt."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from console.engine.dam_safety import FitRefused, HstForm, Load, fit, lagged_mean, parts_of
from console.engine.residuals import limit_state, recent_ratio, step_of, still_for, trend_of

DAY = 86400.0


def made(n=150, seed=3, noise=0.05):
    rng = np.random.default_rng(seed)
    t = (np.arange(n) * 7 + rng.integers(-2, 3, n)) * DAY
    level = 20 + 3 * np.sin(t / DAY / 58) + rng.normal(0, 0.5, n)
    value = 2 + 0.4 * level + 0.9 * np.sin(2 * np.pi * t / DAY / 365.25) + rng.normal(0, noise, n)
    return t, level, value


def test_the_fit_meets_the_reference_case(shared, within):
    case = json.loads((shared / "refcases" / "hst_dev.json").read_text("utf-8"))
    with (shared / "refcases" / "hst_dev.csv").open(encoding="utf-8") as file:
        rows = np.array([[float(v) for v in line] for line in list(csv.reader(file))[1:]])
    day, level, moved = rows.T
    form = HstForm(level_degree=3, period_days=365.0, log_shift=1.0)
    load = Load(day * DAY, level)
    model = fit(form, load, moved, 0.0, leave_out=False)
    a = case["expected"]["ols"]
    turn, theta = 2 * np.pi * day / 365, day / 100
    season = a[4] * np.sin(turn) + a[5] * np.cos(turn) + a[6] * np.sin(2 * turn) + a[7] * np.cos(2 * turn)
    expected = a[0] + a[1] * level + a[2] * level**2 + a[3] * level**3 + season + a[8] * theta + a[9] * np.log(1 + theta)
    within("hst_dev", "拟合值", np.abs(parts_of(model, load).total - expected).max(), 1e-6, "mm")
    rmse = float(np.sqrt(np.square(model.residual).mean()))
    within("hst_dev", "均方根误差", abs(rmse - case["expected"]["rmse"]), 0.003, "mm")
    assert model.r2 == pytest.approx(case["expected"]["R2"], abs=1e-6) and model.r2 > 0.999
    true = case["true"]
    for term, name in {"s1": "b11", "c1": "b12", "s2": "b21", "c2": "b22", "theta": "c1", "tlog": "c2"}.items():
        assert abs(model.coefficients[term] - true[name]) < 3 * model.errors[term], name


def test_the_parts_add_up_and_name_the_cause():
    t, level, value = made()
    load = Load(t, level)
    model = fit(HstForm(1), load, value, 0.0)
    parts = parts_of(model, load)
    assert np.allclose(parts.base + sum(parts.by_cause.values()), parts.total)
    assert np.ptp(parts.by_cause["level"]) > np.ptp(parts.by_cause["season"]) > 1.5 > np.ptp(parts.by_cause["time"])
    assert not parts.by_cause["rain"].any()


def test_missing_values_are_left_out_and_mad_readings_do_not_bend_the_curve():
    t, level, value = made()
    clean = fit(HstForm(1), Load(t, level), value, 0.0)
    value[[5, 40]] = np.nan
    level[60] = np.nan
    value[[20, 90, 91]] += 8.0
    model = fit(HstForm(1), Load(t, level), value, 0.0)
    assert model.n == 150 - 3 - 3 and model.suspects == 3
    assert model.s == pytest.approx(clean.s, rel=0.1) and model.residual[90] > 7.5
    assert np.isnan(model.residual[[5, 40, 60]]).all()
    kept = fit(HstForm(1), Load(t, level), value, 0.0, leave_out=False)
    assert kept.suspects == 0 and kept.s > 5 * model.s


def test_a_tenth_of_odd_readings_is_no_accident_and_is_not_swept_away():
    t, level, value = made()
    value[100:130] += 5.0
    assert fit(HstForm(1), Load(t, level), value, 0.0).suspects < 15


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("few", lambda t, h, v: (t[:20], h[:20], v[:20])),
        ("short", lambda t, h, v: (t / 6, h, v)),
        ("gap", lambda t, h, v: (np.where(t > 400 * DAY, t + 300 * DAY, t), h, v)),
        ("still", lambda t, h, v: (t, np.full_like(h, 20.0), v)),
        ("few", lambda t, h, v: (t, h, np.full_like(v, np.nan))),
    ],
)
def test_too_little_is_refused_with_its_reason(code, change):
    t, level, value = change(*made())
    with pytest.raises(FitRefused) as refused:
        fit(HstForm(1), Load(t, level), value, 0.0)
    assert refused.value.code == code


def test_terms_that_cannot_be_told_apart_are_refused_unless_ridge_is_asked_for():
    t, level, value = made()
    lag = level[:, None]
    form = HstForm(1, level_lags_days=(2.0,))
    with pytest.raises(FitRefused, match="collinear"):
        fit(form, Load(t, level, lag), value, 0.0)
    ridged = fit(HstForm(1, level_lags_days=(2.0,), ridge=1e-3), Load(t, level, lag), value, 0.0)
    assert ridged.r2 > 0.98


def test_rain_before_the_reading_is_a_cause_of_its_own():
    t, level, value = made()
    rain = np.random.default_rng(5).gamma(0.6, 20.0, len(t))
    form = HstForm(1, rain_lags_days=(2.0,))
    load = Load(t, level, rain_lag_mm=rain[:, None])
    model = fit(form, load, value + 0.03 * rain, 0.0)
    assert model.coefficients["r2"] == pytest.approx(0.03, abs=0.002)
    dry = Load(t, level, rain_lag_mm=np.full((len(t), 1), np.nan))
    assert np.isnan(parts_of(model, dry).total).all(), "an unknown rain is no dry day"


def test_a_lag_mean_needs_most_of_its_readings():
    t = np.arange(0, 5 * 24) * 3600.0
    v = np.where(t < 2 * DAY, 1.0, 3.0)
    assert lagged_mean(t, v, np.array([3 * DAY]), 2.0)[0] == pytest.approx(2.0)
    assert np.isnan(lagged_mean(t, v, np.array([DAY, 30 * DAY]), 2.0)).all()
    assert np.isnan(lagged_mean(t[:1], v[:1], np.array([DAY]), 2.0)).all()


def test_limits_are_judged_by_three_readings_not_by_a_spike():
    assert limit_state(np.array([0.1, 9.0, 0.2]), 1.0) == "normal"
    assert limit_state(np.array([2.1, 2.2, 2.5]), 1.0) == "attention"
    assert limit_state(np.array([-3.1, -3.2, -3.5]), 1.0) == "alarm"
    assert limit_state(np.array([np.nan]), 1.0) == "unknown" and recent_ratio(np.array([1.0]), 0.0) is None


def test_a_trend_is_found_in_noise_and_not_in_noise_alone():
    rng = np.random.default_rng(1)
    t = np.arange(200) * DAY
    noise = rng.normal(0, 1, 200)
    assert trend_of(t, noise).p > 0.05
    drifting = trend_of(t, noise + 0.02 * np.arange(200))
    assert drifting.significant and drifting.slope_per_day == pytest.approx(0.02, abs=0.004)
    assert trend_of(t[:5], noise[:5]) is None and trend_of(t, np.zeros(200)) is None


def test_a_step_is_told_from_a_slow_rise():
    rng = np.random.default_rng(2)
    t = np.arange(60) * 3600.0
    noise = rng.normal(0, 0.1, 60)
    step = step_of(t, noise + np.where(t >= 30 * 3600, 1.5, 0.0), 0.1)
    assert step.t == 30 * 3600 and step.ratio > 10 and step.size == pytest.approx(1.5, abs=0.2)
    assert step_of(t, noise + np.linspace(0, 1.5, 60), 0.1).ratio < 5
    assert step_of(t[:5], noise[:5], 0.1) is None


def test_readings_that_stand_still_are_counted_from_the_last_change():
    t = np.arange(10) * 3600.0
    assert still_for(t, np.array([1, 2, 3, 4, 4, 4, 4, 4, 4, 4.0])) == (6, 7)
    assert still_for(t, np.full(10, np.nan)) == (0.0, 0)
