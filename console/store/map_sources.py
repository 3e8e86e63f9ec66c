"""The list of grounds and layers that a user added, one small file in the data home."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from console.errors import NewerFile, StoreError
from console.viewdata.map_sources import KINDS, MapSource

log = logging.getLogger(__name__)
SCHEMA = 1
SIZE_LIMIT = 4 * 1024 * 1024
COUNT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class LoadedSources:
    """sources: in drawing order, the lowest first. notice: what was wrong with the file, Chinese, "" for nothing."""

    sources: tuple[MapSource, ...]
    notice: str = ""


def load_sources(path: Path) -> LoadedSources:
    """Read the list; a file that cannot be used is set aside, never overwritten.

    Raises:
        NewerFile: written by a newer version.
        StoreError: it is there and cannot be opened.
    """
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        return LoadedSources(())
    except OSError as exc:
        raise StoreError(f"图层清单 {path.name} 打不开。", f"请检查 {path.parent} 的权限后重新启动。", str(exc)) from exc
    try:
        doc = json.loads(data.decode("utf-8")) if len(data) <= SIZE_LIMIT else None
    except (ValueError, RecursionError):
        doc = None
    if not isinstance(doc, dict) or not isinstance(doc.get("sources"), list) or not isinstance(doc.get("schema"), int):
        aside = _set_aside(path)
        return LoadedSources((), f"图层清单已损坏，改名为 {aside.name} 保留；请重新添加图层。")
    if doc["schema"] > SCHEMA:
        raise NewerFile("图层清单由更新的版本写成。", "请升级本程序；文件没有被改动。")
    found = [_source(entry) for entry in doc["sources"][:COUNT_LIMIT]]
    kept = {s.source_id: s for s in found if s is not None}
    lost = len(doc["sources"]) - len(kept)
    return LoadedSources(tuple(kept.values()), f"图层清单中有 {lost} 项看不懂，未显示。" if lost else "")


def save_sources(path: Path, sources: Sequence[MapSource]) -> None:
    """Write the list; the old file stays until the new one is on the disk. Only this user may read it: keys are in it.

    Raises:
        StoreError: it cannot be written.
    """
    doc = {"schema": SCHEMA, "sources": [asdict(s) for s in sources]}
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(doc, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise StoreError(
            "图层清单没有保存。", f"请检查 {path.parent} 的权限和剩余空间；本次的改动重启后会丢失。", str(exc)
        ) from exc


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        path.replace(aside)
    except OSError as exc:
        raise StoreError("图层清单已损坏，又不能改名保留。", f"请检查 {path.parent} 的权限后重新启动。", str(exc)) from exc
    log.warning("list of map layers damaged, kept as %s", aside.name)
    return aside


def _source(entry: Any) -> MapSource | None:
    """Return an entry with values that can be, None for one that makes no sense."""
    if not isinstance(entry, dict) or entry.get("kind") not in KINDS:
        return None
    values: dict[str, Any] = {}
    for field in fields(MapSource):
        value = entry.get(field.name, field.default)
        wanted = {"int": int, "bool": bool, "float": float}.get(str(field.type), str)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not wanted or (isinstance(value, float) and not math.isfinite(value)):
            return None
        values[field.name] = value
    if not values["source_id"] or not values["address"]:
        return None
    values["opacity"] = min(100, max(0, values["opacity"]))
    return MapSource(**values)
