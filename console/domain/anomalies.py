"""Possible causes of an abnormal reading, by declared rules over named evidence. Never a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# evidence a rule may name: word, unit, decimals
EVIDENCE = {
    "residual_ratio": ("残差为剩余标准差的倍数", "", 1),
    "level_change_24h_m": ("24h 水位变幅", "m", 2),
    "level_beyond_m": ("超出率定水位范围", "m", 2),
    "section_out": ("同断面同时超限的其他测点", "", 0),
    "section_share": ("同断面其他测点超限比例", "%", 0),
    "works_share": ("全工程测点超限比例", "%", 0),
    "step_ratio": ("突变为剩余标准差的倍数", "", 1),
    "step_age_h": ("突变距今", "h", 0),
    "section_steps": ("同断面同时突变的其他测点", "", 0),
    "rain_72h_mm": ("72h 雨量", "mm", 1),
    "trend_ratio_day": ("残差每日趋势为标准差的倍数", "", 2),
    "trend_p": ("趋势检验 p 值", "", 3),
    "flat_h": ("测值不变", "h", 0),
    "silent_h": ("未报", "h", 0),
}
OPERATORS = (">=", "<=", ">", "<")
STATES = ("unknown", "normal", "attention", "doubtful", "alarm")


@dataclass(frozen=True, slots=True)
class Condition:
    evidence: str
    op: str
    value: float
    size: bool = False  # compare the absolute value

    def holds(self, found: Mapping[str, float | None]) -> bool:
        """Tell whether it holds; what is not known does not hold."""
        known = found.get(self.evidence)
        if known is None or not math.isfinite(known):
            return False
        have = abs(known) if self.size else known
        return {">=": have >= self.value, "<=": have <= self.value, ">": have > self.value, "<": have < self.value}[self.op]


@dataclass(frozen=True, slots=True)
class CauseRule:
    """One declared rule. elements: which it is for, () all; cause and check are sentences for officers.

    instrument: the cause lies in the instrument or its supply, not in the works.
    """

    code: str
    cause: str
    check: str
    when: tuple[Condition, ...]
    elements: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    instrument: bool = False

    def holds(self, element: str, found: Mapping[str, float | None]) -> bool:
        return (not self.elements or element in self.elements) and all(c.holds(found) for c in self.when)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible cause with what speaks for it: (evidence, value)."""

    code: str
    cause: str
    check: str
    evidence: tuple[tuple[str, float], ...]
    instrument: bool = False


def hypotheses(rules: Sequence[CauseRule], element: str, found: Mapping[str, float | None]) -> tuple[Hypothesis, ...]:
    """Return every possible cause whose rule holds, in the rules' order."""
    return tuple(
        Hypothesis(r.code, r.cause, r.check, tuple((k, v) for k in _shown(r) if (v := found.get(k)) is not None), r.instrument)
        for r in rules
        if r.holds(element, found)
    )


def _shown(rule: CauseRule) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(c.evidence for c in rule.when), *rule.show]))


def evidence_text(code: str, value: float) -> str:
    """Return a value of evidence with its unit."""
    _, unit, decimals = EVIDENCE[code]
    shown = f"{value:.{decimals}f}".replace("-", "−")
    return f"{shown} {unit}".strip()
