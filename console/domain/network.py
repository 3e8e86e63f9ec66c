"""The river network: what lies upstream or downstream of a station."""

from __future__ import annotations

import math
from collections.abc import Sequence

from console.domain.objects import River


def upstream_of(code: str, rivers: Sequence[River]) -> frozenset[str]:
    """Return the codes of the stations whose water comes to a station, tributaries included."""
    tributaries: dict[str, list[River]] = {}
    for river in rivers:
        if river.joins is not None:
            tributaries.setdefault(river.joins[0], []).append(river)
    found, seen = set[str](), set[str]()
    waiting = _places(code, rivers)
    while waiting:
        river, km = waiting.pop()
        if river.code in seen:
            continue  # a network that bites its tail is the declaration's fault, not a reason to hang
        seen.add(river.code)
        found |= {n.code for n in river.nodes if n.chainage_km < km}
        waiting += [(t, math.inf) for t in tributaries.get(river.code, ()) if t.joins is not None and t.joins[1] <= km]
    return frozenset(found - {code})


def downstream_of(code: str, rivers: Sequence[River]) -> frozenset[str]:
    """Return the codes of the stations that a station's water comes to."""
    by_code: dict[str, River] = {r.code: r for r in rivers}
    found: set[str] = set()
    for start, start_km in _places(code, rivers):
        river: River | None = start
        km, seen = start_km, set[str]()
        while river is not None and river.code not in seen:
            seen.add(river.code)
            found |= {n.code for n in river.nodes if n.chainage_km > km}
            into = river.joins
            if into is None:
                break
            river, km = by_code.get(into[0]), into[1]
    return frozenset(found - {code})


def _places(code: str, rivers: Sequence[River]) -> list[tuple[River, float]]:
    return [(r, n.chainage_km) for r in rivers for n in r.nodes if n.code == code]
