"""Pictures of a flight for a film: a sandbox of its own behind the screen, brought to each moment, grabbed as it is shown."""

from __future__ import annotations

import asyncio
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import replace

import numpy as np
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from console.domain.flight import FlightMoment
from console.domain.flight_camera import Clearance
from console.errors import ConsoleError
from console.presenters.scene import scene_view
from console.presenters.scene_works_around import scene_works_view
from console.services.sandbox_ground import SandboxGround
from console.viewdata.scene import SceneStyle
from console.viewdata.scene_works import SceneWorksView
from console.windows.panels import Context
from scenes.film.caption import FilmCaption, FilmLabels
from scenes.film.orbit import orbit_of
from scenes.ground.frame import to_local
from scenes.palette import ground_palette, sky
from scenes.render.wire import Open
from scenes.viewport import SceneViewport
from scenes.wording import Drawn, film_notes, legend_rows

OPEN_S, PICTURE_S = 60.0, 120.0


class FilmStage:
    """One film's sandbox; made and released on the GUI thread."""

    def __init__(self, c: Context, found: SandboxGround, style: SceneStyle) -> None:
        self._c, self._found, self._style = c, found, style
        self._loop = asyncio.get_running_loop()
        self.view = SceneViewport(c.look, still=True)
        self.view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        self.view.places = found.towns
        self.view.furnished = False
        self._works_shown = False

    async def start(self, width: int, height: int) -> None:
        """Open the ground.

        Raises:
            ConsoleError: 3D cannot be had on this machine.
        """
        self.view.resize(width, height)
        self.view.show()
        opened = asyncio.Event()
        failed: list[str] = []

        def refused(why: str) -> None:
            failed.append(why)
            opened.set()

        self.view.link.opened.connect(opened.set)
        self.view.link.failed.connect(refused)
        look = self._c.look
        self.view.open(Open(self._found.spec, self._found.rivers, ground_palette(look), sky(look)), self._found.ground)
        try:
            await asyncio.wait_for(opened.wait(), OPEN_S)
        except TimeoutError:
            failed.append(f"no ground after {OPEN_S:.0f} s")
        if failed:
            raise ConsoleError("这台机器画不出三维画面，影片没有做成。", "请安装显卡驱动或 libegl1、libgl1 后再试。", failed[0])

    def render(self, moment: FlightMoment, width: int, height: int) -> QImage:
        """Return the picture of a moment; for the film's worker thread.

        Raises:
            RuntimeError: it was not drawn in time.
        """
        wished = asyncio.run_coroutine_threadsafe(self.picture(moment, width, height), self._loop)
        try:
            return wished.result(PICTURE_S)
        except NotInTime as exc:
            wished.cancel()
            raise RuntimeError(f"no picture after {PICTURE_S:.0f} s") from exc

    async def picture(self, moment: FlightMoment, width: int, height: int) -> QImage:
        """Return what the screen shows at a moment, without its caption."""
        view, session = self.view, self._c.session
        if (view.width(), view.height()) != (width, height):
            view.resize(width, height)
        board = session.board.board
        if moment.situation_t is not None:
            board = await session.board.at_other(moment.situation_t, board.now)
        selected = moment.selection if moment.selection is not None else view.view.selected
        typhoons, courses = session.board.things.get("typhoons", ()), {r.name: r.line for r in self._found.rivers}
        view.show_view(scene_view(board, selected, typhoons, None, self._style, courses))
        if not self._works_shown:
            self._works_shown = True
            view.show_works(self._works())
        rivers = frozenset(r.name for r in self._found.rivers)
        view.legend = legend_rows(Drawn(view.view, view.told, view.works, rivers), self._c.look.tr)
        camera = orbit_of(moment.camera, self._style.exaggeration)
        drawn: asyncio.Future[None] = self._loop.create_future()

        def take(frame: object) -> None:
            if not drawn.done() and getattr(frame, "coming", 1) == 0 and getattr(frame, "camera", None) == view.camera:
                drawn.set_result(None)

        view.drawn.connect(take)
        try:
            view.go_still(camera)
            await drawn
        finally:
            if shiboken6.isValid(view):  # the console may have been closed meanwhile
                view.drawn.disconnect(take)
        return view.grab().toImage()

    def _works(self) -> SceneWorksView:
        """Return the works without verdicts: those of now say nothing of another moment."""
        session = self._c.session
        rivers = {r.name: tuple((float(a), float(b)) for a, b in r.line) for r in self._found.rivers}
        shown = scene_works_view(
            session.board.things, session.works.reports, session.board.board, (), self._c.look.tr, rivers=rivers
        )
        quiet = tuple(replace(w, state="unknown", water_m=None, tail_m=None, label=w.name) for w in shown.works)
        return replace(shown, works=quiet, spots=(), surveys=())

    def release(self) -> None:
        self.view.release()
        self.view.hide()
        self.view.deleteLater()


def caption_of(c: Context, found: SandboxGround, title: str, style: SceneStyle) -> FilmCaption:
    """Return what is burnt into every picture; the screen's playback shows the same."""
    tr = c.look.tr
    labels = FilmLabels(
        title=title,
        notes=film_notes(found.label, c.session.link.made, tr),
        source=f"{tr('数据源')} {c.session.source.name}",
        exaggeration=style.exaggeration,
        scale_note=tr("画面中心处"),
    )
    return FilmCaption(c.look.family, labels, c.look.theme, tr)


def clearance_of(found: SandboxGround, style: SceneStyle) -> Clearance:
    """Return what keeps a flight's eye above the ground."""

    def height(lon: float, lat: float) -> float | None:
        x, y = to_local(np.array([lon]), np.array([lat]))
        known = float(found.ground.heights(x, y, 0.3)[0])
        return known if np.isfinite(known) else None

    return Clearance(height, exaggeration=style.exaggeration)
