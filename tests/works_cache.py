"""A console's cache as the drill's centre would have filled it: works, sensors, gates, surveys, readings."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from console.domain.elements import ELEMENTS
from console.drill.facts import basin_objects, flood_facts
from console.drill.reconstruct import rebuild
from console.paths import DataHome
from console.store.cache_writer import CacheWriter


def fill_from_recording(
    home: DataHome, source: str, flood: str, moment: int, objects: dict[str, list[dict[str, Any]]] | None = None
) -> None:
    """Write the recording's objects (or others) and its readings up to a moment into a source's cache."""
    profile = home.profile(source)
    profile.folder.mkdir(parents=True, exist_ok=True)
    writer = CacheWriter(profile)
    for kind, docs in (objects or basin_objects()).items():
        writer.put_objects(kind, "e", docs)
    docs, columns = [], []
    for sid, s in enumerate(rebuild(flood_facts(flood)), 1):
        unit = ELEMENTS[s.element].unit
        props = {"sid": sid, "object": s.object_code, "element": s.element, "unit": unit, "source": s.source or "重建录像"}
        docs.append({"code": str(sid), "version": 1, "properties": props})
        keep = s.t <= moment
        columns.append((np.full(int(keep.sum()), sid), s.t[keep], s.value[keep], s.quality[keep]))
    writer.put_objects("series", "e", docs)
    sids, t, value, quality = (np.concatenate(c) for c in zip(*columns, strict=True))
    writer.apply((sids, t, value, quality, np.ones(len(t), np.int64)), "e.1")
    writer.note_link(mode="live", title="", service="", last_now=str(moment), last_ok=str(time.time()), epoch="e")
    writer.close()
