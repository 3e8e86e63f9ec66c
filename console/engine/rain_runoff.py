"""How a change of rain changes the inflows of a chain's sub-basins: the Xinanjiang model run twice, and the difference taken.

The inflow of a base is measured or forecast, and no model gives it back exactly. So the model is not put in its place:
what it gives for the changed rain less what it gives for the rain as it is goes on top of the base's own inflow, and
how well the model meets that inflow is told beside the result.

A sub-basin's rain is the mean of its gauges of an hour (算术平均法): the outlines of the sub-basins are not published.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import EVERYWHERE, Rain
from console.engine.rain_simple import Simple, added_m3s
from console.engine.refused import EngineRefused
from console.engine.xinanjiang import RANGES, Parameters, State, Units, run

Array = NDArray[np.float64]
Key = tuple[str, str]
Series = Mapping[Key, tuple[NDArray[Any], NDArray[Any]]]
HOUR_S = 3600.0
WARM_H = 360  # of rain before the start that wets the model; what it was wetted with before is forgotten but for groundwater
SILENT_H = 48  # a basin whose gauges say nothing for so long of it cannot be changed by its rain
RAIN = "P"


@dataclass(frozen=True, slots=True, eq=False)
class Basin:
    """A sub-basin with rain. node: its inflow node. gauges: object codes. lag_h: of its own channels.

    parameters: its own set, the chain's with what is declared for it; None where there is none. own: it has some of its own.
    """

    node: str
    name: str
    gauges: tuple[str, ...]
    area_km2: float
    lag_h: float
    parameters: Parameters | None = None
    own: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What a chain declares of its rain. wet: share of the tension water that is full before the warm-up."""

    basins: tuple[Basin, ...]
    simple: Simple | None
    pan_mm_d: float
    wet: float
    src: str
    sure: str

    @property
    def by_xinanjiang(self) -> bool:
        """Tell whether every sub-basin has parameters; else the simple way stands in."""
        return all(b.parameters is not None for b in self.basins)


@dataclass(frozen=True, slots=True, eq=False)
class BasinRain:
    """Hourly mm, (WARM_H + n,): the hour that ends at the start is at WARM_H − 1.

    silent_h, silent_ahead_h: hours without any gauge, before and after the start.
    """

    mm: Array
    silent_h: int
    silent_ahead_h: int


def model_of(declared: Mapping[str, Any]) -> Model | None:
    """Return a chain's rain model; None where it declares none.

    Raises:
        EngineRefused: declared: a key is missing, unknown or no number.
    """
    raw = declared.get("runoff")
    if raw is None:
        return None
    nodes = {str(n["id"]): str(n.get("name", n["id"])) for n in declared.get("node", ()) if n.get("kind") == "inflow"}
    try:
        common = {str(k): float(v) for k, v in raw.get("parameters", {}).items()}
        basins = tuple(_basin(b, nodes[str(b["node"])], common) for b in raw["basin"])
        wet = float(raw["wet"])
        simple = Simple.of(raw["simple"], wet) if "simple" in raw else None
        model = Model(basins, simple, float(raw["pan_mm_d"]), wet, str(raw["src"]), str(raw["sure"]))
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise EngineRefused("declared", f"河网文件的 runoff 段读不懂（{exc}）") from exc
    if not 0.0 <= model.wet <= 1.0 or any(not b.gauges or b.area_km2 <= 0 for b in basins):
        raise EngineRefused("declared", "河网文件的 runoff 段：wet（0–1）、雨量站或面积不对")
    if not model.by_xinanjiang and model.simple is None:
        raise EngineRefused("declared", "河网文件的 runoff 段：没有新安江参数（parameters），也没有简法（simple）")
    return model


def _basin(raw: Mapping[str, Any], name: str, common: Mapping[str, float]) -> Basin:
    """Read a sub-basin; what it declares of the parameters goes before the chain's.

    Raises:
        KeyError, TypeError, ValueError: a key is missing, no number, or no parameter of the model.
    """
    own = {str(k): float(v) for k, v in raw.get("parameters", {}).items()}
    values = {**common, **own}
    if unknown := set(values) - set(RANGES):
        raise ValueError(f"没有参数 {min(unknown)}")
    gauges = tuple(str(g) for g in raw["gauges"])
    parameters = Parameters(**values) if values else None
    return Basin(str(raw["node"]), name, gauges, _value(raw["area_km2"]), _value(raw["lag_h"]), parameters, bool(own))


def wanted_rain(declared: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the series of rain that a chain's model reads. Raises: EngineRefused: as model_of."""
    model = model_of(declared)
    return tuple(dict.fromkeys((g, RAIN) for b in model.basins for g in b.gauges)) if model else ()


def rain_of(model: Model, series: Series, base_t: float, lead_h: float) -> dict[str, BasinRain]:
    """Return the rain of each basin by its node, hourly from WARM_H before the start; an hour that no gauge tells is dry."""
    hours = WARM_H + round(lead_h)
    found = {}
    for basin in model.basins:
        total, heard = np.zeros(hours), np.zeros(hours)
        for gauge in basin.gauges:
            t, v = series.get((gauge, RAIN), (np.empty(0), np.empty(0)))
            # a reading is stamped at the end of the time that it is the sum of
            at = np.ceil((np.asarray(t, float) - base_t) / HOUR_S - 1e-9).astype(int) + WARM_H - 1
            inside = (at >= 0) & (at < hours)
            total += np.bincount(at[inside], np.asarray(v, float)[inside], hours)
            heard += np.bincount(at[inside], minlength=hours) > 0
        silent = heard == 0
        found[basin.node] = BasinRain(total / np.maximum(heard, 1.0), int(silent[:WARM_H].sum()), int(silent[WARM_H:].sum()))
    return found


def changed_rain(basin: str, rain: BasinRain, changes: Sequence[Rain]) -> Array | None:
    """Return a basin's rain as a scenario has it; None where the scenario says nothing of it.

    What is said of the basin itself goes before what is said of all basins.
    """
    own = next((c for c in changes if c.basin == basin), None) or next((c for c in changes if c.basin == EVERYWHERE), None)
    if own is None:
        return None
    mm = rain.mm.copy()
    ahead = mm[WARM_H:]
    if not own.points:
        ahead *= own.factor
        return mm
    began, drawn = np.array(own.points).T
    ends = np.append(began / HOUR_S, np.inf)
    hour = np.arange(len(ahead), dtype=float)
    ahead[:] = 0.0
    for (a, b), value in zip(pairwise(ends), drawn, strict=True):  # a step that begins within an hour is its part of it
        ahead += value * np.clip(np.minimum(hour + 1.0, b) - np.maximum(hour, a), 0.0, 1.0)
    return mm


def _simply(model: Model, rains: Mapping[str, BasinRain], then: Mapping[str, Array]) -> dict[str, Array]:
    """Return what changed rain adds by the simple way, by node; nothing where none is declared."""
    if model.simple is None:
        return {}
    basins = {b.node: b for b in model.basins}
    return {n: added_m3s(model.simple, basins[n].area_km2, basins[n].lag_h, rains[n].mm, mm, WARM_H) for n, mm in then.items()}


def flows(model: Model, rains: Mapping[str, Array]) -> dict[str, Array]:
    """Return what the Xinanjiang model gives from the start on, m³/s by node, (n + 1,) with the moment of the start first.

    Raises:
        EngineRefused: parameters that the model does not stand.
    """
    if not rains or not model.by_xinanjiang:
        return {}
    basins = [b for b in model.basins if b.node in rains]
    p = _together([b.parameters for b in basins if b.parameters is not None])
    units = Units.of([b.area_km2 for b in basins], [b.lag_h for b in basins])
    mm = np.column_stack([rains[b.node] for b in basins])
    start = State.moist(1, len(basins), *(model.wet * np.asarray(layer) for layer in (p.um, p.lm, p.dm)))
    got = run(units, p, mm, np.full(len(mm), model.pan_mm_d / 24.0), 1.0, start, keep=True)
    each = np.asarray(got.unit_flow_m3s, float)  # kept, as it was asked for
    return {b.node: each[0, WARM_H - 1 :, j] for j, b in enumerate(basins)}


def _together(sets: Sequence[Parameters]) -> Parameters:
    """Return the parameters of sub-basins as one set: a number where all have the same, else (1, units)."""
    columns = {f.name: np.array([[float(getattr(p, f.name)) for p in sets]]) for f in fields(Parameters)}
    return Parameters(**{k: float(v[0, 0]) if np.ptp(v) == 0.0 else v for k, v in columns.items()})


def with_rain(
    model: Model | None,
    rains: Mapping[str, BasinRain],
    inflows: Mapping[str, Array],
    changes: Sequence[Rain],
    given: Collection[str] = (),
) -> tuple[dict[str, Array], list[str]]:
    """Return a base's inflows under a scenario's rain, and what must be said of them.

    given: nodes whose inflow the scenario draws: rain changes nothing there.

    Raises:
        EngineRefused: no model, a basin that it does not have, whose inflow is given, or whose gauges are silent.
    """
    if not changes:
        return dict(inflows), []
    if model is None:
        raise EngineRefused("declared", "这个河网没有产汇流参数（runoff 段），不能改降雨")
    names = {b.node: b.name for b in model.basins}
    for change in changes:
        if change.basin != EVERYWHERE and change.basin not in names:
            raise EngineRefused("declared", f"“{change.basin}”不是有雨量的分区")
        if change.basin in given or set(names) <= set(given):
            who = names.get(change.basin, "各分区")
            raise EngineRefused("declared", f"{who}的来水已由情景给出过程，再改降雨不起作用，请只留一项")
    if not rains:
        raise EngineRefused("gap", "没有读到各分区的雨量")
    then = {n: mm for n in names if n not in given and n in rains and (mm := changed_rain(n, rains[n], changes)) is not None}
    for node in then:
        if WARM_H - rains[node].silent_h < SILENT_H:
            raise EngineRefused("gap", f"{names[node]}的雨量站在起算前 {WARM_H / 24:.0f} 天里几乎没有读数，不能由降雨推来水")
    now, changed = flows(model, {n: rains[n].mm for n in then}), flows(model, then)
    simple = _simply(model, rains, then)
    added = {n: changed[n] - now[n] for n in changed} or simple
    found = dict(inflows)
    for node in then:
        found[node] = np.maximum(inflows[node] + added[node][: len(inflows[node])], 0.0)
    said = [
        *_how(model, inflows, now, added, simple),
        *_silences([(names[n], rains[n]) for n in then], factors=any(not c.points for c in changes)),
    ]
    return found, said


def _how(
    model: Model,
    inflows: Mapping[str, Array],
    now: Mapping[str, Array],
    added: Mapping[str, Array],
    simple: Mapping[str, Array],
) -> list[str]:
    """Return by which model the rain was turned into flow, and how far it can be believed."""
    whence = f"（{model.sure}：{model.src}）"
    if not model.by_xinanjiang:
        whence = f"（{model.simple.sure}：{model.simple.src}）" if model.simple else ""
        return [
            f"改雨的影响按蓄满产流（Im − Pa）和 Nash 单位线两次计算之差叠加在来水上，没有新安江参数，没有与来水比较过{whence}"
        ]
    found = [f"改雨的影响按新安江模型两次计算之差叠加在来水上{whence}", _fit(inflows, now)]
    if own := [b.name for b in model.basins if b.own and b.node in now]:
        found.append(f"{'、'.join(own)}用本分区的参数")
    if simple:
        volumes, peaks = zip(*((float(f.sum()), float(np.abs(f).max())) for f in (_total(simple), _total(added))), strict=True)
        if abs(volumes[1]) > 0.0 and peaks[1] > 0.0:
            ratio = f"增量洪量是新安江的 {volumes[0] / volumes[1]:.2f} 倍、峰 {peaks[0] / peaks[1]:.2f} 倍"
            found.append(f"另按简法（Pa 蓄满、Nash 单位线，参数假定）核对：{ratio}")
    return found


def _total(flow: Mapping[str, Array]) -> Array:
    return np.asarray(np.sum(list(flow.values()), axis=0), float)


def _silences(rains: Sequence[tuple[str, BasinRain]], *, factors: bool) -> list[str]:
    found = [f"{name}：起算前有 {r.silent_h} 小时没有雨量，按无雨计" for name, r in rains if r.silent_h]
    ahead = max((r.silent_ahead_h for _, r in rains), default=0)
    if ahead and factors:
        found.append(f"预见期内有 {ahead} 小时没有实测或预报雨量，按无雨计：倍数在这些小时不起作用，可改用设计降雨过程")
    return found


def _fit(inflows: Mapping[str, Array], modelled: Mapping[str, Array]) -> str:
    """Return how the model meets the base's inflow with the rain as it is: volume and peak as parts of it."""
    base = sum(inflows[n] for n in modelled)
    model = sum(flow[: len(inflows[n])] for n, flow in modelled.items())
    volume = float(np.sum(model) / max(float(np.sum(base)), 1e-9))
    peak = float(np.max(model) / max(float(np.max(base)), 1e-9))
    return f"同期降雨由模型算得的洪量是所用来水的 {volume:.2f} 倍、洪峰 {peak:.2f} 倍：增量的误差不小于此"


def _value(raw: Any) -> float:
    return float(raw["value"] if isinstance(raw, Mapping) else raw)
