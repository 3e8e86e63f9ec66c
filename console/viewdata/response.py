"""What the response strip draws."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResponseTile:
    """One topic: level in words, a colour token, since when and by whom; why it cannot be set now."""

    topic: str
    name: str
    level: str
    level_text: str
    token: str
    detail: str
    version: int
    blocked: str = ""
