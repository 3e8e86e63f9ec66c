"""The floods of other years beside this one's: each year's highest flood of the cache as a loop of stage and discharge."""

from __future__ import annotations

import asyncio
from functools import partial

import numpy as np

from console.domain.time import beijing, from_beijing
from console.engine.series_stats import trusted
from console.presenters.rating_pairs import paired
from console.state.board import BoardState
from console.store.cache_reader import Rows
from console.viewdata.curve_tools import YearLoop

YEARS_BACK = 15
MOST = 4
POINTS_MIN = 6  # fewer pairs are no loop


class YearLoops:
    """Reads a year at a time, so that the cache's worker stays free; what was read is kept until it changes."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._kept: tuple[YearLoop, ...] = ()

    def known(self, board: BoardState, pair: tuple[int, int], moment: float, span_s: float) -> bool:
        """Tell whether nothing has to be read for them."""
        return self._key == self._key_of(board, pair, moment, span_s)

    @staticmethod
    def _key_of(board: BoardState, pair: tuple[int, int], moment: float, span_s: float) -> tuple[object, ...]:
        return pair, beijing(moment).year, span_s, board.history, board.revision(()), id(board.stations)

    async def of(self, board: BoardState, pair: tuple[int, int], moment: float, span_s: float) -> tuple[YearLoop, ...]:
        """Return the loops of the other years before a moment, those with the highest floods, in order of years."""
        key = self._key_of(board, pair, moment, span_s)
        if key != self._key:
            this = beijing(moment).year
            first = beijing(float(board.extent[0])).year if board.extent else this
            found = []
            for year in range(max(first, this - YEARS_BACK), this):
                rows = await board.window(pair, from_beijing(f"{year}-01-01"), from_beijing(f"{year + 1}-01-01") - 1)
                work = partial(loop_of_year, year, rows[pair[0]], rows[pair[1]], span_s)
                loop = await asyncio.get_running_loop().run_in_executor(None, work)
                found += [loop] if loop is not None else []
            found.sort(key=lambda loop: -float(loop.level_m.max()))
            self._key, self._kept = key, tuple(sorted(found[:MOST], key=lambda loop: loop.year))
        return self._kept


def loop_of_year(year: int, level: Rows, flow: Rows, span_s: float) -> YearLoop | None:
    """Return the pairs around a year's highest level, None where there are too few."""
    v = trusted(level[1], level[2])
    if not np.isfinite(v).any():
        return None
    peak = int(level[0][int(np.nanargmax(v))])
    t, z, q, measured = paired(level, flow)
    near = np.abs(t - peak) <= span_s / 2
    if int(near.sum()) < POINTS_MIN:
        return None
    return YearLoop(year, t[near], z[near], q[near], measured[near])
