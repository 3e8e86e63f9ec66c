"""Muskingum and Muskingum–Cunge: book examples, mass, stability, parameters found again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.engine.muskingum import calibrate, coefficients, route, stable_parts
from console.engine.muskingum_cunge import Channel, route_constant, route_variable
from console.engine.refused import EngineRefused

T = np.arange(120.0)
FLOOD = 500 + 3500 * np.exp(-(((T - 30) / 12) ** 2))


def case(shared, name):
    return json.loads((shared / f"refcases/{name}.json").read_text("utf-8"))


def test_the_example_of_chow_and_the_check_value_of_the_dossier(shared, within):
    c = case(shared, "muskingum_chow841")
    assert coefficients(c["K_h"], c["X"], c["dt_h"]) == pytest.approx(c["expected"]["C"], abs=1e-9)
    got = route(c["inflow_cfs"], c["K_h"], c["X"], c["dt_h"], first_outflow_m3s=c["initial_outflow"])
    within("muskingum_chow841", "出流", np.abs(got.outflow_m3s - c["expected"]["outflow_cfs"]).max(), 1e-6, "cfs")
    within("muskingum_chow841", "出流（书上整数）", np.abs(got.outflow_m3s - c["expected"]["book_rounded"]).max(), 1.0, "cfs")
    assert got.mass_error < 1e-12
    assert coefficients(6.0, 0.2, 3.0) == pytest.approx([0.0476, 0.4286, 0.5238], abs=5e-5)


def test_the_example_of_ponce(shared, within):
    c = case(shared, "muskingum_cunge_ponce")
    got = route_constant(c["inflow"], c["dt_s"], reference_m3s=c["Qp"], area_m2=c["Ap"], top_m=c["Tp"], slope=c["So"],
                         beta=c["beta"], length_m=c["dx_m"])  # fmt: skip
    expected = np.array(c["expected"]["outflow"])
    off = (np.abs(got.outflow_m3s - expected) / np.maximum(np.abs(expected), 1e-12)).max()
    within("muskingum_cunge_ponce", "出流（相对）", off, 1e-6)
    assert (got.courant[0], got.reynolds[0]) == pytest.approx((c["expected"]["Courant"], c["expected"]["CellReynolds"]))
    assert got.mass_error < 1e-12


def test_the_parameters_of_a_flood_are_found_again(shared, within):
    c = case(shared, "muskingum_calibration")
    got = calibrate(c["inflow"], c["outflow"], c["dt_h"])
    within("muskingum_calibration", "K（相对）", abs(got.k_h / c["expected"]["K_h"] - 1), 1e-3)
    within("muskingum_calibration", "x（相对）", abs(got.x / c["expected"]["X"] - 1), 1e-3)
    assert not got.at_bound and any("稳定条件" in s for s in got.limits), "K=5, x=0.2 is not stable at 1 h and is said so"


def test_a_reach_in_parts_with_lateral_inflow_keeps_its_water():
    side = 50 + 20 * np.sin(T / 9)
    for at in ("top", "middle", "along", "bottom"):
        got = route(FLOOD, 9.0, 0.2, 1.0, parts=None, lateral_m3s=side, lateral_at=at)
        assert got.mass_error < 1e-12 and (got.outflow_m3s >= 0).all()
    assert stable_parts(9.0, 0.2, 1.0) == 4 and got.nodes_m3s.shape == (5,)


def test_many_members_are_routed_as_one_by_one_and_a_cut_run_goes_on():
    many = FLOOD * np.array([[0.5], [1.0], [2.0]])
    together = route(many, 3.0, 0.15, 1.0, parts=2)
    for row, out in zip(many, together.outflow_m3s, strict=True):
        assert out == pytest.approx(route(row, 3.0, 0.15, 1.0, parts=2).outflow_m3s, rel=1e-12)
    first = route(FLOOD[:41], 3.0, 0.15, 1.0, parts=2)
    rest = route(FLOOD[40:], 3.0, 0.15, 1.0, parts=2, nodes_m3s=first.nodes_m3s)
    assert rest.outflow_m3s[1:] == pytest.approx(together.outflow_m3s[1][41:], rel=1e-12)


def test_an_unstable_step_is_refused_with_what_would_do():
    with pytest.raises(EngineRefused, match="分为 3 段"):
        route(FLOOD, 6.0, 0.2, 1.0)
    with pytest.raises(EngineRefused, match="缩短到 1.6 h"):
        route(FLOOD, 1.0, 0.2, 6.0, parts=None)
    with pytest.raises(EngineRefused) as caught:
        route_constant(FLOOD, 3600.0, reference_m3s=2000.0, area_m2=1000.0, top_m=200.0, slope=1e-3, beta=5 / 3, length_m=1e5)
    assert caught.value.code == "unstable" and "段" in caught.value.detail


def test_the_variable_scheme_keeps_mass_and_steepens_as_floods_do():
    channel = Channel(100e3, 2e-4, 200.0, 2.0, 0.03)
    got = route_variable(FLOOD, 3600.0, channel)
    assert got.mass_error < 1e-9 and 3300 < got.outflow_m3s.max() < 4000
    finer = route_variable(FLOOD, 3600.0, channel, parts=2 * got.parts)
    assert finer.outflow_m3s.max() == pytest.approx(got.outflow_m3s.max(), rel=0.01)
    low, high = (int(np.argmax(route_variable(FLOOD * f, 3600.0, channel).outflow_m3s)) for f in (0.25, 2.0))
    assert high < low, "a greater flood arrives sooner"
    steady = route_variable(np.full(20, 800.0), 3600.0, channel).outflow_m3s
    assert steady == pytest.approx(np.full(20, 800.0), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"inflow_m3s": [1.0, np.nan]}, "gap"), ({"inflow_m3s": [1.0, -2.0]}, "negative"), ({"x": 0.6}, "parameter"),
     ({"k_h": 0.0}, "parameter"), ({"lateral_m3s": [1.0]}, "shape"), ({"inflow_m3s": "abc"}, "shape"), ({"parts": 0}, "parameter")],
)  # fmt: skip
def test_bad_input_is_refused(change, code):
    with pytest.raises(EngineRefused) as caught:
        route(**{"inflow_m3s": [1.0, 2.0, 1.0], "k_h": 2.0, "x": 0.2, "dt_h": 1.0, **change})
    assert caught.value.code == code


def test_a_dry_channel_and_a_flood_without_shape_are_refused():
    with pytest.raises(EngineRefused, match="第 1 行"):
        route_variable([0.0, 5.0], 3600.0, Channel(1e4, 1e-3, 20.0, 1.0, 0.03))
    with pytest.raises(EngineRefused, match="比降"):
        Channel(1e4, 0.0, 20.0, 1.0, 0.03)
    with pytest.raises(EngineRefused, match="洪水过程"):
        calibrate(np.full(20, 5.0), np.full(20, 5.0), 1.0)
