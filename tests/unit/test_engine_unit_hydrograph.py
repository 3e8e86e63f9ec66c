"""Unit hydrographs: tabled Nash ordinates, a triangle that holds its rain, curve number, antecedent index."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.engine.refused import EngineRefused
from console.engine.unit_hydrograph import (
    antecedent_index,
    curve_number_net_mm,
    direct_runoff,
    nash,
    saturation_net_mm,
    scs_triangle,
)


@pytest.mark.parametrize("name", ["nash_uh_a", "nash_uh_b"])
def test_nash_ordinates_and_flow_are_as_tabled(shared, within, name):
    case = json.loads((shared / f"refcases/{name}.json").read_text("utf-8"))
    expected = case["expected"]
    uh = nash(case["n"], case["K_h"], case["dt_h"], len(expected["uh"]))
    within(name, "纵标", np.abs(uh.share - expected["uh"]).max(), 1e-9)
    got = direct_runoff(case["net_rain_mm"], uh, case["area_km2"], len(expected["Q_m3s"]))
    assert got.flow_m3s == pytest.approx(expected["Q_m3s"], rel=1e-9, abs=1e-8)
    assert got.peak_m3s == pytest.approx(expected["peak"], rel=1e-9) and got.peak_step + 1 == expected["t_peak_h"]
    within(name, "总和", abs(nash(case["n"], case["K_h"], case["dt_h"]).share.sum() - 1.0), 1e-4)


def test_a_cut_answer_says_what_comes_later():
    got = direct_runoff([10.0, 20.0], nash(3, 4, 1), 100.0, 8)
    assert len(got.flow_m3s) == 8 and got.unseen > 0.1 and any("之后流出" in s for s in got.limits)
    assert len(direct_runoff([10.0], scs_triangle(3.0, 1.0), 1.0, 40).flow_m3s) == 40


def test_the_triangle_holds_its_rain_and_peaks_where_it_should():
    uh = scs_triangle(6.0, 1.0)
    assert uh.share.sum() == pytest.approx(1.0) and (uh.share >= 0).all()
    assert uh.share.argmax() == 6, "Tp = D/2 + L = 6.5 h lies in the seventh hour"
    with pytest.raises(EngineRefused, match="削平"):
        scs_triangle(2.0, 3.0)


def test_curve_number_meets_the_handbook_and_no_rain_gives_nothing():
    s = 25400 / 75 - 254
    net = curve_number_net_mm([20.0, 60.0, 20.0], 75.0)
    assert net.sum() == pytest.approx((100 - 0.2 * s) ** 2 / (100 + 0.8 * s)) and (net >= 0).all()
    assert curve_number_net_mm([5.0, 3.0], 75.0).sum() == 0.0
    assert curve_number_net_mm([5.0, 3.0], 100.0).sum() == pytest.approx(8.0)
    assert saturation_net_mm([30.0, 40.0, 10.0], 60.0, 100.0) == pytest.approx([0.0, 30.0, 10.0])


def test_the_antecedent_index_meets_the_check_value_and_its_cap():
    assert antecedent_index([10.0], 0.9, 120.0, 40.0).pa_mm == pytest.approx([40.0, 45.0])
    wet = antecedent_index([200.0, 0.0], 0.9, 120.0, 40.0)
    assert wet.pa_mm[1] == 120.0 and wet.capped == 1 and any("截断" in s for s in wet.limits)
    drained = antecedent_index([200.0, 0.0], 0.9, 120.0, 40.0, runoff_mm=[150.0, 0.0])
    assert drained.pa_mm[1] == pytest.approx(81.0) and not drained.limits


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: nash(-1, 4, 1), "parameter"),
        (lambda: nash(3, float("nan"), 1), "parameter"),
        (lambda: nash(3, 1e9, 1), "parameter"),
        (lambda: direct_runoff([1.0, float("nan")], nash(3, 4, 1), 10.0), "gap"),
        (lambda: direct_runoff([-1.0], nash(3, 4, 1), 10.0), "negative"),
        (lambda: antecedent_index([1.0], 1.2, 100.0, 10.0), "parameter"),
        (lambda: antecedent_index([1.0], 0.9, 100.0, 10.0, runoff_mm=[50.0]), "parameter"),
        (lambda: curve_number_net_mm([1.0], 10.0), "parameter"),
        (lambda: saturation_net_mm([1.0], 110.0, 100.0), "parameter"),
    ],
)
def test_what_cannot_be_is_refused(call, code):
    with pytest.raises(EngineRefused) as caught:
        call()
    assert caught.value.code == code and caught.value.detail
