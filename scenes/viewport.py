"""The sandbox view: finished pictures with their labels and furniture; it draws no ground itself."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent, QTouchEvent

from console.look import Look
from console.viewdata.scene import SceneFlood, SceneView
from console.viewdata.scene_works import SceneWorksView
from scenes.camera import OrbitCamera
from scenes.ground.source import Ground
from scenes.lettering import LetteredEye
from scenes.link import Frame, RenderLink
from scenes.palette import scene_colors
from scenes.plain.plain_picture import PlainPicture
from scenes.render.wire import Compare, Open, ShowFlood, ShowWorks, Told
from scenes.spots import Spots
from widgets.painted import Guard

COARSE = 0.6  # picture scale while the hand moves, where a whole one takes too long
FINGER_PX = 26.0
AGAIN_MS = 120_000
REST_MS = 300_000  # unseen for so long the renderer gives its memory back
QUICK_MS = 28.0  # a whole picture that takes no longer is drawn whole while moving too


class SceneViewport(LetteredEye):
    """Signals, beside those of its eye:
    drawn: a picture came; arg the Frame.
    notice: something to say above the view, "" for nothing more. failed: 3D cannot run here; arg says why.
    """

    drawn = Signal(object)
    notice = Signal(str)
    failed = Signal(str)

    def __init__(self, look: Look, *, still: bool = False, link: RenderLink | None = None) -> None:
        super().__init__(look, still=still)
        self.link = link or RenderLink()
        self.link.setParent(self)  # its connections end with the view
        self.link.frame_ready.connect(self._take_frame)
        self.link.told.connect(self._take_told)
        self.link.finer.connect(self._finer)
        self.link.opened.connect(self._opened)
        self.link.lost.connect(lambda _why: self._fall_back("三维画面中断，正在恢复；先用 2.5 维画面"))
        self.link.silent.connect(lambda _s: self._fall_back("三维画面暂无响应，先用 2.5 维画面"))
        self.link.failed.connect(self._take_failure)
        self.on_fault: Guard | None = None  # set by the panel that holds it: a fault while painting goes no farther
        self.frame: Frame | None = None
        self.problem = ""
        self.waiting = ""
        self._open: Open | None = None
        self._whole_ms = 0.0
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self._retry)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.link.rest)
        look.changed.connect(self.update)

    # --- data -------------------------------------------------------------------------------
    def open(self, message: Open, ground: Ground) -> None:
        """Show this ground from now on."""
        self._open, self.ground = message, ground
        self._spots, self._beside = Spots(ground), Spots(ground)
        self.problem = ""
        if self.plain is not None:
            self.plain.open(ground, message.rivers)
        if self.isVisible() or self.link.running:
            self.link.open(message)
            self.link.show(self.view)
        self.turn(self.camera, moving=False)

    def show_view(self, view: SceneView) -> None:
        self.view = replace(view, colors=view.colors or scene_colors(self.look))
        lifted, self.lift = self.lift != view.style.exaggeration, view.style.exaggeration
        if self.plain is not None:
            self.plain.show(self.view)
        if self.link.running:
            self.link.show(self.view)
            self._want(full=not self.moving)
        if lifted:  # the ground came up to the eye, or sank below what it looks at
            self.turn(self.camera, moving=False)
        self.update()

    def compare(
        self,
        other: SceneView | None,
        words: tuple[str, str] = ("", ""),
        pictures: dict[str, SceneFlood | None] | None = None,
    ) -> None:
        """Show another moment right of a line that the hand can move; None shows one moment again.

        pictures: what lies over its ground where that is not what lies over the left.
        """
        self.swipe.other = replace(other, colors=scene_colors(self.look)) if other is not None else None
        self.swipe.words = words
        self.swipe.flood = (pictures["flood"],) if pictures and "flood" in pictures else ()
        self.link.compare(Compare(self.swipe.other, pictures or {}))
        self._want(full=True)
        self.update()

    def show_works(self, works: SceneWorksView) -> None:
        self.works = works
        self.link.show_works(ShowWorks(works, scene_colors(self.look)))
        self._want(full=not self.moving)
        self.update()

    def show_flood(self, flood: SceneFlood | None) -> None:
        self.flood = flood
        self.link.show_flood(ShowFlood(flood))
        self._want(full=not self.moving)
        self.update()

    def show_rain_grid(self, picture: SceneFlood | None) -> None:
        self.link.show_flood(ShowFlood(picture, "radar"))
        self._want(full=not self.moving)

    def go_still(self, camera: OrbitCamera) -> None:
        """Look from there and have the whole picture, with every tile; drawn tells when it is there."""
        self.camera = camera
        self._want(full=True, whole=True)

    def release(self) -> None:
        """End the renderer; the owner calls it before the window dies."""
        self.end_flights()
        self._rest.stop()
        self._again.stop()
        self.link.release()
        self._end_plain()

    # --- pictures ---------------------------------------------------------------------------
    def _want(self, *, full: bool, whole: bool = False) -> None:
        if not self.isVisible():
            return
        ratio = self.devicePixelRatioF()
        if self.plain is not None:
            self.plain.want(self.camera, round(self.width() * ratio), round(self.height() * ratio), moving=not full)
        if not self.link.running:
            return
        factor = 1.0 if full or self._whole_ms < QUICK_MS else COARSE
        width, height = round(self.width() * ratio * factor), round(self.height() * ratio * factor)
        self.link.want(self.camera, width, height, full=factor == 1.0, whole=whole or (self.still and full), cut=self.cut)

    def see(self, *, full: bool) -> None:
        self._want(full=full)

    def _finer(self) -> None:
        if not self.moving:
            self._want(full=True)

    def _take_frame(self, frame: Frame) -> None:
        self.frame = frame
        self.problem = ""
        self._end_plain()
        if frame.full:
            self._whole_ms = frame.spent_ms
        self.notice.emit("")
        self.drawn.emit(frame)
        self.update()

    def _take_told(self, told: Told) -> None:
        self.told = told
        self.update()

    def _take_failure(self, why: str) -> None:
        self.problem = why
        if self.link.drew:
            self._fall_back("三维画面接连中断，已改用 2.5 维画面；两分钟后再试")
            self._again.start()
        else:
            self._fall_back(
                "这台机器上三维画面不能用，已改用 2.5 维画面；要恢复三维，请安装显卡驱动或 libegl1、libgl1 后重新启动"
            )
        self.failed.emit(why)

    def _retry(self) -> None:
        """Try 3D again, where it worked before."""
        if self.isVisible():
            self.problem = ""
            self.link.retry()

    def _fall_back(self, words: str) -> None:
        """Show plainer pictures until the renderer draws again; everything else goes on."""
        self.told = None  # of another moment soon
        self.notice.emit(self.look.tr(words))
        if self.plain is None and self.ground is not None and self._open is not None:
            self.plain = PlainPicture(self.look, self.ground, self._open.rivers, self.view)
            self.plain.drawn.connect(self.update)
            self.plain.failed.connect(self.notice)
        self._want(full=True)
        self.update()

    def _end_plain(self) -> None:
        if self.plain is not None:
            self.plain.release()
            self.plain.deleteLater()
            self.plain = None

    def _opened(self) -> None:
        self._want(full=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._rest.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._rest.stop()
        if self.problem and self.link.drew:
            self._retry()
        if self._open is not None and not self.link.running and not self.problem:
            self.link.open(self._open)
            self.link.show(self.view)
        self._want(full=True)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self.go(self.camera)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._paint(painter)
        except Exception as exc:
            if self.on_fault is None:
                raise
            self.on_fault(type(self).__name__, exc)
        finally:
            painter.end()

    def _paint(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), self.look.color("scene.horizon"))
        camera = self.camera
        plain = self.plain.paint(painter, self.width(), self.height()) if self.plain is not None else None
        if plain is not None:
            camera = plain
        elif self.frame is not None:
            camera = self.frame.camera
            if not self.frame.full:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.rect(), self.frame.image)
        self.paint_over(painter, camera)
        if self.frame is None and plain is None:
            self._paint_waiting(painter)

    def _paint_waiting(self, painter: QPainter) -> None:
        painter.setFont(self.look.font())
        painter.setPen(self.look.color("text"))
        text = self.waiting or self.look.tr("正在准备地形…")
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(40, 0, -40, 0), flags, text)

    def event(self, event: QEvent) -> bool:
        """Let a finger move the line as well."""
        if isinstance(event, QTouchEvent) and self.compared and event.points():
            x = event.points()[0].position().x()
            kind = event.type()
            if kind == QEvent.Type.TouchBegin and self.swipe.grips(x, self.width(), FINGER_PX):
                self.swipe.held = True
            if self.swipe.held:
                self.swipe.move(x, self.width())
                ended = kind in (QEvent.Type.TouchEnd, QEvent.Type.TouchCancel)
                self.swipe.held = not ended
                self._want(full=ended)
                self.update()
                event.accept()
                return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.swipe.held = self._grips(event)
        if not self.swipe.held:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.swipe.held = self._grips(event)  # taken again at once, the line is meant and not the ground behind it
        if not self.swipe.held:
            super().mouseDoubleClickEvent(event)

    def _grips(self, event: QMouseEvent) -> bool:
        return self.compared and self.swipe.grips(event.position().x(), self.width())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.swipe.held:
            self.swipe.move(event.position().x(), self.width())
            self._want(full=False)
            self.update()
            return
        self.setCursor(Qt.CursorShape.SplitHCursor if self._grips(event) else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.swipe.held:
            self.swipe.held = False
            self._want(full=True)
            return
        super().mouseReleaseEvent(event)
