"""What is under water, counted by hand on a small grid: half wet, a corner unknown."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from console.engine.depth_grid import CLASS_BOUNDS_M
from console.engine.exposure import exposed
from console.engine.exposure_layers import About, Areas, Density, LayerRefused, Lines, Points
from console.engine.inundation_grid import Stopped

NAN = np.nan
X = Y = 10.0 * np.arange(4) + 5  # cells of 10 m from 0 to 40
DEPTH = np.array(
    [
        [0.0, 0.0, 0.3, 0.7],
        [0.0, 0.0, 1.2, 3.5],
        [0.0, 0.02, 0.3, 0.3],
        [NAN, 0.0, 0.0, 0.0],
    ],
    np.float32,
)  # row 0 is the southernmost
PEOPLE = About("人口", "人", "七普格网", "2020-11-01")
ROADS = About("公路", "m", "路网", "2023")
FIELDS = About("农田", "m²", "三调", "2019-12-31")


def test_people_are_counted_by_depth_and_those_nobody_knows_of_are_not_safe():
    at = np.array([[25, 5], [35, 15], [5, 5], [5, 35], [100, 5], [35, 5]], float)
    found = exposed(Points(PEOPLE, at, np.array([10, 20, 30, 40, 50, NAN])), DEPTH, X, Y)
    assert found.by_class == (10, None, 0, 0, 0, 20)  # one house in 0.7 m has no figure
    assert found.wet == 30 and found.dry == 30 and found.unknown == 40 and found.outside == 50
    assert found.outside_share == pytest.approx(50 / 150)
    assert found.unknown_share == pytest.approx(90 / 150)
    assert found.lacking == 1
    assert found.about.source == "七普格网" and found.about.date == "2020-11-01"


def test_figures_that_nobody_stated_stay_unknown():
    at = np.array([[25, 5], [35, 15]], float)
    found = exposed(Points(PEOPLE, at, np.array([NAN, NAN])), DEPTH, X, Y)
    assert found.wet is None and found.by_class[0] is None and found.lacking == 2
    assert found.outside_share is None


def test_where_no_depth_is_known_nothing_is_said_to_be_dry():
    found = exposed(Points(PEOPLE, np.array([[25.0, 5.0]]), np.array([10.0])), np.full((4, 4), NAN, np.float32), X, Y)
    assert found.wet is None and found.dry is None and found.by_class == (None,) * 6
    assert found.unknown == 10 and found.unknown_share == 1


def test_an_empty_layer_is_nothing_not_unknown():
    found = exposed(Points(PEOPLE, np.zeros((0, 2)), np.zeros(0)), DEPTH, X, Y)
    assert found.wet == 0 and found.unknown_share is None


def test_a_road_is_cut_where_it_leaves_a_cell():
    straight = np.array([[-10, 5], [50, 5]], float)  # along the southern row, ten metres beside it at each end
    found = exposed(Lines(ROADS, straight, np.array([0, 2])), DEPTH, X, Y)
    assert found.by_class == pytest.approx((10, 10, 0, 0, 0, 0))
    assert found.dry == pytest.approx(20) and found.outside == pytest.approx(20)
    assert found.outside_share == pytest.approx(20 / 60)


def test_a_slanting_road_and_its_neighbour_are_two_parts_with_nothing_between():
    slant = np.array([[0, 0], [40, 40], [25, 0], [25, 40]], float)
    found = exposed(Lines(ROADS, slant, np.array([0, 2, 4])), DEPTH, X, Y)
    diagonal = 10 * np.sqrt(2)
    assert found.by_class[0] == pytest.approx(diagonal + 20)  # the diagonal's third cell; 0.3 m twice along x = 25
    assert found.by_class[2] == pytest.approx(10)
    assert found.dry == pytest.approx(3 * diagonal + 10)
    assert sum(v or 0 for v in (*found.by_class, found.dry)) == pytest.approx(np.hypot(40, 40) + 40)


def test_many_random_roads_lose_no_metre():
    rng = np.random.default_rng(5)
    xy = rng.uniform(-20, 60, (400, 2))
    found = exposed(Lines(ROADS, xy, np.arange(0, 401, 4)), DEPTH, X, Y)
    parts = xy.reshape(100, 4, 2)
    length = np.hypot(*np.diff(parts, axis=1).transpose(2, 0, 1)).sum()
    assert found.wet + found.dry + found.unknown + found.outside == pytest.approx(length)
    grid = shapely.box(0, 0, 40, 40)
    inside = sum(shapely.length(shapely.intersection(grid, shapely.linestrings(p))) for p in parts)
    assert found.outside == pytest.approx(length - inside)


def test_a_field_counts_with_the_area_that_lies_in_each_cell():
    field = shapely.box(15, 0, 45, 15)
    found = exposed(Areas(FIELDS, np.array([field])), DEPTH, X, Y)
    assert found.by_class == pytest.approx((100, 100, 50, 0, 0, 50))
    assert found.dry == pytest.approx(75) and found.outside == pytest.approx(75)
    assert found.outside_share == pytest.approx(75 / 450)


def test_a_village_area_spreads_its_people_evenly():
    village = shapely.box(20, 0, 40, 20)  # four cells: 0.3, 0.7, 1.2, 3.5
    found = exposed(Areas(PEOPLE, np.array([village]), np.array([400.0])), DEPTH, X, Y)
    assert found.by_class == pytest.approx((100, 100, 100, 0, 0, 100))
    unknown = exposed(Areas(PEOPLE, np.array([village]), np.array([NAN])), DEPTH, X, Y)
    assert unknown.wet is None and unknown.lacking == 1


def test_a_large_ragged_area_is_the_same_by_blocks_as_by_cells():
    rng = np.random.default_rng(2)
    x = y = np.arange(200) + 0.5
    depth = rng.choice([0.0, 0.3, 1.2, NAN], (200, 200)).astype(np.float32)
    angle = np.linspace(0, 2 * np.pi, 60)[:-1]
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(60, 120, len(angle))[:, None] + 100
    shape = shapely.Polygon(ring, [shapely.get_coordinates(shapely.box(90, 90, 110, 110))])
    found = exposed(Areas(FIELDS, np.array([shape, shapely.Polygon()])), depth, x, y)
    gx, gy = np.meshgrid(np.arange(200.0), np.arange(200.0))
    cut = shapely.area(shapely.intersection(shapely.box(gx, gy, gx + 1, gy + 1), shape))
    assert found.by_class[0] == pytest.approx(cut[depth == np.float32(0.3)].sum())
    assert found.by_class[2] == pytest.approx(cut[depth == np.float32(1.2)].sum())
    assert found.unknown == pytest.approx(cut[np.isnan(depth)].sum())
    assert found.outside == pytest.approx(shape.area - cut.sum())


def test_a_density_coarser_than_the_grid_is_cut_by_it():
    density = Density(
        PEOPLE, np.array([10.0, 30.0, 50.0]), np.array([10.0, 30.0]), np.array([[1.0, 2.0, 5.0], [0.5, NAN, 5.0]])
    )
    found = exposed(density, DEPTH, X, Y)
    assert found.by_class == pytest.approx((200, 200, 200, 0, 0, 200))
    assert found.dry == pytest.approx(400 + 150)
    assert found.unknown == pytest.approx(50)
    assert found.outside == pytest.approx(2 * 5 * 400)
    assert found.lacking == 1  # the unstated square has an unknown cell


def test_a_density_finer_than_the_grid_loses_nobody():
    fine = (np.arange(80) + 0.5) * 0.5
    density = Density(PEOPLE, fine, fine, np.ones((80, 80)))
    found = exposed(density, DEPTH, X, Y)
    assert found.by_class == pytest.approx((300, 100, 100, 0, 0, 100))
    assert found.outside == 0 and found.wet + found.dry + found.unknown == pytest.approx(1600)


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        (Points(PEOPLE, np.zeros((2, 2)), np.zeros(3)), "shape"),
        (Points(PEOPLE, np.zeros((1, 2)), np.array([-5.0])), "negative"),
        (Lines(ROADS, np.zeros((3, 2)), np.array([0, 2])), "shape"),
        (Areas(PEOPLE, np.array([shapely.box(0, 0, 1, 1)]), np.zeros(2)), "shape"),
        (Density(PEOPLE, np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.zeros((2, 2))), "order"),
        (Density(PEOPLE, np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.zeros((3, 2))), "shape"),
    ],
)
def test_layers_that_cannot_be_counted_are_refused(layer, code):
    with pytest.raises(LayerRefused) as refused:
        exposed(layer, DEPTH, X, Y)
    assert refused.value.code == code


def test_counting_many_areas_ends_when_nobody_wants_it_any_more():
    asked = []
    with pytest.raises(Stopped):
        exposed(Areas(FIELDS, np.array([shapely.box(0, 0, 5, 5)] * 9)), DEPTH, X, Y, going=lambda s: asked.append(s) or s < 0.3)
    assert len(asked) == 3


def test_the_classes_are_those_of_the_map():
    assert exposed(Points(PEOPLE, np.zeros((0, 2)), np.zeros(0)), DEPTH, X, Y).bounds_m == CLASS_BOUNDS_M
