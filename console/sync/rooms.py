"""What windows ask of the centre beside entries: shared rooms and the recording's controls."""

from __future__ import annotations

import json
import logging
import queue
import re
from collections.abc import Callable, Mapping
from typing import Any

from backend_client.central import Central
from backend_client.errors import BackendError, BackendRefused, BackendUnavailable

log = logging.getLogger(__name__)
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
Announce = Callable[[str, Mapping[str, Any]], None]


class DeskCommands:
    """A queue filled by any thread, emptied by the pull thread; a bad room harms only itself."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce
        self._queue: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._rooms: dict[str, Mapping[str, Any]] = {}
        self._fetch: set[str] = set()

    def put(self, command: Mapping[str, Any]) -> None:
        self._queue.put(command)

    def fetch(self, room: str) -> None:
        """Another console set a room: get it with the next round."""
        self._queue.put({"cmd": "fetch", "room": room})

    def player(self, central: Central) -> bool:
        """Take in what waits and forward the recording's controls; True when time may have jumped."""
        jumped = False
        while not self._queue.empty():
            doc = self._queue.get()
            name, room = doc.get("cmd"), str(doc.get("room"))
            if name == "player":
                jumped = self._control(central, doc) or jumped
            elif not NAME.fullmatch(room):
                log.warning("room name not usable: %r", room[:60])
            elif name == "fetch":
                self._fetch.add(room)
            elif isinstance(doc.get("doc"), dict) and _is_json(doc["doc"]):
                self._rooms[room] = doc["doc"]
        return jumped

    def _control(self, central: Central, doc: Mapping[str, Any]) -> bool:
        action = {k: doc[k] for k in ("action", "rate", "t") if doc.get(k) is not None}
        try:
            central.player(action)
        except BackendRefused as exc:
            self._announce("refused", {"what": "player", "code": exc.code})
        return action.get("action") in ("seek", "step")

    def rooms(self, central: Central) -> None:
        """Push the newest state of each room, then fetch those that others set."""
        for room, doc in list(self._rooms.items()):
            try:
                central.put_room(room, doc)
            except BackendUnavailable:
                continue  # kept: the newest state goes out when the centre is back
            except BackendError as exc:
                log.warning("room %s refused: %s", room, exc)
            del self._rooms[room]
        for room in list(self._fetch):
            try:
                revision, doc = central.room(room)
            except BackendUnavailable:
                continue
            except BackendError as exc:
                log.warning("room %s not fetched: %s", room, exc)
            else:
                self._announce("room", {"room": room, "revision": revision, "doc": doc})
            self._fetch.discard(room)


def _is_json(doc: Mapping[str, Any]) -> bool:
    try:
        json.dumps(doc, allow_nan=False).encode("utf-8")
    except (ValueError, TypeError):
        return False
    return True
