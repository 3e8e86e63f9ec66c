"""The embedded central service: contract ``fcc-sync/1`` as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Header, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.middleware.gzip import GZipMiddleware

from console.central.identity import Principal, TokenChecker
from console.central.ops import OpBatch, apply_ops
from console.central.problems import Gate, Problem, install
from console.central.scopes import Members
from console.central.sensorthings import add_sensorthings
from console.central.service import KINDS, PAGE_MAX, Service, etag_of
from console.central.shape import wire_size
from console.central.snapshots import columns, cursor, snapshot_file
from console.central.uploads import Uploads, add_uploads
from console.domain.digests import day_number, day_text

SCOPE_LIMIT = 600
ROOM_LIMIT = 16 * 1024


class RoomBody(BaseModel):
    doc: dict[str, Any]


class PlayerBody(BaseModel):
    action: str = Field(max_length=10)
    rate: float | None = None
    t: float | None = None


def build_app(service: Service, token: str, checker: TokenChecker | None = None) -> FastAPI:
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
    app.add_middleware(Gate, token=token, checker=checker, audit=service.repo.audit)
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
    def hello(request: Request) -> dict[str, Any]:
        return service.hello(_caller(request).roles)

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
        body = json.dumps({"items": [asdict(t) for t in service.topics]}, ensure_ascii=False)
        return _tagged(body, etag_of(body), if_none_match)

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
    def ops(batch: OpBatch, request: Request) -> dict[str, Any]:
        caller = _caller(request)
        own = [op for op in batch.ops if caller.may_sign(op.author)]
        answers = apply_ops(repo, own, service.watch.now())
        for op in batch.ops:
            if not caller.may_sign(op.author):
                repo.audit(caller.subject, "refused.author", f"{op.id} {op.author}")
                answers.append({"id": op.id, "status": "rejected", "code": "author-mismatch"})
        if any(a["status"] == "applied" for a in answers):
            service.bell.ring("changed", {"feed": "records", "seq": repo.seq})
            if any(op.kind == "reading.correct" for op in own):
                service.bell.ring("changed", {"feed": "obs", "seq": repo.seq})
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
    def put_room(room: str, body: RoomBody, request: Request) -> dict[str, Any]:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", room):
            raise Problem(422, "invalid", "room name")
        try:
            size = wire_size(body.doc)
        except ValueError as exc:
            raise Problem(422, "invalid", str(exc)) from exc
        if size > ROOM_LIMIT:
            raise Problem(413, "too-large")
        revision = repo.put_room(room, body.doc)
        repo.audit(_caller(request).subject, "room.put", f"{room} revision={revision}")
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
        repo.audit(_caller(request).subject, f"player.{body.action}", f"rate={body.rate} t={body.t}")
        service.bell.ring("clock", {})
        return JSONResponse(asdict(service.player.state()) | {"epoch": repo.epoch})

    @app.get("/v1/audit")
    def audit(after: int = Query(0, ge=0), limit: int = Query(1000, ge=1, le=PAGE_MAX)) -> dict[str, Any]:
        names = ("n", "at", "actor", "action", "detail")
        return {"items": [dict(zip(names, row, strict=True)) for row in repo.audit_rows(after, limit)]}


def _caller(request: Request) -> Principal:
    found: Principal = request.scope["principal"]  # Gate put it there
    return found


def _check_window(from_t: int, to_t: int) -> None:
    if not 0 <= from_t <= to_t <= 4_102_444_800:
        raise Problem(422, "invalid", "window")


def _tagged(body: str, etag: str, known: str) -> Response:
    if known == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type="application/json", headers={"ETag": etag})
