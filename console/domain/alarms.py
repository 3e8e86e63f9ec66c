"""Threshold alarms as a pure state machine: readings in, raised and cleared alarms out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from console.domain.objects import Station
from console.domain.quality import raises_alarm
from console.domain.time import sane_t

HYSTERESIS_M = 0.05
SEVERITY = {
    "stale": 1,
    "rise_rate": 1,
    "warning": 2,
    "flood_limit": 3,
    "guaranteed": 4,
    "record": 5,
    "record_flow": 5,
    "scour": 4,
}
# a network of gauges that falls silent is one event: its coverage tells it, not an alarm for each of them
BY_COVERAGE = frozenset({"rain", "sensor"})
WORDS = {
    "stale": "数据中断",
    "rise_rate": "涨率过快",
    "warning": "超警戒",
    "flood_limit": "超汛限",
    "guaranteed": "超保证",
    "record": "超历史",
    "record_flow": "流量超历史",
    "scour": "堤脚冲刷超限",
}


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """Editable figures of the rules.

    rise_rate_m_h: rise over one hour that raises an alarm, m/h; None switches the rule off.
    stale_factor: readings missing for longer than this many intervals raise a stale alarm.
    """

    rise_rate_m_h: float | None = 0.30
    stale_factor: float = 3.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of one rule at one object; times are data times, UTC seconds.

    alarm_id is made of rule, object and onset, so every console names it alike. simulated: what it
    rests on was made up for a drill.
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

    @property
    def active(self) -> bool:
        return self.cleared_t is None

    def active_at(self, t: float) -> bool:
        """Tell whether it stood at a moment, for views that look back."""
        return self.onset_t <= t and (self.cleared_t is None or self.cleared_t > t)

    def to_doc(self) -> dict[str, Any]:
        return {
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
        } | ({"simulated": True} if self.simulated else {})


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
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


@dataclass(frozen=True, slots=True)
class Reading:
    """One new value of an object's element at t (UTC s)."""

    object_code: str
    element: str
    t: int
    value: float
    quality: int


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a survey of t (UTC s) showed at a works against its declared limit, both in metres."""

    object_code: str
    t: int
    deepest_m: float
    limit_m: float
    over: bool
    simulated: bool


@dataclass
class AlarmEngine:
    """Applies readings in time order; the caller stores what step() and sweep() return.

    One alarm per object and rule is open at a time; it clears HYSTERESIS_M below its figure
    and is never reopened: the next crossing is a new alarm.
    """

    stations: Mapping[str, Station]
    rules: AlarmRules = field(default_factory=AlarmRules)
    open: dict[tuple[str, str], Alarm] = field(default_factory=dict)
    run: str = ""  # tells one pass over a recording from another, so that old signatures stay with theirs
    _hour: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def restore(self, alarms: Iterable[Alarm]) -> None:
        self.open = {(a.object_code, a.rule): a for a in alarms if a.active}

    def prime(self, readings: Iterable[Reading]) -> None:
        """Take in levels that were judged before a restart; raises nothing."""
        for r in sorted(readings, key=lambda x: x.t):
            if r.element == "Z" and raises_alarm(r.quality):
                self._hour.setdefault(r.object_code, []).append((r.t, r.value))

    def step(self, readings: Iterable[Reading], seen_t: int) -> list[Alarm]:
        """Return alarms raised, updated or cleared by the readings.

        seen_t is the centre's time when it learnt of them: the first-seen time.
        """
        changed: dict[str, Alarm] = {}
        for r in sorted(readings, key=lambda x: x.t):
            station = self.stations.get(r.object_code)
            if station is None or not raises_alarm(r.quality):
                continue
            for alarm in self._levels(station, r, seen_t):
                changed[alarm.alarm_id] = alarm
            if r.element == "Z" and self.rules.rise_rate_m_h is not None and self._rises(r.object_code):
                for alarm in self._rate(r, seen_t, self.rules.rise_rate_m_h):
                    changed[alarm.alarm_id] = alarm
            stale = self.open.pop((r.object_code, "stale"), None)
            if stale:
                changed[stale.alarm_id] = replace(stale, cleared_t=r.t)
        return list(changed.values())

    def sweep(self, newest: Mapping[str, tuple[int, int]], now_t: int) -> list[Alarm]:
        """Raise stale alarms; newest maps object → (t of its newest reading, interval_s)."""
        raised = []
        for code, (t, interval_s) in newest.items():
            due = t + self.rules.stale_factor * interval_s
            station = self.stations.get(code)
            if station is None or station.kind in BY_COVERAGE:
                continue
            if now_t > due and (code, "stale") not in self.open:
                raised.append(self._raise("stale", Reading(code, "", t, 0.0, 0), None, now_t))
        return raised

    def survey(self, found: Surveyed, seen_t: int) -> list[Alarm]:
        """Return the scour alarm that a newer survey raises, deepens or clears."""
        held = self.open.get((found.object_code, "scour"))
        r = Reading(found.object_code, "", found.t, found.deepest_m, 0)
        if held is None:
            if not found.over:
                return []
            raised = replace(self._raise("scour", r, found.limit_m, seen_t), simulated=found.simulated)
        elif not found.over:
            return [self._clear(held, r)] if found.t > held.onset_t else []
        elif found.deepest_m > (held.peak or 0.0):
            raised = replace(held, peak=found.deepest_m, peak_t=found.t)
        else:
            return []
        self.open[(found.object_code, "scour")] = raised
        return [raised]

    def _levels(self, station: Station, r: Reading, seen_t: int) -> Iterable[Alarm]:
        figures: list[tuple[str, str]] = []
        if r.element == "Z":
            figures = [("warning", "Z"), ("guaranteed", "Z"), ("record", "Z")]
        elif r.element == "RZ":
            figures = [("flood_limit", "RZ")]
        elif r.element == "Q":
            figures = [("record_flow", "Q")]
        for rule, element in figures:
            kind = "record" if rule == "record_flow" else rule
            threshold = station.threshold(kind, r.t, element)
            key = (station.code, rule)
            held = self.open.get(key)
            if threshold is None:
                if held:  # the figure went out of force with the season
                    yield self._clear(held, r)
                continue
            over = r.value > threshold.value if rule in ("record", "record_flow", "flood_limit") else r.value >= threshold.value
            margin = HYSTERESIS_M if element != "Q" else 0.01 * threshold.value
            if held is None and over:
                yield self._raise(rule, r, threshold.value, seen_t)
            elif held is not None and r.value < threshold.value - margin:
                yield self._clear(held, r)
            elif held is not None and (held.peak is None or r.value > held.peak):
                self.open[key] = replace(held, peak=r.value, peak_t=r.t)
                yield self.open[key]

    def _rises(self, code: str) -> bool:
        """A tide rises half a metre an hour twice a day."""
        station = self.stations.get(code)
        return station is not None and station.kind != "tide"

    def _rate(self, r: Reading, seen_t: int, limit_m_h: float) -> Iterable[Alarm]:
        hour = self._hour.setdefault(r.object_code, [])
        hour.append((r.t, r.value))
        while hour and hour[0][0] < r.t - 3900:
            hour.pop(0)
        span_s = r.t - hour[0][0]
        held = self.open.get((r.object_code, "rise_rate"))
        if span_s < 1800:
            return
        rate = (r.value - hour[0][1]) / span_s * 3600
        if held is None and rate >= limit_m_h:
            yield self._raise("rise_rate", replace(r, value=rate), limit_m_h, seen_t)
        elif held is not None and rate < limit_m_h / 2:
            yield self._clear(held, r)

    def _raise(self, rule: str, r: Reading, figure: float | None, seen_t: int) -> Alarm:
        value = None if rule == "stale" else r.value
        alarm = Alarm(
            alarm_id=f"{rule}:{r.object_code}:{r.t}" + (f":{self.run}" if self.run else ""),
            rule=rule,
            object_code=r.object_code,
            severity=SEVERITY[rule],
            figure=figure,
            onset_t=r.t,
            value=value,
            peak=value,
            peak_t=None if value is None else r.t,
            first_seen_t=seen_t,
            quality=r.quality,
        )
        self.open[(r.object_code, rule)] = alarm
        return alarm

    def _clear(self, held: Alarm, r: Reading) -> Alarm:
        del self.open[(held.object_code, held.rule)]
        return replace(held, cleared_t=r.t)
