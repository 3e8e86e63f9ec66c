"""The lists that packs brought: plans, contacts, teams, stocks, cameras, drawings, tiles, and their files."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from console.domain.library import LISTS
from console.paths import DataHome, Profile
from console.store.cache_reader import CacheReader
from console.store.packs import kept_file


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list. facts: what else its table says. path: its file here, None for none yet."""

    kind: str
    code: str
    name: str
    place: str
    facts: Mapping[str, str]
    file_name: str = ""
    file_size: int | None = None
    path: Path | None = None


class LibraryDesk(QObject):
    """Owned by the panel that shows it.

    Signals:
        changed: entries or said are other ones.
    """

    changed = Signal()

    def __init__(self, home: DataHome, source: str) -> None:
        super().__init__()
        self._profile = home.profile(source)
        self._closed = self._reading = False
        self.entries: tuple[Entry, ...] = ()
        self.said = ""

    async def reload(self) -> None:
        """Read the cache again; asked often, it tells only what is new, and one read runs at a time."""
        if self._reading:
            return
        self._reading = True
        try:
            entries = await asyncio.to_thread(entries_held, self._profile)
        finally:
            self._reading = False
        if entries != self.entries:
            self.entries = entries
            self._tell("")

    async def save(self, path: Path, target: Path) -> None:
        """Copy a file to where a person wants it; what went wrong becomes the message."""
        try:
            await asyncio.to_thread(shutil.copyfile, path, target)
        except OSError as exc:
            self._tell(f"没有存下：{exc.strerror or exc}。请换一个目录或清理磁盘后再试。")
        else:
            self._tell(f"已存为 {target}")

    def close(self) -> None:
        self._closed = True

    def _tell(self, said: str) -> None:
        self.said = said
        if not self._closed:
            self.changed.emit()


def entries_held(profile: Profile) -> tuple[Entry, ...]:
    """Read what the cache has of every list, in the order of LISTS; blocks."""
    with closing(CacheReader(profile)) as reader:
        return tuple(_entry(profile, kind, doc) for kind in LISTS for doc in reader.objects(kind))


def _entry(profile: Profile, kind: str, doc: Mapping[str, Any]) -> Entry:
    props = doc.get("properties") or {}
    facts = props.get("facts")
    size = props.get("file_size")
    return Entry(
        kind,
        str(doc["code"]),
        str(props.get("name", "")),
        " ".join(str(props[key]) for key in ("basin", "city") if props.get(key)),
        {str(k): str(v) for k, v in facts.items()} if isinstance(facts, dict) else {},
        plain_name(str(props.get("file_name", ""))),
        size if isinstance(size, int) else None,
        kept_file(profile, str(props.get("file", ""))),
    )


def plain_name(name: str) -> str:
    """Return a file's name as the centre says it, without anything that leads to another folder."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f\x7f]', "_", name).lstrip(".")[:120]
