"""The line of tools above the map."""

from __future__ import annotations

import re

import qtawesome
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QToolButton, QWidget

from console.domain.rain import WINDOWS_H
from console.look import Look
from widgets.map_tools import MODES
from widgets.plain import PlainLabel, plain_tip

ICONS = {
    "distance": "mdi6.ruler",
    "area": "mdi6.vector-polygon",
    "profile": "mdi6.chart-bell-curve",
    "circle": "mdi6.map-marker-radius-outline",
    "point": "mdi6.map-marker-plus-outline",
    "line": "mdi6.vector-polyline",
    "polygon": "mdi6.shape-polygon-plus",
}
ALONG = {
    "upstream": ("mdi6.transfer-up", "所选站的上游"),
    "downstream": ("mdi6.transfer-down", "所选站的下游"),
}
SINCE_8 = "8时起"
COMPARISONS = {"": "不对比", "now": "实时", "6": "6 小时前", "24": "24 小时前", "72": "72 小时前", "layers": "有无所选图层"}


class MapToolbar(QWidget):
    """Signals:
    layers_toggled: the layer tree is wanted; arg is a bool.
    tool_chosen: arg is a mode of the tools.
    along_chosen: upstream or downstream of the selected station.
    cleared: put tools and figures away.
    hours_chosen: the window of the rain drape, hours; 0 for since 08:00.
    comparison_chosen: arg is a key of COMPARISONS, or a moment as it was typed, Beijing time.
    print_requested: a sheet with scale bar, legend, time and source is wanted.
    refused: what was typed cannot be read; arg says what would be understood.
    note_worded: the text of the note just drawn; "" to drop it.
    """

    layers_toggled = Signal(bool)
    tool_chosen = Signal(str)
    along_chosen = Signal(str)
    cleared = Signal()
    hours_chosen = Signal(float)
    comparison_chosen = Signal(str)
    print_requested = Signal()
    note_worded = Signal(str)
    refused = Signal(str)

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self._icons: list[tuple[QToolButton, str, str]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 2, 6, 2)
        self._row.setSpacing(2)
        self.layers = self._button("mdi6.layers-outline", "图层")
        self.layers.setCheckable(True)
        self.layers.toggled.connect(self.layers_toggled)
        self._row.addSpacing(8)
        self.tools = {mode: self._tool(mode) for mode in MODES}
        for way, (icon, name) in ALONG.items():
            self._button(icon, name).clicked.connect(lambda _=False, w=way: self.along_chosen.emit(w))
        self._button("mdi6.eraser", "清除").clicked.connect(self.cleared)
        self._row.addSpacing(8)
        self.hours = QComboBox(self)
        self.hours.addItems([*(f"{h} h" for h in WINDOWS_H), look.tr(SINCE_8)])
        self.hours.setCurrentIndex(WINDOWS_H.index(24))
        self.hours.setEditable(True)
        self.hours.setFixedWidth(round(74 * look.scale))
        self.hours.activated.connect(self._hours)
        line = self.hours.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._hours)
        self._rain = PlainLabel("", self)
        self._rain.setObjectName("dim")
        self._row.addWidget(self._rain)
        self._row.addWidget(self.hours)
        self.compare = QComboBox(self)
        self.compare.setEditable(True)
        self.compare.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.compare.activated.connect(lambda i: self.comparison_chosen.emit(list(COMPARISONS)[i]))
        if (chosen := self.compare.lineEdit()) is not None:
            chosen.returnPressed.connect(self._moment)
        self._row.addWidget(self.compare)
        self._button("mdi6.printer-outline", "出图").clicked.connect(self.print_requested)
        self.note = QLineEdit(self)
        self.note.setMaxLength(40)
        self.note.hide()
        self.note.returnPressed.connect(lambda: self._worded(self.note.text().strip()))
        self._row.addWidget(self.note, 1)
        self._row.addStretch(1)
        look.changed.connect(self._reworded)
        self._reworded()

    def _button(self, icon: str, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        self._icons.append((button, icon, name))
        self._row.addWidget(button)
        return button

    def _tool(self, mode: str) -> QToolButton:
        button = self._button(ICONS[mode], MODES[mode])
        button.setCheckable(True)
        button.clicked.connect(lambda: self.tool_chosen.emit(mode))
        return button

    def _reworded(self) -> None:
        tr = self.look.tr
        for button, icon, name in self._icons:
            button.setIcon(qtawesome.icon(icon, color=self.look.color("text.dim"), color_on=self.look.color("accent")))
            button.setToolTip(plain_tip(tr(name)))
            button.setAccessibleName(tr(name))
        self._rain.setText(tr("雨量"))
        at = max(0, self.compare.currentIndex())
        self.compare.clear()
        self.compare.addItems([tr(w) for w in COMPARISONS.values()])
        self.compare.setCurrentIndex(at)
        for box, name in ((self.hours, "雨量时段"), (self.compare, "卷帘对比")):
            box.setToolTip(plain_tip(tr(name)))
            box.setAccessibleName(tr(name))
        self.note.setPlaceholderText(tr("写几个字，回车保存；留空回车取消"))
        self.note.setAccessibleName(tr("标绘文字"))

    def show_mode(self, mode: str) -> None:
        for name, button in self.tools.items():
            button.setChecked(name == mode)

    def _moment(self) -> None:
        """Any moment may be typed, as 2022-06-20 08:00; what cannot be read changes nothing and is answered."""
        text = self.compare.currentText().strip()
        if read := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})\s+(\d{1,2})[:：](\d{2})", text):
            year, *rest = read.groups()
            month, day, hour, minute = (part.zfill(2) for part in rest)
            self.comparison_chosen.emit(f"{year}-{month}-{day} {hour}:{minute}")
        elif text not in [self.look.tr(w) for w in COMPARISONS.values()]:
            self.refused.emit(f"{text[:30]}：{self.look.tr('不是时刻，请写成 2022-06-20 08:00')}")

    def _hours(self) -> None:
        """Any whole or half number of hours up to 720 may be typed; 0 is since eight in the morning."""
        text = self.hours.currentText().lower().removesuffix("h").strip()
        if text == self.look.tr(SINCE_8):
            self.hours_chosen.emit(0.0)
            return
        try:
            hours = float(text)
        except ValueError:
            hours = 0.0
        if 0 < hours <= 720:
            self.hours_chosen.emit(hours)
        else:
            self.refused.emit(f"{text[:30]}：{self.look.tr('不是时段，请写 720 以内的小时数')}")

    def ask_words(self, words: str = "") -> None:
        """A note was drawn or clicked: ask for its words beside the tools; empty words take it away."""
        self.note.setText(words)
        self.note.show()
        self.note.setFocus()

    def _worded(self, text: str) -> None:
        self.note.hide()
        self.note_worded.emit(text)
