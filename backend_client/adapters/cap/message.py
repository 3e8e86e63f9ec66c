"""One CAP message as records of plain text; nothing in it is markup, a command or an address to fetch."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.x509 import Certificate

from backend_client.adapters.cap.signature import Signature, signature_of
from backend_client.adapters.cap.verify import verified
from backend_client.adapters.plain_words import one_line, plain
from backend_client.adapters.plausible import number
from backend_client.adapters.safe_xml import children, name_of, parse, space_of, text_at
from backend_client.adapters.times import utc_s
from backend_client.errors import WireFormatError

SIZE_LIMIT = 4 * 1024 * 1024
INFOS_LIMIT, AREAS_LIMIT, POINTS_LIMIT = 64, 2000, 200_000
SPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
MESSAGE_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
_REFERENCE = re.compile(
    r"([^\s,]+),([^\s,]+),(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)", re.ASCII
)
STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """What names a message: all three together, as published (sent is text here, never compared as time)."""

    sender: str
    identifier: str
    sent: str


@dataclass(frozen=True, slots=True)
class Area:
    """polygons: closed rings of (lon, lat) in degrees. circles: (lon, lat, radius km). geocodes: (name, value)."""

    text: str
    polygons: tuple[tuple[tuple[float, float], ...], ...]
    circles: tuple[tuple[float, float, float], ...]
    geocodes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Info:
    """One language's or event's part. Codes as published; times UTC s or None; texts plain."""

    language: str
    categories: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    event_codes: tuple[tuple[str, str], ...]
    effective_t: int | None
    onset_t: int | None
    expires_t: int | None
    sender_name: str
    headline: str
    description: str
    instruction: str
    web: str
    contact: str
    parameters: tuple[tuple[str, str], ...]
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """A whole message. references: identities that it speaks of. notes: codes of what was odd in it."""

    identity: Identity
    sent_t: int
    status: str
    kind: str
    scope: str
    note: str
    references: tuple[Identity, ...]
    infos: tuple[Info, ...]
    signature: Signature
    notes: tuple[str, ...]

    def info_for(self, *languages: str) -> Info | None:
        """Return the part in the first language that is there, else the first part; None for a bare message."""
        for wanted in languages:
            for info in self.infos:
                if info.language.lower().split("-")[0] == wanted.lower():
                    return info
        return self.infos[0] if self.infos else None


def parse_alert(data: bytes, what: str, zone: str = "", trusted: Sequence[Certificate] = ()) -> Alert:
    """Read one message. zone: for times that break the rule and have no offset. trusted: who may sign.

    Raises:
        WireFormatError: not CAP, a DTD or entity, over a limit, or without its identity.
    """
    root = parse(data, what, SIZE_LIMIT)
    if name_of(root) != "alert" or space_of(root) not in SPACES:
        raise WireFormatError(f"{what}: root is not a CAP 1.1 or 1.2 alert")
    identity = Identity(*(text_at(root, k) for k in ("sender", "identifier", "sent")))
    if not all((identity.sender, identity.identifier)) or max(map(len, (identity.sender, identity.identifier))) > 400:
        raise WireFormatError(f"{what}: no identifier or sender")
    try:
        sent_t = utc_s(identity.sent, zone)
    except ValueError as exc:
        raise WireFormatError(f"{what}: sent: {exc}") from exc
    kind, status = text_at(root, "msgType"), text_at(root, "status")
    if kind not in MESSAGE_TYPES or status not in STATUSES:
        raise WireFormatError(f"{what}: msgType {kind[:20]!r} or status {status[:20]!r} is none of CAP")
    notes: set[str] = set()
    infos = list(children(root, "info"))
    if len(infos) > INFOS_LIMIT:
        raise WireFormatError(f"{what}: over {INFOS_LIMIT} info elements")
    budget = _Budget()
    return Alert(
        identity=identity,
        sent_t=sent_t,
        status=status,
        kind=kind,
        scope=one_line(text_at(root, "scope"), 40),
        note=plain(text_at(root, "note"), 2000),
        references=tuple(_references(text_at(root, "references"), notes)),
        infos=tuple(_info(node, zone, notes, budget, what) for node in infos),
        signature=verified(data, signature_of(root), trusted, sent_t),
        notes=tuple(sorted(notes)),
    )


class _Budget:
    """How much geometry one message may still bring."""

    areas = AREAS_LIMIT
    points = POINTS_LIMIT


def _info(node: Any, zone: str, notes: set[str], budget: _Budget, what: str) -> Info:
    def moment(key: str) -> int | None:
        text = text_at(node, key)
        try:
            return utc_s(text, zone) if text else None
        except ValueError:
            notes.add(f"bad-time:{key}")
            return None

    return Info(
        language=one_line(text_at(node, "language"), 20) or "en-US",  # the default that CAP names
        categories=tuple(one_line(c.text or "", 20) for c in children(node, "category")),
        event=one_line(text_at(node, "event")),
        urgency=one_line(text_at(node, "urgency"), 20),
        severity=one_line(text_at(node, "severity"), 20),
        certainty=one_line(text_at(node, "certainty"), 20),
        event_codes=_pairs(node, "eventCode"),
        effective_t=moment("effective"),
        onset_t=moment("onset"),
        expires_t=moment("expires"),
        sender_name=one_line(text_at(node, "senderName")),
        headline=one_line(text_at(node, "headline"), 400),
        description=plain(text_at(node, "description")),
        instruction=plain(text_at(node, "instruction")),
        web=one_line(text_at(node, "web"), 500),
        contact=one_line(text_at(node, "contact"), 400),
        parameters=_pairs(node, "parameter"),
        areas=tuple(_areas(node, notes, budget, what)),
    )


def _areas(node: Any, notes: set[str], budget: _Budget, what: str) -> Iterator[Area]:
    for area in children(node, "area"):
        budget.areas -= 1
        if budget.areas < 0:
            raise WireFormatError(f"{what}: over {AREAS_LIMIT} areas")
        rings = [_ring(p.text or "", budget, what) for p in children(area, "polygon")]
        circles = [_circle(c.text or "") for c in children(area, "circle")]
        if None in rings or None in circles:
            notes.add("bad-geometry")
        yield Area(
            plain(text_at(area, "areaDesc"), 4000),
            tuple(r for r in rings if r is not None),
            tuple(c for c in circles if c is not None),
            _pairs(area, "geocode"),
        )


def _ring(text: str, budget: _Budget, what: str) -> tuple[tuple[float, float], ...] | None:
    """Return a closed ring as (lon, lat), None when it is none. CAP writes latitude first."""
    words = text.split()
    budget.points -= len(words)
    if budget.points < 0:
        raise WireFormatError(f"{what}: over {POINTS_LIMIT} points")
    points = [_point(word) for word in words]
    if len(points) < 4 or points[0] != points[-1]:
        return None
    whole = tuple(p for p in points if p is not None)
    return whole if len(whole) == len(points) else None


def _point(text: str) -> tuple[float, float] | None:
    lat, _, lon = text.partition(",")
    y, x = number(lat), number(lon)
    return (x, y) if x is not None and y is not None and -180 <= x <= 180 and -90 <= y <= 90 else None


def _circle(text: str) -> tuple[float, float, float] | None:
    place, _, size = text.strip().partition(" ")
    centre, radius = _point(place), number(size)
    if centre is None or radius is None or not 0 <= radius <= math.pi * 6371:
        return None
    return (*centre, radius)


def _references(text: str, notes: set[str]) -> Iterator[Identity]:
    """Yield identities of a references element; the Chinese form of a time has a blank in it."""
    text = text.replace("，", ",")
    for found in _REFERENCE.finditer(text):
        yield Identity(*found.groups())
    if _REFERENCE.sub("", text).strip():
        notes.add("bad-reference")


def _pairs(node: Any, name: str) -> tuple[tuple[str, str], ...]:
    return tuple((one_line(text_at(p, "valueName")), plain(text_at(p, "value"), 2000)) for p in children(node, name))
