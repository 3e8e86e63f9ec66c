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
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Header, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.middleware.gzip import GZipMiddleware

from console import __version__
from console.central.doorbell import Doorbell
from console.central.identity import LOCAL, Principal, TokenChecker
from console.central.ops import OpBatch, apply_ops
from console.central.player import Player
from console.central.problems import Gate, Problem, install
from console.central.repository import Repository
from console.central.shape import wire_size
from console.central.snapshots import columns, cursor, day_digest, snapshot_file
from console.central.topics import declared_topics
from console.central.watch import Watch
from console.domain.time import BEIJING

PAGE_MAX = 20_000
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
)


class RoomBody(BaseModel):
    doc: dict[str, Any]


class PlayerBody(BaseModel):
    action: str = Field(max_length=10)
    rate: float | None = None
    t: float | None = None


class Service:
    """What the handlers share; built once per process."""

    def __init__(self, repo: Repository, folder: Path, player: Player | None) -> None:
        self.repo = repo
        self.folder = folder
        self.bell = Doorbell()
        self.watch = Watch(repo, self.bell, player)
        self.player = player

    def hello(self, roles: tuple[str, ...] = LOCAL.roles) -> dict[str, Any]:
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
            "features": ["snapshot", "digest", "rooms"] + (["player"] if state else []),
            "page_max": PAGE_MAX,
            "floor": {"obs": 0, "records": 0},
            "scopes": ["all"],
            "roles": list(roles),
            "player": asdict(state) if state else None,
        }

    def seq_of(self, after: str) -> int:
        """Return the seq of a cursor.

        Raises:
            Problem: 410, the only resync signal: unknown, foreign or too new a cursor.
        """
        if after in ("", "0"):
            return 0
        epoch, _, seq = after.partition(".")
        if epoch != self.repo.epoch[:12]:
            raise Problem(410, "epoch-changed")
        if not seq.isdigit() or int(seq) > self.repo.seq:
            raise Problem(410, "cursor-expired")
        return int(seq)


def build_app(service: Service, token: str, checker: TokenChecker | None = None) -> FastAPI:
    """Return the ASGI app; its lifespan runs the watch."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.bell.attach(asyncio.get_running_loop())
        task = asyncio.create_task(service.watch.run())
        task.add_done_callback(_die_with)
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        service.repo.close()

    app = FastAPI(title="fcc-sync", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=1)
    app.add_middleware(Gate, token=token, checker=checker, audit=service.repo.audit)
    install(app)
    _reading(app, service)
    _feeds(app, service)
    _writing(app, service)
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
    def objects(kind: str, if_none_match: str = Header("")) -> Response:
        if kind not in KINDS:
            raise Problem(404, "unknown-kind")
        body = json.dumps({"epoch": repo.epoch, "items": repo.objects(kind)}, ensure_ascii=False)
        return _tagged(body, if_none_match)

    @app.get("/v1/topics")
    def topics(if_none_match: str = Header("")) -> Response:
        return _tagged(json.dumps({"items": declared_topics()}, ensure_ascii=False), if_none_match)

    @app.get("/v1/obs/latest")
    def latest(scope: str = Query("all", max_length=60)) -> dict[str, Any]:
        _check_scope(scope)
        rows = repo.latest()
        return {
            "epoch": repo.epoch,
            "next": cursor(repo.epoch, repo.seq),
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
        headers = {"ETag": f'"{sha256}"', "Repr-Digest": f"sha-256=:{sha256}:"}
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
        scope: str = Query("all", max_length=60),
    ) -> dict[str, Any]:
        _check_scope(scope)
        seq = service.seq_of(after)
        head = {"epoch": repo.epoch, "asof": service.watch.now()}
        if feed == "obs":
            rows, upto, more = repo.changes(seq, limit)
            body = {"cols": columns(rows), "tomb": repo.tombs(seq, upto)}
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
        scope: str = Query("all", max_length=60),
    ) -> Response:
        _check_scope(scope)
        _check_window(from_t, to_t)
        path, etag = snapshot_file(repo, service.folder / "snapshots", from_t, to_t)
        return FileResponse(path, media_type="application/gzip", headers={"ETag": f'"{etag}"'})

    @app.get("/v1/feeds/obs/digest")
    def digest(day: str = Query(pattern=r"^\d{4}-\d{2}-\d{2}$")) -> dict[str, Any]:
        try:
            start = int(datetime.fromisoformat(day).replace(tzinfo=BEIJING).timestamp())
        except (ValueError, OverflowError) as exc:
            raise Problem(422, "invalid", "day") from exc
        return {"epoch": repo.epoch, "day": day, "scopes": {"all": day_digest(repo, start, start + 86399)}}


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
        return {"epoch": repo.epoch, "answers": answers}

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


def _check_scope(scope: str) -> None:
    if scope != "all":
        raise Problem(422, "unknown-scope", "this service offers the scope 'all'")


def _check_window(from_t: int, to_t: int) -> None:
    if not 0 <= from_t <= to_t <= 4_102_444_800:
        raise Problem(422, "invalid", "window")


def _tagged(body: str, known: str) -> Response:
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    if known == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type="application/json", headers={"ETag": etag})
