"""A wall screen: borderless, live panels, follows the desk's room."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QScreen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from console.domain.situation import SituationError
from console.presenters.status import status
from console.services.wall_control import DEFAULT_TILES, NODE_PREFIX, ROOM, situation_of
from console.windows.panel_catalog import PANELS
from console.windows.panels import Context, PanelHost
from widgets.plain import PlainLabel

HEALTH_MS = 4000


class WallScreen(QWidget):
    """Signals:
    closing: the screen is about to go.
    followed: a room state was applied and painted; arg is the delay in ms since it was sent.
    """

    closing = Signal()
    followed = Signal(float)

    def __init__(self, context: Context, node: str) -> None:
        super().__init__()
        self.setObjectName("frame")
        self.setWindowTitle(context.look.tr("三防指挥台"))
        self.context = context
        self.session = context.session
        self._node = node
        self.tiles: tuple[str, ...] = ()
        self.hosts: list[PanelHost] = []
        self._kept: dict[tuple[int, str], PanelHost] = {}
        self.lag_ms = 0.0
        look = context.look
        self._title = PlainLabel(look.tr("三防指挥台"), self)
        self._title.setObjectName("brand")
        self._state = PlainLabel("", self)
        self._state.setObjectName("chip")
        self._time = PlainLabel("", self)
        self._time.setFont(look.font("big_px", bold=True))
        head = QHBoxLayout()
        head.setContentsMargins(16, 6, 16, 6)
        head.setSpacing(16)
        head.addWidget(self._title)
        head.addWidget(self._state)
        head.addStretch(1)
        head.addWidget(self._time)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        self._grid.setContentsMargins(6, 0, 6, 6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(self._grid, 1)
        self.setStyleSheet(look.style_sheet())
        self._origin: object = None  # of the desk that is followed, and its newest state's number
        self._number = 0
        self.session.room_heard.connect(self._heard)
        self.session.situation.changed.connect(self._show_head)
        self.session.link.changed.connect(self._show_head)
        self._health = QTimer(self, interval=HEALTH_MS)
        self._health.timeout.connect(self._report)
        self._health.start()
        self.show_tiles(DEFAULT_TILES)
        self._say(ask=True)

    def place_on(self, screen: QScreen) -> None:
        """Cover a screen without a border."""
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint, True)
        self.setScreen(screen)
        self.setGeometry(screen.geometry())

    def show_tiles(self, tiles: Sequence[str]) -> None:
        """Show these panels; one that stays is not built again, one unknown is left out."""
        known = tuple(t for t in tiles if t in PANELS)
        if known == self.tiles:
            return
        self.setUpdatesEnabled(False)
        for host in self.hosts:
            self._grid.removeWidget(host.panel)
            host.panel.hide()
        self.hosts = []
        columns = 2 if len(known) <= 4 else 3
        for i, code in enumerate(known):
            key = (known[:i].count(code), code)
            if key not in self._kept:
                title, build = PANELS[code]
                self._kept[key] = PanelHost(self.context, code, title, build, wall=True)
            host = self._kept[key]
            self._grid.addWidget(host.panel, i // columns, i % columns)
            host.panel.show()
            self.hosts.append(host)
        for i in range(2):
            self._grid.setColumnStretch(i, 1)
            self._grid.setRowStretch(i, 1)
        self.tiles = known
        self.setUpdatesEnabled(True)
        for host in self.hosts:
            host.shown()

    def _heard(self, room: str, doc: dict[str, object]) -> None:
        if room != ROOM or "situation" not in doc:
            return
        number = doc.get("number")
        if doc.get("origin") == self._origin and isinstance(number, int) and number < self._number:
            return  # fetched from the centre after a newer one was relayed here
        try:
            situation, tiles = situation_of(doc, self.session.situation.ref())
        except SituationError as exc:
            self.context.hub.report("wall room", exc)
            return
        self._origin, self._number = doc.get("origin"), number if isinstance(number, int) else 0
        self.session.situation.adopt(situation)
        self.show_tiles(tiles)
        sent = doc.get("sent")
        if isinstance(sent, int | float):
            self.lag_ms = max(0.0, (time.time() - sent) * 1000)
            self.followed.emit(self.lag_ms)
        QTimer.singleShot(0, self, self._report)

    def _show_head(self, *_: object) -> None:
        shown = status(self.session, self.context.look.tr, "")
        self._time.setText(shown.clock_text)
        self._state.setText(" · ".join(t for t in (shown.mode_text, shown.link_text) if t))

    def _report(self) -> None:
        self._say(ask=self._origin is None)

    def _say(self, *, ask: bool) -> None:
        """Tell how this wall is, in its own room: no room has two writers, so none overwrites another.

        ask: nothing was heard of a desk yet; it is to say its state.
        """
        doc = {"tiles": list(self.tiles), "lag_ms": round(self.lag_ms, 1), "alive": True, "ask": ask}
        self.session.sync.send({"cmd": "room", "room": NODE_PREFIX + self._node, "doc": doc})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def release(self) -> None:
        self._health.stop()
        for host in self._kept.values():
            host.release()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        self.closing.emit()
