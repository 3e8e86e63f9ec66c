"""One line over a plot: whose rain hangs there and how much, and what line styles, dots and hatching mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from console.domain.elements import RAIN
from console.domain.freshness import breaks_line
from console.domain.quality import Quality
from console.look import Look
from console.viewdata.curves import Curve, HydrographView
from widgets.painted import PaintedView
from widgets.plain import plain_tip
from widgets.plot_bands import WASH
from widgets.plot_curves import FADED, marks_measured
from widgets.plot_rain import rain_of

SIGN, APART, MARGIN = 16.0, 14.0, 8.0
LINES = {"solid": Qt.PenStyle.SolidLine, "dotted": Qt.PenStyle.DotLine, "dashed": Qt.PenStyle.DashLine}


@dataclass(frozen=True, slots=True)
class Entry:
    """sign: rain, dot, solid, dotted, dashed, band, faded or gap."""

    sign: str
    text: str


def per_interval(interval_s: int) -> str:
    """Return the unit of a rain reading: how much in how long."""
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if interval_s >= size and interval_s % size == 0:
            return f"mm/{word}" if interval_s == size else f"mm/{interval_s // size} {word}"
    return "mm"


def rain_text(rain: Curve, view: HydrographView, look: Look) -> str:
    """Return whose rain it is and its greatest reading of the window up to the moment."""
    inside = (rain.t >= view.from_t) & (rain.t <= view.moment + rain.shift_s) & np.isfinite(rain.v)
    name = look.tr(rain.name)
    if not inside.any():
        return f"{name} {look.tr('缺测')}"
    return f"{name} {look.tr('最大值')} {RAIN.text(float(rain.v[inside].max()))} {per_interval(rain.interval_s)}"


def entries_of(view: HydrographView, look: Look) -> list[Entry]:
    """Return what stands in this picture and is not plain to see, most needed first."""
    rain, tr = rain_of(view), look.tr
    lines = [c for c in view.curves if c.role != "rain"]
    found = [Entry("rain", rain_text(rain, view, look))] if rain is not None else []
    known = (Quality.MEASURED, Quality.RECONSTRUCTED, Quality.FORECAST)
    kinds = {q for q in known if any((c.quality == q).any() for c in lines)}
    later = any(len(c.t) and c.t[-1] > view.moment + c.shift_s for c in view.curves)
    if view.looking_back and later:
        found.append(Entry("faded", tr("事后")))
    if Quality.RECONSTRUCTED in kinds:
        if Quality.MEASURED in kinds:
            found.append(Entry("dot" if any(marks_measured(c) for c in lines) else "solid", tr("实测")))
        found.append(Entry("dotted", tr("重建")))
    if Quality.FORECAST in kinds:
        found.append(Entry("dashed", tr("预报")))
    if view.bands:
        found.append(Entry("band", tr("预报区间")))
    if any(_broken(c, view) for c in view.curves if not c.tint):
        found.append(Entry("gap", tr("缺测")))
    return found


def _broken(curve: Curve, view: HydrographView) -> bool:
    t = curve.t[curve.t <= view.moment]
    ends = np.append(t, view.moment)
    return len(t) > 0 and breaks_line(float(np.diff(ends).max()), curve.interval_s)


class PlotLegend(PaintedView):
    """As many entries as fit, in order; all of them in the tip."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self.entries: list[Entry] = []
        self.setAccessibleName(look.tr("图例"))
        self.hide()

    def show_entries(self, entries: list[Entry]) -> None:
        if entries == self.entries:
            return
        self.entries = entries
        self.setFixedHeight(round(QFontMetricsF(self.look.font("small_px")).height()) + 2)
        self.setToolTip(plain_tip("  ".join(e.text for e in entries)))
        self.update()

    def placed(self) -> list[tuple[Entry, float]]:
        """Return the entries that fit with their left edges, pixels."""
        metrics = QFontMetricsF(self.look.font("small_px"))
        x, found = MARGIN, []
        for entry in self.entries:
            width = SIGN + 4 + metrics.horizontalAdvance(entry.text)
            if x + width <= self.width() - 2:
                found.append((entry, x))
                x += width + APART
        return found

    def paint(self, painter: QPainter) -> None:
        painter.setFont(self.look.font("small_px"))
        for entry, x in self.placed():
            self._sign(painter, entry.sign, QRectF(x, self.height() / 2 - 5, SIGN, 10))
            painter.setPen(self.look.color("text.dim"))
            room = QRectF(x + SIGN + 4, 0, self.width(), self.height())
            painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), entry.text)

    def _sign(self, painter: QPainter, sign: str, box: QRectF) -> None:
        ink, middle = self.look.color("curve.level"), box.center().y()
        if sign == "rain":
            for k, high in enumerate((5.0, 9.0, 6.0)):
                painter.fillRect(QRectF(box.left() + 5 * k, box.top(), 4, high), self.look.color("curve.rain"))
        elif sign == "dot":
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawEllipse(box.center(), 3.5, 3.5)
        elif sign == "band":
            painter.fillRect(box, self.look.color("curve.level", WASH))
        elif sign == "gap":
            painter.fillRect(box, QBrush(self.look.color("curve.gap"), Qt.BrushStyle.BDiagPattern))
        else:
            pen = QPen(self.look.color("curve.level", FADED) if sign == "faded" else ink, 1.6)
            pen.setStyle(LINES.get(sign, Qt.PenStyle.SolidLine))
            painter.setPen(pen)
            painter.drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle))
