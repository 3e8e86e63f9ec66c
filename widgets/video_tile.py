"""One camera's tile: its picture, whose it is, when it came, and what it is worth."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QFont, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from console.domain.video import TOKENS, StreamState
from console.look import Look
from console.viewdata.video import Picture, TileView
from widgets.painted import PaintedView
from widgets.plain import plain_tip
from widgets.video_stamp import image_of

PLAYING = (StreamState.LIVE, StreamState.FILM)
WORTHLESS = (StreamState.FROZEN, StreamState.OFFLINE)


class VideoTile(PaintedView):
    """Signals:
    focus_requested: double click or Enter; snapshot_requested: the key S. Args: the camera's code.
    """

    focus_requested = Signal(str)
    snapshot_requested = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.view: TileView | None = None
        self.picture: Picture | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(80, 48)

    def show_view(self, view: TileView | None) -> None:
        """Show the words; another camera's picture goes at once."""
        if view == self.view:
            return
        if view is None or self.view is None or view.code != self.view.code:
            self.picture = None
        self.view = view
        words = "" if view is None else "\n".join(p for p in (view.name, view.word, view.detail, view.bound, view.stream) if p)
        self.setAccessibleName(words.replace("\n", " "))
        self.setToolTip(plain_tip(words))
        self.update()

    def show_picture(self, picture: Picture | None) -> None:
        if picture is not None and (self.picture is None or picture.number != self.picture.number):
            self.picture = picture
            self.update()

    # --- gestures ---------------------------------------------------------------------------
    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self._ask(self.focus_requested)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._ask(self.focus_requested)
        elif event.key() == Qt.Key.Key_S and not event.modifiers():
            self._ask(self.snapshot_requested)
        else:
            super().keyPressEvent(event)

    def _ask(self, signal: object) -> None:
        if self.view is not None and self.view.code:
            signal.emit(self.view.code)  # type: ignore[attr-defined]

    # --- paint --------------------------------------------------------------------------------
    def paint(self, painter: QPainter) -> None:
        view, box = self.view, QRectF(self.rect())
        painter.fillRect(box, self.look.color("input"))
        if view is None:
            return
        painter.setFont(self.look.font("small_px"))
        line = painter.fontMetrics().height() + 6
        middle = box.adjusted(0, line, 0, -line if box.height() > 4 * line else 0)
        caution = view.caution and view.clock and box.height() > 5 * line
        if caution:
            self._caution(painter, QRectF(box.left(), middle.top(), box.width(), line - 2), view)
            middle.setTop(middle.top() + line - 2)
        self._picture(painter, middle, view)
        self._top(painter, QRectF(box.left(), box.top(), box.width(), line), view)
        if box.height() > 4 * line and (view.bound or view.clock):
            self._bottom(painter, QRectF(box.left(), box.bottom() - line, box.width(), line), view)
        if view.state not in PLAYING:
            self._notice(painter, middle.adjusted(8, 2, -8, -2), view)
        edge = "accent" if self.hasFocus() else TOKENS[view.state] if view.state in WORTHLESS else "line"
        painter.setPen(QPen(self.look.color(edge), 2 if edge != "line" else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))

    def _picture(self, painter: QPainter, box: QRectF, view: TileView) -> None:
        picture = self.picture
        if picture is None:
            return
        part = min(box.width() / picture.width, box.height() / picture.height)
        width, height = picture.width * part, picture.height * part
        place = QRectF(box.center().x() - width / 2, box.center().y() - height / 2, width, height)
        painter.setOpacity(1.0 if view.state in PLAYING else 0.5)
        painter.drawImage(place, image_of(picture))
        painter.setOpacity(1.0)
        if view.state in WORTHLESS:  # no longer a picture of now
            painter.fillRect(place, QBrush(self.look.color(TOKENS[view.state], 150), Qt.BrushStyle.BDiagPattern))

    def _top(self, painter: QPainter, box: QRectF, view: TileView) -> None:
        painter.fillRect(box, self.look.color("panel", 225))
        metrics = painter.fontMetrics()
        word_w = metrics.horizontalAdvance(view.word) + 24
        room = int(box.width() - word_w - 14)
        painter.setPen(self.look.color("text"))
        name = metrics.elidedText(view.name, Qt.TextElideMode.ElideRight, max(0, room))
        painter.drawText(box.adjusted(8, 0, -word_w, 0), Qt.AlignmentFlag.AlignVCenter, name)
        token = TOKENS[view.state]
        self._mark(painter, QPointF(box.right() - word_w + 8, box.center().y()), view.state)
        painter.setPen(self.look.color(token))
        painter.drawText(box.adjusted(0, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, view.word)

    def _bottom(self, painter: QPainter, box: QRectF, view: TileView) -> None:
        painter.fillRect(box, self.look.color("panel", 225))
        metrics = painter.fontMetrics()
        right = " · ".join(p for p in (view.stream, view.clock) if p)
        if metrics.horizontalAdvance(right) > box.width() * 0.62:
            right = view.clock
        right_w = metrics.horizontalAdvance(right) + 12
        painter.setPen(self.look.color("text"))
        painter.drawText(box.adjusted(0, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, right)
        painter.setPen(self.look.color("text.dim"))
        bound = metrics.elidedText(view.bound, Qt.TextElideMode.ElideRight, max(0, int(box.width() - right_w - 10)))
        painter.drawText(box.adjusted(8, 0, -right_w, 0), Qt.AlignmentFlag.AlignVCenter, bound)

    def _caution(self, painter: QPainter, box: QRectF, view: TileView) -> None:
        painter.fillRect(box, self.look.color("review"))
        painter.setPen(self.look.color("ink.light"))
        text = painter.fontMetrics().elidedText(view.caution, Qt.TextElideMode.ElideRight, int(box.width() - 12))
        painter.drawText(box.adjusted(8, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _notice(self, painter: QPainter, box: QRectF, view: TileView) -> None:
        """Write over the picture what it is worth: it must not be taken for live from the back row."""
        if box.height() < 14 or box.width() < 40:
            return
        painter.setFont(self._head_font())
        head_h = painter.fontMetrics().height()
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.setFont(self.look.font("small_px"))
        detail_h = 0.0
        if view.detail:
            detail_h = painter.boundingRect(QRectF(0, 0, box.width() - 12, 400), int(flags), view.detail).height()
        if head_h + detail_h + 8 > box.height():
            detail_h = max(0.0, min(detail_h, box.height() - head_h - 8))
        height = min(box.height(), head_h + detail_h + 8)
        longest = max(painter.fontMetrics().horizontalAdvance(view.detail), 5 * head_h) + 28
        width = min(box.width(), float(longest))
        card = QRectF(box.center().x() - width / 2, box.center().y() - height / 2, width, height)
        if self.picture is not None:
            painter.fillRect(card, self.look.color("panel", 225))
        painter.setFont(self._head_font())
        painter.setPen(self.look.color(TOKENS[view.state]))
        painter.drawText(card.adjusted(4, 3, -4, 0), int(flags), view.word)
        painter.setFont(self.look.font("small_px"))
        painter.setPen(self.look.color("text"))
        if detail_h > painter.fontMetrics().height() / 2:
            painter.drawText(card.adjusted(6, head_h + 4, -6, 0), int(flags), view.detail)

    def _head_font(self) -> QFont:
        return self.look.font("base_px", bold=True)

    def _mark(self, painter: QPainter, at: QPointF, state: StreamState) -> None:
        """Draw the state's shape: disc live, bars frozen, cross offline, triangle a recording, ring otherwise."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self.look.color(TOKENS[state])
        painter.setPen(QPen(color, 2))
        painter.setBrush(color if state is StreamState.LIVE else Qt.BrushStyle.NoBrush)
        if state is StreamState.FROZEN:
            for dx in (-2.5, 2.5):
                painter.drawLine(at + QPointF(dx, -4), at + QPointF(dx, 4))
        elif state is StreamState.OFFLINE:
            painter.drawLine(at + QPointF(-4, -4), at + QPointF(4, 4))
            painter.drawLine(at + QPointF(-4, 4), at + QPointF(4, -4))
        elif state is StreamState.FILM:
            painter.setPen(QPen(color, 1.5))
            painter.drawPolygon(QPolygonF([at + QPointF(-3, -4), at + QPointF(4, 0), at + QPointF(-3, 4)]))
        else:
            if state is not StreamState.LIVE:
                painter.setPen(QPen(color, 1.5, Qt.PenStyle.DotLine))
            painter.drawEllipse(at, 4, 4)
        painter.restore()
