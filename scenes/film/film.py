"""A flight as a film: every frame is the picture that the screen shows for its moment, none is left out."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from console.domain.flight import Flight, FlightMoment
from console.domain.flight_camera import Clearance
from console.errors import ConsoleError
from scenes.film.caption import FilmCaption
from scenes.film.encode import FilmError, FilmWriter

Render = Callable[[FlightMoment, int, int], QImage]  # the bare picture of a moment, width × height pixels
RATES = (1, 60)
LEAST, MOST = (320, 240), (7680, 4320)
RECENT = 60  # frames whose pace tells how long the rest takes
FIRST = 8  # frames before anything is said of it: the first ones load the ground
TELL_S = 0.1


@dataclass(frozen=True, slots=True)
class FilmProgress:
    """done of total frames; left_s: how long the rest takes at the pace of the last frames, None not known yet."""

    done: int
    total: int
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """What is to be filmed. held_t: the situation's time (UTC s) where the flight gives none."""

    flight: Flight
    fps: int = 25
    size: tuple[int, int] = (1920, 1080)
    held_t: float | None = None
    clearance: Clearance | None = None

    def moment(self, n: int) -> FlightMoment:
        """Return what frame n, from 0, shows."""
        found = self.flight.at(n / self.fps, self.clearance)
        return found if found.situation_t is not None else replace(found, situation_t=self.held_t)

    def check(self) -> None:
        """Raises: FilmError: rate or size out of range, or some moments have no time."""
        width, height = self.size
        if not RATES[0] <= self.fps <= RATES[1]:
            raise FilmError(f"帧率 {self.fps} 超出范围。", f"请在每秒 {RATES[0]} 到 {RATES[1]} 帧之间选择。")
        if not (LEAST[0] <= width <= MOST[0] and LEAST[1] <= height <= MOST[1]):
            raise FilmError(
                f"尺寸 {width}x{height} 超出范围。", f"请在 {LEAST[0]}x{LEAST[1]} 到 {MOST[0]}x{MOST[1]} 之间选择。"
            )
        if self.held_t is None and not self.flight.timed:
            raise FilmError("这段飞行没有给出水情时刻，影片不能注明时间。", "请在第一个关键帧写明时刻，或选定一个时刻再导出。")


def film_picture(render: Render, caption: FilmCaption, moment: FlightMoment, width: int, height: int) -> QImage:
    """Return the picture of a moment with its words; the screen's and the film's.

    Raises:
        FilmError: it was not drawn.
    """
    what = f"影片第 {moment.t_s:.2f} 秒的画面没有画出来。"
    try:
        bare = render(moment, width, height)
    except (RuntimeError, OSError, MemoryError) as exc:
        raise FilmError(what, "请检查显卡驱动和内存，再导出一次。", repr(exc)) from exc
    drawn = (bare.width(), bare.height())
    if drawn != (width, height):
        raise FilmError(what, "请换一个尺寸再导出一次。", f"{drawn} drawn, {(width, height)} wanted")
    return caption.burned(bare, moment)


def make_film(
    order: FilmOrder,
    render: Render,
    caption: FilmCaption,
    writer: FilmWriter,
    progress: Callable[[FilmProgress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Path | None:
    """Make the film; for a worker thread. Returns where it is, None when it was cancelled: then nothing is left.

    Raises:
        ConsoleError: a frame was not drawn or not written; nothing is left.
    """
    order.check()
    width, height = writer.fitted(*order.size)
    total = order.flight.frames(order.fps)
    pace = _Pace(total, clock, progress)
    try:
        writer.begin(width, height, order.fps)
        for n in range(total):
            if cancelled():
                writer.discard()
                return None
            moment = order.moment(n)
            writer.add(film_picture(render, caption, moment, width, height), moment)
            pace.frame_done()
        return writer.finish()
    except BaseException:
        writer.discard()
        raise


class _Pace:
    """Tells how far a film is, at most ten times a second."""

    def __init__(self, total: int, clock: Callable[[], float], tell: Callable[[FilmProgress], None]) -> None:
        self._total, self._clock, self._tell = total, clock, tell
        self._ends = deque([clock()], RECENT + 1)
        self._done, self._told_s = 0, self._ends[0]

    def frame_done(self) -> None:
        now_s = self._clock()
        self._ends.append(now_s)
        self._done += 1
        if now_s - self._told_s < TELL_S and self._done < self._total:
            return
        self._told_s = now_s
        each_s = (now_s - self._ends[0]) / (len(self._ends) - 1)
        known = self._done >= FIRST or self._done == self._total
        self._tell(FilmProgress(self._done, self._total, each_s * (self._total - self._done) if known else None))


class FilmJob(QObject):
    """Makes one film in a thread of its own; the owner joins it before it goes.

    Signals:
        progressed: a FilmProgress. finished: a Path, None when it was cancelled. failed: a ConsoleError.
    """

    progressed = Signal(object)
    finished = Signal(object)
    failed = Signal(object)

    def __init__(
        self, order: FilmOrder, render: Render, caption: FilmCaption, writer: FilmWriter, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._parts = (order, render, caption, writer)
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._run, name="film", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """Ask it to end at its next frame."""
        self._cancel.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; tell whether it ended."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            path = make_film(*self._parts, self.progressed.emit, self._cancel.is_set)
        except ConsoleError as exc:
            self.failed.emit(exc)
        except BaseException:  # a bug goes on to the hub of incidents, and still the window hears of it
            words = "影片没有做成：程序出错，已记入日志。", "请再导出一次；仍不行请交给本系统运维。"
            self.failed.emit(FilmError(*words))
            raise
        else:
            self.finished.emit(path)
