"""The map can be used before a week of readings has been looked through."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.vocabulary import vocabulary_of
from console.state.board import BoardState
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter

NOW = 1_655_870_400
HOURS = np.arange(NOW - 60 * 3600, NOW + 1, 3600)


@pytest.fixture
def board(profile, qapp, runner):
    writer = CacheWriter(profile)
    names = {"A": "石角", "B": "英德"}
    writer.put_objects(
        "stations", "e", [{"code": c, "version": 1, "properties": {"name": n, "type": "river"}} for c, n in names.items()]
    )
    series = [{"sid": i, "object": c, "element": "Z", "unit": "m"} for i, c in enumerate(names, 1)]
    writer.put_objects("series", "e", [{"code": str(s["sid"]), "version": 1, "properties": s} for s in series])
    sid, t = np.repeat([1, 2], len(HOURS)), np.tile(HOURS, 2)
    value = np.linspace(5, 9, len(t))
    writer.apply((sid, t, value, np.zeros(len(t), np.int64), np.ones(len(t), np.int64)), "e.1")
    writer.close()
    found = BoardState(CacheReader(profile), vocabulary_of(()))
    yield found
    found.close()


def test_the_newest_values_are_there_first_then_the_trends(board, runner):
    seen = []
    board.changed.connect(lambda: seen.append({r.station.code: r.level for r in board.board.rows}))

    async def story():
        await board.reload_reference()
        await board.show(NOW + 60.0, NOW + 60.0, "live")
        await board.show(NOW + 120.0, NOW + 120.0, "live")

    runner.run(story())
    assert len(seen) == 3, "the glance comes once"
    glance, full = seen[0], seen[1]
    assert {c: (s.t, s.value) for c, s in glance.items()} == {c: (s.t, s.value) for c, s in full.items()}
    assert glance["A"].change_1h is None and full["A"].change_1h is not None
    assert board.extent == (HOURS[0], HOURS[-1])


def test_looking_back_never_shows_a_value_of_later(board, runner):
    seen = []
    board.changed.connect(lambda: seen.append([r.level.t for r in board.board.rows]))

    async def story():
        await board.reload_reference()
        await board.show(NOW - 7200.0, NOW + 60.0, "at")

    runner.run(story())
    assert seen == [[NOW - 7200, NOW - 7200]]
