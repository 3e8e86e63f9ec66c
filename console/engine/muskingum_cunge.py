"""Muskingum–Cunge: routing coefficients from the channel itself, constant or following the flow.

Constant: Cunge (1969); Ponce, Engineering Hydrology, ch. 9. Variable: Todini (2007), HESS 11:1645–1659, which keeps mass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, positive, series_of

Array = NDArray[np.float64]
TABLE = 400
ROUNDS = 3  # of the implicit outflow within a step; more changes the outflow by less than 0.01 %


@dataclass(frozen=True, slots=True)
class Channel:
    """A trapezoidal prismatic channel.

    length_m; slope (m/m); bottom_m width; side: horizontal per vertical; roughness: Manning's n, s/m^⅓.
    """

    length_m: float
    slope: float
    bottom_m: float
    side: float
    roughness: float

    def __post_init__(self) -> None:
        for value, name in (
            (self.length_m, "河长"), (self.slope, "比降"), (self.bottom_m, "底宽"), (self.roughness, "糙率"),
        ):  # fmt: skip
            positive(value, name)
        if not (math.isfinite(self.side) and self.side >= 0):
            raise EngineRefused("parameter", f"边坡系数 {self.side:g} 须不为负")


@dataclass(frozen=True, slots=True, eq=False)
class CungeFlow:
    """Outflow (n,), m³/s, and what it is worth.

    courant, reynolds: (least, greatest) of the cells. mass_error: |in − out − ΔS| / in. parts: cells.
    limits: also names steps in which a coefficient was negative (a dip before the rise may be unreal).
    """

    outflow_m3s: Array
    parts: int
    courant: tuple[float, float]
    reynolds: tuple[float, float]
    mass_error: float
    limits: tuple[str, ...]


def cunge_coefficients(courant: float, reynolds: float) -> tuple[float, float, float]:
    """Return C0, C1, C2 from the cell's Courant and Reynolds numbers.

    Source: Ponce: C0 = (−1+C+D)/(1+C+D), C1 = (1+C−D)/(1+C+D), C2 = (1−C+D)/(1+C+D).
    """
    d = 1.0 + courant + reynolds
    return (-1.0 + courant + reynolds) / d, (1.0 + courant - reynolds) / d, (1.0 - courant + reynolds) / d


def route_constant(
    inflow_m3s: ArrayLike,
    dt_s: float,
    *,
    reference_m3s: float,
    area_m2: float,
    top_m: float,
    slope: float,
    beta: float,
    length_m: float,
    parts: int = 1,
    first_outflow_m3s: float | None = None,
) -> CungeFlow:
    """Route with coefficients fixed at a reference flow.

    Args:
        inflow_m3s: (n,), instants dt_s apart.
        reference_m3s, area_m2, top_m: flow, its cross-section and top width. beta: exponent of Q = αA^β.
        length_m: of the whole reach, in `parts` cells.

    Raises:
        EngineRefused: gap, negative, parameter, or unstable: C + D < 1 gives negative outflow.

    Source: celerity c = βQ/A, C = cΔt/Δx, D = Q/(T·S₀·c·Δx).
    """
    flow = series_of(inflow_m3s, "入流")
    for value, name in ((dt_s, "时段长"), (reference_m3s, "参考流量"), (area_m2, "断面积"), (top_m, "水面宽"), (slope, "比降"),
                        (beta, "β"), (length_m, "河长"), (parts, "分段数")):  # fmt: skip
        positive(value, name)
    dx, c = length_m / parts, beta * reference_m3s / area_m2
    courant, reynolds = c * dt_s / dx, reference_m3s / (top_m * slope * c * dx)
    if courant + reynolds < 1.0 - 1e-9:
        need = best_parts(length_m, dt_s, c, reference_m3s / (top_m * slope))
        raise EngineRefused("unstable", f"C + D = {courant + reynolds:.2f} 小于 1，须分为 {need} 段或加长时段")
    c0, c1, c2 = cunge_coefficients(courant, reynolds)
    out = flow
    storage = 0.0
    k, x = dx / c, 0.5 * (1.0 - reynolds)
    for _ in range(parts):
        nxt = np.empty_like(out)
        nxt[0] = out[0] if first_outflow_m3s is None else first_outflow_m3s
        for i in range(1, len(out)):
            nxt[i] = c0 * out[i] + c1 * out[i - 1] + c2 * nxt[i - 1]
        storage += k * (x * (out[-1] - out[0]) + (1 - x) * (nxt[-1] - nxt[0]))
        out = nxt
    limits = ["参数取自一个参考流量，涨落水段的波速差别未计"]
    if min(c1, c2) < 0 or out.min() < 0:
        limits.append("有负系数，出流在急涨前可能有不真实的下凹")
    error = _mass(flow, out, storage, dt_s)
    return CungeFlow(out, parts, (courant, courant), (reynolds, reynolds), error, tuple(limits))


def best_parts(length_m: float, dt_s: float, celerity_ms: float, unit_diffusion_m2s: float) -> int:
    """Return a number of cells that keeps the accuracy condition Δx ≤ ½(cΔt + Q/(B·S₀·c)).

    unit_diffusion_m2s: Q/(B·S₀). Source: Ponce & Theurer (1982).
    """
    return max(1, math.ceil(length_m / (0.5 * (celerity_ms * dt_s + unit_diffusion_m2s / celerity_ms)) - 1e-9))


def route_variable(inflow_m3s: ArrayLike, dt_s: float, channel: Channel, *, parts: int | None = None) -> CungeFlow:
    """Route with coefficients that follow the flow in every cell and step, from a steady start.

    Args:
        inflow_m3s: (n,), over 0 throughout (a dry channel has no celerity).
        parts: cells; None takes best_parts at the inflow's mean.

    Raises:
        EngineRefused: gap, parameter, negative (a flow not over 0).

    Source: Todini (2007), (14)–(26), with β = c·A/Q; Manning's formula for the trapezoid.
    """
    flow = series_of(inflow_m3s, "入流", low=1e-6)
    positive(dt_s, "时段长")
    table = _Hydraulics(channel, 1.5 * float(flow.max()))
    celerity, _, diffusion = table.at(float(flow.mean()))
    n = best_parts(channel.length_m, dt_s, celerity, diffusion) if parts is None else parts
    if n < 1:
        raise EngineRefused("parameter", f"分段数 {n} 须不小于 1")
    dx = channel.length_m / n
    out = flow.tolist()
    seen_c: list[float] = []
    seen_d: list[float] = []
    storage, dips = 0.0, 0
    for _ in range(n):
        out, change, dipped = _cell(out, table, dt_s, dx, seen_c, seen_d)
        storage, dips = storage + change, dips + dipped
    result = np.array(out)
    limits = ["断面概化为梯形、棱柱形河槽，未计回水和漫滩"]
    if dips:
        limits.append(f"{dips} 个时段出现负系数或负出流，已取最小流量，水量误差见守恒误差")
    span = (min(seen_c), max(seen_c)), (min(seen_d), max(seen_d))
    return CungeFlow(result, n, *span, _mass(flow, result, storage, dt_s), tuple(limits))


def _cell(
    inflow: list[float], table: _Hydraulics, dt: float, dx: float, seen_c: list[float], seen_d: list[float]
) -> tuple[list[float], float, int]:
    """Route one cell; return outflow, change of storage (m³) and the number of steps with a floor put in."""
    out = [inflow[0]]
    dips = 0
    courant, reynolds = table.numbers(inflow[0], dt, dx)
    first = _stored(inflow[0], out[0], courant, reynolds, dt)
    for i in range(1, len(inflow)):
        guess = max(out[-1] + inflow[i] - inflow[i - 1], 1e-6)
        now_c, now_d = courant, reynolds
        for _ in range(ROUNDS):
            now_c, now_d = table.numbers(0.5 * (inflow[i] + guess), dt, dx)
            d = 1.0 + now_c + now_d
            keep = now_c / courant  # Todini's ratio: what makes the cell's storage the same from both sides of a step
            c0, c1, c2 = (now_c + now_d - 1.0) / d, (1.0 + courant - reynolds) / d * keep, (1.0 - courant + reynolds) / d * keep
            raw = c0 * inflow[i] + c1 * inflow[i - 1] + c2 * out[-1]
            guess = max(raw, 1e-6)
        dips += raw < 1e-6
        out.append(guess)
        courant, reynolds = now_c, now_d
        seen_c.append(now_c)
        seen_d.append(now_d)
    return out, _stored(inflow[-1], out[-1], courant, reynolds, dt) - first, dips


def _stored(inflow: float, outflow: float, courant: float, reynolds: float, dt: float) -> float:
    """Return the cell's storage, m³. Source: Todini (2007), (26)."""
    return dt / (2.0 * courant) * ((1.0 - reynolds) * inflow + (1.0 + reynolds) * outflow)


def _mass(flow: Array, out: Array, storage: float, dt_s: float) -> float:
    volume = float(np.trapezoid(flow, dx=dt_s))
    return float(abs(volume - float(np.trapezoid(out, dx=dt_s)) - storage) / max(volume, 1.0))


class _Hydraulics:
    """Celerity, β and Q/(B·S₀) of steady uniform flow, tabled over the logarithm of Q."""

    def __init__(self, channel: Channel, most_m3s: float) -> None:
        deep = 1.0
        while _manning(channel, np.array([deep]))[0][0] < most_m3s:
            deep *= 2.0
        y = np.geomspace(1e-4 * deep, deep, TABLE)
        q, area, width, celerity = _manning(channel, y)
        self._log, self._low = np.log(q), float(q[0])
        self._celerity, self._beta, self._diffusion = celerity, celerity * area / q, q / (width * channel.slope)

    def at(self, q: float) -> tuple[float, float, float]:
        """Return celerity (m/s), β and diffusion (m²/s) at a flow; below the table its lowest entry."""
        place = math.log(max(q, self._low))
        return (
            float(np.interp(place, self._log, self._celerity)),
            float(np.interp(place, self._log, self._beta)),
            float(np.interp(place, self._log, self._diffusion)),
        )

    def numbers(self, q: float, dt: float, dx: float) -> tuple[float, float]:
        """Return the corrected Courant C/β and Reynolds D/β numbers of a cell."""
        celerity, beta, diffusion = self.at(q)
        return celerity * dt / dx / beta, diffusion / (celerity * dx) / beta


def _manning(channel: Channel, y: Array) -> tuple[Array, Array, Array, Array]:
    """Return flow, area, top width and celerity dQ/dA at depths."""
    area = (channel.bottom_m + channel.side * y) * y
    edge = math.sqrt(1.0 + channel.side**2)
    wet = channel.bottom_m + 2.0 * y * edge
    width = channel.bottom_m + 2.0 * channel.side * y
    q = math.sqrt(channel.slope) / channel.roughness * area ** (5.0 / 3.0) / wet ** (2.0 / 3.0)
    return q, area, width, q / area * (5.0 / 3.0 - 4.0 / 3.0 * area * edge / (wet * width))
