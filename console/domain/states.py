"""State of a river station or reservoir: one ladder, one colour, one shape, one word."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from console.domain.elements import LEVELS
from console.domain.objects import Station


class State(IntEnum):
    """Ordered by danger; NO_DATA and UNJUDGED rank below NORMAL so that they never hide an alarm.

    UNJUDGED: there is a reading and no figure to hold it against; it is not normal, it is not known to be.
    """

    NO_DATA = -2
    UNJUDGED = -1
    NORMAL = 0
    WATCH = 1
    WARNING = 2
    FLOOD_LIMIT = 3
    GUARANTEED = 4
    RECORD = 5


WORDS = {
    State.NO_DATA: "无数据",
    State.UNJUDGED: "不能判定",
    State.NORMAL: "正常",
    State.WATCH: "关注",
    State.WARNING: "超警",
    State.FLOOD_LIMIT: "超汛限",
    State.GUARANTEED: "超保",
    State.RECORD: "超历史",
}
LOW_WORDS = {State.WARNING: "偏低", State.GUARANTEED: "严重偏低"}  # where too little is the danger
LIMIT_WORDS = {State.WARNING: "超限", State.GUARANTEED: "严重超限"}  # of what has limits and no warning level
SHAPES = {
    State.NO_DATA: "—",
    State.UNJUDGED: "⊙",
    State.NORMAL: "○",
    State.WATCH: "◇",
    State.WARNING: "△",
    State.FLOOD_LIMIT: "▲",
    State.GUARANTEED: "■",
    State.RECORD: "★",
}
TOKENS = {
    State.NO_DATA: "state.nodata",
    State.UNJUDGED: "state.unjudged",
    State.NORMAL: "state.normal",
    State.WATCH: "state.watch",
    State.WARNING: "state.warning",
    State.FLOOD_LIMIT: "state.flood_limit",
    State.GUARANTEED: "state.guaranteed",
    State.RECORD: "state.record",
}
NEAR_M = 0.5


@dataclass(frozen=True, slots=True)
class Judgement:
    """State with the margin to the figure that officers compare with first.

    margin_m is level minus the warning level (river) or the flood limit (reservoir), signed,
    None where that figure is unknown.
    """

    state: State
    margin_m: float | None


def judge(station: Station, level_m: float | None, flow_m3s: float | None, t: float) -> Judgement:
    """Return the state of a station at t; a step whose figure is unknown is skipped.

    Source: SL 323 ladder WRZ/GRZ/OBHTZ; reservoir limit by date (ST_RSVRFSR_B).
    """
    if level_m is None or not math.isfinite(level_m):
        if station.kind == "river" and flow_m3s is not None and math.isfinite(flow_m3s):
            return Judgement(_by_flow(station, flow_m3s, t), None)
        return Judgement(State.NO_DATA, None)
    if station.kind == "reservoir":
        return _reservoir(station, level_m, t)
    return _ladder(station, level_m, flow_m3s, t)


def _by_flow(station: Station, flow_m3s: float, t: float) -> State:
    record = station.threshold("record", t, "Q")
    if record is None:
        return State.UNJUDGED
    return State.RECORD if flow_m3s > record.value else State.NORMAL


def _ladder(station: Station, level_m: float, flow_m3s: float | None, t: float) -> Judgement:
    """Judge by warning, guaranteed and record of the object's main element; only levels have a near band in metres."""
    element, low_is_bad = station.main_element, station.what.low_is_bad
    steps = [
        (station.threshold("warning", t, element), State.WARNING),
        (station.threshold("guaranteed", t, element), State.GUARANTEED),
        (station.threshold("record", t, element), State.RECORD),
    ]
    sign = -1.0 if low_is_bad else 1.0
    warning = steps[0][0]
    margin = None if warning is None else sign * (level_m - warning.value)
    known = [(sign * (level_m - found.value), state) for found, state in steps if found is not None]
    state = State.NORMAL if known else State.UNJUDGED
    if warning is not None and margin is not None:
        near = NEAR_M if element in LEVELS else 0.1 * abs(warning.value)
        state = State.WATCH if margin >= -near else state
    for over, reached in known:
        if over > 0 or (over == 0 and reached is not State.RECORD):
            state = max(state, reached)
    if flow_m3s is not None and _by_flow(station, flow_m3s, t) is State.RECORD:
        state = State.RECORD
    return Judgement(state, margin)


def _reservoir(station: Station, level_m: float, t: float) -> Judgement:
    limit = station.threshold("flood_limit", t, "RZ")
    design = station.threshold("design", t, "RZ")
    check = station.threshold("check", t, "RZ")
    crest = station.threshold("crest", t, "RZ")
    margin = None if limit is None else level_m - limit.value
    state = State.UNJUDGED if limit is None else State.NORMAL
    if limit is not None and level_m >= limit.value - NEAR_M:
        state = State.WATCH
    if limit is not None and level_m > limit.value:
        state = State.FLOOD_LIMIT
    if design is not None and level_m >= design.value:
        state = State.GUARANTEED
    if (check is not None and level_m >= check.value) or (crest is not None and level_m >= crest.value):
        state = State.RECORD
    return Judgement(state, margin)
