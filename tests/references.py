"""Reference cases: each comparison holds its stated tolerance, and the run prints a table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

KEY = "reference"
Within = Callable[..., None]


def hold(noted: list[tuple[str, Any]], case: str, what: str, error: float, allowed: float, unit: str = "") -> None:
    """Hold an error to its tolerance and note it."""
    noted.append((KEY, (case, what, float(error), float(allowed), unit)))
    assert error <= allowed, f"{case} {what}: {error:.3g} {unit} > {allowed:.3g}"


@pytest.fixture
def within(request: pytest.FixtureRequest) -> Within:
    """Return what holds an error to its tolerance and notes it for the table."""
    return partial(hold, request.node.user_properties)


def table(properties: Iterable[tuple[str, Any]]) -> list[str]:
    """Return the table's lines, the worst comparison of each kind, by case; none where nothing was compared."""
    worst: dict[tuple[str, str, float, str], float] = {}
    for key, row in properties:
        if key == KEY:
            case, what, error, allowed, unit = row
            kind = (case, what, allowed, unit)
            worst[kind] = max(error, worst.get(kind, 0.0))
    lines = []
    for (case, what, allowed, unit), error in sorted(worst.items()):
        mark = "✓" if error <= allowed else "✗"
        lines.append(f"{mark} {case:<32} {what:<24} {error:>10.2e} ≤ {allowed:<9.2e} {unit}")
    return lines
