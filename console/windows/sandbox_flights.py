"""Tours, own flights, bookmarks and films of the sandbox; while a tour plays, the Situation's time follows it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFileDialog

from console.domain.flight import MAX_KEYFRAMES, Flight, FlightError, FlightMoment, Keyframe
from console.domain.flight_camera import FlightCamera
from console.domain.flight_document import SCHEMA, flight_from_doc
from console.domain.time import stamp
from console.errors import ConsoleError
from console.services.sandbox_ground import SandboxGround
from console.services.tours import Tours, all_tours, keep_tour
from console.viewdata.scene import SceneStyle
from console.windows.film_command import finished, writer_for
from console.windows.film_stage import FilmStage, caption_of, clearance_of
from console.windows.panels import Context
from scenes.film.caption import FilmCaption
from scenes.film.film import FilmJob, FilmOrder, FilmProgress
from scenes.film.orbit import flight_camera, orbit_of
from scenes.film.playback import FlightPlayer
from scenes.panel import SandboxPanel

log = logging.getLogger(__name__)
BOOKMARKS = "sandbox-views.json"
MOST_BOOKMARKS = 30
STEP_S = 240.0  # of the Situation's time: a tour moves it no oftener, each move reads the cache
LEG_S = 5.0  # of an own flight, from one view to the next
FILM_SIZE, FILM_FPS = (1920, 1080), 25


class SandboxFlights(QObject):
    """Owned by the sandbox's desk."""

    def __init__(self, c: Context, panel: SandboxPanel, style: Callable[[], SceneStyle]) -> None:
        super().__init__()
        self._c, self._panel, self._style = c, panel, style
        self._found: SandboxGround | None = None
        self._tours: Tours = all_tours(c.session.source.home.root)
        self._player = FlightPlayer(still=c.still or c.settings.reduced_motion, parent=self)
        self._player.moment.connect(self._show)
        self._player.finished.connect(self._ended)
        self._player.interrupted.connect(self._let_go)
        self._shown: FlightMoment | None = None
        self._caption: FilmCaption | None = None
        self._was_live = True
        self._asked_t = 0.0
        self._left_t: float | None = None  # the moment at which a tour was broken off
        self._draft: list[Keyframe] = []
        self._job: FilmJob | None = None
        self._filming = self._closed = False
        bar = panel.toolbar
        bar.tour_chosen.connect(self._choose)
        bar.film_requested.connect(self._ask_film)
        bar.bookmark_chosen.connect(self._look)
        bar.bookmark_added.connect(self._remember)
        bar.keyframe_added.connect(self._add_keyframe)
        bar.flight_kept.connect(self._keep_flight)
        panel.view.grasped.connect(self._player.interrupt)
        self._views = self._read_views()
        self._fill()

    @property
    def faults(self) -> tuple[str, ...]:
        """Return what is wrong with tours that cannot be chosen."""
        return self._tours.faults

    def take_ground(self, found: SandboxGround) -> None:
        self._found = found

    def close(self) -> None:
        self._closed = True
        self._player.stop()
        self._ended()
        if self._job is not None:
            self._job.cancel()

    # --- tours ------------------------------------------------------------------------------
    def _fill(self) -> None:
        self._panel.toolbar.show_tours(t.flight.name for t in self._tours.tours)
        self._panel.toolbar.show_bookmarks(self._views)
        if self._tours.faults:
            self._panel.say("；".join(self._tours.faults))

    def _choose(self, name: str) -> None:
        flight = self._tours.named(name) if name else None
        if flight is None or self._found is None:
            self._player.stop()
            self._ended()
            return
        situation = self._c.session.situation
        begun = self._shown is not None or (self._left_t is not None and situation.current.clock.t == self._left_t)
        if not begun:  # one tour after another: what was before the first counts
            self._was_live = situation.current.clock.mode == "live"
        self._left_t = None
        self._caption = caption_of(self._c, self._found, flight.name, self._style())
        self._asked_t = 0.0
        self._player.load(flight, clearance_of(self._found, self._style()))
        self._player.play()

    def _show(self, moment: FlightMoment) -> None:
        situation = self._c.session.situation
        if moment.situation_t is not None and abs(moment.situation_t - self._asked_t) >= STEP_S:
            self._asked_t = moment.situation_t
            situation.look_at(moment.situation_t)
        if moment.selection is not None and (moment.selection or None) != situation.current.selection:
            situation.select(moment.selection or None)
        self._shown = moment
        self._panel.view.furnished = False
        self._panel.view.go(orbit_of(moment.camera, self._style().exaggeration))

    def _ended(self) -> None:
        """The tour is over: its words go, and who was live before is live again."""
        if self._shown is not None and self._was_live:
            self._c.session.situation.go_live()
        self._shown = self._caption = None
        self._panel.view.furnished = True
        self._panel.view.update()

    def _let_go(self) -> None:
        """The hand, or another workspace, took over: the picture is the user's again, at the moment that it shows."""
        if self._shown is None:
            return
        self._left_t = self._c.session.situation.current.clock.t
        self._shown = self._caption = None
        self._panel.view.furnished = True
        self._panel.view.update()
        self._panel.say(self._c.look.tr("飞行已停下，时刻停在此处；Ctrl+L 回到实时"))

    def paint(self, painter: QPainter, width: int, height: int) -> bool:
        """Paint a tour's words over the picture, as its film has them; tells whether there is a tour."""
        if self._shown is None or self._caption is None:
            return False
        painter.save()
        self._caption.paint(painter, width, height, self._shown)
        painter.restore()
        return True

    # --- own flights and views --------------------------------------------------------------
    def _camera(self) -> FlightCamera:
        return flight_camera(self._panel.view.camera, self._style().exaggeration)

    def _add_keyframe(self) -> None:
        moment = self._c.session.situation.moment()
        if len(self._draft) >= MAX_KEYFRAMES:
            self._panel.say(self._c.look.tr("一段飞行最多 200 个视角，请先“存为飞行”"))
            return
        at = self._draft[-1].t_s + LEG_S if self._draft else 0.0
        self._draft.append(Keyframe(at, self._camera(), moment))
        tr = self._c.look.tr
        self._panel.say(f"{tr('已加入第')} {len(self._draft)} {tr('个视角；至少两个后可“存为飞行”')}")

    def _keep_flight(self) -> None:
        tr = self._c.look.tr
        plain = f"{tr('自编飞行')} {stamp(self._c.session.situation.now())}"
        name = next(n for k in range(1, 1000) if self._tours.named(n := plain if k == 1 else f"{plain} {k}") is None)
        try:
            flight = Flight(name, tuple(self._draft), self._c.session.person)
            keep_tour(self._c.session.source.home.root, flight)
        except FlightError as exc:
            self._panel.say(f"{tr('没有存下')}：{exc}")
            return
        except ConsoleError as exc:
            self._panel.say(f"{exc.what}{exc.next_step}")
            return
        self._draft = []
        self._tours = all_tours(self._c.session.source.home.root)
        self._fill()
        self._panel.say(f"{tr('已存为')} {name}")

    def _views_file(self) -> Path:
        return self._c.session.source.home.layouts / BOOKMARKS

    def _read_views(self) -> dict[str, FlightCamera]:
        try:
            found = json.loads(self._views_file().read_text("utf-8"))
            kept = list(found.items())[:MOST_BOOKMARKS]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError, AttributeError) as exc:
            log.warning("kept views unreadable: %r", exc)
            return {}
        views: dict[str, FlightCamera] = {}
        for name, camera in kept:
            try:
                views[name] = _camera_of(name, camera)
            except FlightError as exc:
                log.warning("kept view %.60s unreadable: %s", name, exc)
        return views

    def _remember(self) -> None:
        tr = self._c.look.tr
        row = self._c.session.board.board.row(self._c.session.situation.current.selection)
        near = row.station.name if row is not None else tr("视角")
        self._views = self._read_views()  # another panel or console may have kept one meanwhile
        if len(self._views) >= MOST_BOOKMARKS:
            self._panel.say(tr("最多记 30 个视角，没有再记"))
            return
        name = next(n for k in range(1, 100) if (n := f"{near} {k}") not in self._views)
        views = {**self._views, name: self._camera()}
        draft = self._views_file().with_suffix(f".{os.getpid()}")
        try:
            draft.write_text(json.dumps({n: asdict(v) for n, v in views.items()}, ensure_ascii=False), "utf-8")
            draft.replace(self._views_file())
        except OSError as exc:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            self._panel.say(f"{tr('视角没有存下')}：{exc.strerror or exc}")
            return
        self._views = views
        self._fill()
        self._panel.say(f"{tr('已记住')} {name}")

    def _look(self, name: str) -> None:
        if name in self._views:
            self._panel.view.fly(orbit_of(self._views[name], self._style().exaggeration))

    # --- films ------------------------------------------------------------------------------
    def _ask_film(self) -> None:
        tr = self._c.look.tr
        if self._filming:
            if self._job is not None:
                self._job.cancel()
            return
        flight = self._player.flight or next((t.flight for t in self._tours.tours), None)
        if flight is None or self._found is None:
            self._panel.say(tr("没有可以导出的飞行"))
            return
        dialog = QFileDialog(self._panel, f"{tr('导出影片')}：{flight.name}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["MP4 (*.mp4)"])
        dialog.setDefaultSuffix("mp4")
        dialog.selectFile(f"{flight.name}.mp4".replace("/", "_"))
        dialog.fileSelected.connect(lambda name: self.film_to(flight, Path(name)))
        dialog.open()

    def film_to(self, flight: Flight, path: Path) -> None:
        """Make a film behind the screen; asking again while it is made stops it."""
        if self._found is not None and not self._filming:
            self._filming = True
            self._c.session.tasks.start("sandbox film", self._film(flight, path, self._found))

    async def _film(self, flight: Flight, path: Path, found: SandboxGround) -> None:
        tr, style = self._c.look.tr, self._style()
        stage = FilmStage(self._c, found, style)
        try:
            await stage.start(*FILM_SIZE)
            if self._closed:
                return
            order = FilmOrder(flight, FILM_FPS, FILM_SIZE, self._c.session.situation.moment(), clearance_of(found, style))
            self._job = FilmJob(order, stage.render, caption_of(self._c, found, flight.name, style), writer_for(path))
            done = await finished(self._job, self._filmed)
            said = f"{tr('已导出')} {path.name}" if done is not None else tr("影片已取消，没有留下文件")
        except ConsoleError as exc:
            said = f"{exc.what}{exc.next_step}"
        finally:
            self._filming, self._job = False, None
            stage.release()
        if shiboken6.isValid(self._panel):
            self._panel.say(said)

    def _filmed(self, progress: FilmProgress) -> None:
        if not shiboken6.isValid(self._panel):
            return
        tr = self._c.look.tr
        left = f" · {tr('约剩')} {progress.left_s:.0f} s" if progress.left_s is not None else ""
        again = tr("再点“导出影片”可取消")
        self._panel.say(f"{tr('正在导出影片')} {progress.done}/{progress.total}{left} · {again}")


def _camera_of(name: str, raw: Any) -> FlightCamera:
    """Raises: FlightError: the file has been changed by hand, and not well."""
    doc = {"schema": SCHEMA, "name": name, "keyframe": [{"t_s": 0.0, "camera": raw, "dwell_s": 1.0}]}
    return flight_from_doc(doc).keyframes[0].camera
