"""What the sea does to a flood: the tidal river below a chain, between the chain's last flow and a tide at the mouth.

The delta is a net of channels of which no sections are published: one channel stands for it, declared with the network,
and every result says so. Where the river of the next basin joins, their waters mix and part again by a declared share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import Inflow, Tide
from console.engine import tidal_river
from console.engine.chain_base import Base
from console.engine.refused import EngineRefused

Array = NDArray[np.float64]
STEP_S = 600.0
SETTLING_H = 25.0  # two tides before the start, until the river moves with the sea
HALF_DAY_H, DAY_H = 12.4206, 23.9345  # M2, K1
NEEDED = ("node", "mouth", "section", "manning", "tide", "surge_h", "place")


@dataclass(frozen=True, slots=True, eq=False)
class TidalCourse:
    """flow_m3s, level_m: hourly from the base moment, by place's id; entering_m3s at the upper end. said: in Chinese."""

    entering_m3s: Array
    flow_m3s: Mapping[str, Array]
    level_m: Mapping[str, Array]
    mass_error: float
    said: tuple[str, ...]


def places_of(declared: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the places of a chain's tidal river as rows like nodes; none where it has none."""
    return tuple(declared.get("tidal", {}).get("place", ()))


def rows_of(declared: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the rows of all places that an outcome may have: the chain's nodes, then those of the tidal river alone."""
    nodes = tuple(declared.get("node", ()))
    known = {str(n["id"]) for n in nodes}
    return (*nodes, *({"kind": "station", **p} for p in places_of(declared) if str(p["id"]) not in known))


def joining_of(declared: Mapping[str, Any]) -> str:
    """Return the id under which a scenario gives the flow of the joining river; empty where none joins."""
    return str(declared.get("tidal", {}).get("joining", {}).get("node", ""))


def tidal_course(declared: Mapping[str, Any], base: Base, entry: Tide, joining: Inflow | None, above_m3s: Array) -> TidalCourse:
    """Return what a tide does to the river below a chain.

    Args:
        joining: the flow of the joining river as the scenario gives it.
        above_m3s: (n,) hourly, the flow at the chain's last node.

    Raises:
        EngineRefused: declared: no such mouth, a key is missing; or what tidal_river refuses.
    """
    raw = _table(declared, entry)
    try:
        km, bed, width = np.array(raw["section"], float).T
        river = tidal_river.TidalRiver.of(*_spaced(km * 1000.0, bed, width), raw["manning"])
        tide = {k: float(raw["tide"][k]) for k in ("mean_m", "half_day_m", "day_m")}
        fall_h = float(raw["surge_h"])
        places = {str(p["id"]): float(p["km"]) * 1000.0 for p in raw["place"]}
    except (KeyError, TypeError, ValueError) as exc:
        if isinstance(exc, EngineRefused):
            raise
        raise EngineRefused("declared", f"河网文件的 tidal：{exc!r}") from exc
    entering, said = _joined(raw, base, joining, above_m3s)
    hours = np.arange(len(entering), dtype=float)
    fine = np.arange(-SETTLING_H * 3600.0, hours[-1] * 3600.0 + 1.0, STEP_S) / 3600.0
    peak_h = float(np.argmax(entering)) if entry.peak_s is None else entry.peak_s / 3600.0
    sea = _sea(entry, tide, fall_h, peak_h, fine)
    run = tidal_river.run(river, np.interp(fine, hours, entering), sea, STEP_S)
    whole = np.rint((hours - fine[0]) * 3600.0 / STEP_S).astype(int)
    levels = {k: _at(river, run.level_m, x)[whole] for k, x in places.items()}
    flows = {k: _at(river, run.flow_m3s, x)[whole] for k, x in places.items()}
    said += _words(raw, entry, tide, peak_h, float(sea.max()))
    return TidalCourse(entering, flows, levels, run.mass_error, tuple(said))


def _table(declared: Mapping[str, Any], entry: Tide) -> Mapping[str, Any]:
    raw = declared.get("tidal")
    if not isinstance(raw, Mapping):
        raise EngineRefused("declared", "河网文件没有感潮河段（tidal），不能给潮位")
    missing = [k for k in NEEDED if k not in raw]
    if missing:
        raise EngineRefused("declared", f"河网文件的 tidal 缺少 {missing[0]}")
    if entry.station != raw["mouth"]:
        raise EngineRefused("declared", f"“{entry.station}”不是感潮河段的河口站，应为“{raw['mouth']}”")
    return raw


def _spaced(at_m: Array, bed_m: Array, width_m: Array) -> tuple[Array, Array, Array]:
    """Return sections no more than 5 km apart, between the declared ones by straight lines."""
    n = max(3, int(np.ceil((at_m[-1] - at_m[0]) / 5000.0)) + 1)
    at = np.linspace(at_m[0], at_m[-1], n)
    return at, np.interp(at, at_m, bed_m), np.interp(at, at_m, width_m)


def _joined(raw: Mapping[str, Any], base: Base, given: Inflow | None, above_m3s: Array) -> tuple[Array, list[str]]:
    """Return what enters the tidal river: its share of both rivers' waters, or the chain's own flow alone."""
    joining = raw.get("joining")
    if not joining:
        return above_m3s, []
    node, name, share = str(joining["node"]), str(joining.get("name", joining["node"])), float(joining["share"])
    hours = np.arange(len(above_m3s), dtype=float)
    if given is not None and given.points:
        t, v = np.array(given.points).T
        beside, whence = np.interp(hours, t / 3600.0, v), "情景给定"
    elif node in base.beside_m3s:
        beside, whence = base.beside_m3s[node], "实测，其后持平（假定）"
        if given is not None:
            beside = np.maximum(beside * given.factor + given.add_m3s, 0.0)
            whence = "实测持平后按情景增减"
    elif given is not None:
        raise EngineRefused("declared", f"{name}没有实测流量，不能用倍数或加流量，请给来水过程")
    else:
        return above_m3s, [f"没有{name}流量，按{joining.get('at', '汇合口')}无交换计（假定）"]
    words = f"{name}流量{whence}，{joining.get('at', '汇合口')}以下按总流量的 {share:.3f} 分入（{joining.get('src', '假定')}）"
    return np.asarray(share * (above_m3s + beside), float), [words]


def _sea(entry: Tide, tide: Mapping[str, float], fall_h: float, peak_h: float, hours: Array) -> Array:
    """Return the stage at the mouth at hours: as drawn, or a tide whose high water and surge meet at peak_h."""
    if entry.points:
        t, v = np.array(entry.points).T
        return np.asarray(np.interp(hours, t / 3600.0, v), float)
    off = hours - peak_h
    astronomical = tide["half_day_m"] * np.cos(2 * np.pi * off / HALF_DAY_H) + tide["day_m"] * np.cos(2 * np.pi * off / DAY_H)
    surge = np.where(np.abs(off) < fall_h / 2, np.cos(np.pi * off / fall_h) ** 2, 0.0) * entry.surge_m
    return np.asarray(tide["mean_m"] + astronomical + surge, float)


def _at(river: tidal_river.TidalRiver, values: Array, at_m: float) -> Array:
    """Return (steps,) of values (steps, n) at a distance."""
    i = int(np.clip(np.searchsorted(river.at_m, at_m), 1, len(river.at_m) - 1))
    part = (at_m - river.at_m[i - 1]) / (river.at_m[i] - river.at_m[i - 1])
    return np.asarray(values[:, i - 1] * (1 - part) + values[:, i] * part, float)


def _words(raw: Mapping[str, Any], entry: Tide, tide: Mapping[str, float], peak_h: float, highest_m: float) -> list[str]:
    mouth = raw["mouth"]
    if entry.points:
        sea = f"{mouth}潮位由情景给定，最高 {highest_m:.2f} m"
    else:
        means = "，与洪峰同时（假定的不利遭遇）" if entry.peak_s is None else ""
        sea = (
            f"{mouth}天文潮为假定的标准潮型（均值 {tide['mean_m']:g} m，振幅 {tide['half_day_m']:g} 和 {tide['day_m']:g} m），"
            f"增水 {entry.surge_m:g} m，高潮与增水峰同在第 {peak_h:.0f} h{means}，最高 {highest_m:.2f} m"
        )
    river = raw.get("river", "感潮河段")
    return [sea, f"{river}：一维圣维南方程（{raw.get('sure', '假定')}）：{raw.get('src', '断面假定')}"]
