"""A console with a scope of its own is away, things are corrected meanwhile, and it catches up by itself."""

from __future__ import annotations

import time

from console.central.repository import Repository
from console.central.store_core import SeriesKey
from console.settings import Settings, save_settings
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter
from tests.processes import eventually

HOUR = 3600


def place(code, name, **props):
    return {"code": code, "version": 1, "geometry": None, "properties": {"name": name, **props}}


def rows(profile):
    reader = CacheReader(profile)
    try:
        return {
            (s, t): v for s, c in reader.windows(0, 2**32).items() for t, v in zip(c[0].tolist(), c[1].tolist(), strict=True)
        }
    finally:
        reader.close()


def test_back_after_two_hours_it_has_the_correction_of_three_days_ago_and_nothing_out_of_its_scope(chain, home):
    now = int(time.time()) // HOUR * HOUR
    live = chain("live")
    folder = home.central("live")
    folder.mkdir(parents=True, exist_ok=True)
    repo = Repository(folder / "central.db", "embedded:live")
    repo.put_objects(
        "stations", [place("A1", "甲站", city="清远", river="甲江"), place("B1", "乙站", city="惠州", river="乙江")]
    )
    ours, others = (repo.ensure_series(SeriesKey(c, "Z", "m")) for c in ("A1", "B1"))
    repo.commit_rows([(s, now - h * HOUR, 20.0, 0) for s in (ours, others) for h in range(2, 24 * 5)])
    save_settings(home.settings, Settings(source="live", scope="basin:甲江"))

    live.start_central()
    sync = live.start_sync()
    eventually(lambda: len(rows(live.profile)) == 24 * 5 - 2, what="the scope's readings, and only they")
    assert {s for s, _ in rows(live.profile)} == {ours}
    eventually(lambda: settled(live.profile), what="nothing is waiting")
    sync.stop()
    writer = CacheWriter(live.profile)
    writer.note_link(asof=repr(now - 2.0 * HOUR), asof_real=repr(now - 2.0 * HOUR))
    writer.close()

    repo.commit_rows([(ours, now - 72 * HOUR, 99.5, 2), (ours, now, 21.0, 0), (others, now, 21.0, 0)])
    repo.delete_row(ours, now - 80 * HOUR)
    repo.close()
    live.start_sync()
    eventually(lambda: rows(live.profile).get((ours, now)) == 21.0, what="the newest")
    eventually(lambda: rows(live.profile).get((ours, now - 72 * HOUR)) == 99.5, what="the correction")
    eventually(lambda: (ours, now - 80 * HOUR) not in rows(live.profile), what="the deletion")
    assert {s for s, _ in rows(live.profile)} == {ours}


def settled(profile):
    reader = CacheReader(profile)
    try:
        return "asof" in reader.link() and not reader.holes("A1", 0, int(float(reader.link()["asof"])) - 1)
    finally:
        reader.close()
