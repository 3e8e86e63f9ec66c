"""The sentences of what is going on: over by how much, rising or falling, since when, what next, who has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from console.domain.alarms import Alarm
from console.domain.elements import signed
from console.domain.states import WORDS as STATE_WORDS
from console.domain.states import State
from console.domain.time import stamp
from console.presenters.wording import Translate, rule_word, stale, value_text
from console.state.desk import Ack
from console.texts import printable
from console.viewdata.board import Board, Row
from console.viewdata.duty import Happening

ALARM_STATES = {1: State.WATCH, 2: State.WARNING, 3: State.FLOOD_LIMIT, 4: State.GUARANTEED, 5: State.RECORD}


class HappeningView(Protocol):
    def show_items(self, items: Sequence[Happening]) -> None: ...


LADDER = (
    ("warning", "警戒"),
    ("guaranteed", "保证"),
    ("flood_limit", "汛限"),
    ("design", "设计"),
    ("check", "校核"),
    ("record", "历史最高"),
)
AHEAD_H = 48.0
RISE_M = 0.02


def next_step(row: Row, moment: float, tr: Translate) -> str:
    """Return when the next figure above is reached at the rate of the last hour, "" when falling or far off."""
    level = row.level
    if level is None or level.value is None or row.stale or (level.change_1h or 0.0) < RISE_M:
        return ""
    rate = level.change_1h or 0.0
    above = [
        (found.value, word)
        for kind, word in LADDER
        if (found := row.station.threshold(kind, moment, row.station.main_element)) is not None and found.value > level.value
    ]
    if not above:
        return ""
    value, word = min(above)
    hours = (value - level.value) / rate
    return f"{tr('按现涨率约')} {hours:.0f} h {tr('到')}{tr(word)}" if hours <= AHEAD_H else ""


def handler(group: Sequence[Alarm], acks: Mapping[str, Sequence[Ack]], tr: Translate) -> str:
    """Return who has the alarms of an object in hand."""
    names = list(dict.fromkeys(ack.author for alarm in group for ack in acks.get(alarm.alarm_id, ())))
    open_ = any(alarm.alarm_id not in acks for alarm in group)
    if open_ or not names:
        return tr("未确认")
    return "、".join(printable(n, 12) for n in names[:2]) + tr("已确认")


def happenings(
    alarms: Sequence[Alarm], board: Board, tr: Translate, acks: Mapping[str, Sequence[Ack]] | None = None
) -> list[Happening]:
    """Return one sentence per object with active alarms, the worst first."""
    grouped: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        if alarm.active_at(board.moment):
            grouped.setdefault(alarm.object_code, []).append(alarm)
    found = []
    for code, group in grouped.items():
        worst = max(group, key=lambda a: a.severity)
        row = board.row(code)
        name = row.station.name if row else code
        state = ALARM_STATES[worst.severity]
        now = f"{value_text(row.main)} m" if row and row.main and row.main.element in ("Z", "RZ") else ""
        margin = f"{signed(row.margin_m)} m" if row and row.margin_m is not None else ""
        trend = {1: tr("仍在上涨"), -1: tr("正在回落")}.get(row.trend if row else 0, tr("平稳"))
        since = f"{tr('自')} {stamp(min(a.onset_t for a in group))}"
        ahead = next_step(row, board.moment, tr) if row else ""
        owner = handler(group, acks or {}, tr)
        words = "、".join(rule_word(a.rule, tr) for a in sorted(group, key=lambda a: -a.severity))
        text = f"{name} {words} {margin}".strip()
        found.append(
            (
                worst.severity,
                row.margin_m or 0.0 if row else 0.0,
                Happening(code, state, text, " · ".join(p for p in (now, trend, since, ahead, owner) if p)),
            )
        )
    for row in board.rows:  # over a limit by its reading, whatever the alarms say
        if row.state >= State.WARNING and row.code not in grouped and not stale(row):
            text = f"{row.station.name} {tr(STATE_WORDS[row.state])} {signed(row.margin_m)} m"
            severity = int(row.state)
            found.append((severity, row.margin_m or 0.0, Happening(row.code, row.state, text, tr("按读数判定"))))
    found.sort(key=lambda x: (-x[0], -x[1]))
    return [h for _, _, h in found]
