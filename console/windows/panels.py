"""Every panel of the console: how it is built, what makes it stale, how it is filled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import QWidget

from console.domain.time import full_stamp
from console.domain.topics import Topic
from console.errors import ErrorHub, Incident
from console.look import Look
from console.services.instruments import Instruments
from console.services.session import Session
from console.settings import Settings
from console.viewdata.briefing import Briefing
from widgets.panel import Panel

REFRESH_MS = 100  # at most ten refreshes a second, none while hidden


Document = Callable[[list[str]], Awaitable[Briefing]]


@dataclass(frozen=True, slots=True)
class Context:
    """What panels are built from; handed down, never global."""

    look: Look
    hub: ErrorHub
    session: Session
    settings: Settings
    instruments: Instruments
    large: bool = False
    still: bool = False

    @property
    def topics(self) -> tuple[Topic, ...]:
        return self.session.topics


Refresh = Callable[[], tuple[str, str] | str | None]


@dataclass(slots=True)
class Built:
    """A built view: its widget, how to fill it, which changes concern it, how to let it go."""

    widget: QWidget
    refresh: Refresh
    needs: frozenset[str]
    release: Callable[[], None] | None = None
    export_table: Callable[[], list[list[str]]] | None = None
    freeze: Callable[[bool], None] | None = None  # a view that moves by itself stands still too
    asks: SignalInstance | None = None  # another panel is wanted; arg is its code
    export_document: Document | None = None  # a briefing with these notes


class PanelHost(QObject):
    """One panel on one window: refreshes it when it is stale and visible; contains its faults.

    Signals:
        panel_wanted: arg is the code of a panel to bring to the front.
    """

    panel_wanted = Signal(str)

    def __init__(
        self, context: Context, code: str, title: str, build: Callable[[Context], Built], *, wall: bool = False
    ) -> None:
        super().__init__()
        self._context = context
        self._build = build
        self.code = code
        self.title = title
        self._built = build(context)
        self.panel = Panel(context.look, code, title, self._built.widget, wall=wall)
        self.panel.reload_requested.connect(self.reload)
        self.panel.freeze_toggled.connect(self._freeze)
        self.panel.came_into_sight.connect(self.shown)
        self._frozen = False
        self._stale = True
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._wire()
        session = context.session
        session.board.changed.connect(self._board_changed)
        session.board.reference_changed.connect(self._board_changed)
        session.desk.changed.connect(self._desk_changed)
        session.link.changed.connect(self._link_changed)
        session.sources.changed.connect(self._sources_changed)
        session.login.changed.connect(self._desk_changed)
        session.consult.changed.connect(self._consult_changed)
        session.meetings.changed.connect(self._meeting_changed)
        session.situation.changed.connect(self._situation_changed)
        context.look.changed.connect(self._board_changed)

    def _wire(self) -> None:
        if hasattr(self._built.widget, "on_fault"):
            self._built.widget.on_fault = self._painted_badly
        if self._built.asks is not None:
            self._built.asks.connect(self.panel_wanted)

    @property
    def widget(self) -> QWidget:
        return self._built.widget

    @property
    def built(self) -> Built:
        return self._built

    def _board_changed(self) -> None:
        self._mark({"board"})

    def _desk_changed(self) -> None:
        self._mark({"desk"})

    def _sources_changed(self) -> None:
        self._mark({"sources"})

    def _consult_changed(self) -> None:
        self._mark({"consult"})

    def _meeting_changed(self) -> None:
        self._mark({"meeting"})

    def _link_changed(self) -> None:
        self._mark({"link"})

    def _situation_changed(self, names: frozenset[str]) -> None:
        self._mark(set(names))

    def _mark(self, names: set[str]) -> None:
        if names & self._built.needs and not self._frozen:
            self._stale = True
            if not self._timer.isActive():
                self._timer.start()

    def shown(self) -> None:
        """The page became visible."""
        if self._stale:
            self.refresh()

    def refresh(self) -> None:
        """Fill the view now if it is stale and can be seen."""
        if not self._stale or self._frozen or self.panel.crashed or not self.panel.isVisible():
            return
        self._stale = False
        with self._context.hub.guard(self.code, self._crashed):
            said = self._built.refresh()
            if isinstance(said, tuple):
                self.panel.say(said[1], said[0])
            elif said is not None:
                self.panel.say(said)

    def reload(self) -> None:
        """Build the view anew after a fault."""
        with self._context.hub.guard(self.code, self._crashed):
            if self._built.release is not None:
                self._built.release()
            old = self._built.widget
            self._built = self._build(self._context)
            self.panel.swap(self._built.widget)
            old.deleteLater()
            self._wire()
            self._stale = True
            self.refresh()

    def release(self) -> None:
        """Stop listening and free what the view holds; the widget may die after this."""
        self._timer.stop()
        session = self._context.session
        session.board.changed.disconnect(self._board_changed)
        session.board.reference_changed.disconnect(self._board_changed)
        session.desk.changed.disconnect(self._desk_changed)
        session.consult.changed.disconnect(self._consult_changed)
        session.meetings.changed.disconnect(self._meeting_changed)
        session.login.changed.disconnect(self._desk_changed)
        session.link.changed.disconnect(self._link_changed)
        session.sources.changed.disconnect(self._sources_changed)
        session.situation.changed.disconnect(self._situation_changed)
        self._context.look.changed.disconnect(self._board_changed)
        if self._built.release is not None:
            self._built.release()

    def _freeze(self, on: bool) -> None:
        self._frozen = on
        if self._built.freeze is not None:
            self._built.freeze(on)
        moment = full_stamp(self._context.session.board.board.moment)
        self.panel.show_frozen(f"{self._context.look.tr('已冻结')} {moment}" if on else "")
        if not on:
            self._stale = True
            self.refresh()

    def _painted_badly(self, where: str, exc: Exception) -> None:
        incident = self._context.hub.report(f"{self.code} {where}", exc)
        QTimer.singleShot(0, self, lambda: self._crashed(incident))

    def _crashed(self, incident: Incident) -> None:
        self.panel.show_fault(incident.number, incident.summary, incident.detail)
