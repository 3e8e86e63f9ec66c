"""Where the frames of a film go: an MP4, or a row of PNG with their times. Nothing half made is left behind."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Protocol

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

from console.domain.flight import FlightMoment
from console.domain.time import beijing
from console.errors import ConsoleError

ENCODERS = ("libx264", "libopenh264", "mpeg4")  # no hardware ones: which machine makes the film must not show
QUALITY = {"libx264": {"crf": "20", "preset": "fast"}}
BITS_PER_PIXEL = 0.2  # of those without a quality to ask for
BT709 = 1
INDEX = "index.json"


class FilmError(ConsoleError):
    """A film was not made."""


class FilmWriter(Protocol):
    """Takes frames in order, in one thread. discard leaves nothing, after any failure too; finish makes the film appear."""

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """Return the nearest size, not larger, that can be written."""
        ...

    def begin(self, width: int, height: int, fps: int) -> None: ...
    def add(self, image: QImage, moment: FlightMoment) -> None: ...
    def finish(self) -> Path: ...
    def discard(self) -> None: ...


def film_encoder() -> str:
    """Return the best encoder of this installation.

    Raises:
        FilmError: there is none.
    """
    for name in ENCODERS:
        with contextlib.suppress(ValueError):  # what av raises for a name that it does not know
            return av.Codec(name, "w").name
    raise FilmError("这个安装没有可用的视频编码器。", "请改为导出 PNG 序列，或重新安装 av 软件包。")


class Mp4Writer:
    """H.264 (MPEG-4 part 2 where there is none) in an MP4; constant rate, yuv420p, BT.709.

    created_t: UTC s, None for now; open_file: opens the draft for writing.
    """

    def __init__(
        self,
        path: Path,
        title: str = "",
        comment: str = "",
        created_t: float | None = None,
        open_file: Callable[[Path], IO[bytes]] | None = None,
    ) -> None:
        self.path = path
        self.encoder = film_encoder()
        self._draft = path.with_name(path.name + ".part")
        made = datetime.fromtimestamp(time.time() if created_t is None else created_t, UTC)
        self._words = {"title": title, "comment": comment, "creation_time": made.isoformat(timespec="seconds")}
        self._open = open_file or _writable
        self._file: IO[bytes] | None = None
        self._box: Any = None
        self._stream: Any = None
        self._count = 0

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        return width // 2 * 2, height // 2 * 2

    def begin(self, width: int, height: int, fps: int) -> None:
        """Raises: FilmError: the file cannot be written."""
        try:
            self._file = self._open(self._draft)
            self._box = av.open(self._file, "w", format="mp4")
            self._box.metadata.update({k: v for k, v in self._words.items() if v})
            stream = self._box.add_stream(self.encoder, rate=fps, options=QUALITY.get(self.encoder, {}))
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            if self.encoder not in QUALITY:
                stream.bit_rate = round(width * height * fps * BITS_PER_PIXEL)
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = BT709
            context.color_range = ColorRange.MPEG
            self._stream, self._rate = stream, fps
        except (OSError, FFmpegError) as exc:
            raise not_written(self.path, exc) from exc

    def add(self, image: QImage, moment: FlightMoment) -> None:
        """Raises: FilmError: the disk is full, or the encoder failed."""
        rgb = image.convertToFormat(QImage.Format.Format_RGB32)
        pixels = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine() // 4, 4)
        whole = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:, : rgb.width()]), format="bgra")
        frame = whole.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
        frame.pts, frame.time_base = self._count, Fraction(1, self._rate)
        self._count += 1
        try:
            self._box.mux(self._stream.encode(frame))
        except (OSError, FFmpegError) as exc:
            raise not_written(self.path, exc) from exc

    def finish(self) -> Path:
        """Write the rest, look whether every frame is there, and put the film in its place.

        Raises:
            FilmError: the disk is full, or the file read again holds another number of frames.
        """
        try:
            self._box.mux(self._stream.encode(None))
            self._box.close()
            if self._file is not None:
                self._file.close()
            with av.open(str(self._draft)) as back:
                held = back.streams.video[0].frames
            if held != self._count:
                raise FilmError(f"影片有 {held} 帧，应有 {self._count} 帧，没有保存。", "请换一个位置再导出一次。")
            self._draft.replace(self.path)
        except (OSError, FFmpegError) as exc:
            raise not_written(self.path, exc) from exc
        return self.path

    def discard(self) -> None:
        # closing writes what was kept back, and fails again where the disk is full; the draft goes either way
        with contextlib.suppress(OSError, FFmpegError):
            if self._box is not None:
                self._box.close()
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()
        with contextlib.suppress(OSError):  # why the film failed is what is to be told
            self._draft.unlink(missing_ok=True)


class PngWriter:
    """A folder of frame-000001.png … and index.json: each frame's time on the film, situation time and SHA-256."""

    def __init__(self, folder: Path, title: str = "", comment: str = "", created_t: float | None = None) -> None:
        self.path = folder
        self._draft = folder.with_name(folder.name + ".part")
        made = time.time() if created_t is None else created_t
        self._head: dict[str, Any] = {"schema": 1, "title": title, "comment": comment, "created_t": round(made)}
        self._rows: list[dict[str, Any]] = []

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        return width, height

    def begin(self, width: int, height: int, fps: int) -> None:
        """Raises: FilmError: the folder is there already, or cannot be made."""
        if self.path.exists():
            raise FilmError(f"目录 {self.path.name} 已经存在，没有覆盖。", "请换一个名字，或先移走它。")
        try:
            shutil.rmtree(self._draft, ignore_errors=True)  # of a run that was killed
            self._draft.mkdir(parents=True)
        except OSError as exc:
            raise not_written(self.path, exc) from exc
        self._head |= {"width": width, "height": height, "fps": fps}

    def add(self, image: QImage, moment: FlightMoment) -> None:
        """Raises: FilmError: the disk is full."""
        content = png_bytes(image)
        name = f"frame-{len(self._rows) + 1:06d}.png"
        try:
            (self._draft / name).write_bytes(content)
        except OSError as exc:
            raise not_written(self.path, exc) from exc
        t = moment.situation_t
        shown = {"t_s": moment.t_s, "situation_t": t, "beijing": None if t is None else beijing(t).isoformat()}
        self._rows.append({"file": name, **shown, "caption": moment.caption, "sha256": hashlib.sha256(content).hexdigest()})

    def finish(self) -> Path:
        """Raises: FilmError: the disk is full."""
        text = json.dumps({**self._head, "frames": self._rows}, ensure_ascii=False, allow_nan=False, indent=1)
        try:
            (self._draft / INDEX).write_text(text, "utf-8")
            self._draft.replace(self.path)
        except OSError as exc:
            raise not_written(self.path, exc) from exc
        return self.path

    def discard(self) -> None:
        shutil.rmtree(self._draft, ignore_errors=True)


def png_bytes(image: QImage) -> bytes:
    """Return a picture as PNG; the same picture gives the same bytes."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # the stub wants bytes for the format
        raise FilmError("这一帧不能存成 PNG。", "请换一个尺寸再导出。")
    return bytes(buffer.data().data())


def not_written(path: Path, exc: Exception) -> FilmError:
    """Return what is to be said of a film that could not be written."""
    full = getattr(exc, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    what = "磁盘满了" if full else "写不进去"
    return FilmError(f"影片 {path.name} 没有做成：{what}。", "请清理磁盘或换一个目录，再导出一次。", str(exc))


def _writable(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")
