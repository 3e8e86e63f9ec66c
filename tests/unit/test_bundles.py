"""A bundle carries what the network would, to one receiver: readings bit by bit, cursors, deletions."""

from __future__ import annotations

import random

import numpy as np
import pytest

from console.store.bundle.container import read_container
from console.store.bundle.manifest import RECORDS
from console.store.bundle.readings import ReadingsWriter, read_readings
from console.store.bundle.writing import bundle_draft, seal_bundle
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter, seq_of
from tests.bundles import T, centre_store, columns, device, down_bundle, introduce, refused, rows_of, take


def test_every_float_comes_back_bit_by_bit(tmp_path):
    odd = [
        None,
        -1.5,
        -0.0,
        0.0,
        1e-3,
        0.0005,
        1e300,
        -1e300,
        5e-324,
        0.1 + 0.2,
        35.97,
        -12.345,
        2**30 / 1000,
        1e15,
        123456.789,
    ]
    random.seed(1)
    odd += [random.uniform(-1e6, 1e6) for _ in range(200)] + [round(random.gauss(20, 3), 2) for _ in range(200)]
    rows = [(7 if i % 2 else 9, T + i * 61, v, i % 4, i + 1) for i, v in enumerate(odd)]
    rows.sort(key=lambda r: (r[0], r[1]))
    writer = ReadingsWriter(tmp_path / "a.parquet")
    writer.add(columns(rows))
    writer.close()
    pages = list(read_readings(tmp_path / "a.parquet", page=100))
    back = [np.concatenate(c) for c in zip(*pages, strict=True)]
    for given, found in zip(columns(rows), back, strict=True):
        assert given.tobytes() == found.tobytes() or (given.dtype == float and same_floats(given, found))
    assert max(len(p[0]) for p in pages) <= 100


def same_floats(a, b):
    return (np.isnan(a) == np.isnan(b)).all() and a[~np.isnan(a)].tobytes() == b[~np.isnan(b)].tobytes()


def test_a_day_of_stations_costs_ten_bits_a_reading(tmp_path):
    """The short form of the 2.88 M rows of ``tests bench bundle``: 100,000 rows, 1.4 bytes each at most."""
    from tests.bench.bundle import day_of_readings

    writer = ReadingsWriter(tmp_path / "a.parquet")
    for page in day_of_readings(series=348):
        writer.add(page)
    writer.close()
    assert writer.rows >= 100_000
    assert (tmp_path / "a.parquet").stat().st_size / writer.rows <= 1.4


# --- round trip -----------------------------------------------------------------------------
def test_a_laptop_has_after_the_bundle_what_the_centre_has(pair, repo, tmp_path):
    centre, laptop = pair
    down_bundle(tmp_path / "d.fccx", repo, centre, laptop)
    taken = take(tmp_path / "d.fccx", laptop)
    held = {(r[0], r[1]): r[2] for page in repo.in_series_order(0, 2**31, 1000) for r in page}
    assert rows_of(laptop.profile) == held and None in held.values() and len(held) == 3 * 24 - 1
    assert taken.moved and taken.rows == len(held) and taken.issuer == "省中心"
    reader = CacheReader(laptop.profile)
    assert [d["code"] for d in reader.objects("stations")] == ["S0", "S1", "S2"]
    assert reader.records("log") == repo.records("log") and reader.records("log")[0][1]["text"] == "水位上涨"
    assert reader.link()["epoch"] == repo.epoch and float(reader.link()["last_now"]) == T + 86400
    reader.close()
    writer = CacheWriter(laptop.profile)
    assert writer.cursor("obs") == writer.cursor("records") == f"{repo.epoch[:12]}.{repo.seq}"
    writer.close()


def test_the_next_bundle_brings_only_what_changed_and_the_deletions(pair, repo, tmp_path):
    centre, laptop = pair
    down_bundle(tmp_path / "1.fccx", repo, centre, laptop)
    take(tmp_path / "1.fccx", laptop)
    since = repo.seq
    repo.commit_rows([(1, T, 99.0, 1)])
    repo.delete_row(2, T)
    down_bundle(tmp_path / "2.fccx", repo, centre, laptop, since=since)
    taken = take(tmp_path / "2.fccx", laptop)
    held = rows_of(laptop.profile)
    assert taken.rows == 1 and taken.moved and held[1, T] == 99.0 and (2, T) not in held


def test_a_window_fills_rows_and_leaves_the_feed_where_it_was(pair, repo, tmp_path):
    centre, laptop = pair
    down_bundle(tmp_path / "d.fccx", repo, centre, laptop, days=0.25)
    taken = take(tmp_path / "d.fccx", laptop)
    assert taken.rows == 18 and not taken.moved
    writer = CacheWriter(laptop.profile)
    assert writer.cursor("obs") == "", "the next connection starts with everything"
    writer.close()


def test_a_bundle_with_a_gap_before_it_does_not_move_the_feed(pair, repo, tmp_path):
    centre, laptop = pair
    down_bundle(tmp_path / "1.fccx", repo, centre, laptop)
    take(tmp_path / "1.fccx", laptop)
    repo.commit_rows([(1, T, 50.0, 0)])
    since = repo.seq
    repo.commit_rows([(1, T + 3600, 51.0, 0)])
    down_bundle(tmp_path / "2.fccx", repo, centre, laptop, since=since)
    assert not take(tmp_path / "2.fccx", laptop).moved
    assert rows_of(laptop.profile)[1, T + 3600] == 51.0


def test_an_older_reading_in_a_bundle_never_overwrites_a_newer_revision(pair, repo, tmp_path):
    centre, laptop = pair
    down_bundle(tmp_path / "d.fccx", repo, centre, laptop)
    writer = CacheWriter(laptop.profile)
    writer.note_link(epoch=repo.epoch)
    writer.apply(columns([(1, T, 77.0, 0, 9)]), f"{repo.epoch[:12]}.{repo.seq + 5}")
    writer.close()
    assert not take(tmp_path / "d.fccx", laptop).moved
    assert rows_of(laptop.profile)[1, T] == 77.0


def test_a_laptop_passes_its_whole_cache_on_to_the_next(pair, repo, tmp_path):
    from console.store.bundle.cache_source import CacheSource
    from console.store.bundle.manifest import OBJECTS

    centre, laptop = pair
    third = device(tmp_path / "third", "外业二号")
    introduce(laptop, third)
    down_bundle(tmp_path / "d.fccx", repo, centre, laptop)
    take(tmp_path / "d.fccx", laptop)
    source = CacheSource(laptop.profile, "live")
    window = source.window_of(None)
    with bundle_draft(tmp_path / "run") as draft:
        draft.add_readings(source.readings(window))
        draft.add_lines(RECORDS, source.records())
        draft.add_lines(OBJECTS, source.objects())
        card = third.identity.card
        seal_bundle(tmp_path / "r.fccx", "down", draft, source.manifest(window), laptop.identity, card, laptop.register)
    assert refused(tmp_path / "d.fccx", third) == "foreign", "the first file itself is for the first laptop"
    assert take(tmp_path / "r.fccx", third).moved
    assert rows_of(third.profile) == rows_of(laptop.profile)
    third.register.close()


def test_a_deleted_reading_does_not_come_back_with_an_older_bundle(pair, repo, tmp_path):
    centre, laptop = pair
    down_bundle(tmp_path / "old.fccx", repo, centre, laptop)
    writer = CacheWriter(laptop.profile)
    writer.note_link(epoch=repo.epoch)
    follow(repo, writer)
    repo.delete_row(2, T + 3600)
    follow(repo, writer)
    writer.close()
    taken = take(tmp_path / "old.fccx", laptop)
    assert (2, T + 3600) not in rows_of(laptop.profile) and taken.rows == 0 and not taken.moved


def test_a_reading_that_was_deleted_and_came_again_is_in_the_bundle(pair, repo, tmp_path):
    centre, laptop = pair
    repo.commit_rows([(1, T + 3600 * 7, 88.0, 0)])
    down_bundle(tmp_path / "d.fccx", repo, centre, laptop)
    take(tmp_path / "d.fccx", laptop)
    assert rows_of(laptop.profile)[1, T + 3600 * 7] == 88.0


def follow(repo, writer):
    """Pull the feed to its end, as the network does."""
    more = True
    while more:
        after = seq_of(writer.cursor("obs")) if writer.cursor("obs") else 0
        rows, upto, more = repo.changes(after, 40)
        page = columns([r[:5] for r in rows]) if rows else tuple(np.empty(0, k) for k in (int, int, float, int, int))
        writer.apply(page, f"{repo.epoch[:12]}.{upto}", repo.tombs(after, upto))


@pytest.mark.parametrize("seed", (0, 2, 4, 7))
def test_bundles_and_network_in_any_order_end_with_what_the_centre_has(pair, tmp_path, seed):
    """Readings, corrections and deletions; whole, windowed and incremental bundles, some taken late."""
    rng = random.Random(seed)
    centre, laptop = pair
    repo = centre_store(tmp_path / "any.db", stations=3, times=30)
    kept = []
    for step in range(10):
        hour = rng.randrange(200)
        repo.commit_rows([(rng.randrange(1, 4), T + 3600 * (hour + k), round(rng.gauss(20, 2), 2), 0) for k in range(4)])
        held = {(r[0], r[1]) for page in repo.in_series_order(0, 2**31, 1000) for r in page}
        gone = rng.choice(sorted(held))
        if rng.random() < 0.5 and gone not in {(s, t) for s, t, _ in repo.tombs(0, repo.seq)}:
            repo.delete_row(*gone)
        choice = rng.choice(["whole", "window", "since", "network"])
        if choice == "network":
            writer = CacheWriter(laptop.profile)
            writer.note_link(epoch=repo.epoch)
            follow(repo, writer)
            writer.close()
            continue
        path = tmp_path / f"{step}.fccx"
        more = {"window": {"days": rng.choice([0.5, 3])}, "since": {"since": rng.randrange(repo.seq + 1)}}.get(choice, {})
        down_bundle(path, repo, centre, laptop, **more)
        kept.append(path)
        if rng.random() < 0.6:
            take(kept.pop(rng.randrange(len(kept))) if rng.random() < 0.3 else kept.pop(), laptop)
            kept = [
                p
                for p in kept
                if read_container(p).header.number > laptop.register.highest(centre.identity.card.device_id, "down", "centre")
            ]
    writer = CacheWriter(laptop.profile)
    writer.note_link(epoch=repo.epoch)
    follow(repo, writer)
    writer.close()
    assert rows_of(laptop.profile) == {(r[0], r[1]): r[2] for page in repo.in_series_order(0, 2**31, 1000) for r in page}
    repo.close()
