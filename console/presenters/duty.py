"""Alarm rows and log rows for the duty workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.domain.alarms import LIMITS, LOW, UNIT_LIMIT, WORDS, Alarm
from console.domain.elements import signed
from console.domain.time import age_text, stamp
from console.presenters.overview import ALARM_STATES
from console.presenters.wording import NameOf, Translate, alarm_word
from console.services.duty_desk import LOG_TYPES
from console.services.meeting_words import MEETING_REFUSALS
from console.state.desk import Ack, DeskState
from console.texts import printable
from console.viewdata.duty import AlarmRow, FileView, LogRow

REFUSALS = {
    **{code: what.rstrip("。") for code, (what, _) in MEETING_REFUSALS.items()},
    "text-missing": "内容为空",
    "text-too-long": "内容过长",
    "bad-type": "类型无效",
    "key-reused": "编号重复",
    "alarm-missing": "告警不存在",
    "unknown-kind": "中心不支持此类记录",
    "other-version": "别人先改了，版本不同",
    "base-ahead": "中心没有它所依据的版本",
    "built-on-undecided": "建立在另一条待处理的内容上",
    "illegal-transition": "现在的状态不允许这一步",
    "too-large": "内容太大，中心不收",
    "bad-content": "内容不合格式",
    "bad-level": "响应种类或级别无效",
    "bad-attachments": "附件清单无效",
    "entry-missing": "要更正的记录在中心不存在",
    "report-missing": "首报在中心不存在",
    "reason-missing": "没有写原因",
    "reading-missing": "中心没有这个读数",
    "same-value": "与中心现有的值相同",
    "bad-value": "数值无效",
    "end-missing": "没有写结束时间",
    "order-missing": "没有调度令编号",
    "name-missing": "没有名称",
    "invalid": "内容不合约定",
    "copy-damaged": "本机副本已损坏",
    "checksum-mismatch": "校验不符",
    "author-mismatch": "记录人与登录人不一致",
}
LOG_WORDS = {**LOG_TYPES, "correction": "更正", "shift": "交接班", "visitor": "来访", "warning": "预警"}


def alarm_rows(desk: DeskState, name_of: NameOf, now: float, tr: Translate) -> list[AlarmRow]:
    return [_alarm_row(a, desk.acks.get(a.alarm_id, ()), name_of(a.object_code), now, tr) for a in desk.alarms]


def _alarm_row(alarm: Alarm, acks: tuple[Ack, ...], name: str, now: float, tr: Translate) -> AlarmRow:
    end = alarm.cleared_t if alarm.cleared_t is not None else now
    lasted = tr("已持续") if alarm.active else tr("历时")
    return AlarmRow(
        alarm_id=alarm.alarm_id,
        object_code=alarm.object_code,
        state=ALARM_STATES[alarm.severity],
        stale_rule=alarm.rule == "stale",
        title=f"{name} {alarm_word(alarm, tr)}",
        detail=alarm_detail(alarm, tr),
        onset_text=stamp(alarm.onset_t, now),
        seen_text=stamp(alarm.first_seen_t, now),
        lasted_text=f"{lasted} {age_text(end - alarm.onset_t, tr)}",
        active=alarm.active,
        acks=tuple((printable(a.author, 60), _note(i, a, acks[0], tr), stamp(a.at), a.pending) for i, a in enumerate(acks)),
    )


def _note(place: int, ack: Ack, first: Ack, tr: Translate) -> str:
    """Acks come in the centre's order: who signs after the first has read it."""
    read = tr("已阅") if place and ack.author != first.author and not ack.pending else ""
    return " ".join(part for part in (read, printable(ack.note)) if part)


def alarm_detail(alarm: Alarm, tr: Translate) -> str:
    figures = (alarm.figure, alarm.peak) if alarm.rule not in ("rise_rate", "record_flow") else (alarm.figure, alarm.value)
    if alarm.rule not in WORDS or (alarm.rule != "stale" and None in figures):
        return tr("中心没有给出数值")
    if alarm.rule == "stale":
        return tr("超过 3 个报汛间隔没有收到数据，请核实测站与线路")
    if alarm.rule == "rise_rate":
        return f"{alarm.value:.2f} m/h ≥ {alarm.figure:g} m/h（{tr('默认值')}）"
    if alarm.rule == "record_flow":
        return f"{alarm.value:.0f} m³/s > {alarm.figure:.0f}"
    if alarm.rule == "structure":
        return f"{tr('残差最大')} {alarm.peak:.1f}σ ≥ {tr('限值')} {alarm.figure:g}σ · {tr('请查看安全监测')}"
    if alarm.rule == "scour":
        deepest = f"{tr('最深冲刷')} {alarm.peak:.2f} m > {tr('限值')} {alarm.figure:.2f} m"
        return f"{deepest} · {stamp(alarm.peak_t or alarm.onset_t)} {tr('水下测量')}"
    over = (alarm.peak or 0.0) - (alarm.figure or 0.0)
    if alarm.rule in LIMITS:
        most = tr("最低") if alarm.rule in LOW else tr("最高")
        began = f"{alarm.value:g} {printable(alarm.unit, UNIT_LIMIT)}".rstrip()
        off = f"{over:+.6g}".replace("-", "−") if round(over, 9) else "0"
        return f"{tr('起报')} {began} · {tr('限')} {alarm.figure:g} · {most} {alarm.peak:g}（{off}）"
    return f"{tr('起报')} {alarm.value:.2f} m · {tr('限')} {alarm.figure:.2f} · {tr('最高')} {alarm.peak:.2f}（{signed(over)}）"


def log_rows(desk: DeskState, tr: Translate) -> list[LogRow]:
    rows = []
    for entry in desk.log:
        status = tr("已上报")
        if entry.pending:
            status = tr("待上报")
        elif entry.refused:
            status = tr(REFUSALS.get(entry.refused, "中心没有接受"))
        files = tuple(_file(f, desk, tr) for f in entry.files)
        waiting = sum(1 for f in entry.files if (p := desk.parcels.get(str(f.get("sha256")))) and p.state == "waiting")
        if waiting:
            status += f" · {tr('附件待上传')} {waiting}"
        if entry.clock_untrusted:
            status += f" · {tr('时钟不可信')}"
        rows.append(
            LogRow(
                entry.entry_id,
                stamp(entry.at),
                tr(LOG_WORDS.get(entry.kind, entry.kind)),
                printable(entry.text, 4000),
                printable(entry.author, 60),
                status,
                entry.pending or bool(waiting),
                bool(entry.refused),
                files,
            )
        )
    return rows


def _file(doc: Mapping[str, Any], desk: DeskState, tr: Translate) -> FileView:
    sha256, size = str(doc.get("sha256")), doc.get("size")
    bytes_ = size if isinstance(size, int) else 0
    parcel = desk.parcels.get(sha256)
    state = tr("在中心")
    if parcel is not None and parcel.state == "waiting":
        state = tr("待上传") + (f" {parcel.sent * 100 // parcel.size}%" if parcel.sent else "")
    elif parcel is not None and parcel.state == "done":
        state = tr("已上传")
    elif parcel is not None:
        state = tr(REFUSALS.get(parcel.code, "没有上传"))
    name = printable(str(doc.get("name") or "—"), 60)
    return FileView(sha256, name, bytes_, f"{name} · {size_text(bytes_)} · {state}", sha256 in desk.files_here)


def size_text(size: int) -> str:
    """Return a file size in words; an unknown one is a dash."""
    if size <= 0:
        return "—"
    return f"{size / 1024:.0f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"
