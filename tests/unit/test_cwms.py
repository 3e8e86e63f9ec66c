"""A CWMS Data API: pages by cursor, values with a bit field of quality, units that the answer decides."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from urllib.parse import parse_qs

import httpx
import numpy as np
import pytest

from backend_client.adapters.cwms.quality import quality_of
from backend_client.adapters.cwms.source import Cwms
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import BAD, MANUAL, MEASURED, RECONSTRUCTED, SUSPECT
from backend_client.errors import BackendUnavailable, WireFormatError

T0 = 1717200000
COLUMNS = [{"name": "date-time", "ordinal": 1}, {"name": "value", "ordinal": 2}, {"name": "quality-code", "ordinal": 3}]
STAGE = "KEYS.Stage.Inst.15Minutes.0.Rev-SWT"
CATALOG = {
    STAGE: "m", "KEYS.Elev.Inst.1Hour.0.Rev": "m", "KEYS.Stor.Inst.1Hour.0.Rev": "m3", "KEYS.Flow-In.Ave.1Hour.1Hour.Rev": "cms",
    "KEYS.Precip.Total.1Hour.1Hour.Rev": "mm", "KEYS.Precip.Inst.1Hour.0.Rev": "mm", "TULA.Elev.Inst.~1Day.0.Rev": "m", "TULA.Temp-Water.Inst.1Hour.0.Rev": "C",
    "TULA.Flow.Inst.0.0.Rev": "bushel/s",
}  # fmt: skip


class Server:
    def __init__(self, rows, **page):
        self.rows = rows
        self.page = page
        self.size = 3
        self.asked = []

    def __call__(self, request):
        query = {k: v[0] for k, v in parse_qs(request.url.query.decode()).items()}
        self.asked.append((request.url.path, query, dict(request.headers)))
        if "catalog" in request.url.path:
            if request.headers.get("if-none-match") == '"v1"':
                return httpx.Response(304)
            if request.url.path.endswith("LOCATIONS"):
                entries = [
                    {
                        "name": "KEYS",
                        "public-name": "Keystone\u202e Dam",
                        "longitude": -96.25,
                        "latitude": 36.15,
                        "vertical-datum": "NGVD29",
                    }
                ]
            else:
                entries = [{"office": "SWT", "name": n, "units": u} for n, u in CATALOG.items()]
            return httpx.Response(200, json={"entries": entries, "total": len(entries)}, headers={"ETag": '"v1"'})
        first = int(query.get("page", 0))
        body = {
            "name": query["name"],
            "units": "m",
            "total": len(self.rows),
            "value-columns": COLUMNS,
            "values": self.rows[first : first + self.size],
        }
        if first + self.size < len(self.rows):
            body["next-page"] = str(first + self.size)
        return httpx.Response(200, json=body | self.page)


@pytest.fixture
def connect():
    made = []

    def build(rows=(), **page):
        server = Server(list(rows), **page)
        made.append(Cwms(ForeignHttp("http://cwms.test/cwms-data", transport=httpx.MockTransport(server)), office="SWT"))
        return made[-1], server

    yield build
    for one in made:
        one.close()


def stage(source):
    return [s for s in source.series() if s.key == STAGE]


def read(source, span=86400):
    got = source.read(stage(source), T0, T0 + span)
    (part,) = got.parts
    return got, [
        (int(t) - T0, None if np.isnan(v) else round(float(v), 3), int(q)) for t, v, q in zip(part.t, part.value, part.quality)
    ]


def test_the_catalogue_tells_pools_from_rivers_and_rain_from_running_totals(connect):
    source, server = connect()
    assert dict(source.probe().traits) == {"paging": "next-page", "etag": "yes", "total": "yes", "modified_since": "no"}
    found = {s.key.split(".Inst")[0].split(".Ave")[0]: s for s in source.series()}
    elements = {s.key: s.element for s in source.series()}
    assert elements == {
        STAGE: "Z", "KEYS.Elev.Inst.1Hour.0.Rev": "RZ", "KEYS.Stor.Inst.1Hour.0.Rev": "W", "KEYS.Flow-In.Ave.1Hour.1Hour.Rev": "INQ",
        "KEYS.Precip.Total.1Hour.1Hour.Rev": "P", "KEYS.Precip.Inst.1Hour.0.Rev": "", "TULA.Elev.Inst.~1Day.0.Rev": "Z",
        "TULA.Temp-Water.Inst.1Hour.0.Rev": "", "TULA.Flow.Inst.0.0.Rev": "",
    }  # fmt: skip
    keys = found["KEYS.Stage"]
    assert (keys.station_name, keys.datum, keys.lon, keys.interval_s) == ("Keystone⟨U+202E⟩ Dam", "NGVD29", -96.25, 900)
    received = server.asked[-1]
    assert received[2]["if-none-match"] == '"v1"', "an unchanged catalogue is not sent again"


def test_pages_are_followed_to_their_end_and_counted(connect):
    source, server = connect([[(T0 + 900 * i) * 1000, 1.0 + i, 0] for i in range(8)])
    got, rows = read(source)
    assert got.complete and got.expected == 8 and [t for t, _, _ in rows] == [900 * i for i in range(8)]
    assert [q.get("page") for p, q, _ in server.asked if p.endswith("timeseries")] == [None, "3", "6"]
    server.rows.pop(3)
    server.page = {"total": 8}
    got, rows = read(source)
    assert not got.complete and got.gaps[0].reason == "total 8 read 7" and got.expected == 8 and len(rows) == 7


def test_a_cursor_that_runs_in_a_circle_is_left(connect):
    source, _ = connect([[T0 * 1000, 1.0, 0]], **{"next-page": "0"})
    got, rows = read(source)
    assert not got.complete and got.gaps[0].reason == "pages-do-not-end" and rows == [(0, 1.0, MEASURED)]


def test_the_unit_of_the_answer_decides_and_an_unknown_one_is_owed(connect):
    source, _ = connect([[T0 * 1000, 10.0, 0]], units="ft")
    assert read(source)[1] == [(0, 3.048, MEASURED)]
    source, _ = connect([[T0 * 1000, 10.0, 0]], units="cubit")
    got, rows = read(source)
    assert rows == [] and got.gaps[0].reason == "unit cubit"


def test_quality_bits():
    cases = {
        0: MEASURED, 1: MEASURED, 3: MEASURED, 9: SUSPECT, 17: BAD, 5: BAD, 3 | 3 << 8: MANUAL, 3 | 2 << 8: MANUAL,
        3 | 128 | 1 << 8 | 1 << 11: RECONSTRUCTED, 3 | 4 << 8: MEASURED, -2147483645: MEASURED, 3 | 1 << 27: SUSPECT, 3 | 7 << 8: SUSPECT,
    }  # fmt: skip
    assert {code: quality_of(code)[0] for code in cases} == cases
    assert quality_of(5)[1] and quality_of(3 | 1 << 27)[2] == 1 << 27


def test_odd_rows_missing_values_repeats_and_unknown_bits(connect):
    ms = lambda h: (T0 + 3600 * h) * 1000  # noqa: E731
    source, _ = connect(
        [[ms(2), 3.0, 0], [ms(0), None, 5], [ms(1), 2.0, 1 << 28], [ms(1), 2.5, 3], [ms(3), 1e300, 3], [10**17, 1.0, 0]]
    )
    got, rows = read(source)
    assert rows == [(0, None, BAD), (3600, 2.5, MEASURED), (7200, 3.0, MEASURED), (10800, 1e300, BAD)]
    assert got.unknown_quality == ("bits 0x10000000",) and f"bad-time:{STAGE}" in got.notes


def test_the_public_sample_reads_as_its_own_columns_say(connect, shared):
    root = ET.parse(shared / "realdata/cwms/timeseries_create.xml").getroot()
    columns = [{"name": c.findtext("name"), "ordinal": int(c.findtext("ordinal"))} for c in root.iter("column")]
    rows = [
        [int(r.findtext("date-time")), float(r.findtext("value")), int(r.findtext("quality-code"))] for r in root.iter("record")
    ]
    source, _ = connect(
        rows, **{"value-columns": columns, "units": root.findtext("units"), "total": int(root.findtext("total"))}
    )
    got = source.read(stage(source), 1624287600, 1624291200)
    assert got.parts[0].value.tolist()[:3] == [0.0, 1.0, 2.0] and got.expected is None


@pytest.mark.parametrize(
    "body",
    [
        b"[\n\n]",
        b'{"values": [[1',
        b'{"values": [["x", 1, 0]]}',
        b"<html/>",
        b'{"values": null}',
        b'{"values": [[1]]}',
        b"[" * 99999,
    ],
)
def test_answers_that_are_not_what_they_should_be(connect, body, shared):
    source, _ = connect()
    wanted = stage(source)
    source._http._http._transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
    with pytest.raises(WireFormatError):
        source.read(wanted, T0, T0 + 1)


def test_a_busy_server_says_when_to_come_back(connect):
    source, _ = connect()
    wanted = stage(source)
    source._http._http._transport = httpx.MockTransport(lambda _request: httpx.Response(429, headers={"Retry-After": "30"}))
    with pytest.raises(BackendUnavailable) as busy:
        source.read(wanted, T0, T0 + 1)
    assert busy.value.retry_after_s == 30


def test_the_answer_is_asked_in_windows_of_utc(connect):
    source, server = connect([])
    read(source, 3600)
    query = server.asked[-1][1]
    assert (query["begin"], query["end"], query["office"]) == ("2024-06-01T00:00:00Z", "2024-06-01T01:00:00Z", "SWT")
    assert query["unit"] == "SI"
