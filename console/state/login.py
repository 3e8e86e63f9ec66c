"""Who is signed in, as the sync process tells it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from console.texts import printable


class LoginStatus(QObject):
    """Signals:
    changed: state or person are others.
    asked: (address, code) this window shall show; code is "" when the browser brings the answer.
    """

    changed = Signal()
    asked = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.window = uuid.uuid4().hex
        self.state = ""
        self.subject = ""
        self.name = ""
        self.roles: tuple[str, ...] = ()
        self.kept = True
        self.failure = ""

    def heard(self, doc: Mapping[str, Any]) -> None:
        self.state = str(doc.get("state", ""))
        signed = self.state == "in"
        self.subject = str(doc.get("subject", ""))[:120] if signed else ""
        self.name = printable(str(doc.get("name", "")), 60) if signed else ""
        self.roles = tuple(printable(str(r), 40) for r in doc.get("roles", ())) if signed else ()
        self.kept = bool(doc.get("kept", True))
        self.failure = str(doc.get("code", "")) if self.state == "failed" else ""
        if self.state == "asked" and doc.get("by") == self.window:
            self.asked.emit(str(doc.get("url", "")), str(doc.get("code", "")))
        self.changed.emit()
