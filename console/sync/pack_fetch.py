"""Fetching a pack: item by item, from where an earlier try stopped; what the centre has not is said."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from backend_client.central import Central
from backend_client.downloads import download
from backend_client.errors import BackendError, BackendRefused
from console.domain.time import beijing, from_beijing
from console.errors import StoreError
from console.paths import Profile
from console.store.packs import PackItem, PackJournal, PackSpec, PackState, pack_folder
from console.store.sqlite import DatabaseError
from console.sync.pack_estimate import DAY, LOCAL, UNKNOWN_KIND, day_start, files_of

SPACE_KEPT = 256 * 1024 * 1024
LIMIT = 2 * 1024**3
Build = Callable[[], Path]
Going = Callable[[], bool]
TakeIn = Callable[[str, Path], None]  # (snapshot or objects, file): into the cache by its one writer


def check_space(folder: Path, needed: int) -> None:
    """Refuse to start what would fill the disk.

    Raises:
        StoreError: less is free than needed and what must stay free.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(folder).free
    if free < needed + SPACE_KEPT:
        raise StoreError(
            f"磁盘空间不够：需要 {(needed + SPACE_KEPT) / 1e6:.0f} MB，剩余 {free / 1e6:.0f} MB。",
            "请清理磁盘，或缩短离线包的天数。",
        )


class PackFetch:
    """One fetch of one pack, on a worker thread. going() is asked often; False pauses."""

    def __init__(
        self, spec: PackSpec, central: Central, profile: Profile, builds: Mapping[str, Build], take_in: TakeIn, going: Going
    ) -> None:
        self._spec = spec
        self._central = central
        self._builds = builds
        self._take_in = take_in
        self._going = going
        self._folder = pack_folder(profile, spec.code)

    def run(self, journal: PackJournal, needed: int = 0) -> PackState:
        """Fetch what is missing; an incomplete fetch goes on, a complete one starts anew.

        Raises:
            StoreError: no space, or the disk failed.
            BackendError: the centre failed; what is here stays and the next run goes on.
        """
        check_space(self._folder, needed)
        code = self._spec.code
        journal.settle_left(code)
        state = journal.state(code)
        if state is None or state.complete or time.time() > state.valid_until or not self._same_wish(state):
            state = journal.begin(self._spec, day_start(int(self._central.hello().now_t)) + DAY, self._wanted())
        try:
            self._go_on(journal, state)
        except (OSError, DatabaseError) as exc:
            said = ("本机磁盘写不进去，离线包没有下载完。", "请清理磁盘后再次下载，会接着进行。")
            raise StoreError(*said, repr(exc)[:200]) from exc
        return journal.state(code) or state

    def _same_wish(self, state: PackState) -> bool:
        kinds = dict.fromkeys(i.kind for i in state.items)
        return (state.days, state.region, tuple(kinds)) == (self._spec.days, self._spec.region, self._spec.contents)

    def _go_on(self, journal: PackJournal, state: PackState) -> None:
        """Fetch what is open; an item that the centre refuses holds up nothing but itself."""
        for item in state.items:
            if item.state in ("done", "absent"):
                continue
            if not self._going():
                break
            try:
                self._fetch(journal, state, item)
            except BackendRefused as exc:
                journal.note(state.code, item.name, "failed", item.done, detail=exc.code)
            except (BackendError, StoreError) as exc:
                journal.note(state.code, item.name, "failed", item.done, detail=str(exc)[:200])
                raise

    def _wanted(self) -> list[PackItem]:
        """Return the items: readings day by day, newest first, then each kind."""
        days = day_start(int(self._central.hello().now_t)) + DAY
        items = []
        for kind in self._spec.contents:
            if kind == "readings":
                starts = [days - (n + 1) * DAY for n in range(self._spec.days)]
                items += [PackItem(f"readings-{_day_name(t)}", kind) for t in starts]
            else:
                items.append(PackItem(kind, kind))
        return items

    def _fetch(self, journal: PackJournal, state: PackState, item: PackItem) -> None:
        code = state.code
        journal.note(code, item.name, "fetching", item.done)
        if item.kind == "readings":
            self._fetch_day(journal, item)
        elif item.kind in LOCAL:
            size = self._builds[item.kind]().stat().st_size
            journal.note(code, item.name, "done", size, size=size)
        else:
            self._fetch_objects(journal, item)

    def _fetch_day(self, journal: PackJournal, item: PackItem) -> None:
        day = from_beijing(item.name.removeprefix("readings-") + " 00:00")
        path = self._folder / f"{item.name}.jsonl.gz"
        params: dict[str, str | int] = {"from": day, "to": day + DAY - 1, "scope": self._spec.region}
        done = 0

        def going(have: int, total: int | None) -> bool:
            nonlocal done
            done = have
            journal.note(self._spec.code, item.name, "fetching", have, size=total)
            return self._going()

        if not download(self._central.session, "/v1/feeds/obs/snapshot", params, path, going, LIMIT):
            journal.note(self._spec.code, item.name, "paused", done)
            return
        size = path.stat().st_size
        self._take_in("snapshot", path)
        path.unlink()
        path.with_suffix(path.suffix + ".etag").unlink(missing_ok=True)
        journal.note(self._spec.code, item.name, "done", size, size=size)

    def _fetch_objects(self, journal: PackJournal, item: PackItem) -> None:
        try:
            _, docs = self._central.objects(item.kind, None, self._spec.region)
        except BackendRefused as exc:
            if exc.status != UNKNOWN_KIND:
                raise
            docs = []
        if not docs:
            journal.note(self._spec.code, item.name, "absent", 0)
            return
        path = self._folder / f"{item.kind}.json"
        path.write_text(json.dumps({"kind": item.kind, "docs": docs}, ensure_ascii=False), "utf-8")
        size = path.stat().st_size
        self._take_in("objects", path)
        files = self._folder / "files"
        files.mkdir(exist_ok=True, mode=0o700)
        for file_id in files_of(docs):
            kept = files / file_id
            if not download(self._central.session, f"/v1/files/{file_id}", {}, kept, lambda _have, _all: self._going(), LIMIT):
                journal.note(self._spec.code, item.name, "paused", size)
                return
            _check_digest(kept, file_id)
            size += kept.stat().st_size
        journal.note(self._spec.code, item.name, "done", size, size=size)


def _check_digest(path: Path, file_id: str) -> None:
    """Hold a file against its name, which is its SHA-256; what came in pieces may fit together wrongly.

    Raises:
        StoreError: it is another file; it is dropped.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    path.with_name(path.name + ".etag").unlink(missing_ok=True)
    if len(file_id) == len(digest) and digest != file_id:
        path.unlink()
        raise StoreError("下载的文件与中心所说的不符，已丢弃。", "请再次下载这个离线包。", file_id)


def _day_name(t: int) -> str:
    return beijing(t).strftime("%Y-%m-%d")
