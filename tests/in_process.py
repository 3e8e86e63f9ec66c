"""A centre and a console in one process: the real service and the real pull, without a socket."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import httpx

from backend_client.central import Central
from backend_client.session import Session
from console.central.app import build_app
from console.central.repository import Repository
from console.central.service import Service
from console.central.store_core import SeriesKey
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter
from console.sync.pull import Puller
from console.topics import declared_topics

NOW = int(time.time()) // 3600 * 3600
HOUR, DAY = 3600, 86400


class InThisProcess(httpx.BaseTransport):
    """Carries requests to the service without a socket, and notes them; a test may spoil the answer."""

    def __init__(self, centre):
        self.centre = centre
        self.app = httpx.ASGITransport(centre.app)
        self.loop = asyncio.Runner()

    def handle_request(self, request):
        self.centre.asked.append(request.url.raw_path.decode())
        reply = self.loop.run(self.answer(request))
        return self.centre.spoil(request, reply) if self.centre.spoil else reply

    def close(self):
        self.loop.close()

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
        self.service = Service(self.repo, folder, None, topics=declared_topics())
        self.asked = []
        self.spoil = None
        self.now = float(NOW)
        self.service.watch.now = lambda: self.now
        self.app = build_app(self.service, "t")
        self.client = self.asking()

    def asking(self):
        """Return a client with a connection of its own."""
        session = Session("http://127.0.0.1:1", "t")
        session.http.close()
        session.http = httpx.Client(
            base_url="http://127.0.0.1:1", headers={"Authorization": "Bearer t"}, transport=InThisProcess(self), trust_env=False
        )
        client = Central(session)
        client.another = self.asking
        return client

    def readings(self, code, hours, value=20.0):
        """Store one reading an hour of the given hours before NOW."""
        self.repo.commit_rows([(self.sid[code], NOW - h * HOUR, value + h / 100, 0) for h in hours])

    def hello(self):
        return replace(self.client.hello(), real_t=self.now, now_t=self.now)

    def count(self, word):
        return sum(word in path for path in self.asked)


def thing(code, name, **props):
    return {"code": code, "version": 1, "geometry": None, "properties": {"name": name, **props}}


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
        self.puller.close()
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


def held(centre, *codes):
    sids = [centre.sid[c] for c in codes] if codes else None
    return {(r[0], r[1]): round(r[2], 4) for p in centre.repo.in_series_order(0, 2**32, 1000, sids) for r in p}
