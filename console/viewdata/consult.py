"""What the consultation's panels show: scenarios, drafts of changes, curves of a node, tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CHANGES = {
    "rain": "降雨倍数", "drawn": "设计降雨过程", "factor": "来水倍数", "course": "来水过程", "add": "来水加流量",
    "shift": "来水推迟", "start": "起算库水位", "keep": "控制库水位", "release": "出库或分流过程", "gates": "闸门开度过程",
    "actual": "按实况出库", "retention": "启用蓄滞洪区", "spill": "水污染", "dam": "溃坝", "breach": "堤防溃口",
    "surge": "增水", "tide": "潮位过程",
}  # fmt: skip
HINTS = {
    "rain": "如 1.5（起算以后的雨）",
    "drawn": "起始小时 mm/h；如 0 10; 6 25; 12 0",
    "factor": "如 1.2",
    "course": "小时 m³/s；如 0 3000; 24 9000; 72 4000",
    "add": "m³/s，如 500 或 -300",
    "shift": "小时，如 6 或 -3",
    "start": "m，如 22.43；没有实测时给定",
    "keep": "m，如 21.50",
    "release": "小时 m³/s；如 0 9000; 6 12000",
    "gates": "小时 每孔开度m；如 0 3; 12 6",
    "actual": "不用填；取起算后的实测出库",
    "retention": "小时 m³/s 关闭h；如 12 1300 48（后两项可省）",
    "dam": "小时 水位m；如 6 或 6 150（水位可省）",
    "breach": "桩号km 口宽m 溃决h 发展h 口底高程m；如 12.1 200 30 2 5.6（后两项可省）",
    "surge": "m 峰现h；如 1.7 30（峰现可省）",
    "tide": "小时 m；如 0 0.5; 6 1.6; 12 0.3",
    "spill": "物质 距韶关km 质量kg 起h 止h 限值mg/L 降解1/d；如 镉 5 3600 0 2 0.005",
}
COURSES = {
    "drawn": ("mm/h", True, 0.0), "course": ("m³/s", False, 0.0), "release": ("m³/s", True, 0.0), "tide": ("m", False, -10.0),
    "gates": ("m", True, 0.0),
}  # fmt: skip
"""Changes that are a course over hours: unit, whether a value holds until the next point or goes straight to it, least."""
LEADS_H = (24, 48, 72, 120)
MOST_COMPARED = 6


@dataclass(frozen=True, slots=True)
class Change:
    """A change as typed. kind: of CHANGES; target: a node's id."""

    kind: str
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """A node that a change may be about. kinds: of CHANGES."""

    node: str
    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A new scenario as typed; based: name of the one it was copied from."""

    name: str
    author: str
    lead_h: int
    changes: tuple[Change, ...]
    based: str = ""


@dataclass(frozen=True, slots=True)
class ScenarioLine:
    """A scenario in the list. place: of its curve's colour, -1 when it is not compared. state: of a run, "" for none."""

    scenario_id: str
    name: str
    author: str
    base: str
    changes: tuple[str, ...]
    place: int
    state: str
    said: str
    share: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class NodeCurve:
    """One scenario at one node. t: UTC s; values NaN where unknown. place: of its colour."""

    name: str
    place: int
    t: Array
    flow_m3s: Array
    inflow_m3s: Array | None
    level_m: Array | None
    watermark: str = ""
    corrected_m3s: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CurveBand:
    """place: whose colour. flow_m3s, level_m: (low, high), (n,); level None where it is not known. words: what it is."""

    place: int
    t: Array
    flow_m3s: tuple[Array, Array]
    level_m: tuple[Array, Array] | None
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class NodeView:
    """A node of all compared scenarios. measured: (t, value) of flow and level. limits: (words, value) lines."""

    node: str
    name: str
    base_t: float | None
    curves: tuple[NodeCurve, ...]
    flow_seen: tuple[Array, Array]
    level_seen: tuple[Array, Array]
    flow_limits: tuple[tuple[str, float], ...]
    level_limits: tuple[tuple[str, float], ...]
    missing: str = ""
    band: CurveBand | None = None


Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CompareTable:
    """titles: of columns; rows of (text, colour token)."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class TradePoint:
    """One scenario. x: peak m³/s downstream; y: highest level m of the reservoir. taken_mcm: into detention areas."""

    name: str
    place: int
    x: float
    y: float
    taken_mcm: float
    stale: bool


@dataclass(frozen=True, slots=True)
class TradeView:
    """missing: why there is nothing, "" where there is."""

    points: tuple[TradePoint, ...] = ()
    x_name: str = ""
    y_name: str = ""
    x_limit: float | None = None
    y_limit: float | None = None
    missing: str = ""
