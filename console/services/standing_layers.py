"""Layers of what can be flooded that stand for every result computed here: <data>/exposure.toml, one [[layer]] each.

name, file (a vector file; a relative path is from the data folder), field (with the figures; without one places, metres
or m² are counted), unit, source, date.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from console.errors import StoreError
from console.services.flood_library import ExposureSource
from console.store.depth_frames import clean

NAME = "exposure.toml"
KEYS = ("name", "file", "field", "unit", "source", "date")
MOST = 50


def standing_layers(root: Path) -> tuple[ExposureSource, ...]:
    """Return the office's layers, none where it declared none.

    Raises:
        StoreError: the file cannot be read; its line, or the layer's number and key are told.
    """
    path = root / NAME
    if not path.exists():
        return ()
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise StoreError(f"受影响图层文件 {NAME} 读不出来：{exc}。", "请改正这一行，或移走它。", str(path)) from exc
    rows = raw.get("layer", [])
    if set(raw) - {"layer"} or not isinstance(rows, list) or len(rows) > MOST:
        raise StoreError(f"受影响图层文件 {NAME} 写法不对。", f"应为至多 {MOST} 个 [[layer]] 段，请改正。", str(path))
    found = tuple(_layer(root, row, number) for number, row in enumerate(rows, 1))
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise StoreError(f"受影响图层文件 {NAME} 有两个图层都叫“{clean(twice, 30)}”。", "请给每个图层一个自己的名称。")
    return found


def _layer(root: Path, row: Any, number: int) -> ExposureSource:
    where = f"受影响图层文件 {NAME} 第 {number} 个图层"
    if not isinstance(row, dict):
        raise StoreError(f"{where}写法不对。", "应写成 [[layer]]，请改正。")
    wrong = next((k for k, v in row.items() if k not in KEYS or not isinstance(v, str)), None)
    if wrong is not None:
        raise StoreError(f"{where}的 {clean(wrong, 30)} 不能用。", f"可写 {'、'.join(KEYS)}，都是文字。")
    if not row.get("name", "").strip() or not row.get("file", "").strip():
        raise StoreError(f"{where}缺少 name 或 file。", "请补上图层的名称和文件。")
    texts = {k: str(row.get(k, "")).strip() for k in KEYS}
    return ExposureSource(**(texts | {"file": str(root / texts["file"])}))
