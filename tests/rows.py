"""Rows of the board for tests and benches: one station with readings up to a moment."""

from __future__ import annotations

import numpy as np

from console.domain.objects import Series, Station, Threshold
from console.domain.time import from_beijing
from console.state.rows import judged, sample
from console.viewdata.board import Board, Row

T = from_beijing("2022-06-22 14:00")


def series_rows(values, end=T, step=3600, quality=0):
    n = len(values)
    t = np.arange(end - (n - 1) * step, end + 1, step, dtype=np.int64)
    return t, np.array(values, float), np.full(n, quality, np.int64)


def station_row(code, values=(4.0, 4.5, 5.0), kind="river", end=T, at=T, element="", more=(), **facts) -> Row:
    """Return a judged row; facts: name, river, city, lon, lat, thresholds (kind=value), facts."""
    marks = facts.pop("thresholds", {})
    station = Station(code, facts.pop("name", f"站{code}"), kind, element=element, **({"river": "北江"} | facts))
    station = Station(
        **{
            **{f: getattr(station, f) for f in station.__slots__},
            "thresholds": tuple(Threshold(k, v, station.main_element) for k, v in marks.items()),
        }
    )
    samples = {}
    for name, numbers in ((station.main_element, values), *more):
        one = sample(Series(abs(hash((code, name))) % 10**6, code, name, "", source="测试"), series_rows(numbers, end), at)
        if one is not None:
            samples[name] = one
    return judged(station, samples, at)


def board_of(*rows: Row, at=T, rivers=()) -> Board:
    return Board(at, at, "live", tuple(rows), tuple(rivers), {r.code: r for r in rows})
