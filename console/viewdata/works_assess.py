"""Judging the sensors of works at a moment: pure, for a worker thread."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from console.domain.anomalies import CauseRule, hypotheses
from console.domain.objects import Series
from console.domain.quality import Quality
from console.domain.works import Calibration, Sensor
from console.engine.dam_safety import DAY_S, LEVEL_DEGREES, FitRefused, HstFit, HstForm, Load, fit, lagged_mean, parts_of
from console.engine.residuals import limit_state, recent_ratio, step_of, still_for, trend_of
from console.viewdata.works import Fitted, SensorHealth

Array = NDArray[np.float64]
Rows = tuple[NDArray[np.int64], Array, NDArray[np.int64]]
LIVE_DAYS = 15
SILENT_H, FLAT_H = 6.0, 24.0
SILENT_STEPS, FLAT_READINGS = 3, 6  # a sensor that is read once a day is not silent at noon, nor stuck on its second day
STEP_RATIO, STEP_TOGETHER_S = 5.0, 3 * 3600.0
CUT_DAYS = 30  # calibration ends at a whole multiple of these before the live window: one fit serves a month
EMPTY: Rows = (np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What was read for one sensor. rain_interval_s: each rain reading is the fall over that time.

    interval_s: how often the sensor itself is read.
    """

    sensor: Sensor
    own: Rows
    level: Rows
    level_interval_s: int
    rain: Rows = EMPTY
    rain_interval_s: int = 3600
    interval_s: int = 3600


Fits = dict[tuple[object, ...], HstFit | FitRefused]
Pointer = tuple[str, str]  # object, element


def pointers_of(sensors: Iterable[Sensor]) -> set[Pointer]:
    """Return whose readings are needed to judge these sensors: their own and what drives them."""
    return {p for s in sensors for p in ((s.code, s.element), s.driver, s.rain) if p is not None}


def with_pools(series: Mapping[Pointer, Series]) -> dict[Pointer, Series]:
    """Return series by pointer in which the level of a reservoir is found under the name of any level."""
    return {(code, "Z"): s for (code, element), s in series.items() if element == "RZ"} | dict(series)


def inputs_of(sensor: Sensor, series: Mapping[Pointer, Series], rows: Mapping[int, Rows]) -> Inputs:
    """Return what was read for a sensor; rows: by the series' number."""

    def of(pointer: Pointer | None) -> tuple[Rows, int]:
        found = series.get(pointer) if pointer else None
        return (rows.get(found.sid, EMPTY), found.interval_s) if found else (EMPTY, 3600)

    level, level_interval = of(sensor.driver)
    rain, rain_interval = of(sensor.rain)
    own, interval = of((sensor.code, sensor.element))
    return Inputs(sensor, own, level, level_interval, rain, rain_interval, interval)


def assess(
    inputs: Sequence[Inputs], moment: float, rules: Sequence[CauseRule], fits: Fits, *, ahead: bool = False
) -> list[SensorHealth]:
    """Return every sensor's health; fits is the cache that the caller keeps.

    ahead: the moment lies in the future, of which no sensor has read anything.
    """
    if ahead:
        return [SensorHealth(i.sensor, "unknown", reason="no_forecast") for i in inputs]
    alone = [_alone(i, moment, fits) for i in inputs]
    return [_with_neighbours(h, alone, rules) for h in alone]


def _good(rows: Rows) -> tuple[Array, Array]:
    t, value, quality = rows
    return t.astype(float), np.where(quality == Quality.BAD, np.nan, value)


def _alone(i: Inputs, moment: float, fits: Fits) -> SensorHealth:
    t, value = _good(i.own)
    known = np.flatnonzero(np.isfinite(value))
    blank = SensorHealth(i.sensor, "unknown")
    model = _model(i.sensor, moment, fits)
    if not len(known):
        past = _past(i.sensor, model) if isinstance(model, HstFit) else blank.past
        return replace(blank, reason=i.sensor.problem or "no_reading", past=past)
    last = int(known[-1])
    silent = (moment - float(t[last])) / 3600.0
    flat, readings = still_for(t, value)
    evidence: dict[str, float | None] = {
        "silent_h": silent if silent >= max(SILENT_H, SILENT_STEPS * i.interval_s / 3600.0) else None,
        "flat_h": flat if flat >= FLAT_H and readings >= FLAT_READINGS else None,
    }
    read = replace(
        blank,
        value=float(value[last]),
        value_t=int(t[last]),
        quality=int(i.own[2][last]),
        live=Fitted(t, value),
        evidence=evidence,
    )
    if not isinstance(model, HstFit):
        reason, figures = (model.code, model.figures) if isinstance(model, FitRefused) else (model, {})
        return replace(read, reason=reason, figures=figures)
    return _against(read, i, model, moment)


def _against(read: SensorHealth, i: Inputs, model: HstFit, moment: float) -> SensorHealth:
    """Compare the live readings with the model."""
    t, value = read.live.t, read.live.value
    level = level_at(i.level, t, i.level_interval_s)
    rain_t, rain_v = _good(i.rain)
    per_day = rain_v * DAY_S / max(1, i.rain_interval_s)
    lags = [lagged_mean(rain_t, per_day, t, lag) for lag in model.form.rain_lags_days]
    load = Load(t, level, rain_lag_mm=np.column_stack(lags) if lags else np.empty((0, 0)))
    parts = parts_of(model, load)
    residual = value - parts.total
    past = _past(i.sensor, model)
    found = replace(
        read,
        s=model.s,
        r2=model.r2,
        n=model.n,
        suspects=model.suspects,
        live=Fitted(t, value, parts.total, residual),
        past=past,
    )
    last = int(np.flatnonzero(np.isfinite(value))[-1])
    if not np.isfinite(residual[last]):
        return replace(found, reason="no_rain" if np.isfinite(level[last]) else "no_level")
    ratio = recent_ratio(residual[: last + 1], model.s)
    state = limit_state(residual[: last + 1], model.s, i.sensor.attention_s, i.sensor.alarm_s)
    evidence, trend = _evidence(found, i, model, moment, level[last], ratio)
    if evidence["silent_h"] is not None:
        return replace(found, reason="silent", figures={"h": evidence["silent_h"]}, evidence=evidence)
    causes = tuple((cause, float(effect[last])) for cause, effect in parts.by_cause.items() if cause != "rain" or lags)
    return replace(
        found,
        state=state,
        model=float(parts.total[last]),
        residual=float(residual[last]),
        ratio=ratio,
        causes=causes,
        beyond_m=evidence["level_beyond_m"] or 0.0,
        trend_p=trend[0],
        trend_per_day=trend[1],
        evidence=evidence,
    )


def _evidence(
    h: SensorHealth, i: Inputs, model: HstFit, moment: float, level: float, ratio: float | None
) -> tuple[dict[str, float | None], tuple[float | None, float | None]]:
    before = level_at(i.level, np.array([h.value_t or 0]) - DAY_S, i.level_interval_s)[0]
    low, high = model.level_range
    step = step_of(h.live.t, h.live.residual, model.s)
    week = h.live.t >= moment - 7 * DAY_S
    stepped = step is not None and step.ratio >= STEP_RATIO
    level_again = np.where(h.live.t >= step.t, step.size, 0.0) if step is not None and stepped else 0.0  # a step is no trend
    trend = trend_of(h.live.t[week], (h.live.residual - level_again)[week])
    rain_t, rain_v = _good(i.rain)
    wet = rain_t > moment - 3 * DAY_S
    evidence: dict[str, float | None] = {
        **h.evidence,
        "residual_ratio": ratio,
        "level_change_24h_m": float(level - before) if np.isfinite(before) else None,
        "level_beyond_m": max(0.0, low - float(level), float(level) - high),
        "rain_72h_mm": float(np.nansum(rain_v[wet])) if wet.any() else None,
        "step_ratio": step.ratio if step is not None and stepped else None,
        "step_age_h": (moment - step.t) / 3600.0 if step is not None and stepped else None,
        "trend_p": trend.p if trend else None,
        "trend_ratio_day": trend.slope_per_day / model.s if trend else None,
    }
    return evidence, (trend.p, trend.slope_per_day) if trend else (None, None)


def _with_neighbours(h: SensorHealth, everyone: Sequence[SensorHealth], rules: Sequence[CauseRule]) -> SensorHealth:
    """Add what the other sensors of the section and the works show, then the possible causes.

    An alarm whose first possible cause is the instrument is graded doubtful; neighbours count it as it was read.
    """
    mine = [o for o in everyone if o.sensor.works == h.sensor.works and o.state != "unknown"]
    near = [o for o in mine if o.sensor.section == h.sensor.section and o is not h] if h.sensor.section else []
    out = [o for o in near if o.state in ("attention", "alarm")]
    evidence = dict(h.evidence)
    # of neighbours that say nothing, or are none, nothing is concluded: silence is no calm
    evidence["section_out"] = float(len(out)) if near else None
    evidence["section_share"] = 100.0 * len(out) / len(near) if near else None
    evidence["works_share"] = 100.0 * sum(o.state != "normal" for o in mine) / len(mine) if len(mine) >= 4 else None
    age = evidence.get("step_age_h")
    if age is not None and near:
        ages = [o.evidence.get("step_age_h") for o in near]
        evidence["section_steps"] = float(sum(1 for a in ages if a is not None and abs(a - age) * 3600 <= STEP_TOGETHER_S))
    abnormal = h.state in ("attention", "alarm") or any(evidence.get(k) is not None for k in ("silent_h", "flat_h"))
    found = hypotheses(rules, h.sensor.element, evidence) if abnormal else ()
    doubtful = h.state == "alarm" and bool(found) and found[0].instrument
    state = "doubtful" if doubtful else h.state
    return replace(h, state=state, evidence=evidence, hypotheses=found, abnormal=abnormal)


def level_at(rows: Rows, at: Array, interval_s: int) -> Array:
    """Return the level at times, linear between readings no further apart than 1.5 intervals; NaN elsewhere."""
    t, v = _good(rows)
    keep = np.isfinite(v)
    t, v = t[keep], v[keep]
    at = np.asarray(at, float)
    if not len(t):
        return np.full(len(at), np.nan)
    reach = 1.5 * max(60, interval_s)
    right = np.clip(np.searchsorted(t, at), 0, len(t) - 1)
    left = np.clip(np.searchsorted(t, at, side="right") - 1, 0, len(t) - 1)
    found = np.interp(at, t, v)
    between = (t[right] - t[left]) <= reach
    near = np.minimum(np.abs(at - t[left]), np.abs(at - t[right])) <= reach
    inside = (at >= t[0]) & (at <= t[-1])
    return np.where(near & (between | ~inside), found, np.nan)


# --- the model ----------------------------------------------------------------------------------
def _array(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if v is None else v for v in values], float)


def _load(calibration: Calibration) -> Load:
    rain = [_array(r) for _, r in calibration.rain_mm]
    return Load(
        np.array(calibration.t), _array(calibration.level_m), rain_lag_mm=np.column_stack(rain) if rain else np.empty((0, 0))
    )


def _cut(calibration: Calibration, moment: float) -> float:
    """Return until when past readings are used: nothing of the judged days, nothing of the future."""
    start = moment - LIVE_DAYS * DAY_S
    return start - start % (CUT_DAYS * DAY_S)


def _until(calibration: Calibration, end: float) -> Calibration:
    kept = [k for k, t in enumerate(calibration.t) if t < end]
    return replace(
        calibration,
        t=tuple(calibration.t[k] for k in kept),
        level_m=tuple(calibration.level_m[k] for k in kept),
        value=tuple(calibration.value[k] for k in kept),
        rain_mm=tuple((lag, tuple(r[k] for k in kept)) for lag, r in calibration.rain_mm),
    )


def version_of(calibration: Calibration) -> str:
    """Return a mark that changes with the readings themselves, whatever their declared version says."""
    return hashlib.sha256(
        repr((calibration.t, calibration.level_m, calibration.value, calibration.rain_mm)).encode()
    ).hexdigest()


def _form(sensor: Sensor, calibration: Calibration) -> HstForm:
    degree = sensor.level_degree if sensor.level_degree is not None else LEVEL_DEGREES.get(sensor.kind, 3)
    return HstForm(level_degree=degree, rain_lags_days=tuple(lag for lag, _ in calibration.rain_mm))


def _model(sensor: Sensor, moment: float, fits: Fits) -> HstFit | FitRefused | str:
    """Return the sensor's model, a refusal, or the code of what its declaration lacks."""
    if sensor.calibration is None or sensor.problem:
        return sensor.problem or "none"
    end = _cut(sensor.calibration, moment)
    form = _form(sensor, sensor.calibration)
    key = (sensor.code, version_of(sensor.calibration), form, end)
    if key not in fits:
        used = _until(sensor.calibration, end)
        try:
            if not used.t:
                raise FitRefused("few", n=0, need=0)
            fits[key] = fit(form, _load(used), _array(used.value), used.t[0])
        except FitRefused as refused:
            fits[key] = refused
    return fits[key]


def _past(sensor: Sensor, model: HstFit) -> Fitted:
    if sensor.calibration is None:
        return Fitted()
    used = _until(sensor.calibration, model.t_range[1] + 1.0)
    value, load = _array(used.value), _load(used)
    total = parts_of(model, load).total
    return Fitted(np.array(used.t), value, total, value - total)
