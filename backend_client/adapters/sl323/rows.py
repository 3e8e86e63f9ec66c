"""Rows of one table into readings, and the keys by which a series is known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from backend_client.adapters.harvest import MEASURED, SUSPECT, ForeignSeries, SeriesReadings, readings
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.plausible import graded, number
from backend_client.adapters.sl323.mapping import Installation, TableMapping, ValueColumn
from backend_client.adapters.sl323.standard import interval_s
from backend_client.adapters.sl323.times import read_time
from backend_client.errors import WireFormatError

TREND_SPAN_S, TREND_M = 7200, 0.05


class TableReader:
    """Turns rows of one query into readings; collects what was noticed on the way."""

    def __init__(
        self, conf: Installation, table: TableMapping, rows: list[dict[str, Any]], notes: set[str], unknown: set[str]
    ) -> None:
        self._conf = conf
        self._table = table
        self._times: dict[object, int | None] = {}
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            self._rows[str(row["code"]).strip()].append(row)
        self._notes = notes
        self._unknown = unknown

    def part(self, series: ForeignSeries, from_t: int, to_t: int) -> SeriesReadings:
        code, column, every = parse_key(series.key, self._table)
        kept: list[tuple[int, float | None, int]] = []
        trends: list[str] = []
        for row in self._rows.get(code, []):
            if every is not None and self._interval(row) != every:
                continue
            cell = row[f"={column.column}"]
            t = self._time(row["time"])
            if t is None:
                continue
            value = number(cell)
            if cell is not None and value is None:
                self._notes.add(f"not-a-number:{self._table.table}.{column.column}")
            value = None if value in self._conf.missing else value
            ours = None if value is None else value * series.factor + series.offset
            kept.append((t, value, graded(series.element, ours, self._quality(row))))
            trends.append(str(row.get("trend") or "").strip())
        if series.element in ("Z", "RZ") and not column.suffix and self._doubtful(kept, trends):
            self._notes.add(f"trend-doubt:{series.key}")
        return readings(series, kept, from_t, to_t)

    def _time(self, cell: object) -> int | None:
        """Return UTC seconds; stations report at the same times, so each is worked out once."""
        if cell not in self._times:
            try:
                self._times[cell] = read_time(cell, self._table, self._conf.zone)
            except ValueError:
                self._notes.add(f"bad-time:{self._table.table}")
                self._times[cell] = None
        return self._times[cell]

    def _interval(self, row: dict[str, Any]) -> int:
        return interval_s(number(row.get("interval")), self._table.interval_unit) or 0

    def _quality(self, row: dict[str, Any]) -> int:
        word = str(row["quality"] if row.get("quality") is not None else "").strip()
        if not word:
            return MEASURED
        if word not in self._table.quality_codes:
            self._unknown.add(word[:40])
            return SUSPECT
        return self._table.quality_codes[word]

    def _doubtful(self, kept: list[tuple[int, float | None, int]], trends: list[str]) -> bool:
        """Tell whether trend codes contradict the values more often than not; the values are believed."""
        codes = self._conf.trend_codes
        said = against = 0
        for (t0, z0, _), (t1, z1, _), trend in zip(kept, kept[1:], trends[1:], strict=False):
            if z0 is None or z1 is None or not 0 < t1 - t0 <= TREND_SPAN_S or abs(z1 - z0) < TREND_M:
                continue
            if trend in codes.values():
                said += 1
                against += trend != codes["rising" if z1 > z0 else "falling"]
        return said >= 3 and against * 2 > said


def series_of(table: TableMapping, value: ValueColumn, code: str, every: int | None, place: dict[str, Any]) -> ForeignSeries:
    name = one_line(str(place.get("name") or code).strip(), 60)
    one = ForeignSeries(
        key=f"{table.kind}:{code}:{value.column}",
        station_code=code,
        station_name=name,
        element=value.element,
        unit=value.unit,
        factor=value.factor,
        offset=value.offset,
        datum=one_line(str(place.get("datum") or "").strip(), 40) if value.element in ("Z", "RZ") else "",
        lon=number(place.get("lon")),
        lat=number(place.get("lat")),
    )
    if table.interval:
        one = replace(one, key=f"{one.key}:{every or 0}", interval_s=every)
    return replace(one, station_code=code + value.suffix, station_name=name + value.name_suffix) if value.suffix else one


def parse_key(key: str, table: TableMapping) -> tuple[str, ValueColumn, int | None]:
    """Return (code, column, interval) of a key that series_of made.

    Raises:
        WireFormatError: the mapping has changed since.
    """
    words = key.split(":")
    every = int(words.pop()) if table.interval and len(words) > 3 and words[-1].isdigit() else None
    code, name = ":".join(words[1:-1]), words[-1]
    for value in table.values:
        if value.column == name:
            return code, value, every
    raise WireFormatError(f"series {key[:80]!r} is not in the mapping any more")
