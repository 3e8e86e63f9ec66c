"""Correct one reading beside the plot: what it was, what it should be or that it is void, why, and who says so."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QPushButton, QWidget

from console.look import Look
from console.viewdata.curve_tools import PointView
from widgets.plain import PlainLabel


class CorrectionForm(QWidget):
    """Signals:
    correct_requested: (new value as typed, void, reason, name).
    """

    correct_requested = Signal(str, bool, str, str)

    def __init__(self, look: Look, operator: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        tr = look.tr
        self._point: PointView | None = None
        self._saving = False
        self.head, self.old, self.status = (PlainLabel("", self) for _ in range(3))
        self.head.setText(tr("点图上的一个读数，在这里订正"))
        for label in (self.head, self.old, self.status):
            label.setWordWrap(True)
        self.old.setObjectName("dim")
        self.value = self._field(tr("新值"), 20)
        self.void = QCheckBox(tr("作废（没有可用的值）"), self)
        self.void.toggled.connect(lambda on: self.value.setEnabled(not on and self._open()))
        self.reason = self._field(tr("原因（必填）"), 500)
        self.name = self._field(tr("姓名"), 60)
        self.name.setText(operator)
        self.button = QPushButton(tr("保存订正"), self)
        self.button.setObjectName("primary")
        self.button.clicked.connect(self._ask)
        for field in (self.value, self.reason, self.name):
            field.returnPressed.connect(self._ask)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 6, 8, 6)
        grid.setVerticalSpacing(5)
        for row, widget in enumerate(
            (self.head, self.old, self.value, self.void, self.reason, self.name, self.button, self.status)
        ):
            grid.addWidget(widget, row, 0)
        grid.setRowStretch(8, 1)
        self._enable()

    def _field(self, hint: str, limit: int) -> QLineEdit:
        field = QLineEdit(self)
        field.setPlaceholderText(hint)
        field.setAccessibleName(hint)
        field.setMaxLength(limit)
        return field

    def _open(self) -> bool:
        return self._point is not None and not self._point.blocked

    def _enable(self) -> None:
        on = self._open() and not self._saving
        for widget in (self.value, self.void, self.reason, self.button):
            widget.setEnabled(on)
        self.value.setEnabled(on and not self.void.isChecked())

    def show_point(self, point: PointView | None) -> None:
        """Show the chosen reading; what was typed for another one is cleared."""
        before, self._point = self._point, point
        if point is None:
            self.head.setText(self.look.tr("点图上的一个读数，在这里订正"))
            self.old.setText("")
        else:
            self.head.setText(f"{point.title}\n{point.when}")
            unit = f" {point.unit}" if point.unit else ""
            self.old.setText(
                f"{self.look.tr('原值')} {point.old}{unit}（{point.quality}）" + (f"\n{point.history}" if point.history else "")
            )
        moved = before is None or point is None or (before.title, before.when) != (point.title, point.when)
        if moved:
            self.value.clear()
            self.reason.clear()
            self.void.setChecked(False)
            self.status.setText("")
        if point is not None and point.blocked:
            self.status.setText(point.blocked)
        elif not moved and before is not None and before.blocked:
            self.status.setText("")
        self._enable()

    def _ask(self) -> None:
        if self._saving or not self._open():
            return
        self._saving = True
        self._enable()
        self.status.setText(self.look.tr("正在保存…"))
        self.correct_requested.emit(self.value.text(), self.void.isChecked(), self.reason.text(), self.name.text())

    def saved(self) -> None:
        """The entry is on this machine's disk."""
        self._saving = False
        self.value.clear()
        self.reason.clear()
        self.void.setChecked(False)
        self._enable()
        self.status.setText(self.look.tr("已保存到本机，正在上报；中心采用后图上改为“人工”"))

    def not_saved(self, text: str) -> None:
        self._saving = False
        self._enable()
        self.status.setText(text)

    def draft(self) -> dict[str, str]:
        return {"value": self.value.text(), "reason": self.reason.text(), "name": self.name.text()}

    def restore_draft(self, draft: dict[str, str]) -> None:
        for field, key in ((self.value, "value"), (self.reason, "reason"), (self.name, "name")):
            field.setText(draft.get(key, ""))
