"""Casting: the desk's room holds the Situation and what stands on the wall; walls follow it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from console.domain.situation import Situation, SituationError
from console.services.session import Session

ROOM = "desk"
NODE_PREFIX = "wall-"
DEFAULT_TILES = ("monitor.map", "monitor.table", "monitor.hydrograph", "monitor.happening")
LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "常态": DEFAULT_TILES,
    "水库": ("monitor.map", "monitor.reservoir", "monitor.hydrograph", "monitor.strip"),
    "沙盘": ("sandbox.scene", "monitor.hydrograph", "monitor.strip", "monitor.happening"),
    "值守": ("duty.alarms", "monitor.map", "monitor.happening", "monitor.hydrograph"),
}
PUBLISH_MS = 40
SLOTS = 4


class WallControl(QObject):
    """The desk's side of the wall.

    Signals:
        changed: tiles or known nodes are others.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._origin = uuid.uuid4().hex[:12]
        self.tiles: tuple[str, ...] = DEFAULT_TILES
        self.nodes: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self.revision = 0
        self._next_slot = 0
        self._timer = QTimer(self, singleShot=True, interval=PUBLISH_MS)
        self._timer.timeout.connect(self.publish)
        session.situation.changed.connect(self._situation_changed)
        session.room_heard.connect(self._heard)

    def cast(self, panel: str) -> None:
        """Put a panel on the wall: in its place if it is there, else in the next slot."""
        if panel not in self.tiles:
            tiles = list(self.tiles)
            tiles[self._next_slot % SLOTS] = panel
            self._next_slot += 1
            self.tiles = tuple(tiles)
        self.publish()
        self.changed.emit()

    def recall(self, layout: str) -> None:
        self.tiles = LAYOUTS[layout]
        self._next_slot = 0
        self.publish()
        self.changed.emit()

    def set_tile(self, slot: int, panel: str) -> None:
        tiles = list(self.tiles)
        tiles[slot] = panel
        self.tiles = tuple(tiles)
        self.publish()
        self.changed.emit()

    def publish(self) -> None:
        """Send the whole desired state to every wall."""
        situation = self._session.situation
        self.revision += 1
        doc = {
            "origin": self._origin,
            "number": self.revision,
            "situation": situation.current.to_doc(situation.moment()),
            "tiles": list(self.tiles),
            "sent": time.time(),
        }
        self._session.sync.send({"cmd": "room", "room": ROOM, "doc": doc})

    def _situation_changed(self, names: frozenset[str]) -> None:
        if names - {"time"} and not self._timer.isActive():
            self._timer.start()

    def _heard(self, room: str, doc: dict[str, Any]) -> None:
        if room.startswith(NODE_PREFIX):
            self.nodes[room.removeprefix(NODE_PREFIX)] = (time.monotonic(), doc)
            self.changed.emit()
            if doc.get("ask"):
                self.publish()


def situation_of(doc: Mapping[str, Any], ref_s: float) -> tuple[Situation, Sequence[str]]:
    """Return the Situation and tiles of a room document.

    Raises:
        SituationError: the document is not one of a desk.
    """
    if "situation" not in doc or not isinstance(doc.get("tiles"), list):
        raise SituationError("no situation or tiles")
    tiles = [str(t) for t in doc["tiles"][:16]]
    return Situation.from_doc(doc["situation"], ref_s), tiles
