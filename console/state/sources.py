"""The foreign sources as the centre last told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from console.domain.documents import readable
from console.viewdata.sources import SourceDoc, source_from_doc


class SourcesState(QObject):
    """Signals:
    changed: the list is another one.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.docs: tuple[SourceDoc, ...] = ()

    def set_docs(self, docs: Iterable[Mapping[str, Any]]) -> None:
        new = tuple(readable(source_from_doc, docs))
        if new != self.docs:
            self.docs = new
            self.changed.emit()
