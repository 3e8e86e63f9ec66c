"""Saved views of the tables on this machine: topic, filter, order; a small JSON file beside the cache."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from console.errors import StoreError

log = logging.getLogger(__name__)
MOST = 50
NAME_LIMIT = 20


@dataclass(frozen=True, slots=True)
class SavedView:
    """name: as the person called it. order: field sorted by, "" by danger."""

    name: str
    topic: str = ""
    filter: str = ""
    order: str = ""
    descending: bool = False


class SavedViews:
    """One file of one profile; a damaged file is set aside, never overwritten."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[SavedView, ...]:
        """Return what is saved, in order of name; blocks for a small file."""
        try:
            raw = json.loads(self._path.read_text("utf-8"))
            return tuple(sorted((_view(item) for item in raw["views"][:MOST]), key=lambda v: v.name))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as exc:
            log.warning("saved views unreadable, set aside: %r", exc)
            _set_aside(self._path)
            return ()

    def put(self, view: SavedView) -> tuple[SavedView, ...]:
        """Keep a view, in place of one of the same name; return all.

        Raises:
            StoreError: it could not be written; what was saved before stays.
        """
        kept = {v.name: v for v in self.read()} | {view.name: view}
        if len(kept) > MOST:
            raise StoreError(f"已有 {MOST} 个视图。", "请先删除不用的。")
        return self._write(kept)

    def drop(self, name: str) -> tuple[SavedView, ...]:
        """Forget a view; return the rest.

        Raises:
            StoreError: it could not be written.
        """
        return self._write({v.name: v for v in self.read() if v.name != name})

    def _write(self, views: Mapping[str, SavedView]) -> tuple[SavedView, ...]:
        found = tuple(sorted(views.values(), key=lambda v: v.name))
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as out:
                json.dump({"views": [asdict(v) for v in found]}, out, ensure_ascii=False)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self._path)
        except OSError as exc:
            raise StoreError("视图没有存下。", "请检查磁盘空间后再试。", repr(exc)) from exc
        return found


def _view(raw: Mapping[str, Any]) -> SavedView:
    texts = {k: str(raw.get(k, ""))[:200] for k in ("topic", "filter", "order")}
    return SavedView(name=str(raw["name"])[:NAME_LIMIT], descending=bool(raw.get("descending")), **texts)


def _set_aside(path: Path) -> None:
    try:
        path.replace(path.with_suffix(".damaged"))
    except OSError as exc:
        log.warning("saved views could not be set aside: %r", exc)
