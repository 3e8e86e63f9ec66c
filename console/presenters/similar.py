"""Past floods like the present one in words and curves: how alike, and what followed then."""

from __future__ import annotations

from console.domain.elements import flow_text, signed
from console.domain.time import full_stamp
from console.engine.similar_floods import Similar
from console.presenters.consult import BAD, DASH, DIM, PLAIN, WARN
from console.presenters.wording import Translate
from console.services.similar_desk import AHEAD_H, WINDOW_H, Found
from console.texts import printable
from console.viewdata.board import Board
from console.viewdata.consult import Cell
from console.viewdata.similar import PastCurve, SimilarView

TITLES = ("相似时刻", "来源", "均方根差", "当时", "48 h 涨落", "随后最高", "到峰", "照此演变")
LIMITS = (("warning", "警戒"), ("guaranteed", "保证"))
UNLIKE_M = 0.5  # a greater difference is called no good likeness


def similar_view(found: Found | None, board: Board, tr: Translate) -> SimilarView:
    """Return what is shown of a search; None while there is none."""
    if found is None:
        return SimilarView(missing=tr("选一个有水位的站，这里列出历史上相似的洪水"))
    row = board.by_code.get(found.code)
    name, unit = (printable(row.station.name) if row else found.code), "m³/s" if found.element == "Q" else "m"
    known = ((words, row.station.threshold(kind, found.now_t, found.element)) for kind, words in LIMITS) if row else ()
    limits = tuple((tr(words), float(limit.value)) for words, limit in known if limit is not None)
    pasts = tuple(
        PastCurve(_label(one, tr), place, t + (found.now_t - one.at_t), v) for place, (one, t, v) in enumerate(found.pasts)
    )
    now = float(found.v[-1]) if len(found.v) else float("nan")
    rows = tuple(_row(one, now, unit, limits, tr) for one, _, _ in found.pasts)
    return SimilarView(name, unit, found.now_t, found.t, found.v, pasts, limits, rows, tr(found.problem))


def _label(one: Similar, tr: Translate) -> str:
    return f"{full_stamp(one.at_t)[:10]}" + (f"（{tr('重建')}）" if one.source else "")


def _row(one: Similar, now: float, unit: str, limits: tuple[tuple[str, float], ...], tr: Translate) -> tuple[Cell, ...]:
    def text(value: float) -> str:
        return f"{value:.2f} m" if unit == "m" else f"{flow_text(value)} m³/s"

    decimals = 2 if unit == "m" else 0
    then = now + one.peak - one.value
    cut = one.known_h < AHEAD_H and one.peak_h >= one.known_h - 1.0  # still rising where the record ends
    when = f"+{one.peak_h:.0f} h" if one.peak_h > 0 else tr("已过峰")
    token = PLAIN
    for (_, value), colour in zip(limits, (WARN, BAD), strict=False):
        token = colour if then > value else token
    unlike = unit == "m" and one.rms > UNLIKE_M
    # from a flood that is another one nothing follows
    same_way: Cell = (f"≥ {text(then)}" if cut else text(then), token)
    return (
        (full_stamp(one.at_t), PLAIN),
        (printable(one.source) + f"（{tr('重建')}）" if one.source else tr("本机记录"), DIM),
        (f"{one.rms:.{decimals}f} {unit}" + (f"（{tr('不很相似')}）" if unlike else ""), WARN if unlike else PLAIN),
        (text(one.value), PLAIN), (signed(one.change, decimals), PLAIN), (text(one.peak), PLAIN),
        (tr("记录到此为止") if cut else when, WARN if cut else DIM), (DASH, DIM) if unlike else same_way,
    )  # fmt: skip


def similar_said(tr: Translate) -> str:
    return tr("按最近 {} 小时的数值找，十天以内的不算；随后 {} 小时为当年所见，不是预报").format(WINDOW_H, AHEAD_H)
