"""The two-dimensional solver on its reference cases: dam breaks, still water, bumps, a valley, a breach; nothing is lost."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from console.engine.breach import BreachCase, outcome_so_far, run_breach, weir_m3s
from console.engine.breach_river import GivenRiver
from console.engine.refused import EngineRefused
from console.engine.shallow_water import Area, Inflow, Solver, drawn_to, filled_to, level_at

SMOOTH = np.array(0.0)


@pytest.fixture
def case(shared):
    def read(name):
        return flat(json.loads((shared / f"refcases/{name}.json").read_text("utf-8")))

    return read


def flat(doc):
    found = {}
    for key, value in doc.items():
        found |= flat(value) if isinstance(value, dict) else {key: value}
    return found


@pytest.mark.parametrize(("name", "right"), [("ritter", 0.0), ("stoker", 1.0)])
def test_a_dam_break_is_that_of_the_books(case, within, name, right):
    ref = case(f"dambreak_{name}")
    x = np.arange(1000) - 499.5
    h = np.where(x < 0, 5.0, right)[None]
    for bed, depth in ((np.zeros((1, 1000)), h), (np.zeros((1000, 1)), np.ascontiguousarray(h.T))):
        flood = Solver(Area(bed, 1.0, SMOOTH, depth_m=depth)).run(25.0, 25.0)
        got = np.interp(ref["x_m"], x, flood.h_m.ravel())
        off = np.abs(got - ref["h_m"]).sum() / np.sum(ref["h_m"])
        within(f"dambreak_{name}", "水深 L1（一阶）", off, 0.006)
        assert flood.mass_error(1.0) < 1e-12


@pytest.mark.parametrize("level", [0.5, 0.1])
def test_still_water_stays_still_over_a_bump_that_may_stand_out_of_it(case, within, level):
    bed = np.tile(case("lake_at_rest_bump")["bed_m"], (3, 1))
    h = np.maximum(0.0, level - bed)
    flood = Solver(Area(bed, 0.25, SMOOTH, depth_m=h)).run(100.0, 100.0)
    speed = np.where(h > 1e-6, np.hypot(flood.hu, flood.hv) / np.maximum(h, 1e-9), 0.0)
    within("lake_at_rest_bump", "流速", speed.max(), 1e-10, "m/s")
    within("lake_at_rest_bump", "水位", np.abs(flood.h_m - h).max(), 1e-12, "m")


def test_steady_flow_over_a_bump(case, within):
    for name, unit, level, start in (("subcritical", 4.42, 2.0, 2.0), ("transcritical", 1.53, 0.66, 0.66)):
        ref = case(f"steady_bump_{name}")
        bed = np.array(ref["bed_m"])[None]
        edges = ("flow", "stage", "wall", "wall")
        area = Area(bed, 0.25, SMOOTH, edges, (unit, level, 0.0, 0.0), np.maximum(0.0, start - bed))
        flood = Solver(area).run(400.0, 400.0)
        off = np.abs(flood.h_m[0] - ref["h_m"]).mean() / np.mean(ref["h_m"])
        within(f"steady_bump_{name}", "水深 L1（一阶）", off, 0.015)
        away = np.r_[0:28, 60:100]  # of the bump's kinks
        within(f"steady_bump_{name}", "单宽流量（相对）", np.abs(flood.hu[0][away] / unit - 1).max(), 0.005)
        assert np.abs(flood.h_m[0] - ref["h_m"]).max() < 0.025, "0.0238 m beside the kink: of first order"


def test_the_valley_of_the_environment_agency_floods_when_and_as_high_as_other_solvers_say(case, within, shared):
    ref = json.loads((shared / "refcases/ea_test5.json").read_text("utf-8"))
    facts = flat(ref)
    with gzip.open(shared / "realdata/ea_test5/ea5-50m.asc.gz", "rt") as file:
        head = dict(file.readline().split() for _ in range(6))
        bed = np.array([line.split() for line in file], float)[::-1]
    bed = np.ascontiguousarray(np.where(bed == float(head["NODATA_value"]), 999.0, bed))
    cells = np.array(facts["cells_ix_iy_from_SW"])
    source = Inflow(cells[:, 1], cells[:, 0], np.array(facts["t_s"], float), np.array(facts["Q_m3s"], float))
    at = np.array(facts["points_xy"])
    column, row = ((at[:, 0] - facts["xll"]) // 50).astype(int), ((at[:, 1] - facts["yll"]) // 50).astype(int)
    seen = []
    flood = Solver(Area(bed, 50.0, np.array(0.04), sources=(source,))).run(
        108_000.0, 60.0, lambda f: seen.append((f.t_s, f.h_m[row, column].copy())) or True
    )
    within("ea_test5", "水量", flood.mass_error(50.0), 1e-6)
    assert flood.let_in_m3 == pytest.approx(facts["volume_m3"], rel=2e-3)
    minutes, depth = np.array([t for t, _ in seen]) / 60, np.array([h for _, h in seen])
    for i, want in enumerate(facts["own_fv1"]):
        ground = bed[row[i], column[i]]
        within("ea_test5", "最高水位", abs(ground + depth[:, i].max() - want["peak_level"]), 0.10, "m")
        within("ea_test5", "终了水位", abs(ground + depth[-1, i] - want["final_level_30h"]), 0.05, "m")
        late = abs(minutes[np.argmax(depth[:, i] > 0.1)] - want["arrival_min_h_gt_0p1"])
        within("ea_test5", "到达", late, 3.0, "min")


def test_water_in_a_closed_basin_is_neither_made_nor_lost_while_it_sloshes_over_islands():
    rng = np.random.default_rng(3)
    bed = rng.uniform(0.0, 2.0, (40, 50))
    h = np.where(rng.random((40, 50)) < 0.2, rng.uniform(0.0, 4.0, (40, 50)), 0.0)
    source = Inflow(np.array([5]), np.array([6]), np.array([0.0, 300.0]), np.array([30.0, 5.0]))
    flood = Solver(Area(bed, 10.0, np.array(0.03), depth_m=h, sources=(source,))).run(900.0, 300.0)
    assert flood.mass_error(10.0) < 1e-12 and (flood.h_m >= 0).all() and np.isfinite(flood.hu).all()
    assert (flood.deepest_m >= flood.h_m).all() and ((flood.arrival_s >= 0) == (flood.deepest_m >= 0.05)).all()


def test_a_small_flood_runs_alone_and_leaves_the_threads_as_they_were():
    from numba import get_num_threads

    before = get_num_threads()
    bed = np.zeros((40, 40))
    one, all_of_them = (Solver(Area(bed, 50.0, np.array(0.03), depth_m=np.where(np.eye(40) > 0, 2.0, 0.5))) for _ in range(2))
    one.run(300.0)
    assert get_num_threads() == before
    all_of_them._step_to(30.0, before)
    again = Solver(Area(bed, 50.0, np.array(0.03), depth_m=np.where(np.eye(40) > 0, 2.0, 0.5)))
    again.run(30.0)
    assert (again.flood.h_m == all_of_them.flood.h_m).all(), "however many threads, the same water to the last bit"


def test_the_weir_is_that_of_the_reference_and_drowns(case):
    for one in case("breach_peak_froehlich")["broad_crested"]:
        assert weir_m3s(one["b"], one["h"]) == pytest.approx(one["Q"], rel=1e-6)
    assert weir_m3s(80.0, 4.0, 4.0) == 0.0 < weir_m3s(80.0, 4.0, 3.9) < weir_m3s(80.0, 4.0, 1.0) < weir_m3s(80.0, 4.0)
    assert weir_m3s(0.0, 4.0) == weir_m3s(80.0, -1.0) == 0.0


def level(metres):
    return GivenRiver(np.array([0.0]), np.array([metres]))


def polder(**more):
    """A river west of a slanting levee, a plain east of it."""
    x, y = (np.arange(80) + 0.5) * 50.0, (np.arange(60) + 0.5) * 50.0
    bed = np.where(x[None, :] < 1000.0 + 0.3 * y[:, None], -3.0, 5.0 + 0.0005 * x[None, :])
    line = np.array([[1000.0, -100.0], [1900.0, 3100.0]])
    given = {
        "bed_m": bed, "x_m": x, "y_m": y, "line": line, "at": line.mean(0), "river": np.array([300.0, 1500.0]),
        "crest_m": 14.0, "width_m": 200.0, "sill_m": 5.5, "growth_s": 1800.0, "water": level(11.0), "manning": 0.05, "hours": 3.0,
    }  # fmt: skip
    return BreachCase(**(given | more))


def test_a_breach_floods_the_plain_and_not_the_river():
    told, parts = [], []

    def tell(share, part=None):
        told.append(share)
        parts.extend([part] if part is not None else [])

    got = run_breach(polder(), tell)
    depth = got.depth_m[-1]
    x, y = np.meshgrid(polder().x_m, polder().y_m)
    river = x < 950.0 + 0.28 * y
    assert depth[~river].sum() > 0 and depth[river].max() == 0.0, "the levee holds everywhere else"
    assert got.mass_error < 1e-6 and got.inflow_m3s.max() == pytest.approx(weir_m3s(200.0, 5.5), rel=0.4), "drowned a little"
    assert got.inflow_m3s[0] == 0.0, "it grows"
    assert got.t_s[1] == 600.0 and len(got.t_s) == 19 and told[-1] == pytest.approx(1.0)
    assert any("范围的边" in line for line in got.limits)
    half = outcome_so_far(parts[:5])
    n = len(half.t_s)
    assert 2 <= n < len(got.t_s) and half.t_s.tolist() == got.t_s[:n].tolist()
    assert (half.depth_m == got.depth_m[:n]).all() and 0 < half.let_in_m3 < got.let_in_m3 and half.mass_error < 1e-6
    assert "时停止，其后没有算" in half.limits[0] and outcome_so_far([]) is None
    low = run_breach(polder(water=level(5.0), hours=0.5), tell)
    assert low.depth_m.max() == 0.0 and any("没有进水" in line for line in low.limits)


def test_a_plain_that_drowned_runs_back_when_the_river_falls_and_comes_to_rest_with_it():
    """A closed bowl behind the levee: filled to the river's level, then emptied to the sill."""
    bowl = np.full((60, 80), 20.0)
    bowl[10:50, 46:70] = 6.0
    t_s, level_m = np.array([0.0, 6.0, 8.0, 30.0]) * 3600.0, np.array([11.0, 11.0, 6.0, 6.0])
    line = np.array([[2275.0, -100.0], [2275.0, 3100.0]])
    case = polder(bed_m=bowl, line=line, at=np.array([2275.0, 1500.0]), sill_m=7.0, growth_s=0.0, hours=30.0)
    got = run_breach(replace(case, water=GivenRiver(t_s, level_m)), lambda *_: None)
    inside = bowl == 6.0
    full = got.depth_m[got.t_s == 6 * 3600.0][0][inside] + 6.0
    assert full == pytest.approx(11.0, abs=0.02), "it comes to rest with the river"
    still = (got.t_s > 4 * 3600.0) & (got.t_s <= 6 * 3600.0)
    assert np.ptp(got.gone_m3[still]) < 0.01 * got.gone_m3.max(), "and nothing sloshes through the breach"
    assert np.diff(got.gone_m3[got.t_s <= 4 * 3600.0]).min() > -0.005 * got.gone_m3.max(), "a wave in the bowl, no more"
    left = got.depth_m[-1][inside] + 6.0
    assert left == pytest.approx(7.0, abs=0.1), "what lies below the sill stays"
    assert got.inflow_m3s.min() < -50.0 and got.mass_error < 1e-12
    assert got.let_out_m3 == pytest.approx(got.let_in_m3 - got.gone_m3[-1]) and got.let_out_m3 > 0.7 * got.let_in_m3


def test_water_runs_back_from_where_it_stands_and_no_lower_than_the_sill_or_the_river():
    """A pit and a bank behind the breach: the bank falls dry, the pit keeps what stands below the sill."""
    ground = np.full((60, 80), 20.0)
    ground[10:31, 46:70], ground[31:50, 46:70] = 2.0, 8.0
    line = np.array([[2275.0, -100.0], [2275.0, 3100.0]])
    water = GivenRiver(np.array([0.0, 3.0, 3.5]) * 3600.0, np.array([9.0, 9.0, 4.0]))
    shape = {"bed_m": ground, "line": line, "at": np.array([2275.0, 1550.0]), "growth_s": 0.0, "hours": 20.0}
    got = run_breach(polder(**shape, sill_m=6.0, water=water), lambda *_: None)
    assert got.depth_m[-1][20, 60] + 2.0 == pytest.approx(6.0, abs=0.1) and got.depth_m[-1][45, 60] < 0.05
    assert got.let_out_m3 > 0 and abs(got.inflow_m3s[-1]) < 5.0
    high = GivenRiver(np.array([0.0, 3.0, 3.5]) * 3600.0, np.array([9.0, 9.0, 7.0]))
    got = run_breach(polder(**shape, sill_m=6.0, water=high), lambda *_: None)
    assert got.depth_m[-1][20, 60] + 2.0 == pytest.approx(7.0, abs=0.1), "the river holds it up"


def test_dry_ground_gives_nothing_back_and_a_river_below_it_gives_nothing():
    ground = np.full((60, 80), 20.0)
    ground[10:50, 46:70] = 6.0
    line = np.array([[2275.0, -100.0], [2275.0, 3100.0]])
    case = polder(bed_m=ground, line=line, at=np.array([2275.0, 1500.0]), sill_m=4.0, water=level(4.5), growth_s=0.0)
    got = run_breach(case, lambda *_: None)
    assert (got.inflow_m3s == 0).all() and got.depth_m.max() == 0 and case.taken.m3s == 0.0


def test_water_finds_its_level_among_the_cells_of_a_breach():
    bed = np.array([2.0, 8.0, 3.0])
    assert level_at(bed, np.zeros(3)) == (-np.inf, 0.0)
    assert level_at(bed, np.array([2.0, 0.0, 1.0])) == (pytest.approx(4.0), pytest.approx(9 / 5))
    assert filled_to(bed, np.zeros(3), 0.5) == pytest.approx([0.5, 0.0, 0.0])
    assert filled_to(bed, np.array([0.5, 0.0, 0.0]), 2.5) == pytest.approx([2.0, 0.0, 1.0])
    assert filled_to(bed, np.zeros(3), 20.0).sum() == pytest.approx(20.0)
    assert np.ptp(bed + filled_to(bed, np.zeros(3), 20.0)) == pytest.approx(0.0, abs=1e-12)
    assert drawn_to(bed, np.array([2.0, 0.0, 2.0]), 1.5) == pytest.approx([1.75, 0.0, 0.75])
    assert drawn_to(bed, np.array([2.0, 0.01, 1.0]), 0.01) == pytest.approx([2.0, 0.0, 1.0], abs=1e-9)
    assert drawn_to(bed, np.array([2.0, 0.0, 1.0]), 9.0).tolist() == [0.0, 0.0, 0.0]


def test_a_hydrograph_lets_in_what_it_says_to_the_last_drop():
    t, q = np.array([0.0, 600.0, 1200.0]), np.array([0.0, 6000.0, 0.0])
    area = Area(np.zeros((20, 20)), 50.0, np.array(0.03), sources=(Inflow(np.array([9]), np.array([9]), t, q),))
    assert Solver(area).run(1200.0).let_in_m3 == pytest.approx(3_600_000.0, rel=1e-12)


def test_an_edge_that_lets_nothing_in_makes_no_nonsense_of_dry_ground():
    shut = Area(np.zeros((6, 6)), 50.0, np.array(0.03), edges=("flow",) * 4, values=(0.0,) * 4, depth_m=np.eye(6))
    for order in (1, 2):
        flood = Solver(shut, order).run(60.0)
        assert np.isfinite(flood.h_m).all() and np.isfinite(flood.hu).all() and (flood.h_m >= 0).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bed_m": np.where(np.eye(60, 80) > 0, np.nan, 1.0)}, "地面高程第 1 行第 1 列"),
        ({"at": np.array([1e6, 1e6]), "line": np.array([[1e6, 1e6], [1.1e6, 1e6]])}, "不在计算范围"),
        ({"manning": 3.0}, "糙率"),
        ({"hours": -1.0}, "历时"),
    ],
)
def test_absurd_breaches_are_refused_with_the_place(change, words):
    with pytest.raises(EngineRefused, match=words):
        run_breach(polder(**change), lambda *_: None)


# --- second order ---------------------------------------------------------------------------------
def bowl(ref, n):
    """A paraboloid in which a flat tilted surface goes round: bed, depth at a time, velocity along y at the start."""
    a, h0, length, eta, g = (ref[k] for k in ("a", "h0", "L", "eta", "g"))
    x = (np.arange(n) + 0.5) * length / n - length / 2
    east, north = np.meshgrid(x, x)
    turn = np.sqrt(2 * g * h0) / a
    bed = -h0 * (1 - (east**2 + north**2) / a**2)

    def depth(t):
        level = eta * h0 / a**2 * (2 * east * np.cos(turn * t) + 2 * north * np.sin(turn * t) - eta)
        return np.maximum(0.0, level - bed)

    return bed, depth, eta * turn, 2 * np.pi / turn


def test_a_surface_that_goes_round_in_a_bowl_is_there_again_after_three_rounds(case, within):
    ref = case("thacker_planar")
    bed, depth, speed, period = bowl(ref, 100)
    off = {}
    for order in (1, 2):
        solver = Solver(Area(bed, ref["L"] / 100, SMOOTH, depth_m=depth(0.0)), order)
        solver.flood.hv[:] = speed * solver.flood.h_m
        flood = solver.run(3 * period, 1e9)
        off[order] = np.abs(flood.h_m - depth(3 * period)).sum() / depth(3 * period).sum()
        within("thacker_planar", "水量", flood.mass_error(ref["L"] / 100), 2e-6)
    within("thacker_planar", "水深 L1（二阶）", off[2], 0.08)
    assert off[1] > 0.4, "which first order smears"


@pytest.mark.parametrize("level", [0.5, 0.1])
def test_still_water_stays_still_in_second_order_too(case, within, level):
    bed = np.tile(case("lake_at_rest_bump")["bed_m"], (3, 1))
    h = np.maximum(0.0, level - bed)
    flood = Solver(Area(bed, 0.25, SMOOTH, depth_m=h), 2).run(100.0, 100.0)
    speed = np.where(h > 1e-6, np.hypot(flood.hu, flood.hv) / np.maximum(h, 1e-9), 0.0)
    within("lake_at_rest_bump", "流速", speed.max(), 1e-10, "m/s")
    within("lake_at_rest_bump", "水位", np.abs(flood.h_m - h).max(), 1e-12, "m")


def test_second_order_meets_the_books_more_closely_and_loses_nothing(case, within):
    ref = case("dambreak_stoker")
    x = np.arange(1000) - 499.5
    h = np.where(x < 0, 5.0, 1.0)[None]
    off = {}
    for order in (1, 2):
        flood = Solver(Area(np.zeros((1, 1000)), 1.0, SMOOTH, depth_m=h), order).run(25.0, 25.0)
        off[order] = np.abs(np.interp(ref["x_m"], x, flood.h_m.ravel()) - ref["h_m"]).sum() / np.sum(ref["h_m"])
        assert flood.mass_error(1.0) < 1e-12
    assert off[2] < 0.6 * off[1]
    within("dambreak_stoker", "水深 L1（二阶）", off[2], 0.002)
    ref = case("steady_bump_subcritical")
    bed = np.array(ref["bed_m"])[None]
    area = Area(bed, 0.25, SMOOTH, ("flow", "stage", "wall", "wall"), (4.42, 2.0, 0.0, 0.0), np.maximum(0.0, 2.0 - bed))
    flood = Solver(area, 2).run(400.0, 400.0)
    within("steady_bump_subcritical", "水深最大（二阶）", np.abs(flood.h_m[0] - ref["h_m"]).max(), 0.020, "m")
    rng = np.random.default_rng(3)
    bed = rng.uniform(0.0, 2.0, (40, 50))
    h = np.where(rng.random((40, 50)) < 0.2, rng.uniform(0.0, 4.0, (40, 50)), 0.0)
    source = Inflow(np.array([5]), np.array([6]), np.array([0.0, 300.0]), np.array([30.0, 5.0]))
    flood = Solver(Area(bed, 10.0, np.array(0.03), depth_m=h, sources=(source,)), 2).run(900.0, 300.0)
    assert flood.mass_error(10.0) < 1e-12 and (flood.h_m >= 0).all() and np.isfinite(flood.hu).all()


ALONE = """
import sys, time
import numpy as np
from console.engine.shallow_water import Area, Solver
depth = np.where(np.arange(100) < 50, 5.0, 1.0)[None]
area = Area(np.zeros((1, 100)), 1.0, np.array(0.0), depth_m=depth)
Solver(area).run(1.0, 1.0)
sys.stdin.readline()
began = time.perf_counter()
Solver(area).run(60.0, 60.0)
print(time.perf_counter() - began)
"""


def test_two_runs_at_once_do_not_wait_for_each_other_in_vain():
    both = [
        subprocess.Popen([sys.executable, "-c", ALONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in both:
        one.stdin.write("go\n")
        one.stdin.flush()
    took = [float(one.communicate(timeout=120)[0]) for one in both]
    assert max(took) < 5.0, "a twentieth of a second; with threads that spin it was 25"
