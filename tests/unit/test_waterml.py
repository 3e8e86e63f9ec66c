"""WaterML of three versions: real NWIS and CUAHSI answers, a clock change, faulty gauges, and broken files."""

from __future__ import annotations

import os
import re
from urllib.parse import parse_qs

import httpx
import numpy as np
import pytest

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import BAD, MEASURED, RECONSTRUCTED, SUSPECT
from backend_client.adapters.waterml.folder import WaterMlFolder
from backend_client.adapters.waterml.reader import foreign_series, harvest, read_document
from backend_client.adapters.waterml.service import WaterMlService
from backend_client.errors import BackendError, BackendUnavailable, WireFormatError

FOREVER = (0, 2**40)


def load(path):
    return read_document(path.read_bytes(), path.name)


def rows(got, key):
    (part,) = [p for p in got.parts if p.key == key]
    return [(int(t), None if np.isnan(v) else round(float(v), 3), int(q)) for t, v, q in zip(part.t, part.value, part.quality)]


def test_a_state_of_gauges_some_with_faults(shared):
    version, found = load(shared / "realdata/waterml/RI_instantaneous.xml")
    series = foreign_series(found, {})
    assert version == "1.1" and len(series) == len({s.key for s in series}) == 116
    counts = {e: sum(s.element == e for s in series) for e in ("Q", "Z", "P", "")}
    assert counts["Q"] == 35 and counts["P"] == 2 and counts["Z"] >= 35, counts
    flow = next(s for s in series if s.key.startswith("USGS:01109403:00060:00011"))
    assert flow.station_name.startswith("TEN MILE R.") and flow.unit == "cfs" and round(flow.factor, 6) == 0.028317
    wanted = [s for s in series if s.element]
    got = harvest(wanted, found, *FOREVER)
    assert rows(got, flow.key) == [(1355246100, 3.851, MEASURED)], "12:15 at −05:00"
    assert got.complete and not got.unknown_quality
    faulty = [(p.value[0], p.quality[0]) for p in got.parts if len(p.t) and p.quality[0] == BAD]
    assert all(np.isnan(v) for v, _ in faulty), "−999999 is no level"
    assert not any("ground" in s.station_name.lower() and s.element for s in series)
    assert all(s.element == "" for s in series if ":72019:" in s.key), "depth to ground water is not a stage"


def test_a_clock_change_loses_no_hour_and_repeats_none(shared):
    _, found = load(shared / "realdata/waterml/site_08068500_instantaneous_2011-11-05_2011-11-18.xml")
    published = max((s for s in found if s.property_code == "00065"), key=lambda s: len(s.rows))
    stage = next(s for s in foreign_series(found, {}) if s.key == published.key)
    got = harvest([stage], found, *FOREVER)
    (part,) = got.parts
    assert len(part.t) == len(published.rows), "01:15 CDT and 01:15 CST are two readings"
    assert np.unique(np.diff(part.t)).tolist() == [900]


def test_daily_means_of_a_site_with_summer_time_are_listed_and_not_read(shared):
    _, found = load(shared / "realdata/waterml/site_01117800_daily.xml")
    assert {s.element for s in foreign_series(found, {})} == {""}
    assert all(s.left_out and not s.rows for s in found if s.statistic == "00003"), "midnight where? the document does not say"
    words = {
        q
        for s in read_document((shared / "realdata/waterml/site_01117800_daily.xml").read_bytes(), "x", "-05:00")[1]
        for _, _, q in s.rows
    }
    assert words == {MEASURED, RECONSTRUCTED, BAD}


def test_a_lake_in_feet(shared):
    _, found = load(shared / "realdata/waterml/site_07335390_instantaneous.xml")
    by_element = {s.element: s for s in foreign_series(found, {})}
    got = harvest([by_element["RZ"]], found, *FOREVER)
    assert got.parts[0].value[-1] == pytest.approx(446.96 * 0.3048)


def test_two_universities(shared):
    version, found = load(shared / "realdata/waterml/wof_1_0_muddyriver.xml")
    assert version == "1.0" and found[0].promised == 28 and found[0].left_out == 28, "no zone is written anywhere"
    _, zoned = read_document((shared / "realdata/waterml/wof_1_0_muddyriver.xml").read_bytes(), "x", "America/New_York")
    assert len(zoned[0].rows) == 28
    version, found = load(shared / "realdata/waterml/wof_1_1_ipswich_temp.xml")
    assert version == "1.1" and found[0].rows[0][:2] == (872436900, 19.0) and found[0].unit == "degC"
    assert foreign_series(found, {})[0].element == ""


ONE = """<timeSeriesResponse xmlns="http://www.cuahsi.org/waterML/1.1/"><timeSeries name="X:1:00065"><sourceInfo><siteName>甲站</siteName>
<siteCode network="X">1</siteCode></sourceInfo><variable><variableCode>00065</variableCode><unit><unitCode>{unit}</unitCode></unit><noDataValue>-999</noDataValue></variable>
<values {attributes}>{values}</values></timeSeries></timeSeriesResponse>"""


def one(values, unit="m", attributes=""):
    return read_document(ONE.format(values=values, unit=unit, attributes=attributes).encode(), "x")[1]


def value(time, text, qualifiers="P"):
    return f'<value dateTime="2024-06-01T{time}+08:00" qualifiers="{qualifiers}">{text}</value>'


def test_qualifiers_repeats_order_and_what_is_no_number():
    found = one(
        value("10:00:00", 3) + value("08:00:00", 1, "A") + value("09:00:00", -999, "P Eqp") + value("10:00:00", 3.5, "P e") + value("11:00:00", "Ice", "P Ice")
        + value("12:00:00", "1e400") + value("13:00:00", 5, "P wat") + value("14:00:00", 99999) + value("27:00:00", 1) + value("15:00:00", "")
    )  # fmt: skip
    got = harvest(foreign_series(found, {}), found, *FOREVER)
    t = 1717200000
    assert rows(got, "X:1:00065#") == [
        (t, 1.0, MEASURED), (t + 3600, None, BAD), (t + 7200, 3.5, RECONSTRUCTED), (t + 10800, None, SUSPECT), (t + 14400, None, MEASURED),
        (t + 18000, 5.0, SUSPECT), (t + 21600, 99999.0, BAD), (t + 25200, None, MEASURED),
    ]  # fmt: skip
    assert got.unknown_quality == ("wat",) and "bad-time:X:1:00065#:1" in got.notes


def test_a_document_that_has_fewer_values_than_it_says_is_owed():
    found = one(value("08:00:00", 1), attributes='count="3"')
    got = harvest(foreign_series(found, {}), found, *FOREVER)
    assert not got.complete and got.gaps[0].reason == "count 3 read 1"


def test_a_unit_that_changed_since_the_series_was_listed_is_not_mixed_in():
    listed = foreign_series(one(value("08:00:00", 1)), {})
    got = harvest(listed, one(value("08:00:00", 3.3), unit="ft"), *FOREVER)
    assert got.got == 0 and got.gaps[0].reason == "unit ft"
    assert foreign_series(one("", unit="smoots"), {})[0].element == ""


TWO = """<wml2:Collection xmlns:wml2="http://www.opengis.net/waterml/2.0" xmlns:om="http://www.opengis.net/om/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"
 xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><wml2:observationMember><om:OM_Observation>
<om:procedure xlink:href="urn:p:1"/><om:observedProperty xlink:href="http://x/?pmcode={code}" xlink:title="{title}"/><om:featureOfInterest><wml2:MonitoringPoint gml:id="mp1">
<gml:identifier>USGS.01</gml:identifier><gml:name>RIVER AT X</gml:name><wml2:timeZone><wml2:TimeZone><wml2:zoneOffset>+08:00</wml2:zoneOffset></wml2:TimeZone></wml2:timeZone>
<gml:pos>23.5 112.9</gml:pos></wml2:MonitoringPoint></om:featureOfInterest><om:result><wml2:MeasurementTimeseries>
<wml2:defaultPointMetadata><wml2:DefaultTVPMeasurementMetadata><wml2:uom code="{unit}"/><wml2:quality xlink:href="http://www.opengis.net/def/waterml/2.0/quality/unchecked"/>
<wml2:interpolationType xlink:href="http://www.opengis.net/def/waterml/2.0/interpolationType/{inter}"/>{more}</wml2:DefaultTVPMeasurementMetadata></wml2:defaultPointMetadata>
{points}</wml2:MeasurementTimeseries></om:result></om:OM_Observation></wml2:observationMember></wml2:Collection>"""


def two(points, code="00065", title="Gage height", unit="m", inter="Continuous", more=""):
    return read_document(TWO.format(points=points, code=code, title=title, unit=unit, inter=inter, more=more).encode(), "x")


def point(time, inner):
    return f"<wml2:point><wml2:MeasurementTVP><wml2:time>{time}</wml2:time>{inner}</wml2:MeasurementTVP></wml2:point>"


def meta(inner):
    return f"<wml2:metadata><wml2:TVPMeasurementMetadata>{inner}</wml2:TVPMeasurementMetadata></wml2:metadata>"


def test_version_two_with_point_metadata_over_defaults():
    quality = '<wml2:quality xlink:href="http://www.opengis.net/def/waterml/2.0/quality/{}"/>'
    version, found = two(
        point("2024-06-01T00:00:00Z", "<wml2:value>1.5</wml2:value>")
        + point("2024-06-01T09:00:00", "<wml2:value>1.6</wml2:value>" + meta(quality.format("suspect")))
        + point("2024-06-01T02:00:00Z", '<wml2:value xsi:nil="true"/>' + meta('<wml2:nilReason xlink:href="unknown"/>'))
        + point("2024-06-01T03:00:00Z", "<wml2:value>1.8</wml2:value>" + meta(quality.format("estimate")))
        + point("2024-06-01T04:00:00Z", "<wml2:value>1.9</wml2:value>" + meta(quality.format("sublime")))
        + point("yesterday", "<wml2:value>9</wml2:value>")
    )  # fmt: skip
    (series,) = foreign_series(found, {})
    assert version == "2.0" and (series.station_code, series.station_name, series.lat, series.lon, series.element) == (
        "USGS.01",
        "RIVER AT X",
        23.5,
        112.9,
        "Z",
    )
    got = harvest([series], found, *FOREVER)
    t = 1717200000
    assert rows(got, series.key) == [
        (t, 1.5, 0),
        (t + 3600, 1.6, SUSPECT),
        (t + 7200, None, BAD),
        (t + 10800, 1.8, RECONSTRUCTED),
        (t + 14400, 1.9, SUSPECT),
    ]
    assert got.unknown_quality == ("sublime",) and any(n.startswith("bad-time") for n in got.notes)


def test_rain_that_is_stamped_with_its_beginning_is_moved_to_its_end():
    hour = "<wml2:aggregationDuration>PT1H</wml2:aggregationDuration>"
    inner = point("2024-06-01T00:00:00Z", "<wml2:value>5</wml2:value>")
    _, found = two(inner, "00045", "Precipitation", "mm", "TotalSucc", hour)
    assert found[0].rows[0][0] == 1717203600 and found[0].interval_s == 3600
    _, found = two(inner, "00045", "Precipitation", "mm", "TotalPrec", hour)
    assert found[0].rows[0][0] == 1717200000
    _, found = two(inner, "00045", "Precipitation", "mm", "TotalSucc")
    assert found[0].rows == () and found[0].left_out == 1


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><timeSeriesResponse>&b;</timeSeriesResponse>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB, b"<timeSeriesResponse><timeSeries>", b"<gpx/>", b"", b"<?xml version='1.0' encoding='utf-16'?><a/>", b"\x00\x01",
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><timeSeriesResponse/>', b"<a>" * 5000 + b"</a>" * 5000, "<timeSeriesResponse>三防指挥</timeSeriesResponse>".encode("gb18030"),
    ],
    ids=["bomb", "half", "other", "empty", "wrong-encoding", "binary", "external-dtd", "deep", "gb18030"],
)  # fmt: skip
def test_hostile_or_broken_documents_are_refused_in_one_way(body):
    with pytest.raises(WireFormatError):
        read_document(body, "x")


class Nwis:
    def __init__(self, body):
        self.body = body
        self.asked = []

    def __call__(self, request):
        query = {k: v[0] for k, v in parse_qs(request.url.query.decode()).items()}
        self.asked.append(query)
        if query["sites"] == "404":
            return httpx.Response(404, text="No sites found matching all criteria")
        if self.body is None:
            return httpx.Response(503, headers={"Retry-After": "60"})
        return httpx.Response(200, content=self.body)


def service(body, sites=("08068500",), **more):
    nwis = Nwis(body)
    return WaterMlService(ForeignHttp("http://nwis.test/nwis/iv/", transport=httpx.MockTransport(nwis)), sites, **more), nwis


def test_a_service_is_asked_for_windows_and_for_what_was_modified(shared):
    body = (shared / "realdata/waterml/site_08068500_instantaneous_2011-11-05_2011-11-18.xml").read_bytes()
    source, nwis = service(body, clock=lambda: 1_321_600_000.0)
    assert dict(source.probe().traits)["modified_since"] == "yes"
    stage = next(s for s in source.series() if s.key.endswith(":00065:00011#2"))
    got = source.read([stage], 1320500000, 1320503600)
    assert (
        got.complete
        and got.got == 4
        and nwis.asked[-1]["startDT"] == "2011-11-05T13:33:20Z"
        and nwis.asked[-1]["format"] == "waterml,1.1"
    )
    late = source.changed_since([stage], 1_321_596_400)
    assert late.got > 1000 and nwis.asked[-1]["modifiedSince"] == "PT60M"
    source.close()


def test_nothing_found_is_an_answer_and_an_outage_is_none():
    source, _ = service(b"", sites=("404",))
    assert source.series() == () and source.read([], 0, 1).complete
    source.close()
    source, _ = service(None)
    with pytest.raises(BackendUnavailable) as busy:
        source.series()
    assert busy.value.retry_after_s == 60
    source.close()


def test_files_of_another_program_half_written_then_whole(shared, tmp_path):
    whole = (shared / "realdata/waterml/site_07335390_instantaneous.xml").read_bytes()
    now = 1_800_000_000.0
    path = tmp_path / "lake.xml"

    def put(data, age):
        path.write_bytes(data)
        os.utime(path, (now - age, now - age))

    put(whole, 100)
    source = WaterMlFolder(tmp_path, clock=lambda: now)
    pool = next(s for s in source.series() if s.element == "RZ")
    before = source.read([pool], *FOREVER)
    put(whole[: len(whole) // 2], 90)
    half = source.read([pool], *FOREVER)
    assert (
        half.got == before.got
        and not half.complete
        and half.gaps[0].reason == "file-unfinished"
        and "unreadable:lake.xml" in half.notes
    )
    put(whole, 80)
    assert source.read([pool], *FOREVER).complete
    (tmp_path / "bomb.xml").write_bytes(BOMB)
    os.utime(tmp_path / "bomb.xml", (now - 99, now - 99))
    assert source.probe().notes == ("unreadable:bomb.xml",)
    source.close()


def test_names_of_strangers_are_plain_text():
    found = one(value("08:00:00", 1))
    text = ONE.replace("甲站", "&lt;img src=x&gt;\u202egnp.exe").format(values="", unit="m", attributes="")
    (series,) = foreign_series(read_document(text.encode(), "x")[1], {})
    assert "\u202e" not in series.station_name and re.search("⟨U\\+202E⟩", series.station_name)
    assert found and issubclass(WireFormatError, BackendError)
