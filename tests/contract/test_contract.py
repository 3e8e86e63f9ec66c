"""Contract fcc-sync/1, checked from outside by URL; any central service must pass this."""

from __future__ import annotations

import gzip
import json
import time
import uuid

import httpx
import pytest
from uuid6 import uuid7


def op(kind="log.entry", body=None, **more):
    return {
        "id": str(uuid7()),
        "kind": kind,
        "body": body or {"type": "note", "text": "巡堤"},
        "author": "张三",
        "at": time.time(),
        **more,
    }


def problem(reply, status, code=None):
    assert reply.status_code == status
    assert reply.headers["content-type"].startswith("application/problem+json")
    doc = reply.json()
    assert {"type", "title", "status", "code"} <= set(doc) and doc["status"] == status
    assert code is None or doc["code"] == code


def test_hello_says_who_when_and_what(http):
    doc = http.get("/v1/hello").json()
    assert {"service", "mode", "epoch", "schema", "now", "features", "page_max", "floor", "scopes", "roles"} <= set(doc)
    assert doc["schema"]["min"] <= 1 <= doc["schema"]["max"] and doc["mode"] in ("live", "drill", "replay")


def test_nothing_is_answered_without_the_token(service):
    for token in ("", "Bearer wrong", "Basic eDp5"):
        reply = httpx.get(service[0] + "/v1/hello", headers={"Authorization": token} if token else {}, trust_env=False)
        problem(reply, 401, "token-required")


@pytest.mark.parametrize("kind", ["stations", "reservoirs", "basins", "reaches", "series", "events"])
def test_objects_carry_an_etag_and_answer_304(http, kind):
    first = http.get(f"/v1/objects/{kind}")
    assert first.status_code == 200 and isinstance(first.json()["items"], list)
    again = http.get(f"/v1/objects/{kind}", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content


def test_stations_have_position_and_properties(http):
    for doc in http.get("/v1/objects/stations").json()["items"]:
        assert doc["code"] and doc["version"] >= 1 and doc["properties"]["name"]
        assert doc["geometry"] is None or doc["geometry"]["type"] == "Point"


def test_topics_are_declared(http):
    items = http.get("/v1/topics").json()["items"]
    assert {"rain", "river", "reservoir"} <= {t["code"] for t in items}


def test_the_state_of_every_foreign_source_is_served_and_described(http):
    reply = http.get("/v1/sources")
    assert reply.json()["items"] == http.get("/v1/objects/sources").json()["items"]
    assert http.get("/v1/sources", headers={"If-None-Match": reply.headers["etag"]}).status_code == 304
    assert "/v1/sources" in http.get("/openapi.json").json()["paths"]


def columns(doc):
    lengths = {len(doc["cols"][k]) for k in ("series", "t", "value", "quality", "rev")}
    assert lengths == {doc["count"]}
    return list(zip(*(doc["cols"][k] for k in ("series", "t", "value", "quality", "rev")), strict=True))


def test_latest_has_one_value_a_series(http):
    rows = columns(http.get("/v1/obs/latest").json())
    assert rows and len({r[0] for r in rows}) == len(rows)
    assert all(isinstance(t, int) for _, t, *_ in rows)


def test_changes_page_through_everything_once_in_commit_order(http):
    cursor, seen = "", {}
    while True:
        doc = http.get("/v1/feeds/obs/changes", params={"after": cursor, "limit": 500}).json()
        for sid, t, value, quality, rev in columns(doc):
            assert seen.get((sid, t), 0) < rev
            seen[(sid, t)] = rev
        assert doc["next"] != cursor or not doc["more"]
        cursor = doc["next"]
        if not doc["more"]:
            break
    latest = columns(http.get("/v1/obs/latest").json())
    assert {(s, t) for s, t, *_ in latest} <= set(seen) | {
        (s, t) for s, t, *_ in columns(http.get("/v1/feeds/obs/changes", params={"after": cursor}).json())
    }


@pytest.mark.parametrize("cursor", ["nonsense", "ffffffffffff.3", "x.y", "1"])
def test_a_foreign_cursor_is_410_and_nothing_else(http, cursor):
    problem(http.get("/v1/feeds/obs/changes", params={"after": cursor}), 410)


def test_a_cursor_ahead_of_the_feed_is_410(http):
    epoch = http.get("/v1/hello").json()["epoch"]
    problem(http.get("/v1/feeds/obs/changes", params={"after": f"{epoch[:12]}.999999999"}), 410, "cursor-expired")


def snapshot(http, **headers):
    return http.get(
        "/v1/feeds/obs/snapshot", params={"from": 0, "to": 1655860000}, headers={"Accept-Encoding": "identity", **headers}
    )


def test_a_snapshot_is_in_series_order_and_ends_with_its_end(http):
    lines = [json.loads(line) for line in gzip.decompress(snapshot(http).content).decode().splitlines()]
    assert {"epoch", "seq", "next"} <= set(lines[0]) and lines[-1] == {"end": True}
    rows = [r for page in lines[1:-1] for r in zip(page["cols"]["series"], page["cols"]["t"], strict=True)]
    assert rows == sorted(rows) and len(rows) > 1000


def test_a_snapshot_resumes_by_range_only_while_it_is_the_same(http):
    whole = snapshot(http)
    part = snapshot(http, Range="bytes=1000-", **{"If-Range": whole.headers["etag"]})
    if part.status_code == 206:
        assert whole.content[:1000] + part.content == whole.content
    else:
        assert part.status_code == 200, "the recording moved on: another snapshot, from its start"
    other = snapshot(http, Range="bytes=1000-", **{"If-Range": '"stale"'})
    assert other.status_code == 200


def test_the_digest_of_a_day_is_stable(http):
    first = http.get("/v1/feeds/obs/digest", params={"day": "2022-06-15"}).json()["scopes"]["all"]
    assert first == http.get("/v1/feeds/obs/digest", params={"day": "2022-06-15"}).json()["scopes"]["all"]
    assert first["count"] > 100 and len(first["xor"]) == 16


def a_part(http):
    """Return a scope that is not the whole, with its series."""
    part = next((s for s in http.get("/v1/hello").json()["scopes"] if s != "all"), None)
    if part is None:
        pytest.skip("this service offers no scope but all")
    return part, {d["properties"]["sid"] for d in http.get("/v1/objects/series", params={"scope": part}).json()["items"]}


def test_a_scope_holds_a_part_of_the_objects_and_only_their_readings(http):
    part, sids = a_part(http)
    every = {d["properties"]["sid"] for d in http.get("/v1/objects/series").json()["items"]}
    assert sids < every
    assert {r[0] for r in columns(http.get("/v1/obs/latest", params={"scope": part}).json())} <= sids
    cursor, more = "", True
    while more:
        doc = http.get("/v1/feeds/obs/changes", params={"after": cursor, "limit": 500, "scope": part}).json()
        assert {r[0] for r in columns(doc)} <= sids and (doc["next"] != cursor or not doc["more"])
        cursor, more = doc["next"], doc["more"]
    seq = int(http.get("/v1/feeds/obs/changes", params={"after": cursor}).json()["next"].rpartition(".")[2])
    assert seq >= int(cursor.rpartition(".")[2]) > 0, "the cursor passes over the rows of others"


def test_digests_of_all_scopes_and_of_a_union_agree_with_the_snapshot(http):
    from console.domain.digests import Digest, digests_by_series

    part, _ = a_part(http)
    for scope in ("all", part):
        text = gzip.decompress(
            http.get("/v1/feeds/obs/snapshot", params={"from": 1655222400, "to": 1655308799, "scope": scope}).content
        ).decode()
        rows = [
            r for line in text.splitlines() if '"cols"' in line for r in zip(*json.loads(line)["cols"].values(), strict=True)
        ]
        total = Digest()
        for one in digests_by_series(rows).values():
            total = total.plus(one)
        doc = http.get("/v1/feeds/obs/digest", params={"day": "2022-06-15", "scope": scope}).json()
        assert doc["scopes"] == {scope: total.to_doc()} and doc["touched"].startswith(doc["epoch"][:12])


def test_the_days_after_a_cursor_are_those_in_which_something_changed(http):
    first = http.get("/v1/feeds/obs/days").json()
    assert "2022-06-15" in first["days"] and first["days"] == sorted(first["days"], reverse=True)
    later = http.get("/v1/feeds/obs/days", params={"after": first["next"]}).json()
    assert set(later["days"]) < set(first["days"])
    problem(http.get("/v1/feeds/obs/days", params={"after": "ffffffffffff.3"}), 410, "epoch-changed")


def test_a_kept_snapshot_is_gone_on_with_though_the_feed_went_on(http):
    whole = snapshot(http)
    http.post("/v1/ops", json={"ops": [op()]})
    part = snapshot(http, Range="bytes=1000-", **{"If-Range": whole.headers["etag"]})
    assert part.status_code == 206 and whole.content[:1000] + part.content == whole.content


@pytest.mark.parametrize(
    "call",
    [
        "obs/latest?",
        "feeds/obs/changes?",
        "feeds/obs/snapshot?from=0&to=9&",
        "objects/stations?",
        "feeds/obs/digest?day=2022-06-15&",
    ],
)
def test_an_unknown_scope_is_422_everywhere(http, call):
    problem(http.get(f"/v1/{call}scope=basin:none"), 422, "unknown-scope")


def test_an_op_is_applied_once_and_its_answer_kept(http):
    entry = op()
    first = http.post("/v1/ops", json={"ops": [entry]}).json()["answers"][0]
    again = http.post("/v1/ops", json={"ops": [entry]}).json()["answers"][0]
    assert (first["status"], again["status"], again["first"]["status"]) == ("applied", "duplicate", "applied")


def test_the_same_key_with_another_body_is_422(http):
    entry = op()
    http.post("/v1/ops", json={"ops": [entry]})
    problem(http.post("/v1/ops", json={"ops": [{**entry, "body": {"type": "note", "text": "另一条"}}]}), 422, "key-reused")


def test_one_refused_op_holds_nobody_up(http):
    good, bad, ack = op(), op(body={"type": "note", "text": ""}), op("alarm.ack", {"alarm_id": "warning:X:1", "note": ""})
    answers = {a["id"]: a for a in http.post("/v1/ops", json={"ops": [good, bad, op("no.such"), ack]}).json()["answers"]}
    assert answers[good["id"]]["status"] == answers[ack["id"]]["status"] == "applied"
    assert (answers[bad["id"]]["status"], answers[bad["id"]]["code"]) == ("rejected", "text-missing")


def test_what_was_pushed_comes_down_the_records_feed(http):
    entry = op(body={"type": "danger", "text": "<b>管涌</b> 桩号 3+200"})
    http.post("/v1/ops", json={"ops": [entry]})
    doc = http.get("/v1/feeds/records/changes", params={"limit": 20000}).json()
    bodies = dict(zip(doc["cols"]["id"], doc["cols"]["body"], strict=True))
    assert bodies[entry["id"]]["text"] == "<b>管涌</b> 桩号 3+200" and bodies[entry["id"]]["author"] == "张三"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"ops": []}',
        b'{"ops": [{}]}',
        json.dumps({"ops": [{"id": "x"}] * 101}).encode(),
        b'{"ops":' + b"[" * 3000,
    ],
)
def test_bad_bodies_are_problems(http, body):
    reply = http.post("/v1/ops", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (400, 422)
    problem(reply, reply.status_code)


def test_a_body_too_large_is_413(http):
    problem(http.post("/v1/ops", content=b" " * (2 * 1024 * 1024)), 413, "too-large")
    slow = http.post("/v1/ops", content=(b" " * 65536 for _ in range(64)))
    assert slow.status_code in (400, 413, 422)


def test_rooms_hold_the_whole_state_and_count_revisions(http):
    room = f"t{uuid.uuid4().hex[:8]}"
    problem(http.get(f"/v1/rooms/{room}"), 404)
    first = http.put(f"/v1/rooms/{room}", json={"doc": {"a": 1}}).json()["revision"]
    second = http.put(f"/v1/rooms/{room}", json={"doc": {"b": 2}}).json()["revision"]
    doc = http.get(f"/v1/rooms/{room}").json()
    assert (second, doc["revision"], doc["doc"]) == (first + 1, second, {"b": 2})
    problem(http.put("/v1/rooms/bad name", json={"doc": {}}), 422)
    problem(http.put(f"/v1/rooms/{room}", json={"doc": {"x": "y" * 20000}}), 413)


def test_the_doorbell_rings_for_a_room(http):
    room = f"t{uuid.uuid4().hex[:8]}"
    with http.stream("GET", "/v1/events", headers={"Accept": "text/event-stream"}) as stream:
        lines = stream.iter_lines()
        next(lines)
        http.put(f"/v1/rooms/{room}", json={"doc": {}})
        heard = next(line for line in lines if line.startswith("data:") and room in line)
        assert json.loads(heard[5:])["revision"] == 1


def test_files_come_with_a_checksum_and_in_ranges(http):
    reply = http.get("/v1/files/method-beijiang-2022-06")
    if reply.status_code == 404:
        pytest.skip("this service keeps no method statement")
    assert "重建" in reply.text and reply.headers["etag"]
    part = http.get("/v1/files/method-beijiang-2022-06", headers={"Range": "bytes=0-9"})
    assert part.status_code == 206 and reply.content.startswith(part.content)
    for name in ("../central.db", "no-such", "%2e%2e%2fcentral.db"):
        assert http.get(f"/v1/files/{name}").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/objects/none", 404),
        ("/v1/feeds/none/changes", 404),
        ("/nothing", 404),
        ("/v1/feeds/obs/changes?limit=0", 422),
        ("/v1/feeds/obs/changes?limit=x", 422),
        ("/v1/feeds/obs/snapshot?from=9&to=1", 422),
        ("/v1/feeds/obs/digest?day=2022-99-99", 422),
        ("/v1/obs/latest?scope=basin:none", 422),
    ],
)
def test_bad_requests_are_problems_with_a_code(http, path, status):
    problem(http.get(path), status)


def test_the_service_describes_itself_in_openapi(http):
    doc = http.get("/openapi.json").json()
    assert doc["openapi"].startswith("3.1")
    assert {"/v1/hello", "/v1/ops", "/v1/feeds/{feed}/changes", "/v1/rooms/{room}", "/v1/events"} <= set(doc["paths"])


def test_a_recording_can_be_paused_stepped_and_refuses_nonsense(http):
    state = http.get("/v1/hello").json()["player"]
    if not state:
        pytest.skip("not a recording")
    paused = http.post("/v1/player", json={"action": "pause"}).json()
    assert not paused["running"]
    stepped = http.post("/v1/player", json={"action": "step"}).json()
    assert stepped["now_t"] == pytest.approx(paused["now_t"] + 3600)
    for bad in ({"action": "rate", "rate": 0}, {"action": "seek", "t": 1}, {"action": "fly"}, {"action": "rate", "rate": 1e9}):
        problem(http.post("/v1/player", json=bad), 422)
