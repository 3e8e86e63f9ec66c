"""The overview: one tile per regime, and one sentence per thing that is going on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QWheelEvent

from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.duty import Happening, Tile
from widgets.painted import PaintedView
from widgets.plain import show_tip
from widgets.symbols import draw_state
from widgets.whole_parts import whole_parts

NARROW = 0.55  # share of a card that has nothing to say
SIGN, AIR = 36, 20  # what a sentence needs beside its words: its sign in front, air behind


class Overview(PaintedView):
    """Signals:
    topic_chosen: a regime was clicked or entered; arg is the topic to look into, "" to come back to all.
    panel_wanted: a figure was clicked whose list is a panel of its own; arg is its code.
    """

    topic_chosen = Signal(str)
    panel_wanted = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._tiles: tuple[Tile, ...] = ()
        self._at = 0
        self.setMinimumHeight(84)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(look.tr("总览"))

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        if tuple(tiles) != self._tiles:
            self._tiles = tuple(tiles)
            self.update()

    def paint(self, painter: QPainter) -> None:
        if not self._tiles:
            self.empty(painter, self.look.tr("正在等待第一批数据"))
            return
        for i, (tile, box) in enumerate(zip(self._tiles, self._boxes(), strict=True)):
            if self.hasFocus() and i == self._at:
                painter.fillRect(box.adjusted(2, 2, -2, -2), self.look.color("hover"))
            self._tile(painter, box, tile, last=i == len(self._tiles) - 1)

    def _boxes(self) -> list[QRectF]:
        """Share the width: a regime that is not connected takes half of what the others take."""
        parts = [1.0 if t.wide else NARROW for t in self._tiles]
        found, left = [], 0.0
        for part in parts:
            width = self.width() * part / sum(parts)
            found.append(QRectF(left, 0, width, self.height()))
            left += width
        return found

    def _tile(self, painter: QPainter, box: QRectF, tile: Tile, *, last: bool) -> None:
        look = self.look
        if not last:
            painter.setPen(look.color("line"))
            painter.drawLine(box.topRight() + QPointF(-0.5, 10), box.bottomRight() + QPointF(-0.5, -10))
        inner = box.adjusted(14, 8, -12, -6)
        painter.setFont(look.font("title_px", bold=True))
        painter.setPen(look.color("text"))
        metrics = painter.fontMetrics()
        y = inner.top() + metrics.ascent()
        painter.drawText(QPointF(inner.left(), y), tile.name)
        painter.setFont(look.font("small_px"))
        painter.setPen(look.color("text.faint"))
        used = metrics.horizontalAdvance(tile.name) + 12
        small = painter.fontMetrics()
        coverage = small.elidedText(tile.coverage, Qt.TextElideMode.ElideRight, int(inner.width() - used))
        painter.drawText(QPointF(inner.right() - small.horizontalAdvance(coverage), y), coverage)
        painter.setFont(look.font("big_px", bold=True))
        strong = tile.state >= State.WATCH
        painter.setPen(look.color(TOKENS[tile.state] if strong else "text"))
        big = painter.fontMetrics()
        base = y + big.ascent() + 4
        painter.drawText(QPointF(inner.left(), base), tile.value)
        at = inner.left() + big.horizontalAdvance(tile.value) + 6
        painter.setFont(look.font("small_px"))
        painter.setPen(look.color("text.dim"))
        room = int(inner.right() + 8 - at)
        painter.drawText(QPointF(at, base), small.elidedText(tile.unit, Qt.TextElideMode.ElideRight, room))
        for i, text in enumerate(wrapped([t for t in tile.lines[:2] if t], small, int(inner.width()))):
            line_y = base + (i + 1) * (small.height() + 1)
            painter.drawText(
                QPointF(inner.left(), line_y), small.elidedText(text, Qt.TextElideMode.ElideRight, int(inner.width()))
            )

    def _tile_at(self, x: float) -> int:
        return next((i for i, box in enumerate(self._boxes()) if box.left() <= x < box.right()), -1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        i = self._tile_at(event.position().x())
        if i >= 0:
            self._at = i
            self.update()
            self._choose(self._tiles[i])

    def _choose(self, tile: Tile) -> None:
        """Go to what stands behind a figure; one that has no list leads nowhere, and not back either."""
        if tile.topic:
            self.topic_chosen.emit(tile.topic)
        elif tile.panel:
            self.panel_wanted.emit(tile.panel)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()), 0)
        if step and self._tiles:
            self._at = max(0, min(len(self._tiles) - 1, self._at + step))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._tiles:
            self._choose(self._tiles[self._at])
        elif event.key() == Qt.Key.Key_Escape:
            self.topic_chosen.emit("")
        else:
            super().keyPressEvent(event)


def wrapped(lines: Sequence[str], metrics: QFontMetrics, room: int) -> list[str]:
    """Return at most two lines: a single one that is too long goes on in the second."""
    if len(lines) != 1 or metrics.horizontalAdvance(lines[0]) <= room:
        return list(lines)
    text = lines[0]
    fits = next((n for n in range(len(text), 1, -1) if metrics.horizontalAdvance(text[:n]) <= room), 1)
    space = text.rfind(" ", 0, fits + 1)
    cut = space if text.isascii() and space > 0 else fits
    return [text[:cut].rstrip(), text[cut:].lstrip()]


class HappeningList(PaintedView):
    """Signals:
    selected: arg is the object's code.
    """

    selected = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._items: tuple[Happening, ...] = ()
        self._known = False
        self._judged = True
        self._row = 0
        self._first = 0  # line at the top; the wheel and the keys move it
        self.setMinimumHeight(60)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_items(self, items: Sequence[Happening], *, known: bool = True, judged: bool = True) -> None:
        """Show the sentences; known is False until the alarms have been read, judged where nothing can be said."""
        if (tuple(items), known, judged) != (self._items, self._known, self._judged):
            self._items, self._known, self._judged = tuple(items), known, judged
            self.update()

    def _height(self) -> int:
        return self.fontMetrics().height() + 9

    def _columns(self) -> int:
        """One column while it holds every line: two cut the details short."""
        return 1 if self.width() <= 900 or len(self._items) * self._height() <= self.height() else 2

    def _starts(self) -> list[float]:
        """Return where each column begins and the last one ends; one lends the other only what it has no need of."""
        columns = self._columns()
        if columns == 1:
            return [0.0, float(self.width())]
        large, small = QFontMetricsF(self.look.font()), QFontMetricsF(self.look.font("small_px"))
        needs = [large.horizontalAdvance(h.text) + small.horizontalAdvance(h.detail) + SIGN + AIR for h in self._items]
        left, right, half = max(needs[::2]), max(needs[1::2], default=0.0), self.width() / 2
        if left > half > right:
            half = min(left, self.width() - right)
        elif right > half > left:
            half = max(left, self.width() - right)
        return [0.0, half, float(self.width())]

    def paint(self, painter: QPainter) -> None:
        if not self._items and not self._known:
            self.empty(painter, self.look.tr("正在等待第一批数据"))
            return
        if not self._items and not self._judged:
            tr = self.look.tr
            self.empty(painter, tr("这一时刻没有可判断的数据"), tr("没有告警不等于平安；请换一个时刻或检查数据来源"))
            return
        if not self._items:
            self.empty(
                painter,
                self.look.tr("没有正在发生的告警"),
                self.look.tr("有数据的站均未达到已知限值；没有公布限值的站无法判断"),
            )
            return
        metrics = painter.fontMetrics()
        columns = self._columns()
        starts = self._starts()
        line = self._height()
        rows = max(1, int((self.height() - 2) // line))
        self._first = max(0, min(self._first, -(-len(self._items) // columns) - rows))
        last = min(len(self._items), (self._first + rows) * columns)
        more = len(self._items) - last
        for i in range(self._first * columns, last):
            item = self._items[i]
            wide = starts[i % columns + 1] - starts[i % columns]
            x, y = starts[i % columns] + 10, (i // columns - self._first) * line + 4.0
            if more and i == last - 1:
                self._more(painter, QPointF(x, y + line / 2), more + 1)
                break
            middle = y + line / 2
            if self.hasFocus() and i == self._row:
                painter.fillRect(QRectF(x - 6, y, wide - 8, line), self.look.color("hover"))
            draw_state(painter, self.look, item.state, QPointF(x + 8, middle), 7)
            painter.setPen(self.look.color("text"))
            base = middle + metrics.ascent() / 2 - 2
            text = metrics.elidedText(item.text, Qt.TextElideMode.ElideRight, int(wide - 40))
            painter.drawText(QPointF(x + 24, base), text)
            used = metrics.horizontalAdvance(text) + SIGN
            room = int(wide - used - 16)
            if room > 40:
                painter.setPen(self.look.color("text.dim"))
                painter.setFont(self.look.font("small_px"))
                painter.drawText(QPointF(x + used, base), whole_parts(item.detail, QFontMetricsF(painter.font()), room))
                painter.setFont(self.look.font())

    def _more(self, painter: QPainter, at: QPointF, count: int) -> None:
        painter.setPen(self.look.color("accent"))
        text = f"▾ {self.look.tr('还有')} {count} {self.look.tr('处')}"
        painter.drawText(at + QPointF(24, painter.fontMetrics().ascent() / 2 - 2), text)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._first = max(0, self._first + (-1 if event.angleDelta().y() > 0 else 1))
        self.update()
        event.accept()

    def place_at(self, at: QPointF) -> int | None:
        """Return which sentence lies at a point of the widget."""
        columns = self._columns()
        column = sum(at.x() >= start for start in self._starts()[1:-1])
        i = (int((at.y() - 4) / self._height()) + self._first) * columns + column
        return i if 0 <= i < len(self._items) else None

    def event(self, event: QEvent) -> bool:
        """A tip tells in full what a sentence had to leave out."""
        if isinstance(event, QHelpEvent):
            i = self.place_at(QPointF(event.pos()))
            show_tip(event.globalPos(), "" if i is None else f"{self._items[i].text}\n{self._items[i].detail}", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        i = self.place_at(event.position())
        if i is not None:
            self._row = i
            self.selected.emit(self._items[i].code)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        if step and self._items:
            self._row = max(0, min(len(self._items) - 1, self._row + step))
            columns, rows = self._columns(), max(1, int((self.height() - 2) // self._height()))
            line = self._row // columns
            self._first = min(max(self._first, line - rows + 2), line)
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._items:
            self.selected.emit(self._items[self._row].code)
        else:
            super().keyPressEvent(event)
