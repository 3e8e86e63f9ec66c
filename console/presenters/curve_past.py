"""Earlier floods of the same station laid over the shown window, by peak or by calendar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from console.domain.time import beijing, from_beijing, stamp
from console.engine.series_stats import flood_peaks, trusted
from console.presenters.hydrograph_marks import known
from console.presenters.wording import Translate
from console.store.cache_reader import Rows
from console.viewdata.curve_tools import Choice, PickerView
from console.viewdata.curves import Curve

MOST = 4
APART_S = 4 * 86400.0
FLOODS = 6
PEAK, CALENDAR = "peak", "calendar"
DAY_S = 86400.0
PEAK_WITHIN_S = 3.5 * DAY_S


@dataclass(frozen=True, slots=True)
class Past:
    """A moment of the past that is laid over the shown window. t: a flood's peak, or a chosen day's noon, UTC s."""

    key: str
    t: int
    text: str


def past_floods(rows: Rows) -> list[Past]:
    """Return the floods of a whole cached series, highest first."""
    t, v, q = rows
    return [
        Past(f"peak:{at}", at, f"{beijing(at).strftime('%Y-%m-%d %H:%M')}  {value:.2f} m")
        for at, value in flood_peaks(t, trusted(v, q), APART_S, FLOODS)
    ]


def same_period(rows: Rows, moment: float) -> list[Past]:
    """Return the other years in which the series has readings around the shown day of the year."""
    now, found = beijing(moment), []
    years = sorted({beijing(float(t)).year for t in (rows[0][:1].tolist() + rows[0][-1:].tolist())})
    for year in range(years[0], years[-1] + 1) if years else ():
        at = _in_year(moment, year)
        if year != now.year and ((rows[0] > at - 3 * DAY_S) & (rows[0] < at + 3 * DAY_S)).any():
            found.append(Past(f"year:{year}", int(at), f"{year} 年同期"))
    return found


def _in_year(moment: float, year: int) -> float:
    now = beijing(moment)
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=year, day=day).timestamp()


def typed_day(text: str) -> Past:
    """Return the chosen day.

    Raises:
        ValueError: not a date as year-month-day.
    """
    parts = re.fullmatch(r"(\d{4})\D(\d{1,2})\D(\d{1,2})日?", text.strip())
    if parts is None:
        raise ValueError(text)
    day = f"{parts[1]}-{int(parts[2]):02d}-{int(parts[3]):02d}"
    at = from_beijing(day)
    if not 0 < at < 4_102_444_800:
        raise ValueError(text)
    return Past(f"day:{day}", at + int(DAY_S / 2), day)


def around(past: Past) -> tuple[int, int]:
    """Return the days in which the peak of a chosen date is sought."""
    return int(past.t - PEAK_WITHIN_S), int(past.t + PEAK_WITHIN_S)


def at_its_peak(past: Past, rows: Rows) -> Past:
    """Return the past at its highest reading around the chosen date; as it is where nothing was read."""
    t, v, q = rows
    known = trusted(v, q)
    return replace(past, t=int(t[int(np.nanargmax(known))])) if np.isfinite(known).any() else past


def shift_of(past: Past, way: str, here_t: float) -> float:
    """Return what is added to the past's times: its peak onto the shown peak, or its date onto this year's."""
    if way == PEAK:
        return here_t - past.t
    year = beijing(here_t).year
    return _in_year(past.t, year) - past.t


def own_peak(curve: Curve | None, moment: float) -> float:
    """Return when the shown window was highest up to the moment, the moment if it has no level."""
    curve = known(curve, moment) if curve is not None else None
    v = trusted(curve.v, curve.quality) if curve is not None else np.empty(0)
    if curve is None or not np.isfinite(v).any():
        return moment
    return float(curve.t[int(np.nanargmax(v))])


def overlay(past: Past, rows: Rows, shift_s: float, like: Curve, tint: int, tr: Translate) -> Curve:
    """Return the past's curve at the shown times, named by its year."""
    t, v, q = rows
    when = beijing(past.t)
    name = f"{when.year}-{when.month:02d}-{when.day:02d}（{tr('历史')}）"
    return replace(like, name=name, t=t + int(shift_s), v=v, quality=q, tint=tint, shift_s=float(int(shift_s)), sid=0)


def past_picker(
    floods: Sequence[Past],
    years: Sequence[Past],
    chosen: Sequence[Past],
    way: str,
    extent: tuple[int, int] | None,
    here_t: float,
    tr: Translate,
) -> PickerView:
    """Return the floods and years that can be laid over, and what the cache lacks."""
    keys = [p.key for p in chosen]
    extra = [p for p in chosen if p.key.startswith("day:")]
    free = len(chosen) < MOST
    choices = [
        Choice(p.key, p.text, tr("本次") if abs(p.t - here_t) < 3600 else "", p.key in keys, p.key in keys or free)
        for p in [*floods, *years, *extra]
    ]
    notes = []
    if not years:
        held = f"（{stamp(extent[0], 0)} – {stamp(extent[1], 0)}）" if extent is not None else ""
        notes.append(tr("本机缓存没有其他年份的数据") + held)
    if not floods:
        notes.append(tr("缓存里还没有完整的洪峰"))
    return PickerView(tuple(choices), way, tuple(notes))
