"""Underwater surveys: volumes and depths of surfaces whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from console.engine.survey import SurveyRefused, difference, from_points, scour_state, section, surface


def plane(x, y, a=0.02, b=-0.1):
    gx, gy = np.meshgrid(x, y)
    return 5 + a * gx + b * gy


def grid(x0=0.0, x1=200.0, dx=2.0, y1=80.0):
    x, y = np.arange(x0, x1 + dx / 2, dx), np.arange(0.0, y1 + dx / 2, dx)
    return x, y, plane(x, y)


def bowl(x, y, cx=100.0, cy=40.0, r=20.0, d=3.0):
    gx, gy = np.meshgrid(x, y)
    return np.maximum(0.0, d * (1 - ((gx - cx) ** 2 + (gy - cy) ** 2) / r**2))


def test_a_paraboloid_hole_has_half_its_cylinders_volume():
    x, y, z = grid(dx=1.0)
    change = difference(surface(x, y, z), surface(x, y, z - bowl(x, y)))
    assert change.scour_m3 == pytest.approx(np.pi * 20**2 * 3 / 2, rel=0.003)
    assert (change.deepest_m, change.chainage_m, change.offset_m) == (pytest.approx(3.0), 100.0, 40.0)
    assert change.fill_m3 == 0.0 and change.area_m2 == pytest.approx(200 * 80) and change.coverage == 1.0


def test_a_plane_lowered_by_half_a_metre_and_a_heap_beside_it():
    x, y, z = grid()
    change = difference(surface(x, y, z), surface(x, y, np.where(x < 100, z - 0.5, z + 0.25)))
    assert change.scour_m3 + change.fill_m3 == pytest.approx(80 * (100 * 0.5 + 100 * 0.25), rel=0.03)
    assert change.scour_m3 > change.fill_m3 > 0


def test_only_the_common_area_is_compared():
    x, y, z = grid()
    x2, y2, z2 = grid(100.0, 300.0)
    z2[:, :10] = np.nan
    change = difference(surface(x, y, z), surface(x2, y2, z2 - 1.0))
    assert change.area_m2 == pytest.approx(80 * 80) and change.scour_m3 == pytest.approx(80 * 80)
    assert change.coverage == pytest.approx(0.4) and np.isnan(change.scour_m[:, 0]).all()
    with pytest.raises(SurveyRefused, match="no common area"):
        difference(surface(x, y, z), surface(x2 + 500, y2, z2))


def test_soundings_become_the_plane_they_were_taken_from_and_are_not_stretched():
    rng = np.random.default_rng(4)
    xy = rng.uniform(0, 60, (900, 2))
    xy = xy[(xy[:, 0] < 20) | (xy[:, 0] > 45)]
    found = from_points(np.column_stack([xy, 5 + 0.02 * xy[:, 0] - 0.1 * xy[:, 1]]), 2.0)
    known = np.isfinite(found.z_m)
    assert np.abs((found.z_m - plane(found.x_m, found.y_m))[known]).max() < 1e-9
    hole = (found.x_m > 28) & (found.x_m < 37)
    assert known.mean() > 0.6 and not known[:, hole].any(), "between two swaths nothing was measured"


def test_a_section_runs_across_at_a_chainage():
    x, y, z = grid()
    y_m, z_m = section(surface(x, y, z), 33.0)
    assert np.allclose(z_m, 5 + 0.02 * 33 - 0.1 * y_m)
    assert np.allclose(section(surface(x, y, z), 200.0)[1], z[:, -1])
    assert np.isnan(section(surface(x, y, z), 900.0)[1]).all()


def test_a_hole_touching_unsurveyed_ground_still_gives_its_section():
    x, y, z = grid()
    z[:, 51] = np.nan
    assert np.isfinite(section(surface(x, y, z), 100.0)[1]).all()


@pytest.mark.parametrize(
    ("code", "points", "spacing"),
    [
        ("few", np.zeros((3, 3)), 1.0),
        ("flat", np.column_stack([np.arange(9.0), np.zeros(9), np.zeros(9)]), 1.0),
        ("size", np.array([[0, 0, 1], [1e9, 0, 1], [0, 1e9, 1], [1e9, 1e9, 1.0]]), 1.0),
        ("shape", np.zeros((5, 2)), 1.0),
        ("shape", np.zeros((5, 3)), float("nan")),
        ("few", np.full((9, 3), np.nan), 1.0),
    ],
)
def test_useless_soundings_are_refused_with_a_reason(code, points, spacing):
    with pytest.raises(SurveyRefused) as refused:
        from_points(points, spacing)
    assert refused.value.code == code


def test_a_grid_is_checked():
    x, y, z = grid()
    for code, args in {"shape": (x, y, z.T), "order": (x[::-1], y, z), "few": (x[:1], y, z[:, :1])}.items():
        with pytest.raises(SurveyRefused) as refused:
            surface(*args)
        assert refused.value.code == code


def test_the_alarm_follows_the_declared_limit_and_without_one_nothing_is_claimed():
    x, y, z = grid()
    change = difference(surface(x, y, z), surface(x, y, z - bowl(x, y)))
    assert [scour_state(change, v) for v in (2.0, 4.0, 8.0, None, float("nan"))] == [
        "alarm",
        "attention",
        "normal",
        "unknown",
        "unknown",
    ]


def test_a_change_within_the_soundings_accuracy_adds_no_volume():
    x, y, z = grid(dx=1.0)
    noisy = z - bowl(x, y) + np.random.default_rng(1).normal(0, 0.04, z.shape)
    rough = difference(surface(x, y, z), surface(x, y, noisy))
    told = difference(surface(x, y, z), surface(x, y, noisy), 0.15)
    assert rough.fill_m3 > 200 > 20 > told.fill_m3 and told.scour_m3 == pytest.approx(np.pi * 20**2 * 3 / 2, rel=0.02)
