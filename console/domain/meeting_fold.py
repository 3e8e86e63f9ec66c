"""What the entries of meetings amount to: the same from any order of arrival, and from any entry said twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from console.domain.meeting import (
    STEPS,
    Attendee,
    Decision,
    Link,
    Material,
    Meeting,
    MeetingEntry,
    MeetingTable,
    Opinion,
    Option,
    Vote,
)
from console.domain.meeting_rules import NO_JSON, entry_fault

Order = tuple[bool, int, float, str]
Revised = Mapping[str, Sequence[MeetingEntry]]


def folded(entries: Iterable[MeetingEntry]) -> tuple[Meeting, ...]:
    """Return the meetings, the one opened last first.

    The centre's order counts, and what waits here comes after it by its time: never a client's clock against
    the centre's order. An entry that the centre refused stands only where no other says otherwise.
    """
    once: dict[str, MeetingEntry] = {}
    for entry in entries:
        known = once.get(entry.entry_id)
        if known is None or (known.seq is None and entry.seq is not None):
            once[entry.entry_id] = entry
    groups: dict[str, list[MeetingEntry]] = {}
    for entry in once.values():
        groups.setdefault(entry.meeting_id, []).append(entry)
    return in_order(_Fold(meeting_id, sorted(group, key=_order)).meeting() for meeting_id, group in groups.items())


def in_order(meetings: Iterable[Meeting]) -> tuple[Meeting, ...]:
    """Return meetings, the one opened last first; one whose opening is not here stands where its first entry does."""
    return tuple(sorted(meetings, key=_began, reverse=True))


def _began(meeting: Meeting) -> Order:
    opened = [e for e in meeting.entries if e.what == "open"]
    return min((_order(e) for e in opened or meeting.entries), default=(True, 0, 0.0, ""))


def _order(entry: MeetingEntry) -> Order:
    return (entry.seq is None, entry.seq or 0, 0.0 if entry.seq is not None else entry.at, entry.entry_id)


class _Fold:
    """One meeting. entries: in order."""

    def __init__(self, meeting_id: str, entries: Sequence[MeetingEntry]) -> None:
        faults = {e.entry_id: entry_fault(e.body) for e in entries}
        self._id = meeting_id
        self._entries = tuple(e for e in entries if faults[e.entry_id] != NO_JSON)
        self._sound = [e for e in entries if not faults[e.entry_id]]
        self._unreadable = len(entries) - len(self._sound)
        self._place = {e.entry_id: n for n, e in enumerate(self._sound)}
        # refused ones first: whatever comes after them takes their place
        self._standing = [*(e for e in self._sound if e.refused), *(e for e in self._sound if not e.refused)]
        self._revised = _revisions(self._sound)
        self._head = self._first("open")

    def meeting(self) -> Meeting:
        close = self._first("close")
        step, following = self._last("step"), self._last("next")
        return Meeting(
            self._id,
            **self._opening(),
            step=step.body["step"] if step else STEPS[0].code,
            step_t=step.at if step else self._head.at if self._head else None,
            attendance=self._attendance(),
            materials=tuple(self._material(e) for e in self._all("material")),
            opinions=tuple(self._opinion(e) for e in self._all("opinion")),
            options=self._options(),
            votes=self._votes(),
            decisions=self._decisions(),
            next_t=float(following.body["at_t"]) if following else None,
            closed_t=close.at if close else None,
            entries=self._entries,
            corrected=_newest(self._revised),
            late=self._after(close) if close else frozenset(),
            unreadable=self._unreadable,
        )

    def _opening(self) -> dict[str, Any]:
        head = self._head
        if head is None:
            return {}
        body = head.body
        return {
            "known": True,
            "topic": self._text(head, "topic")[0],
            "level": body["level"],
            "chair": body["chair"],
            "recorder": body["recorder"],
            "opened_t": head.at,
            "cutoff_t": float(body["cutoff_t"]),
        }

    def _all(self, what: str) -> list[MeetingEntry]:
        return [e for e in self._sound if e.what == what]

    def _first(self, what: str) -> MeetingEntry | None:
        return min(self._all(what), key=lambda e: bool(e.refused), default=None)

    def _last(self, what: str) -> MeetingEntry | None:
        return next((e for e in reversed(self._standing) if e.what == what), None)

    def _after(self, close: MeetingEntry) -> frozenset[str]:
        ids = [e.entry_id for e in self._entries]
        return frozenset(ids[ids.index(close.entry_id) + 1 :])

    def _text(self, entry: MeetingEntry, name: str) -> tuple[str, tuple[str, ...]]:
        """Return the text that stands, and those it had before."""
        texts = [str(entry.body[name]), *(str(r.body["text"]) for r in self._revised.get(entry.entry_id, ()))]
        return texts[-1], tuple(texts[:-1])

    def _attendance(self) -> tuple[Attendee, ...]:
        found = {}
        for e in self._standing:
            if e.what == "attend":
                b = e.body
                found[b["org"], b["person"]] = Attendee(b["org"], b["person"], b["venue"], b["online"], e)
        return tuple(found.values())

    def _material(self, e: MeetingEntry) -> Material:
        title, was = self._text(e, "title")
        tables = tuple(
            MeetingTable(t["title"], tuple(t["columns"]), tuple(tuple(r) for r in t["rows"])) for t in e.body["tables"]
        )
        return Material(title, e.body["step"], e.body["presenter"], e.body["situation"], tables, e, was)

    def _opinion(self, e: MeetingEntry) -> Opinion:
        text, was = self._text(e, "text")
        return Opinion(e.body["org"], e.body["person"], text, e.body["step"], e, was)

    def _options(self) -> tuple[Option, ...]:
        found = {}
        for e in self._standing:
            if e.what == "option":
                b = e.body
                figures = tuple((label, text) for label, text in b["figures"])
                found[b["letter"]] = Option(b["letter"], b["name"], b["scenario"], figures, b["note"], e)
        return tuple(found[letter] for letter in sorted(found))

    def _votes(self) -> tuple[Vote, ...]:
        found = {}
        for e in self._standing:
            if e.what == "vote":
                b = e.body
                found[b["letter"], b["org"]] = Vote(b["letter"], b["org"], b["choice"], e)
        return tuple(found.values())

    def _decisions(self) -> tuple[Decision, ...]:
        links: dict[str, dict[str, Link]] = {}
        for e in self._all("linked"):
            link = Link(e.body["kind"], e.body["ref"], e.body.get("entity", ""), e)
            links.setdefault(e.body["decision"], {}).setdefault(link.ref, link)
        read = {i: self._place[e.entry_id] for e in self._all("read_back") for i in e.body["decisions"]}
        found = []
        for e in self._all("decision"):
            b, (text, was) = e.body, self._text(e, "text")
            due_t = None if b.get("due_t") is None else float(b["due_t"])
            newest = max((self._place[r.entry_id] for r in self._revised.get(e.entry_id, ())), default=-1)
            read_back = read.get(e.entry_id, -1) > newest  # what was corrected since has to be read again
            linked = tuple(links.get(e.entry_id, {}).values())
            found.append(Decision(text, b["type"], b["owner"], due_t, e, was, linked, read_back))
        return tuple(found)


def _revisions(sound: Sequence[MeetingEntry]) -> Revised:
    """Return the corrections of each entry, oldest first; a correction of a correction is one of the first entry.

    One that the centre refused corrects only what it refused as well.
    """
    known = {e.entry_id: e for e in sound}
    found: dict[str, list[MeetingEntry]] = {}
    for entry in sound:
        if entry.what != "revise":
            continue
        target, seen = known.get(entry.body["corrects"]), {entry.entry_id}
        while target is not None and target.what == "revise" and target.entry_id not in seen:
            seen.add(target.entry_id)
            target = known.get(target.body["corrects"])
        if target is not None and target.what != "revise" and (target.refused or not entry.refused):
            found.setdefault(target.entry_id, []).append(entry)
    return found


def _newest(revised: Revised) -> dict[str, str]:
    """Return which correction stands for each corrected entry, the corrections before it among them."""
    found: dict[str, str] = {}
    for target, revisions in revised.items():
        newest = revisions[-1].entry_id
        found |= {target: newest} | {r.entry_id: newest for r in revisions[:-1]}
    return found
