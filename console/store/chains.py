"""The declared chain for what-ifs: the shipped one, or an office's own beside its data."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from console.errors import StoreError

NAME = "network_beijiang.toml"


def declared_chain(home: Path) -> dict[str, Any]:
    """Return the network as its file has it; <home>/basin/network_beijiang.toml goes before the shipped one.

    Raises:
        StoreError: the office's file cannot be read, or is no TOML; its name and line are told.
    """
    own = home / "basin" / NAME
    try:
        text = own.read_text("utf-8") if own.exists() else (resources.files("assets") / "basin" / NAME).read_text("utf-8")
        return tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise StoreError(
            f"河网文件 {own.name} 读不出来：{exc}。", "请改正这一行，或移走它以使用随程序的河网。", str(own)
        ) from exc
