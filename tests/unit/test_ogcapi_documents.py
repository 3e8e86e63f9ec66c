"""OGC API documents as USGS, pygeoapi and EDR servers send them, and as they should not."""

from __future__ import annotations

import httpx
import numpy as np
import pytest

from backend_client.adapters.harvest import MEASURED
from backend_client.adapters.ogcapi.coverage import point_series
from backend_client.adapters.ogcapi.edr import OgcEdr
from backend_client.adapters.ogcapi.features import OgcFeatures
from backend_client.adapters.ogcapi.mapping import EdrMapping, FeaturesMapping, ValueRule
from backend_client.adapters.times import iso_z, utc_s
from backend_client.adapters.words import Terms
from backend_client.errors import WireFormatError

BASE = "http://api.example/ogc"
T0 = utc_s("2022-06-20T00:00:00Z")
WATER = FeaturesMapping(
    "continuous",
    "monitoring_location_id",
    "time",
    (
        ValueRule("value", "Z", unit_property="unit_of_measure", where=("parameter_code", "00065")),
        ValueRule("value", "Q", unit_property="unit_of_measure", where=("parameter_code", "00060")),
    ),
    quality_property="approval_status",
)


def feature(n, station, code, unit, value, modified="2022-06-21T00:00:00Z", at=None):
    props = {"monitoring_location_id": station, "parameter_code": code, "unit_of_measure": unit, "value": value}
    props |= {"time": at or iso_z(T0 + 900 * n), "approval_status": "Provisional", "last_modified": modified}
    return {"type": "Feature", "id": f"{station}-{code}-{n}-{modified}", "geometry": None, "properties": props}


class SavedFeatures(httpx.BaseTransport):
    """One row per reading and parameter, honest datetime and last_modified filters, pages by an opaque link."""

    def __init__(self, rows, *, page=50, matched=True, extent=(None, None)):
        self.rows, self.page, self.matched, self.extent = rows, page, matched, extent
        self.asked = []

    def handle_request(self, request):
        self.asked.append(dict(request.url.params))
        path, options = request.url.path.removeprefix("/ogc/"), dict(request.url.params)
        if path == "conformance":
            return httpx.Response(404)
        if path.endswith("queryables"):
            return httpx.Response(200, json={"properties": {"last_modified": {}, "monitoring_location_id": {}}})
        if path == "collections/continuous":
            return httpx.Response(200, json={"title": "Continuous", "extent": {"temporal": {"interval": [list(self.extent)]}}})
        kept = [f for f in self.rows if self._fits(f["properties"], options)]
        at = int(options.get("at", 0))
        doc = {"type": "FeatureCollection", "features": kept[at : at + self.page], "links": []}
        if self.matched:
            doc["numberMatched"] = len(kept)
        if at + self.page < len(kept):
            query = "&".join(f"{k}={v}" for k, v in {**options, "at": at + self.page}.items())
            doc["links"] = [{"rel": "next", "href": f"{BASE}/{path}?{query}"}]
        return httpx.Response(200, json=doc)

    def _fits(self, props, options):
        for name, given in (("time", options.get("datetime")), ("last_modified", options.get("last_modified"))):
            if given:
                begin, end = given.split("/")
                if utc_s(props[name]) < utc_s(begin) or (end != ".." and utc_s(props[name]) > utc_s(end)):
                    return False
        station = options.get("monitoring_location_id")
        return station is None or props["monitoring_location_id"] == station


def rows(count=200):
    found = []
    for station in ("USGS-1", "USGS-2"):
        found += [feature(n, station, "00065", "ft", f"{n / 10}") for n in range(count)]
        found += [feature(n, station, "00060", "ft^3/s", n) for n in range(count)]
    return found


def test_rows_of_one_parameter_each_become_series_by_their_rule():
    server = SavedFeatures(rows(), extent=(iso_z(T0), iso_z(T0 + 900 * 199)))
    adapter = OgcFeatures(BASE, WATER, transport=server)
    known = adapter.probe()
    assert known.title == "Continuous" and dict(known.traits)["modified_since"] == "yes" and known.notes == ()
    series = adapter.series()
    assert [(s.station_code, s.element, s.unit) for s in series] == [
        ("USGS-1", "Q", "ft^3/s"),
        ("USGS-1", "Z", "ft"),
        ("USGS-2", "Q", "ft^3/s"),
        ("USGS-2", "Z", "ft"),
    ]
    harvest = adapter.read(series, T0, T0 + 900 * 199)
    assert harvest.complete and harvest.got == harvest.expected == 800
    assert harvest.parts[1].value[10] == pytest.approx(0.3048) and set(harvest.parts[1].quality) == {MEASURED}
    server.asked.clear()
    alone = adapter.read(series[:2], T0, T0 + 9000)
    assert alone.complete and alone.got == 22 and all(a["monitoring_location_id"] == "USGS-1" for a in server.asked)
    adapter.close()


def test_what_was_corrected_since_is_asked_for_whatever_its_time():
    corrected = feature(3, "USGS-1", "00065", "ft", "99", modified="2022-07-01T00:00:00Z")
    server = SavedFeatures([*rows(20), corrected], extent=(iso_z(T0), iso_z(T0 + 900 * 19)))
    adapter = OgcFeatures(BASE, WATER, transport=server)
    series = [s for s in adapter.series() if s.element == "Z"]
    harvest = adapter.read_changed(series, utc_s("2022-06-30T00:00:00Z"))
    assert harvest.complete and harvest.got == 1 and harvest.parts[0].value[0] == pytest.approx(99 * 0.3048)
    both = adapter.read(series, T0, T0 + 9000)
    assert both.parts[0].value[3] == pytest.approx(99 * 0.3048) and "several-rows-for-one-time" in both.notes
    adapter.close()


def test_without_number_matched_the_halves_of_a_window_are_the_proof():
    server = SavedFeatures(rows(60), matched=False, extent=(iso_z(T0), iso_z(T0 + 900 * 59)))
    adapter = OgcFeatures(BASE, WATER, transport=server)
    harvest = adapter.read(adapter.series(), T0, T0 + 900 * 59)
    assert harvest.complete and harvest.expected is None and harvest.got == 240 and "no-number-matched" in harvest.notes
    adapter.close()


def coverage(values, times=None, axes=("t",), shape=None):
    times = times or [iso_z(T0 + 3600 * i) for i in range(len(values))]
    return {
        "type": "Coverage",
        "id": "c",
        "domain": {"type": "Domain", "domainType": "PointSeries", "axes": {"t": {"values": times}}},
        "parameters": {
            "lvl": {"unit": {"symbol": {"value": "cm", "type": "x"}}, "observedProperty": {"label": {"zh": "水位"}}}
        },
        "ranges": {"lvl": {"axisNames": list(axes), "shape": shape or [len(values)], "values": values}},
    }


def test_a_coverage_is_read_only_when_axes_and_values_fit():
    (one,) = point_series(coverage([1.0, None]), "x")
    assert (one.parameter, one.unit, one.label, one.values) == ("lvl", "cm", "水位", (1.0, None))
    shared = {"type": "CoverageCollection", "coverages": [coverage([1.0])], "parameters": {"lvl": {"unit": {"symbol": "m"}}}}
    shared["coverages"][0].pop("parameters")
    assert point_series(shared, "x")[0].unit == "m"
    for broken in (
        [],
        {"type": "FeatureCollection"},
        coverage([1.0], times=["2022-06-20T00:00:00Z", "2022-06-20T01:00:00Z"]),
        coverage([1.0, 2.0], axes=("z", "t"), shape=[2, 1]),
        {**coverage([1.0]), "domain": {"axes": {"t": {"start": 0, "stop": 1, "num": 2}}}},
        {**coverage([1.0]), "ranges": {"lvl": {"values": "1"}}},
    ):
        with pytest.raises(WireFormatError):
            point_series(broken, "x")


def edr(request):
    path = request.url.path.removeprefix("/ogc/")
    if path == "collections/w":
        parameters = {
            "lvl": {"unit": {"symbol": "cm"}, "observedProperty": {"label": {"zh": "水位"}}},
            "sal": {"unit": {"symbol": "psu"}},
        }
        return httpx.Response(200, json={"title": "w", "parameter_names": parameters, "data_queries": {"locations": {}}})
    if path == "collections/w/locations":
        place = {
            "type": "Feature",
            "id": "站 1",
            "geometry": {"type": "Point", "coordinates": [113, 23]},
            "properties": {"name": "石角"},
        }
        return httpx.Response(200, json={"type": "FeatureCollection", "features": [place]})
    if path.startswith("collections/w/locations/"):
        begin, end = (utc_s(t) for t in request.url.params["datetime"].split("/"))
        kept = [i for i in range(48) if begin <= T0 + 3600 * i <= end]
        if not kept:
            return httpx.Response(204)
        return httpx.Response(200, json=coverage([None if i == 2 else i for i in kept], [iso_z(T0 + 3600 * i) for i in kept]))
    return httpx.Response(404)


def test_edr_locations_become_series_and_what_fits_nothing_is_listed():
    adapter = OgcEdr(BASE, EdrMapping("w"), transport=httpx.MockTransport(edr))
    assert "locations" in dict(adapter.probe().traits)["queries"]
    level, salt = adapter.series()
    assert (level.station_code, level.station_name, level.element, level.factor) == (
        "站 1",
        "石角",
        "Z",
        0.01,
    ) and salt.element == ""
    harvest = adapter.read([level, salt], T0, T0 + 47 * 3600)
    assert harvest.complete and len(harvest.parts) == 1 and harvest.got == 48
    assert harvest.parts[0].value[3] == pytest.approx(0.03) and np.isnan(harvest.parts[0].value[2])
    assert adapter.read([level], T0 - 90_000, T0 - 80_000).got == 0
    adapter.close()


def test_local_times_of_a_source_are_read_with_its_configured_zone():
    row = feature(0, "USGS-1", "00065", "ft", "1", at="2022-06-20 08:00")
    mapping = FeaturesMapping("continuous", "monitoring_location_id", "time", WATER.values, terms=Terms(zone="Asia/Shanghai"))
    server = SavedFeatures([row], extent=(iso_z(T0 - 3600), iso_z(T0 + 3600)))
    server._fits = lambda props, options: True
    adapter = OgcFeatures(BASE, mapping, transport=server)
    harvest = adapter.read([s for s in adapter.series() if s.element], T0, T0 + 60)
    assert list(harvest.parts[0].t) == [T0] and harvest.complete
    adapter.close()
