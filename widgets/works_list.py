"""The works as a list with their worst state, and the eight monitoring subsystems as a board."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen

from console.look import Look
from console.viewdata.works import SubsystemCell, WorksLine
from widgets.painted import PaintedView
from widgets.plain import show_tip
from widgets.works_marks import draw_mark

SUBSYSTEM_TOKENS = {
    "ok": "text",
    "partial": "state.warning",
    "fault": "state.guaranteed",
    "absent": "text.dim",
    "unknown": "text.dim",
}
SUBSYSTEM_SHAPES = {"ok": "●", "partial": "◐", "fault": "✕", "absent": "○", "unknown": "？"}


class WorksList(PaintedView):
    """Signals:
    chosen: arg is the works' code.
    """

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._lines: tuple[WorksLine, ...] = ()
        self._code = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(look.tr("工程"))

    def show_lines(self, lines: Sequence[WorksLine], chosen: str) -> None:
        if (tuple(lines), chosen) != (self._lines, self._code):
            self._lines, self._code = tuple(lines), chosen
            self.setMinimumHeight(round(self._height() * len(self._lines)))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, round(self._height() * max(1, len(self._lines))))

    def _height(self) -> float:
        return 48.0 * self.look.scale

    def paint(self, painter: QPainter) -> None:
        look, line = self.look, self._height()
        for i, item in enumerate(self._lines):
            box = QRectF(0, i * line, self.width(), line)
            if item.code == self._code:
                painter.fillRect(box, look.color("select"))
                if self.hasFocus():
                    painter.setPen(QPen(look.color("accent"), 1))
                    painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
            draw_mark(painter, look, item.state, QPointF(18 * look.scale, box.center().y()), 7 * look.scale)
            left, room = 34 * look.scale, int(self.width() - 42 * look.scale)
            painter.setFont(look.font(bold=item.code == self._code))
            metrics = painter.fontMetrics()
            painter.setPen(look.color("text"))
            painter.drawText(
                QPointF(left, box.top() + 6 + metrics.ascent()),
                metrics.elidedText(item.name, Qt.TextElideMode.ElideRight, room),
            )
            painter.setFont(look.font("small_px"))
            small = painter.fontMetrics()
            painter.setPen(look.color("text.dim"))
            text = small.elidedText(f"{item.type} · {item.detail}", Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(left, box.bottom() - 6 - small.descent()), text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y() // self._height())
        if 0 <= row < len(self._lines):
            self.chosen.emit(self._lines[row].code)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        codes = [line.code for line in self._lines]
        if not step or not codes:
            super().keyPressEvent(event)
            return
        at = codes.index(self._code) if self._code in codes else 0
        self.chosen.emit(codes[max(0, min(len(codes) - 1, at + step))])


class SubsystemBoard(PaintedView):
    """Eight cells; what nobody told is 未知, hatched, never drawn as running.

    A note too long is cut in its middle and whole in its tip.
    """

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._cells: tuple[SubsystemCell, ...] = ()
        self._boxes: list[tuple[QRectF, SubsystemCell]] = []
        self.setAccessibleName(look.tr("监测子系统"))

    def show_cells(self, cells: Sequence[SubsystemCell]) -> None:
        if tuple(cells) != self._cells:
            self._cells = tuple(cells)
            self.update()

    def _columns(self) -> int:
        return 4 if self.width() >= 430 * self.look.scale else 2

    def paint(self, painter: QPainter) -> None:
        if not self._cells:
            return
        columns = self._columns()
        rows = -(-len(self._cells) // columns)
        wide, high = self.width() / columns, self.height() / rows
        self._boxes = [
            (QRectF((i % columns) * wide, (i // columns) * high, wide, high).adjusted(2, 2, -2, -2), cell)
            for i, cell in enumerate(self._cells)
        ]
        for box, cell in self._boxes:
            self._cell(painter, box, cell)

    def said(self, place: QPointF) -> str:
        """Return the whole text of the cell at a place, "" beside them."""
        cell = next((cell for box, cell in self._boxes if box.contains(place)), None)
        if cell is None:
            return ""
        share = "" if cell.coverage is None else f" {self.look.tr('覆盖')} {100 * cell.coverage:.0f}%"
        return f"{cell.name}\n{cell.word}{share}" + "".join(f" · {t}" for t in (cell.at_text, cell.note) if t)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            show_tip(event.globalPos(), self.said(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _cell(self, painter: QPainter, box: QRectF, cell: SubsystemCell) -> None:
        look = self.look
        token = SUBSYSTEM_TOKENS.get(cell.state, "text.dim")
        if cell.state == "unknown":
            painter.fillRect(box, QBrush(look.color("curve.gap", 60), Qt.BrushStyle.BDiagPattern))
        painter.setPen(QPen(look.color(token if cell.state in ("partial", "fault") else "line"), 1))
        painter.drawRect(box)
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        room = int(box.width() - 12)
        base = box.top() + (box.height() - 2 * metrics.height()) / 2 + metrics.ascent()
        painter.setPen(look.color("text.dim"))
        share = "" if cell.coverage is None else f"{look.tr('覆盖')} {100 * cell.coverage:.0f}%"
        if metrics.horizontalAdvance(f"{cell.name}  {share}") > room:
            share = share.rpartition(" ")[2]
        wide = metrics.horizontalAdvance(share)
        name = metrics.elidedText(cell.name, Qt.TextElideMode.ElideRight, room - wide - (8 if share else 0))
        painter.drawText(QPointF(box.left() + 6, base), name)
        painter.drawText(QPointF(box.right() - 6 - wide, base), share)
        painter.setPen(look.color(token))
        said = " · ".join(t for t in (cell.at_text, cell.note) if t)
        word = f"{SUBSYSTEM_SHAPES.get(cell.state, '？')} {cell.word}" + (" · " if said else "")
        note = metrics.elidedText(said, Qt.TextElideMode.ElideMiddle, max(0, room - metrics.horizontalAdvance(word)))
        painter.drawText(QPointF(box.left() + 6, base + metrics.height()), word + note)
