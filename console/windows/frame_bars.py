"""The frame's rail, status bar and banner."""

from __future__ import annotations

from collections.abc import Iterable

import qtawesome
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from console.look import Look
from console.presenters.status import Status
from widgets.plain import PlainLabel, no_mnemonic, plain_tip


class Rail(QFrame):
    """Signals:
    chosen: arg is the workspace's code.
    """

    chosen = Signal(str)

    def __init__(self, look: Look, entries: Iterable[tuple[str, str, str, str]]) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.look = look
        self.setFixedWidth(look.px("rail_px"))
        self._group = QButtonGroup(self)
        self._buttons: dict[str, tuple[QToolButton, str, str]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 6)
        column.setSpacing(2)
        for code, title, icon, key in entries:
            button = QToolButton(self)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(24, 24))
            button.setFixedSize(look.px("rail_px"), look.px("rail_px") - 4)
            button.setToolTip(plain_tip(f"{look.tr(title)}（{key}）"))
            button.setAccessibleName(look.tr(title))
            button.clicked.connect(lambda _checked, c=code: self.chosen.emit(c))
            self._group.addButton(button)
            self._buttons[code] = (button, title, icon)
            column.addWidget(button)
        column.addStretch(1)
        look.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        for button, title, icon in self._buttons.values():
            button.setText(self.look.tr(title))
            button.setIcon(qtawesome.icon(icon, color=self.look.color("text.dim"), color_on=self.look.color("text")))

    def show_current(self, code: str) -> None:
        self._buttons[code][0].setChecked(True)


class StatusBar(QFrame):
    """Name, mode, alarms, link, outbox, time, operator.

    Signals:
        alarms_clicked, link_clicked: the chips.
        who_clicked: the person's name.
    """

    who_clicked = Signal()

    def __init__(self, look: Look, operator: str) -> None:
        super().__init__()
        self.setObjectName("status")
        self.look = look
        self.setFixedHeight(look.px("status_px"))
        self._brand = PlainLabel(look.tr("三防指挥台"), self)
        self._brand.setObjectName("brand")
        self._mode = self._chip()
        self._response = self._chip()
        self._alarms = self._chip()
        self._link = self._chip()
        self._outbox = self._chip()
        self._time = PlainLabel("", self)
        self._time.setFont(look.font("title_px", bold=True))
        self._who = QToolButton(self)
        self._who.setAutoRaise(True)
        self._who.setToolTip(plain_tip(look.tr("登录与退出")))
        self._who.clicked.connect(self.who_clicked)
        self._operator = operator
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 14, 0)
        row.setSpacing(10)
        for widget in (self._brand, self._response, self._alarms, self._link, self._outbox):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        for widget in (self._mode, self._time):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._who, 0, Qt.AlignmentFlag.AlignVCenter)

    def _chip(self) -> QLabel:
        chip = PlainLabel("", self)
        chip.setObjectName("chip")
        return chip

    def show_status(self, status: Status) -> None:
        self._set(self._mode, status.mode_text, status.mode_tone)
        self._set(self._alarms, status.alarm_text, status.alarm_tone)
        self._set(self._link, status.link_text, status.link_tone)
        self._set(self._response, status.response_text, status.response_tone)
        self._set(self._outbox, status.outbox_text, status.outbox_tone)
        self._time.setText(f"{status.clock_text} {self.look.tr('北京时间')}")
        if self.property("edge") != status.edge:
            self.setProperty("edge", status.edge)
            repolish(self)

    def show_person(self, name: str) -> None:
        """Show who is signed in; "" for the name of the settings."""
        self._who.setText(no_mnemonic(name or self._operator))

    @staticmethod
    def _set(chip: QLabel, text: str, tone: str) -> None:
        chip.setVisible(bool(text))
        chip.setText(text)
        if chip.property("tone") != tone:
            chip.setProperty("tone", tone)
            repolish(chip)


class Banner(QFrame):
    """One quiet bar for what everybody must know; the longest-standing fault wins."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._text = PlainLabel("", self)
        self._text.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 5, 14, 5)
        row.addWidget(self._text, 1)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text() if not self.isHidden() else ""

    def say(self, text: str, tone: str = "warn") -> None:
        self._text.setText(text)
        self.setVisible(bool(text))
        if self.property("tone") != tone:
            self.setProperty("tone", tone)
            repolish(self)


def repolish(widget: QWidget) -> None:
    """Apply style rules again after a property that they look at has changed."""
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    for child in widget.findChildren(QLabel):
        style.unpolish(child)
        style.polish(child)
