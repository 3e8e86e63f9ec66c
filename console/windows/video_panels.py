"""The video panel: which cameras are shown, the streams behind them, snapshots and the patrol."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject, QTimer

from console.domain.cameras import Near, StreamAddress, VideoCamera
from console.errors import ConsoleError
from console.presenters.video import (
    bound_text,
    caution_of,
    counts_text,
    held_view,
    nothing_view,
    tile_view,
)
from console.presenters.video_patrol import HEAD, WIDTHS, finding_rows, patrol_said
from console.services.video.catalogue import OWN_FILE, Catalogue, own_cameras
from console.services.video.desk import VideoDesk, join_all, main_limit, wishes_for
from console.services.video.patrol import Patrol
from console.services.video.stream import Demand
from console.viewdata.video import TileView
from console.windows.panels import Built, Context
from console.windows.video_records import VideoRecords
from widgets.name_field import sign_as
from widgets.video_board import LAYOUTS, VideoBoard

PULL_MS = 40  # pictures are drawn as they come; words and states a quarter second apart
WORDS_EVERY = 6
FPS = {1: 25.0, 4: 12.5, 9: 10.0, 16: 8.0}
TILES = "tiles"


class VideoPanel(QObject):
    """Owned by its board; lives on the GUI thread and pulls what the streams' threads made."""

    def __init__(self, context: Context, board: VideoBoard, desk: VideoDesk) -> None:
        super().__init__(board)
        self._c, self.board, self.desk = context, board, desk
        self._catalogue = Catalogue(context.session.board)
        self._records = VideoRecords(context, self._say)
        self._order: list[Near] = []
        self.shown: list[Near] = []
        self.layout_n, self.page_n, self.focused = 4, 0, ""
        self._selected: str | None = None
        self._held = False
        self.patrol: Patrol | None = None
        self._round = 0
        self._timer = QTimer(self, interval=PULL_MS)
        self._timer.timeout.connect(self._pull)
        board.layout_chosen.connect(self._lay_out)
        board.page_turned.connect(self._turn_page)
        board.focus_requested.connect(self._focus)
        board.snapshot_requested.connect(self._snapshot)
        board.patrol_toggled.connect(self._toggle_patrol)
        board.results_logged.connect(self._log_patrol)
        board.sight_changed.connect(self._in_sight)
        context.session.tasks.start("own cameras", self._read_own(context.session.source.home.root / OWN_FILE))

    @property
    def cameras(self) -> tuple[VideoCamera, ...]:
        return self._catalogue.cameras

    async def _read_own(self, path: Path) -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, own_cameras, path)
        except ConsoleError as exc:
            self._say(f"{exc.what}{exc.next_step}")
            return
        if found and shiboken6.isValid(self.board):
            self._catalogue.take_own(found)
            self.refresh()

    # --- which cameras ------------------------------------------------------------------------
    def refresh(self) -> str:
        """Follow the catalogue and the selection; returns the panel's head."""
        session = self._c.session
        selected = session.situation.current.selection
        sign_as(self.board.name, session.person)
        if not self._catalogue.read() and selected == self._selected:
            return self._worded()
        if selected != self._selected:
            self.page_n, self.focused = 0, ""
        self._selected = selected
        self._order = self._catalogue.near(selected)
        return self._show()

    def _show(self) -> str:
        """Fill the tiles with the page, the focused camera, or the one on patrol."""
        if self._held:
            return ""
        pages = max(1, -(-len(self._order) // self.layout_n))
        self.page_n = min(self.page_n, pages - 1)
        first = self.page_n * self.layout_n
        alone = self.patrol.at.code if self.patrol is not None and self.patrol.at is not None else self.focused
        one = [n for n in self._order if alone and n.camera.code == alone]
        self.shown = one or self._order[first : first + self.layout_n]
        self.board.arrange(1 if one or not self._order else self.layout_n)
        self.board.show_choice(self.layout_n, f"{self.page_n + 1}/{pages}", turning=pages > 1 and not one)
        self._wish()
        return self._worded()

    def _wish(self) -> None:
        """Ask for the streams of the tiles that can be seen, at their size."""
        if self._held or not self.board.isVisible():
            self.desk.want(TILES, {})
            return
        tile = self.board.tiles[0]
        ratio = self.board.devicePixelRatioF()
        demand = Demand(max(160, round(tile.width() * ratio)), max(90, round(tile.height() * ratio)), FPS[self.board.count])
        focused = next((n.camera for n in self.shown if n.camera.code == self.focused), None)
        on_patrol = self.patrol is not None and self.patrol.at is not None
        cameras = [n.camera for n in self.shown]
        self.desk.want(TILES, wishes_for(cameras, None if on_patrol else focused, demand, main_limit()))

    def _address(self, camera: VideoCamera) -> tuple[StreamAddress | None, str]:
        """Return the stream shown of a camera, and which one that is."""
        alone = camera.code == self.focused and (self.patrol is None or self.patrol.at is None)
        address = camera.for_focus if alone else camera.for_tile
        if address is None:
            return None, ""
        return address, "本机文件" if camera.film else "子码流" if address == camera.sub else "主码流"

    # --- what is shown ------------------------------------------------------------------------
    def _view(self, near: Near) -> TileView:
        session, tr = self._c.session, self._c.look.tr
        address, stream = self._address(near.camera)
        words = (
            bound_text(near, self._selected, self._catalogue.name_of, tr),
            caution_of(session.situation.current.clock.mode, session.link.mode, tr),
        )
        look = None if address is None else self.desk.look(address)
        return tile_view(near, look, tr(stream), words, time.time(), tr)

    def _worded(self) -> str:
        tr = self._c.look.tr
        if self._held:
            return ""
        views: Sequence[TileView] = [self._view(n) for n in self.shown]
        for n, tile in enumerate(self.board.tiles[: self.board.count]):
            tile.show_view(views[n] if n < len(views) else nothing_view(tr) if not self._catalogue.cameras and not n else None)
        patrol = self.patrol
        rows = finding_rows(patrol.findings, self._c.session.link.skew_s, tr) if patrol is not None else ()
        running = patrol is not None and patrol.ended_t is None
        said = patrol_said(patrol, tr) if patrol is not None and running else ""
        self.board.show_patrol(running=running, possible=bool(self._catalogue.cameras), rows=rows, said=said)
        self.board.snapshot.setEnabled(any(v.clock for v in views))
        self.board.show_counts(counts_text(views, tr))  # here, not in the panel's head: it is judged more often
        return f"{len(self.cameras)} {tr('路')}" if self.cameras else ""

    def _pull(self) -> None:
        """Draw the newest pictures; every few rounds judge the streams anew."""
        for near, tile in zip(self.shown, self.board.tiles, strict=False):
            address, _ = self._address(near.camera)
            if address is not None:
                tile.show_picture(self.desk.look(address).picture)
        self._round += 1
        if self._round % WORDS_EVERY == 0:
            self._wish()
            self._worded()

    def _in_sight(self, seen: bool) -> None:
        """A board that nobody sees decodes nothing; a patrol goes on."""
        self._wish()
        if seen:
            self._timer.start()
        else:
            self._timer.stop()

    def hold(self, on: bool) -> None:
        """Stand still, marked as not live, or follow again."""
        for tile in self.board.tiles if on else ():
            if tile.view is not None and tile.view.clock:
                tile.show_view(held_view(tile.view, self._c.look.tr))
        self._held = on
        self._in_sight(self.board.isVisible() and not on)

    # --- gestures -----------------------------------------------------------------------------
    def _lay_out(self, count: int) -> None:
        first = self.page_n * self.layout_n
        self.layout_n = count if count in LAYOUTS else self.layout_n
        self.page_n, self.focused = first // self.layout_n, ""
        self.board.open_results(False)
        self._show()

    def _turn_page(self, step: int) -> None:
        pages = max(1, -(-len(self._order) // self.layout_n))
        self.page_n = (self.page_n + step) % pages
        self._show()

    def _focus(self, code: str) -> None:
        self.focused = "" if code == self.focused else code
        self._show()
        self.board.tiles[0].setFocus()

    # --- records --------------------------------------------------------------------------------
    def _snapshot(self, code: str, name: str) -> None:
        near = next((n for n in self.shown if n.camera.code == code), None)
        if near is None:
            return
        address, which = self._address(near.camera)
        stream = None if address is None else self.desk.stream(address)
        bound = bound_text(near, self._selected, self._catalogue.name_of, str)
        object_code = self._selected if near.bound and self._selected else next(iter(near.camera.objects), "")
        self._c.session.tasks.start("snapshot", self._records.picture(near.camera, stream, (which, bound), object_code, name))

    def _say(self, text: str) -> None:
        if shiboken6.isValid(self.board):
            self.board.say(text)

    # --- patrol -------------------------------------------------------------------------------
    def _toggle_patrol(self) -> None:
        if self.patrol is not None and self.patrol.ended_t is None:
            self.patrol.stop()
            return
        self.patrol = Patrol(self.desk, self._catalogue.cameras, self._patrol_moved)
        self.board.open_results(False)
        self._c.session.tasks.start("patrol", self.patrol.run())

    def _patrol_moved(self) -> None:
        if not shiboken6.isValid(self.board) or self.patrol is None:
            return
        self._show()
        if self.patrol.ended_t is not None:
            self._say(patrol_said(self.patrol, self._c.look.tr))
            self.board.open_results(True)

    def _log_patrol(self, name: str) -> None:
        if self.patrol is not None and self.patrol.ended_t is not None:
            self._c.session.tasks.start("patrol log", self._records.patrol(self.patrol, name))

    def cells(self) -> list[list[str]]:
        """Return the patrol's results for an export, else what the tiles show."""
        tr = self._c.look.tr
        if self.patrol is not None and self.patrol.findings:
            rows = finding_rows(self.patrol.findings, self._c.session.link.skew_s, tr, year=True)
            return [[tr(h) for h in HEAD], *[[text for text, _ in row] for row in rows]]
        views = [self._view(n) for n in self.shown]
        head = [tr(h) for h in ("时刻", "编号", "摄像头", "结果", "原因")]
        return [head, *[[v.clock or "—", v.code, v.name, v.word, v.detail or "—"] for v in views]]

    def release(self) -> None:
        """Stop everything; the threads are joined away from the GUI thread."""
        self._timer.stop()
        if self.patrol is not None:
            self.patrol.stop()
        ending = self.desk.stop()
        if ending:
            threading.Thread(target=join_all, args=(ending,), name="video end", daemon=True).start()


def build_video(c: Context) -> Built:
    board = VideoBoard(c.look, c.settings.operator, HEAD, WIDTHS, large=c.large)
    panel = VideoPanel(c, board, VideoDesk())
    needs = frozenset({"board", "selection", "clock", "link", "desk"})
    return Built(board, panel.refresh, needs, panel.release, panel.cells, panel.hold)
