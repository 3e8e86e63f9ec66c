"""The cache: rows before cursors, revisions win, damage and newer files are said, not guessed at."""

from __future__ import annotations

import numpy as np
import pytest

from console.errors import NewerFile, StoreError
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter, month_of, seq_of
from console.store.sqlite import check_library, open_writer, sqlite3, transaction

T = 1655877600  # 2022-06-22 14:00 Beijing
H = 3600
JULY = 1656633600  # 2022-07-01 00:00 UTC


def cols(rows):
    sid, t, v, q, r = zip(*rows, strict=True)
    return (np.array(sid), np.array(t), np.array([np.nan if x is None else x for x in v], float), np.array(q), np.array(r))


@pytest.fixture
def writer(profile):
    w = CacheWriter(profile)
    yield w
    w.close()


@pytest.fixture
def reader(profile):
    r = CacheReader(profile)
    yield r
    r.close()


def test_the_sqlite_in_use_has_the_wal_fix():
    check_library()


def test_rows_land_in_their_month_and_latest_follows(writer, reader, profile):
    writer.apply(cols([(1, T, 35.97, 0, 1), (1, JULY, 30.0, 1, 1)]), "e.2")
    assert [p.name for p in profile.telemetry_files()] == ["tele-202206.db", "tele-202207.db"]
    assert reader.latest() == [(1, JULY, 30.0, 1)]
    assert writer.cursor("obs") == "e.2"
    assert (month_of(JULY - 1), month_of(JULY)) == ("202206", "202207")


def test_a_missing_value_stays_missing(writer, reader):
    writer.apply(cols([(1, T, None, 0, 1)]), "e.1")
    _, values, _ = reader.window(1, T, T)
    assert np.isnan(values).all()


def test_an_older_revision_never_overwrites(writer, reader):
    writer.apply(cols([(1, T, 5.0, 0, 2)]), "e.2")
    writer.apply(cols([(1, T, 4.0, 0, 1)]), "e.3")
    assert reader.window(1, T, T)[1].tolist() == [5.0]
    assert reader.latest()[0][2] == 5.0


def test_a_tombstone_removes_the_reading_and_latest_falls_back(writer, reader):
    writer.apply(cols([(1, T - 3600, 4.0, 0, 1), (1, T, 5.0, 0, 1)]), "e.2")
    empty = cols([(9, T, 0.0, 0, 1)])
    writer.apply(empty, "e.3", [(1, T, 2)])
    assert reader.window(1, 0, T + 1)[0].tolist() == [T - 3600]
    assert (1, T - 3600, 4.0, 0) in reader.latest()


def test_killed_between_rows_and_cursor_the_page_comes_again(writer, reader, monkeypatch):
    writer.apply(cols([(1, T, 1.0, 0, 1)]), "e.1")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "_commit_latest", killed)
    with pytest.raises(KeyboardInterrupt):
        writer.apply(cols([(1, T + 3600, 2.0, 0, 1)]), "e.2")
    monkeypatch.undo()
    assert writer.cursor("obs") == "e.1", "the cursor never runs ahead of the rows"
    writer.apply(cols([(1, T + 3600, 2.0, 0, 1)]), "e.2")
    assert reader.window(1, T, T + 3600)[1].tolist() == [1.0, 2.0]


def test_a_month_file_that_lost_its_last_commit_takes_the_feed_back(writer, profile):
    writer.apply(cols([(1, T, 1.0, 0, 1)]), "e.1")
    writer.apply(cols([(1, T + 3600, 2.0, 0, 1)]), "e.2")
    db = open_writer(profile.telemetry("202206"))
    with transaction(db):  # as after a power cut: the newest commit of this file is gone
        db.execute("delete from obs where t=?", (T + 3600,))
        db.execute("update mark set cursor='e.1'")
    db.close()
    assert writer.cursor("obs") == "e.1"


def test_cursors_of_one_epoch_are_ordered():
    assert seq_of("abc.10") > seq_of("abc.9") > seq_of("")


def test_a_cache_of_a_newer_version_is_refused_and_left_alone(profile):
    CacheWriter(profile).close()
    db = open_writer(profile.latest)
    db.execute("pragma user_version=99")
    db.close()
    with pytest.raises(NewerFile) as caught:
        CacheWriter(profile)
    assert "更新的版本" in caught.value.what and "升级" in caught.value.next_step


def test_a_damaged_file_is_said_in_plain_words(profile):
    profile.latest.write_bytes(b"this is not a database at all" * 400)
    with pytest.raises(StoreError) as caught:
        CacheWriter(profile)
    assert "latest.db" in caught.value.what


def test_a_reader_of_an_empty_profile_sees_nothing(reader):
    assert reader.latest() == [] and reader.extent() is None and reader.objects("stations") == []
    assert reader.windows(0, T) == {} and reader.last_before(1, T) is None


def test_a_long_query_is_given_up(writer, reader, monkeypatch):
    writer.apply(cols([(s, T + 60 * i, 1.0, 0, 1) for s in range(20) for i in range(2000)]), "e.1")
    monkeypatch.setattr("console.store.cache_reader.DEADLINE_S", -1.0)
    monkeypatch.setattr("console.store.cache_reader.CHECK_OPCODES", 1)
    with pytest.raises(StoreError, match="查询时间过长"):
        reader.windows(0, T * 2)


def test_forgetting_keeps_the_files_but_no_rows(writer, reader):
    writer.apply(cols([(1, T, 1.0, 0, 1)]), "e.1")
    writer.put_objects("stations", "x", [{"code": "A"}])
    writer.forget()
    assert reader.latest() == [] and writer.cursor("obs") == "" and writer.etag("stations") is None


def test_the_reader_cannot_write(writer, reader, profile):
    writer.apply(cols([(1, T, 1.0, 0, 1)]), "e.1")
    with reader._db("latest.db") as db, pytest.raises(sqlite3.OperationalError):
        db.execute("delete from latest")


def test_two_processes_may_open_a_new_file_at_once(profile, key):
    import subprocess
    import sys

    program = (
        "import sys; from pathlib import Path; from console.store.ops import OpsStore; from console.store.keys import OpsKey;"
        "[OpsStore(Path(f'{sys.argv[1]}{n}'), OpsKey.from_line(sys.argv[2].encode())).close() for n in range(30)]"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(profile.ops), key.to_line().decode().strip()], stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [(p.communicate()[1], p.returncode) for p in both] == [("", 0)] * 4


def test_all_windows_at_once_are_bit_for_bit_those_of_each_series(writer, reader):
    rng = np.random.default_rng(4)
    rows = []
    for sid in (1, 2, 7, 40_000):
        for t in sorted(rng.choice(np.arange(JULY - 40 * H, JULY + 40 * H, 600), 120, replace=False).tolist()):
            value = [None, 0.1 + 0.2, -1 / 3, 1e-310, 1e12, float(rng.normal() * 1e4)][int(rng.integers(6))]
            rows.append((sid, t, value, int(rng.integers(5)), 1))
    writer.apply(cols(rows), "e.1")
    found = reader.windows(JULY - 30 * H, JULY + 30 * H)
    assert set(found) == {1, 2, 7, 40_000}
    for sid, window in found.items():
        for ours, alone in zip(window, reader.window(sid, JULY - 30 * H, JULY + 30 * H), strict=True):
            assert ours.dtype == alone.dtype and np.array_equal(ours, alone, equal_nan=ours.dtype.kind == "f")
    assert np.isnan(found[1][1]).any() and reader.windows(JULY + 50 * H, JULY + 60 * H) == {}
