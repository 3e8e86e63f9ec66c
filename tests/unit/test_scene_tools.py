"""The sandbox's measuring tools on grounds whose answers can be worked out by hand."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from console.domain.geo import area_km2, geodesic_km
from console.errors import ConsoleError
from scenes.camera import OrbitCamera
from scenes.ground.frame import to_degrees
from scenes.ground.source import Ground
from scenes.tools.measure import area, bearing_and_slope, distance, volume_between
from scenes.tools.pick import pick
from scenes.tools.profile import cross_section, profile
from scenes.tools.sampling import MERIDIAN_KM as M
from scenes.tools.sampling import grid_scale
from scenes.tools.sight import drop_m, line_of_sight
from scenes.tools.wetted import WaterAt


class Surface:
    """A ground given by a formula of local km, here measured from the grid's central meridian."""

    def __init__(self, formula, box=(-500.0, -500.0, 500.0, 500.0), *, label="解析面", synthetic=False, cell_km=0.01):
        self.formula, self.box, self.label, self.synthetic, self.cell_km = formula, box, label, synthetic, cell_km
        self.datum = "1985 国家高程基准"

    def heights(self, east_km, north_km, cell_km):
        known = (east_km >= self.box[0]) & (east_km <= self.box[2]) & (north_km >= self.box[1]) & (north_km <= self.box[3])
        return np.where(known, self.formula(east_km - M, north_km), np.nan).astype(np.float32)


def ground(formula, **more):
    return Ground([Surface(formula, **more)])


def at(x, y):
    return (M + x, y)


def line(*points):
    return np.array([at(*p) for p in points], float)


def plane(x, y):
    return 100.0 + 30.0 * x  # 3 % up to the east


def valley(x, y):
    return 100.0 * np.abs(x)  # a V: banks rise 100 m in a kilometre


def cone(x, y):
    return np.maximum(0.0, 500.0 - 100.0 * np.hypot(x, y))


def levee(x, y):
    """Bed at 10 m; a levee whose crest is 20 m at 0.5 km; behind it fields at 12 m; a hill of 30 m on the other side."""
    return np.interp(x, [-1.0, -0.2, 0.0, 0.2, 0.5, 0.6, 0.9, 1.2], [30.0, 14.0, 10.0, 14.0, 20.0, 12.0, 12.0, 25.0])


# --- profile ------------------------------------------------------------------------------------
def test_a_profile_up_a_plane_is_its_slope():
    found = profile(ground(plane), line((0, 0), (4, 0)), 0.05)
    assert found.flat_km == pytest.approx(4.0, rel=1e-6)
    assert found.ground_km == pytest.approx(4.0 * math.hypot(1, 0.03), rel=1e-6)
    assert (found.climb_m, found.fall_m) == pytest.approx((120.0, 0.0), abs=0.01)
    assert len(found.height_m) == 81 and found.chainage_km[-1] == pytest.approx(4.0, rel=1e-6)
    assert "升 120.0 m 降 0.0 m" in found.words() and "1985 国家高程基准" in found.words()


def test_a_profile_over_a_cone_climbs_and_falls_by_its_height_even_when_the_step_misses_the_top():
    found = profile(ground(cone), line((-5, 0), (0, 0), (5, 0)), 0.03)
    assert (found.climb_m, found.fall_m) == pytest.approx((500.0, 500.0), abs=0.05)


def test_a_profile_says_where_the_ground_is_unknown_and_invents_nothing_there():
    found = profile(ground(plane, box=(M - 1, -9, M + 2, 9)), line((0, 0), (4, 0)), 0.5)
    assert np.isnan(found.height_m[-4:]).all() and np.isfinite(found.height_m[:5]).all()
    assert found.unknown_km == pytest.approx(2.0, rel=1e-5) and found.climb_m == pytest.approx(60.0, abs=0.01)
    assert "2.00 km 高程未知、按平距计" in found.words()
    nothing = profile(Ground([]), line((0, 0), (4, 0)), 0.5)
    assert "全部未知" in nothing.words()


def test_generated_ground_is_never_said_to_be_surveyed():
    assert "非实测" in profile(ground(plane, label="合成地形 仅供演示", synthetic=True), line((0, 0), (1, 0)), 0.1).words()
    fine = Surface(plane, (M - 1, -1, M + 1, 1), label="石角段 1 m", cell_km=0.001)
    coarse = Surface(plane, label="合成地形 仅供演示", synthetic=True)
    both = profile(Ground([coarse, fine]), line((0, 0), (3, 0)), 0.1)
    assert both.basis.labels == ("石角段 1 m", "合成地形 仅供演示") and both.basis.synthetic


def test_one_point_is_no_line_and_a_step_of_nothing_no_step():
    with pytest.raises(ConsoleError, match="请至少取两个点"):
        profile(ground(plane), line((1, 1), (1, 1)), 0.1)
    with pytest.raises(ConsoleError, match="请给出大于 0"):
        profile(ground(plane), line((0, 0), (1, 1)), 0.0)
    with pytest.raises(ConsoleError, match="请放大取样间距"):
        profile(ground(plane), line((0, 0), (300, 0)), 1e-4)


# --- cross-section ------------------------------------------------------------------------------
def test_water_in_a_v_valley_is_a_triangle():
    found = cross_section(ground(valley), at(-1, 0), at(1, 0), [WaterAt("今日 08 时", 30.0, 1.0)], 0.013)
    (wet,) = found.waters
    assert wet.width_m == pytest.approx(600.0, abs=0.5)
    assert wet.area_m2 == pytest.approx(600.0 * 30.0 / 2, rel=2e-3)
    assert wet.mean_depth_m == pytest.approx(15.0, rel=2e-3)
    assert (wet.start.freeboard_m, wet.end.freeboard_m) == pytest.approx((70.0, 70.0), abs=0.05)
    assert wet.flag == "" and not wet.cut_off_km


def test_low_land_behind_a_levee_stays_dry_until_the_levee_is_overtopped():
    waters = [WaterAt("枯水", 9.0, 0.0), WaterAt("洪峰", 18.0, 1.0), WaterAt("漫堤", 21.0, 2.0)]
    dry, flood, over = cross_section(ground(levee), at(-1, 0), at(1.2, 0), waters, 0.01).waters
    assert dry.span_km is None and "无水" in dry.words()
    assert flood.span_km == pytest.approx((0.6, 1.4), abs=1e-3)  # -0.4 to 0.4 km: 14 m at 0.2 km, then 20 m per km
    # under 18 m: 8 m at the bed and 4 m at ±0.2 km, then out to nothing at ±0.4 km
    assert flood.area_m2 == pytest.approx(2 * (0.2 * 6.0 + 0.2 * 2.0) * 1000, rel=1e-4)
    assert flood.end.guard_m == pytest.approx(20.0, abs=0.01) and flood.end.room_m == pytest.approx(2.0, abs=0.01)
    assert flood.end.top_m == pytest.approx(25.0) and flood.end.freeboard_m == pytest.approx(7.0, abs=0.01)
    assert flood.start.guard_m is None and flood.start.room_m == pytest.approx(12.0, abs=0.01)
    ((a, b),) = flood.cut_off_km
    assert (a - 1.0, b - 1.0) == pytest.approx((0.525, 0.9 + 0.3 * 6 / 13), abs=1e-3)
    assert "被高地隔开，未计" in flood.words() and "堤顶 20.00 m" in flood.words()
    assert not over.cut_off_km and over.width_m > flood.width_m + 400


def test_land_lower_than_the_bed_is_not_taken_for_the_river_when_the_river_is_named():
    def polder(x, y):
        return np.where(np.asarray(x) > 0.55, 2.0, levee(x, y))

    waters = [WaterAt("洪峰", 18.0, 0.0)]
    lost = cross_section(ground(polder), at(-1, 0), at(0.9, 0), waters, 0.01)
    found = cross_section(ground(polder), at(-1, 0), at(0.9, 0), waters, 0.01, river=at(0.05, 0.0))
    assert lost.height_m[lost.lowest] == pytest.approx(2.0)
    assert found.height_m[found.lowest] == pytest.approx(10.0) and found.waters[0].width_m == pytest.approx(800.0, abs=1)


def test_water_above_both_ends_is_flagged_for_its_area_is_only_a_part():
    (wet,) = cross_section(ground(valley), at(-0.2, 0), at(0.2, 0), [WaterAt("特大", 50.0, 0.0)], 0.01).waters
    assert wet.flag == "水面高于剖面两端" and wet.start.over and wet.end.over
    assert wet.area_m2 == pytest.approx(400 * 50 - 400 * 20 / 2, rel=1e-4)
    assert wet.start.freeboard_m == pytest.approx(-30.0, abs=0.01) and "−30.00 m" in wet.words()
    (one,) = cross_section(ground(valley), at(-0.2, 0), at(0.9, 0), [WaterAt("大", 50.0, 0.0)], 0.01).waters
    assert one.flag == "水面高于剖面起点端"


def test_water_that_reaches_unknown_ground_says_so():
    part = ground(valley, box=(M - 0.1, -9, M + 9, 9))
    (wet,) = cross_section(part, at(-1, 0), at(1, 0), [WaterAt("洪峰", 30.0, 0.0)], 0.01).waters
    assert wet.start.unknown and not wet.end.unknown and "水面连到高程未知处" in wet.words()
    assert wet.width_m == pytest.approx(400.0, abs=11)
    nothing = cross_section(Ground([]), at(-1, 0), at(1, 0), [WaterAt("洪峰", 30.0, 0.0)], 0.01)
    assert nothing.lowest is None and "不能量水" in nothing.words()


def test_a_moment_without_a_level_is_refused_not_drawn_at_nought():
    with pytest.raises(ConsoleError, match="没有水位"):
        cross_section(ground(valley), at(-1, 0), at(1, 0), [WaterAt("昨日", math.nan, 0.0)], 0.01)


# --- sight --------------------------------------------------------------------------------------
def test_the_earth_itself_hides_what_is_far_enough():
    """Over flat ground two eyes at 2 m see each other up to 2·√(2·R·h/(1-k)) = 10.8 km."""
    reach = 2 * math.sqrt(2 * 6371.0 * 0.002 / 0.87)
    flat = ground(lambda x, y: np.zeros_like(x))
    assert float(drop_m(10.0)) == pytest.approx(6.828, abs=0.001)
    assert line_of_sight(flat, at(0, 0), at(0, reach * 0.99), 2.0, 2.0).visible is True
    blocked = line_of_sight(flat, at(0, 0), at(0, reach * 1.02), 2.0, 2.0)
    assert blocked.visible is False and "k=0.13" in blocked.words()


def test_a_ridge_between_blocks_and_the_clearance_is_what_is_missing():
    def ridge(x, y):
        return np.maximum(0.0, 50.0 - 100.0 * np.abs(np.asarray(x) - 2.0))

    found = line_of_sight(ground(ridge), at(0, 0), at(4, 0), 10.0, 10.0)
    bulge = 2.0 * 2.0 * 0.87 / (2 * 6371.0) * 1000
    assert found.visible is False
    assert found.clearance_m == pytest.approx(10.0 - 50.0 - bulge, abs=0.6)
    assert found.closest[0] - M == pytest.approx(2.0, abs=0.02)
    assert found.blocked_km == pytest.approx(1.6, abs=0.02) and found.blocked_at[0] - M == pytest.approx(1.6, abs=0.02)
    tower = line_of_sight(ground(ridge), at(0, 0), at(4, 0), 60.0, 60.0)
    assert tower.visible is True and tower.clearance_m == pytest.approx(10.0 - bulge, abs=0.6) and "通视" in tower.words()


def test_unknown_ground_between_leaves_sight_open_unless_known_ground_blocks():
    hole = Ground([Surface(plane, (M - 1, -1, M + 1, 1)), Surface(plane, (M + 3, -1, M + 5, 1))])
    found = line_of_sight(hole, at(0, 0), at(4, 0), 20.0, 20.0)
    assert found.visible is None and found.unknown_km == pytest.approx(2.0, abs=0.05) and "不能判定" in found.words()
    blind = line_of_sight(hole, at(0, 0), at(2, 0), 20.0)
    assert blind.visible is None and blind.clearance_m is None


# --- distance, area, slope, volume --------------------------------------------------------------
def test_three_lengths_of_one_line_over_a_cone():
    found = distance(ground(cone), line((-5, 0), (5, 0)), 0.01)
    assert found.flat_km == pytest.approx(10.0, rel=1e-5) and found.space_km == pytest.approx(10.0, rel=1e-5)
    assert found.ground_km == pytest.approx(10.0 * math.hypot(1, 0.1), rel=1e-5)
    up = distance(ground(cone), line((-5, 0), (0, 0)), 0.01)
    assert up.space_km == pytest.approx(5.0 * math.hypot(1, 0.1), rel=1e-5)
    assert "空间直线 未知" in distance(Ground([]), line((-5, 0), (5, 0)), 1.0).words()


def test_far_from_the_meridian_lengths_and_areas_are_those_of_the_flat_map():
    x, y = M - 420.0, -120.0
    corners = np.array([(x, y), (x + 20, y), (x + 20, y + 20), (x, y + 20)])
    lon, lat = to_degrees(corners[:, 0], corners[:, 1])
    degrees = list(zip(lon.tolist(), lat.tolist(), strict=True))
    flat = ground(lambda x, y: np.zeros_like(x))
    assert float(grid_scale(x)) > 1.002
    assert distance(flat, corners, 1.0).flat_km == pytest.approx(geodesic_km(degrees), rel=2e-5)
    assert area(flat, corners, 0.5).flat_m2 == pytest.approx(area_km2(degrees) * 1e6, rel=4e-5)


def test_a_sloping_field_has_more_ground_than_its_flat_area():
    steep = ground(lambda x, y: 750.0 * np.asarray(x))  # 3 in 4: 1.25 times
    found = area(steep, line((0, 0), (2, 0), (2, 1), (0, 1)), 0.02)
    assert found.flat_m2 == pytest.approx(2e6, rel=1e-5) and found.surface_m2 == pytest.approx(2.5e6, rel=1e-4)
    half = area(ground(plane, box=(M - 9, -9, M + 1, 9)), line((0, 0), (2, 0), (2, 1), (0, 1)), 0.02)
    assert half.unknown == pytest.approx(0.5, abs=0.02) and "高程未知、按平面计" in half.words()
    with pytest.raises(ConsoleError, match="边线相交"):
        area(steep, line((0, 0), (1, 1), (1, 0), (0, 1)), 0.02)


def test_bearing_is_true_and_slope_signed():
    east = bearing_and_slope(ground(plane), at(0, 0), at(2, 0))
    assert east.bearing_deg == pytest.approx(90.0, abs=0.01) and east.percent == pytest.approx(3.0, rel=1e-4)
    assert "（东）" in east.words()
    down = bearing_and_slope(ground(plane), at(2, 0), at(0, 0))
    assert down.rise_m == pytest.approx(-60.0, abs=0.01) and "−60.00 m" in down.words()
    # 400 km west of the meridian grid north lies 1.5° off: the place's own meridian runs to the north-east on the grid
    lon0, lat0 = to_degrees(M - 400.0, 0.0)
    from scenes.ground.frame import to_local

    x, y = to_local(lon0, lat0 + 0.1)
    north = bearing_and_slope(ground(plane), (M - 400.0, 0.0), (float(x), float(y)))
    assert north.bearing_deg % 360 == pytest.approx(0.0, abs=0.02) or north.bearing_deg == pytest.approx(360.0, abs=0.02)


def test_a_cone_shaped_basin_holds_a_third_of_its_cylinder():
    basin = ground(lambda x, y: 100.0 * np.hypot(x, y))  # 1 km across per 50 m
    square = line((-2, -2), (2, -2), (2, 2), (-2, 2))
    found = volume_between(basin, square, 0.0, 100.0, 0.05)
    whole = math.pi * 1000.0**2 * 100.0 / 3
    assert found.volume_m3 == pytest.approx(whole, rel=2e-3)
    assert found.area_high_m2 == pytest.approx(math.pi * 1e6, rel=5e-3) and found.area_low_m2 == 0.0
    assert 0 < found.error_m3 < 0.01 * whole and "亿 m³" in found.words()
    upper = volume_between(basin, square, 50.0, 100.0, 0.05)
    assert upper.volume_m3 == pytest.approx(whole * 7 / 8, rel=2e-3)


def test_volume_needs_two_levels_in_order_and_says_what_it_did_not_know():
    square = line((-1, -1), (1, -1), (1, 1), (-1, 1))
    with pytest.raises(ConsoleError, match="较低的水位放在前面"):
        volume_between(ground(valley), square, 10.0, 10.0, 0.05)
    half = volume_between(ground(lambda x, y: np.zeros_like(x), box=(M, -9, M + 9, 9)), square, 1.0, 2.0, 0.1)
    assert half.volume_m3 == pytest.approx(2e6, rel=1e-3) and half.unknown == pytest.approx(0.5)
    assert "高程未知、未计" in half.words()


# --- pick ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("far_km", [0.1, 1.0, 30.0, 300.0, 700.0])
@pytest.mark.parametrize("pitch", [12.0, 42.0, 88.0])
def test_the_picture_s_middle_is_the_camera_s_focus_from_every_distance(far_km, pitch):
    camera = OrbitCamera(M, 0.0, 100.0 / 1000 * 8, far_km, 90.0, pitch)
    found = pick(ground(plane), *camera.ray(640, 360, 1280, 720), 8.0, 900.0)
    assert found is not None
    assert math.hypot(found.east_km - M, found.north_km) < 2e-4 * far_km
    assert found.distance_km == pytest.approx(far_km, rel=1e-3)


def test_a_picked_place_is_where_the_picture_draws_it():
    camera = OrbitCamera(M + 1, -1.0, 0.5, 25.0, 30.0, 25.0)
    for px, py in ((200, 500), (900, 300), (640, 650)):
        found = pick(ground(cone), *camera.ray(px, py, 1280, 720), 4.0, 900.0)
        x, y, _ = camera.project(np.array([[found.east_km, found.north_km, found.height_m / 1000 * 4.0]]), 1280, 720)
        assert (float(x[0]), float(y[0])) == pytest.approx((px, py), abs=1.5)


def test_the_mountain_in_front_is_met_not_the_plain_behind_it():
    camera = OrbitCamera(M, 0.0, 1.0, 20.0, 0.0, 10.0)
    found = pick(ground(cone), *camera.ray(640, 360, 1280, 720), 8.0, 900.0)
    assert -5.0 < found.north_km < 0.0 and found.height_m > 100


def test_the_sky_and_the_unknown_are_no_place():
    camera = OrbitCamera(M, 0.0, 0.0, 20.0, 0.0, 10.0)
    assert pick(ground(plane), camera.eye, (0.0, 1.0, 0.2), 8.0, 900.0) is None
    assert pick(Ground([]), camera.eye, (0.0, 1.0, -0.2), 8.0, 900.0) is None
    assert pick(ground(plane), camera.eye, (0.0, 1.0, -0.2), 8.0, 5.0) is None, "beyond the longest ray"


def test_a_ray_that_comes_in_from_unknown_land_meets_the_edge_of_the_known():
    edge = ground(lambda x, y: np.full_like(x, 1000.0), box=(M - 5, 0.0, M + 5, 10.0))
    found = pick(edge, (M, -10.0, 5.0), (0.0, 1.0, -0.2), 8.0, 900.0)
    assert found.north_km == pytest.approx(0.0, abs=0.05) and found.height_m == pytest.approx(1000.0)
    assert "°E" in found.words()


def test_a_pick_takes_no_more_than_three_milliseconds():
    camera = OrbitCamera(M, 0.0, 1.0, 300.0, 0.0, 20.0)
    spent = []
    for _ in range(20):
        began = time.thread_time()
        pick(ground(cone), *camera.ray(600, 300, 1280, 720), 8.0, 900.0)
        spent.append(time.thread_time() - began)
    assert sorted(spent)[10] < 0.003
