"""Docked panels of one workspace: split, float, tab; the layout is kept on disk and checked."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

import PySide6QtAds as ads
from PySide6.QtCore import QByteArray, QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QSplitter, QVBoxLayout, QWidget

from widgets.panel import Panel, forward_to

LAYOUT_VERSION = 1
STATE_LIMIT = 200_000
LOW_PX = 760  # of a page: a field laptop of 768 lines, not a desk of 1080
AREAS = {
    "center": ads.DockWidgetArea.CenterDockWidgetArea,
    "right": ads.DockWidgetArea.RightDockWidgetArea,
    "bottom": ads.DockWidgetArea.BottomDockWidgetArea,
    "top": ads.DockWidgetArea.TopDockWidgetArea,
    "left": ads.DockWidgetArea.LeftDockWidgetArea,
}
HIDE_TITLE = ads.CDockAreaWidget.eDockAreaFlag.HideSingleWidgetTitleBar


def prepare_docking() -> None:
    """Set the process-wide docking flags; before the QApplication and the first workspace."""
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
    flag = ads.CDockManager.eConfigFlag
    ads.CDockManager.setConfigFlags(
        flag.OpaqueSplitterResize
        | flag.EqualSplitOnInsertion
        | flag.DragPreviewIsDynamic
        | flag.DragPreviewShowsContentPixmap
        | flag.FloatingContainerForceQWidgetTitleBar
        | flag.FloatingContainerHasWidgetTitle
        | flag.ActiveTabHasCloseButton
        | flag.TabCloseButtonIsToolButton
        | flag.RetainTabSizeWhenCloseButtonHidden
        | flag.DisableStylesheet
    )


class DockPage(QWidget):
    """A workspace page; its panels keep their own heads, docking's title bars stay hidden."""

    def __init__(self, name: str, layouts: Path) -> None:
        super().__init__()
        self.setObjectName("page")
        self.name = name
        self._file = layouts / f"{name}.xml"
        self._manager = ads.CDockManager(self)
        if QGuiApplication.platformName() != "xcb":
            # its focus filter hides floating panels where no window manager answers
            self._manager.window().removeEventFilter(self._manager)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(6, 6, 6, 6)
        self._column.setSpacing(4)
        self._column.addWidget(self._manager, 1)
        self._manager.dockAreaCreated.connect(lambda area: area.setDockAreaFlag(HIDE_TITLE, True))
        self.docks: dict[str, ads.CDockWidget] = {}
        self._titles: dict[str, Panel] = {}
        self._front: tuple[str, ...] = ()
        self._low: tuple[tuple[str, str], ...] = ()
        self._default = b""
        self._shares: list[tuple[str, tuple[int, ...]]] | None = None

    def set_header(self, panel: Panel) -> None:
        """Put a panel of its own height above the docked ones."""
        self._column.insertWidget(0, panel)

    def place(self, panel: Panel, area: str, beside: str | None = None) -> None:
        """Add a panel; beside names the panel whose area is split, None the whole page."""
        dock = ads.CDockWidget(self._manager, panel.look.tr(panel.title))
        if not self._titles:
            panel.look.changed.connect(self._reword)
        self._titles[panel.code] = panel
        dock.setObjectName(f"{self.name}.{panel.code}")
        dock.setWidget(panel, ads.CDockWidget.eInsertMode.ForceNoScrollArea)
        # not from the content: four panels above each other would not fit a field laptop of 768 lines
        dock.setMinimumSizeHintMode(ads.CDockWidget.eMinimumSizeHintMode.MinimumSizeHintFromDockWidget)
        target = self.docks[beside].dockAreaWidget() if beside else None
        if area == "tab" and beside:
            self._manager.addDockWidgetTabToArea(dock, target)
        elif target is not None:
            self._manager.addDockWidget(AREAS[area], dock, target)
        else:
            self._manager.addDockWidget(AREAS[area], dock)
        self.docks[panel.code] = dock
        panel.head.drag_event.connect(lambda event, d=dock: self._dragged(d, event))

    def raise_panel(self, code: str) -> None:
        """Open a panel if it is closed and bring it before the others of its place."""
        dock = self.docks[code]
        dock.toggleView(True)
        dock.raise_() if dock.isFloating() else dock.setAsCurrentTab()

    def _reword(self) -> None:
        for code, panel in self._titles.items():
            self.docks[code].setWindowTitle(panel.look.tr(panel.title))

    def _share(self, panel: str, sizes: Sequence[int]) -> None:
        """Set the shares of the nearest splitter around a panel with that many parts."""
        around: QWidget | None = self.docks[panel].dockAreaWidget()
        while around is not None and around is not self:
            if isinstance(around, QSplitter) and around.count() == len(sizes):
                around.setSizes([s * 20 for s in sizes])
                return
            around = around.parentWidget()

    def showEvent(self, event: QShowEvent) -> None:
        """At the first show, when sizes are real, set the default shares or the saved layout."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._first_layout)

    def _first_layout(self) -> None:
        """Floating panels restored any earlier, while this page is being shown, are never painted."""
        if self._shares is None:
            return
        shares, self._shares = self._shares, None
        self._column.activate()
        if self.height() < LOW_PX:
            self._stack()
        for panel, sizes in shares:
            self._share(panel, sizes)
        self._default = bytes(self._manager.saveState(LAYOUT_VERSION).data())
        if self._file.exists():
            self.restore(self._file.read_bytes())

    def _stack(self) -> None:
        """On a low screen put groups behind each other rather than four above each other."""
        for code, beside in self._low:
            self._manager.addDockWidgetTabToArea(self.docks[code], self.docks[beside].dockAreaWidget())
        for _, beside in self._low:
            self.bring_forward(beside)

    def finish(
        self,
        shares: Sequence[tuple[str, tuple[int, ...]]],
        front: Sequence[str] = (),
        low: Sequence[tuple[str, str]] = (),
    ) -> None:
        """All panels are placed; the shares are set at the first show.

        front: panels that lie before their tabs' others. low: on a low screen, which panels go behind which.
        """
        self._shares, self._front, self._low = list(shares), tuple(front), tuple(low)
        for code in front:
            self.bring_forward(code)
        for dock in self.docks.values():
            area = dock.dockAreaWidget()
            if area is not None:
                area.setDockAreaFlag(HIDE_TITLE, True)

    def restore(self, state: bytes) -> bool:
        """Take a saved layout; False (and the default layout) when it is not one of this page."""
        names = {d.objectName() for d in self.docks.values()}
        sound = is_sound(state, names) and self._manager.restoreState(QByteArray(state), LAYOUT_VERSION)
        if not sound:
            self._manager.restoreState(QByteArray(self._default), LAYOUT_VERSION)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return bool(sound)

    def reset(self) -> None:
        self.restore(self._default)

    def save(self) -> None:
        if self._shares is not None:
            return  # never shown: there is nothing worth keeping
        state = bytes(self._manager.saveState(LAYOUT_VERSION).data())
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_bytes(state)
        draft.replace(self._file)

    def float_panel(self, code: str) -> None:
        self.docks[code].setFloating()

    def bring_forward(self, code: str) -> None:
        """Show a panel that lies behind another tab."""
        self.docks[code].setAsCurrentTab()

    def reopen_all(self) -> None:
        """Bring back every panel that was closed."""
        for dock in self.docks.values():
            if dock.isClosed():
                dock.toggleView(True)

    def leave(self) -> None:
        """Another workspace is shown: floating panels of this one go with it."""
        self._manager.hideManagerAndFloatingWidgets()

    def enter(self) -> None:
        self._manager.show()

    def _dragged(self, dock: ads.CDockWidget, event: QMouseEvent) -> None:
        if event.type() == QEvent.Type.MouseButtonDblClick:
            if not dock.isFloating():
                dock.setFloating()
            return
        tab = dock.tabWidget()
        if tab is not None and not dock.isFloating():
            forward_to(tab, event)

    def state(self) -> Mapping[str, bool]:
        """Return which panels are open."""
        return {code: not dock.isClosed() for code, dock in self.docks.items()}


def is_sound(state: bytes, names: set[str]) -> bool:
    """Tell whether saved bytes can be given to the docking library (some make it hang)."""
    if len(state) > STATE_LIMIT or not state.startswith(b"<?xml") or b"<!" in state:
        return False
    try:
        root = ElementTree.fromstring(state)  # noqa: S314 - entities were refused above
    except ElementTree.ParseError:
        return False
    found = [w.get("Name") for w in root.iter("Widget")]
    return (
        root.tag == "QtAdvancedDockingSystem"
        and root.get("UserVersion") == str(LAYOUT_VERSION)
        and len(found) == len(set(found))
        and set(found) == names
        and all(re.fullmatch(r"(\d{1,6} ?)*", s.text or "") for s in root.iter("Sizes"))
    )
