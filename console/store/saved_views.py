"""Saved views of the tables on this machine: topic, filter, order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from console.store.kept_list import KeptList

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
    """Of one profile; every call may raise StoreError, and then nothing changed."""

    def __init__(self, path: Path) -> None:
        self._kept = KeptList(path, "视图", 50)

    def read(self) -> tuple[SavedView, ...]:
        return tuple(sorted(self._kept.read(_view), key=lambda v: v.name))

    def put(self, view: SavedView) -> tuple[SavedView, ...]:
        """Keep a view, in place of one of the same name; return all."""
        return self._change(lambda views: [*(v for v in views if v.name != view.name), view])

    def drop(self, name: str) -> tuple[SavedView, ...]:
        """Forget a view; return the rest."""
        return self._change(lambda views: [v for v in views if v.name != name])

    def _change(self, edit: Callable[[tuple[SavedView, ...]], Sequence[SavedView]]) -> tuple[SavedView, ...]:
        return tuple(sorted(self._kept.change(_view, edit, asdict), key=lambda v: v.name))


def _view(raw: Mapping[str, Any]) -> SavedView:
    texts = {k: str(raw.get(k, ""))[:200] for k in ("topic", "filter", "order")}
    return SavedView(name=str(raw["name"])[:NAME_LIMIT], descending=bool(raw.get("descending")), **texts)
