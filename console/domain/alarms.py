"""Alarms: their rules in words, how grave each is, and the document that carries one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.domain.time import sane_t

UNIT_LIMIT = 12
SEVERITY = {
    "stale": 1,
    "rise_rate": 1,
    "warning": 2,
    "flood_limit": 3,
    "guaranteed": 4,
    "record": 5,
    "record_flow": 5,
    "design": 4,
    "check": 5,
    "crest": 5,
    "over_limit": 2,
    "far_over_limit": 4,
    "under_limit": 2,
    "far_under_limit": 4,
    "scour": 4,
    "structure": 4,
}
WORDS = {
    "stale": "数据中断",
    "rise_rate": "涨率过快",
    "warning": "超警戒",
    "flood_limit": "超汛限",
    "guaranteed": "超保证",
    "record": "超历史",
    "record_flow": "流量超历史",
    "design": "超设计水位",
    "check": "超校核水位",
    "crest": "水位达坝顶",
    "over_limit": "超限值",
    "far_over_limit": "严重超限",
    "under_limit": "低于限值",
    "far_under_limit": "严重偏低",
    "scour": "堤脚冲刷超限",
    "structure": "安全监测异常",
}
LIMITS = frozenset({"over_limit", "far_over_limit", "under_limit", "far_under_limit"})  # of any element, in its unit
LOW = frozenset({"under_limit", "far_under_limit"})  # their peak is the lowest value


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of one rule at one object; times are data times, UTC seconds.

    alarm_id is made of rule, object and onset, so every console names it alike. simulated: what it
    rests on was made up for a drill. unit: of its figures, "" for metres or what the rule implies.
    """

    alarm_id: str
    rule: str
    object_code: str
    severity: int
    figure: float | None
    onset_t: int
    value: float | None
    peak: float | None
    peak_t: int | None
    first_seen_t: int
    cleared_t: int | None = None
    quality: int = 0
    simulated: bool = False
    unit: str = ""

    @property
    def active(self) -> bool:
        return self.cleared_t is None

    def active_at(self, t: float) -> bool:
        """Tell whether it stood at a moment, for views that look back."""
        return self.onset_t <= t and (self.cleared_t is None or self.cleared_t > t)

    def to_doc(self) -> dict[str, Any]:
        return (
            {
                "rule": self.rule,
                "object": self.object_code,
                "severity": self.severity,
                "figure": self.figure,
                "onset_t": self.onset_t,
                "value": self.value,
                "peak": self.peak,
                "peak_t": self.peak_t,
                "first_seen_t": self.first_seen_t,
                "cleared_t": self.cleared_t,
                "quality": self.quality,
            }
            | ({"simulated": True} if self.simulated else {})
            | ({"unit": self.unit} if self.unit else {})
        )


def alarm_from_doc(alarm_id: str, doc: Mapping[str, Any]) -> Alarm:
    """Return the Alarm of a record body.

    Raises:
        KeyError, TypeError, ValueError: the body breaks the contract.
    """
    return Alarm(
        alarm_id=alarm_id,
        rule=str(doc["rule"]),
        object_code=str(doc["object"]),
        severity=min(5, max(1, int(doc["severity"]))),
        figure=_number(doc["figure"]),
        onset_t=int(sane_t(doc["onset_t"])),
        value=_number(doc["value"]),
        peak=_number(doc.get("peak")),
        peak_t=None if doc.get("peak_t") is None else int(sane_t(doc["peak_t"])),
        first_seen_t=int(sane_t(doc["first_seen_t"])),
        cleared_t=None if doc.get("cleared_t") is None else int(sane_t(doc["cleared_t"])),
        quality=int(doc.get("quality", 0)),
        simulated=doc.get("simulated") is True,
        unit=unit if isinstance(unit := doc.get("unit"), str) and len(unit) <= UNIT_LIMIT else "",
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
