"""What a document from a console may look like, so that every other console can read it again."""

from __future__ import annotations

import json
from typing import Any

DEPTH_MAX = 32  # the service's own writer gives up at 255, and with it the whole feed


def wire_size(doc: Any) -> int:
    """Return a document's size on the wire, in bytes.

    Raises:
        ValueError: NaN, half a character, or nested deeper than DEPTH_MAX.
    """
    layer = [doc]
    for _ in range(DEPTH_MAX):
        layer = [v for item in layer for v in _inside(item)]
        if not layer:
            return len(json.dumps(doc, allow_nan=False, ensure_ascii=False).encode("utf-8"))
    raise ValueError(f"nested deeper than {DEPTH_MAX}")


def _inside(item: Any) -> list[Any]:
    found = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return [v for v in found if isinstance(v, dict | list)]
