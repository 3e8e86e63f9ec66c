"""The river before a levee that gives way: with a level that is given, or one that falls with what it loses.

Below the breach less water runs, and in a river that flows below critical speed the level at the breach is that of
the flow which stays: rating (flow that comes − flow through the breach). Both are found together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Through = Callable[[float], float]
"""Gives the flow through the breach, m³/s, for a river at a level, m: no less for a higher one, negative for what runs back."""
CLOSE = 1e-9  # of the flow, where the search ends


@dataclass(slots=True)
class Taken:
    """What a breach takes from the river just now, m³/s, for those lower down that run at the same time."""

    m3s: float = 0.0


class River(Protocol):
    """What stands before a breach; t_s: seconds after it."""

    @property
    def highest_m(self) -> float:
        """Return the highest level that the river has without a breach."""
        ...

    def level(self, t_s: float, taken_m3s: float, /) -> float:
        """Return the level, m, while so much is taken from it."""
        ...

    def taken(self, t_s: float, through: Through, /) -> float:
        """Return the flow that leaves it, m³/s; negative for what runs back into it."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class GivenRiver:
    """A level that the breach does not change. t_s (m,) ascending, level_m (m,)."""

    t_s: Array
    level_m: Array

    @property
    def highest_m(self) -> float:
        return float(self.level_m.max())

    def level(self, t_s: float, _taken_m3s: float, /) -> float:
        return float(np.interp(t_s, self.t_s, self.level_m))

    def taken(self, t_s: float, through: Through, /) -> float:
        return through(self.level(t_s, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRiver:
    """A level by a rating. t_s (n,) ascending; flow_m3s (n,) that comes; over_m (n,): over the rating's level.

    curve_m, curve_m3s (k,): the rating, ascending; beyond its ends the end's level stands. above: breaches before this one.
    """

    t_s: Array
    flow_m3s: Array
    over_m: Array
    curve_m: Array
    curve_m3s: Array
    above: tuple[Taken, ...] = ()

    @property
    def highest_m(self) -> float:
        return float((np.interp(self.flow_m3s, self.curve_m3s, self.curve_m) + self.over_m).max())

    def level(self, t_s: float, taken_m3s: float, /) -> float:
        return float(np.interp(self._comes(t_s) - taken_m3s, self.curve_m3s, self.curve_m) + self._over(t_s))

    def taken(self, t_s: float, through: Through, /) -> float:
        comes, over = self._comes(t_s), self._over(t_s)

        def lacking(taken: float) -> float:
            """Return how much more than taken would flow with the level that taken leaves."""
            return through(float(np.interp(comes - taken, self.curve_m3s, self.curve_m)) + over) - taken

        with_all = lacking(0.0)  # through the breach while nothing leaves the river
        if with_all == 0.0:
            return 0.0
        least, most = min(0.0, with_all), max(0.0, comes)
        if with_all < 0.0:  # what runs back raises the river: no more than that comes
            most = 0.0
        elif lacking(most) >= 0.0:  # the whole river
            return most
        from scipy.optimize import brentq  # slow to import: not before a breach is computed

        return float(brentq(lacking, least, most, xtol=CLOSE * (most - least), rtol=CLOSE))

    def _comes(self, t_s: float) -> float:
        return max(0.0, float(np.interp(t_s, self.t_s, self.flow_m3s)) - sum(one.m3s for one in self.above))

    def _over(self, t_s: float) -> float:
        return float(np.interp(t_s, self.t_s, self.over_m))
