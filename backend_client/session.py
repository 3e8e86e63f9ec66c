"""One HTTP session with the central service: token, time-outs, size limits, error mapping."""

from __future__ import annotations

import json
import math
import ssl
from collections.abc import Generator, Mapping
from typing import Any, Protocol

import httpx

from backend_client.bounded import read_bounded
from backend_client.errors import (
    BackendRefused,
    BackendUnavailable,
    ResyncRequired,
    WireFormatError,
)
from backend_client.tls import tls_fault, verify_for

TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=20.0, pool=5.0)
BODY_LIMIT = 64 * 1024 * 1024
RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504, 507})


class Credentials(Protocol):
    """Who we are to the centre, renewed when it is time; used by several threads."""

    def bearer(self) -> str:
        """Return a token that is good now.

        Raises:
            BackendError: nobody is signed in, or the provider cannot be reached.
        """

    def renewed(self, refused: str) -> str:
        """Return another token than the one that the centre refused.

        Raises:
            BackendError: there is none.
        """


class _Signed(httpx.Auth):
    """Puts the current token on every request; a refused one is renewed once."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._credentials.bearer()
        request.headers["Authorization"] = f"Bearer {token}"
        reply = yield request
        if reply.status_code == 401:
            request.headers["Authorization"] = f"Bearer {self._credentials.renewed(token)}"
            yield request


class Session:
    """Used by one thread. Proxies of the environment are never taken (trust_env off).

    Raises:
        Untrusted: the address is neither https nor this machine's own.
    """

    def __init__(
        self, base_url: str, token: str | Credentials, *, tls: ssl.SSLContext | None = None, timeout: httpx.Timeout = TIMEOUT
    ) -> None:
        self.base_url = base_url
        self.token = token
        self._tls = tls
        fixed = {"Authorization": f"Bearer {token}"} if isinstance(token, str) else {}
        self.http = httpx.Client(
            base_url=base_url,
            headers=fixed | {"Accept-Encoding": "gzip"},
            auth=None if isinstance(token, str) else _Signed(token),
            timeout=timeout,
            trust_env=False,
            verify=verify_for(base_url, tls),
            limits=httpx.Limits(max_connections=4),
        )

    def close(self) -> None:
        self.http.close()

    def another(self) -> Session:
        """Return a session with the same service for another thread."""
        return Session(self.base_url, self.token, tls=self._tls, timeout=self.http.timeout)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = BODY_LIMIT,
    ) -> tuple[httpx.Response, bytes]:
        """Send one request and return the answer with its bounded body.

        Raises:
            BackendUnavailable: no answer in time, or a status worth another try.
            BackendRefused: any other 4xx/5xx.
            ResyncRequired: 410.
            WireFormatError: the body is larger than limit or cut short.
            Untrusted: certificates do not fit; nothing was sent.
        """
        try:
            with self.http.stream(method, path, params=params, json=body, content=content, headers=headers) as reply:
                data = read_bounded(reply, limit, path)
        except httpx.RemoteProtocolError as exc:
            if "without sending a response" in str(exc):  # a line that was cut, not an answer that is wrong
                raise BackendUnavailable(repr(exc)) from exc
            raise WireFormatError(f"{path}: broken answer: {exc}") from exc
        except (httpx.TransportError, httpx.InvalidURL, OSError) as exc:
            raise tls_fault(exc) or BackendUnavailable(repr(exc)) from exc
        if reply.status_code >= 400:
            raise refusal(reply.status_code, data, reply.headers)
        return reply, data

    def get_json(self, path: str, params: Mapping[str, str | int] | None = None, *, limit: int = BODY_LIMIT) -> dict[str, Any]:
        """Return a JSON object.

        Raises:
            BackendError: as call(), or WireFormatError when it is not a JSON object.
        """
        _, data = self.call("GET", path, params=params, limit=limit)
        return json_object(path, data)


def _finite(text: str) -> float:
    value = float(text)
    if abs(value) == float("inf"):
        raise ValueError(f"{text[:40]} is no number")
    return value


def json_object(path: str, data: bytes) -> dict[str, Any]:
    try:
        doc = json.loads(data, parse_constant=_no_constant, parse_float=_finite)
        if b"\\ud" in data.lower():  # a lone surrogate must end here, not in a file
            json.dumps(doc, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as exc:
        raise WireFormatError(f"{path}: not JSON: {exc}") from exc
    if not isinstance(doc, dict):
        raise WireFormatError(f"{path}: not a JSON object")
    return doc


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def refusal(status: int, data: bytes, headers: Mapping[str, str]) -> BackendRefused | BackendUnavailable | ResyncRequired:
    """Return the error of a problem answer; the server's text is never shown to a user."""
    try:
        code = str(json.loads(data)["code"])[:60]
    except (ValueError, KeyError, TypeError, RecursionError):
        code = "unexplained"
    if status == 410:
        return ResyncRequired(code)
    if status in RETRYABLE:
        return BackendUnavailable(f"HTTP {status} {code}", retry_after_s(headers.get("retry-after")), status)
    return BackendRefused(status, code)


def retry_after_s(text: str | None) -> float | None:
    try:
        seconds = float(text) if text else math.nan
    except ValueError:
        return None
    return min(seconds, 600.0) if math.isfinite(seconds) and seconds >= 0 else None
