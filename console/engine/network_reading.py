"""Reads the keys of one node of a river network, and remembers which of its values nobody published.

A value is a number, a list, or a table with `value` (or `points`, `rows`) and `sure`, `src`: how sure it is and
whence. What is not 公布 or 推算 is listed by every run that uses it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.refused import EngineRefused
from console.engine.storage import LevelTable

Array = NDArray[np.float64]
SURE = ("公布", "推算", "常识", "重建", "假定", "方案")
SETTLED = ("公布", "推算", "方案")


@dataclass(frozen=True, slots=True)
class Assumed:
    """A parameter that is not published: node's name, key, how sure (假定, 常识, 重建) and the remark beside it."""

    node: str
    key: str
    sure: str
    source: str


class Reading:
    """Reads one node's keys, remembers which were not published, and refuses what is left over."""

    def __init__(self, node_id: str, raw: Mapping[str, Any]) -> None:
        self._id, self._raw, self._read = node_id, raw, set[str]()
        self.name = str(raw.get("name", node_id))
        self.assumed: list[Assumed] = []

    def refuse(self, key: str, why: str) -> EngineRefused:
        return EngineRefused("declared", f"节点“{self._id}”的 {key}：{why}")

    def get(self, key: str) -> Any:
        """Return the bare value of a key, None when absent; note how sure it is."""
        self._read.add(key)
        raw = self._raw.get(key)
        if isinstance(raw, Mapping) and "sure" in raw:
            if raw["sure"] not in SURE:
                raise self.refuse(key, f"sure = {raw['sure']!r}，须为 {'、'.join(SURE)} 之一")
            if raw["sure"] not in SETTLED:
                self.assumed.append(Assumed(self.name, key, str(raw["sure"]), str(raw.get("src", ""))))
            for inner in ("value", "points", "rows"):
                if inner in raw:
                    return raw[inner]
            return {k: v for k, v in raw.items() if k not in ("sure", "src")}
        return raw

    def leave(self, key: str) -> None:
        """Let a key be that this run does not need."""
        self._read.add(key)

    def text(self, key: str) -> str | None:
        value = self.get(key)
        if value is not None and not (isinstance(value, str) and value):
            raise self.refuse(key, "须为文字")
        return value

    def number(self, key: str, *, low: float | None = None, need: bool = False) -> float | None:
        value = self.get(key)
        if value is None:
            if need:
                raise self.refuse(key, "缺少")
            return None
        return self.checked(key, value, low)

    def must(self, key: str, *, low: float | None = None) -> float:
        value = self.number(key, low=low, need=True)
        if value is None:
            raise self.refuse(key, "缺少")
        return value

    def checked(self, key: str, value: Any, low: float | None = None) -> float:
        """Return a finite number, not below low."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.refuse(key, f"{value!r} 不是数")
        if low is not None and value < low:
            raise self.refuse(key, f"{value:g} 小于 {low:g}")
        return float(value)

    def pairs(self, key: str, value: Any = None) -> tuple[Array, Array] | None:
        """Return two columns of a list of pairs whose first column rises, None when absent."""
        raw = self.get(key) if value is None else value
        if raw is None:
            return None
        if isinstance(raw, str) or not isinstance(raw, Sequence) or not raw:
            raise self.refuse(key, "须为若干对数")
        rows = []
        for i, row in enumerate(raw):
            if isinstance(row, str) or not isinstance(row, Sequence) or len(row) != 2:
                raise self.refuse(key, f"第 {i + 1} 行须为一对数")
            rows.append([self.checked(f"{key} 第 {i + 1} 行", v) for v in row])
        table = np.array(rows)
        if (np.diff(table[:, 0]) <= 0).any():
            raise self.refuse(key, f"第 {int(np.argmax(np.diff(table[:, 0]) <= 0)) + 2} 行的第一列须递增")
        return table[:, 0], table[:, 1]

    def table(self, key: str, value: Any = None) -> LevelTable | None:
        """Return a level table with straight lines between its points."""
        pairs = self.pairs(key, value)
        if pairs is None:
            return None
        try:
            return LevelTable(pairs[0].tolist(), pairs[1].tolist(), smooth=False)
        except ValueError as exc:
            raise self.refuse(key, f"至少两点，数值不为负且不减（{exc}）") from exc

    def done(self) -> None:
        """Refuse keys that nobody read: a misspelt one must not be passed over."""
        left = [k for k in self._raw if k not in self._read and k not in ("id", "name", "kind", "note")]
        if left:
            raise self.refuse(left[0], "不认识的项")
