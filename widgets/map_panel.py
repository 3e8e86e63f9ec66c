"""The map with its tools above and its layers beside."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from console.look import Look
from widgets.layer_tree import LayerTree
from widgets.map_toolbar import MapToolbar
from widgets.map_widget import MapWidget
from widgets.painted import Guard
from widgets.plain import PlainLabel
from widgets.profile_strip import ProfileStrip


class MapPanel(QWidget):
    """Places toolbar, layer tree, map and the strip of the last profile; owns no state of its own.

    Signals:
        files_dropped: files were dropped on the map; arg is a tuple of their paths.
    """

    files_dropped = Signal(tuple)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.map = MapWidget(look, self)
        self.toolbar = MapToolbar(look, self)
        self.layers = LayerTree(look, self)
        self.layers.hide()
        self.profile = ProfileStrip(look, self)
        self.profile.hide()
        self.said = PlainLabel("", self)
        self.said.setObjectName("warn")
        self.said.setWordWrap(True)
        self.said.hide()
        self.toolbar.layers_toggled.connect(self.layers.setVisible)
        self.toolbar.tool_chosen.connect(self.map.tools.start)
        self.toolbar.cleared.connect(self._clear)
        self.map.tools.mode_changed.connect(self.toolbar.show_mode)
        beside = QHBoxLayout()
        beside.setSpacing(0)
        beside.addWidget(self.layers)
        beside.addWidget(self.map, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self.said)
        column.addLayout(beside, 1)
        column.addWidget(self.profile)

    def _clear(self) -> None:
        self.map.tools.clear()
        self.profile.hide()
        self.say("")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = tuple(url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())
        if paths:
            event.acceptProposedAction()
            self.toolbar.layers.setChecked(True)
            self.files_dropped.emit(paths)

    def say(self, text: str) -> None:
        self.said.setText(text)
        self.said.setVisible(bool(text))

    @property
    def on_fault(self) -> Guard | None:
        return self.map.on_fault

    @on_fault.setter
    def on_fault(self, guard: Guard | None) -> None:
        self.map.on_fault = guard
        self.profile.on_fault = guard

    def plain(self) -> None:
        """A wall shows the map alone."""
        self.toolbar.hide()
