"""WMTS 1.0 capabilities: layers, and the matrix sets whose grid is the world's own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend_client.adapters.plain_words import one_line
from backend_client.adapters.plausible import number
from backend_client.adapters.safe_xml import attribute, children, descendants, first, name_of, parse, text_at
from backend_client.adapters.tiles.tile import GEOGRAPHIC, MERCATOR, ZOOM_LIMIT
from backend_client.errors import WireFormatError

SIZE_LIMIT = 32 * 1024 * 1024
CODES = {"3857": MERCATOR, "900913": MERCATOR, "102100": MERCATOR, "4326": GEOGRAPHIC, "4490": GEOGRAPHIC, "CRS84": GEOGRAPHIC}
HALF_M = 20_037_508.342789244
SCALE_0 = {MERCATOR: 559_082_264.0287178, GEOGRAPHIC: 279_541_132.0143589}  # of 256 px tiles at zoom 0
# a service that counts 96 dots an inch instead of 0.28 mm is 0.08 of a zoom step off
ZOOM_SLACK = 0.12
FORMATS = ("image/png", "image/jpeg", "image/webp", "application/vnd.mapbox-vector-tile")


@dataclass(frozen=True, slots=True)
class MatrixSet:
    """identifiers: zoom → the matrix's own name. odd: matrices whose origin or scale is not the world grid's."""

    identifier: str
    crs: str
    identifiers: Mapping[int, str]
    odd: int


@dataclass(frozen=True, slots=True)
class Layer:
    """template: RESTful address, "" where only key-value requests are offered. limits: (set, matrix) →
    (min row, max row, min column, max column).
    """

    identifier: str
    title: str
    style: str
    formats: tuple[str, ...]
    sets: tuple[str, ...]
    limits: Mapping[tuple[str, str], tuple[int, int, int, int]]
    templates: Mapping[str, str]
    dimensions: Mapping[str, str]
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """kvp: address for key-value requests, "" where none is offered."""

    title: str
    version: str
    layers: tuple[Layer, ...]
    sets: Mapping[str, MatrixSet]
    kvp: str


def read_capabilities(data: bytes) -> Capabilities:
    """Read a capabilities document.

    Raises:
        WireFormatError: not WMTS capabilities, or hostile XML.
    """
    root = parse(data, "WMTS capabilities", SIZE_LIMIT)
    contents = first(root, "Contents")
    if name_of(root) != "Capabilities" or contents is None:
        raise WireFormatError(f"WMTS capabilities: root is {name_of(root)[:40]!r}")
    sets = {m.identifier: m for node in children(contents, "TileMatrixSet") if (m := _matrix_set(node)) is not None}
    layers = tuple(_layer(node) for node in children(contents, "Layer"))
    return Capabilities(
        one_line(text_at(root, "ServiceIdentification", "Title")), str(root.get("version") or ""), layers, sets, _kvp(root)
    )


def _matrix_set(node: Any) -> MatrixSet | None:
    code = re.split(r"[:/#]", text_at(node, "SupportedCRS"))[-1].upper()
    crs = CODES.get(code)
    if crs is None:
        return None
    found: dict[int, str] = {}
    odd = 0
    for matrix in children(node, "TileMatrix"):
        zoom = _zoom(matrix, crs)
        if zoom is None:
            odd += 1
        else:
            found.setdefault(zoom, text_at(matrix, "Identifier"))
    return MatrixSet(text_at(node, "Identifier"), crs, found, odd)


def _zoom(matrix: Any, crs: str) -> int | None:
    """Return the zoom level, None for a matrix that does not lie on the world grid."""
    scale, width = number(text_at(matrix, "ScaleDenominator")), number(text_at(matrix, "TileWidth"))
    corner = [number(w) for w in text_at(matrix, "TopLeftCorner").split()]
    if scale is None or scale <= 0 or width is None or width <= 0 or len(corner) != 2:
        return None
    a, b = corner
    if a is None or b is None:
        return None
    if crs == MERCATOR:
        at_corner = abs(a + HALF_M) < 1.0 and abs(b - HALF_M) < 1.0
    else:  # latitude first by the standard, longitude first in many services: at this corner both can be told
        at_corner = (a, b) in ((90.0, -180.0), (-180.0, 90.0))
    exact = math.log2(SCALE_0[crs] * 256 / width / scale)
    zoom = round(exact)
    return zoom if at_corner and abs(exact - zoom) < ZOOM_SLACK and 0 <= zoom <= ZOOM_LIMIT else None


def _layer(node: Any) -> Layer:
    styles = list(children(node, "Style"))
    default = next((s for s in styles if attribute(s, "isDefault").lower() in ("true", "1")), styles[0] if styles else None)
    limits: dict[tuple[str, str], tuple[int, int, int, int]] = {}
    sets = []
    for link in children(node, "TileMatrixSetLink"):
        name = text_at(link, "TileMatrixSet")
        sets.append(name)
        for limit in descendants(link, "TileMatrixLimits"):
            numbers = [number(text_at(limit, k)) for k in ("MinTileRow", "MaxTileRow", "MinTileCol", "MaxTileCol")]
            if None not in numbers:
                low_row, high_row, low_col, high_col = (int(x or 0) for x in numbers)
                limits[name, text_at(limit, "TileMatrix")] = (low_row, high_row, low_col, high_col)
    templates = {attribute(r, "format"): attribute(r, "template") for r in children(node, "ResourceURL") if _is_tile(r)}
    dimensions = {text_at(d, "Identifier"): text_at(d, "Default") for d in children(node, "Dimension")}
    return Layer(
        text_at(node, "Identifier"), one_line(text_at(node, "Title") or text_at(node, "Identifier")),
        text_at(default, "Identifier") if default is not None else "",
        tuple((f.text or "").strip() for f in children(node, "Format")),
        tuple(sets), limits, templates, dimensions, _bounds(node),
    )  # fmt: skip


def _is_tile(node: Any) -> bool:
    return attribute(node, "resourceType") == "tile"


def _bounds(node: Any) -> tuple[float, float, float, float]:
    box = first(node, "WGS84BoundingBox")
    words = (text_at(box, "LowerCorner") + " " + text_at(box, "UpperCorner")).split() if box is not None else []
    found = [number(w) for w in words]
    if len(found) == 4 and None not in found:
        west, south, east, north = (float(x or 0.0) for x in found)
        if -180 <= west < east <= 180 and -90 <= south < north <= 90:
            return west, south, east, north
    return -180.0, -90.0, 180.0, 90.0


def _kvp(root: Any) -> str:
    """Return the address of GetTile by key-value pairs; a Get without a constraint is one too."""
    for operation in descendants(root, "Operation"):
        if attribute(operation, "name") != "GetTile":
            continue
        for get in descendants(operation, "Get"):
            encodings = [(v.text or "").strip().upper() for v in descendants(get, "Value")]
            if not encodings or "KVP" in encodings:
                return attribute(get, "href")
    return ""
