"""The ground of the sandbox: the user's own terrain where there is some, over the generated province."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tomllib
import uuid
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from console.errors import ConsoleError, StoreError
from console.services.province_ground import FULL, QUICK, Maker, made, make, province_folder, relief
from console.services.tasks import TaskScope
from console.store.basemap import load_basemap
from console.viewdata.scene import SceneRiver
from scenes.ground.frame import to_local
from scenes.ground.opening import GroundSpec, open_ground
from scenes.ground.pyramid import HeightPyramid
from scenes.ground.source import Ground
from scenes.tools.sampling import basis_of

log = logging.getLogger(__name__)
Array = NDArray[np.float64]
MODELS, PANORAMAS = "models", "panoramas"
LIBRARY = "ground"  # the folder of imported terrain and imagery


@dataclass(frozen=True, slots=True, eq=False)
class SandboxGround:
    """spec: for the renderer; ground: the same opened here. towns: name, lon, lat. problems: imports that cannot be used."""

    spec: GroundSpec
    ground: Ground
    rivers: tuple[SceneRiver, ...]
    towns: tuple[tuple[str, float, float], ...]
    problems: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return what the ground is, as shown: the user's own first."""
        names = [s.label for s in self.ground.sources]
        return "；".join(dict.fromkeys(names))

    def along(self, lon: Array, lat: Array) -> tuple[Array, str]:
        """Return heights (m, 1985) at places, NaN where unknown, and which ground they are of."""
        x, y = to_local(lon, lat)
        return self.ground.heights(x, y, 0.0).astype(float), basis_of(self.ground, x, y).words()


def library_folder(cache: Path) -> Path:
    return cache / LIBRARY


def models_below(root: Path) -> dict[str, str]:
    """Return the user's own models of works: the file's name is the works' code."""
    folder = root / MODELS
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {p.stem: str(p) for p in found if p.suffix.lower() in (".glb", ".gltf")}


def panoramas_below(root: Path) -> dict[str, Path]:
    """Return the user's panoramas: the file's name is the object's code."""
    folder = root / PANORAMAS
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {p.stem: p for p in found if p.suffix.lower() in (".jpg", ".jpeg", ".png")}


def load_ground(cache: Path, size: int = QUICK) -> SandboxGround:
    """Open the ground, the finest that was made, or make one of a size; blocks for seconds then.

    Raises:
        ConsoleError: it can neither be read nor made.
    """
    from scenes.ground.library import GroundLibrary  # rasterio: a third of a second

    base = load_basemap(cache)
    province = _whole(cache, size)
    entries = GroundLibrary(library_folder(cache)).entries()
    heights = tuple(e.folder for e in entries if e.about is not None and e.about.kind == "heights")
    pictures = tuple(e.folder for e in entries if e.about is not None and e.about.kind == "picture")
    spec = GroundSpec((*heights, province), pictures)
    return SandboxGround(
        spec,
        open_ground(spec),
        _rivers({name: lines[0] for name, lines in base.rivers.items()}),
        tuple((name, lon, lat) for name, (lon, lat) in _seats().items()),
        tuple(e.problem for e in entries if e.problem),
    )


def _whole(cache: Path, size: int) -> Path:
    """Return the generated ground; one that is damaged is put aside and made anew, it has no original to import."""
    for _ in range(3):
        province = made(cache) or make(cache, size)
        try:
            HeightPyramid(province)
        except ConsoleError as exc:
            log.warning("the generated ground is damaged and made anew: %s", exc.detail)
            aside = province.with_name(f".damaged-{province.name}-{uuid.uuid4().hex[:8]}")
            province.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            return province
    raise StoreError("合成地形生成后仍读不出来。", "请检查磁盘后重新打开沙盘。", str(cache))


def _seats() -> dict[str, tuple[float, float]]:
    """Return where the prefectures' seats are; the middle of a prefecture may lie far off in its mountains."""
    return dict(tomllib.loads((resources.files("assets") / "basin" / "seats.toml").read_text("utf-8"))["seats"])


def _rivers(lines: dict[str, object]) -> tuple[SceneRiver, ...]:
    from scenes.ground.synthetic_guides import river_profile

    profiles = relief()["profiles"]
    return tuple(
        SceneRiver(name, line, river_profile(line, profiles[name]))  # type: ignore[arg-type]
        for name, line in lines.items()
        if name in profiles
    )


class GroundService(QObject):
    """Brings the ground in steps: what is there or a coarse one first, then the fine one when it is made.

    Signals:
        ready: a SandboxGround; again when a finer one or another import is there.
        progress: how far the fine one is, 0 to 1; −1 when that is over.
        failed: no ground; arg says why and what to do.
    """

    ready = Signal(object)
    progress = Signal(float)
    failed = Signal(str)

    def __init__(self, cache: Path, tasks: TaskScope, *, fine: bool = True) -> None:
        super().__init__()
        self._cache, self._tasks, self._fine = cache, tasks, fine
        self._maker = Maker(cache)
        self._begun = self._closed = False

    def want(self) -> None:
        """Begin, once."""
        if not self._begun:
            self._begun = True
            self._tasks.start("sandbox ground", self._bring())

    def again(self) -> None:
        """Read what is there anew, after an import or a removal."""
        self._tasks.start("sandbox ground", self._load())

    def close(self) -> None:
        self._closed = True
        self._maker.stop()

    async def _bring(self) -> None:
        if not await self._load() or not self._fine or made(self._cache) == province_folder(self._cache, FULL):
            return
        try:
            await asyncio.to_thread(self._maker.run, self.progress.emit)
        except ConsoleError as exc:
            if not self._closed:
                log.warning("%s %s", exc.what, exc.detail)
                self.progress.emit(-1.0)
            return
        if not self._closed:
            self.progress.emit(-1.0)
            await self._load()

    async def _load(self) -> bool:
        try:
            found = await asyncio.to_thread(load_ground, self._cache)
        except ConsoleError as exc:
            if not self._closed:
                self.failed.emit(f"{exc.what}{exc.next_step}")
            return False
        if not self._closed:
            self.ready.emit(found)
        return True
