"""What a datum's name says: levels of different or unstated datums are not subtracted."""

from __future__ import annotations


def stated_datum(datum: str) -> str:
    """Return a datum's name, "" where its centre says that it has none."""
    said = datum.strip()
    return "" if "未注明" in said or said.lower() in ("不详", "未知", "—", "-", "unknown", "none") else said
