"""The river network: what lies upstream or downstream of a station."""

from __future__ import annotations

from collections.abc import Sequence

from console.domain.objects import River


def upstream_of(code: str, rivers: Sequence[River]) -> frozenset[str]:
    """Return the codes of the stations whose water comes to a station, tributaries included."""
    found: set[str] = set()
    for river, km in _places(code, rivers):
        _above(river, km, rivers, found, set())
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


def _above(river: River, km: float, rivers: Sequence[River], found: set[str], seen: set[str]) -> None:
    if river.code in seen:
        return  # a network that bites its tail is the declaration's fault, not a reason to hang
    seen.add(river.code)
    found |= {n.code for n in river.nodes if n.chainage_km < km}
    for other in rivers:
        if other.joins is not None and other.joins[0] == river.code and other.joins[1] <= km:
            _above(other, float("inf"), rivers, found, seen)
