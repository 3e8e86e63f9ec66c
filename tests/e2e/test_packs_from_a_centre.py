"""A pack from a real centre: estimated, paused, resumed, taken in by whoever owns the cache."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np

from backend_client.central import Central
from console.store.packs import PackJournal, chosen_pack
from console.sync.pack_apply import take_in
from console.sync.pack_estimate import estimate
from console.sync.pack_fetch import PackFetch
from console.sync.sources import session_with
from tests.e2e.test_kills_and_outages import cached, served
from tests.processes import eventually


def test_a_paused_pack_goes_on_and_ends_with_the_centres_readings(chain, tmp_path):
    flood = chain(rate="3600", start="2022-06-14 08:00")
    flood.start_central()
    eventually(lambda: flood.ask(lambda c: len(c.changes("", 20000).sid) > 300))
    flood.ask(lambda c: c.player({"action": "pause"}))
    profile = flood.profile
    profile.folder.mkdir(parents=True, exist_ok=True)
    spec = replace(chosen_pack("field"), days=6, contents=("readings", "plans", "basemap"))
    made = tmp_path / "basemap.npz"
    taken = []

    def take(what, path):
        taken.append(path.name)
        take_in(profile, what, path)

    def build():
        made.write_bytes(b"x" * 1000)
        return made

    with (
        closing(session_with(flood.home, flood.source)) as session,
        closing(PackJournal(profile.folder / "packs.db")) as journal,
    ):
        central = Central(session)
        found = {line.kind: line for line in estimate(spec, central, {"basemap": None}).lines}
        assert found["readings"].size > 500 and found["plans"].absent and found["basemap"].size is None
        paused = PackFetch(spec, central, profile, {"basemap": build}, take, lambda: len(taken) < 2).run(journal)
        assert not paused.complete and [i.state for i in paused.items[:3]] == ["done", "done", "waiting"]
        going = PackFetch(spec, central, profile, {"basemap": build}, take, lambda: True)
        state = going.run(journal)
        assert state.complete and len(taken) == len(set(taken)) == 6, "no day twice"
        assert [i.state for i in state.items[-2:]] == ["absent", "done"] and state.items[-1].size == 1000
        assert state.started == paused.started
        wanted = {k: v for k, v in flood.ask(served).items() if state.from_t <= k[1] < state.to_t}
        assert same(cached(profile), wanted) and wanted
        flood.start_sync()
        eventually(lambda: same(cached(profile), flood.ask(served)), what="the sync process owns the cache now")
        again = going.run(journal)
        assert again.complete and len(taken) == 12, "asked for anew, by way of the sync process"
    assert same(cached(profile), flood.ask(served))


def same(a, b):
    return a.keys() == b.keys() and np.array_equal([a[k] for k in a], [b[k] for k in a], equal_nan=True)
