"""Files of an entry: what was chosen is what arrives, whatever happens on the way."""

from __future__ import annotations

import errno
import hashlib
import os
import time

import pytest

from backend_client.errors import BackendRefused, BackendUnavailable
from console.central.problems import Problem
from console.central.uploads import Uploads
from console.store.attachment_table import AttachmentTable
from console.store.attachments import PIECE, AttachmentFolder, AttachmentRefused, CopyDamaged
from console.store.ops import OpsStore
from console.sync.batches import Pace
from console.sync.parcels import ParcelPusher


@pytest.fixture
def store(profile, key):
    found = OpsStore(profile.ops, key)
    yield found
    found.close()


@pytest.fixture
def table(store):
    return AttachmentTable(store)


@pytest.fixture
def folder(profile, table):
    return AttachmentFolder(profile.attachments, table.key())


def photo(tmp_path, size=150_000, name="险情.jpg"):
    path = tmp_path / name
    path.write_bytes(os.urandom(size))
    return path


def entry(store, *files, taken=True):
    body = {"type": "danger", "text": "渗水", "attachments": [f.to_doc() for f in files]}
    op_id = store.add("log.entry", "log", body, "张三", files=tuple(files))
    if taken:
        store.answered([(op_id, "applied", "")])
    return op_id


class Centre:
    """Keeps pieces as the contract says; fails where it is told to."""

    def __init__(self):
        self.parts, self.order, self.faults = {}, [], []

    def file_have(self, sha):
        data, total = self.parts.get(sha, (b"", None))
        return len(data), len(data) == total

    def put_piece(self, sha, first, total, data, name, media):
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        have = self.parts.get(sha, (b"", total))[0]
        assert first == len(have)
        self.parts[sha] = (have + data, total)
        self.order.append(sha)
        if len(have + data) == total and hashlib.sha256(have + data).hexdigest() != sha:
            del self.parts[sha]
            raise BackendRefused(422, "checksum-mismatch")
        return self.file_have(sha)


def pusher(table, folder, centre, texts_due=lambda: False):
    return ParcelPusher(table, folder, lambda: centre, Pace(), texts_due)


def test_the_copy_is_sealed_and_comes_out_as_it_went_in(folder, tmp_path):
    path = photo(tmp_path)
    plain = path.read_bytes()
    found = folder.add(path)
    assert (found.sha256, found.size, found.media) == (hashlib.sha256(plain).hexdigest(), 150_000, "image/jpeg")
    sealed = (folder.folder / found.sha256).read_bytes()
    assert plain[:64] not in sealed and plain[-64:] not in sealed
    for first, size in ((0, 10), (PIECE - 5, 10), (PIECE, PIECE), (149_990, 100), (0, 150_000)):
        assert folder.read(found.sha256, first, size) == plain[first : first + size]
    path.unlink()
    folder.save_as(found.sha256, found.size, tmp_path / "out.jpg")
    assert (tmp_path / "out.jpg").read_bytes() == plain and not os.access(tmp_path / "out.jpg", os.X_OK)


@pytest.mark.parametrize("place", [2, 30, PIECE + 60, -3])
def test_a_flipped_byte_or_a_cut_copy_is_noticed(folder, tmp_path, place):
    found = folder.add(photo(tmp_path))
    copy = folder.folder / found.sha256
    data = bytearray(copy.read_bytes())
    data[place] ^= 1
    if place == 2:
        data = data[:-20]
    copy.write_bytes(data)
    with pytest.raises(CopyDamaged):
        folder.save_as(found.sha256, found.size, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_added_is_refused_in_words_and_leaves_nothing(folder, tmp_path, monkeypatch):
    (tmp_path / "empty").write_bytes(b"")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(65 * 1024 * 1024)
    for name in ("empty", "huge", "gone", "."):
        with pytest.raises(AttachmentRefused) as said:
            folder.add(tmp_path / name)
        assert said.value.next_step
    real = os.fsync

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AttachmentRefused, match="磁盘"):
        folder.add(photo(tmp_path))
    monkeypatch.setattr(os, "fsync", real)
    assert list(folder.folder.glob("*")) == []


def test_files_follow_their_entry_the_smallest_first_and_go_on_where_they_stopped(store, table, folder, tmp_path):
    big, small = folder.add(photo(tmp_path, 600_000, "b")), folder.add(photo(tmp_path, 2_000, "s"))
    later = folder.add(photo(tmp_path, 500, "later"))
    entry(store, big, small)
    entry(store, later, taken=False)
    centre = Centre()
    centre.faults = [None, None, BackendUnavailable("cut")]
    assert pusher(table, folder, centre).drain()
    assert centre.order == [small.sha256, big.sha256] and table.waiting() == (2, 600_000 - 262_144 + 500)
    table.retry_now()
    assert pusher(table, folder, centre).drain()
    assert centre.order.count(big.sha256) == 3, "from where the centre had it"
    assert table.waiting() == (1, 500), "a file whose entry the centre has not yet stays here"


def test_a_text_that_comes_meanwhile_goes_between_two_pieces(store, table, folder, tmp_path):
    entry(store, folder.add(photo(tmp_path, 600_000)))
    centre = Centre()
    assert not pusher(table, folder, centre, lambda: len(centre.order) >= 1).drain()
    assert len(centre.order) == 1 and table.all()[0].sent == 262_144


def test_a_file_damaged_on_the_way_starts_again_and_a_damaged_copy_is_said(store, table, folder, tmp_path):
    found = folder.add(photo(tmp_path, 1000))
    entry(store, found)
    centre = Centre()
    centre.faults = [BackendRefused(422, "checksum-mismatch")]
    pusher(table, folder, centre).drain()
    assert (table.all()[0].state, table.all()[0].sent) == ("waiting", 0)
    table.retry_now()
    pusher(table, folder, centre).drain()
    assert table.all()[0].state == "done"
    other = folder.add(photo(tmp_path, 2000))
    entry(store, other)
    (folder.folder / other.sha256).unlink()
    pusher(table, folder, centre).drain()
    assert {(p.sha256, p.state, p.code) for p in table.all()} >= {(other.sha256, "rejected", "copy-damaged")}


class UploadsOf:
    """The service's own uploads, without a wire between."""

    def __init__(self, folder):
        self.known = {}
        self.folder = folder
        self.uploads = Uploads(self, folder)

    def file(self, file_id):
        return self.known.get(file_id)

    def put_file(self, file_id, *facts):
        self.known[file_id] = facts

    def file_have(self, sha):
        return self.uploads.have(sha)

    def put_piece(self, sha, first, total, data, name, media):
        try:
            return self.uploads.take(sha, (first, first + len(data) - 1, total), data, name, media)
        except Problem as exc:
            raise BackendRefused(exc.status, exc.code) from exc


@pytest.mark.parametrize("extra", [b"", b"torn"])
def test_a_file_that_the_centre_has_whole_when_it_dies_before_its_check_still_arrives(store, table, folder, tmp_path, extra):
    path = photo(tmp_path, 600_000)
    plain = path.read_bytes()
    found = folder.add(path)
    entry(store, found)
    centre = UploadsOf(tmp_path / "central")
    part = centre.folder / "files" / "parts" / found.sha256
    part.parent.mkdir(parents=True)
    part.write_bytes(plain + extra)
    for _ in range(2):
        pusher(table, folder, centre).drain()
        table.retry_now()
    assert table.all()[0].state == "done" and not part.exists()
    assert (centre.folder / "files" / found.sha256).read_bytes() == plain and found.sha256 in centre.known


def test_after_a_restored_centre_the_files_are_offered_again(store, table, folder, tmp_path):
    store.new_epoch("e1")
    op_id = entry(store, folder.add(photo(tmp_path, 1000)))
    pusher(table, folder, Centre()).drain()
    store.new_epoch("e2")
    store.answered([(op_id, "applied", "")])
    fresh = Centre()
    assert pusher(table, folder, fresh).drain() and len(fresh.order) == 1


def test_copies_that_were_never_saved_are_cleared_away(store, table, folder, tmp_path):
    kept, unsaved = folder.add(photo(tmp_path, 1000, "a")), folder.add(photo(tmp_path, 1001, "b"))
    entry(store, kept)
    assert folder.forget_unsaved({p.sha256 for p in table.all()}, time.time() - 3600) == 0
    assert folder.forget_unsaved({p.sha256 for p in table.all()}, time.time() + 1) == 1
    assert folder.has(kept.sha256) and not folder.has(unsaved.sha256)


def test_a_picture_that_the_console_made_is_sealed_without_a_plain_copy(tmp_path):
    folder = AttachmentFolder(tmp_path / "attachments", bytes(32))
    content = b"JPEG" * 50_000
    kept = folder.add_made("石角.jpg", "image/jpeg", content)
    assert folder.read(kept.sha256, 0, kept.size) == content and kept.name == "石角.jpg"
    assert all(b"JPEGJPEG" not in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    with pytest.raises(AttachmentRefused):
        folder.add_made("空.jpg", "image/jpeg", b"")
