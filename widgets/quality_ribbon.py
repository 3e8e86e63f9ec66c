"""The ribbon under a plot: what each reading is worth, and where none is and why."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from console.domain.quality import Quality, word
from console.domain.time import stamp
from console.look import Look
from console.viewdata.curves import Curve, HydrographView
from widgets.painted import PaintedView
from widgets.plain import plain_tip

MISSING, NOT_FETCHED, AHEAD = -1, -2, -3
HEIGHT = 12
RUNS = 2000
LATER = 165  # of 255: how far what was known later is faded
RANKED = 1_000_000
PATTERNS = {
    int(Quality.MEASURED): ("text.faint", Qt.BrushStyle.SolidPattern),
    int(Quality.RECONSTRUCTED): ("curve.flow", Qt.BrushStyle.Dense5Pattern),
    int(Quality.SUSPECT): ("state.warning", Qt.BrushStyle.BDiagPattern),
    int(Quality.BAD): ("state.guaranteed", Qt.BrushStyle.CrossPattern),
    int(Quality.MANUAL): ("accent", Qt.BrushStyle.VerPattern),
    int(Quality.FORECAST): ("forecast", Qt.BrushStyle.HorPattern),
    MISSING: ("curve.gap", Qt.BrushStyle.BDiagPattern),
    NOT_FETCHED: ("line.strong", Qt.BrushStyle.DiagCrossPattern),
}
FIRST_SEEN = (int(Quality.BAD), int(Quality.SUSPECT), int(Quality.MANUAL), MISSING, NOT_FETCHED)  # where many share a pixel


@dataclass(frozen=True, slots=True)
class Span:
    """kind: a quality code, MISSING or NOT_FETCHED. UTC s."""

    from_t: float
    to_t: float
    kind: int


def spans_of(curve: Curve, view: HydrographView) -> list[Span]:
    """Return what is known of a curve's window, in order: each reading speaks for the interval before it."""
    if not len(curve.t):
        found: list[Span] = []
    else:
        t = curve.t.astype(float)
        broken = np.flatnonzero(np.diff(t) > 1.5 * curve.interval_s)  # as domain.freshness.breaks_line
        kind = np.where(np.isfinite(curve.v) | (curve.quality == Quality.BAD), curve.quality, MISSING)
        if np.count_nonzero(np.diff(kind)) > RUNS:
            kind = _worst(kind)
        new = np.union1d(np.flatnonzero(np.diff(kind) != 0) + 1, broken + 1)
        starts = np.concatenate([[0], new]).astype(int)
        ends = np.concatenate([new, [len(t)]]).astype(int) - 1
        found = []
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
            left = float(t[a] - min(curve.interval_s, t[a] - t[a - 1] if a else curve.interval_s))
            if found and left > found[-1].to_t:
                found.append(Span(found[-1].to_t, left, MISSING))
            found.append(Span(left, float(t[b]), int(kind[a])))
    until = min(view.to_t, view.now)
    if found and found[-1].to_t < until - curve.interval_s:
        found.append(Span(found[-1].to_t, until, MISSING))
    if found and found[0].from_t > view.from_t:
        found.insert(0, Span(view.from_t, found[0].from_t, MISSING))
    if not found and until > view.from_t:
        found = [Span(view.from_t, until, MISSING)]
    return found + [Span(a, b, NOT_FETCHED) for a, b in view.holes]


def _worst(kind: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return qualities that change at most RUNS times: each block shows what most needs to be seen."""
    first = np.unique(np.linspace(0, len(kind) - 1, RUNS).astype(int))
    rank = np.where(np.isin(kind, FIRST_SEEN), RANKED + kind, kind)
    worst = np.maximum.reduceat(rank, first)
    return np.repeat(np.where(worst > RANKED // 2, worst - RANKED, worst), np.diff(np.append(first, len(kind))))


def kind_word(kind: int) -> str:
    return {MISSING: "缺测", NOT_FETCHED: "未取回"}.get(kind) or word(kind)


class QualityRibbon(PaintedView):
    """to_x: time → pixel in this widget; bounds: (left, right) pixels of the plot above."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self.spans: list[Span] = []
        self._starts: list[float] = []
        self.known_until = np.inf
        self._map: Callable[[], tuple[float, float, float, float]] = lambda: (0.0, 1.0, 0.0, 1.0)
        self.setFixedHeight(HEIGHT)
        self.setMouseTracking(True)
        self.setAccessibleName(look.tr("数据质量"))

    def follow(self, place: Callable[[], tuple[float, float, float, float]]) -> None:
        """Take (first t, last t, left pixel, right pixel) from the plot above."""
        self._map = place

    def show_curve(self, curve: Curve | None, view: HydrographView) -> None:
        self.spans = spans_of(curve, view) if curve is not None else []
        self._starts = [s.from_t for s in self.spans]
        self.update()

    def fade_after(self, moment: float | None) -> None:
        """Fade what was only known after a moment; None for none of it."""
        until = np.inf if moment is None else moment
        if until != self.known_until:
            self.known_until = until
            self.update()

    def paint(self, painter: QPainter) -> None:
        first, last, left, right = self._map()
        if last <= first or right - left < 2:
            return
        scale = (right - left) / (last - first)
        painter.setClipRect(QRectF(left, 0, right - left, self.height()))
        shown = [s for s in self.spans if s.to_t > first and s.from_t < last]
        if len(shown) > 4 * (right - left):
            shown = _thinned(shown, 1 / scale)
        shown.sort(key=lambda s: s.kind in FIRST_SEEN)
        for span in shown:
            x0, x1 = left + (span.from_t - first) * scale, left + (span.to_t - first) * scale
            box = QRectF(x0, 2, max(3.0 if span.kind in FIRST_SEEN else 1.5, x1 - x0), self.height() - 4)
            token, pattern = PATTERNS.get(span.kind, ("text.dim", Qt.BrushStyle.Dense6Pattern))
            painter.fillRect(box, self.look.color("panel"))
            painter.fillRect(box, QBrush(self.look.color(token), pattern))
            if pattern != Qt.BrushStyle.SolidPattern:
                painter.setPen(QPen(self.look.color(token), 1))
                painter.drawRect(box.adjusted(0, 0, -1, -1))
        if self.known_until < last:
            x = left + max(0.0, self.known_until - first) * scale
            painter.fillRect(QRectF(x, 0, right - x, self.height()), self.look.color("panel", LATER))

    def kinds_at(self, t: float) -> list[int]:
        """Return what is said of a moment; what was not fetched outweighs all else."""
        found = [s.kind for s in self.spans[: bisect.bisect_right(self._starts, t)] if s.from_t <= t <= s.to_t]
        found += [s.kind for s in self.spans if s.kind == NOT_FETCHED and s.from_t <= t <= s.to_t]
        return [NOT_FETCHED] if NOT_FETCHED in found else found

    def words_at(self, t: float) -> str:
        kinds = self.kinds_at(t)
        return self.look.tr(kind_word(kinds[-1])) if kinds else "—"

    def legend(self, t: float) -> str:
        """Return what the ribbon shows at a moment, and what its patterns mean."""
        tr = self.look.tr
        words = [
            f"{tr('实测')} {tr('实底')}",
            f"{tr('重建')} {tr('点')}",
            f"{tr('预报')} {tr('横线')}",
            f"{tr('人工')} {tr('竖线')}",
            f"{tr('存疑')} {tr('斜线')}",
            f"{tr('坏值')} {tr('方格')}",
            f"{tr('缺测')} {tr('框内斜线')}",
            f"{tr('未取回')} {tr('框内交叉线')}",
        ]
        return f"{stamp(t)}  {self.words_at(t)}\n{tr('图例')}：" + "、".join(words)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        first, last, left, right = self._map()
        if right > left and self.spans:
            t = first + (event.position().x() - left) / (right - left) * (last - first)
            self.setToolTip(plain_tip(self.legend(t)))
        super().mouseMoveEvent(event)


def _thinned(spans: list[Span], pixel_s: float) -> list[Span]:
    """Keep of each pixel's spans the one that most needs to be seen."""
    kept: dict[int, Span] = {}
    for span in spans:
        column = int(span.from_t / pixel_s)
        old = kept.get(column)
        if old is None or (span.kind in FIRST_SEEN and old.kind not in FIRST_SEEN):
            kept[column] = Span(column * pixel_s, max(span.to_t, (column + 1) * pixel_s), span.kind)
    return list(kept.values())
