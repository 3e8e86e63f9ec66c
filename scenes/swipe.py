"""The line between two moments in one picture: where it is, what stands beside it, the hand that moves it."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from console.look import Look
from console.viewdata.scene import SceneFlood, SceneView

GRIP_PX = 9.0
WORDS_PX = 12.0  # from the top: below stand the notes
LEAST, MOST = 0.04, 0.96


@dataclass(slots=True)
class Swipe:
    """other: what is right of the line, None while nothing is compared. words: of the left and of the right side.

    flood: what lies over the right side's ground where that is not what lies over the left.
    """

    other: SceneView | None = None
    words: tuple[str, str] = ("", "")
    flood: tuple[SceneFlood | None, ...] = ()
    share: float = 0.5
    held: bool = field(default=False)

    def grips(self, x: float, width: int, reach_px: float = GRIP_PX) -> bool:
        return self.other is not None and abs(x - self.share * width) <= reach_px

    def move(self, x: float, width: int) -> None:
        self.share = min(MOST, max(LEAST, x / max(1, width)))

    def paint(self, painter: QPainter, look: Look, width: int, height: int) -> None:
        """Draw the line, its grip, and which moment is on which side."""
        if self.other is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = self.share * width
        painter.setPen(QPen(look.color("ink.light"), 2))
        painter.drawLine(QPointF(x, 0), QPointF(x, height))
        middle = QPointF(x, height / 2)
        painter.setBrush(look.color("accent"))
        painter.drawEllipse(middle, 11, 11)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("ink.light"))
        for way in (-1, 1):
            tip = [QPointF(x + way * 8, middle.y()), QPointF(x + way * 3, middle.y() - 4), QPointF(x + way * 3, middle.y() + 4)]
            painter.drawPolygon(QPolygonF(tip))
        painter.setFont(look.font("small_px", bold=True))
        metrics = painter.fontMetrics()
        for text, right in zip(self.words, (False, True), strict=True):
            wide = metrics.horizontalAdvance(text) + 12
            box = QRectF(x + 8 if right else x - 8 - wide, WORDS_PX, wide, metrics.height() + 6)
            painter.fillRect(box, look.color("panel", 225))
            painter.setPen(look.color("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()
