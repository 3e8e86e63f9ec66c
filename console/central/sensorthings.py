"""OGC SensorThings 1.1, read only, under ``/sta/v1.1``: what others' clients can read of this centre.

The same token as everywhere. Reconstructed values say so in resultQuality; a revision stands in
parameters. Pages go on by key, so rows that come or go never shift them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request

from console.central.repository import Repository
from console.central.sta.answer import Answers
from console.central.sta.model import RELATIONS, Catalogue, Entity, read_catalogue
from console.central.sta.options import parse_options
from console.central.sta.paths import parse_path

ROOT = "/sta/v1.1"
KEEP_S = 5.0
SPEC = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
CONFORMANCE = (
    "datamodel",
    "resource-path/resource-path-to-entities",
    "request-data/order",
    "request-data/expand",
    "request-data/select",
    "request-data/status-codes",
    "request-data/top",
    "request-data/skip",
    "request-data/count",
    "request-data/pagination",
    "data-array/data-array",
)


def add_sensorthings(app: FastAPI, repo: Callable[[], Repository]) -> None:
    """Add the routes; they are outside the description of fcc-sync/1."""
    kept = _KeptCatalogue()

    @app.get(ROOT, include_in_schema=False)
    @app.get(ROOT + "/", include_in_schema=False)
    def service_root(request: Request) -> dict[str, Any]:
        root = _root(request)
        return {
            "value": [{"name": name, "url": f"{root}/{name}"} for name in RELATIONS],
            "serverSettings": {"conformance": [SPEC + c for c in CONFORMANCE]},
        }

    @app.get(ROOT + "/{path:path}", include_in_schema=False)
    def resource(path: str, request: Request) -> dict[str, Any]:
        options = parse_options(request.query_params.multi_items())
        store = repo()
        answers = Answers(store, kept.of(store), _root(request))
        here = answers.at(parse_path(path))
        if isinstance(here, Entity):
            return answers.entity(here, options)
        query = "&".join(p for p in request.url.query.split("&") if _kept(p))
        return answers.many(here, options, str(request.url.replace(query="")).rstrip("?"), query)


class _KeptCatalogue:
    """The catalogue of the last request for a few seconds: with 10 000 series it takes half a second to make."""

    def __init__(self) -> None:
        self._made: tuple[float, str, int, Catalogue] | None = None

    def of(self, repo: Repository) -> Catalogue:
        now, epoch, version = time.monotonic(), repo.epoch, repo.data_version()
        made = self._made
        if made is not None and now - made[0] < KEEP_S and made[1:3] == (epoch, version):
            return made[3]
        self._made = (now, epoch, version, read_catalogue(repo))
        return self._made[3]


def _root(request: Request) -> str:
    return str(request.base_url).rstrip("/") + ROOT


def _kept(part: str) -> bool:
    """Tell whether a part of the query belongs into the next link: the place where it goes on does not."""
    return bool(part) and part.partition("=")[0].replace("%24", "$") not in ("$skip", "$skiptoken")
