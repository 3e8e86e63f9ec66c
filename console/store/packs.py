"""Packs: what a desk, a consultation or a laptop in the field wants to have at hand offline."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from console.errors import StoreError
from console.paths import Profile
from console.store.sqlite import migrate, open_writer, transaction

STEPS = (
    """
    create table pack(
        code text primary key, region text not null, days integer not null, from_t integer not null,
        to_t integer not null, started real not null, valid_until real not null) strict;
    create table item(
        pack text not null, n integer not null, name text not null, kind text not null, size integer,
        done integer not null default 0, state text not null default 'waiting',
        detail text not null default '', primary key(pack, name)) strict, without rowid
    """,
)
FILE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class PackSpec:
    """A declared pack. contents: kinds in the order they are fetched. order: place in lists."""

    code: str
    name: str
    purpose: str
    region: str
    days: int
    valid_hours: float
    contents: tuple[str, ...]
    order: int = 0


@dataclass(frozen=True, slots=True)
class PackItem:
    """One thing of a pack. size: bytes, None unknown. state: waiting, fetching, paused, done, absent, failed."""

    name: str
    kind: str
    size: int | None = None
    done: int = 0
    state: str = "waiting"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PackState:
    """A pack as it was last fetched; times UTC s."""

    code: str
    region: str
    days: int
    from_t: int
    to_t: int
    started: float
    valid_until: float
    items: tuple[PackItem, ...]

    @property
    def complete(self) -> bool:
        return bool(self.items) and all(i.state in ("done", "absent") for i in self.items)

    @property
    def size(self) -> int:
        """Bytes that are here, or still to come where they are known."""
        return sum(max(i.done, i.size or 0) for i in self.items)

    def word(self, now: float) -> str:
        """Return the state as a code: expired, ready, fetching, paused, failed, waiting."""
        if self.complete:
            return "expired" if now > self.valid_until else "ready"
        states = {i.state for i in self.items}
        return next((s for s in ("fetching", "failed", "paused") if s in states), "waiting")


def pack_specs() -> tuple[PackSpec, ...]:
    """Return the declared packs in their order.

    Raises:
        StoreError: a declaration cannot be read.
    """
    found = []
    for entry in sorted((resources.files("assets") / "packs").iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        try:
            doc = tomllib.loads(entry.read_text("utf-8"))
            found.append(
                PackSpec(
                    str(doc["code"]),
                    str(doc["name"]),
                    str(doc["purpose"]),
                    str(doc["region"]),
                    int(doc["days"]),
                    float(doc["valid_hours"]),
                    tuple(doc["contents"]),
                    int(doc.get("order", 0)),
                )
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise StoreError(f"离线包声明 {entry.name} 写得不对。", "请改正或重新安装本程序。", repr(exc)) from exc
    return tuple(sorted(found, key=lambda s: s.order))


def chosen_pack(code: str) -> PackSpec:
    """Return a declared pack.

    Raises:
        StoreError: there is no such pack.
    """
    specs = {s.code: s for s in pack_specs()}
    if code not in specs:
        raise StoreError(f"没有名为 {code!r} 的离线包。", f"可用：{'、'.join(specs)}。")
    return specs[code]


def pack_folder(profile: Profile, code: str) -> Path:
    return profile.folder / "packs" / code


def pack_files(profile: Profile, code: str) -> tuple[Path, ...]:
    """Return the attachments that a pack has fetched."""
    found = (pack_folder(profile, code) / "files").glob("*")
    return tuple(sorted(p for p in found if p.is_file() and p.suffix != ".etag"))


def kept_file(profile: Profile, file_id: str) -> Path | None:
    """Return where an attachment lies that a pack or a bundle brought; None while it is not here."""
    if not FILE_ID.fullmatch(file_id):
        return None
    folders = [profile.folder / "files", *(p / "files" for p in sorted((profile.folder / "packs").glob("*")))]
    found = (folder / file_id for folder in folders)
    return next((p for p in found if p.is_file() and not p.with_name(p.name + ".etag").exists()), None)


class PackJournal:
    """How far each pack is, one file per profile: a fetch that ended anywhere goes on from here."""

    def __init__(self, path: Path) -> None:
        self._db = open_writer(path)
        migrate(self._db, STEPS, path.name)

    def close(self) -> None:
        self._db.close()

    def state(self, code: str) -> PackState | None:
        row = self._db.execute("select region,days,from_t,to_t,started,valid_until from pack where code=?", (code,)).fetchone()
        if row is None:
            return None
        items = self._db.execute(
            "select name,kind,size,done,state,detail from item where pack=? order by n", (code,)
        ).fetchall()
        region, days, from_t, to_t, started, valid_until = row
        held = tuple(PackItem(*i) for i in items)
        return PackState(code, region, days, from_t, to_t, started, valid_until, held)

    def begin(self, spec: PackSpec, to_t: int, items: Sequence[PackItem]) -> PackState:
        """Start a pack anew: its window ends at to_t, UTC s."""
        now = time.time()
        window = (to_t - spec.days * 86400, to_t)
        with transaction(self._db):
            self._db.execute("delete from item where pack=?", (spec.code,))
            self._db.execute(
                "insert or replace into pack values(?,?,?,?,?,?,?)",
                (spec.code, spec.region, spec.days, *window, now, now + spec.valid_hours * 3600),
            )
            self._db.executemany(
                "insert into item values(?,?,?,?,?,?,?,?)",
                [(spec.code, n, i.name, i.kind, i.size, i.done, i.state, i.detail) for n, i in enumerate(items)],
            )
        found = self.state(spec.code)
        if found is None:
            raise StoreError("离线包进度写不进去。", "请检查磁盘空间后再试。")
        return found

    def note(self, code: str, name: str, state: str, done: int, *, size: int | None = None, detail: str = "") -> None:
        with transaction(self._db):
            self._db.execute(
                "update item set state=?, done=?, size=coalesce(?, size), detail=? where pack=? and name=?",
                (state, done, size, detail, code, name),
            )

    def settle_left(self, code: str) -> None:
        """A fetch that was killed is paused, not running."""
        with transaction(self._db):
            self._db.execute("update item set state='paused' where pack=? and state='fetching'", (code,))
