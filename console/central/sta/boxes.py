"""A filter on observations as boxes (series × time × id range) that any store can read by its key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from backend_client.adapters.times import utc_s
from console.central.problems import Problem
from console.central.sta.filters import Compare, Expression

BOXES = 16
T_BITS = 33  # ids are series × 2³³ + t: whole, unique, in series-then-time order, exact in JSON up to series 2²⁰
ID_MAX = 2**53


@dataclass(frozen=True, slots=True)
class Box:
    """All ends inclusive. sids: None is every series."""

    sids: frozenset[int] | None = None
    from_t: int = 0
    to_t: int = 2**T_BITS - 1
    from_id: int = 0
    to_id: int = ID_MAX

    def __and__(self, other: Box) -> Box:
        sids = other.sids if self.sids is None else self.sids if other.sids is None else self.sids & other.sids
        return Box(
            sids,
            max(self.from_t, other.from_t),
            min(self.to_t, other.to_t),
            max(self.from_id, other.from_id),
            min(self.to_id, other.to_id),
        )

    @property
    def empty(self) -> bool:
        return self.from_t > self.to_t or self.from_id > self.to_id or self.sids == frozenset()


def observation_id(sid: int, t: int) -> int:
    return (sid << T_BITS) | t


def sid_and_t(obs_id: int) -> tuple[int, int]:
    return obs_id >> T_BITS, obs_id & (2**T_BITS - 1)


def boxes_of(expression: Expression | None, within: Box) -> tuple[Box, ...]:
    """Return boxes whose union is what the expression lets through of within; they may overlap.

    Raises:
        Problem: 400, a comparison that a store cannot answer by its key, or too many alternatives.
    """
    found = [within] if expression is None else [b & within for b in _boxes(expression)]
    return tuple(b for b in found if not b.empty)


def _boxes(expression: Expression) -> list[Box]:
    if isinstance(expression, Compare):
        return [_box(expression)]
    found: list[Box] = []
    if expression.word == "or":
        for part in expression.parts:
            found += _boxes(part)
    else:
        found = [Box()]
        for part in expression.parts:
            found = [a & b for a in found for b in _boxes(part)]
            _bound(found)
    _bound(found)
    return found


def _bound(found: Iterable[Box]) -> None:
    if len(list(found)) > BOXES:
        raise Problem(400, "filter-unsupported", f"more than {BOXES} alternatives")


def _box(one: Compare) -> Box:
    if one.operator == "ne":
        raise Problem(400, "filter-unsupported", "ne on observations")
    match one.path:
        case ("phenomenonTime",) | ("resultTime",):
            low, high = _range(one.operator, _time(one), *_cut(one))
            return replace(Box(), from_t=max(0, low), to_t=min(high, Box().to_t))
        case ("id",) if isinstance(one.value, int):
            low, high = _range(one.operator, one.value, True, True)
            return replace(Box(), from_id=max(0, low), to_id=min(high, ID_MAX))
        case ("Datastream", "id") if isinstance(one.value, int) and one.operator == "eq":
            return replace(Box(), sids=frozenset({one.value}))
    raise Problem(400, "filter-unsupported", f"{'/'.join(one.path)} {one.operator}")


def _time(one: Compare) -> int:
    text = str(one.value)
    if one.is_time and not "1970" <= text[:4] < "2100":  # no reading is that old or that late
        return -1 if text[:4] < "1970" else Box().to_t
    try:
        return utc_s(text)
    except ValueError as exc:
        raise Problem(400, "filter-unsupported", f"time {text}") from exc


def _cut(one: Compare) -> tuple[bool, bool]:
    """Return whether t itself belongs to ge and to lt's outside: readings stand at whole seconds."""
    whole = re.search(r"\.\d*[1-9]", str(one.value)) is None
    return whole, whole


def _range(operator: str, at: int, ge_holds: bool, lt_stops: bool) -> tuple[int, int]:
    far = 2**62
    match operator:
        case "eq":
            return (at, at) if ge_holds else (1, 0)
        case "ge":
            return (at if ge_holds else at + 1), far
        case "gt":
            return at + 1, far
        case "lt":
            return -far, (at - 1 if lt_stops else at)
    return -far, at
