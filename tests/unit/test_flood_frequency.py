"""Pearson III: quantiles as in the tables, fits that find what they were drawn from, honest limits."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from console.engine.frequency import (
    Pearson3,
    TooFewYears,
    between_published,
    fit_maxima,
    frequency_factor,
    period_interval,
    quantile,
    quantile_interval,
    return_period,
)

SHIJIAO = [(10, 13900.0), (50, 17600.0), (100, 19000.0)]


def drawn(n, seed=3, mean=9000.0, cv=0.35, cs=1.0):
    p = np.random.default_rng(seed).uniform(0, 1, n)
    return mean * (1 + cv * frequency_factor(p, cs))


def test_quantiles_and_frequency_factors_agree_with_the_published_table(shared, within):
    case = json.loads((shared / "refcases/pearson3_quantiles.json").read_text("utf-8"))
    p = np.array(case["P_percent"]) / 100
    expected = case["expected"]
    for cs in (1, 2):
        off = np.abs(frequency_factor(p, float(cs)) - np.array(expected[f"Phi_Cs{cs}"])).max()
        within("pearson3_quantiles", f"Φ（Cs={cs}）", off, 1e-3)
    fit = Pearson3(case["Ex"], case["Cv"], case["Cs"], 60, "given")
    assert quantile(fit, 1 / p) == pytest.approx(expected["x"], rel=1e-6)
    for years, x in zip(1 / p, expected["x"], strict=True):
        assert return_period(fit, x) == pytest.approx(years, rel=1e-6)


def test_a_skew_of_nothing_is_the_normal_law_and_a_negative_one_its_mirror():
    assert float(frequency_factor(0.01, 0.0)) == pytest.approx(2.3263, abs=1e-4)
    assert float(frequency_factor(0.01, 2e-3)) == pytest.approx(2.3263, abs=3e-3)
    assert float(frequency_factor(0.1, -1.0)) == pytest.approx(-float(frequency_factor(0.9, 1.0)))
    fit = Pearson3(100.0, 0.3, -0.8, 40, "given")
    assert return_period(fit, float(quantile(fit, 50.0))) == pytest.approx(50.0, rel=1e-6)


@pytest.mark.parametrize("method", ["moments", "l-moments", "curve"])
def test_a_long_series_gives_back_the_law_it_was_drawn_from(method):
    fit = fit_maxima(drawn(4000), method)
    assert fit.n == 4000 and fit.method == method
    assert fit.mean == pytest.approx(9000, rel=0.02) and fit.cv == pytest.approx(0.35, abs=0.02)
    assert fit.cs == pytest.approx(1.0, abs=0.15)
    truth = Pearson3(9000, 0.35, 1.0, 1, "truth")
    assert float(quantile(fit, 100.0)) == pytest.approx(float(quantile(truth, 100.0)), rel=0.03)


def test_the_interval_holds_the_estimate_is_the_same_every_time_and_shrinks_with_the_years():
    short, long = fit_maxima(drawn(30)), fit_maxima(drawn(120))
    a, b = quantile_interval(short, 100.0), quantile_interval(short, 100.0)
    assert (a.low, a.high) == (b.low, b.high) and a.low < a.value < a.high and "bootstrap" in a.by
    wide = quantile_interval(long, 100.0)
    assert wide.high - wide.low < a.high - a.low
    period = period_interval(long, float(quantile(long, 50.0)))
    assert period.value == pytest.approx(50.0, rel=1e-3) and 15 < period.low < 50 < period.high


def test_a_short_or_senseless_series_is_refused_with_the_reason():
    with pytest.raises(TooFewYears) as caught:
        fit_maxima([1.0] * 9)
    assert caught.value.n == 9
    for bad in ([5.0] * 12, [*range(1, 12), math.nan], [*range(1, 12), -3.0], [*range(1, 12), math.inf]):
        with pytest.raises(ValueError):
            fit_maxima(bad)
    with pytest.raises(ValueError):
        quantile(Pearson3(1, 0.3, 1, 20, "x"), 1.0)


def test_between_published_flows_is_read_but_nothing_beyond_them():
    assert between_published(SHIJIAO, 17600.0).years == pytest.approx(50.0)
    between = between_published(SHIJIAO, 18500.0)
    assert between.side == "within" and 70 < between.years < 90
    assert between.years == pytest.approx(50 * 2 ** (900 / 1400))
    assert between_published(SHIJIAO, 20000.0).side == "above"
    assert between_published(SHIJIAO, 9000.0).side == "below"
    for bad in ([(10, 1.0)], [(10, 5.0), (50, 4.0)], [(10, 5.0), (50, math.nan)], [(1, 2.0), (10, 3.0)]):
        with pytest.raises(ValueError):
            between_published(bad, 3.0)
