"""Asks a server again only for what has changed: ETag and Last-Modified, and how long it said to wait."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend_client.adapters.foreign_http import Answer, ForeignHttp
from backend_client.errors import BackendRefused

KEPT_BYTES = 64 * 1024 * 1024
LONGEST_S = 86_400.0  # a server may not make us blind for longer


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    until: float


class ConditionalGet:
    """Remembers answers within a bound of bytes; used by one thread."""

    def __init__(self, http: ForeignHttp, *, kept_bytes: int = KEPT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._limit = kept_bytes
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, trust_age: bool = False) -> tuple[Answer, bool]:
        """Return the answer, and whether it differs from the one before.

        trust_age: ask nothing while ``Cache-Control: max-age`` runs (tiles; not for warnings).

        Raises:
            BackendError: as ForeignHttp.get; 404 is BackendRefused.
        """
        known = self._kept.get(path)
        if known is not None and trust_age and self._clock() < known.until:
            self._kept.move_to_end(path)
            return known.answer, False
        try:
            answer = self._http.get(path, headers={**(headers or {}), **_validators(known)})
        except BackendRefused as exc:
            if exc.status != 304 or known is None:
                raise
            self._keep(path, known.answer)
            return known.answer, False
        changed = known is None or known.answer.data != answer.data
        self._keep(path, answer)
        return answer, changed

    def _keep(self, path: str, answer: Answer) -> None:
        before = self._kept.pop(path, None)
        self._bytes -= len(before.answer.data) if before else 0
        self._kept[path] = _Kept(answer, self._clock() + max_age_s(answer.headers.get("cache-control", "")))
        self._bytes += len(answer.data)
        while self._bytes > self._limit and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.answer.data)


def max_age_s(text: str) -> float:
    """Return how long an answer may be used unasked; 0 for no-cache, no-store or nothing said."""
    if re.search(r"\b(no-cache|no-store)\b", text, re.IGNORECASE):
        return 0.0
    found = re.search(r"\bmax-age\s*=\s*(\d{1,9})", text, re.IGNORECASE)
    return min(float(found[1]), LONGEST_S) if found else 0.0


def _validators(known: _Kept | None) -> dict[str, str]:
    if known is None:
        return {}
    pairs = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
    return {ask: known.answer.headers[name] for ask, name in pairs if known.answer.headers.get(name)}
