"""The owner's end of the renderer: starts it, asks for one picture at a time, notices when it is gone."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from console.viewdata.scene import SceneView
from scenes.camera import OrbitCamera
from scenes.render.wire import (
    SLOTS,
    Compare,
    Drawn,
    Failed,
    Finer,
    FrameFile,
    Open,
    Opened,
    Show,
    ShowFlood,
    ShowWorks,
    Told,
    Want,
    receive,
    send,
)

log = logging.getLogger(__name__)
COMMAND = (sys.executable, "-m", "scenes.render.process")
SILENT_S = 2.0  # without an answer: the picture is said to hang, and a plainer one is shown
SLOW_START_S = 4.0  # the same for its start
HOPELESS_S = 15.0  # it is ended then
WHOLE_S = 90.0  # for a picture with every tile
FIRST_S = 25.0  # the first one also opens OpenGL and the ground
TRIES, WITHIN_S = 3, 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A finished picture and what it shows; its memory is the renderer's, good until the next but one.

    full: drawn at the size that was asked, not coarser while moving. coming: finer tiles still being made.
    """

    image: QImage
    camera: OrbitCamera
    full: bool
    coming: int
    spent_ms: float
    waited_ms: float


@dataclass(frozen=True, slots=True)
class Wish:
    camera: OrbitCamera
    width: int
    height: int
    full: bool
    whole: bool
    cut: float


class RenderLink(QObject):
    """Signals:
    frame_ready: a Frame. opened: the ground is there. told: a Told. finer: asking again would show more.
    silent: no picture came in time; arg says for how long. lost: the process ended and is started again; arg why.
    failed: 3D cannot be had on this machine; arg says why.
    """

    frame_ready = Signal(object)
    opened = Signal()
    told = Signal(object)
    finer = Signal()
    silent = Signal(str)
    lost = Signal(str)
    failed = Signal(str)
    _heard = Signal(object, object)

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        super().__init__()
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: _Writer | None = None
        self._listener: threading.Thread | None = None
        self._open: Open | None = None
        self._view: SceneView | None = None
        self._other: Compare | None = None
        self._works: ShowWorks | None = None
        self._pictures: dict[str, ShowFlood] = {}
        self._wish: Wish | None = None
        self._asked: tuple[Want, Wish, float] | None = None
        self._old_files: list[FrameFile] = []
        self._file: FrameFile | None = None
        self._serial = 0
        self._started_at: list[float] = []
        self._ready = False
        self._said_silent = False
        self._opening_at = 0.0
        self.drew = False  # whether any picture ever came
        self.running = False
        self._heard.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._watch = QTimer(self, interval=250)
        self._watch.timeout.connect(self._look_after)

    # --- wishes -----------------------------------------------------------------------------
    def open(self, message: Open) -> None:
        """Draw this ground from now on; starts the renderer."""
        self._open, self._ready, self._said_silent = message, False, False
        self._opening_at = time.monotonic()
        if self._process is None:
            self._start()
        else:
            self._say(message)

    def show(self, view: SceneView) -> None:
        self._view = view
        self._say(Show(view))

    def compare(self, message: Compare) -> None:
        """Draw another view right of the cut."""
        self._other = message
        self._say(message)

    def show_works(self, message: ShowWorks) -> None:
        self._works = message
        self._say(message)

    def show_flood(self, message: ShowFlood) -> None:
        self._pictures[message.over] = message
        self._say(message)

    def want(
        self, camera: OrbitCamera, width: int, height: int, *, full: bool = True, whole: bool = False, cut: float = 1.0
    ) -> None:
        """Ask for a picture; an older wish that was not begun is forgotten."""
        self._wish = Wish(camera, max(16, width), max(16, height), full, whole, cut)
        self._ask()

    def retry(self) -> None:
        """Try again after it failed."""
        self._started_at.clear()
        if self._process is None and self._open is not None:
            self._start()

    def rest(self) -> None:
        """End the renderer for now; open() starts it again."""
        self.running = False
        self._watch.stop()
        self._end()

    def release(self) -> None:
        """End the renderer; what it held of OpenGL is gone with it."""
        self.rest()
        for file in [*self._old_files, *([self._file] if self._file else [])]:
            file.remove()
        self._old_files, self._file = [], None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    # --- the process ------------------------------------------------------------------------
    def _start(self) -> None:
        self.running, self._ready, self._asked, self._said_silent = True, False, None, False
        self._opening_at = time.monotonic()
        self._started_at = [t for t in self._started_at if time.monotonic() - t < WITHIN_S] + [time.monotonic()]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
            )
        except OSError as exc:
            self._give_up(repr(exc))
            return
        assert self._process.stdin and self._process.stdout  # noqa: S101 - both are pipes
        self._writer = _Writer(self._process)
        self._listener = threading.Thread(target=self._listen, args=(self._process,), name="pictures", daemon=True)
        self._listener.start()
        self._watch.start()
        if self._open is not None:
            self._say(self._open)
        if self._view is not None:
            self._say(Show(self._view))
        if self._other is not None:
            self._say(self._other)
        for message in (self._works, *self._pictures.values()):
            if message is not None:
                self._say(message)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Hand every message on to the GUI thread; ends with the process."""
        errors: list[bytes] = []
        assert process.stdout and process.stderr  # noqa: S101 - both are pipes
        drain = threading.Thread(target=_keep_last, args=(process.stderr, errors), name="complaints", daemon=True)
        drain.start()
        try:
            while True:
                self._tell(process, receive(process.stdout))
        except EOFError:
            pass
        status = process.wait()
        drain.join(2.0)
        process.stdout.close()
        last = b"".join(errors).decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        self._tell(process, _Gone(f"exit {status} {last[0][:200]}"))

    def _tell(self, process: subprocess.Popen[bytes], message: Any) -> None:
        try:
            self._heard.emit(process, message)
        except RuntimeError:
            log.debug("a picture came after its window was gone")

    def _end(self) -> None:
        process, self._process = self._process, None
        writer, self._writer = self._writer, None
        listener, self._listener = self._listener, None
        self._asked = None
        if self._file is not None:  # its name may be gone: another renderer gets another one
            self._old_files, self._file = [*self._old_files[-1:], self._file], None
        if writer is not None:
            writer.stop()
        if process is not None:
            process.kill()
            process.wait()
        if writer is not None:
            writer.join()
        if listener is not None:
            listener.join(5.0)

    def _say(self, message: Any) -> None:
        if self._writer is not None:
            self._writer.say(message)

    # --- answers ----------------------------------------------------------------------------
    def _take(self, process: subprocess.Popen[bytes], message: Any) -> None:
        if process is not self._process:
            return
        if isinstance(message, Drawn):
            self._take_picture(message)
        elif isinstance(message, Opened):
            self._ready = True
            self.opened.emit()
            self._ask()
        elif isinstance(message, Told):
            self.told.emit(message)
        elif isinstance(message, Finer):
            self.finer.emit()
        elif isinstance(message, Failed):
            log.warning("the renderer failed: %s", message.why)
        elif isinstance(message, _Gone):
            self._gone(message.why)

    def _take_picture(self, drawn: Drawn) -> None:
        if self._asked is None or self._asked[0].serial != drawn.serial or self._file is None:
            return
        want, wish, began = self._asked
        self._asked, self._said_silent, self.drew = None, False, True
        self._file.remove()  # both sides have it open: a console that is killed leaves nothing behind
        memory = self._file.slot(want.slot, 4 * want.width * want.height)
        image = QImage(memory, want.width, want.height, 4 * want.width, QImage.Format.Format_RGBX8888)
        waited = (time.perf_counter() - began) * 1000.0
        self.frame_ready.emit(Frame(image, want.camera, wish.full, drawn.coming, drawn.spent_ms, waited))
        self._ask()

    def _ask(self) -> None:
        """Ask for the newest wish unless a picture is under way."""
        if self._wish is None or self._asked is not None or not self._ready:
            return
        wish, self._wish = self._wish, None
        try:
            file = self._room(4 * wish.width * wish.height)
        except OSError as exc:
            self._give_up(f"no room for a picture: {exc.strerror or exc}")
            return
        self._serial += 1
        want = Want(
            self._serial, wish.camera, wish.width, wish.height, self._serial % SLOTS, str(file.path), wish.whole, wish.cut
        )
        self._asked = (want, wish, time.perf_counter())
        self._say(want)

    def _room(self, length: int) -> FrameFile:
        """Return memory for a picture; a larger one replaces the old, which stays while its last picture is shown."""
        if self._file is None or self._file.slot_bytes < length:
            for old in self._old_files:
                old.remove()
            self._old_files = [self._file] if self._file is not None else []
            self._file = FrameFile.made(length)
        return self._file

    def _look_after(self) -> None:
        """Notice a renderer that hangs."""
        if self._asked is None or self._process is None:
            opening = self._process is not None and not self._ready
            waited = time.monotonic() - self._opening_at if opening else 0.0
            if waited > FIRST_S:
                self._gone(f"no ground after {FIRST_S:.0f} s")
            elif waited > SLOW_START_S and not self._said_silent:
                self._said_silent = True
                self.silent.emit(f"{waited:.0f} s")
            return
        want, _, began = self._asked
        waited = time.perf_counter() - began
        if waited > (WHOLE_S if want.whole else HOPELESS_S):
            self._gone(f"no picture after {waited:.0f} s")
        elif waited > SILENT_S and not self._said_silent and not want.whole:
            self._said_silent = True
            self.silent.emit(f"{waited:.0f} s")

    def _gone(self, why: str) -> None:
        """Start it again, a few times; what was to be drawn is drawn by the new one."""
        asked, running = self._asked, self.running
        self._end()
        if not running:
            return
        log.warning("the renderer is gone: %s", why)
        if asked is not None and self._wish is None:
            self._wish = asked[1]
        recent = [t for t in self._started_at if time.monotonic() - t < WITHIN_S]
        if len(recent) >= TRIES:
            self._give_up(why)
            return
        self.lost.emit(why)
        self._start()

    def _give_up(self, why: str) -> None:
        self._end()
        self._watch.stop()
        self.running = False
        self.failed.emit(why)


@dataclass(frozen=True, slots=True)
class _Gone:
    why: str


class _Writer:
    """Writes messages without keeping the GUI thread; of moments that wait only the newest is sent."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._condition = threading.Condition()
        self._waiting: list[Any] = []
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="wishes", daemon=True)
        self._thread.start()

    def say(self, message: Any) -> None:
        with self._condition:
            if isinstance(message, Show):
                self._waiting = [m for m in self._waiting if not isinstance(m, Show)]
            self._waiting.append(message)
            self._condition.notify()

    def stop(self) -> None:
        with self._condition:
            self._stop = True
            self._condition.notify()

    def join(self) -> None:
        """Wait for its thread, which closes the pipe; when the process is gone nothing holds it."""
        self._thread.join(5.0)

    def _run(self) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(OSError, ValueError), self._process.stdin:
            self._send(self._process.stdin)

    def _send(self, stream: IO[bytes]) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._stop:
                    self._condition.wait()
                if self._stop:
                    return
                batch, self._waiting = self._waiting, []
            for message in batch:
                send(stream, message)


def _keep_last(stream: Any, kept: list[bytes]) -> None:
    """Read a stream to its end and keep its last lines."""
    with stream:
        for line in stream:
            kept.append(line)
            del kept[:-20]
