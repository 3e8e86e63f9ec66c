"""What the sea does to a flood: the tidal river below a chain, between the chain's last flow and a tide at the mouth.

The delta is a net of channels of which no sections are published: one channel stands for it, declared with the network,
and every result says so. Where the river of the next basin joins, their waters mix and part again by a declared share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
SPACING_M = 5000.0
WATERS = ("mean_m", "half_day_m", "day_m")


@dataclass(frozen=True, slots=True)
class Joining:
    """The river that joins above the tidal one. node: under which a scenario gives its flow; share: of both waters."""

    node: str
    name: str
    at: str
    share: float
    src: str


@dataclass(frozen=True, slots=True, eq=False)
class Tidal:
    """What a chain declares of its tidal river. node: whose flow enters; places: metres by id, and their rows like nodes."""

    node: str
    river: str
    mouth: str
    channel: tidal_river.TidalRiver
    tide: Mapping[str, float]
    surge_h: float
    sure: str
    src: str
    joining: Joining | None
    places_m: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class TidalCourse:
    """flow_m3s, level_m: hourly from the base moment, by place's id; entering_m3s at the upper end. said: in Chinese."""

    entering_m3s: Array
    flow_m3s: Mapping[str, Array]
    level_m: Mapping[str, Array]
    mass_error: float
    said: tuple[str, ...]


def tidal_of(declared: Mapping[str, Any]) -> Tidal | None:
    """Return a chain's tidal river; None where it declares none.

    Raises:
        EngineRefused: declared: a key is missing, of the wrong kind or out of range; the key is named.
    """
    raw = declared.get("tidal")
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise _refused("tidal", "须为表")
    section = raw.get("section")
    if not isinstance(section, Sequence) or not section or not all(isinstance(r, Sequence) and len(r) == 3 for r in section):
        raise _refused("section", "须为若干行 [里程 km, 河底 m, 河宽 m]")
    km, bed, width = np.array([[_number(v, "section") for v in row] for row in section]).T
    if len(km) < 2 or (np.diff(km) <= 0).any():
        raise _refused("section", "至少两行，里程须递增")
    tide = raw.get("tide")
    if not isinstance(tide, Mapping):
        raise _refused("tide", f"须给出 {'、'.join(WATERS)}")
    river = tidal_river.TidalRiver.of(*_spaced(km * 1000.0, bed, width), _number(raw.get("manning"), "manning", 1e-4, 1.0))
    surge_h = _number(raw.get("surge_h"), "surge_h", 1.0, 240.0)
    return Tidal(
        _text(raw, "node"), str(raw.get("river", "感潮河段")), _text(raw, "mouth"), river,
        {k: _number(tide.get(k), f"tide.{k}", -20.0, 20.0) for k in WATERS}, surge_h, str(raw.get("sure", "假定")),
        str(raw.get("src", "断面假定")), _joining(raw.get("joining")), _places(raw.get("place"), km),
    )  # fmt: skip


def _joining(raw: Any) -> Joining | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise _refused("joining", "须为表")
    for key in ("object", "element") if {"object", "element"} & set(raw) else ():
        _text(raw, key)
    node, share = _text(raw, "node"), _number(raw.get("share"), "joining.share", 0.0, 1.0)
    return Joining(node, str(raw.get("name", node)), str(raw.get("at", "汇合口")), share, str(raw.get("src", "假定")))


def _places(raw: Any, km: Array) -> dict[str, float]:
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw or not all(isinstance(p, Mapping) for p in raw):
        raise _refused("place", "须为若干 [[tidal.place]]")
    found: dict[str, float] = {}
    for row in raw:
        _text(row, "name")
        if _text(row, "id") in found:
            raise _refused("place", f"id {row['id']} 重复")
        found[str(row["id"])] = _number(row.get("km"), f"place {row['id']} 的 km", float(km[0]), float(km[-1])) * 1000.0
    return found


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise _refused(key, "缺少，或不是文字")
    return value


def _number(value: Any, key: str, low: float = -1e6, high: float = 1e6) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _refused(key, f"{value!r} 不是 {low:g} 到 {high:g} 之间的数")
    return float(value)


def _refused(key: str, why: str) -> EngineRefused:
    return EngineRefused("declared", f"河网文件的 tidal 段 {key}：{why}")


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
    tidal = tidal_of(declared)
    if tidal is None:
        raise EngineRefused("declared", "河网文件没有感潮河段（tidal），不能给潮位")
    if entry.station != tidal.mouth:
        raise EngineRefused("declared", f"“{entry.station}”不是感潮河段的河口站，应为“{tidal.mouth}”")
    river = tidal.channel
    entering, said = _joined(tidal.joining, base, joining, above_m3s)
    hours = np.arange(len(entering), dtype=float)
    fine = np.arange(-SETTLING_H * 3600.0, hours[-1] * 3600.0 + 1.0, STEP_S) / 3600.0
    peak_h = float(np.argmax(entering)) if entry.peak_s is None else entry.peak_s / 3600.0
    sea = _sea(entry, tidal.tide, tidal.surge_h, peak_h, fine)
    run = tidal_river.run(river, np.interp(fine, hours, entering), sea, STEP_S)
    whole = np.rint((hours - fine[0]) * 3600.0 / STEP_S).astype(int)
    levels = {k: _at(river, run.level_m, x)[whole] for k, x in tidal.places_m.items()}
    flows = {k: _at(river, run.flow_m3s, x)[whole] for k, x in tidal.places_m.items()}
    said += _words(tidal, entry, peak_h, float(sea.max()))
    return TidalCourse(entering, flows, levels, run.mass_error, tuple(said))


def _spaced(at_m: Array, bed_m: Array, width_m: Array) -> tuple[Array, Array, Array]:
    """Return sections no more than 5 km apart, between the declared ones by straight lines."""
    n = max(3, int(np.ceil((at_m[-1] - at_m[0]) / SPACING_M)) + 1)
    at = np.linspace(at_m[0], at_m[-1], n)
    return at, np.interp(at, at_m, bed_m), np.interp(at, at_m, width_m)


def _joined(joining: Joining | None, base: Base, given: Inflow | None, above_m3s: Array) -> tuple[Array, list[str]]:
    """Return what enters the tidal river: its share of both rivers' waters, or the chain's own flow alone."""
    if joining is None:
        return above_m3s, []
    name, hours = joining.name, np.arange(len(above_m3s), dtype=float)
    if given is not None and given.shift_h:
        raise EngineRefused("declared", f"{name}的来水不能推迟，请给来水过程")
    if given is not None and given.points:
        t, v = np.array(given.points).T
        beside, whence = np.interp(hours, t / 3600.0, v), "情景给定"
    elif joining.node in base.beside_m3s:
        beside, whence = base.beside_m3s[joining.node], "实测，其后持平（假定）"
        if given is not None:
            beside = np.maximum(beside * given.factor + given.add_m3s, 0.0)
            whence = "实测持平后按情景增减"
    elif given is not None:
        raise EngineRefused("declared", f"{name}没有实测流量，不能用倍数或加流量，请给来水过程")
    else:
        return above_m3s, [f"没有{name}流量，按{joining.at}无交换计（假定）"]
    entering = np.asarray(joining.share * (above_m3s + beside), float)
    words = (
        f"{name}流量{whence}，{joining.at}以下按总流量的 {joining.share:.3f} 分入（{joining.src}），"
        f"最大 {entering.max():.0f} m³/s；水位按它计，列出的流量仍是交换以前的"
    )
    return entering, [words]


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


def _words(tidal: Tidal, entry: Tide, peak_h: float, highest_m: float) -> list[str]:
    tide = tidal.tide
    if entry.points:
        sea = f"{tidal.mouth}潮位由情景给定，最高 {highest_m:.2f} m"
    else:
        means = f"，与洪峰同时（假定{'的不利遭遇' if entry.surge_m > 0 else ''}）" if entry.peak_s is None else ""
        sea = (
            f"{tidal.mouth}天文潮为假定的标准潮型"
            f"（均值 {tide['mean_m']:g} m，振幅 {tide['half_day_m']:g} 和 {tide['day_m']:g} m），"
            f"增水 {entry.surge_m:g} m，高潮与增水峰同在第 {peak_h:.0f} h{means}，最高 {highest_m:.2f} m"
        )
    return [sea, f"{tidal.river}：一维圣维南方程（{tidal.sure}）：{tidal.src}"]
