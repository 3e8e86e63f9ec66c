"""Files that officers drop on the map: placed to the millimetre, read in their own encoding, refused in words."""

from __future__ import annotations

import json
import os
import struct
import zipfile

import numpy as np
import pyogrio
import pytest
import shapely

from console.domain.gauss_zones import central_meridian, cgcs2000_code, zone_of
from console.domain.geo import mercator_lat, mercator_y
from console.services.vector_files import VectorProcesses
from console.store.dbf_text import dbf_encoding
from console.store.overlay_file import load_overlay, write_overlay
from console.store.overlay_shapes import levels_of, morton_order
from console.store.vector_crs import VectorRefused, placing_of
from console.store.vector_file import read_overlay
from console.viewdata.overlay import LINE, POINT, RING, visible

STATION = (113.05, 23.69)


def write(
    path, shapes, crs="EPSG:4490", driver="GeoJSON", geometry="Point", encoding=None, layer=None, append=False, **columns
):
    """Write geometries and text or number columns with GDAL."""
    columns = columns or {"名称": np.array(["石角"] * len(shapes), object)}
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(shapes, object)), [np.asarray(c) for c in columns.values()], list(columns),
        geometry_type=geometry, crs=crs, driver=driver, encoding=encoding, layer=layer, append=append,
    )  # fmt: skip
    return path


def shapefile(tmp_path, shapes, crs="EPSG:4490", encoding="UTF-8", name="点", **how):
    return write(tmp_path / f"{name}.shp", shapes, crs, "ESRI Shapefile", encoding=encoding, **how)


def read(tmp_path, path, layer="", crs=""):
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return read_overlay(path, layer, crs, scratch)[0]


def place(overlay, feature=0):
    """Return longitude and latitude of a feature's first point."""
    whole = overlay.levels[-1]
    x, y = whole.xy[whole.start[np.searchsorted(whole.owner, feature)]]
    return x, mercator_lat(y)


# --- where it lies ---------------------------------------------------------------------------
def cases(shared):
    for name, columns in (
        ("crs_cgcs2000.json", {"EPSG:4547": ("E", "N")}),
        ("crs_cgcs2000_b.json", {"EPSG:4526": ("E4526", "N"), "EPSG:4549": ("E4549", "N4549")}),
    ):
        for point in json.loads((shared / "refcases" / name).read_text("utf-8"))["points"]:
            for crs, (east, north) in columns.items():
                yield crs, point[east], point[north], point["lon"], point["lat"]


def test_surveyed_coordinates_are_placed_within_a_millimetre(shared, within, tmp_path):
    millimetre = 0.001 / 111_320
    for number, (crs, east, north, lon, lat) in enumerate(cases(shared)):
        path = shapefile(tmp_path, [shapely.Point(east, north)], crs, name=f"p{number}")
        x, y = place(read(tmp_path, path))
        # the reference gives ten digits, so half of the last of 38 million is added
        slack = millimetre * (1 + (6 if east > 1e6 else 0))
        name = "crs_cgcs2000" if crs == "EPSG:4547" else "crs_cgcs2000_b"
        off = max(abs(x - lon) * np.cos(np.radians(lat)), abs(y - lat))
        within(name, f"{crs} 位置", off * 111_320, slack * 111_320, "m")


def test_a_zone_number_on_one_side_only_is_understood_and_said(tmp_path):
    east, north = 640681.66, 2521933.229
    plain = placing_of("EPSG:4547", "", np.array([[38e6 + east, north]]))
    assert plain.shift_m == -38e6 and "带号 38，已按坐标系去掉" in plain.notes[0]
    assert plain.degrees(np.array([[38e6 + east, north]]))[0] == pytest.approx((115.37, 22.79), abs=1e-6)
    missing = placing_of("EPSG:4526", "", np.array([[east, north]]))
    assert missing.shift_m == 38e6 and "补上带号 38" in missing.notes[0]
    with pytest.raises(VectorRefused, match="带号是 39.*117.*中央经线却是 114"):
        placing_of("EPSG:4547", "", np.array([[39e6 + east, north]]))
    assert (zone_of(38640681.0), zone_of(640681.0), central_meridian(38), central_meridian(19)) == (38, None, 114.0, 111.0)
    assert (cgcs2000_code(38), cgcs2000_code(19)) == ("EPSG:4526", "EPSG:4497")


def test_numbers_without_a_system_are_degrees_only_where_they_look_like_china(tmp_path):
    taken = placing_of(None, "", np.array([STATION]))
    assert taken.notes == ("文件没有坐标系说明，按 CGCS2000 经纬度理解",)
    for xy, words in (
        ((38640681.66, 2521933.2), "缺少 .prj.*第 38 带.*EPSG:4526"),
        ((424613.8, 2559013.8), "缺少 .prj"),
        ((23.69, 113.05), "写反"),
        ((3.0, 4.0), "缺少 .prj"),
    ):
        with pytest.raises(VectorRefused, match=words):
            placing_of("", "", np.array([xy]))
    assert placing_of("", "EPSG:4526", np.array([[38640681.66, 2521933.2]])).notes == (), "unless the user says it"


def test_a_shapefile_without_prj_is_refused_or_taken_as_degrees(tmp_path):
    path = shapefile(tmp_path, [shapely.Point(424613.8648, 2559013.871)], "EPSG:4547")
    path.with_suffix(".prj").unlink()
    with pytest.raises(VectorRefused, match="指定坐标系"):
        read(tmp_path, path)
    assert place(read(tmp_path, path, crs="EPSG:4547")) == pytest.approx((113.264, 23.129), abs=1e-7)
    path = shapefile(tmp_path, [shapely.Point(*STATION)], name="b")
    path.with_suffix(".prj").unlink()
    assert "按 CGCS2000 经纬度理解" in read(tmp_path, path).notes[0]


def test_degrees_that_are_metres_and_other_datums_are_said(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text('{"type":"Point","coordinates":[424613,2559013]}')
    with pytest.raises(VectorRefused, match="像是米"):
        read(tmp_path, path)
    old = placing_of("EPSG:4610", "", np.array([STATION]))
    assert "基准不是 CGCS2000" in old.notes[0]
    with pytest.raises(VectorRefused, match="读不懂"):
        placing_of("EPSG:99999999", "", np.array([STATION]))


# --- what it says ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "cpg", "read_as"),
    [
        ("GBK", None, "GBK"),
        ("UTF-8", None, "UTF-8"),
        ("GB18030", None, "GB18030"),
        ("GBK", "936", "GBK"),
        ("GBK", "UTF-8", "GBK"),
        ("UTF-8", "UTF-8", "UTF-8"),
        ("UTF-8", "nonsense", "UTF-8"),
    ],
)
def test_chinese_tables_are_read_whatever_their_cpg_says(tmp_path, written, cpg, read_as):
    rare = "㙍水㵲洲" if written == "GB18030" else "石角（北江）水文站"
    names = [rare, "𠮷" * 3 if written == "GB18030" else "飞来峡", "x"]
    path = shapefile(tmp_path, [shapely.Point(*STATION)] * 3, encoding=written, 站名=np.array(names, object))
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    overlay = read(tmp_path, path)
    assert overlay.fields == ("站名",) and {overlay.columns[0].text(i) for i in range(3)} == set(names)
    assert dbf_encoding(path.with_suffix(".dbf"))[0] == read_as


def test_a_character_cut_off_by_the_width_of_its_field_does_not_spoil_the_guess(tmp_path):
    path = shapefile(tmp_path, [shapely.Point(*STATION)], encoding="GBK", n=np.array(["石角水文"], object))
    path.with_suffix(".cpg").unlink()
    dbf = path.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    at = data.index("石角水文".encode("gbk"))
    width = data[32 + 16]
    data[at : at + width] = ("石" * 40).encode("gbk")[: width - 1].ljust(width, "水".encode("gbk")[:1])
    dbf.write_bytes(data)
    assert dbf_encoding(dbf)[0] == "GBK"


def test_layers_of_a_geopackage_can_be_chosen(tmp_path):
    path = tmp_path / "库.gpkg"
    write(path, [shapely.Point(*STATION)], driver="GPKG", layer="测站")
    write(
        path, [shapely.LineString([STATION, (113.2, 23.5)])], driver="GPKG", layer="堤防", geometry="LineString", append=False
    )
    result = VectorProcesses().read(path)
    assert [x.name for x in result.layers] == ["测站", "堤防"] and result.overlay.name == "库.gpkg · 测站"
    assert VectorProcesses().read(path, "堤防").overlay.levels[-1].kind.tolist() == [LINE]
    with pytest.raises(VectorRefused, match="没有图层.*测站"):
        VectorProcesses().read(path, "水库")


def test_a_zipped_shapefile_is_read_without_unpacking_by_hand(tmp_path):
    path = shapefile(tmp_path, [shapely.Point(*STATION)], encoding="GBK", 名称=np.array(["石角"], object))
    packed = tmp_path / "水文站.zip"
    with zipfile.ZipFile(packed, "w") as out:
        for end in ("shp", "shx", "dbf", "prj"):
            out.write(path.with_suffix(f".{end}"), f"数据/点.{end}")
    overlay = VectorProcesses().read(packed).overlay
    assert overlay.attributes(0) == (("名称", "石角"),) and place(overlay) == pytest.approx(STATION, abs=1e-9)


# --- shapes ----------------------------------------------------------------------------------------
def square(lon, lat, size):
    return shapely.box(lon, lat, lon + size, lat + size)


def test_what_lies_under_the_hand_is_found(tmp_path):
    lake = square(113.0, 23.0, 0.1).difference(square(113.04, 23.04, 0.02))
    big = square(112.9, 22.9, 0.4)
    road = shapely.LineString([(113.2, 23.2), (113.25, 23.25)])
    shapes = [big, lake, road, shapely.MultiPoint([(113.27, 23.0), (113.28, 23.0)])]
    path = write(
        tmp_path / "g.gpkg", shapes, driver="GPKG", geometry="Unknown", name=np.array(["大", "湖", "路", "点"], object)
    )
    overlay = read(tmp_path, path)

    def hit(lon, lat, reach=0.002):
        found = overlay.at(lon, float(mercator_y(lat)), reach)
        return overlay.columns[0].text(found) if found is not None else None

    assert [hit(113.01, 23.01), hit(113.05, 23.05), hit(113.225, 23.2251), hit(113.28, 23.001), hit(112.95, 23.2)] == [
        "湖",
        "大",
        "路",
        "点",
        "大",
    ]
    assert hit(112.0, 23.0) is None
    assert sorted(set(overlay.levels[-1].kind.tolist())) == [POINT, LINE, RING]


def test_a_hundred_thousand_parcels_stay_usable(tmp_path):
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(110, 117, 100_000), rng.uniform(21, 25, 100_000)
    corners = np.stack(
        [np.column_stack([lon + a, lat + b]) for a, b in ((0, 0), (3e-3, 0), (3e-3, 2e-3), (0, 2e-3), (0, 0))], axis=1
    )
    shapes = shapely.polygons(corners)
    boxes = shapely.bounds(shapes)
    order = morton_order(boxes)
    levels = levels_of(shapes[order], boxes[order])
    sizes = [len(s.xy) for s in levels]
    assert sizes == sorted(sizes) and sizes[-1] == 500_000 and sizes[0] < 60_000
    coarse = levels[0]
    assert (np.diff(coarse.owner) >= 0).all() and coarse.up_to == 40.0
    steps = np.abs(np.diff((boxes[order, :2]), axis=0)).sum(1)
    assert np.median(steps) < 0.1, "neighbours in the list are neighbours on the ground"


def test_an_overlay_survives_its_way_between_processes(tmp_path):
    path = write(
        tmp_path / "a.gpkg", [square(113, 23, 0.1)], driver="GPKG", geometry="Polygon", 名称=np.array(["甲\u202e乙"], object)
    )
    overlay = read(tmp_path, path)
    write_overlay(tmp_path / "o.npz", overlay)
    back = load_overlay(tmp_path / "o.npz")
    assert back.levels[-1].xy.tolist() == overlay.levels[-1].xy.tolist() and back.crs == overlay.crs
    assert back.attributes(0) == (("名称", "甲⟨U+202E⟩乙"),)
    assert visible("<script>\n" + "x" * 400).startswith("<script> x") and len(visible("x" * 999)) == 301
    with pytest.raises(ValueError):
        back.boxes[0, 0] = 1.0


# --- hostile files -------------------------------------------------------------------------------------
def test_features_without_a_place_are_left_out_and_counted(tmp_path):
    shapes = [
        shapely.Point(*STATION),
        shapely.Point(np.nan, 23),
        shapely.Point(),
        shapely.LineString([(113, 23), (np.inf, 24)]),
    ]
    path = write(tmp_path / "n.gpkg", shapes, driver="GPKG", geometry="Unknown")
    overlay = read(tmp_path, path)
    assert overlay.count == 1 and "3 个要素没有可用的坐标" in overlay.notes[-1]
    path = tmp_path / "all.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1e999,NaN]}}]}'
    )
    with pytest.raises(VectorRefused):
        read(tmp_path, path)


def test_ten_thousand_attributes_are_cut_to_what_can_be_shown(tmp_path):
    path = tmp_path / "wide.geojson"
    many = {f"f{i}": "<script>alert(1)</script>" for i in range(10_000)}
    path.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": many, "geometry": {"type": "Point", "coordinates": STATION}}],
            }
        )
    )
    overlay = VectorProcesses().read(path).overlay
    assert len(overlay.fields) == 100 and "属性有 10000 个，只读前 100 个" in overlay.notes
    assert overlay.attributes(0)[0] == ("f0", "<script>alert(1)</script>")


def lying_shapefile(tmp_path):
    """The header claims two gigabytes and the only record a billion points."""
    path = shapefile(tmp_path, [shapely.LineString([STATION, (113.2, 23.5)])], geometry="LineString", name="谎")
    data = bytearray(path.read_bytes())
    data[24:28] = struct.pack(">i", 2**30)
    data[100 + 4 : 100 + 8] = struct.pack(">i", 2**29)
    data[100 + 8 + 36 : 100 + 8 + 44] = struct.pack("<ii", 2**20, 10**9)
    path.write_bytes(data)
    return path


def truncated(tmp_path):
    path = shapefile(tmp_path, [shapely.Point(*STATION)] * 50, name="短")
    path.write_bytes(path.read_bytes()[:120])
    path.with_suffix(".shx").write_bytes(path.with_suffix(".shx").read_bytes()[:104])
    return path


def broken_zip(tmp_path):
    path = tmp_path / "坏.zip"
    path.write_bytes(b"PK\x03\x04" + os.urandom(500))
    return path


def bomb(tmp_path):
    path = tmp_path / "弹.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        with out.open("x.geojson", "w", force_zip64=True) as inner:
            for _ in range(450):
                inner.write(bytes(1 << 20))
    return path


def no_layer(tmp_path):
    path = tmp_path / "no.gpkg"
    path.write_bytes(b"SQLite format 3\0" + bytes(84) + os.urandom(4000))
    return path


def without_index(tmp_path):
    path = shapefile(tmp_path, [shapely.Point(*STATION)], name="缺")
    path.with_suffix(".shx").unlink()
    return path


def written(name, data):
    def make(tmp_path):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return make


@pytest.mark.parametrize(
    "make",
    [
        lying_shapefile,
        truncated,
        broken_zip,
        bomb,
        no_layer,
        without_index,
        written("a.geojson", b'{"type":"FeatureCollection","features":[' + b"[" * 200_000),
        written("b.geojson", b'{"type":"Topology","objects":{}}'),
        written(
            "c.geojson",
            b"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        ),
        written("d.shp", b"not a shapefile"),
        written("e.geojson", b'{"type":"FeatureCollection","features":[]}'),
        lambda p: p / "gone.gpkg",
    ],
)
def test_hostile_files_are_refused_in_a_sentence(tmp_path, make):
    with pytest.raises(VectorRefused) as caught:
        VectorProcesses().read(make(tmp_path))
    assert caught.value.what.endswith("。") and caught.value.next_step.endswith("。")


def test_a_reader_that_hangs_or_dies_is_ended_and_said(tmp_path, monkeypatch):
    path = write(tmp_path / "a.gpkg", [shapely.Point(*STATION)], driver="GPKG")
    with pytest.raises(VectorRefused, match="还没有读完"):
        VectorProcesses().read(path, patience_s=0.01)
    monkeypatch.setattr("console.services.vector_files.child_environment", lambda: {"PYTHONHOME": str(tmp_path)})
    with pytest.raises(VectorRefused, match="中途停止"):
        VectorProcesses().read(path)


def test_a_window_that_closes_ends_its_readers(tmp_path):
    """The process is killed at once; nobody waits for a big file that is not wanted any more."""
    path = write(tmp_path / "a.gpkg", [shapely.Point(*STATION)], driver="GPKG")
    desk = VectorProcesses()
    desk.close()
    with pytest.raises(VectorRefused, match="中途停止"):
        desk.read(path)


def test_a_geojson_that_a_chinese_program_wrote_is_read_and_says_so(tmp_path):
    text = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"名称":"石角险工段"},"geometry":{"type":"Point","coordinates":[113.0,23.5]}}]}'
    file = tmp_path / "险工.geojson"
    file.write_bytes(text.encode("gb18030"))
    overlay = read(tmp_path, file)
    assert dict(overlay.attributes(0))["名称"] == "石角险工段" and "GB18030" in " ".join(overlay.notes)
    file.write_bytes(text.encode("utf-8").replace(b"113.0", b"\xff\xff\xff"))
    with pytest.raises(VectorRefused, match="编码"):
        read(tmp_path, file)
