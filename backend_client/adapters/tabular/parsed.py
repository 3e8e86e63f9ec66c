"""One file as readings by series; what could not be read is listed with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from backend_client.adapters.harvest import BOUNDS
from backend_client.adapters.tabular.columns import Layout, Misaligned, UnknownUnit, aligned, layout_of
from backend_client.adapters.tabular.readings import BadCell, parse
from backend_client.adapters.tabular.tables import UnreadableFile, lines_of

REJECTS_KEPT = 200
NAMES = {"Z": ("水位", "m"), "RZ": ("库水位", "m"), "Q": ("流量", "m3/s"), "INQ": ("入库流量", "m3/s")}
# heading in lower case → (bound of a forecast, unit)
BOUND_COLUMNS = {
    heading: (bound, NAMES[of][1])
    for bound, of in BOUNDS.items()
    for heading in (bound.lower(), f"{NAMES[of][0]}预报{'下限' if bound.endswith('LO') else '上限'}")
}


@dataclass(slots=True)
class ParsedFile:
    """values: (code, element) → time (UTC s) → value in our unit; said: the same → quality, where a line tells it.

    rejects: (line, reason in Chinese).

    lines: data lines that are not blank. problem: why the file could not be read to its end, else "".
    """

    values: dict[tuple[str, str], dict[int, float]] = field(default_factory=dict)
    said: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    places: dict[str, tuple[float, float]] = field(default_factory=dict)
    datums: dict[str, str] = field(default_factory=dict)
    rejects: list[tuple[int, str]] = field(default_factory=list)
    rejected: int = 0
    lines: int = 0
    problem: str = ""


def parse_file(path: Path, zone: tzinfo) -> ParsedFile:
    """Read a table of readings or of stations; never raises for what is in the file."""
    found = ParsedFile()
    try:
        lines = lines_of(path)
        _, header = next(lines, (0, []))
        layout = layout_of(header, BOUND_COLUMNS)
        if layout.holds_stations:
            _stations(layout, lines, found)
        elif layout.holds_readings:
            _readings(layout, lines, found, zone)
        else:
            found.problem = "表头没有站码、时间和观测值列" if header else "文件是空的"
    except (UnreadableFile, UnknownUnit, OSError) as exc:
        found.problem = str(exc)
    return found


def _readings(layout: Layout, lines: object, found: ParsedFile, zone: tzinfo) -> None:
    factors: Mapping[str, float] = {m: f for m, f in zip(layout.meanings, layout.factors, strict=True) if m}
    for number, cells in lines:  # type: ignore[attr-defined]
        if not any(str(c).strip() for c in cells):
            continue
        found.lines += 1
        try:
            one = parse(aligned(layout, cells), factors, zone, layout.declared)
        except (BadCell, Misaligned) as exc:
            _reject(found, number, str(exc))
            continue
        for problem in one.problems:
            _reject(found, number, problem)
        if one.name:
            found.names[one.code] = one.name
        for element, value in one.values.items():
            found.values.setdefault((one.code, element), {})[one.t] = value
            said = found.said.setdefault((one.code, element), {})
            if one.quality is not None:
                said[one.t] = one.quality
            else:
                said.pop(one.t, None)  # a later line of the file corrects an earlier one wholly


def _stations(layout: Layout, lines: object, found: ParsedFile) -> None:
    for _, cells in lines:  # type: ignore[attr-defined]
        row = {m: str(c).strip() for m, c in zip(layout.meanings, cells, strict=False) if m}
        code = row.get("code", "")
        if not code:
            continue
        if row.get("name"):
            found.names[code] = row["name"][:40]
        if row.get("datum"):
            found.datums[code] = row["datum"][:40]
        try:
            lon, lat = float(row.get("lon", "")), float(row.get("lat", ""))
        except ValueError:
            continue
        if -180 <= lon <= 180 and -90 <= lat <= 90:
            found.places[code] = (lon, lat)


def _reject(found: ParsedFile, line: int, reason: str) -> None:
    found.rejected += 1
    if len(found.rejects) < REJECTS_KEPT:
        found.rejects.append((line, reason))
