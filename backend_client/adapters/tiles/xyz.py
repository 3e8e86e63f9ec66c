"""Tiles behind an address template with {z}, {x} and {y}, or {-y} where rows are counted from the south."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

from backend_client.adapters.conditional import KEPT_BYTES
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import Meter
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.tiles.tile import MERCATOR, MERCATOR_LAT, TileSet, in_range
from backend_client.adapters.tiles.web import WebTiles
from backend_client.errors import WireFormatError


class XyzTiles:
    """template: below the base of http, e.g. ``base/{z}/{x}/{y}.png?key={key}``. key: a secret, "" for none.

    crs: MERCATOR or GEOGRAPHIC. first_matrix: what the service calls zoom 0; 1 in sets that begin with two tiles
    of 180 degrees and count them from one. kept_bytes: answers remembered for asking whether they changed.
    """

    def __init__(
        self,
        http: ForeignHttp,
        template: str,
        *,
        title: str = "",
        key: str = "",
        min_zoom: int = 0,
        max_zoom: int = 18,
        attribution: str = "",
        crs: str = MERCATOR,
        first_matrix: int = 0,
        kept_bytes: int = KEPT_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if "{z}" not in template or "{x}" not in template or ("{y}" in template) == ("{-y}" in template):
            raise WireFormatError("template: needs {z}, {x} and one of {y} and {-y}")
        self._template = template
        self._key = quote(key, safe="")
        self._first_matrix = first_matrix
        self._web = WebTiles(http, clock=clock, kept_bytes=kept_bytes)
        self._set = TileSet(
            one_line(title),
            "",
            crs,
            min_zoom,
            max_zoom,
            (-180.0, -MERCATOR_LAT, 180.0, MERCATOR_LAT),
            one_line(attribution),
        )

    @property
    def meter(self) -> Meter:
        return self._web.http.meter

    @property
    def troubles(self) -> dict[str, int]:
        return self._web.troubles

    def close(self) -> None:
        self._web.http.close()

    def metadata(self) -> TileSet:
        return self._set

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        if not in_range(self._set.crs, z, x, y) or not self._set.min_zoom <= z <= self._set.max_zoom:
            return None
        words = {"{z}": z + self._first_matrix, "{x}": x, "{y}": y, "{-y}": 2**z - 1 - y, "{key}": self._key}
        path = self._template
        for word, value in words.items():
            path = path.replace(word, str(value))
        return self._web.fetch(path)
