"""The embedded central service: contract ``fcc-sync/1`` as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Header, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.middleware.gzip import GZipMiddleware

from console import __version__
from console.central.continuity import Continuity
from console.central.digests import DayDigests
from console.central.doorbell import Doorbell
from console.central.ops import OpBatch, apply_ops
from console.central.pages import PageCache
from console.central.player import Player
from console.central.problems import Gate, Problem, install
from console.central.repository import Repository
from console.central.scopes import Members, ScopeMap, UnknownScope
from console.central.sensorthings import add_sensorthings
from console.central.snapshots import columns, cursor, snapshot_file
from console.central.sources.host import SourcesHost
from console.central.topics import declared_topics
from console.central.uploads import Uploads, add_uploads
from console.central.watch import Watch
from console.domain.digests import day_number, day_text, day_window

PAGE_MAX = 20_000
SCANS = 20  # pages a scoped feed looks through for one answer
SCOPE_LIMIT = 600
BODIES = 64  # answers of objects kept
ROOM_LIMIT = 16 * 1024
KINDS = (
    "stations",
    "reservoirs",
    "basins",
    "reaches",
    "series",
    "events",
    "gates",
    "levees",
    "cameras",
    "retention_areas",
    "plans",
    "contacts",
    "teams",
    "stocks",
    "sources",
)


class RoomBody(BaseModel):
    doc: dict[str, Any]


class PlayerBody(BaseModel):
    action: str = Field(max_length=10)
    rate: float | None = None
    t: float | None = None


class Service:
    """What the handlers share; built once per process."""

    def __init__(
        self,
        repo: Repository,
        folder: Path,
        player: Player | None,
        bell: Doorbell | None = None,
        continuity: Continuity | None = None,
    ) -> None:
        self.repo = repo
        self.folder = folder
        self.bell = bell or Doorbell()
        self.pages = PageCache()
        self.watch = Watch(repo, self.bell, player, continuity)
        self.player = player
        self.scopes = ScopeMap(repo)
        self.digests = DayDigests(repo)
        self.host: SourcesHost | None = None  # reads foreign sources while the app lives
        self._bodies: dict[tuple[str, str], tuple[tuple[str, int], str, str]] = {}

    def hello(self) -> dict[str, Any]:
        repo, state = self.repo, self.player.state() if self.player else None
        return {
            "service": repo.service,
            "version": __version__,
            "mode": "replay" if state else "live",
            "epoch": repo.epoch,
            "schema": {"min": 1, "max": 1},
            "now": self.watch.now(),
            "clock": {
                "real": time.time(),
                "rate": state.rate if state else 1.0,
                "running": state.running if state else True,
            },
            "features": ["snapshot", "digest", "days", "rooms", "uploads"] + (["player"] if state else []),
            "page_max": PAGE_MAX,
            "floor": {"obs": repo.floor, "records": 0},  # records are never deleted
            "first": self.first_t(),
            "scopes": list(self.scopes.names()),
            "roles": ["duty"],
            "player": asdict(state) if state else None,
        }

    def first_t(self) -> int | None:
        """Return when the oldest day with readings begins, UTC s; None while there are none."""
        days = self.repo.days_after(0)
        return day_window(days[-1])[0] if days else None

    def members(self, scope: str) -> Members:
        """Return what a scope holds.

        Raises:
            Problem: 422, the scope is not offered.
        """
        try:
            return self.scopes.members(scope)
        except UnknownScope as exc:
            raise Problem(422, "unknown-scope", "hello lists the scopes of this service") from exc

    def objects(self, kind: str, members: Members) -> tuple[str, str]:
        """Return (body, etag) of a kind's objects; every console asks each round, so it is kept."""
        key, version = (kind, members.name), (self.repo.epoch, self.repo.objects_version())
        known = self._bodies.get(key)
        if known is None or known[0] != version:
            items = self.scopes.objects(kind, members)
            body = json.dumps({"epoch": version[0], "items": items}, ensure_ascii=False)
            if len(self._bodies) >= BODIES:
                self._bodies.clear()
            known = self._bodies[key] = (version, body, _etag(body))
        return known[1], known[2]

    def changes(self, after: int, limit: int, members: Members) -> tuple[list[tuple[Any, ...]], int, bool]:
        """Return (rows of the scope, next, more); next passes over rows of others too.

        An answer may be empty and have more: a console far behind must not scan for ever.
        """
        found: list[tuple[Any, ...]] = []
        upto, more = after, True
        for _ in range(SCANS if members.sids is not None else 1):
            rows, upto, more = self.repo.changes(upto, limit - len(found))
            found += members.rows(rows)
            if not more or len(found) >= limit:
                break
        return found, upto, more

    def seq_of(self, after: str) -> int:
        """Return the seq of a cursor.

        Raises:
            Problem: 410, the only resync signal: unknown, foreign, too new, or so old that a
                deletion since is forgotten.
        """
        if after in ("", "0"):
            return 0
        epoch, _, seq = after.partition(".")
        if epoch != self.repo.epoch[:12]:
            raise Problem(410, "epoch-changed")
        if not seq.isdigit() or not self.repo.floor <= int(seq) <= self.repo.seq:
            raise Problem(410, "cursor-expired")
        return int(seq)


def build_app(service: Service, token: str) -> FastAPI:
    """Return the ASGI app; its lifespan runs the watch."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.bell.attach(asyncio.get_running_loop())
        if service.host is not None:
            service.watch.live_sources = service.host.names
            service.host.start()
        task = asyncio.create_task(service.watch.run())
        task.add_done_callback(_die_with)
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        if service.host is not None:
            await asyncio.to_thread(service.host.stop)
        service.repo.close()

    app = FastAPI(title="fcc-sync", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=1)
    app.add_middleware(Gate, token=token)
    install(app)
    _reading(app, service)
    _feeds(app, service)
    _writing(app, service)
    add_uploads(app, Uploads(service.repo, service.folder))
    add_sensorthings(app, lambda: service.repo)
    return app


def _die_with(task: asyncio.Task[None]) -> None:
    """A dead watch must not leave a service that looks alive: end the process, it is restarted."""
    if not task.cancelled() and task.exception() is not None:
        raise SystemExit(1) from task.exception()


def _reading(app: FastAPI, service: Service) -> None:
    repo = service.repo

    @app.get("/v1/hello")
    def hello() -> dict[str, Any]:
        return service.hello()

    @app.get("/v1/objects/{kind}")
    def objects(kind: str, if_none_match: str = Header(""), scope: str = Query("all", max_length=SCOPE_LIMIT)) -> Response:
        if kind not in KINDS:
            raise Problem(404, "unknown-kind")
        return _tagged(*service.objects(kind, service.members(scope)), if_none_match)

    @app.get("/v1/sources")
    def sources(if_none_match: str = Header("")) -> Response:
        """Return the state of every foreign source; the same documents as objects of kind ``sources``."""
        return _tagged(*service.objects("sources", service.members("all")), if_none_match)

    @app.get("/v1/topics")
    def topics(if_none_match: str = Header("")) -> Response:
        body = json.dumps({"items": declared_topics()}, ensure_ascii=False)
        return _tagged(body, _etag(body), if_none_match)

    @app.get("/v1/obs/latest")
    def latest(scope: str = Query("all", max_length=SCOPE_LIMIT)) -> dict[str, Any]:
        members, seq = service.members(scope), repo.seq
        rows = members.rows(repo.latest())
        return {
            "epoch": repo.epoch,
            "next": cursor(repo.epoch, seq),
            "more": False,
            "asof": service.watch.now(),
            "count": len(rows),
            "cols": columns(rows),
        }

    @app.get("/v1/files/{file_id}")
    def files(file_id: str) -> Response:
        known = repo.file(file_id)
        if known is None or not re.fullmatch(r"[A-Za-z0-9._-]{1,80}", file_id):
            raise Problem(404, "not-found")
        name, media, sha256 = known
        headers = {"X-Content-Type-Options": "nosniff", "ETag": f'"{sha256}"', "Repr-Digest": f"sha-256=:{sha256}:"}
        return FileResponse(service.folder / "files" / sha256, media_type=media, filename=name, headers=headers)

    @app.get("/v1/events")
    async def events() -> StreamingResponse:
        return StreamingResponse(service.bell.stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _feeds(app: FastAPI, service: Service) -> None:
    repo = service.repo

    @app.get("/v1/feeds/{feed}/changes")
    def changes(
        feed: str,
        after: str = Query("", max_length=60),
        limit: int = Query(5000, ge=1, le=PAGE_MAX),
        scope: str = Query("all", max_length=SCOPE_LIMIT),
        accept_encoding: str = Header(""),
    ) -> Response:
        members = service.members(scope)
        seq = service.seq_of(after)
        # one answer serves a burst of consoles; a second later it would claim too old a moment
        key = (feed, seq, limit, scope, repo.epoch, repo.seq, int(service.watch.now()))
        return service.pages.answer(key, accept_encoding, lambda: page(feed, seq, limit, members))

    def page(feed: str, seq: int, limit: int, members: Members) -> dict[str, Any]:
        head = {"epoch": repo.epoch, "asof": service.watch.now()}
        if feed == "obs":
            rows, upto, more = service.changes(seq, limit, members)
            body = {"cols": columns(rows), "tomb": members.rows(repo.tombs(seq, upto))}
        elif feed == "records":
            rows, upto, more = repo.record_changes(seq, limit)
            names = ("kind", "id", "rev")
            cols: dict[str, Any] = {n: [r[i] for r in rows] for i, n in enumerate(names)}
            body = {"cols": cols | {"body": [json.loads(r[3]) for r in rows]}, "tomb": []}
        else:
            raise Problem(404, "unknown-feed")
        return head | body | {"next": cursor(repo.epoch, upto), "more": more, "count": len(rows)}

    @app.get("/v1/feeds/obs/snapshot")
    def snapshot(
        from_t: int = Query(alias="from"),
        to_t: int = Query(alias="to"),
        scope: str = Query("all", max_length=SCOPE_LIMIT),
        if_range: str = Header(""),
    ) -> Response:
        members = service.members(scope)
        _check_window(from_t, to_t)
        path, etag = snapshot_file(repo, service.folder / "snapshots", (from_t, to_t), members, if_range.strip('"'))
        return FileResponse(path, media_type="application/gzip", headers={"ETag": f'"{etag}"'})

    @app.get("/v1/feeds/obs/digest")
    def digest(
        day: str = Query(pattern=r"^\d{4}-\d{2}-\d{2}$"), scope: str = Query("all", max_length=SCOPE_LIMIT)
    ) -> dict[str, Any]:
        members = service.members(scope)
        try:
            touched, found = service.digests.of(day_number(day), members)
        except (ValueError, OverflowError) as exc:
            raise Problem(422, "invalid", "day") from exc
        mark = cursor(repo.epoch, touched)
        return {"epoch": repo.epoch, "day": day, "touched": mark, "scopes": {members.name: found.to_doc()}}

    @app.get("/v1/feeds/obs/days")
    def days(after: str = Query("", max_length=60)) -> dict[str, Any]:
        """List the Beijing days in which a reading came, changed or went after a cursor, newest first."""
        seq, now = service.seq_of(after), repo.seq
        found = [day_text(d) for d in repo.days_after(seq)]
        return {"epoch": repo.epoch, "next": cursor(repo.epoch, now), "days": found}


def _writing(app: FastAPI, service: Service) -> None:
    repo = service.repo

    @app.post("/v1/ops")
    def ops(batch: OpBatch) -> dict[str, Any]:
        answers = apply_ops(repo, batch.ops, service.watch.now())
        if any(a["status"] == "applied" for a in answers):
            service.bell.ring("changed", {"feed": "records", "seq": repo.seq})
        whole = True
        if batch.audit_head is not None:
            head, since = batch.audit_head, batch.audit_head.since
            whole = repo.note_head(head.device, head.n, head.hash, (since.n, since.hash) if since else None)
        return {"epoch": repo.epoch, "answers": answers, "audit_whole": whole}

    @app.get("/v1/rooms/{room}")
    def get_room(room: str) -> dict[str, Any]:
        known = repo.room(room)
        if known is None:
            raise Problem(404, "not-found")
        return {"room": room, "revision": known[0], "doc": known[1]}

    @app.put("/v1/rooms/{room}")
    def put_room(room: str, body: RoomBody) -> dict[str, Any]:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", room):
            raise Problem(422, "invalid", "room name")
        if len(json.dumps(body.doc)) > ROOM_LIMIT:
            raise Problem(413, "too-large")
        revision = repo.put_room(room, body.doc)
        service.bell.ring("situation", {"room": room, "revision": revision})
        return {"room": room, "revision": revision}

    @app.post("/v1/player")
    def player(body: PlayerBody, request: Request) -> JSONResponse:
        if service.player is None:
            raise Problem(404, "no-recording")
        try:
            service.watch.control(body.action, body.rate, body.t)
        except ValueError as exc:
            raise Problem(422, "invalid", str(exc)) from exc
        actor = request.client.host if request.client else "?"
        repo.audit(actor, f"player.{body.action}", f"rate={body.rate} t={body.t}")
        service.bell.ring("clock", {})
        return JSONResponse(asdict(service.player.state()) | {"epoch": repo.epoch})


def _check_window(from_t: int, to_t: int) -> None:
    if not 0 <= from_t <= to_t <= 4_102_444_800:
        raise Problem(422, "invalid", "window")


def _etag(body: str) -> str:
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def _tagged(body: str, etag: str, known: str) -> Response:
    if known == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type="application/json", headers={"ETag": etag})
