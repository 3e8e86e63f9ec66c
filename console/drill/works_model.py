"""Monitored works of the drill: their documents, and readings that follow the recorded levels.

Everything made here is simulated and says so: source 模拟监测, quality 重建, facts.simulated. What was
published about the works stays apart in ``published``, each figure with its source.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.time import DAY_S, from_beijing
from console.engine.dam_safety import lagged_mean

SOURCE = "模拟监测"
LEVEL_DEGREES = {"gravity": 3, "arch": 4, "earth": 2}
Array = NDArray[np.float64]
Known = Mapping[tuple[str, str], tuple[NDArray[np.int64], Array]]


@dataclass(frozen=True, slots=True)
class Simulated:
    """One simulated series: t (n,) UTC s, value (n,)."""

    object_code: str
    element: str
    t: NDArray[np.int64]
    value: Array


def works_objects(raw: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return documents of works, sensors, gates, surveys and detention areas from the declarations of works.toml."""
    by_code = {w["code"]: w for w in raw["works"]}
    return {
        "works": [_works(w) for w in raw["works"]],
        "sensors": [_sensor(s, by_code[s["works"]]) for s in raw["sensor"]],
        "gates": [_gate(raw["gates"], by_code[raw["gates"]["works"]], bay) for bay in _bays(raw["gates"])],
        "surveys": [_survey(s, by_code[s["works"]]) for s in raw["survey"]],
        "retention_areas": [_area(a) for a in raw.get("area", ())],
    }


def works_series(raw: Mapping[str, Any], flood: str, known: Known) -> Iterator[Simulated]:
    """Yield readings of every sensor and gate whose water was recorded in this flood.

    A sensor whose level is not in the recording has no readings: none is invented for it.
    """
    levels = {w["code"]: (w["level"]["object"], w["level"]["element"]) for w in raw["works"] if "level" in w}
    history = {w["code"]: w["history"] for w in raw["works"] if "history" in w}
    for sensor in raw["sensor"]:
        level = known.get(levels[sensor["works"]])
        if level is not None:
            rain = sensor.get("rain")
            rained = known.get((rain["object"], rain["element"])) if rain else None
            plants = [p for p in raw["plant"] if p["flood"] == flood and p["sensor"] == sensor["code"]]
            origin = float(from_beijing(history[sensor["works"]]["from"]))
            yield _readings(sensor, *level, rained, plants, origin)
    flow_of = {w["code"]: (w["flow"]["object"], w["flow"]["element"]) for w in raw["works"] if "flow" in w}
    flow = known.get(flow_of[raw["gates"]["works"]])
    if flow is not None:
        yield from _openings(raw["gates"], *flow)


# --- documents ----------------------------------------------------------------------------------
def _doc(code: str, geometry: dict[str, Any] | None, props: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "version": 1, "valid_from": "2020-01-01", "geometry": geometry, "properties": props}


def _works(w: Mapping[str, Any]) -> dict[str, Any]:
    geometry = None
    if "at" in w:
        geometry = {"type": "Point", "coordinates": w["at"]}
    elif "line" in w:
        geometry = {"type": "LineString", "coordinates": w["line"]}
    kept = {k: v for k, v in w.items() if k not in ("code", "at", "line", "history", "subsystems")}
    told = {k: {**v, **({"at": from_beijing(v["at"])} if "at" in v else {})} for k, v in w.get("subsystems", {}).items()}
    if told:
        kept["subsystems"] = told
    return _doc(w["code"], geometry, {**kept, "simulated": "sections" in w, "source": SOURCE, "code_is_local": True})


def _area(a: Mapping[str, Any]) -> dict[str, Any]:
    ring = [*a["ring"], a["ring"][0]]
    kept = {k: v for k, v in a.items() if k not in ("code", "ring")}
    return _doc(a["code"], {"type": "LineString", "coordinates": ring}, {**kept, "code_is_local": True})


def _station(code: str, name: str, kind: str, works: Mapping[str, Any], facts: dict[str, Any], element: str) -> dict[str, Any]:
    return _doc(
        code,
        None,
        {
            "name": name,
            "type": kind,
            "element": element,
            "river": works["river"],
            "city": works["city"],
            "datum": "模拟高程",
            "note": "模拟监测，仅供演练",
            "thresholds": [],
            "facts": {"works": works["code"], "simulated": True, "source": SOURCE, **facts},
            "code_is_local": True,
        },
    )


def _sensor(s: Mapping[str, Any], works: Mapping[str, Any]) -> dict[str, Any]:
    section = next(x for x in works["sections"] if x["code"] == s["section"])
    facts = {
        "section": s["section"],
        "chainage_m": section["chainage_m"],
        "offset_m": s["offset_m"],
        "elevation_m": s["elevation_m"],
        "driver": works["level"],
        "hst": {"kind": s["kind"], "level_degree": LEVEL_DEGREES[s["kind"]]},
        "limits": {"attention_s": 2.0, "alarm_s": 3.0},
        "calibration": _calibration(s, works["history"]),
    }
    if "rain" in s:
        facts["rain"] = s["rain"]
    return _station(s["code"], s["name"], "sensor", works, facts, s["element"])


def _bays(gates: Mapping[str, Any]) -> range:
    return range(1, gates["bays"] + 1)


def _gate_code(gates: Mapping[str, Any], bay: int) -> str:
    return f"{gates['prefix']}{bay:02d}"


def _gate(gates: Mapping[str, Any], works: Mapping[str, Any], bay: int) -> dict[str, Any]:
    facts = {"bay": bay, "width_m": gates["width_m"], "max_opening_m": gates["max_opening_m"]}
    return _station(_gate_code(gates, bay), f"{gates['name']} {bay} 号孔", "gate", works, facts, "GTO")


def _survey(s: Mapping[str, Any], works: Mapping[str, Any]) -> dict[str, Any]:
    x = s["x"][0] + s["x"][1] * np.arange(s["x"][2])
    y = s["y"][0] + s["y"][1] * np.arange(s["y"][2])
    gx, gy = np.meshgrid(x, y)
    z = 3.6 - 0.17 * (gy - 28.0) - 0.5 * np.sin((gx - 12000.0) / 40.0)
    if hole := s.get("hole"):
        away = np.hypot((gx - hole["chainage_m"]) / 1.6, gy - hole["offset_m"]) / hole["radius_m"]
        z = z - hole["depth_m"] * np.exp(-(away**2) * 2) + 0.35 * np.exp(-(((gx - 12175.0) / 18.0) ** 2))
    z = z + np.random.default_rng(s["seed"]).normal(0, 0.04, z.shape)
    grid = {"x0_m": s["x"][0], "dx_m": s["x"][1], "y0_m": s["y"][0], "dy_m": s["y"][1], "z_m": np.round(z, 2).tolist()}
    props = {
        "name": s["name"],
        "works": s["works"],
        "section": s["section"],
        "at": from_beijing(s["at"]),
        "method": s["method"],
        "datum": "模拟高程",
        "accuracy_m": s["accuracy_m"],
        "grid": grid,
        "river": works["river"],
        "city": works["city"],
        "simulated": True,
        "source": SOURCE,
    }
    return _doc(s["code"], None, props)


# --- readings -----------------------------------------------------------------------------------
def _calibration(s: Mapping[str, Any], history: Mapping[str, Any]) -> dict[str, Any]:
    """Return some years of weekly readings, irregular and with gaps, from a simulated level."""
    t, level = _past_levels(history)
    rng = np.random.default_rng(_seed(s["code"]))
    lags = s["model"].get("rain_lag_days", ())
    rain = [np.round(rng.gamma(0.5, 14.0, len(t)), 1) for _ in lags]
    value = np.round(
        _true(s["model"], t, level, float(from_beijing(history["from"])), rain) + rng.normal(0, s["model"]["noise"], len(t)), 2
    )
    kept: list[float | None] = [None if lost else v for lost, v in zip(rng.random(len(t)) < 0.03, value.tolist(), strict=True)]
    return {
        "version": "模拟-1",
        "source": SOURCE,
        "t_day": np.round(t / DAY_S, 2).tolist(),
        "level_m": level.tolist(),
        "value": kept,
        "rain_mm": {f"{lag:g}": r.tolist() for lag, r in zip(lags, rain, strict=True)},
    }


def _past_levels(history: Mapping[str, Any]) -> tuple[Array, Array]:
    first, last = from_beijing(history["from"]), from_beijing(history["to"])
    rng = np.random.default_rng(history["seed"])
    n = int((last - first) / DAY_S / history["every_days"])
    day = np.arange(n) * history["every_days"] + rng.integers(-1, 2, n)
    t = first + day * DAY_S
    year = 2 * math.pi * (t / DAY_S) / 365.25
    level = history["base_m"] - history["season_m"] * np.cos(year) + rng.normal(0, history["noise_m"], n)
    wet = (np.cos(year - math.pi * 0.9) > 0.55) & (rng.random(n) < 0.35)
    low, high = history["flood_m"]
    level[wet] += rng.uniform(low, high, int(wet.sum()))
    return t, np.round(np.clip(level, history["low_m"], history["high_m"]), 2)


def _true(model: Mapping[str, Any], t: Array, level: Array, origin: float, rain: list[Array]) -> Array:
    h = (level - model["h0"]) / model["hs"]
    year = 2 * math.pi * (t / DAY_S) / 365.25
    theta = np.maximum((t - origin) / DAY_S / 100.0, 0.01)
    y = model["base"] + model["season"][0] * np.sin(year) + model["season"][1] * np.cos(year)
    y = y + model["drift"] * theta + model["log"] * np.log(theta)
    for power, a in enumerate(model["level"], 1):
        y = y + a * h**power
    for share, mm in zip(model.get("rain", ()), rain, strict=True):
        y = y + share * mm
    return np.asarray(y)


def _readings(
    s: Mapping[str, Any],
    t: NDArray[np.int64],
    level: Array,
    rained: tuple[NDArray[np.int64], Array] | None,
    plants: list[dict[str, Any]],
    origin: float,
) -> Simulated:
    """Return hourly readings; before the recorded rain begins, and without any, no rain is taken to have fallen."""
    whole = t % 3600 == 0
    t, level = t[whole], level[whole]
    rain = [np.zeros(len(t)) for _ in s["model"].get("rain", ())]
    if rained is not None:
        for i, lag in enumerate(s["model"]["rain_lag_days"]):
            daily = lagged_mean(rained[0].astype(float), rained[1] * 24.0, t.astype(float), lag)
            rain[i] = np.nan_to_num(daily)
    rng = np.random.default_rng(_seed(s["code"]) + int(t[0]))
    value = _true(s["model"], t.astype(float), level, origin, rain) + rng.normal(0, s["model"]["noise"], len(t))
    heard = np.ones(len(t), bool)
    for plant in plants:
        if plant["kind"] == "silent":
            heard &= (t < from_beijing(plant["from"])) | (t > from_beijing(plant["to"]))
        else:
            value = value + _planted(plant, t)
    return Simulated(s["code"], s["element"], t[heard], np.round(value[heard], 2))


def _planted(plant: Mapping[str, Any], t: NDArray[np.int64]) -> Array:
    start = from_beijing(plant["from"])
    if plant["kind"] == "step":
        return np.where(t >= start, float(plant["size"]), 0.0)
    top, end = from_beijing(plant["peak"]), from_beijing(plant["to"])
    share = np.interp(t, [start, top, end], [0.0, 1.0, 0.0])
    return np.asarray(plant["size"] * np.sin(share * math.pi / 2) ** 2)


def _openings(gates: Mapping[str, Any], t: NDArray[np.int64], flow: Array) -> Iterator[Simulated]:
    """Share the outflow out: bays open from the middle, alike, each by its part of what it passes when full."""
    whole = t % 3600 == 0
    t, flow = t[whole], flow[whole]
    n = gates["bays"]
    in_use = np.clip(np.ceil(flow / gates["bay_first_m3s"]), 1, n)
    opening = np.clip(flow / in_use / gates["bay_full_m3s"], 0, 1) * gates["max_opening_m"]
    middle = (n + 1) / 2
    order = sorted(_bays(gates), key=lambda bay: (abs(bay - middle), bay))
    for place, bay in enumerate(order):
        if bay not in gates["unreported"]:
            value = np.where(place < in_use, np.round(opening, 1), 0.0)
            yield Simulated(_gate_code(gates, bay), "GTO", t, value)


def _seed(code: str) -> int:
    return sum(ord(c) * 31**i for i, c in enumerate(code[-4:]))
