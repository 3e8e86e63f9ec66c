"""What a what-if starts from, read from the cache: flows and levels of the last hours, and the rain where it is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from console.domain.quality import Quality
from console.engine.chain_base import WARM_H as WARM_START_H
from console.engine.chain_base import Base, Key, base_of, reach_h, wanted_series
from console.engine.rain_runoff import WARM_H, wanted_rain
from console.engine.refused import EngineRefused
from console.errors import ConsoleError
from console.state.board import BoardState

BEFORE_S = (WARM_START_H + 12) * 3600
LATE_S = 300
UNFIT = [int(q) for q in (Quality.BAD, Quality.SUSPECT)]


async def read_base(
    board: BoardState,
    declared: Mapping[str, Any],
    base_t: float,
    lead_h: float,
    *,
    with_rain: bool = False,
    given: Collection[str] = (),
) -> Base:
    """Return what a run from a moment starts from, as the cache has it now. given: inflow nodes that need no readings.

    Raises:
        ConsoleError: a flow is missing; says which.
    """
    try:
        until = int(base_t + (lead_h + reach_h(declared)) * 3600)
        keys, rains = _known(board, wanted_series(declared)), _known(board, wanted_rain(declared) if with_rain else ())
        rows = await board.window(list(keys.values()), int(base_t) - BEFORE_S, until)
        rows |= await board.window(list(rains.values()), int(base_t) - WARM_H * 3600, until)
        found = {}
        for key, sid in (keys | rains).items():
            t, v, q = rows[sid]
            good = ~np.isin(q, UNFIT) & np.isfinite(v)
            if good.any():
                found[key] = (t[good], v[good])
        return base_of(declared, found, base_t, lead_h, with_rain=with_rain, given=given)
    except EngineRefused as exc:
        raise ConsoleError(f"没有算：{exc.detail}。", "请换一个起算时间，或等数据到齐后再算。", exc.code) from exc


async def history_comes(
    board: BoardState, declared: Mapping[str, Any], base_t: float, lead_h: float, *, with_rain: bool
) -> bool:
    """Tell whether something of the past that a what-if rests on is still to be fetched: a run of now would not hold.

    What was measured since the base moment counts too; of the last minutes everything may still be on its way.
    """
    until = max(base_t, min(base_t + lead_h * 3600, board.board.now - LATE_S))
    for keys, back_s in ((wanted_series(declared), BEFORE_S), (wanted_rain(declared) if with_rain else (), WARM_H * 3600)):
        for code in {code for code, _ in keys}:
            if await board.holes(code, int(base_t) - back_s, int(until)):
                return True
    return False


def _known(board: BoardState, wanted: Iterable[Key]) -> dict[Key, int]:
    found = ((key, board.series_of(key[0]).get(key[1])) for key in wanted)
    return {key: series.sid for key, series in found if series is not None}
