"""Texts: Chinese is the source, other languages are tables; switchable while running."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources

RISKY = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
LANGUAGES = {"zh": "中文", "en": "English"}


def load_texts(language: str) -> Mapping[str, str]:
    """Return the table Chinese → language; empty for Chinese.

    Raises:
        KeyError: the language is not known.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    if language == "zh":
        return {}
    file = resources.files("assets") / "texts" / f"{language}.toml"
    table: Mapping[str, str] = tomllib.loads(file.read_text("utf-8"))["texts"]
    return table


def printable(text: str, limit: int = 400) -> str:
    """Return untrusted text for display: control and direction-changing characters made visible."""
    shown = "".join(
        ch if ch.isprintable() and ch not in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f" else "·"
        for ch in text.replace("\n", " ").replace("\t", " ")
    )
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


FIGURE = re.compile(r"[+\-−]?(0|[1-9]\d{0,8})(\.\d{1,6})?")


def disarmed(text: str) -> str:
    """Return cell text that a spreadsheet will not run as a formula, in one line."""
    shown = printable(text.strip(), 8000)
    plain_number = shown.replace("−", "-").lstrip("+-").replace(".", "", 1).isdigit()
    return "'" + shown if shown.startswith(RISKY) and not plain_number else shown


def for_sheet(text: str) -> str:
    """Return a cell for other programs: their minus sign, no groups of digits in a figure, nothing that they would run."""
    plain = re.sub(r"(?<=\d)[ \u2009\u202f](?=\d{3}(?!\d))", "", text.strip())
    return plain.replace("−", "-") if FIGURE.fullmatch(plain) else disarmed(text)
