"""The renderer's life: reads wishes from its input, draws, answers on its output; ends when its owner does."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from console.viewdata.scene import SceneView
from scenes.ground.opening import open_ground
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

PR_SET_PDEATHSIG = 1
SETTLE_S = 60.0  # for a picture that wants every tile


class Renderer:
    """Owns the stage; run() is the process."""

    def __init__(self, inbox: BinaryIO, outbox: BinaryIO) -> None:
        self._inbox, self._outbox = inbox, outbox
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._waiting: list[Any] = []
        self._tile = threading.Event()
        self._coming = False
        self._files: dict[str, FrameFile] = {}
        self._stage: Any = None
        self._other = Compare(None)
        self._works: ShowWorks | None = None
        self._pictures: dict[str, ShowFlood] = {}
        self._shown: tuple[ShowWorks | None, dict[str, ShowFlood]] = (None, {})

    def run(self) -> int:
        """Draw until the owner leaves; the result is the exit status."""
        threading.Thread(target=self._read, name="wishes", daemon=True).start()
        try:
            while True:
                with self._news:
                    while not self._waiting:
                        self._news.wait()
                    batch, self._waiting = self._waiting, []
                for message in batch:
                    if message is None:
                        return 0
                self._serve(batch)
        except Exception as exc:
            self._say(Failed(f"{type(exc).__name__}: {exc}"))
            raise
        finally:
            if self._stage is not None:
                self._stage.release()

    def _read(self) -> None:
        while True:
            try:
                message = receive(self._inbox)
            except EOFError:
                message = None
            with self._news:
                self._waiting.append(message)
                self._news.notify()
            if message is None:
                return

    def _serve(self, batch: list[Any]) -> None:
        """Serve wishes in order; of several moments only the last is shown, of several pictures only the last is drawn."""
        for message in batch:
            if isinstance(message, Open):
                self._open(message)
        views = [m for m in batch if isinstance(m, Show)]
        if views and self._stage is not None:
            self._show(views[-1].view)
        for message in batch:
            if isinstance(message, Compare):
                self._other = message
            elif isinstance(message, ShowWorks):
                self._works = message
            elif isinstance(message, ShowFlood):
                self._pictures[message.over] = message
        self._show_rest()
        wants = [m for m in batch if isinstance(m, Want)]
        if wants:
            self._draw(wants[-1])

    def _open(self, message: Open) -> None:
        from scenes.render.stage import Stage

        ground = open_ground(message.spec)
        if self._stage is None:
            self._stage = Stage(64, 48, message.sky)
        self._stage.set_ground(ground, message.rivers, message.palette, message.sky, self._told)
        self._shown = (None, {})
        self._say(Opened())

    def _show(self, view: SceneView) -> None:
        """Show a moment; one that cannot be drawn leaves the one before, and is said."""
        try:
            self._stage.show(view)
        except (ValueError, ArithmeticError, IndexError) as exc:
            self._say(Failed(f"a moment was not drawn: {exc!r}"))
        else:
            self._tell(view.moment)

    def _show_rest(self) -> None:
        """Show what is sent only when it changes; a new ground shows it again."""
        if self._stage is None:
            return
        if self._works is not None and self._works is not self._shown[0]:
            self._stage.show_works(self._works.works, self._works.colors)
        for over, message in self._pictures.items():
            if message is not self._shown[1].get(over):
                self._stage.show_picture(over, message.flood)
        self._shown = (self._works, dict(self._pictures))

    def _told(self) -> None:
        """A tile is ready; called by its maker's thread."""
        self._tile.set()
        if self._coming:
            self._coming = False
            self._say(Finer())

    def _tell(self, moment: float) -> None:
        rivers = self._stage.rivers
        if rivers is not None:
            self._say(Told(moment, dict(rivers.over), rivers.crests))

    def _draw(self, want: Want) -> None:
        if self._stage is None:
            return  # asked before there is ground; its owner asks again when it is open
        began = time.perf_counter()
        self._tile.clear()
        pixels, coming = self._stage.render(want.camera, want.width, want.height, whole=want.whole)
        while want.whole and coming and time.perf_counter() - began < SETTLE_S:
            self._tile.wait(0.2)
            self._tile.clear()
            pixels, coming = self._stage.render(want.camera, want.width, want.height, whole=True)
        target = self._file(want.file).slot(want.slot, 4 * want.width * want.height)
        picture = np.frombuffer(target, np.uint8).reshape(want.height, want.width, 4)
        np.copyto(picture, pixels[::-1])
        if self._other.view is not None and want.cut < 1.0:
            self._draw_other(want, picture)
        self._say(Drawn(want.serial, coming, (time.perf_counter() - began) * 1000.0))
        self._coming = coming > 0
        if self._stage.terrain.ready:  # one that came meanwhile was told to nobody
            self._told()

    def _draw_other(self, want: Want, picture: NDArray[np.uint8]) -> None:
        """Draw the compared view over the part right of the cut."""
        shown = self._stage.view
        for over, laid in self._other.pictures.items():
            self._stage.show_picture(over, laid)
        self._stage.show(self._other.view)
        pixels, _ = self._stage.render(want.camera, want.width, want.height)
        left = round(want.cut * want.width)
        np.copyto(picture[:, left:], pixels[::-1][:, left:])
        for over in self._other.pictures:
            self._stage.show_picture(over, self._pictures[over].flood if over in self._pictures else None)
        self._stage.show(shown)

    def _file(self, name: str) -> FrameFile:
        if name not in self._files:
            self._files.clear()
            path = Path(name)
            self._files[name] = FrameFile(path, path.stat().st_size // SLOTS)
        return self._files[name]

    def _say(self, message: Any) -> None:
        with self._lock:
            try:
                send(self._outbox, message)
            except (OSError, ValueError):
                os._exit(0)  # nobody is there to draw for


def _leave_with_owner() -> None:
    """Be ended with the owner even while stopped; where the system can (Linux)."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> int:
    _leave_with_owner()
    # what libraries print must not mix with the pictures' answers
    outbox = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    return Renderer(sys.stdin.buffer, outbox).run()


if __name__ == "__main__":
    raise SystemExit(main())
