"""What the renderer and its owner say to each other, over the renderer's own pipes; nobody else can write there."""

from __future__ import annotations

import mmap
import os
import pickle
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from console.viewdata.scene import SceneFlood, SceneRiver, SceneView
from console.viewdata.scene_works import SceneWorksView
from scenes.camera import OrbitCamera
from scenes.ground.opening import GroundSpec
from scenes.ground.tile import Palette
from scenes.render.sky import Sky

LENGTH = struct.Struct("<Q")
MOST = 1 << 30
SLOTS = 2  # the owner paints from one while the other is drawn into


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """The ground to draw from now on."""

    spec: GroundSpec
    rivers: tuple[SceneRiver, ...]
    palette: Palette
    sky: Sky


@dataclass(frozen=True, slots=True)
class Show:
    view: SceneView


@dataclass(frozen=True, slots=True, eq=False)
class ShowWorks:
    """Sent only when they change: surveyed beds are large."""

    works: SceneWorksView
    colors: dict[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class ShowFlood:
    """Sent only when it changes; None for no picture. over: "flood", or "radar" for gridded rain."""

    flood: SceneFlood | None
    over: str = "flood"


@dataclass(frozen=True, slots=True)
class Compare:
    """What is drawn right of the cut; None for nothing. pictures: what lies over its ground, by ShowFlood.over.

    A picture that is not named is the one of the left.
    """

    view: SceneView | None
    pictures: dict[str, SceneFlood | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Want:
    """A picture, please. whole: with every tile of full fineness, however long it takes. file: where its bytes go.

    cut: share of the width from which on the compared view is drawn.
    """

    serial: int
    camera: OrbitCamera
    width: int
    height: int
    slot: int
    file: str
    whole: bool = False
    cut: float = 1.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture is in its slot. coming: finer tiles still being made. spent_ms: by the renderer."""

    serial: int
    coming: int
    spent_ms: float


@dataclass(frozen=True, slots=True)
class Opened:
    """The ground is there."""


@dataclass(frozen=True, slots=True)
class Finer:
    """Finer tiles are ready: another picture would show more."""


@dataclass(frozen=True, slots=True)
class Failed:
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """What only drawing found out. over: river → m that its water stands above the drawn bank.

    crests: (river, east km, north km, level m).
    """

    moment: float
    over: dict[str, float] = field(default_factory=dict)
    crests: tuple[tuple[str, float, float, float], ...] = ()


def send(stream: IO[bytes], message: Any) -> None:
    """Write one message.

    Raises:
        OSError, ValueError: the other side is gone.
    """
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Return the next message.

    Raises:
        EOFError: the other side is gone, or what came is no message.
    """
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(head)
    body = stream.read(length) if length <= MOST else b""
    if len(body) < length:
        raise EOFError
    return pickle.loads(body)


class FrameFile:
    """Memory that two processes share: SLOTS pictures of at most so many bytes; the maker removes the file."""

    def __init__(self, path: Path, slot_bytes: int) -> None:
        self.path, self.slot_bytes = path, slot_bytes
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), SLOTS * slot_bytes)

    @classmethod
    def made(cls, slot_bytes: int) -> FrameFile:
        """Make one, in memory where the system has such a folder.

        Raises:
            OSError: no room.
        """
        shared = Path("/dev/shm")  # noqa: S108 - the file below has a name of its own and is this user's alone
        folder = shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())
        descriptor, name = tempfile.mkstemp(prefix="flood-scene-", dir=folder)
        try:
            with os.fdopen(descriptor, "r+b") as file:
                if hasattr(os, "posix_fallocate"):  # room that is promised and not there would end the one who writes
                    os.posix_fallocate(file.fileno(), 0, SLOTS * slot_bytes)
                else:
                    file.truncate(SLOTS * slot_bytes)
            return cls(Path(name), slot_bytes)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def slot(self, index: int, length: int) -> memoryview:
        start = index * self.slot_bytes
        return memoryview(self.map)[start : start + length]

    def remove(self) -> None:
        """Take the name away; memory lives as long as somebody looks at it."""
        self.path.unlink(missing_ok=True)
