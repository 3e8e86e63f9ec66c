"""A consultation (会商) as an append-only log: small entries that never change, and the meeting they amount to.

Each entry travels alone, as every other entry does; two consoles that wrote without a network have one meeting
again once both were heard. What the entries amount to is folded in meeting_fold, what one may hold is said in
meeting_rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.domain.time import sane_t


@dataclass(frozen=True, slots=True)
class Step:
    """One item of the agenda. minutes: planned."""

    code: str
    title: str
    minutes: int


STEPS = (
    Step("opening", "会议目的和到会情况", 2),
    Step("weather", "天气形势", 6),
    Step("regime", "雨情水情和预报", 7),
    Step("works", "工程情况", 5),
    Step("options", "调度方案比选", 7),
    Step("members", "成员单位意见", 5),
    Step("local", "各地情况", 8),
    Step("decisions", "讨论和决定", 10),
)
STEP_CODES = tuple(s.code for s in STEPS)
WHATS = {
    "open": "开会",
    "attend": "到会",
    "step": "议程",
    "material": "材料",
    "opinion": "意见",
    "option": "方案",
    "vote": "表态",
    "decision": "决定",
    "linked": "已办理",
    "read_back": "宣读决定",
    "next": "下次会商",
    "close": "散会",
    "revise": "更正",
}
MEETING_LEVELS = ("", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")
VENUES = {"main": "主会场", "branch": "分会场"}
VOTES = {"for": "赞成", "against": "反对", "abstain": "弃权"}
LETTERS = "ABCDEF"
DECISION_TYPES = {
    "response": "应急响应",
    "dispatch": "工程调度",
    "warning": "预警发布",
    "transfer": "人员转移",
    "team": "队伍物资",
    "inspection": "巡查防守",
    "other": "其他",
}
LINK_KINDS = {"response": "应急响应", "order": "调度令", "log": "值班记录"}


@dataclass(frozen=True, slots=True)
class MeetingEntry:
    """One entry. at: the client's UTC s. seq: the centre's order, None while it is not back from there.

    refused: the centre's code; it then stands at this console only.
    """

    entry_id: str
    meeting_id: str
    what: str
    body: Mapping[str, Any]
    author: str
    at: float
    seq: int | None = None
    refused: str = ""
    clock_untrusted: bool = False


def entry_of(
    entry_id: str,
    body: Mapping[str, Any],
    author: str,
    at: object,
    seq: int | None = None,
    refused: str = "",
    clock_untrusted: bool = False,
) -> MeetingEntry:
    """Return the entry of a body as it was sent; which meeting and what it is stand in the body.

    Raises:
        KeyError, TypeError, ValueError: it names no meeting, or the time is none.
    """
    meeting_id, what = body["meeting_id"], body["what"]
    if not isinstance(meeting_id, str) or not meeting_id.strip() or not isinstance(what, str):
        raise ValueError(f"meeting {meeting_id!r:.60} {what!r:.60}")
    return MeetingEntry(entry_id, meeting_id, what, dict(body), author, sane_t(at), seq, refused, clock_untrusted)


@dataclass(frozen=True, slots=True)
class Attendee:
    org: str
    person: str
    venue: str
    online: bool
    entry: MeetingEntry


@dataclass(frozen=True, slots=True)
class MeetingTable:
    """A table as it was shown: texts, one row for each line."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What was shown, frozen. situation: JSON of the picture it was taken from. was: as in Opinion."""

    title: str
    step: str
    presenter: str
    situation: str
    tables: tuple[MeetingTable, ...]
    entry: MeetingEntry
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a member said. text: as it stands; was: the texts it had before it was corrected, oldest first."""

    org: str
    person: str
    text: str
    step: str
    entry: MeetingEntry
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """A way to dispatch. scenario: JSON of its inputs, or "". figures: (name, value with unit), as computed."""

    letter: str
    name: str
    scenario: str
    figures: tuple[tuple[str, str], ...]
    note: str
    entry: MeetingEntry


@dataclass(frozen=True, slots=True)
class Vote:
    letter: str
    org: str
    choice: str
    entry: MeetingEntry


@dataclass(frozen=True, slots=True)
class Link:
    """What a decision led to. ref: id of the op that was entered. entity: what it is about, "order:…"."""

    kind: str
    ref: str
    entity: str
    entry: MeetingEntry


@dataclass(frozen=True, slots=True)
class Decision:
    """due_t: UTC s, None without one. read_back: read aloud as it stands now. was: as in Opinion."""

    text: str
    kind: str
    owner: str
    due_t: float | None
    entry: MeetingEntry
    was: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    read_back: bool = False


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the entries of one meeting amount to.

    known: its opening is here; else the head is empty and the entries wait for it. Times in UTC s.
    entries: all of them, the centre's order first, then those that wait here by their time.
    corrected: id of an entry → id of the newest correction of it. late: ids of what came after the close.
    unreadable: entries that break the form; they change nothing else.
    """

    meeting_id: str
    known: bool = False
    topic: str = ""
    level: str = ""
    chair: str = ""
    recorder: str = ""
    opened_t: float | None = None
    cutoff_t: float | None = None
    step: str = STEPS[0].code
    step_t: float | None = None
    attendance: tuple[Attendee, ...] = ()
    materials: tuple[Material, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    options: tuple[Option, ...] = ()
    votes: tuple[Vote, ...] = ()
    decisions: tuple[Decision, ...] = ()
    next_t: float | None = None
    closed_t: float | None = None
    entries: tuple[MeetingEntry, ...] = ()
    corrected: Mapping[str, str] = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    unreadable: int = 0

    @property
    def live(self) -> bool:
        """Tell whether it still goes on: opened, or not heard of yet, and not closed."""
        return self.closed_t is None

    @property
    def waiting(self) -> int:
        """Return how many entries are not back from the centre, without those that it refused."""
        return sum(1 for e in self.entries if e.seq is None and not e.refused)
