"""A snapshot that is cut, damaged, endless or overtaken by the feed leaves the cache right."""

from __future__ import annotations

import time

import httpx
import pytest

from backend_client.errors import BackendUnavailable, ResyncRequired, WireFormatError
from tests.in_process import HOUR, NOW, held


def cut(after, times=1):
    """Let a snapshot's answer end in the middle, as a broken line does."""
    left = [times]

    def spoil(request, reply):
        if "/snapshot" not in request.url.path or not left[0]:
            return reply
        left[0] -= 1

        class Cut(httpx.SyncByteStream):
            def __iter__(self):
                yield b"".join(reply.stream)[:after]
                raise httpx.ReadError("cut")

        return httpx.Response(reply.status_code, headers=reply.headers, stream=Cut())

    return spoil


def ranges(centre, spoil=None):
    found = []

    def note(request, reply):
        if "/snapshot" in request.url.path:
            found.append((request.headers.get("range"), reply.status_code))
        return spoil(request, reply) if spoil else reply

    centre.spoil = note
    return found


def test_a_cut_snapshot_goes_on_after_a_restart_though_the_feed_went_on_meanwhile(centre, console):
    found = ranges(centre, cut(60))
    with pytest.raises(BackendUnavailable):
        console.round(centre)
    centre.repo.commit_rows([(centre.sid["S1"], NOW + 60, 33.0, 0)])
    centre.repo.delete_row(centre.sid["S2"], NOW - 2 * HOUR)
    console.again()
    console.pull(centre)
    assert found[:2] == [(None, 200), ("bytes=60-", 206)]
    assert console.rows() == held(centre), "what changed after the snapshot came with the feed"


def test_half_a_body_and_then_another_snapshot_starts_anew(centre, console, tmp_path):
    found = ranges(centre, cut(60))
    with pytest.raises(BackendUnavailable):
        console.round(centre)
    for old in (tmp_path / "c" / "snapshots").glob("*.gz"):
        old.unlink()
    centre.repo.commit_rows([(centre.sid["S1"], NOW + 60, 33.0, 0)])
    console.pull(centre)
    assert found[:2] == [(None, 200), ("bytes=60-", 200)]
    assert console.rows() == held(centre)


def test_a_damaged_snapshot_is_dropped_and_fetched_whole(centre, console):
    def flip(request, reply):
        if "/snapshot" not in request.url.path:
            return reply
        centre.spoil = None
        body = bytearray(b"".join(reply.stream))
        body[-6] ^= 1
        return httpx.Response(200, headers=reply.headers, content=bytes(body))

    centre.spoil = flip
    with pytest.raises(WireFormatError):
        console.round(centre)
    console.pull(centre)
    assert console.rows() == held(centre)


def test_a_snapshot_without_end_is_refused_by_its_size(centre, console, monkeypatch):
    monkeypatch.setattr("backend_client.central.SNAPSHOT_LIMIT", 100)
    with pytest.raises(WireFormatError, match="over 100 bytes"):
        console.round(centre)
    assert not list(console.profile.run.glob("snap-*.gz"))


def test_live_readings_do_not_wait_for_a_long_window_and_a_deletion_meanwhile_stays_deleted(centre, console, monkeypatch):
    monkeypatch.setattr("console.sync.backfill.LIVE_EVERY_S", 0.0)
    console.round(centre)
    line = console.writer.progress.wanted()
    assert line and line[0].kind == "fill"
    gone = line[0].to_t - 5 * HOUR
    gone -= gone % HOUR

    def meanwhile(request, reply):
        if "/snapshot" in request.url.path:
            centre.spoil = None
            centre.repo.delete_row(centre.sid["S1"], gone)
            centre.repo.commit_rows([(centre.sid["S2"], NOW + 120, 44.0, 0)])
        return reply

    centre.spoil = meanwhile
    console.puller._backfill.step(centre.client, centre.hello())
    assert (centre.sid["S2"], NOW + 120) in console.rows(), "it came during the window"
    console.pull(centre)
    assert console.rows() == held(centre)


def test_a_cursor_older_than_the_remembered_deletions_is_the_one_resync(centre, console):
    console.pull(centre)
    centre.repo.delete_row(centre.sid["S1"], NOW - 2 * HOUR)
    centre.repo.prune_tombs(int(time.time()) + 1)
    assert centre.client.session.get_json("/v1/hello")["floor"]["obs"] == centre.repo.seq
    with pytest.raises(ResyncRequired) as caught:
        console.round(centre)
    assert caught.value.code == "cursor-expired"
    console.puller.forget()
    console.pull(centre)
    assert console.rows() == held(centre)


def test_a_reading_that_comes_again_after_its_deletion_is_kept(centre, console):
    console.pull(centre)
    centre.repo.delete_row(centre.sid["S1"], NOW)
    centre.repo.commit_rows([(centre.sid["S1"], NOW, 50.0, 0)])
    console.round(centre)
    assert console.rows() == held(centre) and console.rows()[(centre.sid["S1"], NOW)] == 50.0
