"""A SQLite file of somebody else: looked at before the caller's own way of opening touches it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend_client.errors import BackendUnavailable, WireFormatError

HEADER = b"SQLite format 3\x00"


def opened(path: Path, open_sqlite: Callable[[Path], Any]) -> Any:
    """Return a read-only connection (PEP 249, explicit transactions).

    open_sqlite: what it raises for a file that passes the look is the caller's own to catch.

    Raises:
        BackendUnavailable: no such file, or it cannot be read.
        WireFormatError: not SQLite, or an encrypted one.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(len(HEADER))
    except OSError as exc:
        raise BackendUnavailable(f"{path.name}: {exc.strerror or exc}") from exc
    if begin and begin != HEADER:
        raise WireFormatError(f"{path.name}: not a SQLite file")
    return open_sqlite(path)
