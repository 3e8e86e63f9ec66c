"""Map lines and curves: named rivers, profiles that fall, extremes that are never lost."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.geo import chainage_km, distance_km, mercator_lat, mercator_y, nearest_on_line
from console.store import basemap
from scenes.ground.synthetic_guides import river_profile
from widgets.decimate import Pyramid
from widgets.map_projection import MapFrame


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return basemap.load_basemap(tmp_path_factory.mktemp("basemap"))


def test_the_beijiang_passes_its_stations_in_order(base):
    line = base.rivers["北江"][0]
    stations = [(113.59, 24.80), (113.41, 24.19), (113.25, 23.81), (113.05, 23.69), (112.96, 23.57), (112.83, 23.17)]
    placed = [nearest_on_line(line, *s) for s in stations]
    assert all(away < 2.5 for _, away in placed)
    assert [km for km, _ in placed] == sorted(km for km, _ in placed)
    assert 240 < chainage_km(line)[-1] < 290


def test_prefectures_and_counties_are_there_and_no_national_border_is(base):
    assert len(base.prefectures) == 21 and not base.schematic
    assert {"广州市", "清远市", "韶关市"} <= {p.name for p in base.prefectures}
    assert "不作划界依据" in base.credit


def test_the_cache_holds_the_same_map(base, tmp_path):
    first = basemap.load_basemap(tmp_path)
    again = basemap.load_basemap(tmp_path)
    assert first.rivers.keys() == again.rivers.keys()
    assert np.allclose(first.rivers["北江"][0], again.rivers["北江"][0], atol=1e-4)


def test_without_the_packages_a_schematic_map_says_so(monkeypatch, tmp_path):
    def missing():
        raise ImportError("basemap data")

    monkeypatch.setattr(basemap, "build_basemap", missing)
    found = basemap.load_basemap(tmp_path)
    assert found.schematic and "示意" in found.credit and "北江" in found.rivers


def test_a_river_row_of_another_shape_is_refused(monkeypatch):
    monkeypatch.setitem(basemap.CHECK_POINTS, 11125, 7)
    with pytest.raises(ValueError, match="11125"):
        basemap.build_basemap()


def test_river_profiles_never_rise_downstream(base):
    knots = [(113.576, 24.812, 48.0), (113.41, 24.19, 22.0), (112.96, 23.57, 3.5)]
    assert (np.diff(river_profile(base.rivers["北江"][0], knots)) <= 1e-9).all()


def test_the_map_zooms_about_the_cursor():
    frame = MapFrame.fitting(111.0, 22.0, 116.0, 26.0, 900, 600)
    before = frame.to_degrees(200, 150)
    after = frame.zoomed(2.5, 200, 150).to_degrees(200, 150)
    assert before == pytest.approx(after)
    assert mercator_lat(float(mercator_y(24.19))) == pytest.approx(24.19)
    assert float(distance_km(113.0, 24.0, 114.0, 24.0)) == pytest.approx(101.6, abs=0.3)


def test_every_extreme_is_drawn_in_its_pixel_column():
    rng = np.random.default_rng(7)
    t = np.arange(1_000_000, dtype=np.int64) * 60
    v = np.cumsum(rng.standard_normal(len(t)))
    v[123_456], v[777_777] = 5000.0, -5000.0
    shown_t, shown_v = Pyramid(t, v, 60).view(float(t[0]), float(t[-1]), 1200)
    assert len(shown_t) < 12 * 1200
    assert np.nanmax(shown_v) == 5000.0 and np.nanmin(shown_v) == -5000.0
    column = (t[-1] - t[0]) / 1200
    assert abs(shown_t[np.nanargmax(shown_v)] - t[123_456]) <= column


def test_gaps_break_the_line_and_nothing_is_invented():
    t = np.array([0, 3600, 7200, 36000, 39600])
    shown_t, shown_v = Pyramid(t, np.arange(5.0), 3600).view(-1, 50000, 500)
    assert np.isnan(shown_v).sum() == 1 and set(shown_v[~np.isnan(shown_v)]) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert 7200 < shown_t[np.isnan(shown_v)][0] < 36000
