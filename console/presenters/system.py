"""The system workspace: feeds with delay and gaps, the outbox, processes and instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.domain.freshness import Freshness
from console.domain.time import age_text, stamp
from console.presenters.duty import REFUSALS
from console.presenters.status import LINK_WORDS
from console.presenters.wording import Translate
from console.services.conflict_desk import KINDS, summary
from console.services.session import Session
from console.state.desk import UNDECIDED
from console.texts import printable

Cell = tuple[str, str]
FRESH = {
    Freshness.LIVE: ("及时", "good"),
    Freshness.LATE: ("迟报", "state.warning"),
    Freshness.STALE: ("过时", "state.guaranteed"),
    Freshness.MISSING: ("无数据", "text.dim"),
}
STATES = {
    "waiting": ("待上报", "state.warning"),
    "done": ("已上报", "good"),
    "rejected": ("被拒绝", "state.guaranteed"),
    "conflict": ("有冲突", "state.guaranteed"),
    "held": ("受阻，等前一条处理", "state.flood_limit"),
    "dropped": ("已放下", "text.dim"),
}
FIGURES = {
    "tick_late_p50_ms": "界面延迟（中位）ms",
    "tick_late_p99_ms": "界面延迟（99%）ms",
    "tick_late_max_ms": "界面延迟（最大）ms",
    "stalls": "界面停顿次数",
    "worst_stall_ms": "最长停顿 ms",
    "memory_mb": "内存 MB",
    "threads": "线程数",
    "tasks": "后台任务",
    "outbox_waiting": "待上报条数",
    "child_restarts": "子进程重启次数",
    "scene_frame_ms": "沙盘每帧 ms",
    "window_s": "开窗用时 s",
    "first_data_s": "首批数据用时 s",
    "whole_data_s": "全部画面用时 s",
}


def feed_rows(session: Session, tr: Translate) -> Sequence[Sequence[Cell]]:
    """Return one line per object with data: name, element, source, newest, delay, state."""
    board = session.board.board
    rows: list[Sequence[Cell]] = []
    for row in sorted(board.rows, key=lambda r: (-int(r.freshness), r.station.name)):
        for sample in (row.level, row.flow, row.inflow, row.outflow, row.rain):
            if sample is None:
                continue
            word, token = FRESH[row.freshness]
            rows.append(
                (
                    (row.station.name, "text"),
                    (tr(sample.what.name), "text.dim"),
                    (printable(sample.source, 40) or "—", "text.dim"),
                    (stamp(sample.t, board.now), "text"),
                    (age_text(board.moment - sample.t, tr), "text.dim"),
                    (tr(word), token),
                )
            )
    return rows


def outbox_rows(session: Session, tr: Translate) -> Sequence[Sequence[Cell]]:
    rows = []
    for op in session.desk.outbox:
        state = "held" if op.op_id in session.desk.held else op.state
        word, token = STATES.get(state, (state, "text"))
        reason = tr(REFUSALS.get(op.code, op.code)) if op.state in UNDECIDED else ""
        text = summary(op)
        rows.append(
            (
                (stamp(op.at), "text.dim"),
                (tr(KINDS.get(op.kind, op.kind)), "text"),
                (printable(text, 80), "text"),
                (printable(op.author, 30), "text.dim"),
                (f"{tr(word)} {reason}".strip(), token),
                (str(op.tries) if op.tries else "", "text.dim"),
            )
        )
    return rows


def link_rows(session: Session, tr: Translate, figures: Mapping[str, float]) -> Sequence[Sequence[Cell]]:
    """Return what is known of the link, then the instruments' figures under their names."""
    link = session.link
    known = [
        (tr("数据源"), session.source.name),
        (tr("中心服务"), link.service or "—"),
        (tr("状态"), tr(LINK_WORDS.get(link.state, LINK_WORDS["down"])[0])),
        (tr("最近成功"), stamp(link.last_ok) if link.last_ok else "—"),
        (tr("时钟偏差"), f"{link.skew_s:+.1f} s"),
        (tr("审计链"), tr("中心核对完整") if link.audit_whole else tr("中心发现断裂，请联系安全审计员")),
        (tr("同步进程"), tr("已连接") if session.sync.up else tr("未连接")),
        (tr("细节"), printable(link.detail, 200) or "—"),
        (tr("数据目录"), str(session.source.profile.folder)),
    ]
    measured = [(tr(FIGURES.get(name, name)), f"{value:g}") for name, value in figures.items()]
    return [((k, "text.dim"), (v, "text")) for k, v in (*known, *measured)]
