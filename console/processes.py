"""Living as one of several processes: one owner per folder, where to find it, when to leave."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from console.errors import ConsoleError

ALREADY_RUNNING = 75  # exit status: another process owns the folder
PORT_TAKEN = 76
MADE_WAY = 77  # a sync process without the key left for one that has it
CHILD_FLAG = "--child"


class AlreadyRunning(ConsoleError):
    """Another process owns the folder."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a process listens and the token that it asks for."""

    host: str
    port: int
    token: str
    pid: int
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def boot_mark() -> str:
    """Return what names this run of the machine, "" where the system does not tell.

    Within one run steady seconds can be compared across processes and restarts of the console.
    """
    mark = Path("/proc/sys/kernel/random/boot_id")
    try:
        return mark.read_text("ascii").strip()
    except OSError:
        return ""


@contextlib.contextmanager
def sole_owner(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of a folder for as long as the block runs; the system frees it on a kill.

    Raises:
        AlreadyRunning: another live process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f"{name}.lock").open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError as exc:
            raise AlreadyRunning(f"{name} 已在运行。", "不需要再启动一个；若确认没有运行，请重新登录后再试。") from exc
        yield


@contextlib.contextmanager
def waiting_owner(folder: Path, name: str, patience_s: float) -> Iterator[None]:
    """Hold the lock of a folder, waiting for another holder to end; for worker threads.

    Raises:
        AlreadyRunning: it is still held after patience_s.
    """
    end, pause = time.monotonic() + patience_s, threading.Event()
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(sole_owner(folder, name))
                break
            except AlreadyRunning:
                if time.monotonic() > end:
                    raise
                pause.wait(0.01)
        yield


def is_owned(folder: Path, name: str) -> bool:
    """Tell whether a live process holds a folder's lock, without starting one to find out."""
    try:
        with sole_owner(folder, name):
            return False
    except AlreadyRunning:
        return True


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def publish(path: Path, endpoint: Endpoint) -> None:
    """Write the endpoint so that only this user can read it; readers see all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(asdict(endpoint), out)
    draft.replace(path)


def read_endpoint(path: Path) -> Endpoint | None:
    """Return the published endpoint; None while there is none or it cannot be read."""
    try:
        return Endpoint(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def leave_with_parent(leave: Callable[[], None]) -> None:
    """Call leave when the parent's end of standard input closes (it ended or was killed)."""

    def watch() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        leave()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
