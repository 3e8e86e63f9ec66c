"""What a hydrograph marks up to the shown moment: the crest once it has passed, the reading now, crossings.

Nothing here may use a reading later than the moment: whoever looks back sees what could be known then.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from console.domain.elements import LEVELS
from console.domain.freshness import breaks_line, trend
from console.domain.objects import Station
from console.domain.states import State, judge
from console.domain.time import stamp
from console.engine.series_stats import HOUR_S, trusted, value_at
from console.presenters.wording import Translate
from console.viewdata.curves import Curve, HydrographView, Present

FALLEN_M = 0.05  # a highest reading is called a crest once the level fell by this much, or
FALLEN_S = 3600.0  # has been lower for this long


def known(curve: Curve, moment: float) -> Curve:
    """Return a curve without its readings after a moment."""
    i = int(np.searchsorted(curve.t, moment, side="right"))
    return curve if i == len(curve.t) else replace(curve, t=curve.t[:i], v=curve.v[:i], quality=curve.quality[:i])


def own_level(view: HydrographView) -> Curve | None:
    return next((c for c in view.curves if c.role == "level" and not c.tint), None)


def marked(view: HydrographView, station: Station, tr: Translate) -> HydrographView:
    """Return a view with crest, present reading and crossings as known at its moment."""
    level = own_level(view)
    if level is None:
        return replace(view, peak=None, present=None, crossings=())
    level = known(level, view.moment)
    present = present_of(level, station, view.moment)
    if station.main_element not in LEVELS:  # a chloride has no crest, and no rate that means something
        present = None if present is None else replace(present, per_h=None, trend=0)
        return replace(view, peak=None, present=present, crossings=())
    peak = crest(level)
    named = None if peak is None else (*peak, _state(station, peak[1], peak[0]))
    return replace(view, peak=named, present=present, crossings=_crossings(station, level, tr))


def _state(station: Station, value: float, t: float) -> State:
    return judge(station, value, None, t).state


def crest(level: Curve) -> tuple[int, float] | None:
    """Return the highest reading once the level has fallen after it; None while it may still rise.

    level: already cut at the moment.
    """
    v = trusted(level.v, level.quality)
    if not np.isfinite(v).any():
        return None
    i = int(np.nanargmax(v))
    lower = np.flatnonzero(v[i + 1 :] < v[i]) + i + 1
    if not len(lower):
        return None
    deep = float(v[i] - np.min(v[lower])) >= FALLEN_M - 1e-9
    return (int(level.t[i]), float(v[i])) if deep or level.t[lower[-1]] - level.t[i] >= FALLEN_S else None


def present_of(level: Curve, station: Station | None, moment: float) -> Present | None:
    """Return the newest usable reading with its change an hour; old says that it is too old to be the present one."""
    v = trusted(level.v, level.quality)
    good = np.flatnonzero(np.isfinite(v))
    if not len(good):
        return None
    i = int(good[-1])
    t, value = int(level.t[i]), float(v[i])
    before = value_at(level.t[good], v[good], level.interval_s, t - HOUR_S)
    per_h = None if before is None else value - before
    if per_h is None and len(good) > 1 and not breaks_line(t - level.t[good[-2]], level.interval_s):
        step_h = float(t - level.t[good[-2]]) / HOUR_S  # readings farther apart than an hour, or only just begun
        per_h = (value - float(v[good[-2]])) / step_h
    state = State.NORMAL if station is None else _state(station, value, t)
    old = breaks_line(moment - t, level.interval_s)
    return Present(t, value, per_h, trend(per_h), state, old)


def _crossings(station: Station, level: Curve, tr: Translate) -> tuple[tuple[int, float, str], ...]:
    """Return where the level rose through the warning level between two readings: time, value, text."""
    warning = station.level_threshold("warning", float(level.t[-1])) if len(level.t) else None
    if warning is None:
        return ()
    v = trusted(level.v, level.quality)
    rises = np.flatnonzero((v[1:] >= warning.value) & (v[:-1] < warning.value)) + 1
    return tuple((int(level.t[i]), float(level.v[i]), f"{tr('超警')} {stamp(float(level.t[i]))}") for i in rises.tolist())
