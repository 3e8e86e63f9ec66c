"""What a user put on the map is there again tomorrow, whatever happened to the file in between."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from console.errors import ConsoleError, NewerFile, StoreError
from console.services.ground_kinds import describe_address, describe_file, masked, service_layers
from console.services.ground_words import SHIFTED, GroundTrouble
from console.store.map_sources import load_sources, save_sources
from console.viewdata.map_sources import MapSource
from tests.tile_site import TileSite, coded_tile, make_mbtiles, make_raster
from tests.unit.test_map_vectors import shapefile, write

ONE = MapSource("a1", "xyz", "影像", "https://h/{z}/{x}/{y}.png?tk=geheim", opacity=70, min_scale=100.0)
TWO = MapSource("b2", "vector", "堤防", "/数据/堤防.gpkg", layer="堤防", visible=False, note="没有 .cpg 文件，文字按 GBK 读")


@pytest.fixture
def site(qapp):
    found = TileSite()
    yield found
    found.close()


def test_the_list_comes_back_in_its_order_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "map" / "sources.json"
    assert load_sources(path).sources == ()
    save_sources(path, [TWO, ONE])
    assert load_sources(path).sources == (TWO, ONE)
    assert path.stat().st_mode & 0o077 == 0, "keys of services are in it"
    (path.parent / "sources.999.new").write_text("{half")  # a kill while writing leaves a draft, and the old list whole
    assert load_sources(path).sources == (TWO, ONE)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"schema":1}', b"\xff\xfe", b'{"sources":[],"schema":"1"}', b"[" * 100_000]
)
def test_a_damaged_list_is_set_aside_with_a_notice(tmp_path, data):
    path = tmp_path / "sources.json"
    for number in (1, 2):
        path.write_bytes(data)
        loaded = load_sources(path)
        assert loaded.sources == () and f"sources.json.damaged-{number}" in loaded.notice
        assert (tmp_path / f"sources.json.damaged-{number}").read_bytes() == data and not path.exists()


def test_entries_that_make_no_sense_are_left_out_and_counted(tmp_path):
    path = tmp_path / "sources.json"
    save_sources(path, [ONE])
    doc = json.loads(path.read_text("utf-8"))
    good = doc["sources"][0]
    odd = [
        7,
        {},
        good | {"kind": "virus"},
        good | {"opacity": "50"},
        good | {"min_scale": float("nan")},
        good | {"address": ""},
    ]
    doc["sources"] = [good | {"source_id": "z", "opacity": 900, "unknown": 1}, *odd]
    path.write_text(json.dumps(doc), "utf-8")
    loaded = load_sources(path)
    assert [(s.source_id, s.opacity) for s in loaded.sources] == [("z", 100)] and "6 项看不懂" in loaded.notice


def test_a_list_of_a_newer_version_is_not_touched_and_a_full_disk_is_said(tmp_path):
    path = tmp_path / "sources.json"
    path.write_text('{"schema": 9, "sources": []}')
    with pytest.raises(NewerFile):
        load_sources(path)
    assert path.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="没有保存"):
        save_sources(tmp_path / "file" / "sources.json", [ONE])


def test_files_are_known_by_what_is_in_them(tmp_path, qapp):
    point = [shapely.Point(113.05, 23.69)]
    tiles = make_mbtiles(tmp_path / "底图.dat", {(3, 6, 3): coded_tile(3, 6, 3)}, name="珠江流域底图")
    relief = make_raster(tmp_path / "地形.xyz", np.full((1, 20, 20), 55.5, np.float32), "EPSG:4547", 4e5, 2.6e6, 30.0)
    image = make_raster(tmp_path / "影像.tif", np.full((3, 20, 20), 55, np.uint8), "EPSG:4526", 38.4e6, 2.6e6, 30.0)
    stations = write(
        tmp_path / "站.gpkg", point, driver="GPKG", layer="站", 站名=np.array(["石角"], object), 名称=np.array(["石角"], object)
    )
    shape = shapefile(tmp_path, point)
    stations = stations.rename(tmp_path / "站.bin")
    found = [describe_file(p)[0] for p in (tiles, relief, image, stations, shape.with_suffix(".dbf"))]
    assert [s.kind for s in found] == ["mbtiles", "dem", "imagery", "vector", "vector"]
    assert found[0].name == "珠江流域底图" and "高程基准：未注明" in found[1].note and found[3].label_field == "名称"
    assert found[4].address.endswith(".shp") and len({s.source_id for s in found}) == 5
    assert describe_file(stations)[1].count == 1


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"hello", "不是认得的"),
        ("b.db", None, "不是地图文件"),
        ("c.tif", b"II*\0nonsense", "读不出来"),
        ("d", "folder", "文件夹"),
        ("e", "gone", "打不开"),
        ("f.mbtiles", "empty", "空的"),
    ],
)
def test_other_files_are_refused_with_what_would_do(tmp_path, name, data, words):
    import sqlite3

    path = tmp_path / name
    if data == "folder":
        path.mkdir()
    elif data == "empty":
        make_mbtiles(path, {})
    elif data is None:
        db = sqlite3.connect(path)
        db.execute("create table person(name text)")
        db.commit()
        db.close()
    elif isinstance(data, bytes):
        path.write_bytes(data)
    with pytest.raises(ConsoleError, match=words):
        describe_file(path)


def test_addresses_are_looked_at_before_they_are_taken(site):
    taken = describe_address(site.url + "/{z}/{x}/{y}.png?tk=geheim")
    assert (taken.kind, taken.name) == ("xyz", "127.0.0.1") and "不加密" in taken.note
    assert "geheim" not in masked(taken) and "{z}" in masked(taken)
    assert describe_address("http://127.0.0.1:9/wmts?x=1").kind == "wmts", "away now, perhaps back later"
    site.status = 403
    with pytest.raises(GroundTrouble, match="密钥"):
        describe_address(site.url + "/wmts?tk=wrong")
    for text, words in (
        ("ftp://h/{z}/{x}/{y}", "不是网络地址"),
        ("C:\\a.tif", "不是网络地址"),
        ("https://h/{z}/x.png", "没有瓦片的位置"),
    ):
        with pytest.raises(ConsoleError, match=words):
            describe_address(text)


def test_services_of_the_nation_are_named_and_shifted_ones_say_so():
    from console.services.ground_kinds import _source_of

    nation = _source_of("https://t0.tianditu.gov.cn/DataServer?T=img_w&x={x}&y={y}&l={z}&tk=k", "", "", "")
    assert (nation.name, nation.note) == ("天地图 · 影像", "")
    assert _source_of("https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}", "", "", "").note == SHIFTED


def test_the_layers_of_a_service_can_be_listed(site):
    from tests.unit.test_tiles import WEB, capabilities, link

    site.documents = {"GetCapabilities": capabilities(WEB, link("w"))}
    assert service_layers(site.url + "/wmts?tk=k") == (("img", "影像"),)
    assert "tk=k" in site.asked[-1] and "SERVICE=WMTS" in site.asked[-1]
