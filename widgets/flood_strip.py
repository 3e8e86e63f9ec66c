"""Below the sandbox: which inundation is shown and how, its legend, its figures with their source, what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from console.look import Look
from widgets.painted import PaintedView
from widgets.plain import PlainLabel, plain_tip

NARROW_PX = 120
SWATCH_PX, GAP_PX = 16, 14
Rows = Sequence[tuple[str, str, str]]  # symbol, token, text


class LegendLine(PaintedView):
    """Swatches with their words in one line, in more where the strip is narrow."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(look, parent)
        self.rows: tuple[tuple[str, str, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        look.changed.connect(self._fit)

    def show_rows(self, rows: Rows) -> None:
        self.rows = tuple(rows)
        self.setAccessibleName("，".join(text for _, _, text in self.rows))
        self._fit()
        self.update()

    def _placed(self) -> tuple[list[QRect], int]:
        """Return a box for each row, and how tall all lines are."""
        metrics = QFontMetrics(self.look.font("small_px"))
        line, x, y = metrics.height() + 4, 0, 0
        boxes: list[QRect] = []
        for _, _, text in self.rows:
            wide = SWATCH_PX + 6 + metrics.horizontalAdvance(text) + GAP_PX
            if x and x + wide > self.width():
                x, y = 0, y + line
            boxes.append(QRect(x, y, wide, line))
            x += wide
        return boxes, y + line if self.rows else 0

    def _fit(self) -> None:
        tall = self._placed()[1]
        if tall != self.height():
            self.setFixedHeight(tall)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def paint(self, painter: QPainter) -> None:
        painter.setFont(self.look.font("small_px"))
        boxes, _ = self._placed()
        for box, (_, token, text) in zip(boxes, self.rows, strict=True):
            swatch = QRect(box.left(), box.top() + 3, SWATCH_PX, box.height() - 6)
            if token.endswith(".unknown"):
                painter.fillRect(swatch, self.look.color(token, 60))
                painter.setClipRect(swatch)
                painter.setPen(self.look.color(token))
                for x in range(swatch.left() - swatch.height(), swatch.right() + 1, 5):
                    painter.drawLine(x, swatch.bottom() + 1, x + swatch.height(), swatch.top())
                painter.setClipping(False)
            else:
                painter.fillRect(swatch, self.look.color(token))
            painter.setPen(self.look.color("text"))
            painter.drawText(box.adjusted(SWATCH_PX + 6, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._placed()[1])


class FloodStrip(QWidget):
    """Signals:
    result_chosen: a result's name, "" to show none. mode_chosen: depth, arrival, duration or max.
    import_requested: the form is wanted. cancel_requested: stop what runs. remove_requested: a result's name, to be
    deleted from this machine; pressed twice, for it is not got back.
    """

    result_chosen = Signal(str)
    mode_chosen = Signal(str)
    import_requested = Signal()
    cancel_requested = Signal()
    remove_requested = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._sure = ""  # the result whose removal was asked for once
        self._results: tuple[tuple[str, str], ...] = ()
        self._modes: tuple[tuple[str, str], ...] = ()
        self._fault, self._problems = "", ""
        self.results, self.modes = QComboBox(self), QComboBox(self)
        self.results.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.results.setMinimumContentsLength(22)
        self.results.setMinimumWidth(round(NARROW_PX * look.scale))  # and no less where the strip is narrow
        self.results.activated.connect(lambda: self.result_chosen.emit(str(self.results.currentData() or "")))
        self.modes.activated.connect(lambda: self.mode_chosen.emit(str(self.modes.currentData() or "")))
        self.load, self.cancel, self.remove = QPushButton(self), QPushButton(self), QPushButton(self)
        self.load.clicked.connect(self.import_requested)
        self.remove.clicked.connect(self._remove)
        self.cancel.clicked.connect(self.cancel_requested)
        self.figures, self.exposures, self.note, self.doing, self.wrong = (PlainLabel("", self) for _ in range(5))
        for label, kind in ((self.exposures, ""), (self.note, "dim"), (self.doing, "dim"), (self.wrong, "warn")):
            label.setObjectName(kind)
            label.setWordWrap(label is not self.doing)
        self.legend = LegendLine(look, self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(round(6 * look.scale))
        self._arrange()
        self.show_progress(-1.0, "")
        self.show_words("", (), "")
        self._say()
        look.changed.connect(self._reworded)
        self._reworded()

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.results)
        top.addWidget(self.modes)
        top.addWidget(self.load)
        top.addWidget(self.remove)
        top.addWidget(self.figures, 1)
        self._running = QWidget(self)
        row = QHBoxLayout(self._running)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.doing)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(3)
        column.addLayout(top)
        for widget in (self.legend, self.exposures, self.note, self._running, self.wrong):
            column.addWidget(widget)

    # --- what is shown --------------------------------------------------------------------
    def show_results(self, results: Sequence[tuple[str, str]], chosen: str) -> None:
        """Show what can be chosen: (name, label)."""
        if tuple(results) != self._results:
            self._results = tuple(results)
            self._fill(self.results, (("", self.look.tr("不显示淹没")), *self._results))
        self.results.setCurrentIndex(max(0, self.results.findData(chosen)))
        self.results.setToolTip(plain_tip(self.results.currentText()))
        self.modes.setVisible(bool(chosen))
        self.remove.setVisible(bool(chosen))
        if chosen != self._sure:
            self._ask("")

    def show_modes(self, modes: Sequence[tuple[str, str]], chosen: str) -> None:
        """Show the ways to look at it: (code, words)."""
        if tuple(modes) != self._modes:
            self._modes = tuple(modes)
            self._fill(self.modes, self._modes)
        self.modes.setCurrentIndex(max(0, self.modes.findData(chosen)))

    def show_legend(self, rows: Rows) -> None:
        self.legend.show_rows(rows)
        self.legend.setVisible(bool(rows))

    def show_words(self, figures: str, exposures: Sequence[str], note: str) -> None:
        """Show area and volume now, what is under water with its source, and what the result is."""
        for label, text in ((self.figures, figures), (self.exposures, "\n".join(exposures)), (self.note, note)):
            label.setText(text)
        self.exposures.setVisible(bool(exposures))
        self.note.setVisible(bool(note))

    def show_progress(self, share: float, words: str) -> None:
        """Show how far a piece of work is, 0 to 1; -1 when it is over."""
        self._running.setVisible(share >= 0)
        self.doing.setText(words)
        self.bar.setValue(round(100 * max(0.0, share)))

    def show_problems(self, problems: Sequence[str]) -> None:
        """Show which results cannot be used, and why."""
        self._problems = "\n".join(problems)
        self._say()

    def say(self, text: str) -> None:
        """Say what cannot be shown, "" for nothing more."""
        self._fault = text
        self._say()

    def _say(self) -> None:
        text = "\n".join(t for t in (self._fault, self._problems) if t)
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))

    def _remove(self) -> None:
        name = str(self.results.currentData() or "")
        if name and name == self._sure:
            self._ask("")
            self.remove_requested.emit(name)
        else:
            self._ask(name)

    def _ask(self, name: str) -> None:
        self._sure = name
        self.remove.setText(self.look.tr("确认移除？" if name else "移除"))

    @staticmethod
    def _fill(box: QComboBox, rows: Sequence[tuple[str, str]]) -> None:
        box.clear()
        for code, words in rows:
            box.addItem(words, code)

    def _reworded(self) -> None:
        tr = self.look.tr
        self.results.setAccessibleName(tr("淹没成果"))
        self.modes.setAccessibleName(tr("淹没显示方式"))
        self.load.setText(tr("导入…"))
        self.cancel.setText(tr("停止"))
        self._ask(self._sure)
        if self.results.count():
            self.results.setItemText(0, tr("不显示淹没"))
        self.figures.setFont(self.look.font())
