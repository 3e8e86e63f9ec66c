"""One picture for the whole meeting: who presents sends the Situation to the meeting's room, who follows takes it.

A whole Situation each time, never a difference: who joins late or was cut off has the newest one with the next.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from console.domain.situation import Situation, SituationError
from console.services.session import Session

PREFIX = "m-"
PUBLISH_MS = 40
STILL_HERE_MS = 15_000  # again even if nothing moved: who came later sees it
GONE_S = 60.0  # a presenter who was not heard for so long presents no more


class Presenting(QObject):
    """Of one window.

    Signals:
        changed: who presents, whether this desk does or follows.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._origin = uuid.uuid4().hex[:12]
        self.leads = self.follows = False
        self.presenter = ""
        self._name = ""
        self._heard_s = float("-inf")
        self._soon = QTimer(self, singleShot=True, interval=PUBLISH_MS)
        self._soon.timeout.connect(self._publish)
        self._still = QTimer(self, interval=STILL_HERE_MS)
        self._still.timeout.connect(self._beat)
        self._still.start()
        session.situation.changed.connect(self._moved)
        session.room_heard.connect(self._heard)
        session.meetings.changed.connect(self._meeting_changed)
        self._meeting = session.meetings.current

    def lead(self, name: str, *, on: bool) -> None:
        """Present to everybody who follows, under this name, or no more; who presents does not follow."""
        self.leads, self.follows = on, self.follows and not on
        self._name = name
        self._publish()
        self.changed.emit()

    def follow(self, *, on: bool) -> None:
        self.follows, self.leads = on, self.leads and not on
        self.changed.emit()

    @property
    def somebody(self) -> str:
        """Return who presents now, "" for nobody else."""
        return self.presenter if time.monotonic() - self._heard_s < GONE_S else ""

    def close(self) -> None:
        self._soon.stop()
        self._still.stop()
        self._session.situation.changed.disconnect(self._moved)
        self._session.room_heard.disconnect(self._heard)
        self._session.meetings.changed.disconnect(self._meeting_changed)

    def _room(self) -> str:
        return PREFIX + self._session.meetings.current

    def _meeting_changed(self) -> None:
        if self._session.meetings.current != self._meeting:  # nobody presents into another meeting unasked
            self._meeting = self._session.meetings.current
            self._heard_s = float("-inf")
            self.leads = self.follows = False
            self.changed.emit()

    def _beat(self) -> None:
        """Say it again, and notice a presenter who is heard no more."""
        self._publish()
        self.changed.emit()

    def _moved(self, names: frozenset[str]) -> None:
        if self.leads and names - {"time"}:
            self._soon.start()

    def _publish(self) -> None:
        if not self.leads or not self._session.meetings.current:
            return
        situation = self._session.situation
        doc = {"origin": self._origin, "presenter": self._name, "situation": situation.current.to_doc(situation.moment())}
        self._session.sync.send({"cmd": "room", "room": self._room(), "doc": doc})

    def _heard(self, room: str, doc: dict[str, Any]) -> None:
        if room != self._room() or doc.get("origin") == self._origin:
            return
        try:
            found = Situation.from_doc(doc["situation"], self._session.situation.ref())
        except (SituationError, KeyError, TypeError):
            return  # a newer or broken console; what is shown here stays
        self.presenter, self._heard_s = str(doc.get("presenter") or "")[:60], time.monotonic()
        if self.leads:  # the newest presenter has the floor
            self.leads = False
        if self.follows:
            self._session.situation.adopt(found)
        self.changed.emit()
