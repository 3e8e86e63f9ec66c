"""Correct one reading beside the plot: what it was, what it should be or that it is void, why, and who says so."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.curve_tools import PointView
from widgets.plain import PlainLabel, plain_tip

WIDE_PX = 420
# row, column, columns of value, void, reason, name, button, status
WIDE = ((0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 0, 1), (1, 1, 1), (1, 2, 1))
NARROW = ((0, 0, 1), (0, 1, 1), (1, 0, 2), (2, 0, 1), (2, 1, 1), (3, 0, 2))


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
        self.void = QCheckBox(tr("作废"), self)
        self.void.setToolTip(plain_tip(tr("作废（没有可用的值）")))
        self.void.toggled.connect(self._enable)
        self.reason = self._field(tr("原因（必填）"), 500)
        self.name = self._field(tr("姓名"), 60)
        self.name.setText(operator)
        self.button = QPushButton(tr("保存订正"), self)
        self.button.setObjectName("primary")
        self.button.clicked.connect(self._ask)
        for field in (self.value, self.reason, self.name):
            field.returnPressed.connect(self._ask)
            field.textChanged.connect(self._enable)
        inside = QWidget(self)
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(8, 2, 8, 2)
        self._grid.setVerticalSpacing(4)
        self.area = QScrollArea(self)
        self.area.setObjectName("flat")
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        self._top = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._top.setSpacing(0)
        for label in (self.head, self.old):
            label.setContentsMargins(8, 0, 8, 0)
            self._top.addWidget(label)
        column.addLayout(self._top)
        column.addWidget(self.area, 1)
        self._wide: bool | None = None
        self._arrange()
        self._enable()

    def _arrange(self) -> None:
        """Under a narrow plot the form is wide and low: fewer rows then."""
        wide = self.width() >= WIDE_PX * self.look.scale
        if wide == self._wide:
            return
        self._wide = wide
        self._top.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        widgets = (self.value, self.void, self.reason, self.name, self.button, self.status)
        for widget, (row, place, columns) in zip(widgets, WIDE if wide else NARROW, strict=True):
            self._grid.addWidget(widget, row, place, 1, columns)
        for place, share in enumerate((1, 0, 2 if wide else 0)):
            self._grid.setColumnStretch(place, share)
        self._grid.setRowStretch(4, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _field(self, hint: str, limit: int) -> QLineEdit:
        field = QLineEdit(self)
        field.setPlaceholderText(hint)
        field.setAccessibleName(hint)
        field.setMaxLength(limit)
        return field

    def _open(self) -> bool:
        return self._point is not None and not self._point.blocked

    def lacking(self) -> tuple[str, ...]:
        """Return what must still be filled in before the correction can be saved."""
        tr = self.look.tr
        wanted = (
            (tr("新值或作废"), self.void.isChecked() or bool(self.value.text().strip())),
            (tr("原因"), bool(self.reason.text().strip())),
            (tr("姓名"), bool(self.name.text().strip())),
        )
        return tuple(word for word, there in wanted if not there)

    def _enable(self, *_: object) -> None:
        on, lacking = self._open() and not self._saving, self.lacking()
        for widget in (self.value, self.void, self.reason):
            widget.setEnabled(on)
        self.value.setEnabled(on and not self.void.isChecked())
        self.button.setEnabled(on and not lacking)
        self.button.setToolTip(plain_tip(f"{self.look.tr('还缺')}：{'、'.join(lacking)}" if on and lacking else ""))

    def show_point(self, point: PointView | None) -> None:
        """Show the chosen reading; what was typed for another one is cleared."""
        before, self._point = self._point, point
        if point is None:
            self.head.setText(self.look.tr("点图上的一个读数，在这里订正"))
            self.old.setText("")
        else:
            self.head.setText(f"{point.title} {point.when}")
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
        if lacking := self.lacking():
            self.status.setText(f"{self.look.tr('还缺')}：{'、'.join(lacking)}")
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
