"""The mapping file of one installation: which table, column, unit, zone and code is what.

An error names the key and its line, because a person at the site edits this file by hand.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from backend_client.adapters.harvest import ELEMENTS
from backend_client.adapters.sl323 import standard
from backend_client.adapters.times import utc_s
from backend_client.adapters.units import to_ours

QUALITIES = {"measured": 0, "reconstructed": 1, "suspect": 2, "bad": 3, "manual": 4, "forecast": 5}
TABLE_KEYS = {
    "table", "code", "code_type", "time", "time_type", "time_format", "modified", "interval", "interval_unit",
    "trend", "quality", "quality_codes", "values",
}  # fmt: skip
VALUE_KEYS = {"element", "column", "unit", "suffix", "name_suffix"}
TOP_KEYS = {"name", "zone", "schema", "missing", "timeout_s", "code_width", "trend_codes", "stations", "tables"}


class BadMapping(ValueError):
    """A mapping that cannot be used. key: dotted; line: from 1, 0 when the key is not in the file."""

    def __init__(self, reason: str, key: str, line: int) -> None:
        super().__init__(f"line {line}: {key}: {reason}")
        self.reason = reason
        self.key = key
        self.line = line


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """One measured column. suffix: makes the tail water of a gate a station of its own."""

    element: str
    column: str
    unit: str
    factor: float
    offset: float
    suffix: str
    name_suffix: str


@dataclass(frozen=True, slots=True)
class TableMapping:
    """One table of readings. Optional columns are "" where the installation has none."""

    kind: str
    table: str
    code: str
    code_type: str
    time: str
    time_type: str
    time_format: str
    modified: str
    interval: str
    interval_unit: str
    trend: str
    quality: str
    quality_codes: Mapping[str, int]
    values: tuple[ValueColumn, ...]


@dataclass(frozen=True, slots=True)
class Installation:
    """A whole mapping file. missing: numbers that mean "no value". zone: of times without one."""

    name: str
    zone: str
    schema: str
    missing: frozenset[float]
    timeout_s: float
    code_width: int
    trend_codes: Mapping[str, str]
    stations: Mapping[str, str]
    tables: tuple[TableMapping, ...]


def load(text: str) -> Installation:
    """Read a mapping file's text.

    Raises:
        BadMapping: not TOML, an unknown key, a wrong type, an unknown unit or zone, no table.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        found = re.search(r"line (\d+)", str(exc))
        raise BadMapping("not-toml", "", int(found[1]) if found else 0) from exc
    return _Reader(text).installation(data)


def _sorts(form: str) -> bool:
    """Tell whether times written so compare as texts: a window is asked for by comparing."""
    begin = datetime(1999, 12, 31, 23, tzinfo=UTC)
    moments = [begin + timedelta(hours=h) for h in (0, 1, 2, 14, 800, 175_320, 182_000)]
    try:
        texts = [m.strftime(form) for m in moments]
        read = [datetime.strptime(t, form).replace(tzinfo=UTC) for t in texts]
    except ValueError:
        return False
    return texts == sorted(set(texts)) and read == sorted(set(read))


class _Reader:
    """Checks one file; knows its text to tell the line of a key."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def installation(self, data: dict[str, Any]) -> Installation:
        self._only(data, TOP_KEYS, "")
        zone = self._text(data, "zone", "+08:00", "")
        try:
            utc_s("2024-06-01 08:00", zone)
        except ValueError as exc:
            raise self._bad("unknown-zone", "zone") from exc
        tables = self._table(data, "tables", "")
        if not tables:
            raise self._bad("no-table", "tables")
        self._only(tables, set(standard.TABLES), "tables")
        stations = standard.STATIONS | self._table(data, "stations", "")
        self._only(stations, set(standard.STATIONS), "stations")
        codes = standard.TREND_CODES | {k: str(v) for k, v in self._table(data, "trend_codes", "").items()}
        self._only(codes, set(standard.TREND_CODES), "trend_codes")
        return Installation(
            name=self._text(data, "name", "", ""),
            zone=zone,
            schema=self._text(data, "schema", "", ""),
            missing=self._missing(data),
            timeout_s=self._number(data, "timeout_s", 20.0, 0.1, 600.0),
            code_width=int(self._number(data, "code_width", 8, 1, 64)),
            trend_codes=codes,
            stations={k: self._text(stations, k, "", "stations") for k in stations},
            tables=tuple(self._one(kind, self._table(tables, kind, "tables")) for kind in tables),
        )

    def _one(self, kind: str, said: dict[str, Any]) -> TableMapping:
        at = f"tables.{kind}"
        self._only(said, TABLE_KEYS, at)
        full = {**standard.FIELDS, **standard.TABLES[kind], **said}
        word = {k: self._text(full, k, "", at) for k in TABLE_KEYS - {"values", "quality_codes"}}
        for key, allowed, default in (
            ("time_type", standard.TIME_TYPES, ""),
            ("code_type", standard.CODE_TYPES, "text"),
            ("interval_unit", standard.INTERVAL_UNITS, "HH.NN"),
        ):
            word[key] = word[key] or default
            if word[key] not in allowed:
                raise self._bad("not-one-of " + " ".join(allowed), f"{at}.{key}")
        if word["time_type"] == "text" and not _sorts(word["time_format"]):
            raise self._bad("not-in-order-as-text", f"{at}.time_format")
        for key in ("table", "code", "time"):
            if not word[key]:
                raise self._bad("empty", f"{at}.{key}")
        qualities = {}
        for code, meaning in self._table(full, "quality_codes", at).items():
            if meaning not in QUALITIES:
                raise self._bad("not-one-of " + " ".join(QUALITIES), f"{at}.quality_codes.{code}")
            qualities[str(code)] = QUALITIES[meaning]
        values = tuple(self._value(at, name, v) for name, v in self._table(full, "values", at).items())
        if not values:
            raise self._bad("no-value-column", f"{at}.values")
        return TableMapping(kind=kind, quality_codes=qualities, values=values, **word)

    def _value(self, at: str, name: str, said: object) -> ValueColumn:
        key = f"{at}.values.{name}"
        if not isinstance(said, dict):
            raise self._bad("not-a-table", key)
        self._only(said, VALUE_KEYS, key)
        element = self._text(said, "element", name, key)
        unit = self._text(said, "unit", "", key)
        column = self._text(said, "column", "", key)
        if not column:
            raise self._bad("empty", f"{key}.column")
        scale = to_ours(element, unit) if element in ELEMENTS else None
        if scale is None:
            raise self._bad(f"unknown-unit {unit!r} for {element}", f"{key}.unit")
        suffix, name_suffix = self._text(said, "suffix", "", key), self._text(said, "name_suffix", "", key)
        return ValueColumn(element, column, unit, *scale, suffix, name_suffix)

    def _missing(self, data: dict[str, Any]) -> frozenset[float]:
        said = data.get("missing", [-9991.0, -999.0, -9999.0])
        if not isinstance(said, list) or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in said):
            raise self._bad("not-numbers", "missing")
        return frozenset(float(x) for x in said)

    def _text(self, data: Mapping[str, Any], key: str, default: str, at: str) -> str:
        value = data.get(key, default)
        if not isinstance(value, str):
            raise self._bad("not-text", f"{at}.{key}" if at else key)
        return value

    def _number(self, data: Mapping[str, Any], key: str, default: float, low: float, high: float) -> float:
        value = data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._bad(f"not-a-number-from {low:g} to {high:g}", key)
        return float(value)

    def _table(self, data: Mapping[str, Any], key: str, at: str) -> dict[str, Any]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self._bad("not-a-table", f"{at}.{key}" if at else key)
        return value

    def _only(self, data: Mapping[str, Any], known: set[str], at: str) -> None:
        for key in data:
            if key not in known:
                raise self._bad("unknown-key", f"{at}.{key}" if at else key)

    def _bad(self, reason: str, key: str) -> BadMapping:
        return BadMapping(reason, key, self._line_of(key))

    def _line_of(self, key: str) -> int:
        """Return the line of a dotted key, of its nearest table header if the key itself is not written."""
        section, best, best_depth = "", 0, 0
        wanted = key.split(".")
        for number, line in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
                section = header[1].replace('"', "")
                found = section.split(".")
            elif name := re.match(r"\s*([A-Za-z0-9_.\"-]+)\s*=", line):
                found = [p for p in [*section.split("."), *name[1].replace('"', "").split(".")] if p]
            else:
                continue
            if found == wanted[: len(found)] and len(found) > best_depth:
                best, best_depth = number, len(found)
        return best
