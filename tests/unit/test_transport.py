"""A spill runs down the river: the books' curves, what a release thins, what a withdrawal takes, what is refused."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erfc, erfcx

from console.engine.transport import mixed_mg_l, run_transport
from console.engine.transport_case import (
    Channel,
    Flow,
    Inflow,
    Intake,
    Spill,
    TransportCase,
    TransportRefused,
    fischer_m2s,
)

RIVER = Channel.uniform(40_000, 200, 600, 150, 1e-4, 60.0)
CASE = TransportCase(RIVER, Flow.constant(480.0), 36 * 3600.0, spills=(Spill("罐车", 2000, 2000.0),))


@pytest.fixture
def refcase(shared):
    def read(name):
        return json.loads((shared / f"refcases/{name}.json").read_text("utf-8"))

    return read


def front(x, t, u, d):
    """Ogata and Banks, with erfcx where e^(ux/D) would overflow."""
    a, b = (x - u * t) / (2 * np.sqrt(d * t)), (x + u * t) / (2 * np.sqrt(d * t))
    return 0.5 * (erfc(a) + np.exp(u * x / d - b**2) * erfcx(b))


def test_a_steady_source_advances_as_ogata_and_banks_say(refcase, within):
    book = refcase("ade_ogata_banks")
    river = Channel.uniform(20_000, 50, 1000, 100, 1e-4, book["D"])
    case = TransportCase(river, Flow.constant(1000 * book["U"]), 21600.0, out_s=7200.0, upstream_mg_l=book["C0"], held=True)
    found = run_transport(case)
    for t, expected in zip(book["t_s"], book["expected"]["C"], strict=True):
        c = found.mg_l[found.t_s.tolist().index(t)]
        off = np.abs(np.interp(book["x_m"], [0, *found.x_m], [book["C0"], *c]) - expected).max()
        within("ade_ogata_banks", "浓度", off, 0.012, "C0")
        assert -1e-6 < c.min() and c.max() < 1 + 1e-6
        exact = front(found.x_m, t, book["U"], book["D"])
        front_off = abs(np.interp(-0.5, -c, found.x_m) - np.interp(-0.5, -exact, found.x_m))
        within("ade_ogata_banks", "锋面位置", front_off, 50.0, "m")


@pytest.mark.parametrize("dx", [200.0, 100.0])
def test_a_spill_that_decays_arrives_and_peaks_as_the_gaussian(refcase, within, dx):
    book = refcase("ade_spill_decay_1d")
    start, m, a, u, d, k = 5000.0, book["M_kg"] * 1000, book["A_m2"], book["U"], book["D"], book["k_per_s"]
    places = [start + u * t for t in book["t_s"]]
    case = TransportCase(
        Channel.uniform(80_000, dx, a, 100, 1e-4, d), Flow.constant(a * u), 57_600.0, out_s=14400.0, decay_per_s=k,
        spills=(Spill("槽车", start, book["M_kg"]),), intakes=tuple(Intake(f"{x:g}", x, 0.05) for x in places),
    )  # fmt: skip
    found = run_transport(case)
    within("ade_spill_decay_1d", "质量", found.mass.error, 1e-6)
    assert found.mass.decayed_kg > 0
    for n, t in enumerate(book["t_s"]):
        c = found.mg_l[found.t_s.tolist().index(t)]
        within("ade_spill_decay_1d", "峰值（相对）", abs(c.max() / book["expected"]["peak"][n] - 1), 0.02)
        times = np.arange(1.0, 57_600.0)
        seen = m / (a * np.sqrt(4 * np.pi * d * times)) * np.exp(-((u * (t - times)) ** 2) / (4 * d * times) - k * times)
        assert found.passages[n].peak_mg_l == pytest.approx(seen.max(), rel=0.02)
        late = abs(found.passages[n].front_s - times[np.argmax(seen >= 0.1 * seen.max())])
        within("ade_spill_decay_1d", "到达", late, 300.0, "s")
        over = times[seen >= 0.05]
        assert (found.passages[n].arrival_s, found.passages[n].leave_s) == pytest.approx((over[0], over[-1]), abs=300.0)
        assert found.passages[n].over_s == pytest.approx(len(over), abs=600.0)


def test_without_decay_nothing_is_lost_whatever_flows_in_and_out():
    case = replace(
        CASE,
        spills=(Spill("罐车", 2000, 500.0), Spill("尾矿库", 5000, 800.0, 3600, 7200), Spill("沿岸", 6000, 90.0, 0, 9000, 8000.0)),
        inflows=(Inflow("支流", 10_000, Flow((0.0, 7200.0, 9000.0), (50.0, 50.0, 220.0)), 0.2), Inflow("水厂", 20_000, Flow.constant(-6.0))),
        upstream=Flow((0.0, 18_000.0, 30_000.0), (480.0, 480.0, 300.0)), upstream_mg_l=0.01,
    )  # fmt: skip
    found = run_transport(case)
    assert found.mass.error < 1e-9 and found.mass.left_kg > 1390
    assert (found.mg_l >= 0).all() and np.isfinite(found.mg_l).all()


def test_water_of_one_concentration_stays_so_while_the_flow_changes():
    rising = Flow((0.0, 3600.0, 7200.0), (300.0, 300.0, 900.0))
    case = TransportCase(
        RIVER, rising, 86400.0, upstream_mg_l=3.0, initial_mg_l=3.0,
        inflows=(Inflow("支流", 9000, Flow((0.0, 9000.0), (40.0, 160.0)), 3.0), Inflow("水厂", 30_000, Flow.constant(-9.0))),
    )  # fmt: skip
    found = run_transport(case)
    assert np.abs(found.mg_l - 3.0).max() < 1e-9
    assert found.flow_m3s[-1, -1] == pytest.approx(900 + 160 - 9, rel=1e-3), "the rise has passed the lower end"


def test_a_dilution_release_thins_the_water_below_its_mouth_as_the_two_flows_mix():
    intake = (Intake("第二水厂", 30_000, 0.05),)
    steady = replace(CASE, spills=(Spill("排口", 500, 8640.0, 0, 86400),), end_s=86400.0, intakes=intake)
    without = run_transport(steady)
    released = run_transport(
        replace(steady, inflows=(Inflow("水库泄放", 20_000, Flow((0.0, 600.0, 1200.0), (1.0, 1.0, 240.0))),))
    )
    before, after = without.passages[0].peak_mg_l, released.mg_l[-1, np.searchsorted(released.x_m, 30_000)]
    assert before == pytest.approx(100.0 / 480, rel=0.01), "100 g/s in 480 m³/s"
    assert after == pytest.approx(mixed_mg_l(100 / 480, 480, 0, 240), rel=0.02)
    assert any("运动波" in w for w in released.limits) and not any("运动波" in w for w in without.limits)


def test_what_is_not_over_at_the_end_has_no_leaving_time_and_is_said():
    found = run_transport(replace(CASE, end_s=5 * 3600.0, intakes=(Intake("一厂", 16_000, 0.05), Intake("二厂", 39_000, 0.05))))
    first, second = found.passages
    assert first.over_at_end and first.leave_s is None and first.arrival_s < 5 * 3600
    assert second.arrival_s is None and second.over_s == 0
    assert any("一厂" in w and "撤离时间未知" in w for w in found.limits)


def test_an_intake_before_the_section_is_mixed_is_named():
    wide = Channel.uniform(40_000, 200, 600, 60, 1e-3)
    found = run_transport(replace(CASE, channel=wide, intakes=(Intake("近厂", 2200, 0.05), Intake("远厂", 35_000, 0.05))))
    assert [p.well_mixed for p in found.passages] == [False, True]
    assert any("近厂" in w and "未混匀" in w for w in found.limits) and any("Fischer" in w for w in found.limits)
    assert any("感潮" in w for w in found.limits)


def test_fischers_dispersion_is_that_of_the_formula():
    u, b, h, s = 0.8, 150.0, 4.0, 1e-4
    found = fischer_m2s(np.array([u * b * h]), np.array([b * h]), np.array([b]), np.array([s]))
    assert found[0] == pytest.approx(0.011 * u**2 * b**2 / (h * math.sqrt(9.81 * h * s)))


def test_a_stopped_run_keeps_what_it_has_and_says_so():
    whole = run_transport(CASE)
    part = run_transport(CASE, lambda share: share < 0.25)
    assert whole.complete and not part.complete and 1 < len(part.t_s) < len(whole.t_s)
    assert np.array_equal(part.mg_l, whole.mg_l[: len(part.t_s)])
    assert part.mass.error < 1e-9 and any("提前停止" in w for w in part.limits)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"upstream": Flow((0.0, 3600.0), (100.0, 0.0))}, "上游来水在 1.0 h 为 0"),
        ({"upstream": Flow.constant(math.nan)}, "上游来水第 1 个流量是 nan"),
        ({"inflows": (Inflow("水厂", 9000, Flow.constant(-500.0)),)}, "取走 水厂 后流量"),
        ({"spills": (Spill("罐车", 50_000, 1.0),)}, "罐车的位置 50000"),
        ({"spills": (Spill("罐车", 500, -1.0),)}, "罐车 的质量是 -1 kg"),
        ({"spills": (Spill("罐车", 500, 1.0, 7200, 3600),)}, "罐车 的时间 7200–3600"),
        ({"channel": replace(RIVER, area_m2=np.where(np.arange(200) == 6, 0.0, 600.0))}, "断面面积第 7 格是 0 m²"),
        ({"channel": replace(RIVER, slope=np.full(199, 1e-4))}, "比降有 199 个值"),
        ({"intakes": (Intake("一厂", 900, 0.0),)}, "一厂 的限值是 0"),
        ({"intakes": (Intake("一厂", 900, 1.0), Intake("一厂", 1900, 1.0))}, "重名"),
        ({"decay_per_s": -1e-6}, "降解系数是 -1e-06"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_value(change, words):
    with pytest.raises(TransportRefused, match=words):
        run_transport(replace(CASE, **change))


def test_two_hundred_kilometres_and_two_days_take_less_than_a_second():
    river = Channel.uniform(200_000, 200, 600, 150, 1e-4, 60.0)
    case = TransportCase(
        river, Flow.constant(600.0), 48 * 3600.0, spills=(Spill("罐车", 1000, 2000),), intakes=(Intake("厂", 90_000, 0.01),)
    )
    best = min(run_transport(case).wall_s for _ in range(3))
    began = time.perf_counter()
    found = run_transport(case)
    assert min(best, time.perf_counter() - began) < 1.0
    assert found.mass.error < 1e-6
