"""A briefing before it is a document: title, what it rests on, tables and pictures in order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """rows: a table whose first row is its head, () for none. picture: PNG, b"" for none; caption stands below it."""

    heading: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    picture: bytes = b""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Briefing:
    title: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
