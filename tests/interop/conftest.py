"""Real servers of other people on loopback; everything is skipped, with the reason, where they cannot be had."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import httpx
import pytest
import uvicorn

from console.central.app import build_app
from console.central.process import seed
from console.central.repository import Repository
from console.central.service import Service
from console.central.store_core import SeriesKey
from tests.interop.environment import NoInterop, interop_python
from tests.processes import eventually

SERVERS = Path(__file__).parent / "servers"
TOKEN = "interop-token"
T0 = 1_655_683_200  # 2022-06-20T00:00:00Z


@pytest.fixture(scope="session")
def interop():
    try:
        return interop_python()
    except NoInterop as exc:
        pytest.skip(str(exc))


class StandIn:
    """A server process that prints its port."""

    def __init__(self, python: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [str(python), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")} | (env or {}),
        )
        self.port = int(self.process.stdout.readline() or 0)
        assert self.port, "the stand-in server did not start"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def django_sta(interop, tmp_path_factory):
    server = StandIn(interop, str(SERVERS / "django_sta.py"), str(tmp_path_factory.mktemp("django") / "sta.db"))
    yield f"http://127.0.0.1:{server.port}/sta/v1.1"
    server.stop()


class DjangoSite:
    """Seeds a django-ogc-sensorthings server through its own API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url + "/", trust_env=False, timeout=30)
        self.foi = self.post(
            "FeaturesOfInterest",
            {
                "name": "f",
                "description": "d",
                "encodingType": "application/geo+json",
                "feature": {"type": "Point", "coordinates": [112.9, 23.5]},
            },
        )

    def post(self, path, doc):
        reply = self.http.post(path, json=doc)
        assert reply.status_code == 201, reply.text[:300]
        return reply.headers["location"].rpartition("(")[2].strip(")'")

    def stream(self, code, name="水位", symbol="ft", lon=112.9):
        thing = self.post("Things", {"name": code, "description": "站", "properties": {"stcd": code}})
        self.post(
            "Locations",
            {
                "name": code,
                "description": "d",
                "encodingType": "application/geo+json",
                "location": {"type": "Point", "coordinates": [lon, 23.5]},
                "Things": [{"@iot.id": thing}],
            },
        )
        sensor = self.post("Sensors", {"name": "s", "description": "d", "encodingType": "application/pdf", "metadata": "m"})
        observed = self.post(
            "ObservedProperties", {"name": name, "definition": f"http://example.org/{name}", "description": "d"}
        )
        return self.post(
            "Datastreams",
            {
                "name": f"{code} {name}",
                "description": "d",
                "unitOfMeasurement": {"name": symbol, "symbol": symbol, "definition": symbol},
                "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                "Thing": {"@iot.id": thing},
                "Sensor": {"@iot.id": sensor},
                "ObservedProperty": {"@iot.id": observed},
            },
        )

    def add(self, stream, rows):
        """rows: (phenomenonTime, result, resultTime); return the new ids."""
        body = {
            "Datastream": {"@iot.id": stream},
            "components": ["phenomenonTime", "result", "resultTime", "FeatureOfInterest/id"],
            "dataArray": [[*row, self.foi] for row in rows],
        }
        reply = self.http.post("CreateObservations", json=[body])
        assert reply.status_code == 201 and "error" not in reply.json()
        return [link.rpartition("(")[2].strip(")'") for link in reply.json()]

    def delete(self, obs_id):
        assert self.http.delete(f"Observations('{obs_id}')").status_code in (200, 204)


@pytest.fixture(scope="session")
def django_site(django_sta):
    site = DjangoSite(django_sta)
    yield site
    site.http.close()


@pytest.fixture(scope="session")
def facade(tmp_path_factory):
    """The embedded service on loopback with 240 hours of 4 series."""
    folder = tmp_path_factory.mktemp("facade")
    repo = Repository(folder / "central.db", "interop")
    seed(repo, folder, "none", None)
    stations = [o["code"] for o in repo.objects("stations") if o["geometry"]][:3]
    keys = [SeriesKey(code, "Z", "m", "珠基", "重建：test") for code in stations] + [SeriesKey(stations[0], "Q", "m³/s")]
    for sid in [repo.ensure_series(k) for k in keys]:
        repo.commit_rows([(sid, T0 + 3600 * i, None if i == 7 else 10 + sid + i / 10, i % 3) for i in range(240)])
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    server = uvicorn.Server(uvicorn.Config(build_app(Service(repo, folder, None), TOKEN), log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    eventually(lambda: server.started, what="facade up")
    yield f"http://127.0.0.1:{sock.getsockname()[1]}/sta/v1.1", repo
    server.should_exit = True
    thread.join(10)
    sock.close()


def _collection(*providers, end="2022-06-30T00:00:00+00:00"):
    return {
        "type": "collection",
        "title": "t",
        "description": "d",
        "keywords": ["k"],
        "links": [],
        "extents": {
            "spatial": {"bbox": [-180, -90, 180, 90], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
            "temporal": {"begin": "2022-06-20T00:00:00+00:00", "end": end},
        },
        "providers": list(providers),
    }


@pytest.fixture(scope="session")
def pygeoapi(interop, facade, tmp_path_factory):
    """pygeoapi with: readings in a CSV, a rain grid, and our own facade as features and as EDR."""
    folder = tmp_path_factory.mktemp("pygeoapi")
    lines = ["id,stcd,name,time,stage,flow,lon,lat,quality"]
    for i in range(480):
        hour, station = divmod(i, 2)
        time = f"2022-06-{20 + hour // 24:02d}T{hour % 24:02d}:00:00Z"
        quality = "good" if i % 100 else "seltsam"
        lines.append(
            f"{i},S{station},站{station},{time},{'' if i == 6 else 10 + i / 10},{'-999' if i == 8 else i},{113 + station},23.5,{quality}"
        )
    (folder / "obs.csv").write_text("\n".join(lines), "utf-8")
    csv = {"type": "feature", "name": "CSV", "data": str(folder / "obs.csv"), "id_field": "id", "time_field": "time"}
    csv["geometry"] = {"x_field": "lon", "y_field": "lat"}
    grid = {
        "type": "edr",
        "name": "xarray-edr",
        "data": str(folder / "rain.nc"),
        "x_field": "lon",
        "y_field": "lat",
        "time_field": "time",
    }
    grid["format"] = {"name": "netcdf", "mimetype": "application/x-netcdf"}
    ours = {"name": "SensorThings", "type": "feature", "data": facade[0] + "/", "id_field": "@iot.id"}
    resources = {
        "obs": _collection(csv),
        "rain": _collection(grid),
        "our-streams": _collection({**ours, "entity": "Datastreams", "time_field": "phenomenonTime"}),
        "our-obs": _collection({**ours, "entity": "Observations", "time_field": "phenomenonTime"}),
        "our-edr": _collection({"name": "SensorThingsEDR", "type": "edr", "data": facade[0] + "/"}),
    }
    (folder / "resources.json").write_text(json.dumps(resources), "utf-8")
    server = StandIn(
        interop, str(SERVERS / "pygeoapi_site.py"), str(folder), str(folder / "resources.json"), env={"STA_TOKEN": TOKEN}
    )
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
