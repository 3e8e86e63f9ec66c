"""Tiles of a WMTS layer: capabilities once, then by RESTful template or key-value request."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import quote, urlencode, urljoin, urlsplit

from backend_client.adapters.conditional import KEPT_BYTES
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import Meter
from backend_client.adapters.tiles.capabilities import FORMATS, Capabilities, Layer, MatrixSet, read_capabilities
from backend_client.adapters.tiles.tile import GEOGRAPHIC, MERCATOR, TileSet, in_range
from backend_client.adapters.tiles.web import WebTiles
from backend_client.errors import WireFormatError

KINDS = dict(zip(FORMATS, ("png", "jpeg", "webp", "pbf"), strict=True))
# layer, matrix set, format, address, whether the address is a RESTful template
_Chosen: TypeAlias = tuple[Layer, MatrixSet, str, str, bool]


class WmtsTiles:
    """path: of the capabilities, below http's base. layer, matrix_set: identifiers, "" for the first that fits.

    extra: words for every request, e.g. a key; they appear in no error text.
    """

    def __init__(
        self,
        http: ForeignHttp,
        path: str = "",
        *,
        layer: str = "",
        matrix_set: str = "",
        extra: Mapping[str, str] | None = None,
        kept_bytes: int = KEPT_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._web = WebTiles(http, clock=clock, kept_bytes=kept_bytes)
        self._path = path
        self._wanted = (layer, matrix_set)
        self._extra = dict(extra or {})
        self._ready: tuple[TileSet, _Chosen] | None = None

    def know(self, other: WmtsTiles) -> None:
        """Take over what another reader of the same layer has read, so that it is not asked for again."""
        self._ready = other._known()

    @property
    def meter(self) -> Meter:
        return self._web.http.meter

    @property
    def troubles(self) -> dict[str, int]:
        return self._web.troubles

    def close(self) -> None:
        self._web.http.close()

    def metadata(self) -> TileSet:
        """Read the capabilities at the first call.

        Raises:
            WireFormatError: no such layer, or none of its matrix sets lies on the world grid.
        """
        return self._known()[0]

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        found, (layer, matrix_set, mime, address, restful) = self._known()
        matrix = matrix_set.identifiers.get(z)
        if matrix is None or not in_range(found.crs, z, x, y):
            return None
        limits = layer.limits.get((matrix_set.identifier, matrix))
        if limits is not None and not (limits[0] <= y <= limits[1] and limits[2] <= x <= limits[3]):
            return None
        words = {
            "layer": layer.identifier, "style": layer.style, "tilematrixset": matrix_set.identifier, "tilematrix": matrix,
            "tilerow": str(y), "tilecol": str(x), **{k.lower(): v for k, v in layer.dimensions.items()},
        }  # fmt: skip
        if restful:
            path = re.sub(r"\{(\w+)\}", lambda m: quote(words.get(m[1].lower(), ""), safe=""), address)
            return self._web.fetch(path + _joined(path, self._extra))
        query = {"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "FORMAT": mime}
        query |= {k.upper(): v for k, v in words.items()}
        return self._web.fetch(address + _joined(address, {**query, **self._extra}))

    def _known(self) -> tuple[TileSet, _Chosen]:
        if self._ready is None:
            query = {} if self._path else {"SERVICE": "WMTS", "REQUEST": "GetCapabilities", "VERSION": "1.0.0"}
            path = self._path + _joined(self._path, {**query, **self._extra})
            self._ready = self._choose(read_capabilities(self._web.http.get(path).data))
        return self._ready

    def _choose(self, said: Capabilities) -> tuple[TileSet, _Chosen]:
        layer_name, set_name = self._wanted
        layer = next((x for x in said.layers if layer_name in ("", x.identifier)), None)
        if layer is None:
            raise WireFormatError(f"WMTS: no layer {layer_name[:60]!r}")
        usable = [said.sets[n] for n in layer.sets if n in said.sets and set_name in ("", n) and said.sets[n].identifiers]
        usable.sort(key=lambda m: (MERCATOR, GEOGRAPHIC).index(m.crs))
        if not usable:
            raise WireFormatError(f"WMTS: layer {layer.identifier[:60]!r} has no matrix set on the world grid")
        mime = next((f for f in FORMATS if f in layer.formats or f in layer.templates), "")
        restful = mime in layer.templates
        address = layer.templates[mime] if restful else said.kvp
        if not mime or not address:
            raise WireFormatError(f"WMTS: layer {layer.identifier[:60]!r} offers no format or address that we read")
        address, notes = self._own_host(address)
        if usable[0].odd:
            notes.append(f"matrices-off-grid:{usable[0].odd}")
        zooms = usable[0].identifiers
        about = TileSet(layer.title, KINDS[mime], usable[0].crs, min(zooms), max(zooms), layer.bounds, said.title, tuple(notes))
        return about, (layer, usable[0], mime, address, restful)

    def _own_host(self, address: str) -> tuple[str, list[str]]:
        """Return the address on the host that was configured: behind a proxy services often name another."""
        base = urlsplit(self._web.http.base_url)
        said = urlsplit(urljoin(self._web.http.base_url, address))
        if said[:2] == base[:2]:
            return address, []
        moved = said._replace(scheme=base.scheme, netloc=base.netloc).geturl()
        return moved, ["address-of-another-host"]


def _joined(path: str, words: Mapping[str, str]) -> str:
    if not words:
        return ""
    text = urlencode(words)
    return text if path.endswith(("?", "&")) else ("&" if "?" in path else "?") + text
