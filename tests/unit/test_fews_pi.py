"""A Delft-FEWS service: JSON or XML, its zone in hours, flags, missing values and forecasts."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import httpx
import numpy as np
import pytest

from backend_client.adapters.fews_pi.document import read_document, zone_of
from backend_client.adapters.fews_pi.source import FewsPi
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import BAD, FORECAST, MEASURED, RECONSTRUCTED, SUSPECT
from backend_client.errors import BackendError, WireFormatError

T0 = 1717200000  # 2024-06-01 00:00 UTC


def header(location="S1", parameter="H.obs", step=3600, **more):
    unit = {"unit": "second", "multiplier": str(step)} if step else {"unit": "nonequidistant"}
    return {
        "type": "instantaneous",
        "locationId": location,
        "parameterId": parameter,
        "timeStep": unit,
        "missVal": "-999.0",
        "units": "m",
    } | more


def event(hour, value, flag="0", day="2024-06-01"):
    return {"date": day, "time": f"{hour:02d}:00:00", "value": str(value), "flag": flag}


def document(*series, zone="8.0"):
    return {"version": "1.33", "timeZone": zone, "timeSeries": [{"header": h, "events": e} for h, e in series]}


class Service:
    """Answers like a PI service; only_xml: refuses JSON as old ones do."""

    def __init__(self, shared, timeseries, only_xml=False, only_headers=True):
        self.timeseries = timeseries
        self.only_xml = only_xml
        self.only_headers = only_headers
        self.shared = shared
        self.asked = []

    def __call__(self, request):
        query = parse_qs(request.url.query.decode())
        path = request.url.path.rpartition("/")[2]
        self.asked.append((path, query))
        if self.only_xml and query["documentFormat"] == ["PI_JSON"]:
            return httpx.Response(400, text="document format not supported")
        if path != "timeseries":
            name = {"locations": "locations.json", "parameters": "parameters.json"}[path]
            return httpx.Response(200, content=(self.shared / "realdata/fews_pi" / name).read_bytes())
        body = self.timeseries
        if isinstance(body, bytes):
            return httpx.Response(200, content=body)
        if "onlyHeaders" in query and self.only_headers:
            body = body | {"timeSeries": [{"header": s["header"]} for s in body["timeSeries"]]}
        return httpx.Response(200, content=json.dumps(body).encode())


@pytest.fixture
def connect(shared):
    made = []

    def build(timeseries, **options):
        service = Service(shared, timeseries, options.pop("only_xml", False), options.pop("only_headers", True))
        made.append(
            FewsPi(ForeignHttp("http://fews.test/rest/fewspiservice/v1", transport=httpx.MockTransport(service)), **options)
        )
        return made[-1], service

    yield build
    for one in made:
        one.close()


def values(harvest):
    return {
        p.key.split("|")[0]: [
            (int(t) - T0, None if np.isnan(v) else round(float(v), 2), int(q)) for t, v, q in zip(p.t, p.value, p.quality)
        ]
        for p in harvest.parts
    }


def test_a_real_service_is_read_with_its_zone_and_missing_values(connect, shared):
    source, service = connect(
        (shared / "realdata/fews_pi/pi_time_series.json").read_bytes(), elements={"WATHTE [m] [NAP] [OW]": "Z"}, filter_id="WDB"
    )
    assert dict(source.probe().traits)["format"] == "PI_JSON" and "only-headers-ignored" in source.probe().notes
    series = source.series()
    assert [(s.station_name, s.element, s.unit) for s in series] == [
        ("KGM156 - HWZ1 (BE)", "Z", "m"),
        ("KGM156 - LWZ1 (BO)", "Z", "m"),
    ]
    first = 1651359600  # 1 May 2022 00:00 at +01:00
    got = source.read(series, first, first + 5 * 86400)
    assert got.parts[0].t[0] == first and got.parts[0].value[0] == -0.95 and len(got.parts[0].t) == 390
    assert got.complete and got.expected is None, "a non-equidistant series promises no count"
    asked = [q for p, q in service.asked if p == "timeseries"][-1]
    assert (
        asked["locationIds"] == ["NL34.HL.KGM156.HWZ1", "NL34.HL.KGM156.LWZ1"]
        and asked["filterId"] == ["WDB"]
        and asked["startTime"] == ["2022-04-30T23:00:00Z"]
    )


def test_an_old_service_speaks_xml_alone(connect, shared):
    source, _ = connect(
        (shared / "realdata/fews_pi/normal_test_series.xml").read_bytes(),
        only_xml=True,
        elements={"H.meting": "Z"},
        units={"H.meting": "m"},
    )
    seen = source.probe()
    assert dict(seen.traits)["format"] == "PI_XML" and "no-json" in seen.notes and seen.version == "1.22"
    series = source.series()
    assert {s.station_code: s.interval_s for s in series} == {
        "union_8020 AE2": 900,
        "union_Waddenzeedijk 1": 900,
        "union_GPG-E-6001": 900,
    }
    got = source.read(series, 1624341600, 1624345200)
    assert got.complete and got.expected == got.got == 15


def test_known_parameters_find_their_element_and_the_rest_is_listed_unread(connect):
    body = document(
        (header(), []),
        (header("S1", "Q.obs", units="ML/d"), []),
        (header("S1", "P.obs", units="mm"), []),
        (header("S1", "T.obs", units="oC"), []),
        (header("S1", "Q.sim", units="furlong"), []),
        (header("S1", "H.obs", ensembleMemberIndex="3"), []),
    )
    source, _ = connect(body)
    found = {(s.key.split("|")[1], s.key.split("|")[5]): (s.element, round(s.factor, 6)) for s in source.series()}
    assert found == {
        ("H.obs", ""): ("Z", 1.0),
        ("Q.obs", ""): ("Q", 0.011574),
        ("P.obs", ""): ("P", 1.0),
        ("T.obs", ""): ("", 1.0),
        ("Q.sim", ""): ("", 1.0),
        ("H.obs", "3"): ("", 1.0),
    }


def test_flags_missing_values_and_repeats(connect):
    events = [
        event(10, 3.0),
        event(8, 1.0),
        event(9, -999.0, "6"),
        event(10, 3.5, "4"),
        event(11, "NaN"),
        event(12, 4, "2"),
        event(13, 5, "77"),
        event(14, 1e9),
        event(99, 1),
    ]
    source, _ = connect(document((header(step=0), events)))
    got = source.read(source.series(), T0, T0 + 86400)
    assert values(got)["S1"] == [
        (0, 1.0, MEASURED), (3600, None, BAD), (7200, 3.5, SUSPECT), (10800, None, MEASURED),
        (14400, 4.0, RECONSTRUCTED), (18000, 5.0, SUSPECT), (21600, 1e9, BAD),
    ]  # fmt: skip
    assert got.unknown_quality == ("77",) and any(n.startswith("bad-time:S1") for n in got.notes)


def test_beyond_the_start_of_a_forecast_every_value_is_a_forecast(connect):
    issued = {"date": "2024-06-01", "time": "10:00:00"}
    source, _ = connect(
        document(
            (
                header(parameter="H.fcst", type="simulated forecasting", forecastDate=issued),
                [event(9, 1), event(10, 2), event(11, 3), event(12, 4, "6")],
            )
        )
    )
    got = source.read(source.series(), T0, T0 + 86400)
    assert [q for _, _, q in values(got)["S1"]] == [RECONSTRUCTED, RECONSTRUCTED, FORECAST, BAD]
    assert [n for n in got.notes if n.startswith("forecast:")][0].endswith("2024-06-01T02:00:00Z")


def test_steps_that_the_header_promises_and_that_did_not_come_are_owed(connect):
    span = {"startDate": {"date": "2024-06-01", "time": "08:00:00"}, "endDate": {"date": "2024-06-01", "time": "12:00:00"}}
    source, _ = connect(document((header(**span), [event(8, 1), event(9, 2), event(12, 3)])))
    got = source.read(source.series(), T0, T0 + 86400)
    assert not got.complete and [(g.from_t - T0, g.to_t - T0, g.reason) for g in got.gaps] == [(0, 14400, "steps 5 read 3")]


def test_a_year_is_asked_month_by_month_and_many_stations_a_few_dozen_at_a_time(connect):
    source, service = connect(document(*((header(f"S{n}"), []) for n in range(90))))
    source.probe()
    series = source.series()
    before = len(service.asked)
    source.read(series, T0, T0 + 62 * 86400)
    assert len(service.asked) - before == 3 * 3
    assert max(len(q["locationIds"]) for _, q in service.asked[before:]) == 40


@pytest.mark.parametrize(
    "body",
    [
        b'{"timeZone": "1.0", "timeSeries": [{"header": {"locationId": "a"', b"[1]", b'{"timeSeries": [{"events": []}]}', b'{"timeZone": "99", "timeSeries": []}',
        b"<TimeSeries><series>", b"<html/>", b'<!DOCTYPE x [<!ENTITY a "b">]><TimeSeries>&a;</TimeSeries>',
        b'<?xml version="1.0" encoding="klingon"?><TimeSeries/>', b"[" * 100_000, b'<TimeSeries><series><header/></series></TimeSeries>', b"",
    ],
)  # fmt: skip
def test_half_a_document_or_a_hostile_one_is_refused_in_one_way(body):
    with pytest.raises(WireFormatError):
        read_document(body, "timeseries")


def test_events_without_a_zone_are_not_guessed():
    found = read_document(json.dumps(document((header(), [event(8, 1)]), zone="")).encode(), "x")
    assert found.series[0].events == () and found.series[0].bad_times == 1


def test_zones_in_hours():
    assert [zone_of(h) for h in ("0.0", "1.0", "-5", "5.5", "-3.5", "")] == [
        "+00:00",
        "+01:00",
        "-05:00",
        "+05:30",
        "-03:30",
        "",
    ]


def test_a_service_that_fails_says_so_as_one_of_our_errors(connect):
    source, _ = connect(b"<html>login</html>")
    with pytest.raises(BackendError):
        source.probe()


def test_an_ensemble_becomes_the_bounds_of_a_band_and_no_member_is_the_value(connect):
    issued = {"date": "2024-06-01", "time": "10:00:00"}
    run = {"parameter": "H.fcst", "type": "simulated forecasting", "forecastDate": issued, "units": "cm"}
    members = [
        (header(ensembleMemberIndex=str(n), **run), [event(10, 90), event(11, 100 + 10 * n), event(12, n if n < 4 else -999)])
        for n in range(11)
    ]
    source, _ = connect(document((header(), [event(8, 3)]), *members))
    listed = [s for s in source.series() if s.element]
    assert {s.element for s in listed} == {"Z", "ZLO", "ZHI"} and len({s.station_code for s in listed}) == 1
    got = source.read(listed, T0, T0 + 86400)
    elements = {s.key: s.element for s in listed}
    found = {elements[p.key]: [(int(t) - T0, round(v, 6), q) for t, v, q in zip(p.t, p.value, p.quality)] for p in got.parts}
    assert found.pop("Z") == [(0, 3.0, MEASURED)]
    # a tenth of eleven members is the second; at 12:00 only four say something, and 10:00 is no forecast yet
    assert found == {"ZLO": [(10800, 1.1, FORECAST)], "ZHI": [(10800, 1.9, FORECAST)]}
    assert got.complete


def test_a_few_members_are_no_band(connect):
    run = {"parameter": "H.fcst", "type": "simulated forecasting"}
    source, _ = connect(document(*((header(ensembleMemberIndex=str(n), **run), []) for n in range(4))))
    assert {s.element for s in source.series()} == {""}


def test_the_only_member_of_an_ensemble_is_the_value_where_the_entry_names_it(connect):
    only = header("S1", "H.fcst", ensembleMemberIndex="0")
    assert {s.element for s in connect(document((only, [])))[0].series()} == {""}
    source = FewsPi(connect(document((only, [])))[0]._http, elements={"H.fcst": "Z"})
    assert {s.element for s in source.series()} == {"Z"}
