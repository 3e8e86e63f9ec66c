"""What a place is, brought from tables into its document: a table replaces what an earlier one said of the same thing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.central.importers.fact_tables import MARKS, FactTable, Row
from console.central.repository import Repository
from console.domain.objects import THINGS, WATCHED
from console.domain.reservoirs import reservoir_facts

SOURCE = "文件导入"
Reject = tuple[int, str]
WHY = {
    "short": "至少要有两个点",
    "rising": "水位要逐点升高，库容、面积和泄量不能下降",
    "number": "有的数值不可能",
    "shape": "表的形式不对",
}


class FactImporter:
    """Brings tables into one repository. A place must be known already: a limit alone makes no reservoir."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo

    def table(self, table: FactTable, lines: Iterable[tuple[int, list[Any]]]) -> tuple[int, int, list[Reject]]:
        """Return (documents changed, unchanged, rejects by line)."""
        groups: dict[str, list[tuple[int, Row]]] = {}
        rejects: list[Reject] = []
        for number, row in table.rows(lines):
            if isinstance(row, str):
                rejects.append((number, row))
            else:
                groups.setdefault(row["code"], []).append((number, row))
        if table.kind == "matters":
            taken = {str(d["code"]) for kind in (*WATCHED, *THINGS) if kind != "matters" for d in self._repo.objects(kind)}
            clash = sorted(taken & set(groups))
            why = "已是一个站或工程的编码，请给事项自己的编码"
            rejects += [(groups.pop(code)[0][0], f"编码 {code[:30]} {why}") for code in clash]
            fresh, same = self._matters(groups)
            return fresh, same, rejects
        known = {doc["code"]: (kind, doc) for kind in ("stations", "reservoirs") for doc in self._repo.objects(kind)}
        changed: dict[str, list[dict[str, Any]]] = {}
        same = 0
        for code, found in groups.items():
            if code not in known:
                rejects.append((found[0][0], f"没有编码为 {code[:30]} 的站或水库，请先导入测站表"))
                continue
            kind, doc = known[code]
            told = _told(table.kind, [r for _, r in found], doc["properties"])
            if isinstance(told, str):
                rejects.append((found[0][0], f"{code[:30]}：{told}"))
            elif told == doc["properties"]:
                same += 1
            else:
                changed.setdefault(kind, []).append(doc | {"version": int(doc["version"]) + 1, "properties": told})
        for kind, docs in changed.items():
            self._repo.put_objects(kind, docs)
        return sum(len(docs) for docs in changed.values()), same, rejects

    def _matters(self, groups: dict[str, list[tuple[int, Row]]]) -> tuple[int, int]:
        """Bring matters of a line of business; the last line of a code counts, its other columns are its facts."""
        known = {doc["code"]: doc for doc in self._repo.objects("matters")}
        docs = []
        for code, found in groups.items():
            row, before = found[-1][1], known.get(code, {"version": 0})
            point = {"type": "Point", "coordinates": [row["lon"], row["lat"]]} if {"lon", "lat"} <= set(row) else None
            props = {k: row[k] for k in ("name", "type", "city") if k in row} | {
                "facts": row.get("others", {}),
                "source": SOURCE,
            }
            if before.get("geometry") == point and before.get("properties") == props:
                continue
            docs.append({"code": code, "version": int(before["version"]) + 1, "geometry": point, "properties": props})
        if docs:
            self._repo.put_objects("matters", docs)
        return len(docs), len(groups) - len(docs)


def _told(kind: str, rows: list[Row], props: dict[str, Any]) -> dict[str, Any] | str:
    """Return a document's properties with what a table says of it, or why that cannot be."""
    facts = dict(props.get("facts") or {})
    thresholds = list(props.get("thresholds") or [])
    if kind == "seasons":
        thresholds = [t for t in thresholds if t.get("kind") != "flood_limit" or t.get("source") != SOURCE]
        thresholds += [_season(r) for r in rows]
    elif kind == "marks":
        row = rows[-1]
        told = {k: {"kind": k, "value": row[k], "element": "RZ", "source": SOURCE} for k in MARKS if k in row}
        thresholds = [t for t in thresholds if t.get("kind") not in told] + list(told.values())
        names = {
            "total": "total_mcm",
            "flood_control": "flood_control_mcm",
            "catchment": "catchment_km2",
            "runoff": "runoff_coefficient",
        }
        facts |= {name: {"value": row[k], "source": SOURCE} for k, name in names.items() if k in row}
    elif kind == "annual":
        facts["annual_max"] = _annual(rows)
    else:
        facts |= _curves(kind, rows)
        why = next((why for _, why in reservoir_facts(facts).refused), "")
        if why:
            return WHY[why]
    return dict(props) | {"thresholds": thresholds} | ({"facts": facts} if facts else {})


def _season(row: Row) -> dict[str, Any]:
    season = {"season": [row["first"], row["last"]]}
    since = {"valid_from": f"{int(row['year']):04d}-01-01"} if row.get("year") else {}
    return {"kind": "flood_limit", "value": row["flood_limit"], "element": "RZ", "source": SOURCE} | season | since


def _annual(rows: list[Row]) -> dict[str, Any]:
    """Return the maxima of the years; flows where there are any, for a flood's size is its flow."""
    key, element, unit = ("max_flow", "Q", "m³/s") if any("max_flow" in r for r in rows) else ("max_level", "Z", "m")
    by_year = {int(r["year"]): r[key] for r in rows if "year" in r and key in r}
    return {"element": element, "unit": unit, "source": SOURCE, "values": [[y, v] for y, v in sorted(by_year.items())]}


def _curves(kind: str, rows: list[Row]) -> dict[str, Any]:
    """Return the curves of one place; of several surveys of its storage the newest counts."""
    if kind == "releases":
        by_opening: dict[str, list[Row]] = {}
        for row in rows:
            by_opening.setdefault(row.get("opening", ""), []).append(row)
        found = [_points(part, "release") | ({"opening": o} if o else {}) for o, part in by_opening.items()]
        return {"release_curve": found if len(found) > 1 else found[0]}
    newest = max(r.get("surveyed", "") for r in rows)
    rows = [r for r in rows if r.get("surveyed", "") == newest]
    area = [r for r in rows if "area" in r]
    return {"storage_curve": _points(rows, "storage")} | ({"area": _points(area, "area")} if len(area) > 1 else {})


def _points(rows: list[Row], key: str) -> dict[str, Any]:
    points = sorted([r["level"], r[key]] for r in rows if "level" in r and key in r)
    return {"points": points, "source": SOURCE}
