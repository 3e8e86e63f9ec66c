"""Saved views of a table: pick one, save the present one under a name, remove one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QToolButton, QWidget

from console.look import Look


class ViewPicker(QWidget):
    """Signals:
    picked, removed: arg is a view's name.
    save_requested: keep what the table shows now; arg is the name.
    """

    picked = Signal(str)
    removed = Signal(str)
    save_requested = Signal(str)

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        tr = look.tr
        self.choice = QComboBox(self)
        self.choice.setAccessibleName(tr("视图"))
        self.choice.setMinimumWidth(round(96 * look.scale))
        self.choice.activated.connect(self._activated)
        self.name = QLineEdit(self)
        self.name.setPlaceholderText(tr("视图名"))
        self.name.setAccessibleName(tr("视图名"))
        self.name.setMaxLength(20)
        self.name.setFixedWidth(round(96 * look.scale))
        self.name.hide()
        self.name.returnPressed.connect(self._save)
        self.keep = QToolButton(self)
        self.keep.setText(tr("存为视图"))
        self.keep.clicked.connect(self._save)
        self.drop = QToolButton(self)
        self.drop.setText(tr("删除"))
        self.drop.clicked.connect(lambda: self.removed.emit(self.choice.currentText()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 4, 0)
        row.setSpacing(4)
        for widget in (self.choice, self.name, self.keep, self.drop):
            row.addWidget(widget)
        self._first = tr("默认视图")
        self.show_names((), "")

    def show_names(self, names: Sequence[str], current: str) -> None:
        self.choice.clear()
        self.choice.addItems([self._first, *names])
        self.choice.setCurrentText(current or self._first)
        self.choice.setVisible(bool(names))
        self.drop.setVisible(bool(current))

    def _activated(self, place: int) -> None:
        self.drop.setVisible(place > 0)
        self.picked.emit(self.choice.currentText() if place > 0 else "")

    def _save(self) -> None:
        if not self.name.isVisible():
            self.name.show()
            self.name.setFocus()
            return
        if name := self.name.text().strip():
            self.save_requested.emit(name)
            self.name.clear()
        self.name.hide()
