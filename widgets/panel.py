"""The panel every view sits in: title, data time, source, freeze, export, cast; and its crash card."""

from __future__ import annotations

import qtawesome
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from widgets.plain import PlainLabel, plain_tip


class PanelHead(QFrame):
    """Title row; dragging it is forwarded to the docking tab that it stands for.

    Signals:
        drag_event: a mouse event on the free part of the head.
    """

    drag_event = Signal(object)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.drag_event.emit(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.drag_event.emit(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.drag_event.emit(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.drag_event.emit(event)


def forward_to(target: QObject, event: QMouseEvent) -> None:
    """Deliver a copy of a mouse event to another widget, in that widget's coordinates."""
    place = event.globalPosition()
    local = target.mapFromGlobal(place) if isinstance(target, QWidget) else place
    copy = QMouseEvent(event.type(), QPointF(local), place, event.button(), event.buttons(), event.modifiers())
    QApplication.sendEvent(target, copy)
    event.accept()


class Panel(QFrame):
    """Holds one view.

    Signals:
        export_requested, cast_requested: the header's buttons.
        freeze_toggled: the view must keep or follow the Situation; arg is a bool.
        reload_requested: the user asks for the crashed view again.
        came_into_sight: its page or its tab was opened.
    """

    export_requested = Signal()
    cast_requested = Signal()
    freeze_toggled = Signal(bool)
    reload_requested = Signal()
    came_into_sight = Signal()

    def __init__(self, look: Look, code: str, title: str, view: QWidget, *, wall: bool = False) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.look = look
        self.code = code
        self.view = view
        self.title = title
        self.head = PanelHead(self)
        self.head.setObjectName("panelHead")
        self._title = PlainLabel(look.tr(title), self.head)
        self._title.setObjectName("panelTitle")
        self._meta = PlainLabel("", self.head)
        self._meta.setObjectName("meta")
        row = QHBoxLayout(self.head)
        row.setContentsMargins(10, 3, 4, 3)
        row.setSpacing(8)
        self._frozen = PlainLabel("", self.head)
        self._frozen.setObjectName("chip")
        self._frozen.setProperty("tone", "review")
        self._frozen.hide()
        row.addWidget(self._title)
        row.addWidget(self._frozen)
        row.addWidget(self._meta, 1)
        self._buttons: list[tuple[QToolButton, str]] = []
        if not wall:
            freeze = self._button(row, "mdi6.snowflake", "冻结画面")
            freeze.setCheckable(True)
            freeze.toggled.connect(self.freeze_toggled)
            self._button(row, "mdi6.tray-arrow-down", "导出图片或表格").clicked.connect(self.export_requested)
            self._button(row, "mdi6.cast", "投到大屏").clicked.connect(self.cast_requested)
        self._crash: QWidget | None = None
        body = QWidget(self)
        self._stack = QStackedLayout(body)
        self._stack.addWidget(view)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(body, 1)
        look.changed.connect(self._restyle)
        self._restyle()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.came_into_sight.emit()

    def _button(self, row: QHBoxLayout, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self.head)
        button.setAutoRaise(True)
        self._buttons.append((button, icon))
        button.setProperty("tip", tip)
        row.addWidget(button)
        return button

    def _restyle(self) -> None:
        for button, icon in self._buttons:
            button.setIcon(qtawesome.icon(icon, color=self.look.color("text.dim")))
            text = self.look.tr(button.property("tip"))
            button.setToolTip(plain_tip(text))
            button.setAccessibleName(f"{self.look.tr(self.title)} {text}")

    def show_frozen(self, since: str) -> None:
        """Mark the panel as standing still since a data time; "" when it follows again."""
        self._frozen.setText(since)
        self._frozen.setVisible(bool(since))

    def say(self, meta: str, title: str | None = None) -> None:
        """Show data time, age and source beside the title."""
        self._meta.setText(meta)
        self._meta.setToolTip("")
        if title is not None:
            self._title.setText(title)

    def show_fault(self, number: str, summary: str, detail: str) -> None:
        """Replace the view by a card; the neighbours keep running."""
        self.clear_fault()
        self._crash = CrashCard(self.look, number, summary, detail)
        self._crash.reload_requested.connect(self.reload_requested)
        self._stack.addWidget(self._crash)
        self._stack.setCurrentWidget(self._crash)

    def clear_fault(self) -> None:
        if self._crash is not None:
            self._stack.removeWidget(self._crash)
            self._crash.deleteLater()
            self._crash = None
        self._stack.setCurrentWidget(self.view)

    def swap(self, view: QWidget) -> None:
        """Put a freshly built view in place of the old one."""
        self._stack.removeWidget(self.view)
        self.view = view
        self._stack.insertWidget(0, view)
        self.clear_fault()

    @property
    def crashed(self) -> bool:
        return self._crash is not None


class CrashCard(QWidget):
    """What is shown in place of a view that failed.

    Signals:
        reload_requested: try the view again.
    """

    reload_requested = Signal()

    def __init__(self, look: Look, number: str, summary: str, detail: str) -> None:
        super().__init__()
        self.setObjectName("crash")
        what = PlainLabel(look.tr("这个面板出错了，其余面板照常运行。"), self)
        means = PlainLabel(look.tr("数据没有丢失。可以重新载入；若再次出错，请把编号告诉运维。"), self)
        means.setWordWrap(True)
        means.setObjectName("dim")
        name = PlainLabel(f"{look.tr('编号')} {number} · {summary[:160]}", self)
        name.setWordWrap(True)
        again = QPushButton(look.tr("重新载入"), self)
        again.clicked.connect(self.reload_requested)
        text = QPlainTextEdit(detail, self)
        text.setReadOnly(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        for widget in (what, means, name, again):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft if widget is again else Qt.AlignmentFlag(0))
        column.addWidget(text, 1)
