"""Depths over time: hand-computed cells, the unknown that is never dry, and what a long series costs."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from console.engine.depth_grid import CLASS_BOUNDS_M, GridRefused, class_areas_m2, class_of
from console.engine.exposure import Exposure
from console.engine.exposure_layers import About
from console.engine.inundation_grid import DepthSeries, MemorySteps, Stopped
from console.viewdata.inundation import BreachPlace
from console.viewdata.inundation_drawn import exposure_lines, inundation_view, least_of, most_of

NAN = np.nan
T0 = 1_655_683_200.0  # 2022-06-20 00:00 UTC


def series_of(*steps, dt=600.0, dx=10.0) -> DepthSeries:
    depth = np.array(steps, np.float32)
    ny, nx = depth.shape[1:]
    return DepthSeries(MemorySteps(dx * np.arange(nx), dx * np.arange(ny), T0 + dt * np.arange(len(depth)), depth))


@pytest.fixture
def polder() -> DepthSeries:
    """Three steps of ten minutes. Cells: filling, already deep, draining, unknown at the second step; and dry ones."""
    return series_of(
        [[0.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.0, NAN]],
        [[0.1, 1.0, 1.0, NAN], [0.0, 0.0, 0.0, NAN]],
        [[0.3, 1.0, 0.0, 0.4], [0.0, 0.0, 0.0, NAN]],
    )


def test_between_two_steps_the_depth_is_linear(polder: DepthSeries):
    assert polder.depth_at_time(T0 + 900)[0, :3] == pytest.approx([0.2, 1.0, 0.5])
    assert polder.depth_at_time(T0 + 600)[0, :3] == pytest.approx([0.1, 1.0, 1.0])


def test_outside_the_series_nothing_is_known_not_even_that_it_is_dry(polder: DepthSeries):
    for t in (T0 - 1, T0 + 1201):
        assert np.isnan(polder.depth_at_time(t)).all()
        assert polder.at(0, 0, t) is None
        assert polder.flooded_area_m2(t) is None
        assert polder.volume_m3(t) is None


def test_an_unknown_step_makes_both_its_neighbours_unknown_but_not_the_known_step_itself(polder: DepthSeries):
    assert np.isnan(polder.depth_at_time(T0 + 300)[0, 3])
    assert polder.depth_at_time(T0)[0, 3] == 0.0
    assert polder.depth_at_time(T0 + 1200)[0, 3] == pytest.approx(0.4)
    assert polder.at(30, 0, T0 + 900) is None


def test_when_the_water_comes(polder: DepthSeries):
    arrival = polder.arrival_s(0.05) - T0
    assert arrival[0, 0] == pytest.approx(300)  # 0 → 0.1 in 600 s
    assert arrival[0, 1] == 0  # there from the beginning
    assert np.isinf(arrival[1, 0])  # never, and every step says so
    assert np.isnan(arrival[0, 3])  # it may have come while nobody knew
    assert np.isnan(arrival[1, 3])
    assert (polder.arrival_s(0.2) - T0)[0, 0] == pytest.approx(900)


def test_how_long_it_stays(polder: DepthSeries):
    duration = polder.duration_s(0.5)
    assert duration[0, 0] == 0
    assert duration[0, 1] == pytest.approx(1200)
    assert duration[0, 2] == pytest.approx(600 + 300)  # 1 → 0 passes 0.5 half-way
    assert np.isnan(duration[0, 3]) and np.isnan(duration[1, 3])
    rising = series_of([[0.0, 0.0], [0, 0]], [[1.0, 0.0], [0, 0]], [[0.0, 0.0], [0, 0]])
    assert rising.duration_s(0.25)[0, 0] == pytest.approx(2 * 0.75 * 600)


def test_the_greatest_depth_is_known_water_and_never_a_dryness_that_nobody_saw(polder: DepthSeries):
    assert polder.max_depth()[0] == pytest.approx([0.3, 1.0, 2.0, 0.4])  # 0.4 at least
    assert np.isnan(polder.max_depth()[1, 3])
    half_seen = series_of([[0.0, 1.0], [1, 1]], [[NAN, 1.0], [1, 1]])
    assert np.isnan(half_seen.max_depth()[0, 0])


def test_area_and_volume_of_the_known_cells(polder: DepthSeries):
    found = polder.flooded(T0)
    assert found is not None
    assert found.area_m2 == pytest.approx(200)
    assert found.volume_m3 == pytest.approx(300)
    assert found.unknown_m2 == pytest.approx(100)
    assert polder.flooded_area_m2(T0, 1.5) == pytest.approx(100)


def test_a_place_has_the_depth_of_its_cell(polder: DepthSeries):
    assert polder.at(4.9, -4.9, T0 + 900) == pytest.approx(0.2)
    assert polder.at(5.1, 0, T0 + 900) == pytest.approx(1.0)
    assert polder.at(-5.1, 0, T0) is None
    times, depth = polder.course(30, 0)
    assert times.tolist() == [T0, T0 + 600, T0 + 1200]
    assert depth == pytest.approx([0.0, NAN, 0.4], nan_ok=True)
    assert np.isnan(polder.course(1e6, 0)[1]).all()


def test_depth_classes_begin_at_their_lower_bound():
    depth = np.array([[0.0, 0.049, 0.05, 0.5], [1.0, 1.5, 2.0, 3.0], [NAN, 99.0, 0.4999, 2.9999]], np.float32)
    assert class_of(depth).tolist() == [[0, 0, 1, 2], [3, 4, 5, 6], [-1, 6, 1, 5]]
    areas = class_areas_m2(depth, np.arange(4) * 10.0, np.arange(3) * 10.0)
    assert areas.tolist() == [100, 200, 200, 100, 100, 100, 200, 200]


def test_cells_of_uneven_width_count_with_their_own_area():
    depth = np.full((2, 3), 1.0, np.float32)
    areas = class_areas_m2(depth, np.array([0.0, 10.0, 30.0]), np.array([0.0, 10.0]))
    assert areas.sum() == pytest.approx((10 + 15 + 20) * 20)


@pytest.mark.parametrize(
    ("x", "y", "t", "shape", "code"),
    [
        ([0.0], [0.0, 1.0], [0.0], (1, 2, 1), "few"),
        ([0.0, 1.0], [1.0, 0.0], [0.0], (1, 2, 2), "order"),
        ([0.0, 1.0], [0.0, 1.0], [0.0, 0.0], (2, 2, 2), "order"),
        ([0.0, 1.0], [0.0, 1.0], [0.0], (1, 3, 2), "shape"),
    ],
)
def test_axes_that_do_not_fit_are_refused(x, y, t, shape, code):
    with pytest.raises(GridRefused) as refused:
        MemorySteps(np.array(x), np.array(y), np.array(t), np.zeros(shape, np.float32))
    assert refused.value.code == code


class CountedSteps(MemorySteps):
    """Counts what is loaded and remembers how many of its arrays are alive."""

    def __init__(self, count: int) -> None:
        y, x = np.mgrid[:30, :40]
        object.__setattr__(self, "loads", [])
        depth = np.stack([np.clip(0.01 * i - 0.001 * (x + y), 0, None) for i in range(count)]).astype(np.float32)
        super().__init__(np.arange(40.0), np.arange(30.0), np.arange(count) * 60.0, depth)

    def step(self, index: int):
        self.loads.append(index)
        return super().step(index).copy()


def test_a_series_ten_times_the_cache_is_read_once_and_never_held():
    source = CountedSteps(20)
    series = DepthSeries(source)
    series.sweep()
    assert source.loads == list(range(20))
    assert len(series._kept.steps) == 2
    source.loads.clear()
    for part in (0.2, 0.5, 0.9):
        series.depth_at_time(60 * (5 + part))
    assert source.loads == [5, 6]  # moving within two steps reads each once
    series.depth_at_time(60 * 6.5)
    assert source.loads == [5, 6, 7]
    source.loads.clear()
    series.course(3, 4)
    series.at(3, 4, 90)
    assert source.loads == []  # a place needs no whole step


def test_a_sweep_ends_when_nobody_wants_it_any_more():
    source, shares = CountedSteps(20), []

    def going(share: float) -> bool:
        shares.append(share)
        return len(shares) < 3

    with pytest.raises(Stopped):
        DepthSeries(source).sweep(going=going)
    assert source.loads == [0, 1, 2]
    assert shares == pytest.approx([0.05, 0.1, 0.15])


def test_a_step_that_is_shown_cannot_be_written_to(polder: DepthSeries):
    with pytest.raises(ValueError, match="read-only"):
        polder.depth_at_time(T0)[0, 0] = 9


def test_the_environment_agencys_valley_is_reached_when_two_models_say(shared):
    """UK EA 2-D benchmark 5: the seven points' courses, ten minutes apart, against arrival by the minute."""
    case = json.loads((shared / "refcases/ea_test5.json").read_text("utf-8"))
    with (shared / "refcases/ea_test5_levels.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    table = np.array(rows, float)
    depth = np.stack([table[:, 1:8], table[:, 8:15]], axis=1).astype(np.float32)  # (nt, 2 models, 7 points)
    series = DepthSeries(MemorySteps(np.arange(7.0), np.arange(2.0), table[:, 0], depth))
    sweep = series.sweep(0.1)
    for row, model in enumerate(("lisflood_fv1", "own_fv1")):
        for column, expected in enumerate(case["expected"][model]):
            assert sweep.arrival_s[row, column] / 60 == pytest.approx(expected["arrival_min_h_gt_0p1"], abs=10)
            peak = expected["peak_level"] - case["bed_at_points"][column]
            assert sweep.max_depth_m[row, column] == pytest.approx(peak, abs=0.12)  # it falls between two steps
            final = expected["final_level_30h"] - case["bed_at_points"][column]
            assert series.at(column, row, 108000.0) == pytest.approx(final, abs=0.01)


def test_a_dam_break_keeps_its_volume(shared):
    """Ritter's exact solution conserves the water: 500 m of 5 m behind the dam."""
    case = json.loads((shared / "refcases/dambreak_ritter.json").read_text("utf-8"))
    x, h = np.array(case["x_m"]), np.array(case["expected"]["h_m"])
    before = np.where(x < 0, case["hl"], 0.0)
    series = DepthSeries(
        MemorySteps(x, np.array([0.0, 1.0]), np.array([0.0, 25.0]), np.stack([[before, before], [h, h]]).astype(np.float32))
    )
    assert series.volume_m3(0.0) == pytest.approx(2 * 500 * 5)
    assert series.volume_m3(25.0) == pytest.approx(2 * 500 * 5, rel=2e-3)  # 10 m cells of a curve
    front = np.flatnonzero(np.isfinite(series.arrival_s(0.05)[0]))[-1]
    assert 0 < x[front] < 2 * math.sqrt(case["g"] * case["hl"]) * 25


def test_a_picture_is_smaller_and_loses_no_water():
    depth = np.zeros((5, 2100), np.float32)
    depth[2, 1001], depth[4, 7], depth[0, 500] = 1.5, NAN, NAN
    depth[0, 501] = 0.7
    small = most_of(depth)
    assert small.shape == (5, 1024)
    assert small.max() is not None and np.nanmax(small) == 1.5
    assert np.isnan(small[4]).sum() == 1  # dry beside unknown is unknown
    assert not np.isnan(small[0]).any()  # water beside unknown is water
    times = np.full((2, 2048), np.inf)
    times[0, 3], times[1, 3] = T0, NAN
    assert least_of(times)[0, 1] == T0
    assert np.isnan(least_of(times)[1, 1]) and np.isinf(least_of(times)[1, 0])


def test_the_view_of_a_moment_says_where_when_and_how_much(polder: DepthSeries):
    exposed = Exposure(
        About("人口", "人", "七普格网", "2020-11-01"), CLASS_BOUNDS_M, (0.0, 12.0, 0.0, None, 0.0, 0.0), 12.0, 3.0, 1.0, 4.0,
        0.2, 0.25, 2,
    )  # fmt: skip
    view = inundation_view(
        polder, T0, "淹没水深（模拟）：试算", "试算.nc", True, polder.sweep(), [BreachPlace(113.0, 23.0, "石角")], [exposed]
    )
    assert view.extent_m == (-5, -5, 35, 15)
    assert view.depth_m.shape == (2, 4) and np.isnan(view.depth_m[1, 3])
    assert len(view.tokens) == len(view.bounds_m) == 6
    areas = {row.text: row.area_m2 for row in view.legend}
    assert areas["1–1.5 m"] == 100 and areas["2–3 m"] == 100 and areas["≥ 3 m"] == 0
    assert areas["未知"] == 100 and areas["不足 0.05 m（未淹）"] == 500
    assert view.breaches[0].width_m is None
    assert [(line.text, line.number) for line in view.exposures] == [
        ("受淹人口（另有 25% 在水深未知处，其中 20% 在计算范围外，2 处没有数字）", 12.0),
        ("人口 · 水深 0.5–1 m", 12.0),
        ("人口 · 水深 1.5–2 m", None),
    ]
    assert view.exposures[0].source == "七普格网（2020-11-01）"
    later = inundation_view(polder, T0 + 9999, "x", "y", None)
    assert np.isnan(later.depth_m).all() and later.arrival_s is None
    assert {row.area_m2 for row in later.legend if row.text != "未知"} == {None}


def test_a_layer_without_a_date_says_so():
    found = Exposure(About("房屋", "栋", "镇报", ""), CLASS_BOUNDS_M, (None,) * 6, None, None, 0.0, 5.0, 1.0, 1.0, 0)
    lines = exposure_lines(found)
    assert lines[0].number is None and lines[0].source == "镇报（日期未注明）"
    assert "100% 在水深未知处" in lines[0].text
