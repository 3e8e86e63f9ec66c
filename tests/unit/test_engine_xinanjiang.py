"""Xinanjiang: the published Chengcun flow, water that is never lost, runs that go on where they stopped, calibration."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from console.engine.refused import EngineRefused
from console.engine.xinanjiang import Conventions, Parameters, State, Units, band, run
from console.engine.xinanjiang_fit import calibrate

KEYS = {"kc": "KC", "um": "UM", "lm": "LM", "c": "C", "b": "B", "im": "IM", "sm": "SM", "ex": "EX", "ki": "KI", "kg": "KG",
        "cs": "CS", "ci": "CI", "cg": "CG", "ke_h": "KE", "xe": "XE"}  # fmt: skip
HOURLY = Parameters(ke_h=5.0, xe=0.45)


def published(case):
    p = case["parameters"]
    return Parameters(dm=p["WM"] - p["UM"] - p["LM"], **{ours: p[theirs] for ours, theirs in KEYS.items()})


@pytest.fixture
def chengcun(shared):
    case = json.loads((shared / "refcases/xaj_chengcun.json").read_text("utf-8"))
    rows = np.genfromtxt(shared / "refcases/xaj_chengcun.csv", delimiter=",", names=True)
    rain = np.stack([rows[f"P{i}"] for i in range(10)], axis=1) @ np.array(case["gauge_weights"]).T
    return Units.of(case["unit_areas_km2"]), published(case), rain, rows["EM"], rows["Q_published"]


def storm(n=72, seed=3):
    rain = np.zeros(n)
    rain[6:36] = np.random.default_rng(seed).gamma(0.6, 12.0, 30)
    return rain


def test_eight_years_of_chengcun_are_as_published(chengcun, within):
    units, parameters, rain, pan, flow = chengcun
    got = run(units, parameters, rain, pan, 24.0)
    within("xaj_chengcun", "流量", np.abs(got.flow_m3s[0] - flow).max(), 0.001, "m³/s")
    assert got.balance_error_mm < 1e-9
    assert any("预热" in s for s in got.limits), "the start is assumed and said so"


def test_every_intermediate_of_a_unit_area_is_as_tabled(shared, within):
    case = json.loads((shared / "refcases/xaj_unit_daily.json").read_text("utf-8"))
    rows = np.genfromtxt(shared / "refcases/xaj_unit_daily.csv", delimiter=",", names=True)
    unit = Units.of([case["area_km2"]])
    got = run(unit, published(case), rows["P"], rows["EM"], 24.0, keep=True)
    for term, column in {"runoff": "R", "surface": "RS", "interflow": "RI", "ground": "RG", "net_rain": "PE"}.items():
        assert got.terms[term][0, :, 0] == pytest.approx(rows[column], abs=1e-6, rel=5e-8), f"{column}: eight printed digits"
    assert got.terms["evaporation"][0, :, 0] == pytest.approx(rows["EU"] + rows["EL"] + rows["ED"], abs=1e-6)
    within("xaj_unit_daily", "流量", np.abs(got.flow_m3s[0] - rows["Qout"]).max(), 1e-6, "m³/s")
    before = run(unit, replace(published(case), ke_h=0.0), rows["P"], rows["EM"], 24.0).flow_m3s[0]
    assert before.max() == pytest.approx(case["expected"]["Qmax"], abs=1e-6)
    assert before.sum() * 86.4 / 150 == pytest.approx(case["expected"]["sumQ_mm"], abs=1e-5)
    other = run(unit, published(case), rows["P"], rows["EM"], 24.0, conventions=Conventions(wmm_over_im=False), keep=True)
    within("xaj_unit_daily", "径流总量（别的约定）", abs(other.terms["runoff"].sum() / case["expected"]["sumR"] - 1), 0.02)


@pytest.mark.parametrize("dt_h", [1.0, 6.0, 24.0])
@pytest.mark.parametrize("by_area", [True, False])
def test_no_drop_is_lost_and_stores_stay_within_their_capacity(dt_h, by_area):
    rain = np.random.default_rng(7).gamma(0.15, 20.0, (4, 300, 3))
    got = run(Units.of([50.0, 400.0, 900.0]), Parameters(im=0.05), rain, np.full(300, 0.2 * dt_h), dt_h,
              conventions=Conventions(free_by_area=by_area), keep=True)  # fmt: skip
    t, end = got.terms, got.state
    parts = t["evaporation"] + t["surface"] + t["interflow"] + t["ground"]
    held = end.wu + end.wl + end.wd + end.s * end.fr
    assert rain.sum(axis=1) == pytest.approx(parts.sum(axis=1) + held - 60.0, rel=1e-9), "ΣP = ΣE + ΣR + ΔW"
    assert got.balance_error_mm < 1e-9
    for store, most in ((end.wu, 20.0), (end.wl, 70.0), (end.wd, 40.0), (end.s, 30.0)):
        assert (store >= 0).all() and (store <= most + 1e-9).all()
    assert np.isfinite(got.flow_m3s).all() and (got.flow_m3s >= 0).all()


def test_a_run_cut_in_two_gives_the_same_flow_as_one():
    units = Units.of([800.0, 300.0], lag_h=[2.5, 0.0], surface_uh=[0.2, 0.5, 0.3])
    rain, pan = storm(), np.full(72, 0.1)
    whole = run(units, HOURLY, rain, pan, 1.0)
    first = run(units, HOURLY, rain[:25], pan[:25], 1.0)
    second = run(units, HOURLY, rain[25:], pan[25:], 1.0, first.state)
    assert np.hstack([first.flow_m3s, second.flow_m3s]) == pytest.approx(whole.flow_m3s, rel=1e-12)
    with pytest.raises(EngineRefused, match="不能接续"):
        run(Units.of([800.0, 300.0], lag_h=9.0), HOURLY, rain, pan, 1.0, first.state)


def test_the_volume_of_a_flood_hardly_depends_on_the_step():
    rain = np.repeat(np.random.default_rng(2).gamma(0.3, 3.0, 60), 24)
    pan = np.full(len(rain), 0.1)
    volumes = []
    for hours in (1, 6, 24):
        r, e = rain.reshape(-1, hours).sum(axis=1), pan.reshape(-1, hours).sum(axis=1)
        volumes.append(run(Units.of([500.0]), Parameters(), r, e, float(hours)).flow_m3s.sum() * hours)
    assert volumes[0] == pytest.approx(volumes[1], rel=0.02) and volumes[0] == pytest.approx(volumes[2], rel=0.03)


def test_a_lag_moves_the_flood_and_keeps_it():
    rain, pan = np.r_[storm(), np.zeros(200)], np.zeros(272)
    now = run(Units.of([100.0]), Parameters(), rain, pan, 1.0).flow_m3s[0]
    late = run(Units.of([100.0], lag_h=7.0), Parameters(), rain, pan, 1.0).flow_m3s[0]
    assert late[7:] == pytest.approx(now[:-7], rel=1e-12)


def test_a_thousand_members_of_twelve_basins_take_seconds_and_give_a_band():
    rain = storm()[None, :, None] * np.random.default_rng(1).lognormal(0, 0.4, (1000, 1, 12))
    began = time.perf_counter()
    got = run(Units.of(np.full(12, 800.0), lag_h=np.linspace(0, 7.5, 12)), HOURLY, rain, np.full(72, 0.15), 1.0)
    assert time.perf_counter() - began < 3.0
    low, middle, high = band(got.flow_m3s)
    assert got.flow_m3s.shape == (1000, 72) and low[40] < middle[40] < high[40]


def test_members_may_differ_in_their_parameters():
    rain, pan = storm(), np.zeros(72)
    both = run(Units.of([100.0]), Parameters(sm=np.array([[10.0], [60.0]])), rain, pan, 1.0)
    for row, sm in zip(both.flow_m3s, (10.0, 60.0), strict=True):
        assert row == pytest.approx(run(Units.of([100.0]), Parameters(sm=sm), rain, pan, 1.0).flow_m3s[0], rel=1e-12)


def test_bad_input_is_refused_with_its_place():
    units, pan = Units.of([100.0]), np.zeros(72)
    gap, negative = storm(), storm()
    gap[9], negative[4] = np.nan, -1.0
    for rain, code, said in ((gap, "gap", "10"), (negative, "negative", "第 5 行"), (storm(50), "shape", "50")):
        with pytest.raises(EngineRefused, match=said) as caught:
            run(units, Parameters(), rain, pan, 1.0)
        assert caught.value.code == code
    for bad, said in ((Parameters(b=-0.1), "b"), (Parameters(ki=0.6, kg=0.5), "KI"), (Parameters(ke_h=24.0, xe=0.1), "XE"),
                      (Parameters(sm=float("nan")), "sm")):  # fmt: skip
        with pytest.raises(EngineRefused, match=said):
            run(units, bad, storm(), pan, 1.0)
    with pytest.raises(EngineRefused, match="单元面积"):
        Units.of([100.0, -5.0])
    with pytest.raises(EngineRefused, match="wu"):
        run(units, Parameters(), storm(), pan, 1.0, replace(State.moist(1, 1), wu=np.array([[np.nan]])))
    with pytest.raises(EngineRefused) as caught:
        run(units, Parameters(), storm(), pan, 1.0, cancelled=lambda: True)
    assert caught.value.code == "cancelled"


def test_twelve_parameters_of_chengcun_are_found_again_within_ten_seconds(chengcun):
    units, parameters, rain, pan, flow = chengcun
    fixed = Parameters(im=parameters.im, ke_h=parameters.ke_h, xe=parameters.xe)
    began = time.perf_counter()
    found = calibrate(units, rain, pan, 24.0, flow, fixed)
    assert time.perf_counter() - began < 10.0
    assert len(found.values) == 12 and found.dc > 0.99999 and not found.stopped and not found.at_bound
    for name, value in found.values.items():
        assert value == pytest.approx(getattr(parameters, name), rel=0.01), name
    assert any("检验" in s for s in found.limits)


def test_a_calibration_can_be_cancelled_and_keeps_what_it_had():
    units, rain, pan = Units.of([100.0]), np.tile(storm(seed=8), 6), np.full(432, 0.1)
    truth = Parameters(sm=15.0, cs=0.5)
    flow = run(units, truth, rain, pan, 1.0).flow_m3s[0]
    asked = []
    got = calibrate(
        units,
        rain,
        pan,
        1.0,
        flow,
        bounds={"sm": (5.0, 60.0), "cs": (0.1, 0.9)},
        cancelled=lambda: asked.append(1) or len(asked) > 18,
    )
    assert got.stopped and np.isfinite(got.rmse_m3s) and any("未完成" in s for s in got.limits)
    with pytest.raises(EngineRefused) as caught:
        calibrate(units, rain, pan, 1.0, flow, bounds={"sm": (5.0, 60.0)}, cancelled=lambda: True)
    assert caught.value.code == "cancelled"


def test_a_calibration_says_what_the_record_does_not_determine():
    units, rain, pan = Units.of([100.0]), storm(), np.full(72, 0.05)
    flow = run(units, Parameters(sm=15.0), rain, pan, 1.0).flow_m3s[0]
    noisy = flow * np.random.default_rng(4).lognormal(0, 0.1, 72)
    noisy[20] = np.nan
    got = calibrate(units, rain, pan, 1.0, noisy, bounds={"sm": (1.0, 100.0), "dm": (15.0, 120.0), "cg": (0.95, 0.998)})
    assert "cg" in got.loose, "three days say nothing of groundwater recession"
    short = np.full(72, np.nan)
    short[:20] = 1.0
    with pytest.raises(EngineRefused, match="只有 20 个"):
        calibrate(units, rain, pan, 1.0, short)
