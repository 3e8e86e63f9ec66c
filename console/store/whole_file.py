"""A file for a person that is whole or not there: what lay in its place stays until the new one is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.errors import StoreError


@contextmanager
def whole_file(path: Path, what: str) -> Iterator[Path]:
    """Give a draft to write to, and move it to its place. what: the file in words, as it is named when it fails.

    Raises:
        StoreError: it could not be written; nothing half is left.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        yield draft
        os.replace(draft, path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise StoreError(f"{what}没有写下。", "请换一个目录或清理磁盘后再试。", repr(exc)) from exc
