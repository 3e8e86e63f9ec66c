"""An adapter over a folder into which somebody drops CSV and XLSX files."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from backend_client.adapters.folder_watch import FolderWatch
from backend_client.adapters.harvest import BOUNDS, Capability, ForeignSeries, Gap, Harvest, Meter, SeriesReadings
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.tabular.parsed import ParsedFile, parse_file
from backend_client.adapters.tabular.readings import qualities
from backend_client.errors import BackendUnavailable, WireFormatError

UNITS = {"Z": "m", "RZ": "m", "Q": "m3/s", "INQ": "m3/s", "OTQ": "m3/s", "W": "106m3", "P": "mm"}
UNITS |= {bound: UNITS[of] for bound, of in BOUNDS.items()}


class TableFolder:
    """Keeps what each file said, and reads again only what changed; used by one thread.

    Where two files speak of the same time, the one that came later is right.
    """

    def __init__(self, folder: Path, zone: str = "Asia/Shanghai", *, clock: Callable[[], float] = time.time) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise WireFormatError(f"zone: unknown {zone[:40]!r}") from exc
        self._folder = folder
        self._clock = clock
        self._watch = FolderWatch(folder, clock=clock)
        self._files: dict[Path, tuple[int, ParsedFile]] = {}
        self._unsettled: tuple[Path, ...] = ()
        self.meter = Meter()

    def close(self) -> None:
        self._files.clear()

    def probe(self) -> Capability:
        self._look()
        problems = tuple(sorted(f"unreadable:{self._label(p)}" for p, (_, f) in self._files.items() if f.problem))
        traits = (("files", str(len(self._files))), ("modified_since", "yes"))
        return Capability("tables", one_line(self._folder.name), "CSV/XLSX", traits, problems)

    def series(self) -> tuple[ForeignSeries, ...]:
        self._look()
        names: dict[str, str] = {}
        places: dict[str, tuple[float, float]] = {}
        datums: dict[str, str] = {}
        times: dict[tuple[str, str], set[int]] = {}
        for _, file in self._in_order():
            names |= file.names
            places |= file.places
            datums |= file.datums
            for key, values in file.values.items():
                times.setdefault(key, set()).update(values)
        return tuple(
            ForeignSeries(
                f"{code}:{element}",
                code,
                one_line(names.get(code, code), 60),
                element,
                UNITS[element],
                datum=one_line(datums.get(code, ""), 40) if element in ("Z", "RZ") else "",
                lon=places[code][0] if code in places else None,
                lat=places[code][1] if code in places else None,
                interval_s=_interval(moments),
            )
            for (code, element), moments in sorted(times.items())
        )

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        self._look()
        return self._harvest(wanted, from_t, to_t, since=0)

    def changed_since(self, wanted: Sequence[ForeignSeries], since_t: int) -> Harvest:
        """Return everything in files that we first saw in their present form at or after since_t."""
        self._look()
        return self._harvest(wanted, 0, 2**40, since=since_t)

    def rejects(self) -> list[tuple[str, int, str]]:
        """Return (file, line, reason in Chinese) of what was left out, for the sources page."""
        return [
            (self._label(path), line, reason)
            for path, (_, file) in sorted(self._files.items())
            for line, reason in ([(1, file.problem)] if file.problem else []) + file.rejects
        ]

    def _look(self) -> None:
        """Read what is new.

        Raises:
            BackendUnavailable: the folder is away.
        """
        began = time.monotonic()
        try:
            scan = self._watch.scan()
        except OSError as exc:
            raise BackendUnavailable(f"folder: {exc.strerror or exc}") from exc
        for path in scan.gone:
            self._files.pop(path, None)
        for path in scan.fresh:
            parsed = parse_file(path, self._zone)
            if parsed.problem:
                # what it said before stays known; it is tried again at the next look
                self._watch.forget(path)
                before = self._files.get(path)
                if before is not None and before[1].values:
                    before[1].problem = parsed.problem
                    continue
            self._files[path] = (int(self._clock()), parsed)
        self._unsettled = tuple(scan.unsettled)
        self.meter.requests += len(scan.fresh)
        self.meter.received_bytes += scan.read_bytes
        self.meter.spent_s += time.monotonic() - began

    def _harvest(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int, since: int) -> Harvest:
        files = [(seen, file) for seen, file in self._in_order() if seen >= since]
        parts = tuple(_part(series, [f for _, f in files], from_t, to_t) for series in wanted)
        broken = [(p, f) for p, (_, f) in self._files.items() if f.problem]
        notes = [f"unreadable:{self._label(p)}" for p, _ in broken]
        notes += [f"unsettled:{self._label(p)}" for p in self._unsettled]
        notes += [f"rejected:{self._label(p)}:{f.rejected}" for p, (_, f) in self._files.items() if f.rejected]
        late = [f for _, f in broken] + [self._files[p][1] for p in self._unsettled if p in self._files]
        owed = {key for f in late for key in f.values}
        gaps = tuple(Gap(s.key, from_t, to_t, "file-unfinished") for s in wanted if _parts_of(s.key) in owed)
        expected = None if broken or self._unsettled else sum(len(p.t) for p in parts)
        return Harvest(parts, expected, expected is not None, gaps, tuple(sorted(notes)))

    def _in_order(self) -> list[tuple[int, ParsedFile]]:
        """Return files as they came; of those seen in one look, the later by name wins."""
        return [self._files[p] for p in sorted(self._files, key=lambda p: (self._files[p][0], str(p)))]

    def _label(self, path: Path) -> str:
        return one_line(str(path.relative_to(self._folder)), 120)


def _part(series: ForeignSeries, files: list[ParsedFile], from_t: int, to_t: int) -> SeriesReadings:
    key = _parts_of(series.key)
    merged: dict[int, float] = {}
    said: dict[int, int] = {}
    for file in files:
        told = file.values.get(key, {})
        merged |= told
        said = {t: q for t, q in said.items() if t not in told} | file.said.get(key, {})
    t = np.array(sorted(merged), np.int64)
    value = np.array([merged[k] for k in t.tolist()], np.float64)
    quality = qualities(
        series.element, value, [said.get(k) for k in t.tolist()]
    )  # over all that is known: a window's edge is no spike
    inside = (t >= from_t) & (t <= to_t)
    return SeriesReadings(series.key, t[inside], value[inside], quality[inside])


def _parts_of(key: str) -> tuple[str, str]:
    code, _, element = key.rpartition(":")
    return code, element


def _interval(moments: set[int]) -> int | None:
    """Return the usual step; None for fewer than three times."""
    if len(moments) < 3:
        return None
    return int(np.clip(np.median(np.diff(np.array(sorted(moments)))), 60, 86400))
