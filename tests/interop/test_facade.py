"""Others' clients read the embedded service: our adapter, pygeoapi, and Fraunhofer's SensorThings client."""

from __future__ import annotations

import json
import subprocess

import httpx
import numpy as np
import pytest

from backend_client.adapters.ogcapi.edr import OgcEdr
from backend_client.adapters.ogcapi.features import OgcFeatures
from backend_client.adapters.ogcapi.mapping import EdrMapping, FeaturesMapping, ValueRule
from backend_client.adapters.sensorthings.adapter import SensorThings
from tests.interop.conftest import SERVERS, T0, TOKEN

AUTH = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def sta(facade):
    with httpx.Client(base_url=facade[0], headers=AUTH, trust_env=False, timeout=20) as client:
        yield client


def test_our_own_adapter_reads_our_own_facade_with_proof(facade):
    adapter = SensorThings(facade[0], headers=AUTH)
    known = adapter.probe()
    assert known.notes == () and dict(known.traits)["order"] == "phenomenonTime"
    series = adapter.series()
    assert sorted(s.element for s in series) == ["Q", "Z", "Z", "Z"] and all(s.factor == 1.0 for s in series)
    assert series[0].datum == "珠基" and series[0].interval_s == 3600
    harvest = adapter.read(series, T0, T0 + 239 * 3600)
    assert harvest.complete and harvest.got == harvest.expected == 960 and not harvest.unknown_quality
    assert list(harvest.parts[0].quality[:4]) == [0, 1, 2, 0] and np.isnan(harvest.parts[0].value[7])
    adapter.close()


def test_pages_go_on_by_key_when_rows_come_and_go(facade, sta):
    base, repo = facade
    link, seen, pages = f"{base}/Datastreams(1)/Observations?$top=50&$orderby=phenomenonTime asc", [], 0
    while link:
        doc = sta.get(link).json()
        seen += [o["@iot.id"] for o in doc["value"]]
        link, pages = doc.get("@iot.nextLink"), pages + 1
        if pages == 2:
            repo.delete_row(1, T0 + 3600)
            repo.commit_rows([(1, T0 - 3600, 1.0, 0)])
    assert len(seen) == len(set(seen)) == 240
    repo.delete_row(1, T0 - 3600)
    repo.commit_rows([(1, T0 + 3600, 11.1, 1)])


@pytest.mark.parametrize(
    "query",
    [
        "Observations?$filter=result gt 5",
        "Observations?$filter=not (id eq 1)",
        "Observations?$filter=startswith(name,'a')",
        "Observations?$orderby=result",
        "Observations?$apply=groupby((x))",
        "Observations?$top=-1",
        "Observations?$top=1&$top=2",
        "Things?$select=nothing",
        "Things?$expand=Observations",
        "Things?$expand=Datastreams(",
        "Things?$filter=name eq",
        "Observations?$resultFormat=CSV",
        "Datastreams?$skiptoken=x",
    ],
)
def test_what_is_not_supported_is_refused_and_never_ignored(sta, query):
    reply = sta.get("/" + query)
    assert reply.status_code == 400 and reply.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "path", ["Nothing", "Datastreams(99)", "Things('x')", "Things(1)/Things", "Observations(1)", "Things('x"]
)
def test_what_is_not_there_is_404(sta, path):
    assert sta.get("/" + path).status_code == 404


def test_the_token_is_asked_for_and_nothing_can_be_written(facade, sta):
    assert httpx.get(facade[0] + "/Things", trust_env=False).status_code == 401
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert sta.request(method, "/Things", json={}).status_code == 405


def test_filters_orders_and_expansions_do_what_they_say(sta):
    doc = sta.get(
        "/Datastreams(1)/Observations?$filter=phenomenonTime ge 2022-06-20T08:00:00%2B08:00 and phenomenonTime lt 2022-06-20T03:00:00Z&$count=true"
    ).json()
    assert doc["@iot.count"] == 3 and doc["value"][1]["resultQuality"] == "reconstructed"
    newest = sta.get("/Datastreams(1)/Observations?$top=1&$orderby=phenomenonTime desc").json()["value"][0]
    assert newest["phenomenonTime"] == "2022-06-29T23:00:00Z" and newest["parameters"] == {"revision": 1}
    assert sta.get(newest["Datastream@iot.navigationLink"]).json()["@iot.id"] == 1
    assert sta.get(newest["@iot.selfLink"]).json()["result"] == newest["result"]
    either = sta.get(
        f"/Observations?$filter=id eq {newest['@iot.id']} or phenomenonTime eq 2022-06-20T00:00:00Z&$count=true"
    ).json()
    assert either["@iot.count"] == 5
    things = sta.get(
        "/Things?$expand=Locations,Datastreams($expand=ObservedProperty,Observations($top=1;$orderby=phenomenonTime desc))&$orderby=name"
    ).json()["value"]
    assert things[0]["Locations"][0]["location"]["type"] == "Point"
    assert all(len(d["Observations"]) == 1 and d["ObservedProperty"]["name"] for t in things for d in t["Datastreams"])
    assert "Observations@iot.nextLink" in things[0]["Datastreams"][0]
    name = things[1]["name"]
    assert [t["name"] for t in sta.get(f"/Things?$filter=name eq '{name}'").json()["value"]] == [name]
    assert (
        sta.get("/Datastreams(1)/Observations?$filter=phenomenonTime lt 1900-01-01T00:00:00Z&$count=true").json()["@iot.count"]
        == 0
    )


def test_pygeoapi_reads_our_datastreams_and_observations(pygeoapi):
    with httpx.Client(base_url=pygeoapi, trust_env=False, timeout=30) as client:
        streams = client.get("/collections/our-streams/items?f=json&limit=10").json()
        assert len(streams["features"]) == 4 and streams["features"][0]["geometry"]["type"] == "Point"
    mapping = FeaturesMapping(
        "our-obs", "Datastream", "phenomenonTime", (ValueRule("result", "Z", "m"),), quality_property="resultQuality"
    )
    adapter = OgcFeatures(pygeoapi, mapping)
    assert adapter.probe().notes in ((), ("no-number-matched",)), "the time filter travels through pygeoapi to us"
    adapter.close()


def test_an_edr_service_over_our_facade_that_cuts_long_answers_is_caught(pygeoapi, facade):
    """pygeoapi reads only the first page of an expansion; without a count only the halves give it away."""
    adapter = OgcEdr(pygeoapi, EdrMapping("our-edr"))
    series = [s for s in adapter.series() if s.element == "Z"]
    assert series and "locations" in dict(adapter.probe().traits)["queries"]
    harvest = adapter.read(series[:1], T0, T0 + 239 * 3600)
    times = set(harvest.parts[0].t.tolist())
    owed = {T0 + 3600 * i for i in range(240) if i != 7} - times  # pygeoapi leaves missing values out
    assert harvest.complete and not owed and "answers-cut" in harvest.notes
    adapter.close()


def test_a_public_client_reads_entities_and_all_pages_of_observations(interop, facade):
    ran = subprocess.run(
        [str(interop), str(SERVERS / "frost_client.py"), facade[0], TOKEN], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr[-800:]
    told = json.loads(ran.stdout)
    assert told["things"] == 3 and told["streams"] == 4 and told["observations"] == 240 and told["count"] == 240
    assert told["first"] == ["2022-06-20T00:00:00Z", 11.0] and told["unit"] == "m" and told["filtered"] == 24
