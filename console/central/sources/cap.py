"""A source of CAP messages as the host reads it: no series, only warnings with where each stands now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from backend_client.adapters.harvest import Capability, ForeignSeries, Harvest, Meter
from console.central.sources.warnings import ForeignWarning

LANGUAGES = ("zh", "en")
POINTS = 2000  # of all rings of a warning; a border in full detail is not what a console needs
INFO = (
    "event",
    "urgency",
    "severity",
    "certainty",
    "effective_t",
    "onset_t",
    "expires_t",
    "sender_name",
    "headline",
    "description",
    "instruction",
)
Standing = Callable[[Iterable[Any], int], Sequence[Any]]


class CapMessages(Protocol):
    """A folder or an index of CAP messages; raises BackendError's subclasses."""

    @property
    def meter(self) -> Meter: ...

    def read(self) -> Any:
        """Return alerts, complete and notes."""

    def close(self) -> None: ...


class CapWarnings:
    """Satisfies Adapter and WarningSource. standing: alerts and UTC s → every warning with its state."""

    def __init__(self, source: CapMessages, standing: Standing, clock: Callable[[], float] = time.time) -> None:
        self._source, self._standing, self._clock = source, standing, clock
        self._notes: tuple[str, ...] = ()
        self._complete = True

    @property
    def meter(self) -> Meter:
        return self._source.meter

    def probe(self) -> Capability:
        return Capability("cap", "CAP", "1.2")

    def series(self) -> tuple[ForeignSeries, ...]:
        return ()

    def read(self, _wanted: Sequence[ForeignSeries], _from_t: int, _to_t: int) -> Harvest:
        """Say how the last look at the messages went: there are no readings."""
        return Harvest((), None, complete=self._complete, notes=self._notes)

    def warnings(self) -> Sequence[ForeignWarning]:
        reading = self._source.read()
        self._complete, self._notes = bool(reading.complete), tuple(reading.notes)
        return [_warning(w) for w in self._standing(reading.alerts, int(self._clock()))]

    def close(self) -> None:
        self._source.close()


def _warning(found: Any) -> ForeignWarning:
    alert = found.alert
    name, info = alert.identity, alert.info_for(*LANGUAGES)
    body: dict[str, Any] = {
        "sender": name.sender,
        "identifier": name.identifier,
        "sent_t": alert.sent_t,
        "state": found.state,
        "status": alert.status,
        "message": alert.kind,
        "signature": alert.signature.state,
        "notes": sorted({*alert.notes, *found.notes}),
        "closed_by": found.closed_by.identifier if found.closed_by else "",
        "areas": [],
    }
    if info is not None:
        body |= {key: getattr(info, key) for key in INFO}
        body["areas"] = _areas(info.areas)
    return ForeignWarning(f"{name.sender},{name.identifier},{name.sent}"[:300], body)


def _areas(areas: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the areas as plain values; a ring that would pass POINTS is left out, its text stays."""
    left, found = POINTS, []
    for area in areas:
        rings = []
        for ring in area.polygons:
            if len(ring) <= left:
                left -= len(ring)
                rings.append([list(point) for point in ring])
        codes = [list(pair) for pair in area.geocodes]
        found.append({"text": area.text, "polygons": rings, "circles": [list(c) for c in area.circles], "geocodes": codes})
    return found
