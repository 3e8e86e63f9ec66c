"""Query options of SensorThings into frozen values; what is not supported is refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from console.central.problems import Problem
from console.central.sta.filters import Expression, parse_filter

DEFAULT_TOP = 100
TOP_MAX = 1000
ARRAY_TOP_MAX = 5000
DEPTH_MAX = 4


@dataclass(frozen=True, slots=True)
class Options:
    """order: (property, descending). token: where a next link goes on. expand: (relation, its options).

    said: filter and expand as written, for the next link of an expansion.
    """

    top: int = DEFAULT_TOP
    skip: int = 0
    count: bool = False
    order: tuple[tuple[str, bool], ...] = ()
    filter: Expression | None = None
    select: tuple[str, ...] = ()
    expand: tuple[tuple[str, Options], ...] = ()
    token: str = ""
    array: bool = False
    said: tuple[tuple[str, str], ...] = ()


def parse_options(items: Iterable[tuple[str, str]], depth: int = 0) -> Options:
    """Return the options of a query string or of one expansion.

    Raises:
        Problem: 400, an option that is unknown, repeated, or malformed.
    """
    given: dict[str, str] = {}
    for raw, text in items:
        name = raw.strip().removeprefix("$")
        if name in given:
            raise Problem(400, "option-repeated", raw)
        if raw.strip().startswith("$") or name == "resultFormat":
            given[name] = text.strip()
    options = Options()
    for name, text in given.items():
        options = _with(options, name, text, depth)
    return replace(options, top=min(options.top, ARRAY_TOP_MAX if options.array else TOP_MAX))


def _with(options: Options, name: str, text: str, depth: int) -> Options:
    match name:
        case "top":
            return replace(options, top=_number(name, text))
        case "skip":
            return replace(options, skip=_number(name, text))
        case "count" if text in ("true", "false"):
            return replace(options, count=text == "true")
        case "orderby":
            return replace(options, order=tuple(_order(part) for part in text.split(",")))
        case "filter":
            return replace(options, filter=parse_filter(text), said=(*options.said, (name, text)))
        case "select":
            return replace(options, select=tuple(part.strip() for part in text.split(",") if part.strip()))
        case "expand" if depth < DEPTH_MAX:
            return replace(options, expand=parse_expand(text, depth + 1), said=(*options.said, (name, text)))
        case "skiptoken" if depth == 0:
            return replace(options, token=text)
        case "resultFormat" if depth == 0 and text == "dataArray":
            return replace(options, array=True)
    raise Problem(400, "option-unsupported", f"${name}={text}")


def parse_expand(text: str, depth: int = 1) -> tuple[tuple[str, Options], ...]:
    """Return expansions; the same relation named twice is merged, as several public clients send it."""
    found: dict[str, Options] = {}
    for item in split_outside(text, ","):
        head, *rest = split_outside(item.strip(), "/")
        name, opened, inside = head.strip().partition("(")
        if not name or (opened and not inside.endswith(")")):
            raise Problem(400, "expand-malformed", item)
        pairs = [p.partition("=")[::2] for p in split_outside(inside[:-1], ";") if p.strip()] if opened else []
        options = parse_options(pairs, depth)
        if rest:
            if depth >= DEPTH_MAX:
                raise Problem(400, "expand-too-deep", item)
            options = replace(options, expand=_merged(options.expand, parse_expand("/".join(rest), depth + 1)))
        found[name] = _both(found[name], options) if name in found else options
    return tuple(found.items())


def _merged(a: tuple[tuple[str, Options], ...], b: tuple[tuple[str, Options], ...]) -> tuple[tuple[str, Options], ...]:
    found = dict(a)
    for name, options in b:
        found[name] = _both(found[name], options) if name in found else options
    return tuple(found.items())


def _both(a: Options, b: Options) -> Options:
    """Return a with what b sets and a does not."""
    plain = Options()
    return Options(
        top=b.top if a.top == plain.top else a.top,
        skip=a.skip or b.skip,
        count=a.count or b.count,
        order=a.order or b.order,
        filter=a.filter or b.filter,
        select=a.select or b.select,
        expand=_merged(a.expand, b.expand),
        said=a.said or b.said,
    )


def split_outside(text: str, mark: str) -> list[str]:
    """Split at marks that stand outside parentheses and quotes.

    Raises:
        Problem: 400, unbalanced.
    """
    parts, depth, quoted, begin = [], 0, False, 0
    for i, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted and char in "()":
            depth += 1 if char == "(" else -1
        elif not quoted and depth == 0 and char == mark:
            parts.append(text[begin:i])
            begin = i + 1
        if depth < 0:
            break
    if depth or quoted:
        raise Problem(400, "unbalanced", text)
    return [*parts, text[begin:]]


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Problem(400, "option-malformed", f"${name}={text}")
    return int(text)


def _order(part: str) -> tuple[str, bool]:
    words = part.split()
    if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
        raise Problem(400, "option-malformed", f"$orderby={part}")
    return words[0].removeprefix("@iot."), len(words) == 2 and words[1].lower() == "desc"
