"""How readings come down: nothing is lost while away, and only the bad day is fetched again."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import httpx
import numpy as np
import pytest

from backend_client.central import snapshot_pages
from backend_client.errors import BackendRefused, WireFormatError
from console.domain.digests import day_of, day_window
from console.store.cache_writer import CacheWriter, month_of
from console.store.sqlite import transaction
from console.sync.pull import SchemaMismatch
from tests.in_process import DAY, HOUR, NOW, Console, held, thing


def test_a_cold_start_shows_the_latest_first_and_ends_with_everything(centre, console):
    more = console.round(centre)
    paths = [p.split("?")[0].rsplit("/", 1)[1] for p in centre.asked if "obs" in p]
    assert paths[:3] == ["days", "latest", "snapshot"] and "changes" in paths
    assert more and console.reader.latest() and console.writer.cursor("obs"), "live before the past is complete"
    console.pull(centre)
    assert console.rows() == held(centre)
    assert console.round(centre) is False


def test_a_correction_to_an_older_day_made_while_away_arrives(centre, console):
    console.pull(centre)
    old, gone, late = NOW - 72 * HOUR, NOW - 80 * HOUR, NOW - 300 * HOUR
    centre.repo.commit_rows([(centre.sid["S1"], old, 99.5, 2)])
    centre.repo.delete_row(centre.sid["S2"], gone)
    centre.repo.commit_rows([(centre.sid["S3"], late, 7.0, 0)])
    centre.repo.commit_rows([(centre.sid["S1"], NOW + HOUR, 30.0, 0), (centre.sid["S1"], NOW + 2 * HOUR, 31.0, 0)])
    centre.now += 2 * HOUR
    centre.asked.clear()
    console.pull(centre)
    assert centre.count("/snapshot") >= 2 and "days?after" in " ".join(centre.asked), "it jumped"
    rows = console.rows()
    assert rows == held(centre)
    assert rows[(centre.sid["S1"], old)] == 99.5 and (centre.sid["S2"], gone) not in rows
    assert rows[(centre.sid["S3"], late)] == 7.0


def test_a_short_absence_is_the_feed_alone(centre, console):
    console.pull(centre)
    centre.repo.commit_rows([(centre.sid["S1"], NOW + 600, 30.0, 0)])
    centre.now += 1200
    centre.asked.clear()
    console.round(centre)
    assert centre.count("/changes?") >= 1 and console.rows() == held(centre)


def test_killed_between_jump_and_repair_the_old_correction_still_arrives(centre, console, monkeypatch):
    console.pull(centre)
    centre.repo.commit_rows([(centre.sid["S1"], NOW - 72 * HOUR, 99.5, 2)])
    centre.now += 3 * HOUR
    console.round(centre)
    assert any(w.kind == "day" for w in console.writer.progress.wanted()) or console.rows() == held(centre)
    console.again()
    console.pull(centre)
    assert console.rows() == held(centre)


def test_only_the_day_that_differs_is_fetched_again(centre, console):
    console.pull(centre)
    bad = NOW - 100 * HOUR
    with transaction(console.writer._months[month_of(bad)]) as _:
        console.writer._months[month_of(bad)].execute("update obs set value=1 where sid=1 and t=?", (bad,))
        console.writer._months[month_of(bad)].execute("insert into obs values(1,?,5,0,1)", (bad + 60,))
    console.writer.progress.recheck()
    centre.asked.clear()
    for _ in range(12):
        console.round(centre)
    start, end = day_window(day_of(bad))
    wanted = [p for p in centre.asked if "/snapshot" in p]
    assert len(wanted) == 1 and f"from={start}&to={end}" in wanted[0], wanted
    assert centre.count("/digest") >= 7
    assert console.rows() == held(centre)


def test_a_snapshot_that_breaks_off_changes_nothing_of_the_day(centre, console):
    console.pull(centre)
    before = console.rows()
    start, end = day_window(day_of(NOW - 100 * HOUR))

    def pages():
        yield (np.array([1]), np.array([start]), np.array([0.0]), np.array([0]), np.array([1]))
        raise WireFormatError("snapshot ended early")

    with pytest.raises(WireFormatError):
        console.writer.replace(start, end, pages())
    assert console.rows() == before


def test_a_scope_brings_its_own_objects_and_readings_and_its_feed_passes_over_the_rest(centre, profile):
    console = Console(profile, "basin:北江")
    console.pull(centre)
    assert console.rows() == held(centre, "S1", "S2")
    assert {o["code"] for o in console.reader.objects("stations")} == {"S1", "S2"}
    cursor = console.writer.cursor("obs")
    centre.readings("S3", range(50), 40.0)
    console.round(centre)
    assert console.rows() == held(centre, "S1", "S2") and console.writer.cursor("obs") != cursor
    console.stop()


def test_a_wider_scope_fetches_the_added_part_and_a_narrower_one_drops_the_rest(centre, profile):
    console = Console(profile, "basin:北江")
    console.pull(centre)
    centre.asked.clear()
    console.again("basin:东江,basin:北江")
    console.pull(centre)
    assert console.rows() == held(centre)
    parts = [p for p in centre.asked if "/snapshot" in p]
    assert parts and all("%E5%8C%97" not in p for p in parts), "only the added part was fetched"
    console.again("basin:东江")
    console.pull(centre)
    assert console.rows() == held(centre, "S3") and {r[0] for r in console.reader.latest()} == {centre.sid["S3"]}
    console.again("all")
    console.pull(centre)
    assert console.rows() == held(centre)
    console.stop()


def test_killed_while_a_scope_is_dropped_it_is_dropped_after_the_next_start(centre, profile, monkeypatch):
    console = Console(profile, "all")
    console.pull(centre)
    console.again("basin:东江")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(console.writer, "drop_series", killed)
    with pytest.raises(KeyboardInterrupt):
        console.round(centre)
    assert console.writer.link()["scope_done"] == "" and len(console.rows()) == len(held(centre))
    console.again()
    console.pull(centre)
    assert console.rows() == held(centre, "S3")
    console.stop()


def test_a_station_that_moves_out_of_the_scope_leaves_and_one_that_moves_in_brings_its_history(centre, profile):
    console = Console(profile, "basin:北江")
    console.pull(centre)
    centre.repo.put_objects("stations", [thing("S2", "石角", river="东江"), thing("S3", "博罗", rain_basin="B1")])
    for _ in range(25):
        console.round(centre)
    closed = {k: v for k, v in held(centre, "S1", "S3").items() if k[1] < day_window(day_of(NOW - HOUR))[0]}
    assert closed.items() <= console.rows().items()
    assert not [k for k in console.rows() if k[0] == centre.sid["S2"]]
    assert {o["code"] for o in console.reader.objects("stations")} == {"S1", "S3"}
    console.stop()


def test_a_snapshot_kept_by_the_centre_is_not_served_to_a_scope_that_has_a_new_member(centre, profile):
    console, window = Console(profile, "basin:北江"), (NOW - 48 * HOUR, NOW - 24 * HOUR)
    console.pull(centre)
    parts = []
    for name in ("before.gz", "after.gz"):
        file = profile.run / name
        centre.client.snapshot(*window, file, "basin:北江")
        parts.append({sid for page in snapshot_pages(file) if "cols" in page for sid in page["cols"]["series"]})
        centre.repo.put_objects("stations", [thing("S3", "博罗", rain_basin="B1")])
    assert parts[1] - parts[0] == {centre.sid["S3"]}
    console.stop()


def test_an_unknown_scope_is_refused_with_its_code(centre, profile):
    console = Console(profile, "basin:长江")
    with pytest.raises(BackendRefused) as caught:
        console.round(centre)
    assert caught.value.code == "unknown-scope"
    console.stop()


def test_what_is_not_fetched_yet_is_known_and_told_from_what_the_source_misses(centre, console):
    assert console.reader.holes("S1", NOW - DAY, NOW) == [(NOW - DAY, NOW)], "an empty cache knows nothing"
    console.round(centre)
    holes = console.reader.holes("S1", NOW - 5 * DAY, NOW)
    assert holes == [(NOW - 5 * DAY, NOW - 15 * HOUR - 1)], "6 h and 15 h are here, the rest is not"
    console.pull(centre)
    assert console.reader.holes("S1", NOW - 5 * DAY, NOW) == []
    assert console.reader.holes("S1", NOW, NOW + 3 * HOUR) == [(NOW + 1, NOW + 3 * HOUR)], "away: what came since is not known"
    centre.now += 3 * HOUR
    console.round(centre)
    assert console.reader.holes("S1", NOW, NOW + 3 * HOUR) == []


def test_a_part_that_was_added_to_the_scope_is_a_hole_until_it_is_fetched(centre, profile):
    console = Console(profile, "basin:北江")
    console.pull(centre)
    console.again("basin:北江,basin:东江")
    console.round(centre)
    assert console.reader.holes("S1", NOW - 5 * DAY, NOW) == []
    assert console.reader.holes("S3", NOW - 5 * DAY, NOW - 2 * DAY) == [(NOW - 5 * DAY, NOW - 2 * DAY)]
    console.pull(centre)
    assert console.reader.holes("S3", NOW - 5 * DAY, NOW) == []
    console.stop()


@pytest.mark.parametrize(
    ("low", "high", "fits"), [(1, 1, True), (1, 2, True), (0, 1, True), (2, 3, False), (0, 0, False), (2, 1, False)]
)
def test_a_centre_one_version_ahead_or_behind_is_understood(centre, console, low, high, fits):
    hello = replace(centre.hello(), schema_min=low, schema_max=high)
    if fits:
        console.puller.greet(hello)
    else:
        with pytest.raises(SchemaMismatch):
            console.puller.greet(hello)


def test_fields_of_a_newer_centre_are_kept_and_break_nothing(centre, console):
    centre.repo.put_objects("stations", [thing("S1", "飞来峡", rain_basin="B1", novel={"deep": [1, None]})])
    centre.repo.put_records([("log", "r1", {"type": "note", "text": "x", "novel": "保留"})])

    def widen(request, reply):
        if not request.url.path.endswith(("/changes", "/latest")) or "records" in request.url.path:
            return reply
        raw = b"".join(reply.stream)
        doc = json.loads(gzip.decompress(raw) if reply.headers.get("content-encoding") == "gzip" else raw)
        doc["cols"]["novel"] = ["?"] * doc["count"]
        return httpx.Response(200, json={**doc, "novel": 1})

    centre.spoil = widen
    console.pull(centre)
    assert console.rows() == held(centre)
    assert next(o for o in console.reader.objects("stations") if o["code"] == "S1")["properties"]["novel"] == {
        "deep": [1, None]
    }
    assert console.reader.records("log")[0][1]["novel"] == "保留"


def test_years_without_readings_cost_no_request():
    from console.sync.windows import all_windows

    long_ago = day_of(NOW) - 4000
    windows = all_windows("first", "all", float(NOW), [long_ago, *range(day_of(NOW) - 3, day_of(NOW) + 1)])
    assert len(windows) < 9 and windows[0].kind == "first" and windows[-1].from_t == 0
    spans = sorted((w.from_t, w.to_t) for w in windows)
    assert all(a[1] + 1 == b[0] for a, b in zip(spans, spans[1:], strict=False)), "together they leave nothing out"


def test_a_cache_of_the_version_before_counts_as_fetched_whole(profile):
    from console.store import schema
    from console.store.sqlite import migrate, open_writer

    db = open_writer(profile.latest)
    migrate(db, schema.LATEST[:1], "latest.db")
    db.execute("insert into feed values('obs','abc.9')")
    db.close()
    writer = CacheWriter(profile)
    assert writer.progress.coverage("all") == [(0, 4102444800)]
    writer.close()


def test_what_retention_took_is_a_hole_again_and_is_not_wanted(centre, console):
    console.pull(centre)
    console.writer.progress.dropped_before(NOW - 3 * DAY)
    console.writer.progress.recheck()
    for _ in range(6):
        assert console.round(centre) is False
    assert console.reader.holes("S1", NOW - 5 * DAY, NOW) == [(NOW - 5 * DAY, NOW - 3 * DAY - 1)], (
        "a comparison does not bring it back"
    )
