"""The map as a panel: what its tools, layers and comparisons do with the Situation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shiboken6
from PySide6.QtCore import QObject, QPointF
from PySide6.QtWidgets import QFileDialog

from console.domain.geo import geodesic_km, mercator_y
from console.domain.layers import DRAPES, OWN, LayerState, faded, layer_texts, limited, moved, read_layers, toggled
from console.domain.states import State
from console.domain.time import full_stamp, moment_of
from console.presenters.map import map_view, present_map
from console.presenters.works import WORKS_STATES
from console.presenters.works_rows import WorksRows
from console.services.rain_field import RainFieldService
from console.services.warm_up import warm_up
from console.store.basemap import load_basemap
from console.texts import printable
from console.viewdata.basemap import BaseMap
from console.viewdata.map import MapLayerView, RainField
from console.viewdata.notes import Point
from console.windows.exporting import PICTURES, export_notes
from console.windows.map_notes_desk import MapNotesDesk
from console.windows.map_queries import MapQueries
from console.windows.panels import Built, Context
from widgets.map_base import Paths, base_paths
from widgets.map_panel import MapPanel
from widgets.map_sheet import write_sheet

if TYPE_CHECKING:
    from console.windows.own_layers import OwnLayersDesk

PROFILE_POINTS = 400


def build_map(c: Context) -> Built:
    desk = MapDesk(c)
    return Built(desk.panel, desk.refresh, frozenset({"board", "selection", "layers", "clock"}), release=desk.close)


class MapDesk(QObject):
    """Owned by its panel's builder; the widgets ask, this decides."""

    def __init__(self, c: Context) -> None:
        super().__init__()
        self._c = c
        self._session = c.session
        self.panel = MapPanel(c.look)
        self._map = self.panel.map
        self._rain = RainFieldService(c.session)
        self._rain.changed.connect(lambda: self._map.show_rain(self._rain.field))
        self._notes = MapNotesDesk(c, self.panel)
        self._queries = MapQueries(c, self._map, self.panel.say)
        self._own: OwnLayersDesk | None = None
        self._off: dict[str, LayerState] = {}  # how a layer was when it was switched off
        self._comparison = ""
        self._comparing = False
        self._followed: str | None = None
        self._closed = False
        self._works = WorksRows()
        c.session.works.changed.connect(self._works_judged)
        if c.large:
            self.panel.plain()
        self._wire()
        c.session.tasks.start("base map", self._base())
        c.session.tasks.start("own layers", self._own_layers())

    def _wire(self) -> None:
        session, panel = self._session, self.panel
        self._map.selected.connect(lambda code: session.situation.select(code or None))
        panel.layers.switched.connect(self._switch)
        panel.layers.moved.connect(self._move)
        panel.layers.limited.connect(self._limit)
        panel.layers.faded.connect(self._fade)
        self._map.picked.connect(self._feature)
        panel.toolbar.hours_chosen.connect(self._hours)
        panel.toolbar.comparison_chosen.connect(self._compare)
        panel.toolbar.print_requested.connect(self._ask_print)
        panel.toolbar.along_chosen.connect(self._queries.follow)
        panel.toolbar.cleared.connect(lambda: self._queries.follow(""))
        panel.toolbar.refused.connect(panel.say)
        panel.layers.pointed.connect(lambda _code: self._compare("layers") if self._comparison == "layers" else None)
        tools = self._map.tools
        tools.lined.connect(lambda points: session.tasks.start("profile", self._profile(points)))
        tools.circled.connect(lambda *_: self._queries.refresh(session.board.board))

    def close(self) -> None:
        """Let go: what listens to longer-lived objects would keep this desk and its map."""
        self._closed = True
        self._session.works.changed.disconnect(self._works_judged)
        self._rain.close()
        self._rain.changed.disconnect()
        if self._own is not None:
            self._own.close()
            self._own.changed.disconnect()
            self._own.said.disconnect()
            self._own = None
        self.deleteLater()

    # --- filling --------------------------------------------------------------------------
    def refresh(self) -> str:
        session, tr = self._session, self._c.look.tr
        session.works.follow()  # a map alone, as on a wall, has nobody else who asks
        current = session.situation.current
        self._map.set_layers(current.layers)
        row = session.board.board.row(current.selection)
        if row is not None and row.station.lon is not None and row.station.lat is not None and not self._c.large:
            if self._followed != current.selection:
                self._map.go_to(row.station.lon, row.station.lat)
            self._followed = current.selection
        board = self._works.judged(session.board.board, session.works.reports)
        said = present_map(self._map, board, current.selection, tr, self._c.topics, session.board.things, self._verdicts())
        self._show_layers()
        self._notes.refresh(next((layer for layer in self._layers() if layer.code == "notes"), None))
        self._queries.refresh(board)
        if set(DRAPES) & {layer.code for layer in self._layers()}:
            self._rain.want()
        if self._comparison and not self._comparing:
            session.tasks.start("compare", self._other())
        return said

    def _verdicts(self) -> dict[str, State]:
        return {r.works.code: WORKS_STATES[r.state] for r in self._session.works.reports}

    def _works_judged(self) -> None:
        if shiboken6.isValid(self.panel) and self.panel.isVisible():
            self.refresh()

    def _ground(self) -> tuple[BaseMap, Paths]:
        found = load_basemap(self._session.source.home.shared_cache)
        return found, base_paths(found)

    async def _base(self) -> None:
        found, paths = await asyncio.get_running_loop().run_in_executor(None, self._ground)
        if shiboken6.isValid(self._map):
            self._map.set_base(found, paths)

    # --- layers ---------------------------------------------------------------------------
    async def _own_layers(self) -> None:
        """Bring the user's own layers after the first picture: their libraries take a quarter of a second."""
        await warm_up(lambda: self._session.board.whole)
        if self._closed or not shiboken6.isValid(self.panel):
            return
        from console.services.map_sources import MapSources
        from console.windows.own_layers import OwnLayersDesk

        session, layers = self._session, self.panel.layers
        sources = MapSources(session.source.home, session.tasks, self._c.look, self)
        own = OwnLayersDesk(sources, session.tasks, self._map, self._switch, self._fade)
        layers.switched.connect(lambda code, on: own.shown(code, on) if code.startswith(OWN) else None)
        layers.add_requested.connect(own.add)
        self.panel.files_dropped.connect(own.drop)
        layers.removed.connect(own.remove)
        own.changed.connect(self._show_layers)
        own.said.connect(lambda text, done: layers.added(text, done=done))
        own.offered.connect(layers.offer)
        self._own = own

    def _show_layers(self) -> None:
        if shiboken6.isValid(self.panel):
            self.panel.layers.show_layers(self._views(), self._layers())

    def _views(self) -> tuple[MapLayerView, ...]:
        own = self._own.views() if self._own is not None else ()
        return (*own, *self._map.content.view.layers)

    def _move(self, code: str, step: int) -> None:
        """Raise or lower a layer among those of its group."""
        views = self._views()
        group = next((v.group for v in views if v.code == code), "")
        under = self._map.own.under  # pictures always lie below shapes
        mine = {v.code for v in views if v.group == group and (v.code in under) is (code in under)}
        self._set(moved(self._layers(), code, step, mine))

    def _limit(self, code: str, which: str) -> None:
        """Limits of one's own layer stay with it; those of the others are part of the picture and travel with it."""
        if not code.startswith(OWN):
            self._set(limited(self._layers(), code, which, self._map.frame.width_km))
        elif self._own is not None:
            self._own.limit(code, which)

    def _fade(self, code: str, opacity: int) -> None:
        self._set(faded(self._layers(), code, opacity))
        if code.startswith(OWN) and self._own is not None:
            self._own.faded(code, opacity)

    def _feature(self, lon: float, lat: float) -> None:
        """Say what of the user's shapes was clicked."""
        x, y = self._map.frame.to_pixels(np.asarray(lon), mercator_y(lat))
        found = self._own.feature_at(QPointF(float(x), float(y))) if self._own is not None else None
        texts = [f"{k}：{v}" for k, v in list(found.attributes)[:12]] if found is not None else []
        self.panel.say(printable(" · ".join(texts), 400))

    def _layers(self) -> tuple[LayerState, ...]:
        return read_layers(self._session.situation.current.layers)

    def _set(self, layers: tuple[LayerState, ...]) -> None:
        self._session.situation.set_layers(layer_texts(layers))

    def _switch(self, code: str, on: bool) -> None:
        order = tuple(layer.code for layer in self._views())
        before = next((layer for layer in self._layers() if layer.code == code), None)
        if not on and before is not None:
            self._off[code] = before
        self._set(toggled(self._layers(), code, on, order, self._off.get(code)))

    def _hours(self, hours: float) -> None:
        self._rain.set_hours(hours)
        if not set(DRAPES) & {layer.code for layer in self._layers()}:
            self._switch("isohyets", True)

    # --- comparison -----------------------------------------------------------------------
    def _compare(self, choice: str) -> None:
        try:
            moment_of(
                choice or "0", self._session.board.board.now, self._session.board.board.moment
            ) if choice != "layers" else 0
        except ValueError:
            self.panel.say(f"{choice}：{self._c.look.tr('没有这一天或这个时刻')}")
            return
        self._comparison = choice
        if not choice:
            self._map.compare(None)
        elif not self._comparing:
            self._session.tasks.start("compare", self._other())

    async def _other(self) -> None:
        """Show the other picture right of the line; a choice made meanwhile is computed next."""
        self._comparing = True
        done = None
        try:
            while self._comparison and self._comparison != done:
                done = self._comparison
                await self._show_other(done)
        finally:
            self._comparing = False

    async def _show_other(self, choice: str) -> None:
        """Show another moment with its own rain, or this one without one layer: what lies under it comes to light."""
        session, tr = self._session, self._c.look.tr
        board, layers = session.board.board, session.situation.current.layers
        rain: RainField | None = None
        works: dict[str, State] = {}  # of another moment nobody has judged them
        if choice == "layers":
            on = {layer.code for layer in self._layers()}
            gone = {self.panel.layers.current} & on or set(DRAPES) & on
            if not gone:
                self.panel.say(tr("请先在图层里点一个开着的图层，分割线右侧就不画它"))
                return
            name = "、".join(self.panel.layers.name_of(code) for code in sorted(gone))
            other, words = self._works.judged(board, session.works.reports), (name, f"{tr('无')}{name}")
            works = self._verdicts()
            layers = layer_texts(layer for layer in self._layers() if layer.code not in gone)
            rain = None if gone & set(DRAPES) else self._rain.field
        else:
            moment = moment_of(choice, board.now, board.moment)
            other = await session.board.at_other(moment, board.now)
            words = (full_stamp(board.moment), full_stamp(moment))
            if set(DRAPES) & {layer.code for layer in self._layers()}:
                rain = await self._rain.at(other, self._rain.hours)
        if shiboken6.isValid(self._map) and self._comparison == choice:
            selected = session.situation.current.selection
            view = map_view(other, self._c.topics, session.board.things, selected, tr, works)
            self._map.compare((view, layers), words, rain)

    # --- tools ----------------------------------------------------------------------------
    async def _profile(self, points: tuple[Point, ...]) -> None:
        from console.services.sandbox_ground import load_ground  # scipy and rasterio: only when asked for

        found = await asyncio.to_thread(load_ground, self._session.source.home.shared_cache)
        total = geodesic_km(points)
        share = np.linspace(0, 1, PROFILE_POINTS)
        lon = points[0][0] + share * (points[-1][0] - points[0][0])
        lat = points[0][1] + share * (points[-1][1] - points[0][1])
        height, says = await asyncio.to_thread(found.along, lon, lat)
        if shiboken6.isValid(self.panel):
            self.panel.profile.show_profile(share * total, height, self._c.look.tr(says))

    # --- sheets ---------------------------------------------------------------------------
    def _ask_print(self) -> None:
        dialog = QFileDialog(self.panel, self._c.look.tr("出图"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["PDF (*.pdf)", "PNG (*.png)"])
        dialog.setDefaultSuffix("pdf")
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix("png" if "png" in kind else "pdf"))
        dialog.selectFile("map.pdf")
        dialog.fileSelected.connect(lambda name: self.print_to(Path(name)))
        dialog.open()

    def print_to(self, path: Path) -> None:
        """Write a sheet of what the map shows now."""
        tr = self._c.look.tr
        when, source, *made_up = export_notes(self._session, tr)
        notes = [f"{when} · {source}", " · ".join([*made_up, tr(self._map.credit)])]
        if path.suffix.lower() not in (".pdf", *PICTURES):
            self.panel.say(f"{tr('没有导出')}：{path.name} {tr('不是能写的格式，请用 PDF 或 PNG')}")
            return
        try:
            write_sheet(path, self._map, tr("一张图"), notes)
        except OSError as exc:
            self.panel.say(f"{tr('没有导出')}：{exc.strerror or exc}。{tr('请换一个目录或清理磁盘后再试')}")
        else:
            self.panel.say(f"{tr('已导出')} {path.name}")
