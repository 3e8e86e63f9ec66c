"""Figures of a station's document that curves use, checked: what breaks the form is left out with a reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.domain.objects import Station
from console.texts import printable
from console.viewdata.curve_tools import Gauging

MANY = 500


@dataclass(frozen=True, slots=True)
class AnnualMaxima:
    """element: Z or Q. values: (year, maximum), one a year."""

    element: str
    unit: str
    source: str
    values: tuple[tuple[int, float], ...]
    left_out: int


def number(value: Any) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def annual_maxima(station: Station) -> AnnualMaxima | None:
    raw = station.facts.get("annual_max")
    if not isinstance(raw, Mapping) or not isinstance(raw.get("values"), list | tuple):
        return None
    found: dict[int, float] = {}
    for row in raw["values"][:MANY]:
        pair = [number(c) for c in row[:2]] if isinstance(row, list | tuple) and len(row) >= 2 else []
        if len(pair) == 2 and pair[0] is not None and pair[1] is not None and pair[1] > 0 and 1000 <= pair[0] <= 3000:
            found[int(pair[0])] = pair[1]
    texts = [printable(str(raw.get(k) or ""), 80) for k in ("element", "unit", "source")]
    values = tuple(sorted(found.items()))
    return AnnualMaxima(texts[0] or "Q", texts[1], texts[2], values, len(raw["values"]) - len(values))


def return_flows(station: Station) -> tuple[list[tuple[float, float]], str] | None:
    """Return published ([(years, m³/s), …], source); None where there are not two of them."""
    raw = station.facts.get("return_flows")
    if not isinstance(raw, Mapping) or not isinstance(raw.get("points"), list | tuple):
        return None
    points = []
    for row in raw["points"][:MANY]:
        pair = [number(c) for c in row[:2]] if isinstance(row, list | tuple) and len(row) >= 2 else []
        if len(pair) == 2 and pair[0] is not None and pair[1] is not None:
            points.append((pair[0], pair[1]))
    return (points, printable(str(raw.get("source") or ""), 80)) if len(points) >= 2 else None


def gaugings(station: Station) -> tuple[tuple[Gauging, ...], int]:
    """Return the published pairs of level and flow, and how many rows could not be read."""
    raw = station.facts.get("gaugings")
    rows = list(raw[:MANY]) if isinstance(raw, list | tuple) else []
    found = []
    for row in rows:
        z, q = (number(c) for c in row[:2]) if isinstance(row, list | tuple) and len(row) >= 2 else (None, None)
        if z is None or q is None or q <= 0:
            continue
        date, source = (printable(str(c), 80) for c in [*row[2:4], "", ""][:2])
        found.append(Gauging(z, q, date, source, bool(row[4]) if len(row) > 4 else False))
    return tuple(found), len(rows) - len(found)
