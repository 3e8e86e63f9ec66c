"""The tidal river: at rest, steady over a bump and along a slope, a tide in a closed channel, a flood; refusals; a chain below."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.engine.refused import EngineRefused
from console.engine.tidal_river import G, TidalRiver, run, steady

HALF_DAY_S = 12.4206 * 3600


def channel(n=41, length_m=1e5, manning=0.03):
    return TidalRiver.of(np.linspace(0, length_m, n), np.linspace(-3, -8, n), np.linspace(900, 2000, n), manning)


def test_still_water_over_an_uneven_bed_stays_still():
    got = run(channel(), np.zeros(100), np.full(100, 1.0), 600.0)
    assert np.abs(got.flow_m3s).max() < 1e-9 and np.abs(got.level_m - 1.0).max() < 1e-12


def test_a_flow_over_a_bump_stands_as_bernoulli_has_it(shared, within):
    known = json.loads((shared / "refcases" / "steady_bump_subcritical.json").read_text("utf-8"))
    x, bed = np.array(known["x_m"]), np.array(known["bed_m"])
    wide = 1e6
    level = steady(TidalRiver.of(x, bed, np.full(len(x), wide), 0.0), known["q"] * wide, known["h_downstream"])
    off = np.abs(level - bed - np.array(known["expected"]["h_m"])).max()
    within("steady_bump_subcritical", "水深最大（一维恒定）", off, 0.02, "m")


def test_the_backwater_of_a_steady_flow_is_the_equation_of_gradually_varied_flow_and_stays():
    from scipy.integrate import solve_ivp

    n, slope, width, flow = 0.03, 1e-4, 800.0, 9000.0
    river = TidalRiver.of(np.linspace(0, 1e5, 101), -slope * np.linspace(0, 1e5, 101), np.full(101, width), n)
    mouth = river.bed_m[-1] + 14.0

    def rise(_x, h):
        area = width * h
        friction = n**2 * flow**2 / area**2 * ((width + 2 * h) / area) ** (4 / 3)
        return (slope - friction) / (1 - flow**2 * width / (G * area**3))

    exact = solve_ivp(rise, (1e5, 0.0), [14.0], rtol=1e-9, atol=1e-9, t_eval=river.at_m[::-1]).y[0][::-1]
    level = steady(river, flow, mouth)
    assert np.abs(level - river.bed_m - exact).max() < 0.005
    got = run(river, np.full(150, flow), np.full(150, mouth), 600.0)
    assert np.abs(got.flow_m3s - flow).max() < 1e-3 * flow and np.abs(got.level_m[-1] - level).max() < 0.005


def test_a_tide_in_a_closed_channel_grows_as_a_standing_wave():
    length, depth, amplitude = 5e4, 10.0, 0.05
    river = TidalRiver.of(np.linspace(0, length, 51), np.full(51, -depth), np.full(51, 500.0), 0.0)
    t = np.arange(0, 12 * HALF_DAY_S, 300.0)
    sea = amplitude * np.minimum(t / (3 * HALF_DAY_S), 1.0) * np.cos(2 * np.pi * t / HALF_DAY_S)
    got = run(river, np.zeros_like(t), sea, 300.0, np.zeros(51))
    end = got.level_m[t > 10 * HALF_DAY_S, 0]
    wished = 1 / np.cos(2 * np.pi / HALF_DAY_S / np.sqrt(G * depth) * length)
    assert np.ptp(end) / 2 / amplitude == pytest.approx(wished, rel=0.015)
    assert got.mass_error < 1e-12


def test_a_flood_against_a_surge_keeps_its_water_and_stands_higher_than_without():
    t = np.arange(0, 72 * 3600.0, 600.0)
    flood = 4000 + 10000 * np.exp(-(((t / 3600 - 36) / 12) ** 2))
    tide = 0.5 + 0.8 * np.cos(2 * np.pi * t / HALF_DAY_S)
    surge = 2.0 * np.exp(-(((t / 3600 - 38) / 5) ** 2))
    calm, storm = run(channel(), flood, tide, 600.0), run(channel(), flood, tide + surge, 600.0)
    assert max(calm.mass_error, storm.mass_error) < 1e-12
    assert storm.level_m[:, 0].max() > calm.level_m[:, 0].max() + 0.1
    assert (storm.level_m[:, 20].max() - calm.level_m[:, 20].max()) < 2.0, "a surge is not more than itself inland"


def test_water_may_run_upstream_with_the_flood_tide():
    t = np.arange(0, 5 * HALF_DAY_S, 600.0)
    got = run(channel(), np.full(len(t), 200.0), np.sin(2 * np.pi * t / HALF_DAY_S), 600.0)
    assert got.flow_m3s[:, -1].min() < 0 < got.flow_m3s[:, -1].max()


@pytest.mark.parametrize(
    ("flow", "sea", "words"),
    [
        (np.full(5, 100.0), np.array([0.0, 0.0, -7.95, -7.95, -7.95]), "水深不足"),
        (np.full(5, 100.0), np.array([0.0, np.nan, 0.0, 0.0, 0.0]), "第 2 行"),
        (np.full(4, 100.0), np.zeros(5), "一样多"),
        (np.full(5, 2e5), np.full(5, -6.5), "缓流"),
    ],
)
def test_what_the_equations_do_not_cover_is_refused_with_its_place(flow, sea, words):
    with pytest.raises(EngineRefused, match=words):
        run(channel(), flow, sea, 600.0)


def test_sections_that_make_no_river_are_refused():
    for at, bed, width, words in (
        ([0, 1000], [0, 0], [10, 10], "至少三个"),
        ([0, 1000, 1000], [0, 0, 0], [10, 10, 10], "第 3 行须递增"),
        ([0, 1000, 2000], [0, 0, 0], [10, 0, 10], "断面宽"),
    ):
        with pytest.raises(EngineRefused, match=words):
            TidalRiver.of(at, bed, width, 0.03)
