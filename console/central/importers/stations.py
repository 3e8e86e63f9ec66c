"""Station facts from ST_STBPRP_B and ST_RVFCCH_B style tables, merged with what is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backend_client.adapters.tabular.columns import Layout
from backend_client.adapters.tabular.readings import MISSING
from console.central.repository import Repository

TYPES = {"ZZ": "river", "ZQ": "river", "RR": "reservoir", "PP": "rain", "TT": "tide", "DD": "river"}
LEVELS = ("warning", "guaranteed", "record")
IMPORTED = "文件导入"


def station_rows(layout: Layout, lines: Iterable[tuple[int, list[Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (code, facts) of a table without times; unknown figures are left out."""
    for _, cells in lines:
        row = {m: str(c).strip() for m, c in zip(layout.meanings, cells, strict=False) if m}
        code = row.get("code", "")
        if not code:
            continue
        facts: dict[str, Any] = {k: row[k] for k in ("name", "river", "datum", "city") if row.get(k)}
        if row.get("type"):
            facts["type"] = TYPES.get(row["type"].upper(), "river")
        for kind in ("lon", "lat", *LEVELS):
            value = _number(row.get(kind, ""))
            if value is not None:
                facts[kind] = value
        yield code, facts


def _number(text: str) -> float | None:
    try:
        return None if text.lower() in MISSING else float(text)
    except ValueError:
        return None


def _limits(known: list[dict[str, Any]], facts: Mapping[str, Any], level: str) -> list[dict[str, Any]]:
    """Return a station's figures with those of the file; what it does not name, such as limits by season, stays."""
    mine = [t for t in known if t.get("source") == IMPORTED and t.get("kind") in LEVELS]
    marks = [t | {"element": level} if t in mine else t for t in known]
    told = {k: {"kind": k, "value": facts[k], "element": level, "source": IMPORTED} for k in LEVELS if k in facts}
    kept = [t for t in marks if t.get("kind") not in told or t.get("element", "Z") != level]
    return [*kept, *told.values()]


def merge_station(repo: Repository, code: str, facts: Mapping[str, Any]) -> None:
    """Add facts to a station's document; what is known already stays unless the file says otherwise.

    facts: guess is the type of a station that nobody has told of before.
    """
    known: dict[str, Any] | None = None
    old_kind = ""
    for kind in ("stations", "reservoirs"):
        for doc in repo.objects(kind):
            if doc["code"] == code:
                known, old_kind = doc, kind
    doc = known or {"code": code, "version": 0, "valid_from": "", "geometry": None, "properties": {"thresholds": []}}
    props = dict(doc["properties"])
    before = (doc.get("geometry"), dict(props))
    props |= {k: v for k, v in facts.items() if k in ("name", "river", "datum", "city", "type") and v}
    props.setdefault("name", code)
    props.setdefault("type", facts.get("guess", "river"))
    geometry = doc.get("geometry")
    if "lon" in facts and "lat" in facts:
        geometry = {"type": "Point", "coordinates": [facts["lon"], facts["lat"]]}
    level = "RZ" if props["type"] == "reservoir" else "Z"
    props["thresholds"] = _limits(props.get("thresholds", []), facts, level)
    if known is not None and before == (geometry, props):
        return
    new_kind = "reservoirs" if props["type"] == "reservoir" else "stations"
    if old_kind and old_kind != new_kind:
        repo.drop_object(old_kind, code)
    repo.put_objects(new_kind, [doc | {"version": int(doc["version"]) + 1, "geometry": geometry, "properties": props}])
