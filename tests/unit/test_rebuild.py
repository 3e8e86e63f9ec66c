"""Damaged cache files are set aside and filled again; old months are unlinked; migrations keep every row."""

from __future__ import annotations

import threading
import time

import pytest

from console.store import rebuild, schema
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter
from console.store.ops import OpsStore
from console.store.presence import is_marked
from console.store.sqlite import migrate, open_writer, transaction
from console.sync.keeping import STOP_FREE_BYTES, Keeper
from tests.flips import flip
from tests.unit.test_cache import JULY, T, cols

EPOCH = "e"


@pytest.fixture
def told():
    return []


@pytest.fixture
def keeper(profile, key, told):
    return Keeper(profile, key, lambda kind, doc, keep=False: told.append((kind, doc)), 400)


@pytest.fixture
def cached(profile):
    writer = CacheWriter(profile)
    writer.note_link(epoch=EPOCH)
    writer.put_objects("stations", "tag", [{"code": "A"}])
    writer.apply(cols([(s, t, 1.0, 0, 1) for s in range(300) for t in (T, T + 3600, JULY)]), "e.9")
    writer.close()
    return profile


def spoil(path):
    """Harm the middle of every page but the first, as a failing disk does."""
    for page in range(1, path.stat().st_size // 4096):
        for at in range(0, 4096, 64):
            flip(path, page * 4096 + at, 0xFF)


def reopened(profile):
    writer, _ = rebuild.open_cache(profile, time.time(), EPOCH)
    return writer


def test_a_damaged_month_is_found_set_aside_and_asked_for_again(cached, keeper, told):
    spoil(cached.telemetry("202206"))
    keeper.check(time.time())
    damaged, old = keeper.take_work()
    assert (damaged, old) == (["tele-202206.db"], []) and keeper.take_work() == ([], [])
    rebuild.rebuild(cached, damaged, time.time(), EPOCH)
    keeper.rebuilt(damaged)
    assert told[-1] == ("store", {"rebuilt": ["tele-202206.db"], "recovery": None, "ops_damaged": False})
    writer = reopened(cached)
    assert writer.cursor("obs") == "", "the feed starts anew, and the pull fetches it again"
    writer.apply(cols([(1, T, 1.0, 0, 1)]), "e.12")
    assert writer.cursor("obs") == "e.12", "once"
    writer.close()
    assert list(cached.folder.glob("tele-202206.db.damaged-*")) and cached.telemetry("202207").exists()


def test_a_damaged_latest_table_is_filled_from_the_months_without_the_centre(cached):
    spoil(cached.latest)
    rebuild.rebuild(cached, ["latest.db"], time.time(), EPOCH)
    writer = reopened(cached)
    assert writer.cursor("obs") == "" and writer.link() == {"epoch": EPOCH}
    writer.close()
    reader = CacheReader(cached)
    assert sorted(reader.latest())[:1] == [(0, JULY, 1.0, 0)] and len(reader.latest()) == 300
    reader.close()


@pytest.mark.parametrize("harm", [b"", b"\x00" * 8192, b"not a database at all" * 500])
@pytest.mark.parametrize("name", ["latest.db", "ref.db", "tele-202206.db"])
def test_a_file_that_cannot_be_opened_does_not_keep_the_cache_shut(cached, name, harm):
    (cached.folder / name).write_bytes(harm)
    writer, damaged = rebuild.open_cache(cached, time.time(), EPOCH)
    writer.apply(cols([(1, JULY, 2.0, 0, 2)]), "e.10")
    writer.close()
    if harm and name != "tele-202206.db":
        assert damaged == [name]


def test_a_window_that_reads_sees_the_new_file_after_the_old_was_set_aside(cached):
    reader = CacheReader(cached)
    assert len(reader.window(1, T, T)[0]) == 1
    rebuild.rebuild(cached, ["tele-202206.db"], time.time(), EPOCH)
    assert len(reader.window(1, T, T)[0]) == 0
    writer = reopened(cached)
    writer.apply(cols([(1, T, 7.0, 0, 3)]), "e.12")
    assert reader.window(1, T, T)[1].tolist() == [7.0]
    writer.close()
    reader.close()


def test_damage_in_ops_db_is_found_in_the_background_and_everybody_is_asked_to_let_go(profile, key, keeper, told):
    store = OpsStore(profile.ops, key)
    for n in range(60):
        store.add("log.entry", "log", {"text": f"桩号 {n}"}, "张三")
    store.close()
    keeper.keep_house(time.time())
    flip(profile.ops, profile.ops.stat().st_size - 2000, 1)
    keeper.check(time.time(), threading.Event())
    assert is_marked(profile.ops) and told[-1][1]["ops_damaged"]
    store = OpsStore(profile.ops, key)
    assert len(store.recent(1000)) == 60
    store.close()
    keeper.keep_house(time.time())
    assert told[-1][1]["recovery"]["entries"] == 60 and not told[-1][1]["ops_damaged"]


def test_old_months_are_unlinked_and_their_feed_is_not_asked_for_again(cached):
    assert rebuild.old_months(cached, JULY + 86400, 400) == []
    old = rebuild.old_months(cached, JULY + 40 * 86400, 10)
    assert old == ["tele-202206.db"]
    assert rebuild.old_months(cached, JULY + 4 * 365 * 86400, 400) == [], "a recording is not old for being of an old flood"
    rebuild.retire(cached, old)
    writer = reopened(cached)
    assert writer.cursor("obs") == "e.9" and [p.name for p in cached.telemetry_files()] == ["tele-202207.db"]
    writer.close()


def test_telemetry_stops_below_two_gigabytes(cached, keeper, monkeypatch):
    for free, room in ((STOP_FREE_BYTES - 1, False), (STOP_FREE_BYTES, True)):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: type("Usage", (), {"free": free})())
        assert keeper.has_room() is room


STEPS = {"telemetry": schema.TELEMETRY, "latest": schema.LATEST, "reference": schema.REFERENCE, "ops": schema.OPS}


def tables(db):
    return [r[0] for r in db.execute("select name from sqlite_master where type='table' and name not like 'sqlite_%'")]


def fill(db):
    """Put one row of plausible values into every table of whatever version this is."""
    before = {}
    for table in tables(db):
        columns = db.execute(f"pragma table_info({table})").fetchall()
        values = [{"INTEGER": 7, "REAL": 1.5}.get(kind, "x") for _, _, kind, *_ in columns]
        with transaction(db):
            db.execute(f"insert into {table}({','.join(c[1] for c in columns)}) values({','.join('?' * len(columns))})", values)
        before[table] = {c[1]: v for c, v in zip(columns, values, strict=True)}
    return before


@pytest.mark.parametrize(("name", "version"), [(n, v) for n, steps in STEPS.items() for v in range(1, len(steps) + 1)])
def test_a_file_of_every_earlier_version_keeps_its_rows(tmp_path, key, name, version):
    used = key if name == "ops" else None
    db = open_writer(tmp_path / "old.db", key=used)
    migrate(db, STEPS[name][:version], "old.db")
    before = fill(db)
    db.close()
    db = open_writer(tmp_path / "old.db", key=used)
    migrate(db, STEPS[name], "old.db")
    assert db.execute("pragma user_version").fetchone()[0] == len(STEPS[name])
    for table, row in before.items():
        found = db.execute(f"select {','.join(row)} from {table}").fetchall()
        assert found == [tuple(row.values())], table
    migrate(db, STEPS[name], "old.db")
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    db.close()


def test_one_reading_dated_years_ahead_makes_nothing_old(cached):
    writer = CacheWriter(cached)
    writer.note_link(last_now=repr(JULY + 86400.0))
    writer.apply(cols([(1, JULY + 20 * 365 * 86400, 1.0, 0, 1)]), "e.10")
    assert writer.days_held(JULY, 2**32), "looking makes no file"
    writer.close()
    assert len(cached.telemetry_files()) == 3
    assert rebuild.old_months(cached, JULY + 4 * 365 * 86400, 400) == []
