"""The simple way from rain to runoff: what the soil lacks (Im − Pa) is filled, the rest leaves by a unit hydrograph.

Stands in for the Xinanjiang model where a chain declares no parameters of it, and beside it as a second opinion where it
does. Snow is left out; evaporation of the run's few days too.

Source: domain dossier §7.2 (Pa), Nash (1957).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.refused import EngineRefused
from console.engine.unit_hydrograph import antecedent_index, direct_runoff, nash, saturation_net_mm

Array = NDArray[np.float64]
DAY_H = 24


@dataclass(frozen=True, slots=True)
class Simple:
    """im_mm: what the soil holds; keep: of Pa from a day to the next; n, k_h: Nash's; wet: Pa/Im before the warm-up."""

    im_mm: float
    keep: float
    n: float
    k_h: float
    wet: float
    sure: str
    src: str

    @classmethod
    def of(cls, raw: Any, wet: float) -> Simple:
        """Raises: EngineRefused: declared, a key is missing, unknown or out of range."""
        if not isinstance(raw, Mapping):
            raise EngineRefused("declared", "河网文件的 runoff.simple 须为表")
        sure, src = str(raw.get("sure", "假定")), str(raw.get("src", "参数未经率定"))
        try:
            numbers = {str(k): float(v) for k, v in raw.items() if k not in ("sure", "src")}
            made = cls(**numbers, wet=wet, sure=sure, src=src)
        except (TypeError, ValueError) as exc:
            raise EngineRefused("declared", f"河网文件的 runoff.simple 读不懂（{exc}）") from exc
        if not (made.im_mm > 0 and 0 < made.keep <= 1 and made.n > 0 and made.k_h > 0):
            raise EngineRefused("declared", "河网文件的 runoff.simple：im_mm、n、k_h 须为正，keep 在 0 到 1 之间")
        return made


def added_m3s(simple: Simple, area_km2: float, lag_h: float, now_mm: Array, then_mm: Array, warm_h: int) -> Array:
    """Return what changed rain adds to a sub-basin's flow, m³/s hourly from the start (its moment first); may be negative.

    Args:
        now_mm, then_mm: hourly, the rain as it is and as changed, alike in the warm_h hours before the start.

    Raises:
        EngineRefused: gap, negative.
    """
    days = now_mm[warm_h % DAY_H : warm_h].reshape(-1, DAY_H).sum(1)
    wetness = float(antecedent_index(days, simple.keep, simple.im_mm, simple.wet * simple.im_mm).pa_mm[-1])
    hydrograph = nash(simple.n, simple.k_h, 1.0)
    ahead = len(now_mm) - warm_h
    flow = [
        direct_runoff(saturation_net_mm(mm[warm_h:], wetness, simple.im_mm), hydrograph, area_km2, ahead).flow_m3s
        for mm in (now_mm, then_mm)
    ]
    more = np.concatenate([[0.0], flow[1] - flow[0]])
    hours = np.arange(len(more), dtype=float)
    return np.asarray(np.interp(hours - lag_h, hours, more, left=0.0), float)
