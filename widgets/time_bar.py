"""The one time bar: transport, speed, live button, ruler; it drives every view."""

from __future__ import annotations

import qtawesome
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QToolButton, QVBoxLayout

from console.domain.time import full_stamp
from console.look import Look
from console.viewdata.timebar import TimeBarView
from widgets.plain import PlainLabel, plain_tip
from widgets.time_ruler import TimeRuler

RATES = (1, 10, 60, 120, 300, 600, 1200, 3600)


class TimeBar(QFrame):
    """Signals:
    time_requested, seek_requested: UTC s. step_requested: hours, ±1.
    play_toggled, live_requested, loop_toggled: buttons. rate_requested: ×n.
    zoom_requested: factor.
    """

    time_requested = Signal(float)
    seek_requested = Signal(float)
    step_requested = Signal(int)
    play_toggled = Signal()
    live_requested = Signal()
    loop_toggled = Signal()
    rate_requested = Signal(float)
    zoom_requested = Signal(float)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setObjectName("timebar")
        self.look = look
        self.setFixedHeight(look.px("time_px"))
        self.back = self._button("mdi6.skip-previous", "后退一小时")
        self.play = self._button("mdi6.play", "播放或暂停（空格）")
        self.forward = self._button("mdi6.skip-next", "前进一小时")
        self.loop = self._button("mdi6.repeat", "循环播放录像")
        self.loop.setCheckable(True)
        self.live = QToolButton(self)
        self.live.setCheckable(True)
        self.live.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.rate = QComboBox(self)
        self.rate.setAccessibleName(look.tr("播放倍速"))
        for value in RATES:
            self.rate.addItem(f"×{value}", float(value))
        self.rate.activated.connect(lambda i: self.rate_requested.emit(float(self.rate.itemData(i))))
        self.moment = PlainLabel("", self)
        self.moment.setMinimumWidth(150)
        self.moment.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.curve_name = PlainLabel("", self)
        self.curve_name.setObjectName("dim")
        self.curve_name.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.ruler = TimeRuler(look)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 10, 4)
        row.setSpacing(4)
        for widget in (self.back, self.play, self.forward, self.loop, self.rate, self.live):
            row.addWidget(widget)
        row.addWidget(self.ruler, 1)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.moment)
        right.addWidget(self.curve_name)
        row.addLayout(right)
        self.back.clicked.connect(lambda: self.step_requested.emit(-1))
        self.forward.clicked.connect(lambda: self.step_requested.emit(1))
        self.play.clicked.connect(self.play_toggled)
        self.loop.clicked.connect(self.loop_toggled)
        self.live.clicked.connect(self.live_requested)
        self.ruler.time_requested.connect(self.time_requested)
        self.ruler.seek_requested.connect(self.seek_requested)
        self.ruler.zoom_requested.connect(self.zoom_requested)
        look.changed.connect(self._restyle)
        self._running = False
        self._restyle()

    def _button(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("icon_name", icon)
        button.setProperty("tip", tip)
        return button

    def _restyle(self) -> None:
        for button in (self.back, self.play, self.forward, self.loop):
            button.setIcon(qtawesome.icon(button.property("icon_name"), color=self.look.color("text")))
            text = self.look.tr(button.property("tip"))
            button.setToolTip(plain_tip(text))
            button.setAccessibleName(text)
        self.live.setText(self.look.tr("实时"))
        self.live.setIcon(qtawesome.icon("mdi6.circle-medium", color=self.look.color("good")))
        self.live.setToolTip(plain_tip(self.look.tr("回到实时（Ctrl+L）")))
        self.moment.setFont(self.look.font(bold=True))

    def show_view(self, view: TimeBarView) -> None:
        self.ruler.show_view(view)
        live = view.mode == "live"
        running = (view.player.running if view.player else False) if live else view.mode == "playing"
        if running != self._running:
            self._running = running
            self.play.setProperty("icon_name", "mdi6.pause" if running else "mdi6.play")
            self._restyle()
        self.play.setEnabled(not live or view.player is not None)
        self.rate.setEnabled(self.play.isEnabled())
        self.loop.setVisible(view.player is not None)
        self.loop.setChecked(view.player.loop if view.player else False)
        self.live.setChecked(live)
        rate = view.player.rate if live and view.player else view.rate
        place = min(range(len(RATES)), key=lambda i: abs(RATES[i] - rate))
        if self.rate.currentIndex() != place and not self.rate.view().isVisible():
            self.rate.setCurrentIndex(place)
        if abs(RATES[place] - rate) > 0.01:
            self.rate.setItemText(place, f"×{rate:g}")
        self.moment.setText(full_stamp(view.moment))
        self.curve_name.setText(view.curve_name)
