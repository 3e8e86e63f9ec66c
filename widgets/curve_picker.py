"""A list to tick: stations to compare, or floods to lay over; and the way they are compared."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.curve_tools import PickerView
from widgets.plain import PlainLabel


class CurvePicker(QWidget):
    """Signals:
    ticked: (key, on). way_chosen: the way's code. day_typed: a date that was entered.
    """

    ticked = Signal(str, bool)
    way_chosen = Signal(str)
    day_typed = Signal(str)

    def __init__(
        self, look: Look, title: str, ways: Sequence[tuple[str, str]], day_hint: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._view: PickerView | None = None
        self._filling = False
        self.list = QListWidget(self)
        self.list.setAccessibleName(title)
        self.list.setWordWrap(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.itemChanged.connect(self._ticked)
        self.way = QComboBox(self)
        self.way.setAccessibleName(look.tr("对比方式"))
        for code, text in ways:
            self.way.addItem(text, code)
        self.way.activated.connect(lambda _i: self.way_chosen.emit(str(self.way.currentData())))
        self.notes = PlainLabel("", self)
        self.notes.setObjectName("dim")
        self.notes.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        column.addWidget(self.way)
        column.addWidget(self.list, 1)
        column.addWidget(self.notes)
        self.day = QLineEdit(self)
        self.day.setMaxLength(10)
        self.day.setVisible(bool(day_hint))
        if day_hint:
            self._day_row(look, day_hint, column)

    def _day_row(self, look: Look, hint: str, column: QVBoxLayout) -> None:
        self.day.setPlaceholderText(hint)
        self.day.setAccessibleName(look.tr("叠加的日期"))
        add = QPushButton(look.tr("加入"), self)
        add.clicked.connect(lambda: self.day_typed.emit(self.day.text()))
        self.day.returnPressed.connect(lambda: self.day_typed.emit(self.day.text()))
        row = QHBoxLayout()
        row.addWidget(self.day, 1)
        row.addWidget(add)
        column.addLayout(row)

    def show_picker(self, view: PickerView) -> None:
        if view == self._view:
            return
        self._view, self._filling = view, True
        self.way.setCurrentIndex(max(0, self.way.findData(view.way)))
        self.list.clear()
        for choice in view.choices:
            item = QListWidgetItem(f"{choice.text}\n{choice.note}" if choice.note else choice.text, self.list)
            item.setData(Qt.ItemDataRole.UserRole, choice.key)
            flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
            item.setFlags(flags | Qt.ItemFlag.ItemIsEnabled if choice.enabled else flags)
            item.setCheckState(Qt.CheckState.Checked if choice.chosen else Qt.CheckState.Unchecked)
        self.notes.setText("；".join(view.notes))
        self.notes.setVisible(bool(view.notes))
        self._filling = False

    def say(self, text: str) -> None:
        self.notes.setText(text)
        self.notes.setVisible(bool(text))

    def _ticked(self, item: QListWidgetItem) -> None:
        if not self._filling:
            self.ticked.emit(str(item.data(Qt.ItemDataRole.UserRole)), item.checkState() == Qt.CheckState.Checked)
