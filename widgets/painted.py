"""Base of views that paint themselves: a fault while painting never reaches the neighbours."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from console.look import Look

Guard = Callable[[str, Exception], None]


class PaintedView(QWidget):
    """Subclasses implement paint(); on_fault is set by the panel that holds the view."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.on_fault: Guard | None = None
        look.changed.connect(self.update)

    def paint(self, painter: QPainter) -> None:
        raise NotImplementedError

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setFont(self.look.font())
            self.paint(painter)
        except Exception as exc:
            if self.on_fault is None:
                raise
            self.on_fault(type(self).__name__, exc)
        finally:
            painter.end()

    def empty(self, painter: QPainter, text: str, hint: str = "") -> None:
        """Say what would fill this view."""
        box = QRectF(self.rect()).adjusted(12, 8, -12, -8)
        painter.setPen(self.look.color("text.dim"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(box, flags, text + (f"\n{hint}" if hint else ""))
