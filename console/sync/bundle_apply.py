"""What a judged bundle holds, into the cache and the outbox: checked whole, cursors last."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend_client.errors import WireFormatError
from backend_client.wire import answers_from
from console.domain.digests import BEIJING_S, DAY_S
from console.errors import StoreError
from console.paths import Profile
from console.store.bundle.held import HeldDays
from console.store.bundle.manifest import ANSWERS, OBJECTS, OBS, RECORDS, TOMBS, Manifest
from console.store.bundle.opening import Unpacked
from console.store.bundle.readings import Columns, read_readings
from console.store.bundle.refusal import BundleRefused
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter, month_of, seq_of
from console.store.keys import OpsKey
from console.store.ops import OpsStore

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


def apply_down(content: Unpacked, issuer: str, writer: CacheWriter, profile: Profile, tell: Tell) -> Taken:
    """Bring readings, records, objects and files into the cache, cursors last.

    A cache that is past the bundle takes only days it has nothing of (see HeldDays), and compares
    them with the centre when there is a line again.
    """
    manifest, checked = content.manifest, check_down(content)
    _same_epoch(manifest, writer, profile)
    before = writer.cursor("obs")
    past = seq_of(before) > seq_of(manifest.cursor)  # as far as the bundle is well: nothing in it is deleted
    rows, ends = 0, dict[str, Columns]()
    with contextlib.closing(HeldDays(profile)) as held:
        for page in read_readings(content.files[OBS]) if OBS in content.files else ():
            fitting = page
            if past:
                fitting = _only(page, held.absent(page[0], page[1]))
                writer.progress.compare_days(np.unique((fitting[1] + BEIJING_S) // DAY_S).tolist())
            writer.apply(fitting, None)
            rows += len(fitting[0])
            _note_ends(ends, fitting)
            tell(rows)
    moved = advances(manifest, before)
    writer.apply(_joined(ends), manifest.cursor if moved else None, () if past else checked.tombs)
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


def settle(content: Unpacked, issuer: str, profile: Profile, key: OpsKey | None) -> Taken:
    """Note the centre's answers that came by file; only these ops stop waiting."""
    try:
        answers = answers_from({"answers": list(content.docs(ANSWERS))})
    except WireFormatError as exc:
        raise BundleRefused("bad-content", str(exc)) from exc
    if key is None:
        raise StoreError("记录库没有解锁，回执还不能导入。", "请在桌面窗口中解锁后重新导入。")
    store = OpsStore(profile.ops, key)
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


def _only(page: Columns, wanted: NDArray[np.bool_]) -> Columns:
    sid, t, value, quality, rev = (c[wanted] for c in page)
    return sid, t, value, quality, rev


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
