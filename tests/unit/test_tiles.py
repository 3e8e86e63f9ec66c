"""Map tiles: offline files counted from the south, services with their own axis order, and bytes that are no tile."""

from __future__ import annotations

import gzip
import sqlite3
import struct
import zlib

import httpx
import pytest

from backend_client.adapters.conditional import max_age_s
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.tiles.capabilities import read_capabilities
from backend_client.adapters.tiles.mbtiles import MbTiles
from backend_client.adapters.tiles.tile import GEOGRAPHIC, MERCATOR, kind_of, whole
from backend_client.adapters.tiles.wmts import WmtsTiles
from backend_client.adapters.tiles.xyz import XyzTiles
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError


def chunk(name, data=b""):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND")
)
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 40 + b"\xff\xd9"
WEBP = b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8 " + b"\0\0\0\0"
PBF = b"\x1a\x09delta-map"


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (JPEG, "jpeg"), (WEBP, "webp"), (PBF, "pbf")])
def test_the_bytes_say_what_they_are_and_half_of_them_is_no_tile(data, kind):
    assert kind_of(data) == kind and whole(data) == data and whole(data[:-3]) is None
    assert whole(gzip.compress(data)) == data and whole(gzip.compress(data)[:-9]) is None
    assert whole(b"<html>404</html>") is whole(b"") is whole(b"{}") is None


def test_a_flipped_bit_or_a_tile_that_unpacks_to_gigabytes_is_no_tile():
    assert whole(PNG[:20] + b"\x7f" + PNG[21:]) is None
    assert whole(gzip.compress(b"\x1a" * (9 << 20))) is None


def mbtiles(tmp_path, tiles, metadata=(("name", "珠江三角洲\u202e"), ("format", "png"), ("bounds", "112,22,114,24"))):
    path = tmp_path / "map.mbtiles"
    with sqlite3.connect(path) as db:
        db.execute("create table metadata (name text, value text)")
        db.execute("create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
        db.execute("create unique index places on tiles (zoom_level, tile_column, tile_row)")
        db.executemany("insert into metadata values (?, ?)", metadata)
        db.executemany("insert into tiles values (?, ?, ?, ?)", tiles)
    db.close()
    return path


def opened(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)


def test_an_offline_map_counts_its_rows_from_the_south(tmp_path):
    reader = MbTiles(
        mbtiles(
            tmp_path, [(0, 0, 0, PNG), (3, 6, 4, JPEG), (3, 6, 5, b"cut"), (3, 6, 6, "text"), (2, 0, 0, gzip.compress(PBF))]
        ),
        opened,
    )
    about = reader.metadata()
    assert (about.title, about.kind, about.min_zoom, about.max_zoom, about.bounds) == (
        "珠江三角洲⟨U+202E⟩",
        "png",
        0,
        3,
        (112.0, 22.0, 114.0, 24.0),
    )
    assert reader.tile(0, 0, 0) == PNG and reader.tile(3, 6, 3) == JPEG and reader.tile(2, 0, 3) == PBF
    assert (
        reader.tile(3, 6, 4) is None
        and reader.tile(3, 6, 2) is None
        and reader.tile(3, 6, 1) is None is reader.tile(4, 0, 0) is reader.tile(3, -1, 0) is reader.tile(0, 0, 1)
    )
    assert reader.troubles == {"not-a-whole-tile": 2}
    reader.close()


def test_a_file_that_is_no_map_says_so(tmp_path):
    (tmp_path / "x.mbtiles").write_bytes(b"not a database" * 100)
    with pytest.raises(WireFormatError):
        MbTiles(tmp_path / "x.mbtiles", opened)
    sqlite3.connect(tmp_path / "e.mbtiles").close()
    with pytest.raises(WireFormatError):
        MbTiles(tmp_path / "e.mbtiles", opened)
    with pytest.raises(BackendUnavailable):
        MbTiles(tmp_path / "absent.mbtiles", opened)
    reader = MbTiles(mbtiles(tmp_path, [], [("bounds", "114,22,112,1e999")]), opened)
    assert reader.metadata().notes == ("no-tiles", "no-bounds") and reader.tile(0, 0, 0) is None
    reader.close()


def test_a_damaged_page_costs_its_tiles_and_not_the_map(tmp_path):
    path = mbtiles(tmp_path, [(10, x, 0, PNG + bytes(3000)) for x in range(200)])
    data = bytearray(path.read_bytes())
    at = data.index(PNG, len(data) // 2) // 4096 * 4096
    data[at : at + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    reader = MbTiles(path, opened)
    found = [reader.tile(10, x, 1023) for x in range(200)]
    assert sum(tile is None for tile in found) == sum(reader.troubles.values()) and 1 <= sum(reader.troubles.values()) < 20
    reader.close()


class Server:
    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def __call__(self, request):
        self.asked.append(str(request.url).removeprefix("http://map.test"))
        for word, (status, body, headers) in self.answers.items():
            if word in str(request.url):
                if headers.get("ETag") and request.headers.get("if-none-match") == headers["ETag"]:
                    return httpx.Response(304)
                return httpx.Response(status, content=body, headers=headers)
        return httpx.Response(404)


def http(server):
    return ForeignHttp("http://map.test/", transport=httpx.MockTransport(server))


def test_a_template_is_filled_and_asked_only_when_it_may_have_changed():
    now = [0.0]
    server = Server(**{"/3/6/3.png": (200, PNG, {"ETag": '"1"', "Cache-Control": "public, max-age=60"})})
    reader = XyzTiles(http(server), "base/{z}/{x}/{y}.png?key={key}", key="s&cret", clock=lambda: now[0])
    assert reader.tile(3, 6, 3) == PNG and reader.tile(3, 6, 3) == PNG
    assert server.asked == ["/base/3/6/3.png?key=s%26cret"]
    now[0] = 61.0
    assert reader.tile(3, 6, 3) == PNG and len(server.asked) == 2, "then it is asked whether it changed"
    assert reader.tile(3, 6, 4) is None and reader.tile(3, 6, 4) is None and len(server.asked) == 3, (
        "what is not there is not asked for at once again"
    )
    assert reader.tile(19, 0, 0) is None and reader.tile(3, 8, 0) is None and len(server.asked) == 3
    reader.close()


def test_rows_from_the_south_and_a_template_without_its_places():
    server = Server()
    reader = XyzTiles(http(server), "{z}/{x}/{-y}.png")
    reader.tile(3, 6, 3)
    assert server.asked == ["/3/6/4.png"]
    reader.close()
    with pytest.raises(WireFormatError):
        XyzTiles(http(server), "{z}/{x}.png")


def test_error_pages_and_outages_are_not_tiles():
    server = Server(
        **{
            "/1/0/0": (200, b"<ServiceException/>", {}),
            "/1/0/1": (403, b"", {}),
            "/1/1/0": (503, b"", {"Retry-After": "9"}),
            "/1/1/1": (204, b"", {}),
        }
    )
    reader = XyzTiles(http(server), "{z}/{x}/{y}")
    assert reader.tile(1, 0, 0) is None and reader.troubles == {"not-a-whole-tile": 1} and reader.tile(1, 1, 1) is None
    with pytest.raises(BackendRefused):
        reader.tile(1, 0, 1)
    with pytest.raises(BackendUnavailable):
        reader.tile(1, 1, 0)
    reader.close()


def test_how_long_an_answer_may_be_used():
    assert [max_age_s(x) for x in ("max-age=60", "no-cache, max-age=60", "", "public, MAX-AGE = 5", "max-age=999999999")] == [
        60,
        0,
        0,
        5,
        86400,
    ]


def matrix(identifier, scale, corner, width=256):
    return f"<TileMatrix><ows:Identifier>{identifier}</ows:Identifier><ScaleDenominator>{scale}</ScaleDenominator><TopLeftCorner>{corner}</TopLeftCorner><TileWidth>{width}</TileWidth><TileHeight>{width}</TileHeight><MatrixWidth>1</MatrixWidth><MatrixHeight>1</MatrixHeight></TileMatrix>"


def matrix_set(identifier, crs, *matrices):
    return f"<TileMatrixSet><ows:Identifier>{identifier}</ows:Identifier><ows:SupportedCRS>{crs}</ows:SupportedCRS>{''.join(matrices)}</TileMatrixSet>"


def capabilities(sets, links, restful="", kvp="http://map.test/wmts?"):
    return f"""<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.0.0">
<ows:ServiceIdentification><ows:Title>天地图</ows:Title></ows:ServiceIdentification><ows:OperationsMetadata><ows:Operation name="GetTile"><ows:DCP><ows:HTTP><ows:Get xlink:href="{kvp}">
<ows:Constraint name="GetEncoding"><ows:AllowedValues><ows:Value>KVP</ows:Value></ows:AllowedValues></ows:Constraint></ows:Get></ows:HTTP></ows:DCP></ows:Operation></ows:OperationsMetadata>
<Contents><Layer><ows:Title>影像</ows:Title><ows:WGS84BoundingBox><ows:LowerCorner>109 20</ows:LowerCorner><ows:UpperCorner>118 26</ows:UpperCorner></ows:WGS84BoundingBox><ows:Identifier>img</ows:Identifier>
<Style isDefault="true"><ows:Identifier>default</ows:Identifier></Style><Format>tiles</Format><Format>image/png</Format>{links}{restful}</Layer>{sets}</Contents></Capabilities>""".encode()


WEB = matrix_set(
    "w",
    "urn:ogc:def:crs:EPSG::3857",
    matrix("w:0", 559082264.0287178, "-20037508.342789244 20037508.342789244"),
    matrix("w:3", 559082264.0287178 / 8, "-20037508.34 20037508.34"),
    matrix("odd", 1e6, "0 0"),
)
DEGREES = matrix_set(
    "c",
    "urn:ogc:def:crs:EPSG::4490",
    matrix("1", 2.958293554545656e8, "90.0 -180.0"),
    matrix("4", 2.958293554545656e8 / 8, "90.0 -180.0"),
)
LON_FIRST = matrix_set(
    "d", "EPSG:4326", matrix("d3", 279541132.0143589 / 8, "-180 90"), matrix("d4", 279541132.0143589 / 8, "-180 90", 512)
)
LINK_W = "<TileMatrixSetLink><TileMatrixSet>w</TileMatrixSet><TileMatrixSetLimits><TileMatrixLimits><TileMatrix>w:3</TileMatrix><MinTileRow>3</MinTileRow><MaxTileRow>3</MaxTileRow><MinTileCol>6</MinTileCol><MaxTileCol>6</MaxTileCol></TileMatrixLimits></TileMatrixSetLimits></TileMatrixSetLink>"


def link(name):
    return f"<TileMatrixSetLink><TileMatrixSet>{name}</TileMatrixSet></TileMatrixSetLink>"


def test_axis_orders_and_dots_an_inch_of_chinese_services():
    said = read_capabilities(capabilities(WEB + DEGREES + LON_FIRST, link("c")))
    assert dict(said.sets["w"].identifiers) == {0: "w:0", 3: "w:3"} and said.sets["w"].odd == 1
    assert dict(said.sets["c"].identifiers) == {0: "1", 3: "4"}, "96 dots an inch, latitude first"
    assert dict(said.sets["d"].identifiers) == {3: "d3", 2: "d4"}, "longitude first, and tiles of 512"


def test_key_value_requests_within_the_limits_of_the_layer():
    server = Server(**{"GetCapabilities": (200, capabilities(WEB, LINK_W), {}), "TILEROW=3": (200, PNG, {})})
    reader = WmtsTiles(http(server), extra={"tk": "geheim"})
    about = reader.metadata()
    assert (about.title, about.crs, about.kind, about.bounds, about.notes) == (
        "影像",
        MERCATOR,
        "png",
        (109.0, 20.0, 118.0, 26.0),
        ("matrices-off-grid:1",),
    )
    assert (
        reader.tile(3, 6, 3) == PNG
        and "TILEMATRIX=w%3A3" in server.asked[-1]
        and "tk=geheim" in server.asked[-1]
        and "STYLE=default" in server.asked[-1]
    )
    before = len(server.asked)
    assert reader.tile(3, 5, 3) is None and reader.tile(2, 0, 0) is None and len(server.asked) == before
    reader.close()


def test_a_template_of_another_host_is_asked_of_the_one_that_was_configured():
    rest = '<ResourceURL format="image/png" resourceType="tile" template="http://10.0.0.9/t/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png"/>'
    server = Server(**{"caps.xml": (200, capabilities(DEGREES, link("c"), rest), {}), "/t/": (200, PNG, {})})
    reader = WmtsTiles(http(server), "caps.xml", layer="img", matrix_set="c")
    assert reader.metadata().crs == GEOGRAPHIC and reader.metadata().notes == ("address-of-another-host",)
    assert reader.tile(3, 13, 3) == PNG and server.asked[-1] == "/t/default/c/4/3/13.png"
    reader.close()


@pytest.mark.parametrize(
    "body",
    [
        b"<x/>",
        b"<Capabilities/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><Capabilities/>',
        capabilities(WEB, link("nowhere")),
        capabilities(WEB, link("w"), kvp=""),
    ],
)
def test_capabilities_of_no_use_are_refused(body):
    reader = WmtsTiles(http(Server(GetCapabilities=(200, body, {}))))
    with pytest.raises(WireFormatError):
        reader.tile(0, 0, 0)
    reader.close()
