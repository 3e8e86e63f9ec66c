"""Many possible futures as one band: between which values four of five members of an ensemble stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from backend_client.adapters.fews_pi.document import PiSeries
from backend_client.adapters.harvest import BOUNDS, FORECAST

SIDES = {"LO": 0.1, "HI": 0.9}
MEMBERS_MIN = 5  # of fewer a tenth is no member at all


def bound_key(member: PiSeries, side: str) -> str:
    """Return the key of a bound of the ensemble that a member belongs to."""
    return replace(member, member=f"~{side}").key


def is_bound(key: str) -> bool:
    """Tell whether a series' key is that of a bound."""
    return key.rpartition("|")[2] in (f"~{side}" for side in SIDES)


def bounded(series: Iterable[PiSeries], element: dict[str, str]) -> Iterator[tuple[str, PiSeries, str]]:
    """Yield (key, one member, element of the bound) of every ensemble that is large enough.

    element: key of a member → what it forecasts, "" for nothing of ours.
    """
    found: dict[str, list[PiSeries]] = defaultdict(list)
    for s in series:
        if s.member and any(of == element[s.key] for of in BOUNDS.values()):
            found[bound_key(s, "")].append(s)
    for members in found.values():
        if len({m.member for m in members}) >= MEMBERS_MIN:
            for side in SIDES:
                yield bound_key(members[0], side), members[0], f"{element[members[0].key]}{side}"


class Spread:
    """The members' values by time, as published."""

    def __init__(self) -> None:
        self._values: dict[str, dict[int, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))

    def add(self, member: PiSeries, graded: Iterable[tuple[int, float | None, int]]) -> None:
        """Keep what a member forecasts; a doubtful value and the past of a run are no part of a band."""
        for t, value, quality in graded:
            if value is not None and quality == FORECAST:
                for side in SIDES:
                    self._values[bound_key(member, side)][t][member.member] = value

    def rows(self, key: str) -> list[tuple[int, float | None, int]]:
        """Return one bound's (time, published value, quality) where enough members say something."""
        share = SIDES[key.rpartition("~")[2]]
        return [
            (t, float(np.quantile(list(values.values()), share)), FORECAST)
            for t, values in self._values[key].items()
            if len(values) >= MEMBERS_MIN
        ]
