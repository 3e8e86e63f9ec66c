"""What is known of the link with the centre, for the status bar and the banner."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from console.domain.time import steady_s
from console.drill.facts import DRILL
from console.texts import printable


class LinkStatus(QObject):
    """Signals:
    changed: state, skew, outbox count or player are others.
    """

    changed = Signal()

    def __init__(
        self,
        parent: QObject | None = None,
        steady: Callable[[], float] = steady_s,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self._steady = steady
        self._wall = wall
        self.state = "starting"
        self.detail = ""
        self.since: float | None = None
        self.last_ok: float | None = None
        self._skew_s = 0.0
        self._wall_ahead_s: float | None = None
        self.audit_whole = True
        self.mode = ""
        self.service = ""
        self.title = ""
        self.epoch = ""
        self.player: dict[str, Any] = {}

    @property
    def made(self) -> str:
        """Return what data that are not of now are called; "" for those of a real centre."""
        if self.mode not in ("replay", "drill") and not self.player:
            return ""
        return "模拟数据" if str(self.player.get("recording", "")).startswith(DRILL) else "重建数据"

    def heard_link(self, doc: Mapping[str, Any]) -> None:
        self.state = str(doc.get("state", "down"))
        self.detail = str(doc.get("detail", ""))
        self.since = doc.get("since")
        self.last_ok = doc.get("last_ok")
        self.changed.emit()

    def heard_clock(self, doc: Mapping[str, Any]) -> None:
        self.mode = str(doc.get("mode", ""))
        self.service = printable(str(doc.get("service", "")), 80)
        self.epoch = printable(str(doc.get("epoch", "")), 80)
        player = dict(doc.get("player") or {})
        self.player = player | {"title": printable(str(player.get("title", "")), 80)} if player else {}
        self._skew_s = float(doc.get("skew_s", 0.0))
        self._wall_ahead_s = self._wall() - self._steady()
        self.changed.emit()

    @property
    def skew_s(self) -> float:
        """How much the centre's clock is ahead of this machine's now, s.

        A clock that is set while the centre cannot be reached shows at once: the steady clock tells.
        """
        if self._wall_ahead_s is None:
            return self._skew_s
        return round(self._skew_s - (self._wall() - self._steady() - self._wall_ahead_s), 1)

    def remember(self, mode: str, title: str) -> None:
        """Take what was last known of the source, until it speaks for itself."""
        self.mode = mode
        self.title = printable(title, 80)
        self.changed.emit()

    def lost_sync(self) -> None:
        self.state = "nosync"
        self.changed.emit()

    @property
    def alone(self) -> bool:
        return self.state not in ("up", "starting", "connecting")
