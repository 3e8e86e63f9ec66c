"""The sentences of what is going on: over by how much, rising or falling, since when, what next, who has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from console.domain.alarms import Alarm
from console.domain.elements import LEVELS, signed
from console.domain.quality import word as quality_word
from console.domain.states import WORDS as STATE_WORDS
from console.domain.states import State
from console.domain.time import stamp
from console.presenters.whats_next import next_step, usable_level
from console.presenters.wording import NameOf, Translate, alarm_word, rule_word, value_text
from console.state.desk import Ack
from console.texts import printable
from console.viewdata.board import Board, Row
from console.viewdata.duty import Happening

ALARM_STATES = {1: State.WATCH, 2: State.WARNING, 3: State.FLOOD_LIMIT, 4: State.GUARANTEED, 5: State.RECORD}


REACHED = {  # the figures that a state rests on, the highest first
    State.RECORD: ("record", "crest", "check"),
    State.GUARANTEED: ("guaranteed", "design"),
    State.FLOOD_LIMIT: ("flood_limit",),
    State.WARNING: ("warning",),
}
LOOKED = frozenset({"scour", "structure"})  # found by a look at a works, which neither rises nor falls


def handler(group: Sequence[Alarm], acks: Mapping[str, Sequence[Ack]], tr: Translate) -> str:
    """Return who has the alarms of an object in hand."""
    names = list(dict.fromkeys(ack.author for alarm in group for ack in acks.get(alarm.alarm_id, ())))
    open_ = any(alarm.alarm_id not in acks for alarm in group)
    if open_ or not names:
        return tr("未确认")
    return "、".join(printable(n, 12) for n in names[:2]) + tr("已确认")


def happenings(
    alarms: Sequence[Alarm], board: Board, name_of: NameOf, tr: Translate, acks: Mapping[str, Sequence[Ack]] | None = None
) -> list[Happening]:
    """Return one sentence per object that has active alarms or is over a limit by its reading, the worst first."""
    grouped: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        if alarm.active_at(board.moment):
            grouped.setdefault(alarm.object_code, []).append(alarm)
    codes = [
        *grouped,
        *(r.code for r in board.rows if r.over and not r.ledger and r.code not in grouped),
    ]
    found = [_happening(code, grouped.get(code, []), board, name_of(code), acks or {}, tr) for code in codes]
    return [h for _, h in sorted(found, key=lambda x: x[0])]


def _happening(
    code: str, group: list[Alarm], board: Board, name: str, acks: Mapping[str, Sequence[Ack]], tr: Translate
) -> tuple[tuple[float, float], Happening]:
    row = board.row(code)
    worst = max((a.severity for a in group), default=int(row.state) if row else 0)
    state = ALARM_STATES[worst] if group else row.state if row else State.NO_DATA
    margin = _reached_by(row, state) if row else _scoured(group)
    words = _words(sorted(group, key=lambda a: -a.severity), tr)
    words = words or tr(row.state_word if row else STATE_WORDS[state])
    text = f"{name} {words} {_off(row, margin)}".strip()
    now = f"{value_text(row.main)} m" if row and row.main and row.main.element in LEVELS else ""
    if row is not None and row.level is not None and usable_level(row) is None and not board.ahead:
        now = f"{tr('读数')}{tr(quality_word(row.level.quality))} {now}".rstrip()
    owner = handler(group, acks, tr) if group else tr("预报") if board.ahead else tr("尚未生成告警")
    ahead = next_step(row, board.moment, tr) if row else ""
    trend = _trend(row, tr) if any(a.rule not in LOOKED for a in group) or not group else ""
    # what has no room is left out from the end: the level itself stands in the map and the table too
    detail = (trend, owner, _since(row, group, board, margin, tr), ahead, now)
    return (-float(worst), -(margin or 0.0)), Happening(code, state, text, " · ".join(p for p in detail if p))


def _words(group: Sequence[Alarm], tr: Translate) -> str:
    """Return what is wrong with an object; that all of it was made up for a drill is said once."""
    if len(group) > 1 and all(a.simulated for a in group):
        return "、".join(rule_word(a.rule, tr) for a in group) + f"（{tr('模拟')}）"
    return "、".join(alarm_word(a, tr) for a in group)


def _reached_by(row: Row, state: State) -> float | None:
    """Return how far the level is beyond the figure of the state that is named, on the side of danger.

    A state that no figure of this moment explains, such as an alarm that still stands, is told by the margin.
    """
    level = usable_level(row)
    if level is None or level.value is None:
        return row.margin_m
    sign = -1.0 if row.station.what.low_is_bad else 1.0
    for kind in REACHED.get(state, ()):
        found = row.station.threshold(kind, level.t, row.station.main_element)
        if found is not None and sign * (level.value - found.value) >= 0:
            return sign * (level.value - found.value)
    return row.margin_m


def _off(row: Row | None, margin: float | None) -> str:
    """Return by how much it is over, in the unit of what is measured there; a toe is scoured in metres."""
    if margin is None:
        return ""
    if row is None:
        return f"{signed(margin)} m"
    what = row.station.what
    return f"{signed(-margin if what.low_is_bad else margin, what.decimals)} {what.unit}".rstrip()


def _scoured(group: Sequence[Alarm]) -> float | None:
    """Return by how much the toe of a works is scoured beyond its limit, metres."""
    return next((a.peak - a.figure for a in group if a.rule == "scour" and a.peak and a.figure), None)


def _trend(row: Row | None, tr: Translate) -> str:
    level = usable_level(row)
    if row is None or level is None or level.change_1h is None:
        return tr("涨落不明")
    return {1: tr("上涨"), -1: tr("回落")}.get(row.trend, tr("平稳"))


def _since(row: Row | None, group: Sequence[Alarm], board: Board, margin: float | None, tr: Translate) -> str:
    """Say since when it is over: by the readings of the last day, and where they begin above the limit, since before them.

    An alarm's onset is when the centre first judged, which for a centre that was started late is not the crossing.
    """
    worst = max((a.severity for a in group), default=0)
    onset = min((a.onset_t for a in group if a.severity == worst), default=None)
    level = usable_level(row)
    if row is None or level is None or level.value is None or margin is None or len(level.recent_t) < 2:
        return f"{tr('自')} {stamp(onset, board.now)}" if onset is not None else ""
    sign = -1.0 if row.station.what.low_is_bad else 1.0
    over = sign * level.recent_v >= sign * level.value - margin
    below = np.flatnonzero(~over)
    if len(below) and below[-1] + 1 < len(over):
        return f"{tr('自')} {stamp(float(level.recent_t[below[-1] + 1]), board.now)}"
    first = float(level.recent_t[0])
    if onset is not None and onset < first:
        return f"{tr('自')} {stamp(onset, board.now)}"
    return f"{stamp(first, board.now)} {tr('之前已超')}"
