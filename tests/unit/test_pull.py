"""How readings come down: nothing is lost while away, only the bad day is fetched again, holes are known."""

from __future__ import annotations

import asyncio
import time

import httpx
import numpy as np
import pytest

from backend_client.central import Central
from backend_client.errors import BackendRefused, WireFormatError
from backend_client.session import Session
from console.central.app import Service, build_app
from console.central.repository import Repository, SeriesKey
from console.domain.digests import day_of, day_window
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter
from console.store.sqlite import transaction
from console.sync.pull import Puller

NOW = int(time.time()) // 3600 * 3600
HOUR, DAY = 3600, 86400


class InThisProcess(httpx.BaseTransport):
    """Carries requests to the service without a socket, and notes them; a test may spoil the answer."""

    def __init__(self, centre):
        self.centre = centre
        self.app = httpx.ASGITransport(build_app(centre.service, "t"))

    def handle_request(self, request):
        self.centre.asked.append(request.url.raw_path.decode())
        reply = asyncio.run(self.answer(request))
        return self.centre.spoil(request, reply) if self.centre.spoil else reply

    async def answer(self, request):
        sent = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        reply = await self.app.handle_async_request(sent)
        return httpx.Response(reply.status_code, headers=reply.headers, stream=Raw([p async for p in reply.stream]))


class Raw(httpx.SyncByteStream):
    def __init__(self, parts):
        self.parts = parts

    def __iter__(self):
        yield from self.parts


class Centre:
    """The real service in this process, asked through the real client; its hour can be told."""

    def __init__(self, folder):
        self.repo = Repository(folder / "central.db", "centre")
        self.repo.put_objects("basins", [thing("B1", "北江流域")])
        self.repo.put_objects(
            "stations",
            [
                thing("S1", "飞来峡", city="清远", rain_basin="B1"),
                thing("S2", "石角", city="清远", rain_basin="B1"),
                thing("S3", "博罗", city="惠州", river="东江"),
            ],
        )
        self.sid = {c: self.repo.ensure_series(SeriesKey(c, "Z", "m")) for c in ("S1", "S2", "S3")}
        self.service = Service(self.repo, folder, None)
        self.asked = []
        self.spoil = None
        self.now = float(NOW)
        self.service.watch.now = lambda: self.now
        session = Session("http://127.0.0.1", "t")
        session.http.close()
        session.http = httpx.Client(
            base_url="http://centre", headers={"Authorization": "Bearer t"}, transport=InThisProcess(self), trust_env=False
        )
        self.client = Central(session)

    def readings(self, code, hours, value=20.0):
        """Store one reading an hour of the given hours before NOW."""
        self.repo.commit_rows([(self.sid[code], NOW - h * HOUR, value + h / 100, 0) for h in hours])

    def hello(self):
        from dataclasses import replace

        return replace(self.client.hello(), real_t=self.now, now_t=self.now)

    def count(self, word):
        return sum(word in path for path in self.asked)


def thing(code, name, **props):
    return {"code": code, "version": 1, "geometry": None, "properties": {"name": name, **props}}


@pytest.fixture
def centre(tmp_path):
    (tmp_path / "c").mkdir()
    found = Centre(tmp_path / "c")
    for code in found.sid:
        found.readings(code, range(24 * 9))
    yield found
    found.client.session.close()
    found.repo.close()


class Console:
    def __init__(self, profile, scope="all"):
        self.profile, self.scope = profile, scope
        self.told = []
        self.start()

    def start(self):
        self.writer = CacheWriter(self.profile)
        self.puller = Puller(self.writer, lambda kind, doc: self.told.append((kind, doc)), self.profile.run, self.scope)
        self.reader = CacheReader(self.profile)

    def stop(self):
        self.reader.close()
        self.writer.close()

    def again(self, scope=None):
        self.stop()
        self.scope = scope or self.scope
        self.start()

    def round(self, centre):
        hello = centre.hello()
        self.puller.greet(hello)
        return self.puller.round(centre.client, hello)

    def pull(self, centre):
        """Do rounds until nothing is waiting."""
        while self.round(centre):
            pass

    def rows(self):
        found = self.reader.windows(0, 2**32)
        return {
            (s, t): v
            for s, c in found.items()
            for t, v in zip(c[0].tolist(), [round(x, 4) for x in c[1].tolist()], strict=True)
        }


@pytest.fixture
def console(profile):
    found = Console(profile)
    yield found
    found.stop()


def held(centre, *codes):
    sids = [centre.sid[c] for c in codes] if codes else None
    return {(r[0], r[1]): round(r[2], 4) for p in centre.repo.in_series_order(0, 2**32, 1000, sids) for r in p}


def test_a_cold_start_shows_the_latest_first_and_ends_with_everything(centre, console):
    more = console.round(centre)
    paths = [p.split("?")[0].rsplit("/", 1)[1] for p in centre.asked if "obs" in p]
    assert paths == ["days", "latest", "snapshot", "changes", "snapshot"]
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
    with transaction(console.writer._months[month(bad)]) as _:
        console.writer._months[month(bad)].execute("update obs set value=1 where sid=1 and t=?", (bad,))
        console.writer._months[month(bad)].execute("insert into obs values(1,?,5,0,1)", (bad + 60,))
    console.writer.progress.recheck()
    centre.asked.clear()
    for _ in range(12):
        console.round(centre)
    start, end = day_window(day_of(bad))
    wanted = [p for p in centre.asked if "/snapshot" in p]
    assert len(wanted) == 1 and f"from={start}&to={end}" in wanted[0], wanted
    assert centre.count("/digest") >= 7
    assert console.rows() == held(centre)


def month(t):
    from console.store.cache_writer import month_of

    return month_of(t)


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


def test_an_unknown_scope_is_refused_with_its_code(centre, profile):
    console = Console(profile, "basin:长江")
    with pytest.raises(BackendRefused) as caught:
        console.round(centre)
    assert caught.value.code == "unknown-scope"
    console.stop()
