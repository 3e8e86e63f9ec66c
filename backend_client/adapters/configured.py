"""Builds the adapter, warning source or tile reader that a ``[[source]]`` table describes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from cryptography import x509
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from backend_client.adapters.cap.source import CapAtom, CapFolder, CapSource
from backend_client.adapters.cwms.source import Cwms
from backend_client.adapters.fews_pi.source import FewsPi
from backend_client.adapters.harvest import ELEMENTS, Adapter
from backend_client.adapters.ogcapi.edr import OgcEdr
from backend_client.adapters.ogcapi.features import OgcFeatures
from backend_client.adapters.ogcapi.mapping import EdrMapping, FeaturesMapping, ValueRule
from backend_client.adapters.sensorthings.adapter import SensorThings
from backend_client.adapters.sl323.database import Database, PostgresDatabase, SqliteDatabase
from backend_client.adapters.sl323.mapping import BadMapping, load
from backend_client.adapters.sl323.source import Sl323Source
from backend_client.adapters.source_table import SourceTable
from backend_client.adapters.tabular.folder import TableFolder
from backend_client.adapters.tiles.mbtiles import MbTiles
from backend_client.adapters.tiles.tile import TileReader
from backend_client.adapters.tiles.wmts import WmtsTiles
from backend_client.adapters.tiles.xyz import XyzTiles
from backend_client.adapters.times import utc_s
from backend_client.adapters.waterml.folder import WaterMlFolder
from backend_client.adapters.waterml.service import WaterMlService
from backend_client.adapters.words import Terms
from backend_client.errors import WireFormatError

Conf: TypeAlias = Mapping[str, Any]
OpenSqlite: TypeAlias = Callable[[Path], Any]
Secret: TypeAlias = Callable[[str], str]
READING_KINDS = (
    "sensorthings",
    "ogc-features",
    "ogc-edr",
    "fews-pi",
    "cwms",
    "waterml",
    "waterml-files",
    "sl323",
    "tables",
)
WARNING_KINDS = ("cap-files", "cap-atom")
TILE_KINDS = ("xyz", "wmts", "mbtiles")


def adapter_of(
    conf: Conf, *, open_sqlite: OpenSqlite, secret: Secret, folder: Path = Path(), elements: Collection[str] = ELEMENTS
) -> Adapter:
    """Return an adapter of readings. folder: what relative paths are below; secret: by its name, "" for none.

    elements: what the installation measures, the contract's own and declared ones.

    Raises:
        BadSource: a key is missing, unknown or wrong; a mapping error carries its line.
        BackendUnavailable: a database is away at this moment: build it again later.
        BackendRefused: a database does not let us in.
        WireFormatError: a file is no SQLite file.
    """
    table = SourceTable(conf, folder, secret, elements)
    if table.kind not in READING_KINDS:
        raise table.bad("kind", "source.unknown-kind", table.kind[:40])
    builders: dict[str, Callable[[], Adapter]] = {
        "sensorthings": lambda: _sensorthings(table),
        "ogc-features": lambda: _ogc_features(table),
        "ogc-edr": lambda: _ogc_edr(table),
        "fews-pi": lambda: _fews_pi(table),
        "cwms": lambda: _cwms(table),
        "waterml": lambda: _waterml(table),
        "waterml-files": lambda: _waterml_files(table),
        "sl323": lambda: _sl323(table, open_sqlite),
        "tables": lambda: _tables(table),
    }
    return builders[table.kind]()


def warnings_of(conf: Conf, *, secret: Secret, folder: Path = Path()) -> CapSource:
    """Return a source of CAP warnings.

    Raises:
        BadSource: as adapter_of.
    """
    table = SourceTable(conf, folder, secret)
    if table.kind not in WARNING_KINDS:
        raise table.bad("kind", "source.unknown-kind", table.kind[:40])
    zone, trusted = _zone(table), _trusted(table)
    if table.kind == "cap-files":
        path = table.path("path")
        table.only_known()
        return CapFolder(path, zone=zone, trusted=trusted)
    index, http = table.text("index", ""), table.http()
    table.only_known()
    return CapAtom(http, index, zone=zone, trusted=trusted)


def tiles_of(conf: Conf, *, open_sqlite: OpenSqlite, secret: Secret, folder: Path = Path()) -> TileReader:
    """Return a reader of map tiles.

    Raises:
        BadSource: as adapter_of.
        BackendUnavailable: an MBTiles file is away.
        WireFormatError: it is no MBTiles file.
    """
    table = SourceTable(conf, folder, secret)
    if table.kind not in TILE_KINDS:
        raise table.bad("kind", "source.unknown-kind", table.kind[:40])
    if table.kind == "mbtiles":
        path = table.path("path")
        table.only_known()
        return MbTiles(path, open_sqlite)
    http, key = table.http(keyed=True), table.secret()
    if table.kind == "wmts":
        word = table.text("key_word", "tk")
        layer, matrix_set, path_text = table.text("layer", ""), table.text("matrix_set", ""), table.text("capabilities", "")
        table.only_known()
        return WmtsTiles(http, path_text, layer=layer, matrix_set=matrix_set, extra={word: key} if key else {})
    template, title, credit = table.text("template"), table.text("title", ""), table.text("attribution", "")
    low, high = table.number("min_zoom", 0, 0, 24), table.number("max_zoom", 18, 0, 24)
    table.only_known()
    try:
        return XyzTiles(http, template, title=title, key=key, min_zoom=low, max_zoom=high, attribution=credit)
    except WireFormatError as exc:
        raise table.bad("template", "source.bad-template") from exc


def _sensorthings(table: SourceTable) -> Adapter:
    terms, http = _terms(table), table.http()
    table.only_known()
    return SensorThings(http, terms)


def _ogc_features(table: SourceTable) -> Adapter:
    values = []
    for entry in table.tables("values"):
        row = SourceTable({"kind": table.kind, **entry, "name": table.name}, Path(), lambda _name: "")
        value_property, element, unit = row.text("property"), row.text("element", ""), row.text("unit", "")
        if element and element not in table.elements:
            raise table.bad("values.element", "source.not-one-of", " ".join(sorted(table.elements)))
        row.only_known()
        values.append(ValueRule(value_property, element, unit))
    mapping = FeaturesMapping(
        table.text("collection"),
        table.text("station"),
        table.text("time"),
        tuple(values),
        quality_property=table.text("quality", ""),
        modified_property=table.text("modified", "last_modified"),
        stations_collection=table.text("stations", ""),
        station_code_property=table.text("station_code", ""),
        station_name_property=table.text("station_name", "name"),
        terms=_terms(table),
    )
    http = table.http()
    table.only_known()
    return OgcFeatures(http, mapping)


def _ogc_edr(table: SourceTable) -> Adapter:
    terms = _terms(table)
    http, mapping = table.http(), EdrMapping(table.text("collection"), terms.elements, terms=terms)
    table.only_known()
    return OgcEdr(http, mapping)


def _terms(table: SourceTable) -> Terms:
    return Terms(elements=_elements(table), zone=_zone(table))


def _fews_pi(table: SourceTable) -> Adapter:
    filter_id, elements, units = table.text("filter", ""), _elements(table), table.words("units")
    http = table.http()
    table.only_known()
    return FewsPi(http, filter_id=filter_id, elements=elements, units=units)


def _cwms(table: SourceTable) -> Adapter:
    office, like, http = table.text("office"), table.text("like", ""), table.http()
    table.only_known()
    return Cwms(http, office=office, like=like)


def _waterml(table: SourceTable) -> Adapter:
    sites, version, zone = table.texts("sites"), table.choice("version", ("1.1", "2.0")), _zone(table)
    elements, http = _elements(table), table.http()
    table.only_known()
    return WaterMlService(http, sites, version=version, zone=zone, elements=elements)


def _waterml_files(table: SourceTable) -> Adapter:
    path, zone, elements = table.path("path"), _zone(table), _elements(table)
    table.only_known()
    return WaterMlFolder(path, zone=zone, elements=elements)


def _tables(table: SourceTable) -> Adapter:
    path, zone = table.path("path"), table.text("zone", "Asia/Shanghai")
    table.only_known()
    try:
        return TableFolder(path, zone)
    except WireFormatError as exc:
        raise table.bad("zone", "source.unknown-zone") from exc


def _sl323(table: SourceTable, open_sqlite: OpenSqlite) -> Adapter:
    where = table.choice("database", ("postgresql", "sqlite"))
    file = table.path("mapping")
    try:
        mapping = load(file.read_text("utf-8"))
    except BadMapping as exc:
        raise table.bad(f"mapping {exc.key}".strip(), "source.bad-mapping", exc.reason, exc.line) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise table.bad("mapping", "source.unreadable-file", file.name) from exc
    database: Database
    if where == "sqlite":
        path = table.path("path")
        table.only_known()
        database = SqliteDatabase(path, open_sqlite, mapping.timeout_s)
    else:
        dsn = _dsn(table)
        table.only_known()
        database = PostgresDatabase(dsn, mapping.timeout_s)
    return Sl323Source(database, mapping)


def _dsn(table: SourceTable) -> str:
    """Return a connection string with the password from where secrets are kept."""
    text, password = table.text("dsn"), table.secret()
    try:
        if conninfo_to_dict(text).get("password"):
            raise table.bad("dsn", "source.secret-in-file")
        return make_conninfo(text, password=password) if password else text
    except psycopg.ProgrammingError as exc:
        raise table.bad("dsn", "source.not-an-address") from exc


def _elements(table: SourceTable) -> dict[str, str]:
    found = table.words("elements")
    for code, element in found.items():
        if element not in table.elements:
            raise table.bad(f"elements.{code}", "source.not-one-of", " ".join(sorted(table.elements)))
    return found


def _zone(table: SourceTable) -> str:
    """Return a zone for times without one; "" leaves such times unread."""
    zone = table.text("zone", "")
    try:
        utc_s("2024-06-01 08:00", zone or "UTC")
    except ValueError as exc:
        raise table.bad("zone", "source.unknown-zone") from exc
    return zone


def _trusted(table: SourceTable) -> tuple[x509.Certificate, ...]:
    """Return the certificates (PEM) of those whose signatures count; none where the key is absent."""
    if not table.text("trusted", ""):
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(table.path("trusted").read_bytes()))
    except (OSError, ValueError) as exc:
        raise table.bad("trusted", "source.unreadable-file") from exc
