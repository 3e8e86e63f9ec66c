"""The system workspace: feeds with delay and gaps, the outbox, processes and instruments."""

from __future__ import annotations

from collections.abc import Sequence

from console.domain.elements import ELEMENTS
from console.domain.freshness import Freshness
from console.domain.time import age_text, stamp
from console.presenters.duty import REFUSALS
from console.presenters.wording import Translate
from console.services.session import Session
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
}
KINDS = {"alarm.ack": "告警确认", "log.entry": "值班日志"}


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
                    (tr(ELEMENTS[sample.element].name), "text.dim"),
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
        word, token = STATES.get(op.state, (op.state, "text"))
        reason = REFUSALS.get(op.code, op.code)
        text = str(op.body.get("text") or op.body.get("note") or op.body.get("alarm_id") or "")
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


def link_rows(session: Session, tr: Translate, figures: Sequence[tuple[str, str]]) -> Sequence[Sequence[Cell]]:
    link = session.link
    known = [
        (tr("数据源"), session.source.name),
        (tr("中心服务"), link.service or "—"),
        (tr("状态"), link.state),
        (tr("最近成功"), stamp(link.last_ok) if link.last_ok else "—"),
        (tr("时钟偏差"), f"{link.skew_s:+.1f} s"),
        (tr("同步进程"), tr("已连接") if session.sync.up else tr("未连接")),
        (tr("细节"), printable(link.detail, 200) or "—"),
        (tr("数据目录"), str(session.source.profile.folder)),
    ]
    return [((k, "text.dim"), (v, "text")) for k, v in (*known, *figures)]
