"""A briefing before it is a document: title, what it rests on, tables, charts and pictures in order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A curve. points: (x, y), a break where y is None. dots: readings, drawn as dots and not joined."""

    name: str
    points: tuple[tuple[float, float | None], ...]
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves over time. x: hours after start, which is told in words. limits: (words, value)."""

    unit: str
    start: str
    lines: tuple[Line, ...]
    limits: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """rows: a table whose first row is its head, () for none. picture: PNG, b"" for none; caption stands below it.

    chart: what is drawn natively where a document can; drawing: the same as SVG, where it takes one, and picture is
    then its likeness for programs that know neither.
    """

    heading: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    picture: bytes = b""
    caption: str = ""
    chart: Chart | None = None
    drawing: bytes = b""


@dataclass(frozen=True, slots=True)
class Briefing:
    title: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
