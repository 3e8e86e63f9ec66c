"""The workspaces: which panels, where; built when first shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from console.windows.docking import DockPage
from console.windows.panel_catalog import PANELS
from console.windows.panels import Context, PanelHost

Place = tuple[str, str, str | None]  # panel, area, beside


@dataclass(frozen=True, slots=True)
class WorkspaceSpec:
    """places: in build order. shares: (panel, shares of the nearest splitter with so many parts)."""

    code: str
    title: str
    icon: str
    key: str
    places: tuple[Place, ...]
    shares: tuple[tuple[str, tuple[int, ...]], ...] = ()
    front: tuple[str, ...] = ()  # panels that lie before their tabs' others at first
    low: tuple[tuple[str, str], ...] = ()  # on a low screen: (panel, behind which one)
    header: str = ""  # a panel of fixed height above the docked ones


WORKSPACES = (
    WorkspaceSpec(
        "duty",
        "值守",
        "mdi6.shield-account-outline",
        "Ctrl+1",
        (
            ("duty.alarms", "center", None),
            ("duty.log", "right", "duty.alarms"),
            ("duty.hydrograph", "bottom", "duty.log"),
            ("duty.card", "right", "duty.hydrograph"),
        ),
        shares=(("duty.alarms", (44, 56)), ("duty.log", (50, 50)), ("duty.hydrograph", (60, 40))),
        header="duty.response",
    ),
    WorkspaceSpec(
        "monitor",
        "监控",
        "mdi6.map-outline",
        "Ctrl+2",
        (
            ("monitor.map", "center", None),
            ("monitor.video", "tab", "monitor.map"),
            ("monitor.works", "tab", "monitor.map"),
            ("monitor.dam_safety", "tab", "monitor.map"),
            ("monitor.section", "tab", "monitor.map"),
            ("monitor.gates", "tab", "monitor.map"),
            ("monitor.table", "right", "monitor.map"),
            ("monitor.strip", "bottom", "monitor.map"),
            ("monitor.cascade", "tab", "monitor.strip"),
            ("monitor.happening", "bottom", "monitor.strip"),
            ("monitor.hydrograph", "bottom", "monitor.table"),
            ("monitor.rating", "tab", "monitor.hydrograph"),
            ("monitor.reservoir", "bottom", "monitor.hydrograph"),
            ("monitor.reservoirs", "tab", "monitor.reservoir"),
            ("monitor.storage", "tab", "monitor.reservoir"),
            ("monitor.card", "tab", "monitor.reservoir"),
        ),
        shares=(("monitor.map", (57, 43)), ("monitor.map", (58, 20, 22)), ("monitor.table", (40, 34, 26))),
        front=("monitor.map", "monitor.strip", "monitor.hydrograph", "monitor.reservoir"),
        low=(
            ("monitor.strip", "monitor.happening"),
            ("monitor.cascade", "monitor.happening"),
            ("monitor.reservoir", "monitor.hydrograph"),
            ("monitor.reservoirs", "monitor.hydrograph"),
            ("monitor.storage", "monitor.hydrograph"),
            ("monitor.card", "monitor.hydrograph"),
        ),
        header="monitor.overview",
    ),
    WorkspaceSpec(
        "sandbox",
        "沙盘",
        "mdi6.image-filter-hdr-outline",
        "Ctrl+3",
        (
            ("sandbox.scene", "center", None),
            ("sandbox.card", "right", "sandbox.scene"),
            ("sandbox.hydrograph", "bottom", "sandbox.card"),
        ),
        shares=(("sandbox.scene", (74, 26)), ("sandbox.card", (46, 54))),
    ),
    WorkspaceSpec(
        "consult",
        "会商",
        "mdi6.account-group-outline",
        "Ctrl+5",
        (
            ("consult.scenarios", "center", None),
            ("consult.meeting", "tab", "consult.scenarios"),
            ("consult.curves", "right", "consult.scenarios"),
            ("consult.table", "bottom", "consult.curves"),
            ("consult.tradeoff", "tab", "consult.curves"),
            ("consult.spill", "tab", "consult.curves"),
            ("consult.similar", "tab", "consult.curves"),
            ("consult.disasters", "tab", "consult.table"),
            ("consult.basis", "tab", "consult.table"),
            ("consult.record", "tab", "consult.table"),
            ("consult.options", "tab", "consult.table"),
            ("consult.decisions", "tab", "consult.table"),
        ),
        shares=(("consult.scenarios", (30, 70)), ("consult.curves", (58, 42))),
        front=("consult.scenarios", "consult.curves", "consult.table"),
    ),
    WorkspaceSpec(
        "system",
        "运维",
        "mdi6.tune-variant",
        "Ctrl+8",
        (
            ("system.sources", "center", None),
            ("system.outbox", "right", "system.sources"),
            ("system.conflicts", "bottom", "system.outbox"),
            ("system.about", "bottom", "system.conflicts"),
            ("system.link", "tab", "system.about"),
            ("system.packs", "bottom", "system.sources"),
            ("system.library", "tab", "system.packs"),
            ("system.feeds", "tab", "system.packs"),
        ),
        shares=(("system.sources", (58, 42)), ("system.outbox", (26, 36, 38)), ("system.packs", (46, 54))),
    ),
)


class Workspace(QWidget):
    """A page of docked panels.

    Signals:
        cast_requested, export_requested, panel_wanted: arg is the panel's code.
    """

    cast_requested = Signal(str)
    export_requested = Signal(str)
    panel_wanted = Signal(str)

    def __init__(self, context: Context, spec: WorkspaceSpec, layouts: Path) -> None:
        super().__init__()
        self.spec = spec
        self.page = DockPage(spec.code, layouts)
        self.hosts: dict[str, PanelHost] = {}
        if spec.header:
            self.page.set_header(self._host(context, spec.header).panel)
        for code, area, beside in spec.places:
            self.page.place(self._host(context, code).panel, area, beside)
        self.page.finish(spec.shares, spec.front, spec.low)

    def _host(self, context: Context, code: str) -> PanelHost:
        title, build = PANELS[code]
        host = PanelHost(context, code, title, build)
        self.hosts[code] = host
        host.panel.cast_requested.connect(_sender(self.cast_requested.emit, code))
        host.panel.export_requested.connect(_sender(self.export_requested.emit, code))
        host.panel_wanted.connect(self.panel_wanted)
        return host

    def shown(self) -> None:
        self.page.enter()
        for host in self.hosts.values():
            host.shown()

    def hidden(self) -> None:
        self.page.leave()

    def release(self) -> None:
        for host in self.hosts.values():
            host.release()


def _sender(emit: Callable[[str], None], code: str) -> Callable[[], None]:
    def send() -> None:
        emit(code)

    return send
