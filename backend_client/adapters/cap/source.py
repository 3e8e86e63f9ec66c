"""Where messages come from: a folder of files, or an Atom index on a server."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from cryptography.x509 import Certificate

from backend_client.adapters.cap.message import Alert, parse_alert
from backend_client.adapters.conditional import ConditionalGet
from backend_client.adapters.folder_watch import FolderWatch
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import Meter
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.safe_xml import attribute, children, name_of, parse, text_at
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError

SUFFIXES = (".cap", ".xml")
ENTRIES_LIMIT = 5000
CAP_TYPE = "application/cap+xml"
KEPT_ALERTS = 20_000


@dataclass(frozen=True, slots=True)
class CapReading:
    """alerts: all that are known now. complete: False when one could not be read. notes: stable codes."""

    alerts: tuple[Alert, ...]
    complete: bool
    notes: tuple[str, ...]


class CapSource(Protocol):
    """Used by one thread; read() raises BackendError's subclasses and nothing else."""

    @property
    def meter(self) -> Meter: ...

    def read(self) -> CapReading: ...

    def close(self) -> None: ...


class CapFolder:
    """Files that another program writes. A message whose file is taken away is not withdrawn by that."""

    def __init__(
        self,
        folder: Path,
        *,
        zone: str = "",
        trusted: Sequence[Certificate] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._trusted = tuple(trusted)
        self._folder = folder
        self._zone = zone
        self._watch = FolderWatch(folder, SUFFIXES, clock=clock)
        self._alerts = _Kept()
        self._broken: dict[Path, str] = {}
        self.meter = Meter()

    def close(self) -> None:
        self._broken.clear()

    def read(self) -> CapReading:
        try:
            scan = self._watch.scan()
        except OSError as exc:
            raise BackendUnavailable(f"folder: {exc.strerror or exc}") from exc
        for path in scan.gone:
            self._broken.pop(path, None)
        for path in scan.fresh:
            self._broken.pop(path, None)
            try:
                self._alerts.add(parse_alert(path.read_bytes(), path.name, self._zone, self._trusted))
            except (WireFormatError, OSError) as exc:
                self._broken[path] = str(exc)
        self.meter.requests += len(scan.fresh)
        self.meter.received_bytes += scan.read_bytes
        names = [one_line(str(p.relative_to(self._folder)), 120) for p in self._broken]
        notes = [f"unreadable:{n}" for n in names] + [f"unsettled:{p.name}" for p in scan.unsettled]
        return CapReading(self._alerts.all(), not notes, tuple(sorted(notes)))


class CapAtom:
    """An Atom index of CAP messages; unchanged entries are not fetched again."""

    def __init__(self, http: ForeignHttp, path: str = "", *, zone: str = "", trusted: Sequence[Certificate] = ()) -> None:
        self._trusted = tuple(trusted)
        self._http = http
        self._path = path
        self._zone = zone
        self._get = ConditionalGet(http)
        self._seen: dict[str, str] = {}
        self._alerts = _Kept()

    @property
    def meter(self) -> Meter:
        return self._http.meter

    def close(self) -> None:
        self._http.close()

    def read(self) -> CapReading:
        answer, _ = self._get.get(self._path)
        root = parse(answer.data, "index")
        if name_of(root) == "alert":  # some publish the one message itself under the feed's address
            self._alerts.add(parse_alert(answer.data, "index", self._zone, self._trusted))
            return CapReading(self._alerts.all(), True, ())
        if name_of(root) != "feed":
            raise WireFormatError(f"index: root is {name_of(root)[:40]!r}, not an Atom feed")
        notes: set[str] = set()
        listed: dict[str, str] = {}
        for number, entry in enumerate(children(root, "entry")):
            if number >= ENTRIES_LIMIT:
                notes.add("index-too-long")
                break
            address = _address(entry, answer.url)
            if not address:
                notes.add("entry-without-link")
                continue
            listed[address] = text_at(entry, "updated")
            if not listed[address] or self._seen.get(address) != listed[address]:
                self._fetch(address, listed, notes)
        self._seen = listed
        return CapReading(self._alerts.all(), not notes, tuple(sorted(notes)))

    def _fetch(self, address: str, listed: dict[str, str], notes: set[str]) -> None:
        """Take one message; one bad entry does not hide the others, an outage ends the read."""
        try:
            answer, _ = self._get.get(address)
            self._alerts.add(parse_alert(answer.data, one_line(urlsplit(address).path, 80), self._zone, self._trusted))
        except WireFormatError as exc:
            notes.add("link-to-another-host" if "another host" in str(exc) else f"unreadable:{one_line(address, 120)}")
            listed[address] = ""
        except BackendRefused as exc:
            notes.add(f"refused-{exc.status}:{one_line(address, 120)}")
            listed[address] = ""


class _Kept:
    """Messages by identity, the oldest let go beyond a bound."""

    def __init__(self) -> None:
        self._alerts: OrderedDict[tuple[object, str], Alert] = OrderedDict()

    def add(self, alert: Alert) -> None:
        self._alerts[(alert.identity, alert.signature.state)] = alert
        while len(self._alerts) > KEPT_ALERTS:
            self._alerts.popitem(last=False)

    def all(self) -> tuple[Alert, ...]:
        return tuple(self._alerts.values())


def _address(entry: object, base: str) -> str:
    """Return the absolute link of an entry: one of CAP's own type if there is one, else the plain one."""
    links = [(attribute(n, "type"), attribute(n, "rel"), attribute(n, "href").strip()) for n in children(entry, "link")]
    own = [href for kind, _, href in links if kind == CAP_TYPE and href]
    plain_ones = [href for _, rel, href in links if rel in ("", "alternate") and href]
    return next((urljoin(base, href) for href in own + plain_ones), "")
