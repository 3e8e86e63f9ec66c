"""The band of a forecast: from its two series of bounds to what a hydrograph shades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from console.state.board import BoardState
from console.viewdata.curves import Band, Curve


async def bands_of(board: BoardState, curves: Sequence[Curve], from_t: int, to_t: int) -> tuple[Band, ...]:
    """Return the bands of the drawn curves in the future. Of the past a bound says nothing: it was measured since.

    A step that lacks one of the two, or has them the wrong way round, is left out.
    """
    found = []
    for curve in curves:
        if not curve.sid or curve.sid not in board.series:
            continue
        near = board.bounds_of(board.series[curve.sid].object_code)
        pair = [near.get(f"{curve.element}{side}") for side in ("LO", "HI")]
        if pair[0] is None or pair[1] is None:
            continue
        rows = await board.window([pair[0].sid, pair[1].sid], from_t, to_t)
        (low_t, low, _), (high_t, high, _) = (rows[s.sid] for s in pair if s is not None)
        t, i, k = np.intersect1d(low_t, high_t, assume_unique=True, return_indices=True)
        good = low[i] <= high[k]  # false for NaN too
        if good.any():
            steps = pair[0].interval_s
            found.append(Band(curve.role, curve.written, t[good], low[i][good], high[k][good], steps, pair[0].source))
    return tuple(found)
