"""The loop of a flood: truer than the steady curve against the full equations, nothing when nothing changes, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from console.engine.network import Network, run
from console.engine.rating_loop import LoopedReach, looped_level
from console.engine.refused import EngineRefused
from console.engine.tidal_river import TidalRiver
from console.engine.tidal_river import run as flowing

SLOPE, WIDTH, MANNING = 2e-4, 400.0, 0.03


def uniform_m3s(depth):
    return WIDTH * depth * (WIDTH * depth / (WIDTH + 2 * depth)) ** (2 / 3) * np.sqrt(SLOPE) / MANNING


CURVE_M = np.linspace(1.0, 14.0, 40)
CURVE_M3S = uniform_m3s(CURVE_M)


def flood():
    """Return flow and depth in the middle of a long channel by the full equations, hourly."""
    at = np.linspace(0, 200e3, 101)
    t = np.arange(0, 120 * 3600.0, 600.0)
    upper = 800.0 + 4000.0 * np.exp(-(((t / 3600 - 40) / 12) ** 2))
    bed = -SLOPE * at
    depth = float(np.interp(800.0, CURVE_M3S, CURVE_M))
    river = TidalRiver.of(at, bed, np.full(101, WIDTH), MANNING)
    got = flowing(river, upper, np.full(len(t), bed[-1] + depth), 600.0)
    return got.flow_m3s[::6, 40], got.level_m[::6, 40] - bed[40]


def test_with_its_loop_the_curve_is_nearer_to_the_full_equations():
    flow, depth = flood()
    plain = np.interp(flow, CURVE_M3S, CURVE_M)
    looped = looped_level(flow[None], CURVE_M, CURVE_M3S, LoopedReach(SLOPE, WIDTH), 3600.0)[0]
    off, better = (float(np.sqrt(np.mean((z - depth) ** 2))) for z in (plain, looped))
    assert off > 0.1 and better < 0.4 * off, (off, better)
    top = int(flow.argmax())
    assert looped[top - 8] < plain[top - 8] and looped[top + 8] > plain[top + 8], "lower rising, higher falling"


def test_a_steady_flow_has_no_loop():
    steady = np.full((3, 40), 2000.0)
    level = looped_level(steady, CURVE_M, CURVE_M3S, LoopedReach(SLOPE, WIDTH), 3600.0)
    assert level == pytest.approx(np.interp(steady, CURVE_M3S, CURVE_M), abs=1e-6)


def station(**more):
    rating = {"sure": "公布", "src": "x", "points": [list(p) for p in zip(CURVE_M.tolist(), CURVE_M3S.tolist(), strict=True)]}
    gauge = {"id": "g", "name": "站", "kind": "station", "rating": rating} | more
    return Network.of({"name": "x", "node": [{"id": "q", "name": "来水", "kind": "inflow", "to": "g"}, gauge]})


def test_a_declared_loop_is_used_and_said():
    flow, _ = flood()
    loop = {"sure": "假定", "src": "比降未公布", "slope": SLOPE, "width_m": WIDTH}
    got = run(station(loop=loop), {"q": flow}, 1.0)
    assert any("Jones 绳套" in line for line in got.limits) and any(a.key == "loop" for a in got.assumed)
    plain = run(station(), {"q": flow}, 1.0)
    assert np.abs(got.courses["g"].level_m - plain.courses["g"].level_m).max() > 0.2


@pytest.mark.parametrize("loop", [{"slope": 1e-4}, {"slope": 0.0, "width_m": 5.0}, {"slope": 1e-4, "width_m": "x"}, 3.0])
def test_a_loop_that_is_none_is_refused(loop):
    with pytest.raises(EngineRefused, match="loop"):
        station(loop=loop)
