"""Inundation results on this computer: imports, what the user adds to them, two consoles at once, broken folders."""

from __future__ import annotations

import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from console.engine.exposure import exposed
from console.engine.inundation_grid import DepthSeries, Stopped
from console.errors import ConsoleError
from console.services.flood_library import (
    ExposureSource,
    FloodLibrary,
    Site,
    breach_of,
    read_layer,
    read_layers,
    read_site,
    told_of,
)
from console.store.vector_file import read_overlay
from console.viewdata.inundation import BreachPlace
from scenes.ground.frame import to_degrees
from tests.depth_files import DEPTH, NAN, STEPS, T0, X, Y, netcdf, tif

SITE = Site(
    breaches=(BreachPlace(113.1, 23.3, "石角", T0 + 1800, 150.0), BreachPlace(113.2, 23.4, "芦苞")),
    exposures=(ExposureSource("人口", "人口.geojson", "人", "人", "七普", "2020-11-01"),),
)


@pytest.fixture
def library(tmp_path: Path) -> FloodLibrary:
    return FloodLibrary(tmp_path / "cache")


# --- what is there --------------------------------------------------------------------------------
def test_an_import_is_listed_with_what_the_user_added(tmp_path, library):
    assert library.entries() == ()
    assert library.add(netcdf(tmp_path / "溃堤.nc"), site=SITE) == "溃堤"
    assert library.add(tif(tmp_path / "溃堤.tif"), STEPS) == "溃堤-2"
    first, second = library.entries()
    assert (first.name, first.label, first.steps) == ("溃堤", "淹没水深（模拟）：石角溃堤试算", 3)
    assert first.span == (T0, T0 + 9000) and first.site == SITE and not first.problem
    assert second.label == "淹没水深（未注明是否模拟）：溃堤.tif" and second.site == Site()
    depths, site = library.open("溃堤")
    assert site == SITE and DepthSeries(depths).at(X[1], Y[0], T0) == pytest.approx(DEPTH[0, 0, 1])
    assert sorted(os.listdir(library.folder)) == ["溃堤", "溃堤-2"]


def test_a_label_of_the_users_does_not_hide_that_it_is_simulated(tmp_path, library):
    library.add(netcdf(tmp_path / "a.nc"), site=Site("百年一遇 方案二"))
    assert library.entries()[0].label == "淹没水深（模拟）：百年一遇 方案二"


def test_results_that_are_broken_are_listed_in_words_and_the_others_go_on(tmp_path, library):
    for name in ("a", "b", "c"):
        library.add(tif(tmp_path / f"{name}.tif"), STEPS, SITE)
    (library.folder / "a" / "00001.npy").unlink()
    (library.folder / "b" / "site.json").write_text("{", "utf-8")
    (library.folder / "散落的文件").write_text("x", "utf-8")
    a, b, c = library.entries()
    assert a.about is None and "不完整" in a.problem and "重新导入" in a.problem and a.label == "a"
    assert b.about is not None and b.site == Site() and "读不出来" in b.problem
    assert c.site == SITE and not c.problem
    with pytest.raises(ConsoleError, match=r"不完整.*重新导入"):
        library.open("a")
    with pytest.raises(ConsoleError, match=r"没有名为 d .*重新选择"):
        library.open("d")


@pytest.mark.parametrize(
    "bad",
    [
        {"lon": NAN, "lat": 23.0, "name": "x", "since": None, "width_m": None},
        {"lon": 113.0, "lat": 123.0, "name": "x", "since": None, "width_m": None},
        {"lon": 113.0, "lat": 23.0, "name": "", "since": None, "width_m": None},
        {"lon": 113.0, "lat": 23.0, "name": "x", "since": None, "width_m": -5},
        {"lon": 113.0, "lat": 23.0, "name": "x"},
        ["113,23"],
        None,
    ],
)
def test_a_breach_that_cannot_be_one_is_left_out_and_said(tmp_path, library, bad):
    library.add(tif(tmp_path / "a.tif"), STEPS, SITE)
    path = library.folder / "a" / "site.json"
    doc = json.loads(path.read_text("utf-8"))
    doc["breaches"].insert(0, bad)
    path.write_text(json.dumps(doc), "utf-8")
    site, problem = read_site(library.folder / "a")
    assert site == SITE and "1 条读不懂" in problem
    path.write_text(json.dumps(doc | {"schema": 9}), "utf-8")
    assert read_site(library.folder / "a") == (Site(), "附加信息是别的版本写的，未采用。请重新填写。")


# --- halves, and others at the same time ------------------------------------------------------------
def test_a_stopped_or_refused_import_leaves_nothing(tmp_path, library):
    with pytest.raises(Stopped):
        library.add(tif(tmp_path / "a.tif"), STEPS, SITE, lambda share: share < 0.5)
    with pytest.raises(ConsoleError, match="没有时间"):
        library.add(tif(tmp_path / "a.tif"))
    assert library.entries() == () and os.listdir(library.folder) == []


def test_the_half_of_another_console_is_neither_listed_nor_disturbed_until_it_is_a_day_old(tmp_path, library):
    library.add(tif(tmp_path / "a.tif"), STEPS)
    half = library.folder / ".import-0123456789ab.part"
    half.mkdir()
    (half / "00000.npy").write_bytes(b"x")
    library.add(tif(tmp_path / "b.tif"), STEPS)
    assert half.exists() and [e.name for e in library.entries()] == ["a", "b"]
    library.sweep(time.time() + 100_000)
    assert sorted(os.listdir(library.folder)) == ["a", "b"]


def test_four_consoles_import_the_same_file_at_once(tmp_path, library):
    path = tif(tmp_path / "a.tif")
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda _: FloodLibrary(tmp_path / "cache").add(path, STEPS, SITE), range(4)))
    assert sorted(names) == ["a", "a-2", "a-3", "a-4"]
    assert [(e.problem, e.site) for e in library.entries()] == [("", SITE)] * 4


def test_a_name_that_another_console_takes_at_the_last_moment_is_left_to_it(tmp_path, library, monkeypatch):
    real = Path.rename

    def late(self: Path, target: Path) -> Path:
        if target.name == "a":
            target.mkdir()
            (target / "meta.json").write_text("another's", "utf-8")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", late)
    assert library.add(tif(tmp_path / "a.tif"), STEPS) == "a-2"
    assert (library.folder / "a" / "meta.json").read_text("utf-8") == "another's"


def test_removing_takes_the_import_and_not_the_file_even_twice(tmp_path, library):
    path = tif(tmp_path / "a.tif")
    library.add(path, STEPS)
    for name in ("a", "a", "../a.tif", "."):
        library.remove(name)
    assert library.entries() == () and path.exists() and os.listdir(library.folder) == []


def test_a_result_that_another_window_reads_goes_when_that_window_is_closed(tmp_path, library, monkeypatch):
    library.add(tif(tmp_path / "a.tif"), STEPS)

    def in_use(self: Path, _target: Path) -> Path:
        raise PermissionError(13, "in use")

    with monkeypatch.context() as windows:
        windows.setattr(Path, "rename", in_use)
        library.remove("a")
    assert library.entries() == () and (library.folder / "a").exists()
    library.sweep()
    assert not (library.folder / "a").exists()


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, library, monkeypatch):
    def full(self: Path, _target: Path) -> Path:
        raise OSError(28, "no space left")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(ConsoleError, match=r"写不进.*磁盘"):
        library.add(tif(tmp_path / "a.tif"), STEPS)
    assert os.listdir(library.folder) == []


# --- what the user types ----------------------------------------------------------------------------
def test_what_is_typed_becomes_what_the_import_needs():
    told = told_of(" EPSG:4547 ", "h", "cm", "2022-06-20 08:00", "0.5", "北京", True, True)
    assert (told.crs, told.variable, told.unit, told.start_s, told.step_s, told.zone_h) == ("EPSG:4547", "h", "cm", T0, 1800, 8)
    assert told.simulated and told.empty_is_dry
    assert told_of(zone="UTC").zone_h == 0 and told_of(zone="-5").zone_h == -5
    assert told_of() == type(told)()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"unit": "磅"}, "单位“磅”"),
        ({"start": "昨天"}, "起始时间“昨天”"),
        ({"start": "2022-06-20T08:00Z"}, "读不懂"),
        ({"step_h": "一小时"}, "步长“一小时”不是数字"),
        ({"step_h": "nan"}, "不是数字"),
        ({"step_h": "0"}, "大于零"),
        ({"step_h": "1e9"}, "不超过一年"),
        ({"zone": "东京"}, "时区“东京”"),
        ({"zone": "99"}, "时区“99”不对"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_write(typed, words):
    with pytest.raises(ConsoleError) as refused:
        told_of(**typed)
    assert words in refused.value.what + refused.value.next_step and refused.value.next_step


def test_a_breach_has_a_place_and_a_name():
    assert breach_of(113, 23, " 石角 ", None, None) == BreachPlace(113.0, 23.0, "石角")
    with pytest.raises(ValueError, match="200"):
        breach_of(200, 23, "x", None, None)


# --- what can be flooded ----------------------------------------------------------------------------
def geojson(path: Path, *shapes: tuple[str, object, dict]) -> Path:
    """Write geometries with coordinates in metres beside the scene's origin, and their properties."""

    def degrees(part):
        if isinstance(part[0], (int, float)):
            lon, lat = to_degrees(part[0] / 1000, part[1] / 1000)
            return [float(lon), float(lat)]
        return [degrees(p) for p in part]

    features = [
        {"type": "Feature", "properties": facts, "geometry": shape and {"type": shape, "coordinates": degrees(where)}}
        for shape, where, facts in shapes
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


def square(x, y, side):
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]


@pytest.fixture
def read(tmp_path):
    def opened(path: Path):
        scratch = tmp_path / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return read_overlay(path, "", "", scratch)[0]

    return opened


WET_WEST = np.array([[1.2, 1.2, 0.0, 0.0, 0.0]] * 4, np.float32)  # 200 m of water in the west of 500 × 400 m


def test_people_with_a_figure_are_counted_and_a_missing_one_is_not_nothing(tmp_path, read):
    points = [("Point", [50.0, 50.0], {"人": 12}), ("Point", [150.0, 250.0], {"人": None}), ("Point", [450.0, 50.0], {"人": 7})]
    source = ExposureSource("人口", str(geojson(tmp_path / "p.geojson", *points)), "人", "人", "七普", "2020-11-01")
    found = exposed(read_layer(source, read), WET_WEST, X, Y)
    assert (found.wet, found.dry, found.lacking) == (12, 7, 1) and found.about.source == "七普"
    villages = read_layer(replace(source, field="", unit="", source=""), read)
    assert villages.about.unit == "处" and villages.about.source == "来源未注明"
    assert exposed(villages, WET_WEST, X, Y).wet == pytest.approx(2)


def test_places_of_one_feature_share_its_figure(tmp_path, read):
    path = geojson(tmp_path / "p.geojson", ("MultiPoint", [[50.0, 50.0], [450.0, 50.0]], {"人": 10}))
    found = exposed(read_layer(ExposureSource("人口", str(path), "人", "人"), read), WET_WEST, X, Y)
    assert (found.wet, found.dry) == (5, 5)


def test_a_road_is_measured_and_a_field_with_a_pond_has_the_area_without_it(tmp_path, read):
    road = geojson(tmp_path / "路.geojson", ("LineString", [[0.0, 50.0], [500.0, 50.0]], {}))
    found = exposed(read_layer(ExposureSource("公路", str(road)), read), WET_WEST, X, Y)
    assert found.wet == pytest.approx(200, abs=0.01) and found.about.unit == "m"
    ring, pond = square(50.0, 50.0, 300.0), square(110.0, 110.0, 40.0)
    fields = geojson(tmp_path / "田.geojson", ("MultiPolygon", [[ring, pond], [square(400.0, 0.0, 50.0)]], {}))
    found = exposed(read_layer(ExposureSource("农田", str(fields)), read), WET_WEST, X, Y)
    assert found.wet == pytest.approx(150 * 300 - 40 * 40, rel=1e-4) and found.about.unit == "m²"
    assert found.dry == pytest.approx(150 * 300 + 50 * 50, rel=1e-4)


def test_people_of_a_village_are_spread_over_it(tmp_path, read):
    path = geojson(tmp_path / "村.geojson", ("Polygon", [square(100.0, 0.0, 200.0)], {"人": "400"}))
    found = exposed(read_layer(ExposureSource("人口", str(path), "人", "人"), read), WET_WEST, X, Y)
    assert found.wet == pytest.approx(200, rel=1e-4)


def test_features_without_a_place_are_said_with_the_source(tmp_path, read):
    path = geojson(tmp_path / "p.geojson", ("Point", [50.0, 50.0], {"人": 1}), (None, None, {"人": 5}))
    assert read_layer(ExposureSource("人口", str(path), "人", "人", "七普"), read).about.source == (
        "七普，1 个要素没有位置或面积，未计入"
    )


@pytest.mark.parametrize(
    ("shapes", "field", "words"),
    [
        ([("Point", [1.0, 1.0], {"户": 3})], "人", "没有字段“人”"),
        ([("Point", [1.0, 1.0], {"人": "约五百"})], "人", "不是数字"),
        ([("Point", [1.0, 1.0], {"人": -3})], "人", "负数"),
        ([("Point", [1.0, 1.0], {}), ("LineString", [[0.0, 0.0], [9.0, 9.0]], {})], "", "同时有点、线或面"),
        ([("LineString", [[0.0, 0.0], [9.0, 9.0]], {"车道": 4})], "车道", "按长度统计"),
    ],
)
def test_layers_that_cannot_be_counted_are_refused_in_words(tmp_path, read, shapes, field, words):
    path = geojson(tmp_path / "p.geojson", *shapes)
    layers, lines = read_layers([ExposureSource("人口", str(path), field, "人", "七普")], read)
    assert layers == () and words in lines[0].text and lines[0].number is None and lines[0].source == "七普"


def test_a_layer_whose_file_went_away_says_so_and_the_other_is_counted(tmp_path, read):
    path = geojson(tmp_path / "p.geojson", ("Point", [50.0, 50.0], {"人": 12}))
    sources = [ExposureSource("房屋", str(tmp_path / "无.gpkg")), ExposureSource("人口", str(path), "人", "人", "七普")]
    layers, lines = read_layers(sources, read)
    assert len(layers) == len(lines) == 1 and "打不开" in lines[0].text
    assert exposed(layers[0], WET_WEST, X, Y).wet == 12
