"""How a flood is rebuilt between its published marks. Every rebuilt value is marked 重建.

Method, the same for every station:
1. A curve with knots (published marks and stated assumptions) is a monotone cubic (PCHIP) through
   them: no knot is missed, no piece overshoots its ends.
2. A curve that follows another is that curve shifted by lag_h and routed by Muskingum
   (K = attenuation_h, x = 0.2), scaled linearly from its own lowest..highest to the stated range.
3. A curve by rating passes the same station's other element through a monotone Z–Q table.
4. Curves of kind 2 and 3 are then bent through their own marks: the misfit at the marks is
   interpolated linearly between them and fades outside with an e-folding time of 36 h.
5. Rain of a block is split over days as stated and over hours by seeded, smoothed weights, then
   rounded to 0.1 mm so that the block's published total is met exactly.
6. Rain of gauges is the basin's rain spread by the stated centres and a seeded, smooth unevenness, and
   scaled hour by hour so that the Thiessen mean over the basin's outline is the basin's rain again.
7. Readings of works' sensors and gates are simulated from these curves (works_model), source 模拟监测.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from console.domain.quality import Quality
from console.domain.time import HOUR_S, from_beijing
from console.drill.facts import FloodFacts, declared_works, inferred_of, marks_of
from console.drill.gauge_rain import gauge_rain
from console.drill.recorded import Array, RecordedSeries
from console.drill.works_model import SOURCE as MONITORED
from console.drill.works_model import works_series
from console.engine.routing import muskingum

FADE_S = 36 * HOUR_S


def rebuild(facts: FloodFacts) -> list[RecordedSeries]:
    """Return every series of a flood on an hourly grid plus the exact mark times.

    Raises:
        ValueError: a description names a curve that was not rebuilt before it.
    """
    return with_works(facts.key, curves(facts))


def curves(facts: FloodFacts) -> list[RecordedSeries]:
    """Return a flood's levels, flows and rain, without what is measured on works. Raises: ValueError."""
    hours = np.arange(facts.from_t, facts.to_t + 1, HOUR_S, dtype=np.int64)
    done: dict[tuple[str, str], Array] = {}
    series = []
    for h in _in_order(facts.hydrographs):
        key = (h["object"], h["element"])
        done[key] = _curve(h, done, hours, hours)
        series.append(_with_marks(h, done, hours))
    for rule in facts.rain:
        areal = _rain(rule)
        series += [areal, *gauge_rain(rule, areal)]
    return series


def with_works(key: str, series: list[RecordedSeries]) -> list[RecordedSeries]:
    """Return series with what is measured on works while they are so. key: of the flood, for the works' own stories."""
    series = list(series)
    known = {(s.object_code, s.element): (s.t, s.value) for s in series}
    for made in works_series(declared_works(), key, known):
        quality = np.full(len(made.t), int(Quality.RECONSTRUCTED), np.int64)
        series.append(RecordedSeries(made.object_code, made.element, made.t, made.value, quality, MONITORED))
    return series


def _in_order(hydrographs: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """Order descriptions so that what is followed comes first."""
    waiting, ready, known = list(hydrographs), [], set()
    while waiting:
        free = [h for h in waiting if _needs(h) is None or _needs(h) in known]
        if not free:
            raise ValueError(f"follows nothing known: {[h['object'] for h in waiting]}")
        ready += free
        known |= {(h["object"], h["element"]) for h in free}
        waiting = [h for h in waiting if h not in free]
    return ready


def _needs(h: dict[str, Any]) -> tuple[str, str] | None:
    if "follow" in h:
        return h["follow"]["object"], h["follow"].get("element", "Z")
    if "rating" in h:
        return h["object"], "Q" if h["element"] == "Z" else "Z"
    return None


def _curve(h: dict[str, Any], done: dict[tuple[str, str], Array], hours: Any, t: Any) -> Array:
    if "follow" in h:
        return _through_marks(h, _followed(h, done, hours), hours, t)
    if "rating" in h:
        other = done[_needs(h) or ("", "")]
        table = np.array(sorted(h["rating"]), float)
        given, wanted = (1, 0) if h["element"] == "Z" else (0, 1)
        rate = PchipInterpolator(table[:, given], table[:, wanted], extrapolate=True)
        low = table[0, wanted] * 0.5
        return _through_marks(h, np.maximum(rate(other), low), hours, t)
    knots = {from_beijing(at): float(v) for at, v in h["assume"]}
    knots |= {at: v for at, v, _ in marks_of(h)}
    at = np.array(sorted(knots))
    smooth = PchipInterpolator(at, [knots[k] for k in at], extrapolate=False)
    return np.asarray(smooth(np.clip(t, at[0], at[-1])))


def _followed(h: dict[str, Any], done: dict[tuple[str, str], Array], hours: Any) -> Array:
    rule = h["follow"]
    source = done[_needs(h) or ("", "")]
    moved = np.interp(hours - rule["lag_h"] * HOUR_S, hours, source)
    if rule.get("attenuation_h", 0) > 0:
        moved = muskingum(moved, rule["attenuation_h"], 0.2, 1.0)
    low, high = h["range"]
    span = np.ptp(moved)
    return np.asarray(low + (moved - moved.min()) / span * (high - low))


def _through_marks(h: dict[str, Any], base: Array, hours: Any, t: Any) -> Array:
    at_t = np.interp(t, hours, base)
    marks = list(marks_of(h))
    if not marks:
        return np.asarray(at_t)
    times = np.array([m[0] for m in marks], float)
    misfit = np.array([m[1] for m in marks]) - np.interp(times, hours, base)
    bend = np.interp(t, times, misfit)
    outside = np.maximum(0, times[0] - t) + np.maximum(0, t - times[-1])
    return np.asarray(at_t + bend * np.exp(-outside / FADE_S))


def _with_marks(h: dict[str, Any], done: dict[tuple[str, str], Array], hours: NDArray[np.int64]) -> RecordedSeries:
    first, last = hours[0], hours[-1]
    if "follow" not in h and "rating" not in h:
        known = [from_beijing(at) for at, _ in h["assume"]] + [m[0] for m in marks_of(h)]
        first, last = max(first, min(known)), min(last, max(known))
    marks = {at: v for at, v, _ in marks_of(h)}
    grid = hours[(hours >= first) & (hours <= last)]
    t = np.array(sorted(set(grid.tolist()) | set(marks)), np.int64)
    value = _curve(h, done, hours, t)
    decimals = 0 if h["element"] in ("Q", "INQ", "OTQ") else 2
    value = np.round(value, decimals)
    quality = np.full(len(t), int(Quality.RECONSTRUCTED), np.int64)
    inferred = inferred_of(h)
    for i, moment in enumerate(t.tolist()):
        if moment in marks:
            value[i] = marks[moment]
            quality[i] = int(Quality.RECONSTRUCTED if moment in inferred else Quality.MEASURED)
    return RecordedSeries(h["object"], h["element"], t, value, quality)


def _rain(rule: dict[str, Any]) -> RecordedSeries:
    times: list[int] = []
    tenths: list[int] = []
    rng = np.random.default_rng(rule["seed"])
    for block in rule["block"]:
        start, end = from_beijing(block["from"]), from_beijing(block["to"])
        n = (end - start) // HOUR_S
        noise = rng.gamma(0.9, 1.0, n + 8)
        weight = np.convolve(noise, np.hanning(9)[1:-1], "valid")[:n]
        share = np.array(block["days"], float)
        for d in range(len(share)):
            part = slice(24 * d, min(24 * (d + 1), n))
            weight[part] *= share[d] / share.sum() / weight[part].sum()
        times += [start + HOUR_S * (i + 1) for i in range(n)]  # stamps are interval ends
        tenths += _rounded(weight * block["total_mm"] * 10, round(block["total_mm"] * 10))
    t = np.array(times, np.int64)
    quality = np.full(len(t), int(Quality.RECONSTRUCTED), np.int64)
    return RecordedSeries(rule["object"], "P", t, np.array(tenths) / 10.0, quality)


def _rounded(values: Array, total: int) -> list[int]:
    """Round to integers by largest remainder so that they add up to total."""
    floor = np.floor(values).astype(int)
    missing = total - int(floor.sum())
    for i in np.argsort(floor - values)[:missing]:
        floor[i] += 1
    return [int(v) for v in floor]
