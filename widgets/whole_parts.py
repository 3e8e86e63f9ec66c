"""Text that is too long for its place, shortened by whole parts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF


def whole_parts(text: str, metrics: QFontMetricsF, room: float) -> str:
    """Return as many whole parts of a note as fit: a figure is never cut, for its first digits would be another one."""
    if metrics.horizontalAdvance(text) <= room:
        return text
    parts = text.split(" · ")
    for count in range(len(parts) - 1, 0, -1):
        shown = " · ".join(parts[:count]) + " …"
        if metrics.horizontalAdvance(shown) <= room:
            return shown
    if any(ch.isdigit() for ch in parts[0]):
        return "…"
    return metrics.elidedText(parts[0], Qt.TextElideMode.ElideRight, room)
