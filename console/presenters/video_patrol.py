"""A patrol's findings: rows for the screen and the export, and the one log entry."""

from __future__ import annotations

from collections.abc import Sequence

from console.domain.time import beijing
from console.domain.video import TOKENS, StreamState
from console.presenters.video import REASONS
from console.presenters.wording import Translate
from console.services.duty_desk import TEXT_LIMIT
from console.services.video.patrol import Finding, Patrol

RESULTS = {
    StreamState.LIVE: "正常",
    StreamState.FILM: "录像（不算）",
    StreamState.FROZEN: "冻结",
    StreamState.OFFLINE: "离线",
    StreamState.ABSENT: "无可用地址",
    StreamState.WAITING: "未巡到",
}
CALM = (StreamState.LIVE, StreamState.FILM)  # a recording says nothing of a camera
HEAD = ("时刻", "编号", "摄像头", "结果", "原因")
WIDTHS = (124, 90, 180, 100, 320)


def finding_rows(
    findings: Sequence[Finding], skew_s: float, tr: Translate, *, year: bool = False
) -> list[tuple[tuple[str, str], ...]]:
    """Return a line per camera, those that are not well first; year: times with theirs."""
    ordered = sorted(findings, key=lambda f: (f.state is StreamState.LIVE, f.at_t))
    return [
        (
            (_time(f.at_t + skew_s)[0 if year else 5 :], "text.dim"),
            (f.code, "text.dim"),
            (f.name, "text"),
            (tr(RESULTS[f.state]), TOKENS[f.state]),
            (tr(REASONS[f.reason]) if f.reason else "—", "text"),
        )
        for f in ordered
    ]


def patrol_said(patrol: Patrol, tr: Translate) -> str:
    """Return where a patrol stands."""
    done, total = len(patrol.findings), len(patrol.cameras)
    if patrol.at is not None:
        return f"{tr('巡检')} {done + 1}/{total} {patrol.at.name}"
    bad = sum(f.state not in CALM for f in patrol.findings)
    word = tr("巡检已停止") if done < total else tr("巡检完成")
    return f"{word} {done}/{total} · {tr('异常')} {bad}"


def log_text(patrol: Patrol, skew_s: float) -> str:
    """Return the log entry of a patrol, at most TEXT_LIMIT characters; a record, so always in Chinese."""
    found = patrol.findings
    counts = "，".join(f"{word} {n}" for s, word in RESULTS.items() if (n := sum(f.state is s for f in found)))
    left = len(patrol.cameras) - len(found)
    began, ended = _time(patrol.began_t + skew_s), _time((patrol.ended_t or patrol.began_t) + skew_s)
    head = f"视频巡检 {began} 至 {ended}，共 {len(patrol.cameras)} 路：{counts or '没有结果'}"
    head += f"，中途停止，{left} 路未巡" if left else ""
    lines = [head + "。"]
    bad = [f for f in found if f.state not in CALM]
    for n, f in enumerate(bad):
        line = f"{f.name}（{f.code}）{RESULTS[f.state]}：{REASONS[f.reason]}（{_time(f.at_t + skew_s)[-5:]}）"
        rest = f"其余 {len(bad) - n} 路异常见导出的结果表。"
        if sum(len(text) + 1 for text in lines) + len(line) + len(rest) > TEXT_LIMIT:
            lines.append(rest)
            break
        lines.append(line)
    return "\n".join(lines)


def _time(t: float) -> str:
    return beijing(t).strftime("%Y-%m-%d %H:%M")
