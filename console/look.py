"""The look of one window: theme tokens, language, sizes; handed to every view, never global."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QPalette

from console.texts import load_texts

ROLES = {
    "Window": "bg",
    "Base": "input",
    "AlternateBase": "panel.head",
    "Text": "text",
    "WindowText": "text",
    "Button": "panel.head",
    "ButtonText": "text",
    "Highlight": "select",
    "HighlightedText": "text",
    "ToolTipBase": "panel.head",
    "ToolTipText": "text",
    "PlaceholderText": "text.faint",
    "Link": "accent",
    "Mid": "line",
    "Dark": "line",
    "Light": "line.strong",
    "BrightText": "text",
    "Accent": "accent",
}


@lru_cache(maxsize=1)
def tokens() -> dict[str, Any]:
    """Return the token file's content."""
    return tomllib.loads((resources.files("assets") / "theme" / "tokens.toml").read_text("utf-8"))


class Look(QObject):
    """Colours, fonts and words of a window.

    Signals:
        changed: theme, scale or language is another one; repaint and re-word everything.
    """

    changed = Signal()

    def __init__(
        self,
        theme: str = "dark",
        language: str = "zh",
        scale: float = 1.0,
        family: str = "",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.family = family
        self._set(theme, language, scale)

    def _set(self, theme: str, language: str, scale: float) -> None:
        self.theme, self.language, self.scale = theme, language, scale
        self._colors = {k: QColor(v) for k, v in tokens()[theme].items()}
        self._texts = load_texts(language)

    def change(self, *, theme: str | None = None, language: str | None = None, scale: float | None = None) -> None:
        self._set(theme or self.theme, language or self.language, scale or self.scale)
        self.changed.emit()

    def tr(self, source: str) -> str:  # type: ignore[override]
        """Return the text in the window's language; Chinese where no translation exists."""
        return self._texts.get(source, source)

    def color(self, token: str, alpha: int = 255) -> QColor:
        color = QColor(self._colors[token])
        color.setAlpha(alpha)
        return color

    def px(self, token: str) -> int:
        return max(1, round(float(tokens()["size"][token]) * self.scale))

    def font(self, size: str = "base_px", *, bold: bool = False) -> QFont:
        font = QFont(self.family) if self.family else QFont()
        font.setPixelSize(self.px(size))
        font.setBold(bold)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def palette(self) -> QPalette:
        palette = QPalette()
        for role, token in ROLES.items():
            palette.setColor(getattr(QPalette.ColorRole, role), self._colors[token])
        faint = self._colors["text.faint"]
        for role in ("Text", "WindowText", "ButtonText"):
            palette.setColor(QPalette.ColorGroup.Disabled, getattr(QPalette.ColorRole, role), faint)
        return palette

    def style_sheet(self) -> str:
        """Return the style sheet of a window, made from the tokens."""
        theme = Path(str(resources.files("assets") / "theme"))
        text = (theme / "style.qss").read_text("utf-8").replace("@theme/", f"{theme.as_posix()}/")
        for name, color in sorted(self._colors.items(), key=lambda kv: -len(kv[0])):
            text = text.replace(f"@{name};", f"{color.name()};").replace(f"@{name} ", f"{color.name()} ")
        for name in tokens()["size"]:
            text = text.replace(f"@{name}", f"{self.px(name)}px")
        return text
