"""A cache filled with a rebuilt flood and the basin's objects, as a console that has pulled everything holds it."""

from __future__ import annotations

import contextlib
import sqlite3

import numpy as np

from console.drill.facts import basin_objects, flood_facts
from console.drill.reconstruct import rebuild
from console.store.cache_writer import CacheWriter


def fill(profile, key="beijiang-2022-06", until=None):
    """Return {(object, element): sid}; readings after until are left out."""
    profile.folder.mkdir(parents=True, exist_ok=True)
    writer = CacheWriter(profile)
    for kind, docs in basin_objects().items():
        writer.put_objects(kind, "e", docs)
    found = rebuild(flood_facts(key))
    sids = {(s.object_code, s.element): n for n, s in enumerate(found, 1)}
    docs = [
        {"code": str(n), "version": 1, "properties": {"sid": n, "object": o, "element": e, "source": "重建录像"}}
        for (o, e), n in sids.items()
    ]
    writer.put_objects("series", "e", docs)
    parts = [(np.full(len(s.t), sids[s.object_code, s.element]), s.t, s.value, s.quality) for s in found]
    sid, t, value, quality = (np.concatenate(c) for c in zip(*parts, strict=True))
    keep = np.ones(len(t), bool) if until is None else t <= until
    order = np.lexsort((t[keep], sid[keep]))
    columns = [c[keep][order] for c in (sid, t, value, quality)]
    writer.apply((*columns, np.ones(int(keep.sum()), np.int64)), "e.1")
    writer.close()
    with contextlib.closing(sqlite3.connect(profile.folder / "latest.db")) as db, db:
        db.execute("insert into coverage values('all', 0, 4102444800)")
    return sids
