"""A full disk: what a person enters is still saved, from the reserve; and the reserve comes back."""

from __future__ import annotations

import os
import subprocess

import pytest

from console.errors import StoreError
from console.store.cache_writer import CacheWriter
from console.store.ops import OpsStore
from console.store.reserve import SLICE_BYTES, Reserve
from console.store.sqlite import DatabaseError


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 40 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], capture_output=True)
        if os.name == "posix"
        else None
    )
    if done is None or done.returncode:
        pytest.skip("no right to mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Write until not one byte fits; returns the file that holds it all."""
    hog = folder / "hog"
    with hog.open("ab", buffering=0) as out:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue
    return hog


def test_two_hundred_entries_are_saved_on_a_disk_without_a_free_byte(small_disk, key):
    store = OpsStore(small_disk / "ops.db", key)
    assert store.keep_reserve(10 << 20)
    hog = fill(small_disk)
    saved = [store.add("log.entry", "log", {"text": "险情" * 500}, "张三") for _ in range(200)]
    store.close()
    store = OpsStore(small_disk / "ops.db", key)
    assert {op.op_id for op in store.recent(1000)} == set(saved) and len(saved) == 200
    assert store.verify_audit()
    assert 0 < store.reserve.held < 10 << 20, "only a slice was needed"
    assert not store.keep_reserve(10 << 20), "not while the disk is full"
    hog.unlink()
    assert store.keep_reserve(10 << 20) and store.reserve.held == 10 << 20
    store.close()


def test_without_a_reserve_the_same_disk_saves_nothing(small_disk, key):
    store = OpsStore(small_disk / "ops.db", key)
    hog = fill(small_disk)
    saved = 0
    with pytest.raises(StoreError, match="没有保存"):
        for _ in range(200):
            store.add("log.entry", "log", {"text": "险情" * 500}, "张三")
            saved += 1
    assert saved < 200
    hog.unlink()
    store.add("log.entry", "log", {"text": "空间有了"}, "张三")
    assert len(store.recent(1000)) == saved + 1, "nothing half saved"
    store.close()


def test_telemetry_on_a_full_disk_keeps_what_it_had(small_disk):
    from console.paths import Profile
    from tests.unit.test_cache import T, cols

    writer = CacheWriter(Profile("full", small_disk))
    writer.apply(cols([(1, T, 1.0, 0, 1)]), "e.1")
    hog = fill(small_disk)
    with pytest.raises(DatabaseError):
        for page in range(100):
            writer.apply(cols([(s, T + 60 * page, 2.0, 0, 1) for s in range(2000)]), f"e.{page + 2}")
    hog.unlink()
    writer.apply(cols([(1, T + 7, 3.0, 0, 1)]), "e.500")
    assert writer.cursor("obs") == "e.500"
    writer.close()


def test_the_reserve_is_given_in_slices_and_never_takes_the_last_space(tmp_path, monkeypatch):
    reserve = Reserve(tmp_path / "ops.db")
    assert reserve.keep(SLICE_BYTES * 2 + 5) and reserve.held == SLICE_BYTES * 2 + 5
    assert [reserve.give() for _ in range(4)] == [True, True, True, False] and not reserve.path.exists()
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100_000})())
    assert not reserve.keep(90_000) and not reserve.path.exists()
