"""The judge of alarms, a pure state machine: readings and findings in, raised and cleared alarms out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from console.domain.alarms import LIMITS, SEVERITY, Alarm
from console.domain.elements import FLOWS, LEVELS
from console.domain.objects import Station
from console.domain.quality import raises_alarm

HYSTERESIS_M = 0.05
# a network of gauges that falls silent is one event: its coverage tells it, not an alarm for each of them
BY_COVERAGE = frozenset({"rain", "sensor"})


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: the alarm's rule and the kind of figure. strict: reaching it is not yet over it."""

    rule: str
    kind: str
    strict: bool = False


# Source: SL 323 ladder WRZ/GRZ/OBHTZ of a river; ST_RSVRFCCH_B flood limit, design, check and crest of a reservoir.
LADDERS = {
    "Z": (Step("warning", "warning"), Step("guaranteed", "guaranteed"), Step("record", "record", strict=True)),
    "RZ": (
        Step("flood_limit", "flood_limit", strict=True),
        Step("design", "design"),
        Step("check", "check"),
        Step("crest", "crest"),
    ),
    "Q": (Step("record_flow", "record", strict=True),),
}
LIMIT_LADDER = (Step("over_limit", "warning"), Step("far_over_limit", "guaranteed"))
LOW_LADDER = (Step("under_limit", "warning"), Step("far_under_limit", "guaranteed"))


def _hysteresis(element: str, figure: float) -> float:
    """Return how far below a figure a reading must be before its alarm is cleared."""
    return HYSTERESIS_M if element in LEVELS else abs(figure) * (0.01 if element in FLOWS else 0.02)


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """Editable figures of the rules.

    rise_rate_m_h: rise over one hour that raises an alarm, m/h; None switches the rule off.
    stale_factor: readings missing for longer than this many intervals raise a stale alarm.
    """

    rise_rate_m_h: float | None = 0.30
    stale_factor: float = 3.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One new value of an object's element at t (UTC s)."""

    object_code: str
    element: str
    t: int
    value: float
    quality: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at a works showed at t (UTC s) against its limit.

    rule: scour (deepest scour, m) or structure (largest residual, standard errors).
    """

    rule: str
    object_code: str
    t: int
    value: float
    limit: float
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
            for alarm in self._figures(station, r, seen_t):
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

    def finding(self, found: Finding, seen_t: int) -> list[Alarm]:
        """Return the alarm that a newer look at a works raises, deepens or clears."""
        key = (found.object_code, found.rule)
        held = self.open.get(key)
        r = Reading(found.object_code, "", found.t, found.value, 0)
        if held is None:
            if not found.over:
                return []
            raised = replace(self._raise(found.rule, r, found.limit, seen_t), simulated=found.simulated)
        elif not found.over:
            return [self._clear(held, r)] if found.t > held.onset_t else []
        elif found.value > (held.peak or 0.0):
            raised = replace(held, peak=found.value, peak_t=found.t, simulated=found.simulated)
        elif found.simulated != held.simulated:
            raised = replace(held, simulated=found.simulated)
        else:
            return []
        self.open[key] = raised
        return [raised]

    def _figures(self, station: Station, r: Reading, seen_t: int) -> Iterable[Alarm]:
        """Hold a reading against the figures of its element, on the side that is the danger."""
        ladder, sign = LADDERS.get(r.element, ()), 1.0
        if r.element == station.main_element and r.element not in (*LEVELS, "P"):
            low = station.what.low_is_bad
            ladder, sign = (LOW_LADDER, -1.0) if low else ((*LIMIT_LADDER, *ladder), 1.0)
        for step in ladder:
            threshold = station.threshold(step.kind, r.t, r.element)
            key = (station.code, step.rule)
            held = self.open.get(key)
            if threshold is None:
                if held:  # the figure went out of force with the season
                    yield self._clear(held, r)
                continue
            beyond = sign * (r.value - threshold.value)
            over = beyond > 0 if step.strict else beyond >= 0
            if held is None and over:
                yield self._raise(step.rule, r, threshold.value, seen_t, station.what.unit if step.rule in LIMITS else "")
            elif held is not None and beyond < -_hysteresis(r.element, threshold.value):
                yield self._clear(held, r)
            elif held is not None and (held.peak is None or sign * (r.value - held.peak) > 0):
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

    def _raise(self, rule: str, r: Reading, figure: float | None, seen_t: int, unit: str = "") -> Alarm:
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
            unit=unit,
        )
        self.open[(r.object_code, rule)] = alarm
        return alarm

    def _clear(self, held: Alarm, r: Reading) -> Alarm:
        del self.open[(held.object_code, held.rule)]
        return replace(held, cleared_t=r.t)
