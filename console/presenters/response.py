"""The response level in force: the strip of the duty workspace and the chip of the status bar."""

from __future__ import annotations

from collections.abc import Mapping

from console.domain.response import LEVEL_WORDS, TONES, TOPICS, Response
from console.domain.time import age_text, stamp
from console.presenters.wording import Translate
from console.texts import printable
from console.viewdata.response import ResponseTile


def response_tiles(responses: Mapping[str, Response], now: float, tr: Translate) -> tuple[ResponseTile, ...]:
    return tuple(_tile(responses[topic], now, tr) for topic in TOPICS)


def _tile(r: Response, now: float, tr: Translate) -> ResponseTile:
    word = f"{tr(LEVEL_WORDS[r.level])}{tr('响应')}" if r.active else tr("未启动")
    parts = []
    if r.pending:
        parts.append(tr("待上报"))
    elif r.since_t is not None:
        parts.append(f"{tr('自')} {stamp(r.since_t, now)}")
        if r.active:
            parts.append(f"{tr('已持续')} {age_text(now - (r.started_t or r.since_t), tr)}")
    if r.author:
        parts.append(printable(r.author, 30))
    blocked = tr("有一条冲突或退回待处理，见运维 › 冲突与退回") if r.undecided else ""
    return ResponseTile(
        r.topic,
        tr(TOPICS[r.topic]),
        r.level,
        word,
        TONES.get(r.level, "text.dim"),
        " · ".join(([tr("待处理")] if r.undecided else []) + parts),
        r.version,
        blocked,
    )


def response_text(responses: Mapping[str, Response], now: float, tr: Translate) -> tuple[str, str]:
    """Return (text, tone) for the status bar; every topic in force, the gravest first."""
    active = sorted((r for r in responses.values() if r.active), key=lambda r: list(LEVEL_WORDS).index(r.level), reverse=True)
    active = [r for r in active if r.level in TONES]
    words = []
    for r in active:
        lasted = r.started_t if r.started_t is not None else r.since_t
        age = f" {tr('已持续')} {age_text(now - lasted, tr)}" if lasted is not None else ""
        age = f" {tr('待上报')}" if r.pending else age
        words.append(f"{tr(TOPICS[r.topic])} {tr(LEVEL_WORDS[r.level])}{tr('响应')}{age}")
    grave = any(r.level in ("I", "II") for r in active)
    return " · ".join(words), "bad" if grave else "warn"
