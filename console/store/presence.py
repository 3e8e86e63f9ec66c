"""Who has ops.db open: its file may be replaced only while nobody has.

A connection that outlives the file it was opened on would, when closed, delete the write-ahead log
of the file that took its place.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from console.errors import StoreError

MARK = "ops.damaged"


class Presence:
    """Held by everybody who has ops.db open; waits while it is being replaced.

    Raises:
        StoreError: the folder cannot be written.
    """

    def __init__(self, ops: Path) -> None:
        try:
            ops.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = (ops.parent / "ops.in-use").open("ab")
        except OSError as exc:
            raise StoreError(f"数据目录 {ops.parent} 写不进去，不能记录。", "请检查它的权限；查看不受影响。", str(exc)) from exc
        if sys.platform != "win32":  # there the system itself refuses to replace an open file
            import fcntl

            fcntl.flock(self._file.fileno(), fcntl.LOCK_SH)

    def close(self) -> None:
        self._file.close()


@contextlib.contextmanager
def alone(ops: Path) -> Iterator[None]:
    """Hold everybody else off.

    Raises:
        StoreError: another window or process has ops.db open.
    """
    with (ops.parent / "ops.in-use").open("ab") as file:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as exc:
                raise StoreError("本机记录库有损坏，等待其他窗口放开后恢复。", "请稍等片刻；不需要做什么。") from exc
        yield


@contextlib.contextmanager
def in_turn(ops: Path) -> Iterator[None]:
    """Do what only one process may do at a time; the others wait until it is done.

    Raises:
        OSError: the folder cannot be written.
    """
    with (ops.parent / "ops.turn").open("ab") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield


def mark_damaged(ops: Path) -> None:
    """Ask everybody to close ops.db; whoever opens it next recovers it first."""
    (ops.parent / MARK).touch()


def is_marked(ops: Path) -> bool:
    return (ops.parent / MARK).exists()


def unmark(ops: Path) -> None:
    (ops.parent / MARK).unlink(missing_ok=True)
