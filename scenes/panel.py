"""The sandbox with its tools above and what is said about it."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.look import Look
from scenes.camera import OrbitCamera
from scenes.furniture import legend_box, paint_note
from scenes.toolbar import SandboxToolbar
from scenes.tooling import SceneTools
from scenes.viewport import SceneViewport
from widgets.painted import Guard
from widgets.plain import PlainLabel
from widgets.profile_strip import ProfileStrip


class SandboxPanel(QWidget):
    """Places toolbar, notices, view and the strip of the last section; owns no state of its own."""

    def __init__(self, look: Look, *, still: bool = False) -> None:
        super().__init__()
        self.view = SceneViewport(look, still=still)
        self.toolbar = SandboxToolbar(look, self)
        self.said = PlainLabel("", self)
        self.said.setObjectName("warn")
        self.said.setWordWrap(True)
        self.said.hide()
        self.strip = ProfileStrip(look, self)
        self.strip.hide()
        self.tools = SceneTools(look)
        self.touring: Callable[[QPainter, int, int], bool] = lambda *_: False  # paints a tour's words, where there is one
        self._wire()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self.said)
        column.addWidget(self.view, 1)
        column.addWidget(self.strip)

    def _wire(self) -> None:
        view, tools, bar = self.view, self.tools, self.toolbar
        view.overlay = self._paint_tools
        view.clicked.connect(tools.click)
        view.taken = lambda: bool(tools.mode)
        view.doubled = tools.finish
        view.keyed = tools.key
        tools.changed.connect(view.update)
        tools.mode_changed.connect(bar.show_tool)
        bar.tool_chosen.connect(tools.start)
        bar.cleared.connect(self._clear)

    def _paint_tools(self, painter: QPainter, camera: OrbitCamera) -> None:
        self.tools.lift = self.view.view.style.exaggeration
        if self.touring(painter, self.view.width(), self.view.height()):
            return
        self.tools.paint(painter, camera, self.view.width(), self.view.height())
        split = (re.split(r"(?<=；)", text) for text in self.tools.lines)
        lines = [(part, "text") for parts in split for part in parts if part]
        left = legend_box(self.view.look, 10, 10, self.view.legend).right() + 12
        right = self.view.width() - 70
        tall = QFontMetrics(self.view.look.font("small_px")).height() + 1
        paint_note(painter, self.view.look, left, 10 + 6 + tall * len(lines), lines, max(240, right - left))

    def _clear(self) -> None:
        self.tools.clear()
        self.strip.hide()
        self.say("")

    def say(self, text: str) -> None:
        self.said.setText(text)
        self.said.setVisible(bool(text))

    @property
    def on_fault(self) -> Guard | None:
        return self.view.on_fault

    @on_fault.setter
    def on_fault(self, guard: Guard | None) -> None:
        self.view.on_fault = guard
        self.strip.on_fault = guard

    def plain(self) -> None:
        """A wall shows the scene alone."""
        self.toolbar.hide()
