"""A bundle that is damaged, foreign, old or nonsense is refused, with the reason and the next step."""

from __future__ import annotations

import json
import os
import struct
import time
import zlib
from dataclasses import replace

import pytest

from console.errors import StoreError
from console.store.bundle import manifest as manifest_module
from console.store.bundle.container import FRAME, read_container
from console.store.bundle.manifest import OBS, OPS, RECORDS, Manifest, Part, manifest_from
from console.store.bundle.opening import OpenBundle, Unpacked, judge
from console.store.bundle.readings import ReadingsWriter, read_readings
from console.store.bundle.refusal import WORDS, BundleRefused
from console.store.bundle.writing import bundle_draft, seal_bundle
from console.store.cache_writer import CacheWriter
from tests.bundles import T, columns, device, down_bundle, introduce, refused, rows_of, take


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
