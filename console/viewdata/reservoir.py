"""What the reservoir card, table, curves and chain draw; texts are worded, unknown figures are None or —."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.domain.states import State

Array = NDArray[np.float64]
MARK_WORDS = {
    "dead": "死水位",
    "flood_limit": "汛限",
    "normal": "正常蓄水",
    "flood_control_high": "防洪高",
    "design": "设计",
    "check": "校核",
    "crest": "坝顶",
}
# Only the limit in force carries the colour of its state: the others are lines of the dam, named in words.
MARK_TOKENS = {
    "dead": "text.faint",
    "flood_limit": "state.flood_limit",
    "normal": "text.dim",
    "flood_control_high": "text.dim",
    "design": "text.dim",
    "check": "text.dim",
    "crest": "text.dim",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A level of the dam's rules, metres; kind as in MARK_WORDS. unverified: its source does not vouch for it."""

    kind: str
    level_m: float
    source: str = ""
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of the card: name, value, what it rests on.

    ink: colour token of the value. lead: the state's sign stands before it.
    """

    name: str
    value: str
    note: str = ""
    ink: str = "text"
    lead: bool = False


@dataclass(frozen=True, slots=True)
class ReservoirView:
    """The card of one reservoir.

    state_word, state_token: as shown, 未公布汛限 where nothing can be judged. inflow_text, outflow_text:
    m³/s as written at the arrows; flows_stale: they are old. net: 1 rising, −1 falling, 0 unknown or even.
    """

    code: str
    name: str
    state: State
    state_word: str
    state_token: str
    stale: bool
    level_m: float | None
    marks: tuple[Mark, ...]
    inflow_text: str
    outflow_text: str
    flows_stale: bool
    trend: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReservoirRow:
    """One line of the table of all reservoirs.

    rank: danger, the larger the worse. available_to, absorb_to: the mark up to which the room is counted.
    """

    code: str
    name: str
    river: str
    state: State
    state_word: str
    state_token: str
    rank: tuple[float, float]
    stale: bool
    level_m: float | None
    level_text: str
    margin_m: float | None
    margin_text: str
    available_mcm: float | None
    available_text: str
    available_to: str
    absorb_mm: float | None
    absorb_text: str
    absorb_to: str
    inflow_m3s: float | None
    inflow_text: str
    outflow_m3s: float | None
    outflow_text: str
    change_1h: float | None
    change_text: str
    hours: float | None
    hours_text: str
    t: int | None
    time_text: str
    quality: str
    marks: tuple[Mark, ...] = ()
    datum: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnCurve:
    """A curve as a line: value (n,) over level_m (n,), its points, and where the reservoir is now."""

    name: str
    level_m: Array
    value: Array
    points: tuple[tuple[float, float], ...]
    now: tuple[float, float] | None
    now_text: str
    made_up: bool


@dataclass(frozen=True, slots=True, eq=False)
class StorageCurves:
    """Curves of one reservoir. notes: source and certainty, or what would fill the picture.

    Storage is in 亿 m³ here, release in m³/s.
    """

    code: str
    name: str
    storage: DrawnCurve | None = None
    releases: tuple[DrawnCurve, ...] = ()
    marks: tuple[Mark, ...] = ()
    level_m: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CascadeNode:
    """A reservoir of a chain; branch: it lies on a tributary of the river that the chain serves.

    available_sure: the certainty word of the available storage, "" for a published curve.
    """

    code: str
    name: str
    river: str
    branch: bool
    state: State
    state_word: str
    state_token: str
    stale: bool
    level_m: float | None
    level_text: str
    margin_text: str
    inflow_text: str
    outflow_text: str
    available_text: str
    available_sure: str
    trend: int
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class CascadeView:
    """A chain in downstream order. total_text: the sum of what is known, with how many are known."""

    name: str
    nodes: tuple[CascadeNode, ...] = ()
    total_text: str = ""
    selected: str | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)
