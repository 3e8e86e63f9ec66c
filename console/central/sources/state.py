"""What is known of one source: kept in the store, served by the centre, shown on the sources page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from backend_client.adapters.harvest import Gap
from console.texts import printable

GAPS_SHOWN = 200
NOTES_SHOWN = 40


@dataclass(frozen=True, slots=True)
class OwedWindow:
    """A window of one of our series that the source owes; times UTC s."""

    object_code: str
    element: str
    from_t: int
    to_t: int
    reason: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source as of its last read.

    state: starting, ok, degraded, down. code: stable reason of degraded or down, "" else; detail:
    the technical text behind it. expected, got: readings in the last read's window; expected None
    when the server cannot say. *_t: wall time, UTC s; newest_t: time of its newest reading.
    cost_s: seconds that the last read took; wait_s: pause until the next.
    """

    name: str
    kind: str
    state: str = "starting"
    code: str = ""
    detail: str = ""
    title: str = ""
    version: str = ""
    expected: int | None = None
    got: int = 0
    newest_t: int | None = None
    last_ok_t: float | None = None
    last_try_t: float | None = None
    next_t: float | None = None
    cost_s: float = 0.0
    wanted_s: int = 0
    failures: int = 0
    requests: int = 0
    received_bytes: int = 0
    series: int = 0
    unread: int = 0
    interval_s: int | None = None
    elements: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    gaps: tuple[OwedWindow, ...] = ()
    notes: tuple[str, ...] = ()
    unknown_quality: tuple[str, ...] = ()

    def to_doc(self) -> dict[str, Any]:
        """Return the object document of the contract, kind ``sources``."""
        body = asdict(self)
        body["gap_count"] = len(self.gaps)
        body["gaps"] = [asdict(g) | {"reason": printable(g.reason, 60)} for g in self.gaps[:GAPS_SHOWN]]
        for name in ("notes", "unknown_quality"):
            body[name] = [printable(text, 80) for text in body[name][:NOTES_SHOWN]]
        for name in ("detail", "title", "version"):
            body[name] = printable(body[name], 300)
        return {"code": self.name, "version": int(self.last_try_t or 0), "properties": body}

    def remembering(self, doc: Mapping[str, Any]) -> SourceState:
        """Return this state with what an earlier run of the service knew of the source."""
        known = doc.get("properties", {})
        return replace(self, last_ok_t=known.get("last_ok_t"), newest_t=known.get("newest_t"))


@dataclass
class GapBook:
    """The windows that a source owes, by its own series keys; a window read again replaces its gaps."""

    _gaps: dict[str, list[Gap]] = field(default_factory=dict)

    def read(self, from_t: int, to_t: int, gaps: Iterable[Gap]) -> None:
        """Note a read of [from_t, to_t] for all series: what it covered is settled, what it lacks is owed."""
        for key, owed in self._gaps.items():
            self._gaps[key] = [g for g in owed if g.from_t < from_t or g.to_t > to_t]
        for gap in gaps:
            if gap not in self._gaps.setdefault(gap.key, []):
                self._gaps[gap.key].append(gap)

    def forget_before(self, t: int) -> None:
        """Drop what is older than the longest window that is ever read again."""
        for key, owed in self._gaps.items():
            self._gaps[key] = [g for g in owed if g.to_t >= t]

    def all(self) -> Sequence[Gap]:
        return sorted((g for owed in self._gaps.values() for g in owed), key=lambda g: (g.from_t, g.key))
