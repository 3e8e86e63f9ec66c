"""HTTP towards a server that is not ours: bounded, polite, and never led to another host."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from backend_client.adapters.harvest import Meter
from backend_client.bounded import read_bounded
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError
from backend_client.session import RETRYABLE, retry_after_s
from backend_client.tls import tls_fault, verify_foreign

BODY_LIMIT = 64 * 1024 * 1024
TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=10.0, pool=5.0)
WHOLE_S = 180.0  # for one answer: a server that drips would hold its reader for ever
_BARE_OFFSET = re.compile(r"(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\+(\d\d)")  # a "+" in a query is a space


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole body within the limit. headers: lower-case names."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    url: str

    def json(self) -> Any:
        """Return the body as JSON; NaN is let through, foreign servers send it.

        Raises:
            WireFormatError: it is not JSON.
        """
        try:
            return json.loads(self.data.decode("utf-8-sig"))
        except (ValueError, RecursionError) as exc:
            raise WireFormatError(f"{urlsplit(self.url).path[:120]}: not JSON: {exc}") from exc


class ForeignHttp:
    """Used by one thread. Links that a server sends are followed on its own origin only."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        limit: int = BODY_LIMIT,
        whole_s: float = WHOLE_S,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.base_url = base_url if base_url.endswith("/") else base_url + "/"
        self.meter = Meter()
        self._limit = limit
        self._whole_s = whole_s
        self._http = httpx.Client(
            headers={"Accept-Encoding": "gzip"} | dict(headers or {}),
            timeout=timeout,
            trust_env=False,
            verify=verify_foreign(base_url, tls),
            follow_redirects=False,
            transport=transport,
        )

    def close(self) -> None:
        self._http.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        missing_ok: bool = False,
        accept: Collection[int] = (),
    ) -> Answer:
        """Get a path below the base, or an absolute link of the same origin.

        missing_ok returns 404 and 501 answers instead of raising; accept returns these statuses
        too (a probe asks things that a server may answer with 400 or even 500).

        Raises:
            BackendUnavailable: no answer in time, or a status worth another try.
            BackendRefused: another 3xx/4xx/5xx.
            WireFormatError: over the limit, cut short, or a link to another host.
        """
        url = quote(urljoin(self.base_url, path), safe="%/:=&?~#+!$,;'@()*[]")  # some servers send raw spaces
        url = _BARE_OFFSET.sub(r"\1%2B\2", url)
        if urlsplit(url)[:2] != urlsplit(self.base_url)[:2]:
            raise WireFormatError(f"link to another host: {urlsplit(url).netloc[:80]!r}")
        began = time.monotonic()
        data = b""
        try:
            with self._http.stream("GET", url, params=params, headers=headers) as reply:
                data = read_bounded(reply, self._limit, urlsplit(url).path, self._whole_s)
        except (httpx.RemoteProtocolError, httpx.DecodingError) as exc:
            raise WireFormatError(f"{urlsplit(url).path}: broken answer: {exc}") from exc
        except (httpx.TransportError, httpx.InvalidURL, OSError) as exc:
            raise tls_fault(exc) or BackendUnavailable(repr(exc)) from exc
        finally:
            self._count(urlsplit(url).path, len(data), time.monotonic() - began)
        wanted = {*accept, *((404, 501) if missing_ok else ())}
        if reply.status_code in RETRYABLE and reply.status_code not in wanted:
            raise BackendUnavailable(f"HTTP {reply.status_code}", retry_after_s(reply.headers.get("retry-after")))
        if reply.status_code >= 300 and reply.status_code not in wanted:
            raise BackendRefused(reply.status_code, "unexplained")
        return Answer(reply.status_code, {k.lower(): v for k, v in reply.headers.items()}, data, url)

    def _count(self, path: str, size: int, seconds: float) -> None:
        self.meter.requests += 1
        self.meter.received_bytes += size
        self.meter.spent_s += seconds
        self.meter.by_path[path] = self.meter.by_path.get(path, 0) + 1
