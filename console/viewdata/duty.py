"""What the duty workspace draws."""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.states import State


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm line. state gives colour and shape; acks: (who, note, when, pending)."""

    alarm_id: str
    object_code: str
    state: State
    stale_rule: bool
    title: str
    detail: str
    onset_text: str
    seen_text: str
    lasted_text: str
    active: bool
    acks: tuple[tuple[str, str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class FileView:
    """One attachment in words: name with size, state; here: its content is on this machine."""

    sha256: str
    name: str
    size: int
    text: str
    here: bool


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line of the duty log. status: 已上报, 待上报 or why it was refused."""

    entry_id: str
    time_text: str
    kind: str
    text: str
    author: str
    status: str
    pending: bool
    refused: bool
    files: tuple[FileView, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the overview: name, big number, unit, what it rests on. state colours it.

    topic: what a click looks into, "" for nothing; panel: which panel it goes to instead.
    wide: False for one that has nothing to say.
    """

    code: str
    name: str
    value: str
    unit: str
    lines: tuple[str, ...]
    coverage: str
    state: State
    topic: str = ""
    wide: bool = True
    panel: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """One sentence per group of what is going on; code selects its object."""

    code: str
    state: State
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of an object card: name, value with unit, where it is from."""

    name: str
    value: str
    source: str = ""
    ink: str = "text"


@dataclass(frozen=True, slots=True)
class CardSection:
    """A group of lines under one word: a topic, what lies nearby, documents."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class CardLink:
    """What can be opened or done from a card. text: Chinese."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ObjectCardView:
    """state_word: the translated word of the state."""

    code: str
    title: str
    subtitle: str
    state: State
    sections: tuple[CardSection, ...]
    note: str = ""
    state_word: str = ""
    links: tuple[CardLink, ...] = ()
