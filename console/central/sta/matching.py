"""Filters and orders on the few entities that are held in memory."""

from __future__ import annotations

from typing import Any

from console.central.problems import Problem
from console.central.sta.filters import Compare, Expression
from console.central.sta.model import RELATIONS, Entity


def matches(entity: Entity, expression: Expression) -> bool:
    """Tell whether an entity passes.

    Raises:
        Problem: 400, a property that it does not have, or one of a collection.
    """
    if isinstance(expression, Compare):
        return _compare(entity, expression)
    found = [matches(entity, part) for part in expression.parts]
    return all(found) if expression.word == "and" else any(found)


def sort_key(entity: Entity, name: str) -> tuple[bool, float, str]:
    """Return a key that puts numbers before texts and missing values first.

    Raises:
        Problem: 400, no such property.
    """
    value = _property(entity, (name,))
    if isinstance(value, int | float):
        return True, float(value), ""
    return value is not None, float("inf"), "" if value is None else str(value)


def _compare(entity: Entity, one: Compare) -> bool:
    value = _property(entity, one.path)
    if one.operator in ("eq", "ne"):
        return bool(value == one.value) == (one.operator == "eq")
    if isinstance(value, str) and isinstance(one.value, str):
        return _ordered(value > one.value, value == one.value, one.operator)
    if isinstance(value, int | float) and isinstance(one.value, int | float):
        return _ordered(value > one.value, value == one.value, one.operator)
    return False


def _ordered(greater: bool, equal: bool, operator: str) -> bool:
    return {"gt": greater, "ge": greater or equal, "lt": not greater and not equal, "le": not greater}[operator]


def _property(entity: Entity, path: tuple[str, ...]) -> Any:
    head, rest = path[0], path[1:]
    if head == "id" and not rest:
        return entity.entity_id
    if head in RELATIONS[entity.entity_set] and rest == ("id",):
        ids = entity.links.get(head, ())
        if head == RELATIONS[entity.entity_set][head]:
            raise Problem(400, "filter-unsupported", "/".join(path))
        return ids[0] if ids else None
    value: Any = entity.body
    for name in path:
        if not isinstance(value, dict):
            return None
        if value is entity.body and name not in value:
            raise Problem(400, "unknown-property", name)
        value = value.get(name)
    return value
