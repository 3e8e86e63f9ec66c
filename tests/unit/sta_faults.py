"""A SensorThings server in memory that answers as istSOS4 and FROST were seen to, with one fault at a time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from backend_client.adapters.times import iso_z, utc_s

BASE = "http://sta.example/v1.1/"


@dataclass
class Faults:
    """Each field is one thing that a real server did."""

    orderby_500: bool = False
    array_cut: int = 0  # istSOS4: dataArray ends at $top + 1, no nextLink
    next_link_missing: bool = False
    raw_spaces: bool = False
    link_host: str = ""  # FROST behind a proxy: its inner host name in every link
    link_loops: bool = False
    count_added: int = 0
    no_count: bool = False
    filter_ignored: bool = False
    rows_twice: bool = False
    no_array: bool = True
    newest_first: bool = False
    page: int = 100
    answer: httpx.Response | None = None  # instead of observations
    changes: dict = field(default_factory=dict)


class FaultySta(httpx.BaseTransport):
    """rows: (id, phenomenonTime, result, resultTime, resultQuality) of Datastream 1."""

    def __init__(self, rows, faults=None, unit="m"):
        self.rows, self.faults, self.unit = list(rows), faults or Faults(), unit
        self.asked = []

    def handle_request(self, request):
        path, options = request.url.path.removeprefix("/v1.1/"), dict(request.url.params)
        self.asked.append((path, options))
        if path == "":
            body = {"value": [{"name": n, "url": BASE + n} for n in ("Things", "Datastreams", "Observations")]}
            body["serverSettings"] = {"conformance": ["http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel"]}
            return httpx.Response(200, json=body)
        if path == "Datastreams":
            return httpx.Response(200, json={"value": [self._stream()], "@iot.count": 1})
        if path in ("Datastreams(1)/Thing", "Things"):
            return httpx.Response(200, json=self._thing() if path != "Things" else {"value": [self._thing()]})
        if path == "Datastreams(1)/ObservedProperty":
            return httpx.Response(200, json=self._stream()["ObservedProperty"])
        if path == "Things(1)/Locations":
            return httpx.Response(200, json={"value": self._thing()["Locations"]})
        if path in ("Datastreams(1)/Observations", "Observations"):
            return self.faults.answer or self._observations(path, options)
        return httpx.Response(404)

    def _thing(self):
        place = {"@iot.id": 1, "location": {"type": "Point", "coordinates": [113.0, 23.5]}}
        return {"@iot.id": 1, "name": "石角", "properties": {"stcd": "81000300"}, "Locations": [place]}

    def _stream(self):
        observed = {"@iot.id": 1, "name": "水位", "definition": "x"}
        unit = {"name": self.unit, "symbol": self.unit, "definition": ""}
        return {"@iot.id": 1, "name": "d", "unitOfMeasurement": unit, "Thing": self._thing(), "ObservedProperty": observed}

    def _observations(self, path, options):
        faults = self.faults
        if faults.orderby_500 and "phenomenonTime" in options.get("$orderby", ""):
            return httpx.Response(500)
        kept = self.rows if faults.filter_ignored else [r for r in self.rows if self._passes(r, options.get("$filter", ""))]
        kept = sorted(kept, key=lambda r: (r[1], r[0]), reverse="desc" in options.get("$orderby", "") or faults.newest_first)
        skip = int(options.get("$skip", 0))
        top = min(int(options.get("$top", faults.page)), faults.page)
        shown = kept[skip : skip + top]
        doc = {}
        if options.get("$count") == "true" and not faults.no_count:
            doc["@iot.count"] = len(kept) + faults.count_added
        array = options.get("$resultFormat") == "dataArray"
        if array and faults.no_array:
            return httpx.Response(501)
        if array and faults.array_cut:
            shown = kept[: faults.array_cut]
        elif skip + top < len(kept) and not faults.next_link_missing:
            doc["@iot.nextLink"] = self._link(path, options, skip if faults.link_loops else skip + top)
        if faults.rows_twice:
            shown = [*shown, *shown[:3]]
        names = ("@iot.id", "phenomenonTime", "result", "resultTime", "resultQuality")
        doc["value"] = [dict(zip(names, r, strict=True)) for r in shown]
        if array:
            link = BASE + "Datastreams(1)"
            columns = [n.removeprefix("@iot.") for n in names]
            doc["value"] = [
                {"Datastream@iot.navigationLink": link, "components": columns, "dataArray": [list(r) for r in shown]}
            ]
        return httpx.Response(200, content=json.dumps(doc).encode())

    def _link(self, path, options, skip):
        base = BASE.replace("http://sta.example", self.faults.link_host or "http://sta.example")
        space = " " if self.faults.raw_spaces else "%20"
        return base + path + "?" + "&".join(f"{k}={v.replace(' ', space)}" for k, v in {**options, "$skip": str(skip)}.items())

    def _passes(self, row, text):
        when = row[1].partition("/")[0]  # servers compare the begin of an interval
        try:
            t = utc_s(when)
        except ValueError:
            return "1970" not in text
        for op, at in re.findall(r"phenomenonTime (ge|lt) (\S+)", text):
            if (op == "ge" and t < utc_s(at)) or (op == "lt" and t >= utc_s(at)):
                return False
        return True


T0 = int(datetime(2022, 6, 20, tzinfo=UTC).timestamp())


def hourly(count, **more):
    return [(i + 1, iso_z(T0 + 3600 * i), more.get("value", 10 + i), iso_z(T0 + 3600 * i), None) for i in range(count)]
