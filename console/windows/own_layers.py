"""The user's own layers on one map: feeds and shapes of the listed sources, switched like any other layer."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, QPointF, Signal

from console.domain.layers import OWN
from console.errors import ConsoleError
from console.services.map_grounds import TileFeed
from console.services.map_sources import MapSources
from console.services.tasks import TaskScope
from console.viewdata.map import MapLayerView
from console.viewdata.map_sources import MapSource
from widgets.map_tiles import TileLayer
from widgets.map_vectors import Feature, VectorLayer
from widgets.map_widget import MapWidget

Switch = Callable[[str, bool], None]
Fade = Callable[[str, int], None]
OPTION = re.compile(r'\s+(layer|crs)=("[^"]*"|\S+)')
MOST_AT_ONCE = 20


class OwnLayersDesk(QObject):
    """Owned by the map's desk.

    Signals:
        changed: the list or what is known of a layer is another one.
        said: a sentence for the person at the map; args text, whether the wish was fulfilled.
        offered: a service has several layers to choose from; args its address, ((identifier, title), …).
    """

    changed = Signal()
    said = Signal(str, bool)
    offered = Signal(str, tuple)

    def __init__(self, sources: MapSources, tasks: TaskScope, chart: MapWidget, switch: Switch, fade: Fade) -> None:
        super().__init__()
        self._sources = sources
        self._tasks = tasks
        self._map = chart
        self._switch, self._fade = switch, fade
        self._made: dict[str, MapSource] = {}
        self._feeds: dict[str, TileFeed] = {}
        self._notes: dict[str, str] = {}
        self._first = True
        sources.changed.connect(self._follow)
        sources.told.connect(lambda what, step: self.said.emit(f"{what}{step}", False))
        tasks.start("map sources", sources.start())

    def close(self) -> None:
        self._sources.close()

    def views(self) -> tuple[MapLayerView, ...]:
        """Return a line of the layer tree for every source."""
        return tuple(
            MapLayerView(
                OWN + s.source_id, s.name, "自加图层", note="；".join(n for n in (s.note, self._note(s), self._range(s)) if n)
            )
            for s in self._sources.sources
        )

    def _range(self, source: MapSource) -> str:
        """Return between which widths of the view a source shows, as the map lies now."""
        frame, tr = self._map.frame, self._map.look.tr
        wide_km = frame.width_km * frame.scale
        limits = (("视野窄于", source.min_scale), ("视野宽于", source.max_scale))
        said = " · ".join(f"{tr(word)} {wide_km / scale:.3g} km" for word, scale in limits if scale)
        return f"{said} {tr('时显示')}" if said else ""

    def _note(self, source: MapSource) -> str:
        feed = self._feeds.get(source.source_id)
        if feed is not None and shiboken6.isValid(feed):
            return "".join(feed.note)
        return self._notes.get(source.source_id, "")

    # --- wishes ---------------------------------------------------------------------------
    def add(self, text: str) -> None:
        """Add a file by its path or a service by its address; ``layer=…`` and ``crs=…`` behind it say which and where."""
        words = {name: value.strip('"') for name, value in OPTION.findall(text)}
        where = OPTION.sub("", text).strip().strip('"')
        layer = words.get("layer", "")
        if "://" in where and "{" not in where and not layer:
            self._tasks.start("service layers", self._choose(where))
            return
        if "://" in where:
            wish = self._sources.add_address(where, layer=layer)
        else:
            wish = self._sources.add_path(Path(where).expanduser(), layer=layer, crs=words.get("crs", ""))
        self._tasks.start("add layer", self._add(wish))

    async def _choose(self, where: str) -> None:
        """Ask a service what it has; of several layers the person chooses, one alone is added."""
        try:
            found = await self._sources.service_layers(where)
        except ConsoleError:
            found = ()  # adding it tells what is wrong
        if len(found) < 2:
            await self._add(self._sources.add_address(where))
        elif shiboken6.isValid(self._map):
            self.said.emit(f"{self._map.look.tr('这个服务有')} {len(found)} {self._map.look.tr('个图层，请选一个')}", False)
            self.offered.emit(where, found)

    def drop(self, paths: Sequence[str]) -> None:
        """Add files that were dropped on the map."""
        for path in paths[:MOST_AT_ONCE]:
            self._tasks.start("add layer", self._add(self._sources.add_path(Path(path))))

    async def _add(self, wish: Coroutine[Any, Any, MapSource]) -> None:
        try:
            source = await wish
        except ConsoleError as exc:
            self.said.emit(f"{exc.what}{exc.next_step}", False)
            return
        self._switch(OWN + source.source_id, True)
        self.said.emit(f"{source.name}：{source.note}" if source.note else source.name, True)

    def remove(self, code: str) -> None:
        self._switch(code, False)
        self._sources.remove(code.removeprefix(OWN))

    def shown(self, code: str, on: bool) -> None:
        """Remember for the next start whether a layer is on."""
        self._sources.change(code.removeprefix(OWN), visible=on)

    def faded(self, code: str, opacity: int) -> None:
        self._sources.change(code.removeprefix(OWN), opacity=opacity)

    def limit(self, code: str, which: str) -> None:
        """Let a layer show only from the present scale on: near, far, or at any for none."""
        scale = self._map.frame.scale
        near, far = {"min_scale": scale}, {"max_scale": scale}
        values = {"near": near, "far": far, "none": {"min_scale": 0.0, "max_scale": 0.0}}[which]
        self._sources.change(code.removeprefix(OWN), **values)

    def feature_at(self, place: QPointF) -> Feature | None:
        """Return what of the user's shapes lies at a point of the map, the topmost first."""
        for layer in reversed(list(self._map.own.over.values())):
            found = layer.feature_at(place, self._map.frame) if isinstance(layer, VectorLayer) else None
            if found is not None:
                return found
        return None

    # --- following the list ---------------------------------------------------------------
    def _follow(self) -> None:
        if not shiboken6.isValid(self._map):
            return
        known = {s.source_id: s for s in self._sources.sources}
        for source_id in [k for k in self._made if k not in known]:
            self._drop(source_id)
        for source in self._sources.sources:
            if source.source_id not in self._made:
                self._make(source)
            self._made[source.source_id] = source
            self._scaled(source)
        if self._first:  # what was on when the program ended is on again
            self._first = False
            for source in self._sources.sources:
                if source.visible:
                    self._switch(OWN + source.source_id, True)
                    self._fade(OWN + source.source_id, source.opacity)
        self.changed.emit()

    def _scaled(self, source: MapSource) -> None:
        """Give a layer the limits of scale that its source has now."""
        code, own = OWN + source.source_id, self._map.own
        layer = own.under.get(code) or own.over.get(code)
        if layer is not None:
            layer.min_scale, layer.max_scale = source.min_scale, source.max_scale
            self._map.update()

    def _make(self, source: MapSource) -> None:
        self._made[source.source_id] = source
        if source.kind == "vector":
            self._tasks.start("overlay", self._shapes(source))
            return
        feed = self._sources.feed(source, self)
        layer = TileLayer(feed, self)
        layer.changed.connect(self._map.update)
        feed.noted.connect(self.changed)
        self._feeds[source.source_id] = feed
        self._map.own.under[OWN + source.source_id] = layer

    async def _shapes(self, source: MapSource) -> None:
        try:
            overlay = await self._sources.overlay(source)
        except ConsoleError as exc:
            self._notes[source.source_id] = f"{exc.what}{exc.next_step}"
            self.said.emit(f"{source.name}：{exc.what}{exc.next_step}", False)
            return
        if not shiboken6.isValid(self._map) or source.source_id not in self._made:
            return
        layer = VectorLayer(self._map.look, overlay, color=source.color, label_field=source.label_field, parent=self)
        layer.changed.connect(self._map.update)
        self._map.own.over[OWN + source.source_id] = layer
        self._scaled(self._made[source.source_id])

    def _drop(self, source_id: str) -> None:
        del self._made[source_id]
        self._map.own.under.pop(OWN + source_id, None)
        self._map.own.over.pop(OWN + source_id, None)
        feed = self._feeds.pop(source_id, None)
        if feed is not None and shiboken6.isValid(feed):
            feed.close()
