"""Level-pool routing: book and exact cases, rules that are followed, limits that say so, water that is never lost."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.engine.level_pool import Outlet, Pool, gate_flow_m3s, route
from console.engine.refused import EngineRefused
from console.engine.release_rules import Bands, Compensate, Fixed, Free, Hold, Limits, Schedule, Staged
from console.engine.storage import LevelTable

LEVELS = [15.0, 18.0, 20.0, 22.0, 24.0, 27.0, 30.0, 33.0]
T = np.arange(120.0)
FLOOD = 4000 + 16000 * np.exp(-(((T - 48) / 16) ** 2))


def pool():
    return Pool.of(
        LevelTable(LEVELS, [60, 150, 250, 390, 560, 900, 1350, 1900]),
        [
            Outlet("机组", LevelTable([15, 18, 20, 33], [0, 0, 800, 800], smooth=False), "turbine"),
            Outlet("泄水闸", LevelTable(LEVELS, [0, 3000, 8000, 14000, 17500, 20000, 22000, 24000])),
        ],
    )


def run(rule, start=23.5, flood=FLOOD, **limits):
    return route(pool(), flood, 3600.0, start, rule, Limits(**limits))


def linear(k_s, most):
    ends = [0.0, 1.0]
    outlet = Outlet("出口", LevelTable(ends, [0, most], smooth=False), "free")
    return Pool.of(LevelTable(ends, [0, k_s * most / 1e6], smooth=False), [outlet])


def test_the_detention_basin_of_chow(shared, within):
    c = json.loads((shared / "refcases/levelpool_chow822.json").read_text("utf-8"))
    storage = LevelTable(c["stage_ft"], np.array(c["storage_ft3"]) / 1e6, smooth=False)
    basin = Pool.of(storage, [Outlet("管", LevelTable(c["stage_ft"], c["outflow_cfs"], smooth=False), "free")])
    got, expected = route(basin, c["inflow_cfs"], c["dt_s"], 0.0), c["expected"]
    off = np.abs(got.outflow_m3s - expected["outflow_cfs"]).max()
    within("levelpool_chow822", "出流", off, 0.05, "cfs")
    assert off < 1e-6, "far below the bar"
    assert got.level_m == pytest.approx(expected["stage_ft"], abs=1e-8)
    assert got.storage_m3 == pytest.approx(expected["storage_ft3"], abs=1e-3)
    within("levelpool_chow822", "水量", got.balance_error, 1e-9)


def test_the_linear_reservoir_of_ponce(shared, within):
    c = json.loads((shared / "refcases/levelpool_linear_ponce02.json").read_text("utf-8"))
    got = route(linear(c["K_h"] * 3600, 1000.0), c["inflow"], c["dt_h"] * 3600, c["initial_outflow"] / 1000)
    within("levelpool_linear_ponce02", "出流", np.abs(got.outflow_m3s - c["expected"]["outflow"]).max(), 1e-3)


@pytest.mark.parametrize(("dt", "share"), [(3600.0, 0.0015), (300.0, 0.0001)])
def test_the_exact_answer_to_a_triangular_flood(shared, within, dt, share):
    c = json.loads((shared / "refcases/levelpool_linear_triangle_exact.json").read_text("utf-8"))
    t = np.arange(0, c["t_s"][-1] + 1, dt)
    got = route(linear(c["K_s"], 2000.0), np.interp(t, c["inflow"]["t_s"], c["inflow"]["q"]), dt, 0.0)
    hourly = got.outflow_m3s[:: int(3600 / dt)]
    off = np.abs(hourly - c["expected"]["outflow_m3s"]).max() / c["expected"]["peak"]
    within("levelpool_linear_triangle_exact", f"出流（{dt:g} s，对峰值）", off, share)
    assert got.balance_error < 1e-9


RULES = [
    Hold(24.0, 500.0), Fixed(9000.0), Schedule((0.0, 24.0, 60.0), (5000.0, 12000.0, 8000.0)),
    Compensate(17500.0, np.full(120, 1500.0), 4), Staged((15.0, 22.0, 24.0), (6000.0, 12000.0, 16000.0)), Free(),
    Bands(((15.0, Hold(22.0)), (24.5, Fixed(16000.0)), (30.0, Free()))),
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda r: type(r).__name__)
def test_under_every_rule_the_water_balance_closes_and_every_step_has_a_reason(rule):
    got = run(rule, rise_m3s_h=3000.0, fall_m3s_h=3000.0, top_m=32.0, bottom_m=18.0)
    assert got.balance_error < 1e-9
    gone = np.trapezoid(FLOOD - got.outflow_m3s, dx=3600.0)
    assert gone == pytest.approx(got.storage_m3[-1] - got.storage_m3[0], rel=1e-9)
    assert len(got.reasons) == len(FLOOD) and all(got.reasons)
    assert (got.outflow_m3s >= 0).all() and np.isfinite(got.level_m).all()
    assert sum(got.by_outlet.values()) == pytest.approx(got.outflow_m3s, rel=1e-9)


def test_the_rules_do_what_their_names_say():
    held = run(Hold(24.0), start=24.0, flood=FLOOD * 0.6)
    assert held.level_m == pytest.approx(np.full(120, 24.0), abs=1e-6) and held.outflow_m3s == pytest.approx(FLOOD * 0.6)
    assert run(Fixed(9000.0), start=27.0).outflow_m3s[1:60] == pytest.approx(np.full(59, 9000.0))
    ordered = run(Schedule((0.0, 24.0), (5000.0, 12000.0)), start=25.0)
    assert (ordered.outflow_m3s[23], ordered.outflow_m3s[24]) == (5000.0, 12000.0)
    lateral = 500 + 4000 * np.exp(-(((T - 60) / 8) ** 2))
    spared = run(Compensate(17000.0, lateral, 4), start=24.0)
    late = spared.outflow_m3s[:116] + lateral[4:]
    assert late[1:].max() <= 17000.0 + 1e-6, "with its travel time the release never adds up to more than is safe"
    stage = run(Staged((15.0, 24.0), (6000.0, 16000.0)), start=23.0)
    assert set(np.round(stage.outflow_m3s[5:40])) <= {6000.0, 16000.0}


def test_limits_act_and_say_so():
    slow = run(Free(), start=24.0, rise_m3s_h=500.0)
    assert np.diff(slow.outflow_m3s).max() <= 500.0 + 1e-6
    top = run(Fixed(2000.0), start=26.0, flood=FLOOD * 0.6, top_m=29.0)
    assert top.level_m.max() < 29.05 and {"top", "over"} <= {r.code for r in top.remarks}, "2 cm over for a while, and said"
    low = run(Fixed(9000.0), start=19.0, flood=np.full(120, 1000.0), bottom_m=18.0)
    assert low.level_m.min() > 17.99 and any(r.code == "bottom" for r in low.remarks)
    safe = run(Hold(24.0), start=24.0, most_m3s=15000.0)
    assert safe.outflow_m3s.max() <= 15000.0 and any(r.code == "held" for r in safe.remarks)
    small = run(Fixed(9000.0), start=16.0, flood=np.full(120, 100.0))
    assert any("泄流能力" in r.text for r in small.remarks) and small.level_m.min() >= 15.0


def test_an_empty_pool_stays_a_pool():
    tap = Pool.of(LevelTable([0, 10], [0, 10], smooth=False), [Outlet("底孔", LevelTable([0, 10], [500, 500], smooth=False))])
    got = route(tap, np.full(50, 20.0), 3600.0, 5.0, Fixed(400.0))
    assert got.level_m.min() >= -1e-9 and got.balance_error < 1e-9 and any(r.code == "empty" for r in got.remarks)


def test_above_its_curve_a_pool_is_said_to_be_guessed_and_far_above_it_is_refused():
    got = run(Fixed(9000.0), start=32.0, flood=FLOOD[30:])
    assert got.level_m.max() > 33.0 and any("外延" in s for s in got.limits)
    with pytest.raises(EngineRefused, match="第 .* 行") as caught:
        run(Fixed(0.0), start=32.5, flood=FLOOD * 3)
    assert caught.value.code == "range"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: run(Free(), start=99.0), "range"),
        (lambda: run(Free(), start=float("nan")), "range"),
        (lambda: run(Free(), flood=[1.0, float("nan")]), "gap"),
        (lambda: run(Free(), flood=[1.0, -1.0]), "negative"),
        (lambda: run(Fixed(-5.0)), "negative"),
        (lambda: run(Schedule((5.0, 1.0), (1.0, 2.0))), "shape"),
        (lambda: run(Compensate(100.0, np.ones(5))), "shape"),
        (lambda: run(Free(), rise_m3s_h=0.0), "parameter"),
        (lambda: route(pool(), FLOOD, 0.0, 24.0), "parameter"),
        (lambda: Pool.of(LevelTable([0, 1], [1, 2]), []), "shape"),
        (lambda: Pool.of(LevelTable([0, 1, 2], [1, 2, 2]), [Outlet("闸", LevelTable([0, 2], [0, 1]))]), "range"),
        (lambda: Pool.of(LevelTable([0, 2], [1, 2]), [Outlet("闸", LevelTable([1, 2], [5, 6]))]), "range"),
        (lambda: gate_flow_m3s(-1.0, 10.0, 1.0), "negative"),
    ],
)
def test_what_cannot_be_is_refused(call, code):
    with pytest.raises(EngineRefused) as caught:
        call()
    assert caught.value.code == code and caught.value.detail


def test_raising_a_gate_never_lessens_its_flow():
    flows = [gate_flow_m3s(6.0, 10.0, e) for e in np.linspace(0, 8, 81).tolist()]
    assert flows[0] == 0.0 and (np.diff(flows) >= 0).all()
    assert gate_flow_m3s(6.0, 10.0, 1.0) == pytest.approx(0.6 * 10 * np.sqrt(2 * 9.81 * (6 - 0.62)))
