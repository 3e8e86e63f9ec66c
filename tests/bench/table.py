"""Target 2: 20,000 live rows, 2,000 updates a second, sorted; nothing lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from console.domain.elements import LEVEL
from console.domain.freshness import Freshness
from console.domain.objects import Station
from console.domain.states import State
from console.look import Look
from console.presenters.table import columns_of
from console.viewdata.board import Row as BoardRow
from console.viewdata.board import Sample
from console.viewdata.table import Moments, TableView
from tests.bench.measure import application
from tests.bench.run import Row

T = 1_655_877_600

ROWS, TICKS, PER_TICK = 20_000, 30, 200


def row(i: int, value: float) -> BoardRow:
    level = Sample(i, LEVEL, T, value, 0, value, 0.01, 3600, "bench", np.arange(T - 82_800, T + 1, 3600), np.full(24, value))
    state = State(int(value) % 4)
    mark = (state, value)
    return BoardRow(
        Station(f"S{i}", f"站{i}", "river", "北江"),
        state,
        Freshness.LIVE,
        value - 20,
        level,
        None,
        None,
        None,
        None,
        0,
        0.0,
        {"Z": level},
        mark,
    )


def run() -> Iterator[Row]:
    app = application()
    from widgets.station_table import StationTable

    table = StationTable(Look())
    table.resize(900, 600)
    table.show()
    rng = np.random.default_rng(2)
    rows = {f"S{i}": row(i, float(v)) for i, v in enumerate(rng.uniform(10, 30, ROWS))}
    table.show_view(TableView(tuple(rows.values()), columns_of(None, str), moments=Moments(T, T)))
    app.processEvents()
    cpu = time.process_time()
    for _ in range(TICKS):
        changed = []
        for i in rng.integers(0, ROWS, PER_TICK).tolist():
            old = rows[f"S{i}"]
            value = old.level.value + float(rng.normal(0, 0.05))
            level = replace(old.level, value=value)
            changed.append(replace(old, level=level, margin_m=value - 20, mark=(old.state, value)))
            rows[f"S{i}"] = changed[-1]
        table.model.update_rows(changed)
        app.processEvents()
    spent = time.process_time() - cpu
    share = 100 * spent / (TICKS * PER_TICK / 2000)
    kept = {r.code: r.level.value for r in table.model.rows()}
    whole = kept == {code: r.level.value for code, r in rows.items()}
    order = [(-int(r.state), -(r.margin_m or 0)) for r in table.model.rows()]
    table.close()
    table.deleteLater()
    floor = f"末值一致 {'是' if whole else '否'}，排序保持 {'是' if order == sorted(order) else '否'}"
    yield Row("2", share, "% 单核 20000 行 2000 次/秒", floor, "≤ 30 %，不丢", share <= 30 and whole)
