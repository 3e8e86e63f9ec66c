"""An adapter over a folder of WaterML files that another program writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from backend_client.adapters.folder_watch import FolderWatch
from backend_client.adapters.harvest import Capability, ForeignSeries, Gap, Harvest, Meter
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.waterml.document import WmlSeries
from backend_client.adapters.waterml.reader import foreign_series, harvest, read_document
from backend_client.errors import BackendUnavailable, WireFormatError

SUFFIXES = (".xml", ".wml", ".waterml")
FILE_LIMIT = 256 * 1024 * 1024


class WaterMlFolder:
    """Keeps what each file said; of two files about one time, the later one seen wins."""

    def __init__(
        self, folder: Path, *, zone: str = "", elements: Mapping[str, str] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._zone = zone
        self._elements = dict(elements or {})
        self._clock = clock
        self._watch = FolderWatch(folder, SUFFIXES, clock=clock)
        self._files: dict[Path, tuple[int, tuple[WmlSeries, ...]]] = {}
        self._broken: dict[Path, str] = {}
        self._unsettled: tuple[Path, ...] = ()
        self.meter = Meter()

    def close(self) -> None:
        self._files.clear()

    def probe(self) -> Capability:
        self._look()
        notes = tuple(f"unreadable:{self._label(p)}" for p in sorted(self._broken))
        return Capability("waterml-files", one_line(self._folder.name), "", (("modified_since", "yes"),), notes)

    def series(self) -> tuple[ForeignSeries, ...]:
        self._look()
        return foreign_series(self._found(0), self._elements)

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        self._look()
        return self._with_owed(harvest(wanted, self._found(0), from_t, to_t), wanted, from_t, to_t)

    def changed_since(self, wanted: Sequence[ForeignSeries], since_t: int) -> Harvest:
        self._look()
        return self._with_owed(harvest(wanted, self._found(since_t), 0, 2**40), wanted, 0, 2**40)

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
            self._broken.pop(path, None)
        for path in scan.fresh:
            try:
                if path.stat().st_size > FILE_LIMIT:
                    raise WireFormatError(f"over {FILE_LIMIT} bytes")
                _, found = read_document(path.read_bytes(), path.name, self._zone)
            except (WireFormatError, OSError) as exc:
                self._broken[path] = str(exc)  # what the file said before stays known
                self._watch.forget(path)
                continue
            self._broken.pop(path, None)
            self._files[path] = (int(self._clock()), found)
        self._unsettled = tuple(scan.unsettled)
        self.meter.requests += len(scan.fresh)
        self.meter.received_bytes += scan.read_bytes
        self.meter.spent_s += time.monotonic() - began

    def _found(self, since: int) -> list[WmlSeries]:
        in_order = sorted(self._files, key=lambda p: (self._files[p][0], str(p)))
        return [s for p in in_order if self._files[p][0] >= since for s in self._files[p][1]]

    def _with_owed(self, found: Harvest, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        """Mark what unfinished or unreadable files owe."""
        late = [*self._broken, *self._unsettled]
        if not late:
            return found
        owed = {s.key for p in late if p in self._files for s in self._files[p][1]}
        gaps = found.gaps + tuple(Gap(s.key, from_t, to_t, "file-unfinished") for s in wanted if s.key in owed)
        notes = {*found.notes, *(f"unreadable:{self._label(p)}" for p in self._broken)}
        notes |= {f"unsettled:{self._label(p)}" for p in self._unsettled}
        return Harvest(found.parts, None, False, gaps, tuple(sorted(notes)), found.unknown_quality)

    def _label(self, path: Path) -> str:
        return one_line(str(path.relative_to(self._folder)), 120)
