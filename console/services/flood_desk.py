"""Inundation in the sandbox: the chosen result at the moment as a picture, its figures, and what holds at the cursor.

Everything that reads or counts runs on worker threads; of many wishes only the newest is answered. The picture
comes first, then arrival and duration of the whole series, then what is under water.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from console.engine.depth_grid import cell_of
from console.engine.inundation_grid import DepthSeries, Stopped
from console.errors import ConsoleError
from console.services.drill_floods import offered_in
from console.services.flood_frames import (
    FloodNow,
    Going,
    Opened,
    Paint,
    Swept,
    counted,
    drawn_at,
    from_moment,
    swept_of,
    whole_minute,
)
from console.services.flood_library import FloodEntry, FloodLibrary, read_layers, told_of
from console.services.tasks import TaskScope
from console.services.vector_files import VectorProcesses
from console.store.depth_cache import DepthRefused
from console.viewdata.inundation import ExposureLine, InundationView
from console.viewdata.overlay import Overlay
from console.viewdata.scene import SceneFlood
from scenes.ground.frame import ORIGIN_M, to_local

MODES = ("depth", "arrival", "duration", "max")
TICK_MS, HOUR_S = 100, 3600.0
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class FloodAt:
    """At a place. depth_m None: not known. arrival_s: infinity where the water never comes; None not known (yet).

    duration_s: of the whole series. so_far_s: under water up to the moment, None where that does not follow.
    """

    moment: float
    depth_m: float | None
    arrival_s: float | None = None
    duration_s: float | None = None
    so_far_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """views: (mode, view). exposures: at counted_at; counting: they are not counted yet."""

    views: tuple[tuple[str, InundationView], ...]
    exposures: tuple[ExposureLine, ...]
    counted_at: float | None
    counting: bool


class FloodDesk(QObject):
    """Owned by the sandbox's desk; all methods on the GUI thread.

    Signals:
        changed: entries, now, swept or exposures are other ones.
        progress: how far the import or the sweep is (see busy), 0 to 1; -1 when that is over.
        failed: what cannot be shown, and what to do; "" when another result is chosen.
        taken: a file was imported; arg is its name. refused: it was not; arg says why, "" when the user stopped it.
    """

    changed = Signal()
    progress = Signal(float)
    failed = Signal(str)
    taken = Signal(str)
    refused = Signal(str)

    def __init__(self, cache: Path, tasks: TaskScope, paint: Paint, parent: QObject | None = None, *, source: str = "") -> None:
        super().__init__(parent)
        self._source = source
        self.library = FloodLibrary(cache)
        self.entries: tuple[FloodEntry, ...] = ()
        self.name, self.mode = "", MODES[0]
        self.now: FloodNow | None = None
        self.swept: Swept | None = None
        self.exposures: tuple[ExposureLine, ...] = ()
        self.counted_at: float | None = None  # the moment of the exposures
        self._tasks, self._paint = tasks, paint
        self._opened: Opened | None = None
        self.beside: FloodNow | None = None
        self._beside: tuple[str, Opened, Swept | None] | None = None  # what another side of the picture shows
        self._moment: float | None = None
        self._vectors = VectorProcesses()
        self._work: dict[str, Going] = {}
        self._wishes, self._drawings = asyncio.Event(), asyncio.Event()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tell_progress)
        self._closed = False

    @property
    def busy(self) -> str:
        """Return import or sweep while it runs, else ""."""
        return next((kind for kind in ("import", "sweep") if kind in self._work), "")

    def begin(self) -> None:
        """Read which results there are; again after another console changed something."""
        self._tasks.start("flood results", self._reload())

    def choose(self, name: str) -> None:
        """Show a result from now on, "" for none."""
        self._let_go()
        self.name, self.now, self.swept = name, None, None
        self.exposures, self.counted_at = (), None
        self.failed.emit("")
        self.changed.emit()
        if name:
            self._tasks.start("flood result", self._open(name))

    def set_mode(self, mode: str) -> None:
        """Show another of MODES; a sweep that the user stopped begins anew where it is needed."""
        self.mode = mode
        self._wishes.set()
        if mode != MODES[0] and self._opened is not None and self.swept is None and "sweep" not in self._work:
            self._tasks.start("flood sweep", self._sweep(self._opened))

    def repaint(self, paint: Paint) -> None:
        """Paint in other colours or words from now on."""
        self._paint = paint
        self._wishes.set()

    def want(self, moment: float) -> None:
        """Show a moment, UTC s; called at every refresh, cheap when the minute is the same."""
        self._moment = moment
        self._wishes.set()

    def take(self, file: str, **typed: Any) -> None:
        """Import a file or folder; typed: what the user says of it, as told_of wants. taken or refused tells the end."""
        if "import" in self._work:
            return
        try:
            told = told_of(**typed)
            if not file.strip():
                raise DepthRefused("还没有选文件。", "请选择水深文件，或放 GeoTIFF 的文件夹。")
        except ConsoleError as exc:
            self.refused.emit(f"{exc.what}{exc.next_step}")
            return
        self._tasks.start("flood import", self._import(partial(self.library.add, Path(file.strip()), told, None)))

    def cancel(self) -> None:
        """Stop the import; without one, the sweep."""
        if self.busy:
            self._work[self.busy].stop.set()

    def close(self) -> None:
        """Tell nothing any more, and end what runs."""
        self._closed = True
        self._timer.stop()
        self._vectors.close()
        self._let_go()
        self.cancel()

    def _let_go(self) -> None:
        self._opened = None
        for kind in ("sweep", "count"):
            if (going := self._work.pop(kind, None)) is not None:
                going.stop.set()
        self._wishes.set()
        self._drawings.set()

    @property
    def span(self) -> tuple[float, float] | None:
        """Return first and last moment of the shown result, UTC s; None without one."""
        if self._opened is None:
            return None
        t = self._opened.depths.t_s
        return float(t[0]), float(t[-1])

    @property
    def drawn_as(self) -> tuple[object, ...]:
        """Return what every moment's picture depends on, the moment itself left out."""
        return self._opened, self.mode, self._paint, self.swept

    async def picture_of(self, moment: float) -> SceneFlood | None:
        """Return the picture of the shown result at another moment; None without one, or where it cannot be read.

        Raises:
            ConsoleError: the result cannot be read.
        """
        opened = self._opened
        if opened is None:
            return None
        wish = whole_minute(moment, opened.depths.t_s), self.mode, self._paint, self.swept
        return (await self._off("other", partial(drawn_at, opened, *wish, None))).picture

    async def picture_from(self, name: str, moment: float) -> SceneFlood | None:
        """Return the picture of another result in the same mode; None for "".

        Raises:
            ConsoleError: there is no such result, or it cannot be read.
        """
        if not name:
            self.beside = None
            return None
        if self._beside is None or self._beside[0] != name:
            depths, site = await self._off("beside", lambda _going: self.library.open(name))
            self._beside = name, Opened(depths, site, DepthSeries(depths)), None
        _, opened, swept = self._beside
        if self.mode != MODES[0] and swept is None:
            swept = await self._off("beside", lambda going: swept_of(opened.depths, going))
            self._beside = name, opened, swept
        wish = whole_minute(moment, opened.depths.t_s), self.mode, self._paint, swept
        self.beside = await self._off("other", partial(drawn_at, opened, *wish, None))
        return self.beside.picture

    async def atlas(self, steps: int) -> Atlas:
        """Return the shown result: views of the whole series, then of as many moments evenly over it.

        Raises:
            ConsoleError: none is shown, or its whole series is not worked out yet; or it cannot be read.
        """
        opened, swept = self._opened, self.swept
        if opened is None:
            raise DepthRefused("没有写图集：沙盘里没有显示淹没成果。", "请在沙盘下方选一个淹没成果，再导出。")
        if swept is None:
            raise DepthRefused("没有写图集：到达时间还没有算完。", "请等沙盘下方的进度走完，再导出。")
        t = opened.depths.t_s
        moments = [float(m) for m in np.linspace(t[0], t[-1], steps + 1)[1:]]
        asked = [(float(t[-1]), mode) for mode in ("max", "arrival", "duration")] + [(m, "depth") for m in moments]

        def views(_going: Going) -> tuple[tuple[str, InundationView], ...]:
            bare = [drawn_at(opened, moment, mode, _unpainted, swept, None, _going) for moment, mode in asked]
            return tuple((now.mode, now.view) for now in bare)

        counting = bool(opened.site.exposures) and self.counted_at is None
        exposures, counted_at = self.exposures, self.counted_at  # of this result: another one may be chosen meanwhile
        return Atlas(await self._off("atlas", views), exposures, counted_at, counting)

    # --- at the cursor --------------------------------------------------------------------
    def at(self, lon: float, lat: float) -> FloodAt | None:
        """Return what holds at a place (degrees); None beside the grid, after the series and without a result."""
        opened, now = self._opened, self.now
        if opened is None or now is None or now.when == "after":
            return None
        east_km, north_km = to_local(lon, lat)
        x, y = (np.array([float(km) * 1000 + m]) for km, m in zip((east_km, north_km), ORIGIN_M, strict=True))
        cell = int(cell_of(opened.depths.y_m, y)[0]), int(cell_of(opened.depths.x_m, x)[0])
        if min(cell) < 0:
            return None
        depth, moment = float(now.depth_m[cell]), now.view.moment
        found = FloodAt(moment, depth if math.isfinite(depth) else None)
        if self.swept is None:
            return found
        arrival, duration = (float(a[cell]) for a in (self.swept.sweep.arrival_s, self.swept.sweep.duration_s))
        stays = arrival <= moment and duration >= float(opened.depths.t_s[-1]) - arrival - 1.0  # wet to the end
        return replace(
            found,
            arrival_s=None if math.isnan(arrival) else arrival,
            duration_s=None if math.isnan(duration) else duration,
            so_far_s=moment - arrival if stays else None,
        )

    def depth_at(self, lon: float, lat: float) -> float | None:
        return getattr(self.at(lon, lat), "depth_m", None)

    def arrival_at(self, lon: float, lat: float) -> float | None:
        return getattr(self.at(lon, lat), "arrival_s", None)

    def duration_at(self, lon: float, lat: float) -> float | None:
        return getattr(self.at(lon, lat), "duration_s", None)

    # --- work -----------------------------------------------------------------------------
    async def _off(self, kind: str, work: Callable[[Going], R]) -> R:
        """Run work on a thread as the one of its kind; it is told to stop when nobody waits for it any more."""
        self._work[kind] = going = Going()
        if self.busy and not self._closed:
            self._timer.start()
        try:
            return await asyncio.to_thread(work, going)
        finally:
            going.stop.set()
            if self._work.get(kind) is going:
                del self._work[kind]

    def _read(self, path: Path) -> Overlay:
        return self._vectors.read(path).overlay

    def _fault(self, exc: ConsoleError, opened: Opened | None) -> None:
        if not self._closed and self._opened is opened:
            self.failed.emit(f"{exc.what}{exc.next_step}")

    def _tell_progress(self) -> None:
        if not self.busy:
            self._timer.stop()
        self.progress.emit(self._work[self.busy].share if self.busy else -1.0)

    async def _reload(self) -> None:
        found = await self._off("list", lambda _going: self.library.entries())
        if not self._closed:
            self.entries = tuple(entry for entry in found if offered_in(self._source, entry.name))
            self.changed.emit()

    async def _import(self, add: Callable[[Going], str]) -> None:
        name = why = ""
        try:
            name = await self._off("import", add)
        except Stopped:
            pass  # as the user wished
        except ConsoleError as exc:
            why = f"{exc.what}{exc.next_step}"
        if not self._closed and not name:
            self.refused.emit(why)
        elif not self._closed:
            await self._reload()
            self.taken.emit(name)
            self.choose(name)

    async def _open(self, name: str) -> None:
        try:
            depths, site = await self._off("open", lambda _going: self.library.open(name))
        except ConsoleError as exc:
            if self.name == name:
                self._fault(exc, None)
            return
        if self._closed or self.name != name or self._opened is not None:
            return
        if site.prepared and self._moment is not None:
            depths, site = from_moment(depths, site, self._moment // HOUR_S * HOUR_S)
        opened = self._opened = Opened(depths, site, DepthSeries(depths))
        self._tasks.start("flood pictures", self._draw(opened))
        self._tasks.start("flood sweep", self._sweep(opened))
        if site.exposures:
            self._tasks.start("flood exposure", self._count(opened))

    async def _sweep(self, opened: Opened) -> None:
        try:
            found = await self._off("sweep", lambda going: swept_of(opened.depths, going))
        except Stopped:
            return
        except ConsoleError as exc:
            self._fault(exc, opened)
            return
        if self._opened is opened:
            self.swept = found
            self.changed.emit()
            self._wishes.set()

    async def _draw(self, opened: Opened) -> None:
        """Answer the newest wish as long as this result is shown."""
        drawn: tuple[object, ...] = ()
        while self._opened is opened:
            self._wishes.clear()
            moment = None if self._moment is None else whole_minute(self._moment, opened.depths.t_s)
            wish = (moment, self.mode, self._paint, self.swept)
            if moment is None or wish == drawn:
                await self._wishes.wait()
                continue
            drawn = wish
            try:
                made = await self._off("picture", partial(drawn_at, opened, moment, *wish[1:], self.now))
            except ConsoleError as exc:
                self._fault(exc, opened)
                continue
            if self._opened is opened:
                self.now = made
                self.changed.emit()
                self._drawings.set()

    async def _count(self, opened: Opened) -> None:
        """Count what is under water at the moment shown; a long count is finished before a newer one begins."""
        layers, refused = await self._off("layers", lambda _going: read_layers(opened.site.exposures, self._read))
        while self._opened is opened:
            self._drawings.clear()
            now = self.now
            if now is None or now.view.moment == self.counted_at:
                await self._drawings.wait()
                continue
            try:
                lines = await self._off("count", partial(counted, opened.depths, now, layers))
            except Stopped:
                return
            if self._opened is opened:
                self.exposures, self.counted_at = (*lines, *refused), now.view.moment
                self.changed.emit()


def _unpainted(_view: InundationView, _mode: str) -> SceneFlood:
    """Stand in for a painter where only the view is wanted."""
    return SceneFlood("", (0.0, 0.0, 0.0, 0.0), np.empty((0, 0, 4), np.uint8))
