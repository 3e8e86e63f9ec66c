"""Works, their sections, sensors, gates and underwater surveys from tables: a table replaces what an earlier one said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

from backend_client.adapters.tabular.tables import UnreadableFile, lines_of
from console.central.importers.library import Reject
from console.central.importers.works_tables import Row, WorksTable, header_of
from console.central.repository import Repository
from console.domain.vocabulary import Vocabulary

SOURCE = "文件导入"
DAY_S = 86400.0
KEPT = ("sections", "subsystems", "simulated")
ORDER = ("works", "profiles", "sensors", "calibrations", "gates", "surveys")  # what names another comes after it
Groups = dict[str, list[tuple[int, Row]]]


class WorksImporter:
    """Brings tables into one repository."""

    def __init__(self, repo: Repository, zone: tzinfo, words: Vocabulary) -> None:
        self._repo = repo
        self._zone = zone
        self._words = words

    def table(self, kind: str, path: Path) -> tuple[int, int, list[Reject]]:
        """Return (documents changed, unchanged, rejects by line).

        Raises:
            UnreadableFile: no table, or one without the columns that it needs.
        """
        lines = lines_of(path)
        _, header = next(lines, (0, []))
        found = header_of(kind, header, self._zone, self._words)
        if isinstance(found, str):
            raise UnreadableFile(found)
        groups, rejects = _grouped(found, lines)
        make: Mapping[str, Callable[[Groups, list[Reject]], tuple[str, dict[str, dict[str, Any]]]]] = {
            "works": self._works,
            "profiles": self._profiles,
            "sensors": self._sensors,
            "calibrations": self._calibrations,
            "gates": self._gates,
            "surveys": self._surveys,
        }
        into, made = make[kind](groups, rejects)
        if into in ("sensors", "gates"):
            self._take_over(made, groups, rejects)
        return (*self._put(into, made), rejects)

    def _take_over(self, made: dict[str, dict[str, Any]], groups: Groups, rejects: list[Reject]) -> None:
        """Drop the stations that readings made of instruments before their table came; a registered one keeps its code."""
        for code, doc in self._known("stations").items():
            props = doc["properties"]
            if code not in made:
                continue
            if doc.get("geometry") or props.get("thresholds") or props.get("datum"):
                rejects.append((groups[code][0][0], f"编号 {code[:30]} 已是登记的测站，请给测点或闸孔自己的编号"))
                del made[code]
            else:
                self._repo.drop_object("stations", code)

    def _put(self, kind: str, made: Mapping[str, Mapping[str, Any]]) -> tuple[int, int]:
        known = self._known(kind)
        fresh = []
        for code, body in made.items():
            before = known.get(code, {"version": 0})
            if {"geometry": before.get("geometry"), "properties": before.get("properties")} != body:
                fresh.append({"code": code, "version": int(before["version"]) + 1, "valid_from": "", **body})
        if fresh:
            self._repo.put_objects(kind, fresh)
        return len(fresh), len(made) - len(fresh)

    def _known(self, kind: str) -> dict[str, dict[str, Any]]:
        return {doc["code"]: doc for doc in self._repo.objects(kind)}

    # --- one kind each ----------------------------------------------------------------------------
    def _works(self, groups: Groups, _: list[Reject]) -> tuple[str, dict[str, dict[str, Any]]]:
        made: dict[str, dict[str, Any]] = {}
        known = self._known("works")
        for code, found in groups.items():
            row = found[-1][1]
            point = {"type": "Point", "coordinates": [row["lon"], row["lat"]]} if {"lon", "lat"} <= set(row) else None
            props: dict[str, Any] = {
                k: row[k] for k in ("name", "type", "class", "river", "city", "reservoir", "note") if k in row
            }
            props |= {k: row[k] for k in ("scour_limit_m", "crest_m", "gate_count") if k in row}
            props |= {k: {"object": row[k]} for k in ("level", "below", "flow") if k in row}
            props["published"] = [{"name": k, "text": v, "source": SOURCE} for k, v in row.get("others", {}).items()]
            before = (known.get(code) or {}).get("properties", {})
            kept = {k: before[k] for k in KEPT if k in before}  # what no column of this table says
            made[code] = _body(point, props | kept)
        return "works", made

    def _profiles(self, groups: Groups, rejects: list[Reject]) -> tuple[str, dict[str, dict[str, Any]]]:
        """Bring the sections of works; the lines of one section are its outline, in their order."""
        made: dict[str, dict[str, Any]] = {}
        known = self._known("works")
        for code, found in groups.items():
            doc = known.get(code)
            if doc is None:
                rejects.append((found[0][0], f"没有编号为 {code[:30]} 的工程，请先导入“工程”表"))
                continue
            sections: dict[str, dict[str, Any]] = {}
            for _, row in found:
                one = sections.setdefault(row["section"], {"code": row["section"], "profile": []})
                one |= {k: row[k] for k in ("name", "chainage_m") if k in row}
                one["profile"].append([row["offset_m"], row["elevation_m"]])
            props = {k: v for k, v in doc["properties"].items() if k != "simulated"}  # these are the site's own
            made[code] = _body(doc.get("geometry"), props | {"sections": list(sections.values())})
        return "works", made

    def _sensors(self, groups: Groups, rejects: list[Reject]) -> tuple[str, dict[str, dict[str, Any]]]:
        made: dict[str, dict[str, Any]] = {}
        works, known = self._known("works"), self._known("sensors")
        for code, row in self._of_works(groups, works, rejects):
            facts: dict[str, Any] = {
                k: row[k] for k in ("works", "section", "chainage_m", "offset_m", "elevation_m") if k in row
            }
            driver = row.get("driver") or (works[row["works"]]["properties"].get("level") or {}).get("object")
            facts |= {"driver": {"object": driver}} if driver else {}
            facts |= {"rain": {"object": row["rain"], "element": "P"}} if "rain" in row else {}
            limits = {k: row[k] for k in ("attention_s", "alarm_s") if k in row}
            facts |= {"limits": limits} if limits else {}
            fitted = ((known.get(code) or {}).get("properties", {}).get("facts") or {}).get("calibration")
            facts |= {"calibration": fitted} if fitted else {}
            told = {"datum": row["datum"]} if "datum" in row else {}
            made[code] = _body(None, _station(code, row, "sensor", row["element"], facts) | told)
        return "sensors", made

    def _calibrations(self, groups: Groups, rejects: list[Reject]) -> tuple[str, dict[str, dict[str, Any]]]:
        """Bring the past readings that a sensor's model is fitted to."""
        made: dict[str, dict[str, Any]] = {}
        known = self._known("sensors")
        for code, found in groups.items():
            doc = known.get(code)
            if doc is None:
                rejects.append((found[0][0], f"没有编号为 {code[:30]} 的监测点，请先导入“监测点”表"))
                continue
            by_time = {row["t"]: row for _, row in found}
            rows = [by_time[t] for t in sorted(by_time)]
            fitted = {
                "version": f"{SOURCE}-{len(rows)}",
                "source": SOURCE,
                "t_day": [r["t"] / DAY_S for r in rows],
                "level_m": [r["level_m"] for r in rows],
                "value": [r["value"] for r in rows],
            }
            facts = dict(doc["properties"].get("facts") or {}) | {"calibration": fitted}
            made[code] = _body(doc.get("geometry"), doc["properties"] | {"facts": facts})
        return "sensors", made

    def _gates(self, groups: Groups, rejects: list[Reject]) -> tuple[str, dict[str, dict[str, Any]]]:
        made = {}
        for code, row in self._of_works(groups, self._known("works"), rejects):
            facts: dict[str, Any] = {k: row[k] for k in ("works", "bay", "width_m", "max_opening_m") if k in row}
            made[code] = _body(None, _station(code, row, "gate", "GTO", facts))
        return "gates", made

    def _surveys(self, groups: Groups, rejects: list[Reject]) -> tuple[str, dict[str, dict[str, Any]]]:
        """Bring soundings; the lines of one survey are its points."""
        made = {}
        for code, row in self._of_works(groups, self._known("works"), rejects):
            points = [[r["chainage_m"], r["offset_m"], r["elevation_m"]] for _, r in groups[code]]
            if all(y < 0 for _, y, _ in points):
                rejects.append((groups[code][0][0], f"{code[:30]} 全在背水侧；离轴距以临水侧为正，请核对正负号（已照样导入）"))
            props: dict[str, Any] = {
                k: row[k] for k in ("works", "section", "at", "datum", "method", "accuracy_m", "spacing_m") if k in row
            }
            props |= {"reference": True} if row.get("reference", "").lower() in ("是", "1", "yes", "true") else {}
            made[code] = _body(None, {"name": row.get("name", code), "points": points} | props)
        return "surveys", made

    def _of_works(self, groups: Groups, works: Mapping[str, Any], rejects: list[Reject]) -> Iterable[tuple[str, Row]]:
        for code, found in groups.items():
            row = found[-1][1]
            if row["works"] in works:
                yield code, row
            else:
                rejects.append((found[0][0], f"没有编号为 {row['works'][:30]} 的工程，请先导入“工程”表"))


def _grouped(table: WorksTable, lines: Iterable[tuple[int, list[Any]]]) -> tuple[Groups, list[Reject]]:
    key = "works" if table.kind == "profiles" else "code"
    groups: Groups = {}
    rejects: list[Reject] = []
    for number, row in table.rows(lines):
        if isinstance(row, str):
            rejects.append((number, row))
        else:
            groups.setdefault(row[key][:60], []).append((number, row))
    return groups, rejects


def _station(code: str, row: Row, kind: str, element: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"name": row.get("name", code), "type": kind, "element": element, "thresholds": [], "facts": facts}


def _body(geometry: Any, props: dict[str, Any]) -> dict[str, Any]:
    return {"geometry": geometry, "properties": props | {"source": SOURCE}}
