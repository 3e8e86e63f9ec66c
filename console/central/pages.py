"""Encoded pages kept for a moment: after a commit hundreds of consoles ask for the same one at once."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Response

KEEP_S = 2.0  # "asof" in a page may be this old
KEEP_PAGES = 8
PLAIN_UP_TO = 2048  # bytes below which packing costs more than it saves


@dataclass(frozen=True, slots=True)
class _Page:
    plain: bytes
    packed: bytes
    made_s: float


class PageCache:
    """The first who asks makes the page, the others wait for it; one lock, so no page is made twice.

    The key must name everything that the page depends on, the store's sequence included.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[Hashable, _Page] = OrderedDict()

    def answer(self, key: Hashable, accept_encoding: str, make: Callable[[], Mapping[str, Any]]) -> Response:
        with self._lock:
            page = self._pages.get(key)
            if page is None or time.monotonic() - page.made_s > KEEP_S:
                page = self._pages[key] = _encoded(make())
                while len(self._pages) > KEEP_PAGES:
                    self._pages.popitem(last=False)
        if len(page.plain) <= PLAIN_UP_TO or "gzip" not in accept_encoding:
            return Response(page.plain, media_type="application/json", headers={"Vary": "Accept-Encoding"})
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(page.packed, media_type="application/json", headers=headers)


def _encoded(doc: Mapping[str, Any]) -> _Page:
    plain = json.dumps(doc, ensure_ascii=False, separators=(",", ":")).encode()
    packed = gzip.compress(plain, 1) if len(plain) > PLAIN_UP_TO else b""
    return _Page(plain, packed, time.monotonic())
