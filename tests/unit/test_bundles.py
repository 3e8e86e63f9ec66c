"""A bundle carries what the network would, to one receiver, and is refused with a reason otherwise."""

from __future__ import annotations

import argparse
import json
import os
import random
import struct
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from console import cli
from console.bundle_cli import import_bundle
from console.central.repository import Repository
from console.errors import StoreError
from console.paths import DataHome
from console.settings import Settings
from console.store.bundle import manifest as manifest_module
from console.store.bundle.container import FRAME, read_container
from console.store.bundle.manifest import OBS, OPS, RECORDS, Manifest, Part, manifest_from
from console.store.bundle.opening import OpenBundle, Unpacked, judge
from console.store.bundle.readings import ReadingsWriter, read_readings
from console.store.bundle.refusal import WORDS, BundleRefused
from console.store.bundle.writing import bundle_draft, seal_bundle
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter, seq_of
from console.store.ops import OpsStore
from console.store.secret_box import KeyBox
from console.sync.bundles import take_here
from tests.bundles import T, centre_store, columns, device, down_bundle, introduce, take
from tests.processes import make_key


@pytest.fixture
def pair(tmp_path):
    centre, laptop = device(tmp_path / "centre", "省中心"), device(tmp_path / "laptop", "外业一号")
    introduce(centre, laptop)
    yield centre, laptop
    centre.register.close()
    laptop.register.close()


@pytest.fixture
def repo(tmp_path):
    found = centre_store(tmp_path / "central.db")
    yield found
    found.close()


def rows_of(profile):
    reader = CacheReader(profile)
    try:
        return {
            (sid, t): None if v != v else v
            for sid, (ts, values, _) in reader.windows(0, 2**31).items()
            for t, v in zip(ts.tolist(), values.tolist(), strict=True)
        }
    finally:
        reader.close()


def refused(path, receiver, now=None):
    with pytest.raises(BundleRefused) as caught:
        take(path, receiver, now)
    assert caught.value.what and caught.value.next_step
    return caught.value.code


# --- readings -------------------------------------------------------------------------------
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
    assert reader.records("log") == [("r1", {"text": "水位上涨", "type": "note"})]
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
    repo = centre_store(tmp_path / "any.db", stations=2, times=30)
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


# --- refusals -------------------------------------------------------------------------------
def test_every_refusal_has_a_reason_and_a_next_step():
    assert all(len(what) > 4 and len(step) > 4 for what, step in WORDS.values())


def test_the_same_bundle_again_and_an_older_one_are_replays(pair, repo, tmp_path):
    centre, laptop = pair
    down_bundle(tmp_path / "old.fccx", repo, centre, laptop)
    down_bundle(tmp_path / "new.fccx", repo, centre, laptop)
    take(tmp_path / "new.fccx", laptop)
    assert refused(tmp_path / "new.fccx", laptop) == refused(tmp_path / "old.fccx", laptop) == "replayed"


def test_unknown_revoked_and_wrong_devices_are_told_apart(pair, repo, tmp_path):
    centre, laptop = pair
    stranger = device(tmp_path / "stranger", "来路不明")
    introduce(centre, stranger)
    down_bundle(tmp_path / "theirs.fccx", repo, centre, stranger)
    assert refused(tmp_path / "theirs.fccx", laptop) == "receiver"
    stranger.trust.add(laptop.identity.card)
    down_bundle(tmp_path / "foreign.fccx", repo, stranger, laptop)
    assert refused(tmp_path / "foreign.fccx", laptop) == "foreign"
    down_bundle(tmp_path / "ours.fccx", repo, centre, laptop)
    laptop.trust.revoke(centre.identity.card.device_id)
    assert refused(tmp_path / "ours.fccx", laptop) == "revoked"
    stranger.register.close()


def test_someone_who_signs_in_anothers_name_is_found_out(pair, repo, tmp_path):
    centre, laptop = pair
    thief = device(tmp_path / "thief", "冒名")
    introduce(thief, laptop)
    thief.identity = replace(thief.identity, card=centre.identity.card)
    down_bundle(tmp_path / "d.fccx", repo, thief, laptop)
    assert refused(tmp_path / "d.fccx", laptop) == "forged"
    thief.register.close()


def test_an_expired_bundle_stays_expired_on_a_laptop_whose_clock_is_behind(pair, repo, tmp_path):
    centre, laptop = pair
    header = down_bundle(tmp_path / "d.fccx", repo, centre, laptop, lifetime_s=3600.0)
    assert refused(tmp_path / "d.fccx", laptop, now=header.expires + 1) == "expired"
    from console.sync.bundles import known_now

    writer = CacheWriter(laptop.profile)
    writer.note_link(mode="live", last_now=repr(header.expires + 60))
    writer.close()
    assert known_now(laptop.profile) == header.expires + 60, "the centre's last word counts when the clock is behind it"
    assert refused(tmp_path / "d.fccx", laptop, now=known_now(laptop.profile)) == "expired"


def test_the_newest_bundle_taken_is_a_clock_as_well(pair, repo, tmp_path):
    centre, laptop = pair
    header = down_bundle(tmp_path / "d.fccx", repo, centre, laptop, lifetime_s=3600.0)
    laptop.register.took("X", "down", "elsewhere", 1, header.expires + 5, "b")
    assert refused(tmp_path / "d.fccx", laptop, now=header.created - 86400) == "expired"


def test_another_epoch_is_refused_unless_the_cache_is_empty(pair, repo, tmp_path):
    centre, laptop = pair
    down_bundle(tmp_path / "1.fccx", repo, centre, laptop)
    take(tmp_path / "1.fccx", laptop)
    before = rows_of(laptop.profile)
    repo.rewind(T + 3600)
    down_bundle(tmp_path / "2.fccx", repo, centre, laptop)
    assert refused(tmp_path / "2.fccx", laptop) == "epoch"
    assert rows_of(laptop.profile) == before
    writer = CacheWriter(laptop.profile)
    writer.forget()
    writer.close()
    assert take(tmp_path / "2.fccx", laptop).moved


def test_half_a_file_a_longer_file_and_no_bundle_at_all(pair, repo, tmp_path):
    centre, laptop = pair
    path = tmp_path / "d.fccx"
    down_bundle(path, repo, centre, laptop)
    whole = path.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 200, FRAME.size - 1):
        path.write_bytes(whole[:size])
        assert refused(path, laptop) == "cut"
    path.write_bytes(whole + b"\0")
    assert refused(path, laptop) == "damaged"
    for content in (b"", b"PK\3\4 something else"):
        path.write_bytes(content)
        assert refused(path, laptop) == "not-a-bundle"
    assert rows_of(laptop.profile) == {}


def test_a_newer_format_and_a_giant_are_refused_before_anything_is_read(pair, repo, tmp_path, monkeypatch):
    import hashlib

    centre, laptop = pair
    path = tmp_path / "d.fccx"
    down_bundle(path, repo, centre, laptop)
    data = bytearray(path.read_bytes())
    _, _, length, _ = FRAME.unpack(data[: FRAME.size])
    header = bytes(data[FRAME.size : FRAME.size + length])
    digest = hashlib.sha256(b"FCCX" + struct.pack(">HI", 2, length) + header).digest()
    data[: FRAME.size] = FRAME.pack(b"FCCX", 2, length, digest)
    path.write_bytes(data)
    assert refused(path, laptop) == "newer"
    with path.open("ab") as out:
        os.truncate(out.fileno(), 3 * 1024**3)  # sparse
    assert refused(path, laptop) == "too-large"


def test_three_hundred_flipped_bytes_are_all_detected(pair, repo, tmp_path):
    from tests.long.bundle_flips import flip_bundle

    centre, laptop = pair
    down_bundle(tmp_path / "d.fccx", repo, centre, laptop)
    codes = flip_bundle(tmp_path / "d.fccx", laptop.keeper(), 300, seed=3)
    assert sum(codes.values()) == 300 and "undetected" not in codes


def test_each_single_bit_of_header_and_signature_counts(pair, repo, tmp_path):
    centre, laptop = pair
    path = tmp_path / "d.fccx"
    down_bundle(path, repo, centre, laptop)
    whole = path.read_bytes()
    for position in range(read_container(path).body_at):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ (1 << position % 8)]) + whole[position + 1 :])
        with pytest.raises(BundleRefused):
            judge(path, laptop.keeper())


def test_a_changed_body_under_a_repaired_checksum_is_still_refused(pair, repo, tmp_path):
    """Someone without the issuer's key recomputes every plain checksum: the signature speaks."""
    import hashlib

    centre, laptop = pair
    path = tmp_path / "d.fccx"
    down_bundle(path, repo, centre, laptop)
    frame = read_container(path)
    data = path.read_bytes()
    body = bytearray(data[frame.body_at :])
    body[100] ^= 1
    header = replace(frame.header, body_sha256=hashlib.sha256(body).hexdigest()).to_json()
    digest = hashlib.sha256(b"FCCX" + struct.pack(">HI", 1, len(header)) + header).digest()
    path.write_bytes(FRAME.pack(b"FCCX", 1, len(header), digest) + header + frame.signature + body)
    assert refused(path, laptop) == "forged"


def test_names_that_climb_out_of_the_folder_are_no_names():
    for name in ("../../etc/passwd", "file/../x", "file/.hidden", "/abs", "file/a/b", "obs.parquet/..", "file/", "a\\b"):
        doc = json.loads(Manifest("s", "", "e", "", None, "", None, None, "all", 0.0, "", "").to_json())
        doc["parts"] = [{"name": name, "size": 1, "plain": 1, "sha256": "0" * 64}]
        with pytest.raises(BundleRefused) as caught:
            manifest_from(json.dumps(doc).encode())
        assert caught.value.code == "bad-content"


def test_a_part_that_inflates_beyond_what_it_said_is_stopped(tmp_path):
    bomb = zlib.compress(b"0" * 50_000_000)
    part = Part(RECORDS, len(bomb), 1000, "0" * 64)
    content = Unpacked(None, Manifest("s", "", "e", "", None, "", None, None, "all", 0.0, "", "", (part,)), {RECORDS: bomb}, {})
    with pytest.raises(BundleRefused) as caught:
        list(content.docs(RECORDS))
    assert caught.value.code == "too-large"
    assert manifest_module.PLAIN_MAX[RECORDS] <= 256 * 1024 * 1024
    with pytest.raises(BundleRefused):
        manifest_module._judge_parts((Part(RECORDS, 10, 10**12, "0" * 64),))


def test_readings_that_claim_too_many_rows_are_not_decoded(tmp_path, monkeypatch):
    writer = ReadingsWriter(tmp_path / "a.parquet")
    writer.add(columns([(1, T, 1.0, 0, 1)]))
    writer.close()
    monkeypatch.setattr("console.store.bundle.readings.ROWS_MAX", 0)
    with pytest.raises(BundleRefused) as caught:
        list(read_readings(tmp_path / "a.parquet"))
    assert caught.value.code == "too-large"
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no parquet PAR1")
    with pytest.raises(BundleRefused):
        list(read_readings(tmp_path / "b.parquet"))


def test_what_is_signed_but_nonsense_changes_nothing(pair, repo, tmp_path):
    centre, laptop = pair
    manifest = Manifest("live", "", repo.epoch, f"{repo.epoch[:12]}.5", 0, "", 0, None, "all", T, "live", "")
    with bundle_draft(tmp_path / "run") as draft:
        draft.add_readings([columns([(1, T, 1.0, 0, 1)])])
        draft.add_lines(RECORDS, [{"kind": "log", "id": "x"}])
        card = laptop.identity.card
        seal_bundle(tmp_path / "d.fccx", "down", draft, manifest, centre.identity, card, centre.register)
    assert refused(tmp_path / "d.fccx", laptop) == "bad-content"
    assert rows_of(laptop.profile) == {}


def test_an_import_that_was_interrupted_is_completed_by_the_next(pair, repo, tmp_path, monkeypatch):
    centre, laptop = pair
    down_bundle(tmp_path / "d.fccx", repo, centre, laptop)

    def killed(*_args, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(CacheWriter, "put_records", killed)
    with pytest.raises(KeyboardInterrupt):
        take(tmp_path / "d.fccx", laptop)
    monkeypatch.undo()
    taken = take(tmp_path / "d.fccx", laptop)
    assert len(rows_of(laptop.profile)) == taken.rows == 71
    assert not list(laptop.profile.run.glob("import-*"))


def test_entries_are_not_readable_in_the_file_or_left_beside_it(pair, tmp_path):
    centre, laptop = pair
    manifest = Manifest("live", "", "", "", None, "", None, None, "all", time.time(), "", "")
    with bundle_draft(tmp_path / "run") as draft:
        draft.add_lines(OPS, [{"id": "1", "body": {"text": "SECRET-WORDS 张三"}}])
        assert not [p for p in (tmp_path / "run").rglob("*") if p.is_file()]
        seal_bundle(tmp_path / "u.fccx", "up", draft, manifest, laptop.identity, centre.identity.card, laptop.register)
    assert b"SECRET-WORDS" not in (tmp_path / "u.fccx").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["u.fccx"]
    frame, issuer = judge(tmp_path / "u.fccx", centre.keeper())
    with (tmp_path / "u.fccx").open("rb") as file:
        content = OpenBundle(frame, centre.identity, file).unpack(tmp_path)
    assert issuer.card.name == "外业一号" and [d["body"]["text"] for d in content.docs(OPS)] == ["SECRET-WORDS 张三"]
    assert content.manifest.part(OBS) is None


def test_a_full_disk_at_export_leaves_no_half_bundle(pair, repo, tmp_path, monkeypatch):
    centre, laptop = pair

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("console.store.bundle.writing.write_container", full)
    with pytest.raises(StoreError) as caught:
        down_bundle(tmp_path / "d.fccx", repo, centre, laptop)
    assert "空间" in caught.value.next_step
    assert not [p for p in tmp_path.iterdir() if "fccx" in p.name]


# --- up and back ----------------------------------------------------------------------------
NAMES = {"c": "省中心", "l": "外业一号"}


def box_of(folder):
    folder.mkdir(exist_ok=True)
    return KeyBox(make_key(DataHome(folder)))


@pytest.fixture
def two_homes(tmp_path):
    """A centre that is switched off and a laptop, on the command line."""
    centre, laptop = (device(tmp_path / folder, name, box_of(tmp_path / folder)) for folder, name in NAMES.items())
    introduce(centre, laptop)
    for one in (centre, laptop):
        one.register.close()
    repo = centre_store(centre.home.central("live") / "central.db")
    repo.close()
    return centre.home, laptop.home


def command(home, *arguments):
    return cli.run(["--home", str(home.root), "--source", "live", *arguments])


def test_entries_reach_a_centre_that_is_switched_off_once_and_are_answered(two_homes, tmp_path, capsys):
    centre, laptop = two_homes
    store = OpsStore(laptop.profile("live").ops, make_key(laptop))
    store.add("log.entry", "log", {"type": "danger", "text": "管涌"}, "外业组")
    store.add("log.entry", "log", {"type": "nonsense", "text": "x"}, "外业组")
    out = [str(tmp_path / n) for n in ("1.fccx", "2.fccx", "r.fccx")]
    for name in out[:2]:
        assert command(laptop, "export", "bundle", "--kind", "up", "--to", "省中心", "--out", name) == 0
    assert store.waiting()[0] == 2
    settings = Settings(source="live")

    def taken(home, path, receipt=None):
        capsys.readouterr()
        options = argparse.Namespace(folder=Path(path), receipt=receipt and Path(receipt))
        import_bundle(options, home, settings)
        return capsys.readouterr().out

    assert "采纳 1，此前已有 0，冲突 0，拒绝 1" in taken(centre, out[0])
    assert "采纳 0，此前已有 2" in taken(centre, out[1], out[2]), "the keys make a double harmless"
    assert "2 条待上报内容得到答复" in taken(laptop, out[2])
    assert sorted((op.state, op.code) for op in store.recent()) == [("done", ""), ("rejected", "bad-type")]
    store.close()
    repo = Repository(centre.central("live") / "central.db", "embedded:live")
    assert [r[1]["text"] for r in repo.records("log")] == ["水位上涨", "管涌"]
    repo.close()


def test_an_up_bundle_is_for_the_centre_and_a_down_one_for_a_desk(two_homes, tmp_path):
    centre, laptop = two_homes
    store = OpsStore(laptop.profile("live").ops, make_key(laptop))
    store.add("log.entry", "log", {"type": "note", "text": "x"}, "外业组")
    store.close()
    path = tmp_path / "u.fccx"
    command(laptop, "export", "bundle", "--kind", "up", "--to", "省中心", "--out", str(path))
    with pytest.raises(BundleRefused) as caught:
        take_here(centre, centre.profile("live"), path)
    assert caught.value.code == "direction"


def test_a_bundle_is_shown_without_being_taken(two_homes, tmp_path, capsys):
    centre, laptop = two_homes
    path = tmp_path / "d.fccx"
    assert command(centre, "export", "bundle", "--to", "外业一号", "--out", str(path), "--valid-hours", "24") == 0
    capsys.readouterr()
    assert command(laptop, "bundle", "show", str(path)) == 0
    told = capsys.readouterr().out
    assert "下行" in told and "省中心" in told and "obs.parquet 71 行" in told
    assert command(centre, "bundle", "show", str(path)) == 0
    told = capsys.readouterr().out
    assert "obs.parquet" not in told, "the inside is for its receiver"
    assert not laptop.profile("live").latest.exists()


def test_what_cannot_be_exported_is_said(two_homes, tmp_path, capsys):
    centre, laptop = two_homes
    out = str(tmp_path / "x.fccx")
    assert command(centre, "export", "bundle", "--to", "没有这台", "--out", out) == 2
    assert "信任名单" in capsys.readouterr().err
    assert command(laptop, "export", "bundle", "--to", "省中心", "--out", out) == 2
    assert "还没有数据" in capsys.readouterr().err
    assert command(laptop, "export", "bundle", "--kind", "up", "--to", "省中心", "--out", out) == 2
    assert "没有待上报" in capsys.readouterr().err
    assert command(centre, "export", "bundle", "--to", "外业一号", "--out", out, "--since", "abc.1") == 2
    assert "游标" in capsys.readouterr().err
    assert not Path(out).exists()


def test_a_pack_takes_its_attachments_along(two_homes, tmp_path, words):
    from console.store.bundle.relay import export_cache

    centre, laptop = two_homes
    files = centre.profile("live").folder / "packs" / "field" / "files"
    files.mkdir(parents=True)
    (files / "plan-1").write_bytes(b"plan" * 1000)
    (files / "plan-1.etag").write_text("x")
    out = tmp_path / "d.fccx"
    assert command(centre, "export", "bundle", "--pack", "field", "--to", "外业一号", "--out", str(out)) == 0
    taken = take_here(laptop, laptop.profile("live"), out)
    assert taken.files == 1
    assert (laptop.profile("live").folder / "files" / "plan-1").read_bytes() == b"plan" * 1000
    with pytest.raises(StoreError):
        export_cache(laptop, "live", "A" * 32, tmp_path / "r.fccx", 3)
