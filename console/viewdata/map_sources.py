"""What a user added to the map: one description per ground or layer, in drawing order."""

from __future__ import annotations

from dataclasses import dataclass

WEB, FILES = ("xyz", "wmts"), ("mbtiles", "imagery", "dem", "vector")
KINDS = (*WEB, *FILES)


@dataclass(frozen=True, slots=True)
class MapSource:
    """address: a file's path, or the address of a service with its key.

    layer: of a GeoPackage or WMTS, "" for the first. matrix_set: of a WMTS. crs: what the user says where the
    file does not, e.g. ``EPSG:4526``. label_field, color: of a vector layer; the colour is a theme token.
    tint: a DEM in colours of height. opacity: percent. min_scale, max_scale: pixels per degree (MapFrame.scale)
    between which it is drawn, 0 for no limit. note: what was assumed or is not known; shown beside the name.
    """

    source_id: str
    kind: str
    name: str
    address: str
    layer: str = ""
    matrix_set: str = ""
    crs: str = ""
    label_field: str = ""
    color: str = "accent"
    tint: bool = False
    opacity: int = 100
    visible: bool = True
    min_scale: float = 0.0
    max_scale: float = 0.0
    note: str = ""
