"""Real-time correction: errors that persist are taken off and fade; gaps and white noise are said."""

from __future__ import annotations

import numpy as np
import pytest

from console.engine.correction import correct, fit_errors, kalman
from console.engine.refused import EngineRefused

T = np.arange(300.0)
SIM = 2000 + 1500 * np.exp(-(((T - 200) / 40) ** 2))


def observed(phi=0.9, sd=40.0, seed=5):
    w = np.random.default_rng(seed).normal(0, sd, len(T))
    e = np.zeros(len(T))
    for i in range(1, len(T)):
        e[i] = phi * e[i - 1] + w[i]
    return SIM + e


def test_the_memory_of_the_errors_is_found():
    got = fit_errors(SIM, observed())
    assert got.phi[0] == pytest.approx(0.9, abs=0.06) and got.sigma_m3s == pytest.approx(40, rel=0.15) and got.gain > 0.6


@pytest.mark.parametrize("how", [correct, kalman])
def test_corrected_forecasts_are_better_at_short_lead_and_no_worse_at_long(how):
    seen = observed()
    raw, fixed = [], []
    for at in range(150, 270, 3):
        model = fit_errors(SIM[:at], seen[:at])
        got = how(model, SIM[: at + 24], seen[:at])
        raw.append(SIM[at : at + 24] - seen[at : at + 24])
        fixed.append(got.flow_m3s - seen[at : at + 24])
    before, after = np.sqrt(np.mean(np.square(raw), axis=0)), np.sqrt(np.mean(np.square(fixed), axis=0))
    assert after[0] < 0.7 * before[0] and after[-1] < 1.1 * before[-1]


def test_the_correction_fades_and_its_band_widens():
    seen = observed()
    got = correct(fit_errors(SIM[:200], seen[:200], 2), SIM[:260], seen[:200])
    assert abs(got.correction_m3s[-1]) < 0.2 * abs(got.correction_m3s[0]) + 5
    width = got.high_m3s - got.low_m3s
    assert (np.diff(width) >= -1e-9).all() and any("降雨" in s for s in got.limits)


def test_the_filter_bridges_missing_observations_and_says_so():
    seen = observed()[:200]
    model = fit_errors(SIM, seen)
    seen[-5:] = np.nan
    with pytest.raises(EngineRefused, match="卡尔曼"):
        correct(model, SIM[:220], seen)
    got = kalman(model, SIM[:220], seen)
    assert np.isfinite(got.flow_m3s).all() and any("最近 5 个时刻" in s for s in got.limits)


def test_errors_without_memory_or_that_never_fade_are_named():
    noise = SIM + np.random.default_rng(1).normal(0, 50, len(T))
    assert any("作用不大" in s for s in fit_errors(SIM, noise).limits)
    drifting = fit_errors(SIM, SIM + 5 * T)
    assert drifting.phi[0] <= 0.995 and any("系统偏差" in s for s in drifting.limits)


def test_a_flow_is_never_corrected_below_nothing():
    sim = np.full(60, 10.0)
    seen = np.full(50, 1.0)
    sim[50:] = 2.0
    got = kalman(fit_errors(sim, seen), sim, seen)
    assert (got.flow_m3s >= 0).all() and got.floored > 0 and (got.low_m3s >= 0).all()


def test_too_little_is_refused():
    for call, code in (
        (lambda: fit_errors(SIM[:5], SIM[:5]), "short"),
        (lambda: fit_errors(SIM, SIM, 9), "parameter"),
        (lambda: fit_errors(SIM[:10], SIM), "shape"),
        (lambda: fit_errors(np.full(20, np.nan), SIM[:20]), "gap"),
        (lambda: kalman(fit_errors(SIM, observed()), SIM, SIM), "short"),
        (lambda: kalman(fit_errors(SIM, observed()), SIM, np.full(9, np.nan)), "short"),
    ):
        with pytest.raises(EngineRefused) as caught:
            call()
        assert caught.value.code == code
