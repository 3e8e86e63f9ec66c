"""Heights on disk at every scale: each level halves the one before, and a place is read at the scale that is asked.

A folder holds `meta.json` and `level-0.npy` (finest), `level-1.npy`, … Row 0 is the southmost, column 0
the westmost. A value stands at the centre of its cell: 2 × 2 cells make exactly one cell of the next
level, so that no level is displaced against another. Levels are memory-mapped: opening reads none of them.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.errors import ConsoleError
from scenes.ground.frame import Box

Array = NDArray[np.float64]
Heights = NDArray[np.float32]
VERSION = 1
META = "meta.json"
HEIGHTS, PICTURE = "heights", "picture"
WORDS = {HEIGHTS: "地形", PICTURE: "影像"}
STORED: dict[str, tuple[str, tuple[int, ...]]] = {HEIGHTS: ("<f4", ()), PICTURE: ("|u1", (4,))}
SMALLEST = 32  # cells: a level with no longer side is the last
BAND_CELLS = 2_000_000  # cells that are halved at once
NEAR_LEVEL = 0.08  # of a level: nearer than this, one level is read instead of two
PATIENCE = 50  # times that a writer tries to take a place that others take at the same moment
SPACE_KEPT = 200_000_000  # bytes that an import leaves free


class PyramidDamaged(ConsoleError):
    """The folder is incomplete, damaged or newer than this program."""


class PyramidNotWritten(ConsoleError):
    """The folder could not be written: disk full, no right, in use."""


class ImportCancelled(ConsoleError):
    """The user stopped an import; nothing of it is left."""


@dataclass(frozen=True, slots=True)
class About:
    """What a pyramid holds. kind: heights or picture. datum: the original one and what was done about it, as shown.

    box: edges of level 0, local km. size: rows, columns of level 0. sha: SHA-256 of the source file, "" for none.
    """

    kind: str
    label: str
    datum: str
    synthetic: bool
    cell_km: float
    box: Box
    size: tuple[int, int]
    sha: str = ""

    @property
    def levels(self) -> int:
        return 1 + max(0, math.ceil(math.log2(max(self.size) / SMALLEST)))

    @property
    def stored_bytes(self) -> int:
        """Return about how much disk all levels take."""
        dtype, channels = STORED[self.kind]
        return int(self.size[0] * self.size[1] * np.dtype(dtype).itemsize * math.prod(channels) * 4 / 3)

    def shape(self, level: int) -> tuple[int, ...]:
        rows, columns = (-(-n >> level) for n in self.size)  # halves, rounded up
        return (rows, columns, *STORED[self.kind][1])


class HeightPyramid:
    """A height source over a folder. Any number of threads may read it at once."""

    def __init__(self, folder: Path) -> None:
        """Open.

        Raises:
            PyramidDamaged: something is missing, cut off or of a newer version.
        """
        self.about, self._levels = open_levels(folder, HEIGHTS)
        self.label, self.datum, self.synthetic = self.about.label, self.about.datum, self.about.synthetic
        self.cell_km, self.box = self.about.cell_km, self.about.box

    def heights(self, east_km: Array, north_km: Array, cell_km: float) -> Heights:
        """Return heights (m) at places, from the two levels around cell_km; NaN where unknown.

        Between cell centres it is bilinear; unknown neighbours have no say, and a place is known where the cell around it is.
        """
        east, north = np.broadcast_arrays(np.asarray(east_km, float), np.asarray(north_km, float))
        fine, share = level_for(cell_km, self.cell_km, len(self._levels))
        out = self._at(fine, east, north)
        if share:
            coarse = self._at(fine + 1, east, north)
            out += np.float32(share) * np.where(np.isnan(coarse), np.float32(0), coarse - out)
        west, south, right, top = self.box
        out[(east < west) | (east > right) | (north < south) | (north > top)] = np.nan
        return out

    def _at(self, level: int, east: Array, north: Array) -> Heights:
        values = self._levels[level]
        base, step, x, y = corners(values.shape, east, north, self.box, self.cell_km * 2**level)
        flat = values.reshape(-1)
        sw, se = flat.take(base), flat.take(base + 1)
        nw, ne = flat.take(base + step), flat.take(base + step + 1)
        low = sw + x * (se - sw)
        out = low + y * (nw + x * (ne - nw) - low)
        bad = np.isnan(out)
        if bad.any():
            out[bad] = _from_known(np.stack([c[bad] for c in (sw, se, nw, ne)]), x[bad], y[bad])
        return np.asarray(out, np.float32)


def _from_known(four: Heights, x: Heights, y: Heights) -> Heights:
    """Return the bilinear mean of the known ones of four corners, NaN where the nearest corner is unknown."""
    known = np.isfinite(four)
    weights = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]) * known
    nearest = (x >= 0.5).astype(int) + 2 * (y >= 0.5)
    said = np.take_along_axis(known, nearest[None], 0)[0]
    total = np.where(said, weights.sum(0), 1)
    mean = (np.where(known, four, 0) * weights).sum(0) / total
    return np.where(said, mean, np.nan).astype(np.float32)


def level_for(cell_km: float, finest_km: float, levels: int) -> tuple[int, float]:
    """Return the level whose cells are not coarser than asked, and the next one's share in a blend (0: not needed)."""
    wanted = math.log2(cell_km / finest_km) if cell_km > finest_km else 0.0
    level, share = divmod(min(wanted, levels - 1.0), 1.0)
    if share > 1 - NEAR_LEVEL:
        return int(level) + 1, 0.0
    return int(level), share if share > NEAR_LEVEL else 0.0


def corners(
    shape: tuple[int, ...], east: Array, north: Array, box: Box, cell_km: float
) -> tuple[NDArray[np.intp], int, Heights, Heights]:
    """Return the flat index of the south-western cell of four, a row's step, and the shares of east and north in them."""
    x, y = (east - box[0]) / cell_km - 0.5, (north - box[1]) / cell_km - 0.5
    np.clip(x, 0, shape[1] - 1, out=x)
    np.clip(y, 0, shape[0] - 1, out=y)
    column = np.minimum(x.astype(np.intp), shape[1] - 2)
    row = np.minimum(y.astype(np.intp), shape[0] - 2)
    return row * shape[1] + column, shape[1], (x - column).astype(np.float32), (y - row).astype(np.float32)


def open_levels(folder: Path, kind: str) -> tuple[About, list[NDArray[Any]]]:
    """Return what a folder holds and its levels, mapped for reading.

    Raises:
        PyramidDamaged: something is missing, cut off, of another kind or of a newer version.
    """
    word, about = WORDS[kind], read_about_folder(folder)
    if about.kind != kind:
        raise PyramidDamaged(f"{folder.name} 里存的不是{word}。", "请移除后重新导入。", about.kind)
    levels: list[NDArray[Any]] = []
    for level in range(about.levels):
        try:
            stored = np.load(folder / f"level-{level}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as exc:
            raise _damaged(folder, word, f"level {level}: {exc!r}") from exc
        if stored.shape != about.shape(level) or stored.dtype != np.dtype(STORED[kind][0]):
            raise _damaged(folder, word, f"level {level}: {stored.shape} {stored.dtype}")
        plain = np.asarray(stored)
        short = [(0, max(0, 2 - n)) for n in plain.shape[:2]] + [(0, 0)] * (plain.ndim - 2)
        levels.append(np.pad(plain, short, mode="edge") if min(plain.shape[:2]) < 2 else plain)
    return about, levels


def read_about_folder(folder: Path) -> About:
    """Return what a pyramid's folder says it holds, without opening its levels.

    Raises:
        PyramidDamaged: no description, an unreadable one, or one of a newer version.
    """
    try:
        told = json.loads((folder / META).read_text("utf-8"))
        if int(told.pop("version")) > VERSION:
            raise PyramidDamaged(f"{folder.name} 由更新版本的程序写成。", "请升级本机程序后再用，或移除后重新导入。")
        levels = told.pop("levels")
        told["box"], told["size"] = tuple(map(float, told["box"])), tuple(map(int, told["size"]))
        about = About(**told)
        if about.kind not in STORED or min(about.size) < 1 or not about.cell_km > 0 or about.levels != levels:
            raise ValueError(f"{about}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise _damaged(folder, "地形或影像", repr(exc)) from exc
    return about


def _damaged(folder: Path, word: str, detail: str) -> PyramidDamaged:
    return PyramidDamaged(f"{word} {folder.name} 的文件不完整或已损坏。", "请移除它，再用原来的文件重新导入。", detail)


class PyramidWriter:
    """Writes a pyramid block by block beside its place, and moves it there when whole. Use as a context manager."""

    def __init__(self, folder: Path, about: About, halve: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
        """Begin.

        Args:
            folder: where the pyramid will be; an earlier one there is replaced in the end.
            about: what will be written.
            halve: makes one cell of each 2 × 2; shape (2 r, 2 c, …) to (r, c, …).

        Raises:
            PyramidNotWritten: too little space, no right to write.
        """
        self._folder, self._about, self._halve = folder, about, halve
        self._draft = folder.with_name(f".{folder.name}.part-{uuid.uuid4().hex[:8]}")
        self._left = about.size[0] * about.size[1]
        self._done = False
        with writing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            needed, free = about.stored_bytes + SPACE_KEPT, shutil.disk_usage(folder.parent).free
            if free < needed:
                raise PyramidNotWritten(
                    f"磁盘空间不够：需要 {needed / 1e6:.0f} MB，剩余 {free / 1e6:.0f} MB。",
                    "请清理磁盘后再试，或先在 GIS 软件中裁小范围、放大格距。",
                )
            self._draft.mkdir()
            self._out = self._begin(0)

    def __enter__(self) -> PyramidWriter:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # on a full disk closing fails as writing did
            self._out.close()
        if not self._done:
            shutil.rmtree(self._draft, ignore_errors=True)

    def put(self, row: int, column: int, block: NDArray[Any]) -> None:
        """Write a block of level 0 (row 0 of it southmost). Every cell of the pyramid must be put once.

        Raises:
            PyramidNotWritten: disk full.
        """
        columns, cell = self._about.size[1], self._bytes_of_cell()
        rows = np.ascontiguousarray(block, STORED[self._about.kind][0])
        whole = rows.shape[1] == columns
        with writing(self._folder):
            for i in range(1 if whole else len(rows)):
                self._out.seek(self._start + ((row + i) * columns + column) * cell)
                self._out.write((rows if whole else rows[i]).data.cast("B"))
        self._left -= rows.shape[0] * rows.shape[1]

    def finish(
        self, progress: Callable[[float], None] = lambda _share: None, cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        """Make the coarser levels and the description, and move the whole to its place.

        Raises:
            ImportCancelled: the user stopped it.
            PyramidNotWritten: disk full, or the old folder cannot be replaced.
        """
        if self._left:
            raise ValueError(f"{self._left} cells were not put")
        with writing(self._folder):
            self._close()
            for level in range(1, self._about.levels):
                self._out = self._begin(level)
                for share in self._halved(level):
                    progress(1 - (1 - 0.75 * share) / 4 ** (level - 1))  # each level is a quarter of the last
                    stop_if(cancelled)
                self._close()
            told = asdict(self._about) | {"version": VERSION, "levels": self._about.levels}
            with (self._draft / META).open("w", encoding="utf-8") as out:
                json.dump(told, out, ensure_ascii=False, indent=1)
                out.flush()
                os.fsync(out.fileno())
            stop_if(cancelled)
            _publish(self._draft, self._folder)
        self._done = True
        progress(1.0)

    def _begin(self, level: int) -> Any:
        dtype, _ = STORED[self._about.kind]
        out = (self._draft / f"level-{level}.npy").open("w+b")
        about = {"descr": dtype, "fortran_order": False, "shape": self._about.shape(level)}
        np.lib.format.write_array_header_1_0(out, about)
        self._start = out.tell()
        return out

    def _close(self) -> None:
        self._out.flush()
        os.fsync(self._out.fileno())  # the folder must not be whole by name before its bytes are
        self._out.close()

    def _halved(self, level: int) -> Iterator[float]:
        """Write one coarser level; yields the share that is done."""
        dtype, (rows, columns, *channels) = STORED[self._about.kind][0], self._about.shape(level - 1)
        band = max(2, BAND_CELLS // columns // 2 * 2)
        with (self._draft / f"level-{level - 1}.npy").open("rb") as source:
            source.seek(-rows * columns * self._bytes_of_cell(), os.SEEK_END)
            for row in range(0, rows, band):
                count = min(band, rows - row)
                values = np.fromfile(source, dtype, count * columns * math.prod(channels))
                values = values.reshape(count, columns, *channels)
                self._out.write(np.ascontiguousarray(self._halve(values), dtype).data.cast("B"))
                yield (row + count) / rows

    def _bytes_of_cell(self) -> int:
        dtype, channels = STORED[self._about.kind]
        return np.dtype(dtype).itemsize * math.prod(channels)


def halve_heights(values: Heights) -> Heights:
    """Return means of 2 × 2 cells, shape (ceil(r/2), ceil(c/2)); unknown unless two or more of the four are known."""
    rows, columns = values.shape
    if rows % 2 or columns % 2:  # the last row or column again: an odd edge is known where the file knows it
        values = np.pad(values, ((0, rows % 2), (0, columns % 2)), mode="edge")
    four = (values[0::2, 0::2], values[0::2, 1::2], values[1::2, 0::2], values[1::2, 1::2])
    out = (four[0] + four[1] + four[2] + four[3]) * np.float32(0.25)
    bad = np.isnan(out)
    if bad.any():
        parts = np.stack([part[bad] for part in four])
        known = np.isfinite(parts)
        count = known.sum(0)
        out[bad] = np.where(count >= 2, np.where(known, parts, 0).sum(0) / np.maximum(count, 1), np.nan)
    return np.asarray(out, np.float32)


def write_pyramid(
    folder: Path, heights: Heights, box: Box, *, label: str, datum: str, synthetic: bool, sha: str = ""
) -> HeightPyramid:
    """Write heights that fit in memory, and open them.

    Args:
        folder: where; an earlier pyramid there is replaced.
        heights: shape (rows, columns), metres above the 1985 datum, row 0 southmost, NaN where unknown.
        box: edges (not centres) of the outer cells, local km; the cells must be square.
        label: as shown, with 合成 or 模拟 in it for made data.
        datum: the original datum and what was done about it, as shown.
        synthetic: not surveyed.
        sha: SHA-256 of the source, "" for none.

    Raises:
        ValueError: the cells are not square.
        PyramidNotWritten: disk full, no right to write.
    """
    rows, columns = heights.shape
    cell_km = (box[2] - box[0]) / columns
    if abs((box[3] - box[1]) / rows / cell_km - 1) > 1e-6:
        raise ValueError(f"cells of {box} in {heights.shape} are not square")
    about = About(HEIGHTS, label, datum, synthetic, cell_km, box, (rows, columns), sha)
    with PyramidWriter(folder, about, halve_heights) as writer:
        writer.put(0, 0, heights)
        writer.finish()
    return HeightPyramid(folder)


def stop_if(cancelled: Callable[[], bool]) -> None:
    """Raise ImportCancelled when the user wants to stop."""
    if cancelled():
        raise ImportCancelled("导入已取消。", "没有留下半成品；需要时请重新导入。")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say faults of the disk in words.

    Raises:
        PyramidNotWritten: disk full, no right to write, in use by another program.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno in (ENOSPC, EDQUOT):
            raise PyramidNotWritten("磁盘已满，没有导入。", "请清理磁盘空间后重新导入。", repr(exc)) from exc
        step = "请检查该目录的权限和磁盘；若另一个窗口正在使用它，请先关闭再试。"
        raise PyramidNotWritten(f"目录 {folder} 写不进去。", step, repr(exc)) from exc


def _publish(draft: Path, folder: Path) -> None:
    """Move a whole draft to its place. Of several writers the last one's stays, whole; what is no pyramid is not replaced."""
    for _ in range(PATIENCE):
        with suppress(OSError):
            draft.rename(folder)
            return
        if (folder / META).is_file():
            aside = folder.with_name(f".{folder.name}.old-{uuid.uuid4().hex[:8]}")
            with suppress(FileNotFoundError):  # another writer was quicker
                folder.rename(aside)
                shutil.rmtree(aside, ignore_errors=True)
    draft.rename(folder)
