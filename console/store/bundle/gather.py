"""What a down bundle is filled with, wherever it comes from: the centre's store or a console's cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any, Protocol

from console.errors import StoreError
from console.store.bundle.manifest import FILE, OBJECTS, OPS, RECORDS, TOMBS, Manifest
from console.store.bundle.readings import Columns
from console.store.bundle.writing import BundleDraft
from console.store.keys import OpsKey
from console.store.ops import OpsStore

Docs = Iterator[dict[str, Any]]
Window = tuple[int, int]


class DownSource(Protocol):
    """Readings in series order, the rest as documents; the manifest's cursors are read before them."""

    def window_of(self, days: float | None) -> Window: ...
    def manifest(self, window: Window) -> Manifest: ...
    def readings(self, window: Window) -> Iterator[Columns]: ...
    def records(self) -> Docs: ...
    def objects(self) -> Docs: ...
    def tombs(self) -> Docs: ...


@dataclass(frozen=True, slots=True)
class Gathered:
    manifest: Manifest
    rows: int
    records: int
    objects: int
    files: int


def gather_down(draft: BundleDraft, source: DownSource, days: float | None, files: Sequence[Path] = ()) -> Gathered:
    """Fill a draft; files go along under their own plain names."""
    window = source.window_of(days)
    manifest = source.manifest(window)
    rows = draft.add_readings(source.readings(window))
    records = draft.add_lines(RECORDS, source.records())
    objects = draft.add_lines(OBJECTS, source.objects())
    draft.add_lines(TOMBS, source.tombs())
    fitting = [path for path in files if FILE.fullmatch(f"file/{path.name}")]
    for path in fitting:
        draft.add_file(path.name, path)
    return Gathered(manifest, rows, records, objects, len(fitting))


def gather_outbox(draft: BundleDraft, path: Path, source: str, key: OpsKey) -> tuple[Manifest, int]:
    """Add what waits in the outbox, oldest first; it goes on waiting until an answer comes.

    Raises:
        StoreError: nothing waits.
    """
    store = OpsStore(path, key)
    try:
        waiting = [op.to_wire() for op in reversed(store.recent(0)) if op.state == "waiting"]
    finally:
        store.close()
    if not waiting:
        raise StoreError("没有待上报的内容，不需要导出。", "有新的记录后再导出。")
    draft.add_lines(OPS, waiting)
    return Manifest(source, "", "", "", None, "", None, None, "all", time(), "", ""), len(waiting)
