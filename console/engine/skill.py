"""Scores of a forecast by GB/T 22482-2008 (水文情报预报规范), with KGE, PBIAS and RMSE beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, positive, series_of

Array = NDArray[np.float64]
Grade = Literal["甲", "乙", "丙", "不合格"]
PEAK_SHARE = 0.20
RUNOFF_SHARE, RUNOFF_LEAST_MM, RUNOFF_MOST_MM = 0.20, 3.0, 20.0
TIME_SHARE, TIME_LEAST_H = 0.30, 3.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One forecast figure against its permissible error (许可误差). error = forecast − observed, same unit."""

    error: float
    limit: float

    @property
    def ok(self) -> bool:
        """Tell whether the error is permissible; exactly the limit is."""
        return abs(self.error) <= self.limit * (1 + 1e-12)


@dataclass(frozen=True, slots=True)
class Rate:
    """QR (合格率): how many of n forecasts were within the permissible error."""

    n: int
    passed: int
    percent: float
    grade: Grade
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesScore:
    """Scores of a whole hydrograph.

    dc: deterministic coefficient (equals NSE); None where the observations do not vary. kge: 2009 form,
    None where a mean or spread is 0. pbias_percent: positive when the forecast is too large.
    peak_error: relative; peak_late_steps: positive when late. used, left_out: instants.
    """

    dc: float | None
    grade: Grade | None
    kge: float | None
    rmse: float
    pbias_percent: float | None
    peak_error: float | None
    peak_late_steps: int
    used: int
    left_out: int
    limits: tuple[str, ...]


def peak_by_runoff(forecast: float, observed: float) -> Judged:
    """Judge a flood peak forecast from rain: 20 % of the observed peak."""
    positive(observed, "实测洪峰")
    return Judged(_finite(forecast, "预报洪峰") - observed, PEAK_SHARE * observed)


def peak_by_reach(
    forecast: float,
    observed: float,
    at_issue: float,
    *,
    element: Literal["flow", "level"],
    least: float | None = None,
) -> Judged:
    """Judge a flow or level of a river reach: 20 % of the observed change within the lead time.

    Args:
        at_issue: observed value when the forecast was issued.
        least: smallest limit; None takes 5 % of the observed flow, or 0.10 m of level.

    Raises:
        EngineRefused: a figure that is not finite.

    Source: GB/T 22482-2008 as in the domain dossier §7.9.
    """
    for value, name in ((forecast, "预报值"), (observed, "实测值"), (at_issue, "起报时实测值")):
        _finite(value, name)
    floor = (0.05 * abs(observed) if element == "flow" else 0.10) if least is None else least
    return Judged(forecast - observed, max(PEAK_SHARE * abs(observed - at_issue), floor))


def peak_time(forecast_h: float, observed_h: float, issued_h: float, step_h: float = 1.0) -> Judged:
    """Judge a peak's time: 30 % of issue → observed peak, at least 3 h or one step.

    Raises:
        EngineRefused: the forecast was issued after the peak, or a figure is not finite.
    """
    ahead = _finite(observed_h, "实测峰现时间") - _finite(issued_h, "起报时间")
    if ahead < 0:
        raise EngineRefused("range", "预报发布于实测洪峰之后，不能评定峰现时间")
    return Judged(_finite(forecast_h, "预报峰现时间") - observed_h, max(TIME_SHARE * ahead, TIME_LEAST_H, step_h))


def runoff_depth(forecast_mm: float, observed_mm: float) -> Judged:
    """Judge a runoff depth: 20 % of the observed, not under 3 mm nor over 20 mm."""
    if _finite(observed_mm, "实测径流深") < 0:
        raise EngineRefused("negative", f"实测径流深 {observed_mm:g} mm")
    limit = min(max(RUNOFF_SHARE * observed_mm, RUNOFF_LEAST_MM), RUNOFF_MOST_MM)
    return Judged(_finite(forecast_mm, "预报径流深") - observed_mm, limit)


def qualified_rate(judged: Sequence[Judged]) -> Rate:
    """Return QR of several forecasts.

    Raises:
        EngineRefused: there is none.
    """
    if not judged:
        raise EngineRefused("short", "没有可评定的预报")
    passed = sum(j.ok for j in judged)
    percent = 100.0 * passed / len(judged)
    limits = (f"只有 {len(judged)} 次预报，等级不稳定",) if len(judged) < 10 else ()
    return Rate(len(judged), passed, percent, rate_grade(percent), limits)


def rate_grade(percent: float) -> Grade:
    """Grade QR: 甲 ≥ 85, 乙 ≥ 70, 丙 ≥ 60 %. 甲 and 乙 may be issued, 丙 is for reference."""
    return "甲" if percent >= 85 else "乙" if percent >= 70 else "丙" if percent >= 60 else "不合格"


def dc_grade(dc: float) -> Grade:
    """Grade DC, rounded half up to two places first (our convention): 甲 ≥ 0.90, 乙 ≥ 0.70, 丙 ≥ 0.50."""
    shown = math.floor(dc * 100.0 + 0.5 + 1e-9) / 100.0
    return "甲" if shown >= 0.90 else "乙" if shown >= 0.70 else "丙" if shown >= 0.50 else "不合格"


def series_score(forecast: ArrayLike, observed: ArrayLike) -> SeriesScore:
    """Score a hydrograph, (n,) each; instants where the observation is NaN are left out and counted.

    Raises:
        EngineRefused: shape, gap (in the forecast), short (fewer than 3 instants).

    Source: DC = 1 − Σ(f−o)²/Σ(o−ō)²; KGE of Gupta et al. (2009); PBIAS = 100·Σ(f−o)/Σo.
    """
    f, o = series_of(forecast, "预报过程", low=None), np.asarray(observed, float)
    if o.shape != f.shape:
        raise EngineRefused("shape", f"预报 {f.shape}、实测 {o.shape}")
    seen = np.isfinite(o)
    if seen.sum() < 3:
        raise EngineRefused("short", f"可比较的时刻只有 {int(seen.sum())} 个")
    late = int(np.argmax(f)) - int(np.nanargmax(o))
    left = int((~seen).sum())
    f, o = f[seen], o[seen]
    spread = float(((o - o.mean()) ** 2).sum())
    dc = 1.0 - float(((f - o) ** 2).sum()) / spread if spread > 0 else None
    limits = [f"{left} 个时刻缺实测，未参加评定"] if left else []
    if dc is None:
        limits.append("实测没有变化，确定性系数无意义")
    return SeriesScore(
        dc=dc,
        grade=None if dc is None else dc_grade(dc),
        kge=_kge(f, o),
        rmse=float(np.sqrt(np.mean((f - o) ** 2))),
        pbias_percent=100.0 * float((f - o).sum() / o.sum()) if o.sum() != 0 else None,
        peak_error=float(f.max() / o.max() - 1.0) if o.max() > 0 else None,
        peak_late_steps=late,
        used=len(o),
        left_out=left,
        limits=tuple(limits),
    )


def _kge(f: Array, o: Array) -> float | None:
    if o.std() == 0 or f.std() == 0 or o.mean() == 0:
        return None
    r = float(np.corrcoef(f, o)[0, 1])
    return 1.0 - math.sqrt((r - 1) ** 2 + (f.std() / o.std() - 1) ** 2 + (f.mean() / o.mean() - 1) ** 2)


def _finite(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise EngineRefused("gap", f"{name}不是数")
    return float(value)
