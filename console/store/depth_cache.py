"""A series of depths as a folder of our own: one .npy a step and meta.json; complete or not there at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from console.engine.depth_grid import Array, Depth, GridRefused, check_axes
from console.errors import ConsoleError

SCHEMA = 1
META = "meta.json"
GRID = "EPSG:4547"
AGAIN = "请重新导入原文件。"


class DepthRefused(ConsoleError):
    """A depth file or its cache cannot be used; the reason and the next step are said."""


@dataclass(frozen=True, slots=True)
class DepthAbout:
    """Where a series comes from. file: its name. variable, title, made_by, made_at: as the file states them, "" if not.

    simulated: as the user or the file says, None where neither does. label: as shown. notes: what was assumed,
    changed or left out, Chinese sentences. cell_m: east-west, north-south.
    """

    label: str
    file: str
    variable: str
    title: str
    made_by: str
    made_at: str
    simulated: bool | None
    crs: str
    cell_m: tuple[float, float]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CachedDepths:
    """A folder that was checked when opened; a StepSource. Steps are mapped, not loaded, until they are asked for."""

    folder: Path
    about: DepthAbout
    x_m: Array
    y_m: Array
    t_s: Array

    def step(self, index: int) -> Depth:
        """Return depths (ny, nx) of a step, NaN unknown.

        Raises:
            DepthRefused: its file went away or is damaged.
        """
        return np.array(self._mapped(index), np.float32)

    def cell(self, index: int, row: int, column: int) -> float:
        return float(self._mapped(index)[row, column])

    def _mapped(self, index: int) -> Depth:
        path = step_path(self.folder, index)
        try:
            found = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as exc:
            raise DepthRefused("淹没数据缓存读不出来。", AGAIN, str(exc)) from exc
        if found.shape != (len(self.y_m), len(self.x_m)) or found.dtype != np.float32:
            raise DepthRefused("淹没数据缓存已损坏。", AGAIN, f"{path.name} {found.shape} {found.dtype}")
        return np.asarray(found)


def step_path(folder: Path, index: int) -> Path:
    return folder / f"{index:05d}.npy"


def open_depths(folder: Path) -> CachedDepths:
    """Open a cached series.

    Raises:
        DepthRefused: not there, incomplete, or of another version.
    """
    try:
        meta = json.loads((folder / META).read_text("utf-8"))
        if meta["schema"] != SCHEMA or meta["grid"] != GRID:
            raise DepthRefused("淹没数据缓存是别的版本写的。", AGAIN, str(meta["schema"]))
        about = meta["about"]
        x, y, t = (np.asarray(meta[k], float) for k in ("x_m", "y_m", "t_s"))
        check_axes(x, y, t)
        found = CachedDepths(
            folder, DepthAbout(**about | {"cell_m": tuple(about["cell_m"]), "notes": tuple(about["notes"])}), x, y, t
        )
    except (OSError, ValueError, KeyError, TypeError, GridRefused) as exc:
        raise DepthRefused("淹没数据缓存不完整。", AGAIN, str(exc)) from exc
    least = 4 * len(x) * len(y)
    for i in range(len(t)):
        path = step_path(folder, i)
        if not path.is_file() or path.stat().st_size < least:
            raise DepthRefused("淹没数据缓存不完整。", AGAIN, path.name)
    return found


def write_depths(folder: Path, axes: tuple[Array, Array, Array], fill: Callable[[Path], DepthAbout]) -> None:
    """Let fill write the steps into a draft, then put all in its place at once; an older one is replaced.

    axes: x_m, y_m, t_s. A draft that an interruption left is removed first, and this one if fill fails.

    Raises:
        OSError: the disk is full or read-only.
    """
    draft, old = folder.with_name(folder.name + ".part"), folder.with_name(folder.name + ".old")
    for rest in (draft, old):
        if rest.exists():
            shutil.rmtree(rest)
    draft.mkdir(parents=True)
    try:
        about = fill(draft)
        x, y, t = axes
        meta = {
            "schema": SCHEMA, "grid": GRID, "x_m": x.tolist(), "y_m": y.tolist(), "t_s": t.tolist(), "about": asdict(about),
        }  # fmt: skip
        with (draft / META).open("w", encoding="utf-8") as file:
            json.dump(meta, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:  # also when the user stops it
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if folder.exists():
        folder.replace(old)
    draft.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
