"""A short list that a person made, in one JSON file: written whole or not at all, set aside when damaged.

Windows of this and of other processes may change it at once: a change reads, edits and writes under one lock.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from console.errors import StoreError
from console.processes import waiting_owner

log = logging.getLogger(__name__)
T = TypeVar("T")
PATIENCE_S = 5.0


class KeptList:
    """Used by worker threads. what: what is kept, for messages."""

    def __init__(self, path: Path, what: str, most: int) -> None:
        self._path = path
        self._what = what
        self._most = most

    def read(self, convert: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...]:
        """Return the items; a file that is not such a list is set aside, kept for a person to look at.

        Raises:
            StoreError: the file is there and cannot be read or set aside.
        """
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return ()
        except UnicodeDecodeError as exc:
            return self._set_aside(exc)
        except OSError as exc:
            raise StoreError(f"{self._what}读不出来。", "请检查数据目录的权限。", repr(exc)) from exc
        try:
            items = json.loads(text)["items"][: self._most]
        except (ValueError, LookupError, TypeError, RecursionError) as exc:
            return self._set_aside(exc)
        return tuple(self._good(convert, items))

    def _good(self, convert: Callable[[Mapping[str, Any]], T], items: Iterable[Mapping[str, Any]]) -> Iterator[T]:
        """Yield the items that can be read; one bad item does not take the others along."""
        for item in items:
            try:
                yield convert(item)
            except (LookupError, ArithmeticError, TypeError, ValueError, AttributeError) as exc:
                log.warning("%s: an item left out: %r", self._path.name, exc)

    def change(
        self,
        convert: Callable[[Mapping[str, Any]], T],
        edit: Callable[[tuple[T, ...]], Sequence[T]],
        document: Callable[[T], Mapping[str, Any]],
    ) -> tuple[T, ...]:
        """Read, edit and keep; return what is kept now.

        Raises:
            StoreError: it could not be read or written, or another window holds it too long; nothing changed.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with waiting_owner(self._path.parent, self._path.stem, PATIENCE_S):
                kept = tuple(edit(self.read(convert)))
                self._write([document(item) for item in kept])
        except OSError as exc:
            raise StoreError(f"{self._what}没有存下。", "请检查磁盘空间后再试。", repr(exc)) from exc
        return kept

    def _write(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Keep these items and no others.

        Raises:
            StoreError: there are too many, or they could not be written; what was kept before stays.
        """
        if len(items) > self._most:
            raise StoreError(f"{self._what}已有 {self._most} 个。", "请先删除不用的。")
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as out:
                json.dump({"items": list(items)}, out, ensure_ascii=False)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self._path)
        except OSError as exc:
            raise StoreError(f"{self._what}没有存下。", "请检查磁盘空间后再试。", repr(exc)) from exc

    def _set_aside(self, why: Exception) -> tuple[T, ...]:
        log.warning("%s damaged, set aside: %r", self._path.name, why)
        try:
            self._path.replace(self._path.with_suffix(".damaged"))
        except OSError as exc:
            raise StoreError(f"{self._what}的文件已损坏，也移不开。", "请检查数据目录的权限。", repr(exc)) from exc
        return ()
