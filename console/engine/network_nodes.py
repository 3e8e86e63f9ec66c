"""The nodes of a river network, read from plain mappings; a fault names the node and the key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.network_reading import Assumed, Reading
from console.engine.network_reservoir import Reservoir, reservoir_of
from console.engine.rating_loop import LoopedReach
from console.engine.refused import EngineRefused
from console.engine.release_rules import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Inflow:
    """A sub-basin or any given series; its flow comes with the run."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Muskingum; parts None takes the least stable number."""

    k_h: float
    x: float
    parts: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Diversion:
    """Flow branched off: by rating (main m³/s → branch m³/s), or by orders (hour → m³/s). into: where it goes on."""

    main_m3s: Array
    branch_m3s: Array
    orders: Schedule | None
    into: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Retention:
    """Takes what exceeds keep_m3s, up to inlet_m3s, until volume_m3 is full, once opened (by flow, level or hour).

    closes_h: from then on it takes nothing more.
    """

    volume_m3: float
    inlet_m3s: float
    keep_m3s: float
    opens_m3s: float | None
    opens_h: float | None
    closes_h: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """A place whose flow, and level by its rating (m, m³/s), is looked at. frequency: years, and the peak m³/s of each.

    loop: None takes the curve as it is.
    """

    rating_m: Array | None
    rating_m3s: Array | None
    warning_m: float | None
    safe_m3s: float | None
    frequency: tuple[Array, Array] | None = None
    loop: LoopedReach | None = None


Kind = Inflow | Reservoir | Reach | Diversion | Retention | Station


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A place of the network; to: the next one, None where water leaves."""

    node_id: str
    name: str
    to: str | None
    kind: Kind
    assumed: tuple[Assumed, ...]


def node_of(raw: Mapping[str, Any], place: int) -> Node:
    """Read one node.

    Raises:
        EngineRefused: declared, with the node and key.
    """
    node_id = raw.get("id")
    if not isinstance(node_id, str) or not node_id:
        raise EngineRefused("declared", f"第 {place + 1} 个节点没有 id")
    reading = Reading(node_id, raw)
    readers: dict[str, Callable[[Reading], Kind]] = {
        "inflow": _inflow, "reservoir": reservoir_of, "reach": _reach, "diversion": _diversion, "retention": _retention,
        "station": _station,
    }  # fmt: skip
    read = readers.get(str(raw.get("kind")))
    if read is None:
        raise reading.refuse("kind", f"{raw.get('kind')!r}，须为 {'、'.join(readers)} 之一")
    to = reading.text("to")
    try:
        kind = read(reading)
    except EngineRefused as exc:
        raise exc if exc.code == "declared" else EngineRefused("declared", f"节点“{node_id}”：{exc.detail}") from exc
    reading.done()
    return Node(node_id, reading.name, to, kind, tuple(reading.assumed))


def _inflow(reading: Reading) -> Inflow:
    reading.number("area_km2", low=0.0)
    return Inflow()


def _reach(reading: Reading) -> Reach:
    parts = reading.number("parts", low=1)
    return Reach(reading.must("k_h", low=1e-6), reading.must("x", low=0.0), None if parts is None else int(parts))


def _diversion(reading: Reading) -> Diversion:
    rating, orders = reading.pairs("rating"), reading.pairs("orders")
    if rating is None and orders is None:
        raise reading.refuse("rating", "缺少（或给出 orders）")
    main, branch = rating if rating is not None else (np.array([0.0, 1e9]), np.array([0.0, 1e9]))
    if (branch < 0).any() or (branch > main).any():
        raise reading.refuse("rating", "分流量须不为负且不大于干流流量")
    schedule = None if orders is None else Schedule(tuple(orders[0].tolist()), tuple(orders[1].tolist()))
    if schedule is not None:
        schedule.check(0, low=None if reading.get("returns") is True else 0.0)  # what was diverted may come back
    return Diversion(main, branch, schedule, reading.text("into"))


def _retention(reading: Reading) -> Retention:
    rating = reading.pairs("rating")
    level, flow = reading.number("opens_level_m"), reading.number("opens_m3s", low=0.0)
    if level is not None:
        if rating is None or not rating[0][0] <= level <= rating[0][-1]:
            raise reading.refuse("opens_level_m", "须有 rating 且在其范围内")
        flow = float(np.interp(level, *rating))
    volume, inlet = reading.must("volume_mcm", low=0.0) * 1e6, reading.must("inlet_m3s", low=0.0)
    opens, closes = reading.number("opens_h"), reading.number("closes_h", low=0.0)
    return Retention(volume, inlet, reading.number("keep_m3s", low=0.0) or 0.0, flow, opens, closes)


def _station(reading: Reading) -> Station:
    rating = reading.pairs("rating")
    if rating is not None and (np.diff(rating[1]) <= 0).any():
        raise reading.refuse("rating", "流量须随水位增加")
    z, q = rating or (None, None)
    loop = reading.get("loop")
    if loop is not None and (
        rating is None or len(rating[0]) < 2 or not isinstance(loop, Mapping) or set(loop) != {"slope", "width_m"}
    ):
        raise reading.refuse("loop", "须有至少两点的 rating，并给出 slope 和 width_m 两项")
    reach = LoopedReach(**{k: reading.checked(f"loop.{k}", v, 1e-9) for k, v in loop.items()}) if loop else None
    safe_m3s = reading.number("safe_m3s", low=0.0)
    return Station(z, q, reading.number("warning_m"), safe_m3s, reading.pairs("frequency"), reach)
