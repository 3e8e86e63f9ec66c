"""An overlay handed from the process that reads a stranger's file to the one that shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from console.viewdata.overlay import Overlay, Shapes, TextColumn


def write_overlay(path: Path, overlay: Overlay) -> None:
    arrays: dict[str, Any] = {"boxes": overlay.boxes, "anchors": overlay.anchors}
    for i, column in enumerate(overlay.columns):
        arrays |= {f"text{i}": np.frombuffer(column.data, np.uint8), f"ends{i}": column.ends}
    for i, level in enumerate(overlay.levels):
        arrays |= {f"xy{i}": level.xy, f"start{i}": level.start, f"owner{i}": level.owner, f"kind{i}": level.kind}
    head = {
        "name": overlay.name,
        "fields": overlay.fields,
        "crs": overlay.crs,
        "notes": overlay.notes,
        "total": overlay.total,
        "up_to": [level.up_to for level in overlay.levels[:-1]],
    }
    arrays["head"] = np.frombuffer(json.dumps(head, ensure_ascii=False).encode("utf-8", "replace"), np.uint8)
    with path.open("wb") as out:
        np.savez(out, **arrays)


def load_overlay(path: Path) -> Overlay:
    with np.load(path, allow_pickle=False) as data:
        held = {name: data[name] for name in data.files}
    for array in held.values():
        array.flags.writeable = False
    head = json.loads(held["head"].tobytes().decode("utf-8"))
    scales = [*head["up_to"], float("inf")]
    return Overlay(
        head["name"],
        tuple(head["fields"]),
        tuple(TextColumn(held[f"text{i}"].tobytes(), held[f"ends{i}"]) for i in range(len(head["fields"]))),
        held["boxes"],
        held["anchors"],
        tuple(
            Shapes(scale, held[f"xy{i}"], held[f"start{i}"], held[f"owner{i}"], held[f"kind{i}"])
            for i, scale in enumerate(scales)
        ),
        head["crs"],
        tuple(head["notes"]),
        head["total"],
    )
