"""Rain of single gauges, rebuilt from a basin's published mean; always 重建."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from console.domain.quality import Quality
from console.drill.facts import basin_objects
from console.drill.recorded import Array, RecordedSeries
from console.engine.areal_rain import thiessen_weights, to_plane

UNEVEN = 0.35  # of the hourly factor, standard deviation of its logarithm
SMOOTH_H = 5


def gauge_rain(rule: Mapping[str, Any], areal: RecordedSeries) -> list[RecordedSeries]:
    """Return a series for every gauge of the basin; none where its outline or the rain's centres are not stated.

    The Thiessen mean of the gauges is the basin's rain within what rounding to 0.1 mm leaves.
    """
    objects = basin_objects()
    basin = next(b for b in objects["basins"] if b["code"] == rule["object"])
    outline = basin["properties"]["facts"].get("outline")
    gauges = [s for s in objects["stations"] if s["properties"]["type"] == "rain"]
    if not outline or not rule.get("centres") or not gauges:
        return []
    ring = np.array(outline, float)
    lat0 = float(ring[:, 1].mean())
    places = np.array([g["geometry"]["coordinates"] for g in gauges], float)
    shape = shapely.Polygon(to_plane(ring[:, 0], ring[:, 1], lat0))
    weights, _ = thiessen_weights(shape, to_plane(places[:, 0], places[:, 1], lat0))
    factor = _pattern(rule, places) * _unevenness(int(rule["seed"]), len(areal.t), len(gauges))
    factor /= (factor @ weights)[:, None]
    value = np.round(factor * areal.value[:, None], 1)
    quality = np.full(len(areal.t), int(Quality.RECONSTRUCTED), np.int64)
    return [RecordedSeries(g["code"], "P", areal.t, value[:, i], quality) for i, g in enumerate(gauges)]


def _pattern(rule: Mapping[str, Any], places: Array) -> Array:
    """Return each gauge's share relative to the others, (n,)."""
    found = np.ones(len(places))
    for lon, lat, reach, times in rule["centres"]:
        distance = np.hypot(places[:, 0] - lon, places[:, 1] - lat) / reach
        found += (times - 1) * np.exp(-(distance**2))
    return found


def _unevenness(seed: int, hours: int, gauges: int) -> Array:
    """Return seeded factors (hours, gauges) around 1 that change smoothly with time."""
    noise = np.random.default_rng(seed + 1).normal(0.0, 1.0, (hours + SMOOTH_H - 1, gauges))
    kernel = np.hanning(SMOOTH_H + 2)[1:-1]
    smooth = np.column_stack([np.convolve(noise[:, i], kernel / np.sqrt((kernel**2).sum()), "valid") for i in range(gauges)])
    return np.asarray(np.exp(UNEVEN * smooth))
