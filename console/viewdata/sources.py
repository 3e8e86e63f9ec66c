"""The sources page: one line per source, and what is known of it when it is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.domain.time import sane_t

Cell = tuple[str, str]  # text, colour token


@dataclass(frozen=True, slots=True)
class SourceLine:
    """rank: the worst first. cells: as the page's columns. facts: (heading, text) of the detail."""

    name: str
    rank: int
    cells: tuple[Cell, ...]
    facts: tuple[tuple[Cell, Cell], ...]


@dataclass(frozen=True, slots=True)
class OwedLine:
    object_code: str
    element: str
    from_t: int
    to_t: int
    reason: str


@dataclass(frozen=True, slots=True)
class SourceDoc:
    """What the centre says of one foreign source; times UTC s, None unknown. As ``/v1/sources``."""

    name: str
    kind: str
    state: str
    code: str
    detail: str
    title: str
    version: str
    expected: int | None
    got: int
    newest_t: int | None
    last_ok_t: float | None
    next_t: float | None
    cost_s: float
    wanted_s: int
    failures: int
    series: int
    unread: int
    interval_s: int | None
    elements: tuple[str, ...]
    objects: tuple[str, ...]
    gap_count: int
    gaps: tuple[OwedLine, ...]
    notes: tuple[str, ...]
    unknown_quality: tuple[str, ...]


def source_from_doc(doc: Mapping[str, Any]) -> SourceDoc:
    """Return a source of the cache.

    Raises:
        KeyError, TypeError, ValueError: the document breaks the contract.
    """
    p = doc["properties"]
    return SourceDoc(
        name=str(p["name"]),
        kind=str(p["kind"]),
        state=str(p["state"]),
        code=str(p.get("code") or ""),
        detail=str(p.get("detail") or ""),
        title=str(p.get("title") or ""),
        version=str(p.get("version") or ""),
        expected=None if p.get("expected") is None else int(p["expected"]),
        got=int(p.get("got") or 0),
        newest_t=None if p.get("newest_t") is None else int(sane_t(p["newest_t"])),
        last_ok_t=_t(p.get("last_ok_t")),
        next_t=_t(p.get("next_t")),
        cost_s=float(p.get("cost_s") or 0.0),
        wanted_s=int(p.get("wanted_s") or 0),
        failures=int(p.get("failures") or 0),
        series=int(p.get("series") or 0),
        unread=int(p.get("unread") or 0),
        interval_s=None if p.get("interval_s") is None else int(p["interval_s"]),
        elements=tuple(str(e) for e in p.get("elements", ())),
        objects=tuple(str(o) for o in p.get("objects", ())),
        gap_count=int(p.get("gap_count") or 0),
        gaps=tuple(
            OwedLine(
                str(g["object_code"]), str(g["element"]), int(sane_t(g["from_t"])), int(sane_t(g["to_t"])), str(g["reason"])
            )
            for g in p.get("gaps", ())
        ),
        notes=tuple(str(n) for n in p.get("notes", ())),
        unknown_quality=tuple(str(q) for q in p.get("unknown_quality", ())),
    )


def _t(value: Any) -> float | None:
    return None if value is None else float(sane_t(value))
