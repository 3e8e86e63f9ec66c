"""An adapter over SL 323 tables: series found in the readings themselves, windows proved by count(*)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from backend_client.adapters.harvest import Capability, ForeignSeries, Gap, Harvest, Meter, SeriesReadings
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.plausible import number
from backend_client.adapters.sl323.database import Database
from backend_client.adapters.sl323.mapping import Installation, TableMapping
from backend_client.adapters.sl323.rows import TableReader, parse_key, series_of
from backend_client.adapters.sl323.standard import interval_s
from backend_client.adapters.sl323.times import MARGIN_S, bound, changed_bound, read_time
from backend_client.errors import BackendRefused, WireFormatError

DISCOVERY_S = 35 * 86400  # series of stations that reported within five weeks of the newest row
CODES_A_QUERY = 400
LATE_COMMIT_S = 300  # a row's modification time is taken before its commit can be seen
ROW_LIMIT = 5_000_000
NEWEST_TRIED = 200


class Sl323Source:
    """Reads one installation. Keys: ``river:60106980:Z``, rain ``rain:81100200:P:3600``."""

    def __init__(self, database: Database, installation: Installation) -> None:
        self._db = database
        self._conf = installation
        self.meter = Meter()
        self._true: dict[str, tuple[str, dict[str, str]]] = {}
        self._samples: dict[str, object] = {}
        self._changed_samples: dict[str, object] = {}

    def close(self) -> None:
        self._db.close()

    def probe(self) -> Capability:
        """Check every table and column of the mapping against the catalogue.

        Raises:
            WireFormatError: a table or column of the mapping is not in the database, or its newest
                time is not what the mapping says.
        """
        with self._db.snapshot():
            return self._probe()

    def _probe(self) -> Capability:
        traits, notes = [], []
        for table in self._conf.tables:
            self._names(table)
            newest = self._newest(table)
            if newest is None:
                notes.append(f"empty:{table.table}")
            traits.append((f"cursor:{table.kind}", "modified" if table.modified else "window"))
            traits.append((f"newest:{table.kind}", "" if newest is None else str(newest)))
        traits.append(("modified_since", "yes" if all(t.modified for t in self._conf.tables) else "no"))
        if not self._columns(self._conf.stations["table"])[1]:
            notes.append("no-station-table")
        return Capability("sl323", one_line(self._conf.name), "SL 323", tuple(traits), tuple(notes))

    def series(self) -> tuple[ForeignSeries, ...]:
        """Return the series that have readings, counted back from each table's newest row, not from now."""
        with self._db.snapshot():
            places = self._stations()
            found: list[ForeignSeries] = []
            for table in self._conf.tables:
                newest = self._newest(table)
                if newest is not None:
                    found += self._series_of(table, newest, places)
            return tuple(found)

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        """Read a window; expected is count(*) of the same predicate in the same snapshot."""
        with self._db.snapshot():
            return self._read(wanted, from_t, to_t, by_change=False)

    def changed_since(self, wanted: Sequence[ForeignSeries], since_t: int) -> Harvest:
        """Read what was written or corrected since, however old its time is; only with a ``modified`` column.

        Raises:
            BackendRefused: a table of wanted has none (see probe's traits).
        """
        with self._db.snapshot():
            return self._read(wanted, since_t - LATE_COMMIT_S, 2**40, by_change=True)

    def _read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int, by_change: bool) -> Harvest:
        parts: list[SeriesReadings] = []
        gaps: list[Gap] = []
        notes: set[str] = set()
        unknown: set[str] = set()
        expected = 0
        began = time.monotonic()
        for table in self._conf.tables:
            mine = [s for s in wanted if s.key.split(":", 1)[0] == table.kind]
            if not mine or self._newest(table) is None:
                continue
            if by_change and not table.modified:
                raise BackendRefused(501, "no-modification-time")
            for some in _by_codes(table, mine):
                rows, count = self._rows(table, sorted(some), from_t, to_t, by_change)
                flat = [s for group in some.values() for s in group]
                reader = TableReader(self._conf, table, rows, notes, unknown)
                window = (0, 2**40) if by_change else (from_t, to_t)
                found = [reader.part(s, *window) for s in flat]
                parts += found
                expected += sum(len(p.t) for p in found)
                if len(rows) != count:
                    expected += count - len(rows)
                    gaps += [Gap(s.key, from_t, to_t, f"count {count} read {len(rows)}") for s in flat]
        self.meter.spent_s += time.monotonic() - began
        return Harvest(tuple(parts), expected, not gaps, tuple(gaps), tuple(sorted(notes)), tuple(sorted(unknown)))

    def _rows(
        self, table: TableMapping, codes: list[str], from_t: int, to_t: int, by_change: bool
    ) -> tuple[list[dict[str, Any]], int]:
        """Return rows by our column words, oldest first, and how many the database says there are."""
        home, true = self._names(table)
        columns = {w: c for w in ("code", "time", "interval", "trend", "quality") if (c := getattr(table, w))}
        columns |= {f"={v.column}": v.column for v in table.values}
        keys = self._codes(table, codes)
        marks = ", ".join([self._db.mark] * len(keys))
        at = true[(table.modified if by_change else table.time).lower()]
        zone = self._conf.zone
        where = f"{true[table.code.lower()]} in ({marks}) and {at} >= {self._db.mark}"
        if by_change:
            values = [*keys, changed_bound(from_t - MARGIN_S, zone, self._changed_samples[table.kind])]
        else:
            where += f" and {at} < {self._db.mark}"
            edges = (from_t - MARGIN_S, to_t + MARGIN_S + 1)
            values = [*keys, *(bound(t, table, zone, self._samples[table.kind]) for t in edges)]
        names = ", ".join(true[c.lower()] for c in columns.values())
        order = f"order by {true[table.time.lower()]}" + (f", {true[table.modified.lower()]}" if table.modified else "")
        count = int(self._one(f"select count(*) from {home} where {where}", values)[0])
        found = self._query(f"select {names} from {home} where {where} {order} limit {ROW_LIMIT}", values)
        return [dict(zip(columns, row, strict=True)) for row in found], count

    def _series_of(self, table: TableMapping, newest: int, places: dict[str, dict[str, Any]]) -> list[ForeignSeries]:
        home, true = self._names(table)
        code = true[table.code.lower()]
        interval = true[table.interval.lower()] if table.interval else "null"
        counts = ", ".join(f"count({true[v.column.lower()]})" for v in table.values)
        group = f"group by {code}" + (f", {interval}" if table.interval else "")
        sql = f"select {code}, {interval}, {counts} from {home} where {true[table.time.lower()]} >= {self._db.mark} {group}"
        since = bound(max(newest - DISCOVERY_S, 0), table, self._conf.zone, self._samples[table.kind])
        merged: dict[str, ForeignSeries] = {}
        for row in self._query(sql, (since,)):
            name = str(row[0]).strip()
            every = interval_s(number(row[1]), table.interval_unit)
            for value, count in zip(table.values, row[2:], strict=True):
                if name and count:
                    one = series_of(table, value, name, every, places.get(name, {}))
                    merged.setdefault(one.key, one)
        return [merged[k] for k in sorted(merged)]

    def _stations(self) -> dict[str, dict[str, Any]]:
        conf = self._conf.stations
        home, true = self._columns(conf["table"])
        have = {w: true[c.lower()] for w, c in conf.items() if w != "table" and c.lower() in true}
        if "code" not in have:
            return {}
        found = self._query(f"select {', '.join(have.values())} from {home}", ())
        rows = [dict(zip(have, row, strict=True)) for row in found]
        return {str(r["code"]).strip(): r for r in rows if r["code"] is not None}

    def _newest(self, table: TableMapping) -> int | None:
        """Return the newest readable time of a table, and remember what its cells look like.

        Raises:
            WireFormatError: there are rows, but none of the newest has a time that can be read.
        """
        home, true = self._names(table)
        column = true[table.time.lower()]
        newest = f"select {column} from {home} where {column} is not null order by {column} desc limit {NEWEST_TRIED}"
        problem = ""
        for (cell,) in list(self._query(newest, ())):
            try:
                found = read_time(cell, table, self._conf.zone)
            except ValueError as exc:
                problem = problem or str(exc)
                continue
            self._samples[table.kind] = cell
            if table.modified:
                changed = true[table.modified.lower()]
                self._changed_samples[table.kind] = self._one(f"select max({changed}) from {home}", ())[0] or cell
            return found
        if problem:
            raise WireFormatError(f"{table.table}.{table.time}: {problem}")
        return None

    def _names(self, table: TableMapping) -> tuple[str, dict[str, str]]:
        """Return the quoted table and columns of a mapping, as the catalogue spells them.

        Raises:
            WireFormatError: one is not there.
        """
        home, true = self._columns(table.table)
        if not true:
            raise WireFormatError(f"tables.{table.kind}.table: no table {table.table!r}")
        words = ("code", "time", "modified", "interval", "trend", "quality")
        for word, column in [(w, getattr(table, w)) for w in words] + [(f"values.{v.element}", v.column) for v in table.values]:
            if column and column.lower() not in true:
                raise WireFormatError(f"tables.{table.kind}.{word}: no column {column!r} in {table.table}")
        return home, true

    def _columns(self, table: str) -> tuple[str, dict[str, str]]:
        if table not in self._true:
            home, columns = self._db.columns(self._conf.schema, table)
            self._true[table] = home, {c.lower(): self._db.quote(c) for c in columns}
        return self._true[table]

    def _codes(self, table: TableMapping, codes: list[str]) -> list[object]:
        """Return the codes as the column may hold them: numbers, or texts with and without CHAR padding."""
        if table.code_type == "integer":
            return [int(c) for c in codes if c.isascii() and c.isdigit()]
        return list(dict.fromkeys(x for c in codes for x in (c, c.ljust(self._conf.code_width))))

    def _query(self, sql: str, values: Sequence[object]) -> Iterable[tuple[Any, ...]]:
        self.meter.requests += 1
        return self._db.rows(sql, values)

    def _one(self, sql: str, values: Sequence[object]) -> tuple[Any, ...]:
        return next(iter(list(self._query(sql, values))))


def _by_codes(table: TableMapping, wanted: Sequence[ForeignSeries]) -> list[dict[str, list[ForeignSeries]]]:
    """Return groups of series by station code, so many stations a query."""
    codes: dict[str, list[ForeignSeries]] = defaultdict(list)
    for series in wanted:
        codes[parse_key(series.key, table)[0]].append(series)
    names = sorted(codes)
    return [{c: codes[c] for c in names[i : i + CODES_A_QUERY]} for i in range(0, len(names), CODES_A_QUERY)]
