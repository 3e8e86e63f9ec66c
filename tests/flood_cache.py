"""A cache filled with a rebuilt flood and the basin's objects, as a console that has pulled everything holds it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import Any

import numpy as np

from console.domain.elements import ELEMENTS
from console.drill.facts import basin_objects, flood_facts
from console.drill.reconstruct import rebuild
from console.paths import Profile
from console.store.cache_writer import CacheWriter

SOURCE = "重建录像"


def fill(
    profile: Profile,
    key: str = "beijiang-2022-06",
    until: float | None = None,
    objects: dict[str, list[dict[str, Any]]] | None = None,
) -> dict[tuple[str, str], int]:
    """Return {(object, element): sid}; readings after until are left out. objects: others than the basin's."""
    profile.folder.mkdir(parents=True, exist_ok=True)
    writer = CacheWriter(profile)
    for kind, docs in (objects or basin_objects()).items():
        writer.put_objects(kind, "e", docs)
    found = rebuild(flood_facts(key))
    docs, parts = [], []
    for sid, s in enumerate(found, 1):
        props = {"sid": sid, "object": s.object_code, "element": s.element, "unit": ELEMENTS[s.element].unit}
        docs.append({"code": str(sid), "version": 1, "properties": props | {"source": s.source or SOURCE}})
        keep = np.ones(len(s.t), bool) if until is None else s.t <= until
        parts.append((np.full(int(keep.sum()), sid), s.t[keep], s.value[keep], s.quality[keep]))
    writer.put_objects("series", "e", docs)
    columns = tuple(np.concatenate(c) for c in zip(*parts, strict=True))
    writer.apply((*columns, np.ones(len(columns[0]), np.int64)), "e.1")
    now = str(until if until is not None else int(max(columns[1])))
    writer.note_link(mode="live", title="", service="", last_now=now, last_ok=str(time.time()), epoch="e")
    writer.close()
    with contextlib.closing(sqlite3.connect(profile.folder / "latest.db")) as db, db:
        db.execute("insert into coverage values('all', 0, 4102444800)")
    return {(s.object_code, s.element): n for n, s in enumerate(found, 1)}
