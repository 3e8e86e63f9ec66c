"""Waiting for the centre's doorbell: the MQTT broker where one is set, else the event stream.

A broker that is away is no outage: the event stream takes over and the broker is tried again later.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backend_client.central import Central
from backend_client.errors import BackendError
from backend_client.mqtt import Broker, rings

log = logging.getLogger(__name__)
SILENCE_S = 5.0  # how soon a waiting broker notices that the process is to end
BROKER_AGAIN_S = 30.0  # how long the event stream serves before the broker is tried again


class DoorbellWait:
    """Owned by the doorbell thread. rang(event, data) is called for every ring, ``hb`` included.

    via: "mqtt", "sse" or "" while neither is connected.
    """

    def __init__(
        self,
        stop: threading.Event,
        rang: Callable[[str, Mapping[str, Any]], None],
        broker: Broker | None,
        service: Callable[[], str],
        hang_up: threading.Event | None = None,
    ) -> None:
        self._stop, self._rang = stop, rang
        self._hang_up = hang_up or threading.Event()  # set when who the line was opened for is gone
        self._broker, self._service = broker, service
        self._broker_at = 0.0
        self._last_id: str | None = None
        self.via = ""

    def once(self, session: Callable[[], Central]) -> None:
        """Listen until the connection ends, the process stops, or the broker is due again.

        Raises:
            BackendError: the event stream failed too.
        """
        try:
            if self._broker is not None and self._service() and time.monotonic() >= self._broker_at:
                try:
                    self._listen("mqtt", rings(self._broker, self._service(), SILENCE_S), None)
                except BackendError as exc:
                    log.info("broker: %s; the event stream serves", exc)
                    self._broker_at = time.monotonic() + BROKER_AGAIN_S * random.uniform(0.7, 1.0)
                    self._rang("changed", {})  # what was rung while nobody listened
                if self._stop.is_set():
                    return
            until = self._broker_at if self._broker is not None else None
            self._listen("sse", self._stream(session()), until)
        finally:
            self.via = ""

    def _listen(self, via: str, events: Iterator[tuple[str, Mapping[str, Any]]], until: float | None) -> None:
        for event, data in events:
            self.via = via
            self._rang(event, data)
            if self._stop.is_set() or self._hang_up.is_set() or (until is not None and time.monotonic() >= until):
                return

    def _stream(self, central: Central) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for event_id, event, data in central.events(self._last_id):
            self._last_id = event_id or self._last_id
            yield event, data
