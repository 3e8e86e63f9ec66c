"""Alarm rows and log rows for the duty workspace."""

from __future__ import annotations

from collections.abc import Mapping

from console.domain.alarms import WORDS, Alarm
from console.domain.elements import signed
from console.domain.objects import Station
from console.domain.time import age_text, stamp
from console.presenters.overview import ALARM_STATES
from console.presenters.wording import Translate, rule_word
from console.services.duty_desk import LOG_TYPES
from console.state.desk import Ack, DeskState
from console.texts import printable
from console.viewdata.duty import AlarmRow, LogRow

REFUSALS = {
    "text-missing": "内容为空",
    "text-too-long": "内容过长",
    "bad-type": "类型无效",
    "key-reused": "编号重复",
    "alarm-missing": "告警不存在",
    "unknown-kind": "中心不支持此类记录",
    "author-mismatch": "记录人与登录人不一致",
}


def alarm_rows(desk: DeskState, stations: Mapping[str, Station], now: float, tr: Translate) -> list[AlarmRow]:
    return [_alarm_row(a, desk.acks.get(a.alarm_id, ()), stations, now, tr) for a in desk.alarms]


def _alarm_row(alarm: Alarm, acks: tuple[Ack, ...], stations: Mapping[str, Station], now: float, tr: Translate) -> AlarmRow:
    station = stations.get(alarm.object_code)
    name = station.name if station else printable(alarm.object_code, 60)
    end = alarm.cleared_t if alarm.cleared_t is not None else now
    lasted = tr("已持续") if alarm.active else tr("历时")
    return AlarmRow(
        alarm_id=alarm.alarm_id,
        object_code=alarm.object_code,
        state=ALARM_STATES[alarm.severity],
        stale_rule=alarm.rule == "stale",
        title=f"{name} {rule_word(alarm.rule, tr)}",
        detail=_detail(alarm, tr),
        onset_text=stamp(alarm.onset_t, now),
        seen_text=stamp(alarm.first_seen_t, now),
        lasted_text=f"{lasted} {age_text(end - alarm.onset_t, tr)}",
        active=alarm.active,
        acks=tuple((printable(a.author, 60), printable(a.note), stamp(a.at), a.pending) for a in acks),
    )


def _detail(alarm: Alarm, tr: Translate) -> str:
    figures = (alarm.figure, alarm.peak) if alarm.rule not in ("rise_rate", "record_flow") else (alarm.figure, alarm.value)
    if alarm.rule not in WORDS or (alarm.rule != "stale" and None in figures):
        return tr("中心没有给出数值")
    if alarm.rule == "stale":
        return tr("超过 3 个报汛间隔没有收到数据，请核实测站与线路")
    if alarm.rule == "rise_rate":
        return f"{alarm.value:.2f} m/h ≥ {alarm.figure:g} m/h（{tr('默认值')}）"
    if alarm.rule == "record_flow":
        return f"{alarm.value:.0f} m³/s > {alarm.figure:.0f}"
    over = (alarm.peak or 0.0) - (alarm.figure or 0.0)
    return f"{tr('起报')} {alarm.value:.2f} m · {tr('限')} {alarm.figure:.2f} · {tr('最高')} {alarm.peak:.2f}（{signed(over)}）"


def log_rows(desk: DeskState, tr: Translate) -> list[LogRow]:
    rows = []
    for entry in desk.log:
        status = "已上报"
        if entry.pending:
            status = "待上报"
        elif entry.refused:
            status = REFUSALS.get(entry.refused, f"被拒绝 {entry.refused}")
        rows.append(
            LogRow(
                entry.entry_id,
                stamp(entry.at),
                LOG_TYPES.get(entry.kind, entry.kind),
                printable(entry.text, 4000),
                printable(entry.author, 60),
                status,
                entry.pending,
                bool(entry.refused),
            )
        )
    return rows
