"""``$filter`` of SensorThings: comparisons with and/or; anything else is refused with 400."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from console.central.problems import Problem

LENGTH = 2000
_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[()])|(?P<text>'(?:[^']|'')*')"
    r"|(?P<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w-])|(?P<word>[@A-Za-z][\w@./]*))",
    re.ASCII,
)
OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
Value = str | float | int | None


@dataclass(frozen=True, slots=True)
class Compare:
    """path: relation names and the property, ``@iot.id`` as ``id``. is_time: value is an ISO time."""

    path: tuple[str, ...]
    operator: str
    value: Value
    is_time: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """word: "and" or "or"."""

    word: str
    parts: tuple[Expression, ...]


Expression = Compare | Joined


def parse_filter(text: str) -> Expression:
    """Return the expression of a filter.

    Raises:
        Problem: 400, not understood.
    """
    if len(text) > LENGTH:
        raise Problem(400, "filter-too-long")
    tokens: list[tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise Problem(400, "filter-unsupported", text[at : at + 60])
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    reader = _Reader(tokens)
    expression = reader.either(0)
    if reader.left():
        raise Problem(400, "filter-unsupported", reader.peek()[1])
    return expression


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self.left() else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self._at += 1
        return token

    def either(self, depth: int) -> Expression:
        return self._joined("or", lambda: self._joined("and", lambda: self._one(depth)))

    def _joined(self, word: str, part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self.peek() == ("word", word):
            self.take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _one(self, depth: int) -> Expression:
        kind, text = self.take()
        if (kind, text) == ("paren", "(") and depth < 20:
            inside = self.either(depth + 1)
            if self.take() != ("paren", ")"):
                raise Problem(400, "filter-unsupported", "parenthesis")
            return inside
        if kind != "word" or text in ("not", "and", "or"):
            raise Problem(400, "filter-unsupported", text)
        operator = self.take()[1]
        if operator not in OPERATORS:
            raise Problem(400, "filter-unsupported", f"{text} {operator}")
        value_kind, raw = self.take()
        path = tuple("id" if p == "@iot.id" else p for p in text.split("/"))
        return Compare(path, operator, _value(value_kind, raw), value_kind == "time")


def _value(kind: str, raw: str) -> Value:
    if kind == "text":
        return raw[1:-1].replace("''", "'")
    if kind == "time":
        return raw
    if kind == "number":
        return int(raw) if re.fullmatch(r"-?\d+", raw) else float(raw)
    if kind == "word" and raw == "null":
        return None
    raise Problem(400, "filter-unsupported", raw)
