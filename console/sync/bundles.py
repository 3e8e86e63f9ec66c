"""Taking a bundle in: the same apply path as the network, by the one writer of the cache."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backend_client.errors import WireFormatError
from backend_client.wire import answers_from
from console.errors import StoreError
from console.paths import DataHome, Profile
from console.processes import AlreadyRunning, sole_owner
from console.store.bundle.manifest import ANSWERS, OBJECTS, OBS, RECORDS, TOMBS, Manifest
from console.store.bundle.opening import Doorkeeper, OpenBundle, Unpacked, judge
from console.store.bundle.readings import Columns, read_readings
from console.store.bundle.refusal import BundleRefused
from console.store.bundle.register import ExchangeRegister
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter, month_of, seq_of
from console.store.identity import DeviceKeys, TrustList
from console.store.ops import OpsStore
from console.store.secret_box import secret_box
from console.store.sqlite import DatabaseError
from console.sync.bundle_desk import ask_sync

Tomb = tuple[int, int, int]
Record = tuple[str, str, int, Mapping[str, Any]]
Tell = Callable[[int], None]  # rows so far


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bundle brought. moved: the feed's cursor went on with it."""

    kind: str
    issuer: str
    asof: float
    rows: int = 0
    records: int = 0
    objects: int = 0
    files: int = 0
    answers: int = 0
    moved: bool = False

    def to_doc(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Checked:
    """The lines of a down bundle, all of them judged."""

    records: list[Record]
    objects: dict[str, list[Mapping[str, Any]]]
    tombs: list[Tomb]


def identity_folder(home: DataHome) -> Path:
    return home.root / "identity"


def device_keys(home: DataHome) -> DeviceKeys:
    folder = identity_folder(home)
    return DeviceKeys(folder, secret_box(folder))


def doorkeeper(home: DataHome, profile: Profile, place: str = "") -> Doorkeeper:
    """Return what bundles for a profile (or another place) are judged by; the caller closes its register.

    Raises:
        StoreError: the device's keys cannot be opened.
    """
    folder = identity_folder(home)
    identity = device_keys(home).load()
    register = ExchangeRegister(folder / "exchange.db")
    return Doorkeeper(identity, TrustList(folder), register, place or profile.name, known_now(profile))


def known_now(profile: Profile) -> float:
    """Return the time to judge age by: a local clock behind the centre's last word is wrong."""
    reader = CacheReader(profile)
    try:
        link = reader.link()
    finally:
        reader.close()
    heard = float(link.get("last_now") or 0.0) if link.get("mode") == "live" else 0.0
    return max(time.time(), heard)


def take_bundle(
    path: Path, keeper: Doorkeeper, profile: Profile, writer: Callable[[], CacheWriter], tell: Tell = lambda _rows: None
) -> Taken:
    """Judge a bundle for this console and bring its content in.

    Raises:
        BundleRefused: with the reason; nothing of it is in.
        StoreError: the disk failed; what came in is guarded by revisions, importing again completes it.
    """
    frame, issuer = judge(path, keeper)
    profile.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in profile.run.glob("import-*"):  # of an import that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="import-", dir=profile.run) as folder, path.open("rb") as file:
        content = OpenBundle(frame, keeper.identity, file).unpack(Path(folder))
        if frame.header.kind == "down":
            taken = apply_down(content, issuer.card.name, writer(), profile, tell)
        elif frame.header.kind == "receipt":
            taken = settle(content, issuer.card.name, profile)
        else:
            raise BundleRefused("direction", frame.header.kind)
    header = frame.header
    keeper.register.took(header.issuer, header.kind, keeper.place, header.number, header.created, header.bundle)
    return taken


def apply_down(content: Unpacked, issuer: str, writer: CacheWriter, profile: Profile, tell: Tell) -> Taken:
    """Bring readings, records, objects and files into the cache, cursors last."""
    manifest, checked = content.manifest, check_down(content)
    _same_epoch(manifest, writer, profile)
    before = writer.cursor("obs")
    rows, ends = 0, dict[str, Columns]()
    if OBS in content.files:
        for page in read_readings(content.files[OBS]):
            writer.apply(page, None)
            rows += len(page[0])
            _note_ends(ends, page)
            tell(rows)
    moved = advances(manifest, before)
    writer.apply(_joined(ends), manifest.cursor if moved else None, checked.tombs)
    kept = writer.cursor("records")
    reaches = manifest.records_from is not None and manifest.records_from <= max(0, seq_of(kept)) < seq_of(
        manifest.records_cursor
    )
    writer.put_records(checked.records, manifest.records_cursor if reaches else kept)
    if seq_of(manifest.cursor) >= seq_of(before):
        for kind, docs in checked.objects.items():
            writer.put_objects(kind, "", docs)  # no tag: the next pull asks the centre again
    files = _keep_files(content, profile)
    _note_time(manifest, content.header.created, writer)
    objects = sum(len(docs) for docs in checked.objects.values())
    return Taken("down", issuer, manifest.asof, rows, len(checked.records), objects, files, moved=moved)


def advances(manifest: Manifest, cursor: str) -> bool:
    """Tell whether every change between a cursor and the bundle's is inside the bundle."""
    ours = max(0, seq_of(cursor))
    if manifest.covers_from is None or (manifest.cold_only and ours > 0):
        return False
    return manifest.covers_from <= ours < seq_of(manifest.cursor)


def check_down(content: Unpacked) -> _Checked:
    """Read everything once before anything is applied.

    Raises:
        BundleRefused: bad-content.
    """
    try:
        records: list[Record] = [(str(d["kind"]), str(d["id"]), int(d["rev"]), dict(d["body"])) for d in content.docs(RECORDS)]
        objects: dict[str, list[Mapping[str, Any]]] = {}
        for doc in content.docs(OBJECTS):
            objects.setdefault(str(doc["kind"]), []).append({**doc["doc"], "code": str(doc["doc"]["code"])})
        tombs = [(int(d["series"]), int(d["t"]), int(d["rev"])) for d in content.docs(TOMBS)]
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise BundleRefused("bad-content", repr(exc)[:200]) from exc
    if any(not 0 <= rev < 2**62 for rev in (*(r[2] for r in records), *(t[2] for t in tombs))):
        raise BundleRefused("bad-content", "a revision out of range")
    if OBS in content.files:
        rows = sum(len(page[0]) for page in read_readings(content.files[OBS]))
        part = content.manifest.part(OBS)
        if part is None or rows != part.rows:
            raise BundleRefused("bad-content", "readings: another number of rows")
    return _Checked(records, objects, tombs)


def settle(content: Unpacked, issuer: str, profile: Profile) -> Taken:
    """Note the centre's answers that came by file; only these ops stop waiting."""
    try:
        answers = answers_from({"answers": list(content.docs(ANSWERS))})
    except WireFormatError as exc:
        raise BundleRefused("bad-content", str(exc)) from exc
    store = OpsStore(profile.ops)
    try:
        waiting = {op.op_id for op in store.recent(0)}
        told = [(a.op_id, a.status, a.code) for a in answers if a.op_id in waiting]
        store.answered(told)
    finally:
        store.close()
    return Taken("receipt", issuer, content.manifest.asof, answers=len(told))


def _same_epoch(manifest: Manifest, writer: CacheWriter, profile: Profile) -> None:
    known = writer.link().get("epoch")
    if known == manifest.epoch:
        return
    if known is not None:
        reader = CacheReader(profile)
        try:
            held = reader.extent() is not None or bool(reader.records("log"))
        finally:
            reader.close()
        if held or writer.cursor("obs"):
            raise BundleRefused("epoch", f"{manifest.epoch[:12]} ≠ {known[:12]}")
        writer.forget()
    writer.note_link(epoch=manifest.epoch, service=manifest.service)


def _note_ends(ends: dict[str, Columns], page: Columns) -> None:
    """Keep one row of each month: applied again with the cursor, it marks that month's file."""
    months = page[1].astype("datetime64[s]").astype("datetime64[M]")
    for index in np.unique(months, return_index=True)[1]:
        sid, t, value, quality, rev = (c[index : index + 1] for c in page)
        ends[month_of(int(t[0]))] = (sid, t, value, quality, rev)


def _joined(ends: Mapping[str, Columns]) -> Columns:
    if not ends:
        empty = np.empty(0, np.int64)
        return empty, empty, empty.astype(float), empty, empty
    sid, t, value, quality, rev = (np.concatenate(c) for c in zip(*ends.values(), strict=True))
    return sid, t, value, quality, rev


def _keep_files(content: Unpacked, profile: Profile) -> int:
    """Keep attached files under their id, which the manifest's reader has judged: no folder, no dot first."""
    folder, count = profile.folder / "files", 0
    for name, path in content.files.items():
        if name.startswith("file/"):
            folder.mkdir(exist_ok=True, mode=0o700)
            path.replace(folder / name.removeprefix("file/"))
            count += 1
    return count


def _note_time(manifest: Manifest, created: float, writer: CacheWriter) -> None:
    if manifest.asof > float(writer.link().get("last_now") or 0.0):
        writer.note_link(last_now=repr(manifest.asof), last_ok=repr(created), mode=manifest.mode, title=manifest.title)


def take_here(home: DataHome, profile: Profile, path: Path, tell: Tell = lambda _rows: None) -> Taken:
    """Take a down or receipt bundle in, by this process or by the running sync process; blocks.

    Raises:
        StoreError: it was refused with the reason, or the disk failed.
    """
    writers: list[CacheWriter] = []

    def writer() -> CacheWriter:
        writers.append(CacheWriter(profile))
        return writers[-1]

    try:
        with sole_owner(profile.folder, "sync"):
            keeper = doorkeeper(home, profile)
            try:
                return take_bundle(path, keeper, profile, writer, tell)
            finally:
                keeper.register.close()
    except AlreadyRunning:
        return Taken(**ask_sync(profile, path, tell))
    except (DatabaseError, OSError) as exc:
        raise StoreError(
            "本机磁盘写不进去，联络包没有导入完。", "请清理磁盘后重新导入；重复导入无害。", repr(exc)[:300]
        ) from exc
    finally:
        for one in writers:
            one.close()
