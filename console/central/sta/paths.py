"""Resource paths: ``Things('LOC00301')/Datastreams`` into steps."""

from __future__ import annotations

import re
from dataclasses import dataclass

from console.central.problems import Problem

_STEP = re.compile(r"(?P<name>[A-Za-z]+)(?:\((?P<key>\d{1,16}|'(?:[^']|'')*')\))?(?:/|$)", re.ASCII)
STEPS = 6


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    key: int | str | None


def parse_path(path: str) -> tuple[Step, ...]:
    """Return the steps of a decoded path below the service root.

    Raises:
        Problem: 404, not of this form or too long.
    """
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None or len(steps) == STEPS:
            raise Problem(404, "not-found", path[:80])
        raw = found["key"]
        key = None if raw is None else int(raw) if raw.isdigit() else raw[1:-1].replace("''", "'")
        steps.append(Step(found["name"], key))
        at = found.end()
    return tuple(steps)
