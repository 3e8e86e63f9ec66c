"""Why a calculation was not made: a code for programs and a sentence that names the row."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class EngineRefused(ValueError):
    """The input cannot be calculated.

    code: gap, negative, shape, parameter, unstable, range, short, cycle, declared, cancelled.
    detail: what and where, in Chinese.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def series_of(values: ArrayLike, name: str, *, low: float | None = 0.0, ndim: int | None = 1) -> Array:
    """Return a finite float array, any shape unless ndim says which.

    Args:
        values: anything array-like.
        name: how the series is called in the refusal.
        low: smallest value allowed; None allows any.

    Raises:
        EngineRefused: shape, gap (not finite) or negative (below low), with the first row that is so.
    """
    try:
        array = np.asarray(values, float)
    except (TypeError, ValueError) as exc:
        raise EngineRefused("shape", f"{name}：不是数值序列") from exc
    if array.size == 0 or (ndim is not None and array.ndim != ndim):
        raise EngineRefused("shape", f"{name}：维数 {array.ndim}、个数 {array.size}，不是可计算的序列")
    if not np.isfinite(array).all():
        raise EngineRefused("gap", f"{name}：{_where(~np.isfinite(array))}缺测或不是数")
    if low is not None and (array < low).any():
        bad = array < low
        raise EngineRefused("negative", f"{name}：{_where(bad)}为 {array[bad].flat[0]:g}，小于 {low:g}")
    return array


def positive(value: float, name: str) -> float:
    """Return a finite number over 0.

    Raises:
        EngineRefused: it is not.
    """
    if not (np.isfinite(value) and value > 0):
        raise EngineRefused("parameter", f"{name} = {value:g}，须为正数")
    return float(value)


def _where(bad: NDArray[np.bool_]) -> str:
    first = np.argwhere(bad)[0]
    if len(first) == 0:
        return ""
    return (
        f"第 {int(first[0]) + 1} 行" if len(first) == 1 else "第 " + "、".join(str(int(i) + 1) for i in first) + " 位（行、列）"
    )
