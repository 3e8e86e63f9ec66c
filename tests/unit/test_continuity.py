"""A centre put back from a backup notices it by itself."""

from __future__ import annotations

import sqlite3

import pytest

from console.central.continuity import Continuity
from console.central.repository import Repository
from console.central.store_core import SeriesKey


@pytest.fixture
def centre(tmp_path):
    opened = []

    def stop():
        while opened:
            opened.pop().close()

    def start():
        stop()
        repo = Repository(tmp_path / "central" / "central.db", "test")
        opened.append(repo)
        continuity = Continuity(repo, tmp_path / "central.seen")
        return repo, continuity, continuity.confirm()

    start.stop = stop
    yield start
    stop()


def measure(repo, t=1_655_000_400):
    sid = repo.ensure_series(SeriesKey("LOC1", "Z", "m"))
    repo.commit_rows([(sid, t, 1.5, 0)])


def test_a_plain_restart_keeps_the_epoch(centre):
    repo, continuity, behind = centre()
    measure(repo)
    continuity.note()
    epoch = repo.epoch
    repo, _, again = centre()
    assert (behind, again) == (False, False) and repo.epoch == epoch


def test_a_kill_before_the_note_is_written_is_no_restore(centre):
    repo, _, _ = centre()
    measure(repo)
    epoch = repo.epoch
    repo, _, behind = centre()
    assert not behind and repo.epoch == epoch


def test_each_time_an_older_copy_is_put_back_the_epoch_is_a_new_one(centre, tmp_path):
    repo, continuity, _ = centre()
    backup = sqlite3.connect(tmp_path / "backup.db")
    with sqlite3.connect(tmp_path / "central" / "central.db") as live:
        live.backup(backup)
    live.close()
    backup.close()
    measure(repo)
    continuity.note()
    epochs = [repo.epoch]
    for _ in range(2):
        centre.stop()
        for name in ("central.db", "central.db-wal", "central.db-shm"):
            (tmp_path / "central" / name).unlink(missing_ok=True)
        (tmp_path / "central" / "central.db").write_bytes((tmp_path / "backup.db").read_bytes())
        repo, _, behind = centre()
        assert behind
        epochs.append(repo.epoch)
    assert len(set(epochs)) == 3


def test_a_note_emptied_by_a_power_cut_is_a_first_start(centre, tmp_path):
    (tmp_path / "central.seen").write_text("")
    repo, _, behind = centre()
    assert not behind and repo.epoch
