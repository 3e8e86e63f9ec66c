"""A consultation's desk over a cache that holds the gauged series of a flood, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from console.domain.scenario import Scenario
from console.services.consult_desk import ConsultDesk
from console.services.tasks import TaskScope
from console.store.keys import OpsKey
from tests.unit.test_whatif import T0, series

KEY = OpsKey(bytes(range(32)))


class Board:
    """A cache that holds the gauged series of a flood."""

    things: Mapping[str, Any] = {"works": ()}

    def __init__(self, until_h=120.0):
        self.rows = series(until_h)
        self.names = {key: i for i, key in enumerate(self.rows, 1)}

    def series_of(self, code):
        class One:
            def __init__(self, sid):
                self.sid = sid

        return {element: One(sid) for (at, element), sid in self.names.items() if at == code}

    @property
    def board(self):
        return SimpleNamespace(now=T0)

    async def holes(self, code, from_t, to_t):
        return []

    async def window(self, sids, from_t, to_t):
        found = {}
        for key, sid in self.names.items():
            t, v = self.rows[key]
            inside = (t >= from_t) & (t <= to_t)
            found[sid] = (t[inside].astype(np.int64), v[inside], np.zeros(int(inside.sum()), np.int64))
        return {sid: found[sid] for sid in sids}


def plan(name, *inputs, lead_h=72.0):
    return Scenario(name, "张三", T0, T0, lead_h, tuple(inputs))


def desks(folder: Path, runner: Any, hub: Any) -> Iterator[Callable[..., ConsultDesk]]:
    """Give what makes desks, and close them all afterwards."""
    made = []

    def make(board: Any = None, key: OpsKey | None = KEY) -> ConsultDesk:
        async def build() -> ConsultDesk:
            return ConsultDesk(board or Board(), TaskScope(hub.report), folder / "scenarios.db", folder, key)

        found: ConsultDesk = runner.run(build())
        made.append(found)
        return found

    yield make
    for one in made:
        runner.run(one._tasks.close())
        runner.run(one.close())
