"""Errors as RFC 9457 problems with a stable code, and the limit on request bodies."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_client.errors import BackendError
from backend_client.identity import LoginFailed
from console.central.identity import LOCAL, Principal, TokenChecker, action_of
from console.central.postgres import StoreUnavailable
from console.domain.roles import allowed, conflicting

log = logging.getLogger(__name__)
BODY_LIMIT = 1024 * 1024
RETRY_AFTER_S = 2
TOKENS_SEEN = 4096
TITLES = {
    400: "bad request",
    401: "token required",
    403: "not allowed",
    404: "not found",
    405: "method not allowed",
    409: "conflict",
    410: "gone",
    413: "too large",
    422: "unprocessable",
    500: "fault in the service",
    507: "the service's disk is full",
    503: "not available now",
}


class Problem(Exception):
    """Raised by handlers; becomes a problem+json answer."""

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail


def problem_body(status: int, code: str, detail: str = "") -> dict[str, Any]:
    return {
        "type": f"urn:fcc:problem:{code}",
        "title": TITLES.get(status, "problem"),
        "status": status,
        "code": code,
        "detail": detail[:300],
    }


def _answer_later(code: str) -> JSONResponse:
    answer = _answer(503, code)
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _answer(status: int, code: str, detail: str = "") -> JSONResponse:
    return JSONResponse(problem_body(status, code, detail), status, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Map every failure of the app to a problem."""

    @app.exception_handler(Problem)
    async def _problem(_request: Request, exc: Problem) -> JSONResponse:
        return _answer(exc.status, exc.code, exc.detail)

    @app.exception_handler(StoreUnavailable)
    async def _no_store(_request: Request, _exc: StoreUnavailable) -> JSONResponse:
        return _answer_later("store-unavailable")

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, exc: RequestValidationError) -> JSONResponse:
        first = exc.errors()[0] if exc.errors() else {}
        where = ".".join(str(p) for p in first.get("loc", ()))
        return _answer(422, "invalid", f"{where}: {first.get('msg', '')}")

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, exc: HTTPException) -> JSONResponse:
        codes = {404: "not-found", 405: "method-not-allowed", 400: "bad-request"}
        return _answer(exc.status_code, codes.get(exc.status_code, "refused"))


class Gate:
    """ASGI middleware: token on every call, what its roles allow, bounded request bodies.

    checker: takes tokens of the site's identity provider beside this machine's own.
    audit: notes (subject, action, detail) of calls that a known person was not allowed.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str,
        limit: int = BODY_LIMIT,
        checker: TokenChecker | None = None,
        audit: Callable[[str, str, str], None] = lambda *_: None,
    ) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self._limit = limit
        self._checker = checker
        self._audit = audit
        self._seen: dict[bytes, None] = {}

    async def _principal(self, sent: bytes) -> Principal | tuple[int, str]:
        """Return who calls, or the refusal."""
        if hmac.compare_digest(sent, self._expected):
            return LOCAL
        if self._checker is None or not sent.startswith(b"Bearer "):
            return 401, "token-required"
        try:
            return await asyncio.to_thread(self._checker.check, sent[7:].decode("latin-1"))
        except LoginFailed as exc:
            log.warning("token refused: %s", exc.code)
            return 401, exc.code
        except BackendError as exc:
            log.warning("identity provider: %s", exc)
            return 503, "identity-unavailable"

    async def _permitted(self, scope: Scope, sent: bytes) -> tuple[int, str] | None:
        """Put the caller into the scope, or return the refusal."""
        found = await self._principal(sent)
        if not isinstance(found, Principal):
            return found
        scope["principal"] = found
        if found.local:
            return None
        await self._first_use(found, sent, scope)
        action = action_of(scope["method"], scope["path"])
        if action is not None and allowed(found.roles, action):
            return None
        code = "roles-conflict" if conflicting(found.roles) else "not-allowed"
        await asyncio.to_thread(self._audit, found.subject, f"refused.{action}", f"{code} {scope['path'][:120]}")
        return 403, code

    async def _first_use(self, found: Principal, sent: bytes, scope: Scope) -> None:
        """Note a token the first time it is used, with where from: that is who signed in."""
        mark = hashlib.sha256(sent).digest()
        if mark in self._seen:
            return
        self._seen[mark] = None
        while len(self._seen) > TOKENS_SEEN:
            del self._seen[next(iter(self._seen))]
        where = (scope.get("client") or ("?",))[0]
        await asyncio.to_thread(self._audit, found.subject, "token", f"{found.name} {','.join(found.roles)} {where}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refusal = await self._permitted(scope, headers.get(b"authorization", b""))
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._limit:
            await _refuse(send, 413, "too-large")
            return
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise Problem(413, "too-large")
            return message

        await self._app(scope, bounded, send)


async def _refuse(send: Send, status: int, code: str) -> None:
    body = json.dumps(problem_body(status, code)).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
