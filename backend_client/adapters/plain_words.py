"""Text of strangers as plain text: what cannot be seen is made visible, nothing is interpreted."""

from __future__ import annotations

import unicodedata

KEPT = "\n\t"


def plain(text: str, limit: int = 20_000) -> str:
    """Return text with control and direction characters shown as ``⟨U+202E⟩`` and its length bounded.

    A right-to-left override can turn a file name or a number around on the screen, and a zero-width
    character can make two names look alike.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = "".join(c if c in KEPT or unicodedata.category(c) not in _HIDDEN else f"⟨U+{ord(c):04X}⟩" for c in text[:limit])
    return shown.strip() + ("…" if len(text) > limit else "")


def one_line(text: str, limit: int = 200) -> str:
    """Return plain text without line breaks, for names and titles."""
    return " ".join(plain(text, limit).split())


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
