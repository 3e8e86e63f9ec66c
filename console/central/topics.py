"""Declared business topics, read from the package's data files."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

REQUIRED = ("code", "name", "datasets", "indicators")


class TopicError(ValueError):
    """A declaration is incomplete; the text names file and key."""


def declared_topics() -> list[dict[str, Any]]:
    """Return every declaration of assets/topics.

    Raises:
        TopicError: a required key is missing.
    """
    found = []
    folder = resources.files("assets") / "topics"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        topic = tomllib.loads(file.read_text("utf-8"))
        for key in REQUIRED:
            if key not in topic:
                raise TopicError(f"{file.name}: 缺少 {key}")
        found.append(topic)
    return found
