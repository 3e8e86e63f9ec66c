"""Reading scenarios strictly: each fault names the key, the value that stands there and what would be right."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.errors import ConsoleError

POINTS_MAX = 5000
DAY = 86_400.0
HORIZON_S = 60 * DAY
LIMITS: dict[str, tuple[float, float]] = {
    "made_t": (0.0, 4_102_444_800.0),
    "base_t": (0.0, 4_102_444_800.0),
    "lead_h": (1.0, 24.0 * 60),
    "factor": (0.0, 10.0),
    "add_m3s": (-100_000.0, 100_000.0),
    "shift_h": (-72.0, 72.0),
    "width_m": (1.0, 3000.0),
    "at_s": (0.0, HORIZON_S),
    "growth_h": (0.0, 72.0),
    "sill_m": (-50.0, 2000.0),
    "open_s": (0.0, HORIZON_S),
    "close_s": (0.0, HORIZON_S),
    "flow_m3s": (0.0, 50_000.0),
    "surge_m": (-3.0, 6.0),
    "peak_s": (0.0, HORIZON_S),
    "level_m": (-10.0, 2000.0),
    "at_km": (0.0, 3000.0),
    "mass_kg": (0.001, 1e9),
    "from_s": (0.0, HORIZON_S),
    "to_s": (0.0, HORIZON_S),
    "limit_mg_l": (1e-9, 1e6),
    "decay_per_d": (0.0, 100.0),
}


class ScenarioError(ConsoleError):
    """A scenario breaks its form."""

    def __init__(self, key: str, value: str, why: str) -> None:
        super().__init__(f"情景的 {key} 为 {value}，不能用。", f"{why}。")
        self.key = key


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one table. where: how it is called in what is said of a fault."""

    raw: Mapping[str, Any]
    where: str

    @staticmethod
    def of(raw: Any, where: str) -> Reader:
        """Raises: ScenarioError: it is not a table."""
        if not isinstance(raw, Mapping):
            raise ScenarioError(where.strip(), f"{raw!r:.60}", "应为一个表")
        return Reader(raw, where)

    def fault(self, key: str, why: str) -> ScenarioError:
        return ScenarioError(f"{self.where}{key}", f"{self.raw[key]!r:.60}" if key in self.raw else "空缺", why)

    def only(self, known: set[str]) -> None:
        for key in self.raw:
            if key not in known:
                raise self.fault(str(key), f"不认识这一项；可用：{'、'.join(sorted(known))}")

    def number(self, key: str) -> float:
        low, high = LIMITS[key]
        value = self.raw.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.fault(key, f"应为 {low:g} 到 {high:g} 之间的数")
        return float(value)

    def choice(self, key: str, among: tuple[str, ...]) -> str:
        value = self.raw.get(key)
        if value not in among:
            raise self.fault(key, f"应为 {'、'.join(among)} 之一")
        return str(value)

    def text(self, key: str, limit: int, default: str | None = None) -> str:
        value = self.raw.get(key, default)
        if not isinstance(value, str) or len(value) > limit or (default is None and not value.strip()):
            raise self.fault(key, f"应为不超过 {limit} 个字的文字" + ("" if default is not None else "，不能空着"))
        if any(unicodedata.category(ch)[0] == "C" for ch in value):
            raise self.fault(key, "不能有换行和控制字符")
        return value

    def items(self, key: str, most: int) -> list[Any]:
        value = self.raw.get(key, [])
        if not isinstance(value, list | tuple) or len(value) > most:
            raise self.fault(key, f"应为一列，最多 {most} 项")
        return list(value)

    def points(self, key: str, low: float, high: float, unit: str) -> tuple[tuple[float, float], ...]:
        """Return (seconds after the base moment, value), in order."""
        out: list[tuple[float, float]] = []
        for n, item in enumerate(self.items(key, POINTS_MAX), 1):
            where = f"{self.where}{key} 第 {n} 行"
            if not isinstance(item, list | tuple) or len(item) != 2 or not all(_is_number(v) for v in item):
                raise ScenarioError(where, f"{item!r:.60}", "应为 [时间秒, 数值]")
            t, value = float(item[0]), float(item[1])
            if not 0 <= t <= HORIZON_S or (out and t <= out[-1][0]):
                raise ScenarioError(where, f"{t:g} s", f"时间应依次增大，在 0 到 {HORIZON_S:g} s 之间")
            if not low <= value <= high:
                raise ScenarioError(where, f"{value:g} {unit}", f"应在 {low:g} 到 {high:g} {unit} 之间")
            out.append((t, value))
        return tuple(out)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
