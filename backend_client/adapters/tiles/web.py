"""One tile over HTTP: asked again only when it may have changed, and not at all where there is none."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from backend_client.adapters.conditional import KEPT_BYTES, ConditionalGet
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.tiles.tile import whole
from backend_client.errors import BackendRefused, WireFormatError

ABSENT_S = 600.0
ABSENT_KEPT = 20_000
NO_TILE = (204, 400, 404, 410, 416)  # some servers answer 400 outside their matrix


class WebTiles:
    """Shared by XYZ and WMTS; used by one thread."""

    def __init__(self, http: ForeignHttp, *, clock: Callable[[], float] = time.monotonic, kept_bytes: int = KEPT_BYTES) -> None:
        self.http = http
        self.troubles: dict[str, int] = {}
        self._get = ConditionalGet(http, kept_bytes=kept_bytes, clock=clock)
        self._clock = clock
        self._absent: OrderedDict[str, float] = OrderedDict()

    def fetch(self, path: str) -> bytes | None:
        """Return a whole tile, None where there is none or it is broken.

        Raises:
            BackendUnavailable: the server is away or busy.
            BackendRefused: it wants a key or forbids us.
        """
        if self._absent.get(path, 0.0) > self._clock():
            return None
        try:
            answer, _ = self._get.get(path, trust_age=True)
        except BackendRefused as exc:
            if exc.status in NO_TILE:
                self._none(path)
                return None
            raise
        except WireFormatError:
            self._trouble("broken-answer")
            return None
        if answer.status == 204 or not answer.data:
            self._none(path)
            return None
        data = whole(answer.data)
        if data is None:
            self._trouble("not-a-whole-tile")
        return data

    def _none(self, path: str) -> None:
        self._absent[path] = self._clock() + ABSENT_S
        while len(self._absent) > ABSENT_KEPT:
            self._absent.popitem(last=False)

    def _trouble(self, code: str) -> None:
        self.troubles[code] = self.troubles.get(code, 0) + 1
