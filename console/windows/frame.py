"""The desk window: rail, status bar, workspaces, time bar, palette; builds, places, connects."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QProcess, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from console.commands import CommandTable
from console.errors import Incident
from console.presenters.palette import PaletteEntries
from console.presenters.status import status
from console.presenters.store_notes import store_note
from console.presenters.timebar import TimeBarPresenter
from console.services.wall_control import WallControl
from console.settings import save_settings
from console.windows.desk_commands import desk_commands
from console.windows.exporting import PanelExport
from console.windows.frame_bars import Banner, Rail, StatusBar
from console.windows.login_desk import login_strip_of
from console.windows.panels import Context
from console.windows.wall_desk import WallDesk
from console.windows.workspaces import WORKSPACES, Workspace
from widgets.palette import Palette
from widgets.time_bar import TimeBar

START = "monitor"
NOTE_MS = 600_000


class Frame(QMainWindow):
    """Signals:
    closing: the window is about to go; its owner closes the session.
    restart_requested: arg is the data source to start with.
    """

    closing = Signal()
    restart_requested = Signal(str)

    def __init__(self, context: Context, *, wall: WallControl, problem: str = "") -> None:
        super().__init__()
        self.context = context
        self.session = context.session
        self._exports = PanelExport(self, context.look, context.session)
        self.look = context.look
        self.wall = wall
        self._problem = problem
        self._cache_problem = ""
        self._store_note = ""
        self._incident: Incident | None = None
        self._kept_drafts: dict[str, dict[str, str]] = {}
        self.setWindowTitle(self.look.tr("三防指挥台"))
        self.setObjectName("frame")
        self.resize(1600, 900)
        self.commands = CommandTable(desk_commands(self))
        self._shortcuts: list[QShortcut] = []
        self._entries = PaletteEntries()
        self._unlearned = True
        self.workspaces: dict[str, Workspace | WallDesk] = {}
        self.current = START
        self._build()
        self._connect_states()
        self.setStyleSheet(self.look.style_sheet())
        self.look.changed.connect(self._relook)

    # --- building ---------------------------------------------------------------------------
    def _build(self) -> None:
        look = self.look
        entries = [(w.code, w.title, w.icon, w.key) for w in WORKSPACES]
        entries.insert(4, ("wall", "大屏", "mdi6.view-grid-outline", "Ctrl+7"))
        self.rail = Rail(look, entries)
        self.status_bar = StatusBar(look, self.context.settings.operator)
        self.banner = Banner()
        self.login_strip = login_strip_of(look, self.session)
        self.stack = QStackedWidget(self)
        self.time_bar = TimeBar(look)
        self.timeline = TimeBarPresenter(self.session, self.time_bar, look.tr)
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addWidget(self.stack, 1)
        body = QWidget(self)
        body.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.status_bar)
        column.addWidget(self.banner)
        column.addWidget(self.login_strip)
        column.addLayout(middle, 1)
        column.addWidget(self.time_bar)
        self.setCentralWidget(body)
        body.setFocus()
        self.palette_ = Palette(look, body)
        self.palette_.chosen.connect(self._chosen)
        self._connect_bars()
        self._bind_keys()

    def _connect_bars(self) -> None:
        bar, line = self.time_bar, self.timeline
        self.rail.chosen.connect(self.open_workspace)
        self.status_bar.who_clicked.connect(self.login_strip.toggle)
        bar.time_requested.connect(line.look_at)
        bar.seek_requested.connect(line.seek)
        bar.step_requested.connect(line.step)
        bar.play_toggled.connect(line.toggle_play)
        bar.live_requested.connect(self.session.situation.go_live)
        bar.loop_toggled.connect(line.loop)
        bar.rate_requested.connect(line.set_rate)
        bar.zoom_requested.connect(line.zoom)

    def _connect_states(self) -> None:
        session = self.session
        session.situation.changed.connect(self._time_changed)
        session.link.changed.connect(self._show_status)
        session.login.changed.connect(self._show_status)
        session.desk.changed.connect(self._show_status)
        session.desk.draft_offered.connect(self._edit_again)
        session.board.changed.connect(self._show_status)
        session.board.reference_changed.connect(self._names_changed)
        session.cache_problem.connect(self._cache_trouble)
        session.store_told.connect(self._store_told)
        self.context.hub.listen(self._incident_happened)
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._each_second)
        self._second.start()
        self._show_status()

    def _bind_keys(self) -> None:
        for command in self.commands:
            if command.key:
                shortcut = QShortcut(QKeySequence(command.key), self)
                shortcut.activated.connect(self._runner(command.code))
                self._shortcuts.append(shortcut)

    def _runner(self, code: str) -> Callable[[], None]:
        def run() -> None:
            self.commands.run(code)

        return run

    def open_workspace(self, code: str) -> None:
        """Show a workspace, building it the first time; the one left does no more work."""
        before = self.workspaces.get(self.current)
        if isinstance(before, Workspace) and code != self.current:
            before.hidden()
        if code not in self.workspaces:
            self.workspaces[code] = self._make(code)
            self.stack.addWidget(self._page(self.workspaces[code]))
        self.current = code
        page = self.workspaces[code]
        if self._kept_drafts:
            self._restore_drafts(self._kept_drafts)
            self._kept_drafts = {c: d for c, d in self._kept_drafts.items() if c.partition(".")[0] != code}
        self.stack.setCurrentWidget(self._page(page))
        self.rail.show_current(code)
        if isinstance(page, Workspace):
            page.shown()

    def open_panel(self, code: str) -> None:
        """Bring a panel to the front, in its workspace."""
        self.open_workspace(code.partition(".")[0])
        page = self.workspaces[self.current]
        if isinstance(page, Workspace) and code in page.page.docks:
            page.page.raise_panel(code)
            page.hosts[code].panel.setFocus()

    @staticmethod
    def _page(workspace: Workspace | WallDesk) -> QWidget:
        return workspace.page if isinstance(workspace, Workspace) else workspace

    def _edit_again(self, _text: str) -> None:
        self.open_workspace("duty")

    def _make(self, code: str) -> Workspace | WallDesk:
        if code == "wall":
            return WallDesk(self.look, self.wall, self.open_wall)
        spec = next(w for w in WORKSPACES if w.code == code)
        workspace = Workspace(self.context, spec, self.session.source.home.layouts)
        workspace.cast_requested.connect(self._cast)
        workspace.export_requested.connect(self._export)
        workspace.panel_wanted.connect(self.open_panel)
        return workspace

    # --- states -----------------------------------------------------------------------------
    def _each_second(self) -> None:
        self.timeline.refresh()
        self._show_status()
        self._learn_names()

    def _time_changed(self, _names: frozenset[str]) -> None:
        self.timeline.refresh()
        self._show_status()

    def _show_status(self) -> None:
        shown = status(self.session, self.look.tr, self._cache_problem or self._problem)
        self.status_bar.show_status(shown)
        self.status_bar.show_person(self.session.person)
        text, tone = shown.banner or self._store_note, shown.banner_tone or "warn"
        if not text and self._incident is not None:
            text = f"{self.look.tr('程序内部出错，已记录，编号')} {self._incident.number}。{self.look.tr('其余功能照常。')}"
            tone = "warn"
        self.banner.say(text, tone)

    def say_problem(self, text: str) -> None:
        """Keep a standing problem in the banner."""
        self._problem = text
        self._show_status()

    def _cache_trouble(self, text: str) -> None:
        self._cache_problem = text
        self._show_status()

    def _store_told(self, doc: dict[str, object]) -> None:
        self._store_note = store_note(doc, self.look.tr)
        QTimer.singleShot(NOTE_MS, self, self._forget_note)
        self._show_status()

    def _forget_note(self) -> None:
        self._store_note = ""
        self._show_status()

    def _incident_happened(self, incident: Incident) -> None:
        self._incident = incident
        QTimer.singleShot(20_000, self, self._forget_incident)
        self._show_status()

    def _forget_incident(self) -> None:
        self._incident = None
        self._show_status()

    # --- commands ---------------------------------------------------------------------------
    def open_palette(self) -> None:
        board = self.session.board
        works = board.things.get("works", ())
        items = self._entries.build(board.board, self.commands, self.look.tr, self.session.topics, works)
        self.palette_.open_with(items)

    def _names_changed(self) -> None:
        self._unlearned = True

    def _learn_names(self) -> None:
        """Get the palette ready once the first whole picture stands: its dictionary takes time from that."""
        if self._unlearned and self.session.board.whole:
            self._unlearned = False
            works = self.session.board.things.get("works", ())
            names = [*(s.name for s in self.session.board.stations.values()), *(w.name for w in works)]
            self.session.tasks.start("names", self._entries.learn(names))

    def _chosen(self, code: str) -> None:
        kind, _, name = code.partition(":")
        if kind == "object":
            self.session.situation.select(name)
            if self.current == "sandbox":  # who searches there wants to be there
                self.fly()
        else:
            self.commands.run(name)

    def jump_to_newest(self) -> None:
        row = self.session.board.board.row(self.session.situation.current.selection)
        if row is not None and row.main is not None:
            self.session.situation.look_at(float(row.main.t))

    def jump_to_peak(self) -> None:
        row = self.session.board.board.row(self.session.situation.current.selection)
        if row is not None and row.main is not None and len(row.main.recent_v):
            self.session.situation.look_at(float(row.main.recent_t[int(row.main.recent_v.argmax())]))

    def widen(self, factor: float) -> None:
        self.session.situation.set_window(self.session.situation.current.window_h * factor)

    def set_look(self, *, theme: str | None = None, language: str | None = None) -> None:
        self.look.change(theme=theme, language=language)
        kept = replace(self.context.settings, theme=self.look.theme, language=self.look.language)
        save_settings(self.session.source.home.settings, kept)

    def scale_by(self, factor: float) -> None:
        self.look.change(scale=min(2.0, max(0.8, self.look.scale * factor)))

    def _relook(self) -> None:
        """Theme, language or size changed: same states, views built anew."""
        self.setStyleSheet(self.look.style_sheet())
        self.save_layouts()
        self.timeline.close()
        drafts = self._drafts()
        for workspace in self.workspaces.values():
            if isinstance(workspace, Workspace):
                workspace.release()
            page = self._page(workspace)
            self.stack.removeWidget(page)
            page.deleteLater()
        self.workspaces.clear()
        old = self.centralWidget()
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._shortcuts = []
        self._build()
        if old is not None:
            old.deleteLater()
        self.setWindowTitle(self.look.tr("三防指挥台"))
        self.open_workspace(self.current)
        self._restore_drafts(drafts)
        self.timeline.refresh()
        self._show_status()

    def _drafts(self) -> dict[str, dict[str, str]]:
        """Return what was typed and not saved, by panel."""
        hosts = [h for w in self.workspaces.values() if isinstance(w, Workspace) for h in w.hosts.values()]
        return {h.code: h.widget.draft() for h in hosts if hasattr(h.widget, "draft")} or self._kept_drafts

    def _restore_drafts(self, drafts: dict[str, dict[str, str]]) -> None:
        self._kept_drafts = drafts
        for workspace in self.workspaces.values():
            for code, host in workspace.hosts.items() if isinstance(workspace, Workspace) else ():
                if code in drafts and hasattr(host.widget, "restore_draft"):
                    host.widget.restore_draft(drafts[code])

    def reopen(self) -> None:
        page = self.workspaces.get(self.current)
        if isinstance(page, Workspace):
            page.page.reopen_all()

    def reset_layout(self) -> None:
        page = self.workspaces.get(self.current)
        if isinstance(page, Workspace):
            page.page.reset()

    def _scene(self) -> object | None:
        page = self.workspaces.get("sandbox")
        return page.hosts["sandbox.scene"].widget if isinstance(page, Workspace) else None

    def why_no_flight(self) -> str:
        code = self.session.situation.current.selection
        if not code:
            return self.look.tr("先选一个对象")
        return "" if self.session.board.place_of(code) else self.look.tr("这个对象没有坐标")

    def fly(self) -> None:
        self.open_workspace("sandbox")
        place = self.session.board.place_of(self.session.situation.current.selection or "")
        scene = self._scene()
        if place is not None and scene is not None:
            scene.view.fly_to(*place)  # type: ignore[attr-defined]

    def show_instruments(self) -> None:
        self.context.instruments.save(self.session.source.home.logs / "instruments.json")
        self.open_workspace("system")

    # --- wall and export --------------------------------------------------------------------
    def _cast(self, panel: str) -> None:
        self.wall.cast(panel)

    def open_wall(self) -> None:
        """Start a wall window as a process of its own: it cannot take the desk down."""
        source = self.session.source
        arguments = ["-m", "console", "--home", str(source.home.root), "--source", source.name, "wall"]
        QProcess.startDetached(sys.executable, arguments)

    def _export(self, panel: str) -> None:
        page = self.workspaces.get(self.current)
        if isinstance(page, Workspace):
            self._exports.ask(page.hosts[panel])

    # --- closing ----------------------------------------------------------------------------
    def save_layouts(self) -> None:
        for workspace in self.workspaces.values():
            if isinstance(workspace, Workspace):
                workspace.page.save()

    def release(self) -> None:
        """Free what needs freeing before the widgets die."""
        self._second.stop()
        self.context.hub.unlisten(self._incident_happened)
        self.timeline.close()
        for workspace in self.workspaces.values():
            if isinstance(workspace, Workspace):
                workspace.release()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.save_layouts()
        event.accept()
        self.closing.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.palette_.hide()
