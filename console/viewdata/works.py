"""What the works' views draw: judged sensors, possible causes, sections, scour, gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.domain.anomalies import Hypothesis
from console.domain.works import Sensor, Works

Array = NDArray[np.float64]
EMPTY = np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Readings beside their model: t (n,) UTC s; value, model, residual (n,), NaN where unknown."""

    t: Array = field(default_factory=lambda: EMPTY)
    value: Array = field(default_factory=lambda: EMPTY)
    model: Array = field(default_factory=lambda: EMPTY)
    residual: Array = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True, eq=False)
class SensorHealth:
    """One sensor, judged at a moment.

    state: unknown, normal, attention, doubtful (over the alarm limit, most likely the instrument),
    alarm. reason: a code that says why it is unknown, with figures; "" where it is known. value,
    value_t: the newest reading. model, residual, ratio: there, None unknown; ratio is the median of
    the newest residuals over s. live, past: readings now and those of
    the calibration. causes: (level, season, time or rain; effect now from the calibration's mean).
    beyond_m: how far the level is outside what the model was fitted to, 0 inside. evidence: as in
    domain.anomalies. hypotheses: possible causes, () while nothing is abnormal.
    """

    sensor: Sensor
    state: str
    reason: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    value: float | None = None
    value_t: int | None = None
    quality: int = 0
    model: float | None = None
    residual: float | None = None
    ratio: float | None = None
    s: float | None = None
    r2: float | None = None
    n: int = 0
    suspects: int = 0
    live: Fitted = field(default_factory=Fitted)
    past: Fitted = field(default_factory=Fitted)
    causes: tuple[tuple[str, float], ...] = ()
    beyond_m: float = 0.0
    trend_p: float | None = None
    trend_per_day: float | None = None
    evidence: Mapping[str, float | None] = field(default_factory=dict)
    hypotheses: tuple[Hypothesis, ...] = ()
    abnormal: bool = False

    @property
    def off(self) -> float | None:
        """Return the newest residual in units of s, signed."""
        return self.residual / self.s if self.residual is not None and self.s else None


@dataclass(frozen=True, slots=True, eq=False)
class Scour:
    """Two surveys of one toe compared. reason: why they cannot be, "" where they can.

    x_m, y_m, scour_m (ny, nx): a picture of it, positive where the bed sank; spacing_m: of the nodes compared.
    before, after: the section at the deepest place, (offset_m, z_m). state: against the works' declared limit,
    unknown without one. unstated: neither names its datum.
    """

    section: str = ""
    reason: str = ""
    state: str = "unknown"
    limit_m: float | None = None
    names: tuple[str, str] = ("", "")
    times: tuple[int, int] = (0, 0)
    method: str = ""
    simulated: bool = False
    unstated: bool = False
    spacing_m: tuple[float, float] | None = None
    x_m: Array = field(default_factory=lambda: EMPTY)
    y_m: Array = field(default_factory=lambda: EMPTY)
    scour_m: Array = field(default_factory=lambda: np.empty((0, 0)))
    scour_m3: float = 0.0
    fill_m3: float = 0.0
    area_m2: float = 0.0
    coverage: float = 0.0
    deepest_m: float = 0.0
    chainage_m: float = 0.0
    offset_m: float = 0.0
    before: tuple[Array, Array] = (EMPTY, EMPTY)
    after: tuple[Array, Array] = (EMPTY, EMPTY)


@dataclass(frozen=True, slots=True, eq=False)
class WorksReport:
    """One works at a moment.

    state: the worst of its sensors and scour, unknown < normal < attention < doubtful < alarm. scours: of
    every surveyed section; scour: the worst of them. level_kind: "forecast" or "stale" where the level is not one of now.
    """

    works: Works
    state: str
    sensors: tuple[SensorHealth, ...] = ()
    scour: Scour = field(default_factory=Scour)
    level_m: float | None = None
    level_t: int | None = None
    level_kind: str = ""
    scours: tuple[Scour, ...] = ()

    def sensor(self, code: str | None) -> SensorHealth | None:
        return next((s for s in self.sensors if s.sensor.code == code), None)


@dataclass(frozen=True, slots=True)
class WorksLine:
    """One line of the works list."""

    code: str
    name: str
    type: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class SensorLine:
    """One line of the sensor table; texts as shown."""

    code: str
    state: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One possible cause: sentence, what speaks for it, what to check."""

    cause: str
    evidence: str
    check: str


@dataclass(frozen=True, slots=True)
class AnomalyLine:
    code: str
    state: str
    title: str
    detail: str
    causes: tuple[CauseLine, ...]


@dataclass(frozen=True, slots=True)
class SubsystemCell:
    name: str
    state: str
    word: str
    coverage: float | None
    note: str
    at_text: str = ""


@dataclass(frozen=True, slots=True)
class WorksBoardView:
    """The works panel. facts: (name, text, source)."""

    lines: tuple[WorksLine, ...]
    chosen: str = ""
    selected_sensor: str = ""
    title: str = ""
    subtitle: str = ""
    note: str = ""
    facts: tuple[tuple[str, str, str], ...] = ()
    subsystems: tuple[SubsystemCell, ...] = ()
    sensors: tuple[SensorLine, ...] = ()
    anomalies: tuple[AnomalyLine, ...] = ()
    calm: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SafetyView:
    """The dam-safety chart of one sensor.

    unit: element and unit of the readings; residual_unit: the unit alone. rows: (name, text, colour
    token) beside it; says: sentences below.
    """

    code: str
    title: str
    unit: str
    decimals: int
    state: str
    says: str
    live: Fitted
    past: Fitted
    s: float | None
    attention: float
    alarm: float
    moment: float
    rows: tuple[tuple[str, str, str], ...] = ()
    causes: tuple[tuple[str, float], ...] = ()
    step_t: float | None = None
    simulated: bool = False
    residual_unit: str = ""


@dataclass(frozen=True, slots=True)
class SectionSensor:
    """A sensor placed in its section; level_m only for piezometers with a known reading."""

    code: str
    name: str
    element: str
    state: str
    offset_m: float
    elevation_m: float
    text: str
    level_m: float | None


@dataclass(frozen=True, slots=True, eq=False)
class SectionView:
    """A section with its sensors, or a comparison of surveys.

    sections: (code, title) to choose from. profile: (offset_m, elevation_m), water side positive.
    water_m: level of the water before it, None unknown; water_text says from where, water_kind is "forecast" or "stale".
    """

    works: str
    type: str
    title: str
    sections: tuple[tuple[str, str], ...] = ()
    chosen: str = ""
    profile: tuple[tuple[float, float], ...] = ()
    sensors: tuple[SectionSensor, ...] = ()
    unplaced: int = 0
    water_m: float | None = None
    water_text: str = ""
    water_kind: str = ""
    says: str = ""
    scour: Scour = field(default_factory=Scour)
    scour_says: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Bay:
    """One bay. opening_m None: not known (reason says why), drawn as unknown, never as closed."""

    number: int
    code: str
    opening_m: float | None
    max_opening_m: float | None
    width_m: float | None
    reason: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class GatesView:
    """Gate mimic. Levels in their own datums: they are not subtracted."""

    works: str
    title: str
    bays: tuple[Bay, ...] = ()
    upstream_text: str = "—"
    downstream_text: str = "—"
    flow_text: str = "—"
    datum_text: str = ""
    summary: str = ""
    note: str = ""
    simulated: bool = False
