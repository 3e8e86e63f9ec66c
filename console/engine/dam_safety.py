"""HST model of a monitored quantity: hydrostatic load, season, time, and lags of level and rain.

y = a₀ + Σ aᵢ hⁱ + Σ (b₁ₖ sin kω + b₂ₖ cos kω) + c₁θ + c₂ ln(θ + shift) + Σ dⱼ·level lag + Σ eⱼ·rain lag

Source: Willm & Beaujoint (1967); practice of SL 601-2013 (concrete) and SL 551-2012 (earth-rock).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DAY_S = 86400.0
LEVEL_DEGREES = {"gravity": 3, "arch": 4, "earth": 2}
PARTS = ("level", "season", "time", "rain")
MIN_READINGS = 30
READINGS_PER_TERM = 3
MIN_SPAN_DAYS = 365.0  # less than a year cannot tell season from time
MAX_GAP_DAYS = 180.0
CONDITION_LIMIT = 1e7  # of the scaled matrix
SUSPECT = 4.0  # robust standard deviations
SUSPECT_SHARE = 0.1
SUSPECT_ROUNDS = 4
THETA_MIN = 0.01


class FitRefused(ValueError):
    """The readings do not carry a model. code: few, short, gap, still, collinear; figures say by how much."""

    def __init__(self, code: str, **figures: float) -> None:
        super().__init__(f"{code}: {figures}")
        self.code = code
        self.figures: Mapping[str, float] = figures


@dataclass(frozen=True, slots=True)
class HstForm:
    """Which terms a model has.

    Attributes:
        level_degree: powers of the level; 3 gravity dam, 4 arch dam, by choice for earth-rock, 0 none.
        period_days: length of the season's year.
        log_shift: added to θ under the logarithm; 0 in practice, where θ begins at 0.01.
        ridge: penalty on standardised terms, per reading; 0 is ordinary least squares.
    """

    level_degree: int = 3
    harmonics: int = 2
    period_days: float = 365.25
    theta_days: float = 100.0
    log_shift: float = 0.0
    level_lags_days: tuple[float, ...] = ()
    rain_lags_days: tuple[float, ...] = ()
    ridge: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.level_degree <= 4 and 0 <= self.harmonics <= 4 and self.ridge >= 0):
            raise ValueError("level_degree 0..4, harmonics 0..4, ridge not negative")


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """What acts on the works at the readings' times.

    t: shape (n,), UTC s. level_m: (n,), the works' own datum. level_lag_m, rain_lag_mm: (n, k), means
    over the form's lags; NaN where unknown.
    """

    t: Array
    level_m: Array
    level_lag_m: Array = field(default_factory=lambda: np.empty((0, 0)))
    rain_lag_mm: Array = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True, slots=True, eq=False)
class HstFit:
    """A fitted model.

    coefficients, errors: by term name, for level powers of (H − level_mean)/level_sd. residual: (n,) of
    the readings given, NaN where one was not usable. used: (n,) those in the fit; suspects: how many
    usable ones were left out. s: residual standard deviation, n − p degrees of freedom.
    """

    form: HstForm
    origin_t: float
    level_mean: float
    level_sd: float
    level_range: tuple[float, float]
    t_range: tuple[float, float]
    coefficients: Mapping[str, float]
    errors: Mapping[str, float]
    residual: Array
    used: NDArray[np.bool_]
    suspects: int
    n: int
    r2: float
    s: float
    condition: float
    means: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A model's value split by cause, each (n,), measured from the calibration's mean; total is their sum with it."""

    base: float
    by_cause: Mapping[str, Array]
    total: Array


def lagged_mean(t: Array, v: Array, at: Array, days: float, coverage: float = 0.8) -> Array:
    """Return the mean of a series over the days before each time, (len(at),).

    Args:
        t: (n,) UTC s ascending; v: (n,) values, NaN missing; each stands until the next one.
        coverage: least share of the lag that readings (no further apart than half a day) must cover; else NaN.
    """
    good = np.isfinite(v)
    t, v = np.asarray(t, float)[good], np.asarray(v, float)[good]
    if len(t) < 2:
        return np.full(len(at), np.nan)
    step = np.minimum(np.diff(t), DAY_S / 2)
    area = np.concatenate([[0.0], np.cumsum(step * v[:-1])])
    time = np.concatenate([[0.0], np.cumsum(step)])
    end = np.minimum(at, t[-1])
    start = np.asarray(at, float) - days * DAY_S

    def upto(total: Array, moment: Array) -> Array:
        return np.interp(moment, t, total)

    covered = upto(time, end) - upto(time, start)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (upto(area, end) - upto(area, start)) / covered
    return np.where(covered >= coverage * days * DAY_S, mean, np.nan)


def fit(form: HstForm, load: Load, value: Array, origin_t: float, *, leave_out: bool = True) -> HstFit:
    """Fit the model to readings at irregular times.

    Args:
        value: (n,) readings, NaN missing. origin_t: where θ begins, UTC s.
        leave_out: drop readings more than SUSPECT robust deviations off, at most SUSPECT_SHARE of them.

    Raises:
        FitRefused: too few readings, too short, a gap too long, a level that does not move, or terms
            that cannot be told apart (with ridge 0).
        ValueError: arrays of unlike length.
    """
    if not len(value) == len(load.t) == len(load.level_m):
        raise ValueError("arrays of unlike length")
    shaped = _Shape(form, origin_t, _mean(load.level_m), _sd(load.level_m))
    names, matrix = shaped.terms(load)
    usable = np.isfinite(value) & np.isfinite(matrix).all(axis=1) & np.isfinite(load.t)
    _check(form, load, usable, len(names) + 1)
    used = usable.copy()
    solved = _solve(matrix[used], value[used], form.ridge)
    for _ in range(SUSPECT_ROUNDS if leave_out else 0):
        off = np.abs(value - solved.predict(matrix))
        scale = 1.4826 * float(np.median(off[used]))
        bad = usable & (off > SUSPECT * max(scale, 1e-12))
        if bad.sum() > SUSPECT_SHARE * usable.sum() or (usable & ~bad == used).all():
            break
        used = usable & ~bad
        solved = _solve(matrix[used], value[used], form.ridge)
    residual = np.where(usable, value - solved.predict(matrix), np.nan)
    n, p = int(used.sum()), len(names) + 1
    sse = float(np.square(residual[used]).sum())
    spread = float(np.square(value[used] - value[used].mean()).sum())
    s = float(np.sqrt(sse / (n - p)))
    level = load.level_m[used]
    return HstFit(
        form=form,
        origin_t=origin_t,
        level_mean=shaped.level_mean,
        level_sd=shaped.level_sd,
        level_range=(float(level.min()), float(level.max())) if form.level_degree else (-np.inf, np.inf),
        t_range=(float(load.t[used].min()), float(load.t[used].max())),
        coefficients={"constant": solved.constant, **dict(zip(names, solved.slopes.tolist(), strict=True))},
        errors=dict(zip(names, (s * solved.unit_errors).tolist(), strict=True)),
        residual=residual,
        used=used,
        suspects=int(usable.sum()) - n,
        n=n,
        r2=1.0 - sse / spread if spread > 0 else 0.0,
        s=s,
        condition=solved.condition,
        means=dict(zip(names, matrix[used].mean(axis=0).tolist(), strict=True)),
    )


def parts_of(model: HstFit, load: Load) -> Parts:
    """Return the model's value at other times with the share of each cause; NaN where a load is unknown."""
    shaped = _Shape(model.form, model.origin_t, model.level_mean, model.level_sd)
    names, matrix = shaped.terms(load)
    by_cause = {part: np.zeros(len(load.t)) for part in PARTS}
    base = model.coefficients["constant"]
    for name, column in zip(names, matrix.T, strict=True):
        by_cause[cause_of(name)] += model.coefficients[name] * (column - model.means[name])
        base += model.coefficients[name] * model.means[name]
    return Parts(base, by_cause, np.asarray(base + sum(by_cause.values()), float))


def cause_of(term: str) -> str:
    """Return level, season, time or rain for a term's name."""
    return {"h": "level", "l": "level", "s": "season", "c": "season", "t": "time", "r": "rain"}[term[0]]


@dataclass(frozen=True, slots=True)
class _Shape:
    form: HstForm
    origin_t: float
    level_mean: float
    level_sd: float

    def terms(self, load: Load) -> tuple[list[str], Array]:
        """Return the terms' names and their columns, (n, p)."""
        form, n = self.form, len(load.t)
        h = (np.asarray(load.level_m, float) - self.level_mean) / self.level_sd
        days = (np.asarray(load.t, float) - self.origin_t) / DAY_S
        turn = 2 * np.pi * np.asarray(load.t, float) / DAY_S / form.period_days
        theta = np.maximum(days / form.theta_days, 0.0 if form.log_shift else THETA_MIN)
        named = [(f"h{i}", h**i) for i in range(1, form.level_degree + 1)]
        for k in range(1, form.harmonics + 1):
            named += [(f"s{k}", np.sin(k * turn)), (f"c{k}", np.cos(k * turn))]
        named += [("theta", theta), ("tlog", np.log(theta + form.log_shift))]
        for lags, columns, letter in (
            (form.level_lags_days, load.level_lag_m, "l"),
            (form.rain_lags_days, load.rain_lag_mm, "r"),
        ):
            if lags and columns.shape != (n, len(lags)):
                raise ValueError(f"lags of shape {columns.shape}, wanted {(n, len(lags))}")
            named += [(f"{letter}{days_:g}", columns[:, j]) for j, days_ in enumerate(lags)]
        return [name for name, _ in named], np.column_stack([c for _, c in named])


@dataclass(frozen=True, slots=True)
class _Solved:
    constant: float
    slopes: Array
    unit_errors: Array
    condition: float

    def predict(self, matrix: Array) -> Array:
        with np.errstate(invalid="ignore"):
            return np.asarray(self.constant + matrix @ self.slopes)


def _solve(matrix: Array, value: Array, ridge: float) -> _Solved:
    """Solve on centred, standardised columns, so that H³ and ln θ weigh alike."""
    mean, sd = matrix.mean(axis=0), matrix.std(axis=0)
    if (sd < 1e-12).any():
        raise FitRefused("collinear", condition=float("inf"))
    z, y = (matrix - mean) / sd, value - value.mean()
    u, w, vt = np.linalg.svd(z, full_matrices=False)
    condition = float(w[0] / w[-1]) if w[-1] > 0 else float("inf")
    if ridge == 0 and not condition < CONDITION_LIMIT:
        raise FitRefused("collinear", condition=condition)
    shrink = w / (w**2 + ridge * len(value))
    slopes = vt.T @ (shrink * (u.T @ y)) / sd
    unit_errors = np.sqrt(np.square(vt.T * shrink).sum(axis=1)) / sd
    return _Solved(float(value.mean() - mean @ slopes), slopes, unit_errors, condition)


def _check(form: HstForm, load: Load, usable: NDArray[np.bool_], terms: int) -> None:
    n, need = int(usable.sum()), max(MIN_READINGS, READINGS_PER_TERM * terms)
    if n < need:
        raise FitRefused("few", n=n, need=need)
    t = np.sort(load.t[usable])
    span = float(t[-1] - t[0]) / DAY_S
    if span < MIN_SPAN_DAYS:
        raise FitRefused("short", days=span, need=MIN_SPAN_DAYS)
    gap = float(np.diff(t).max()) / DAY_S
    if gap > MAX_GAP_DAYS:
        raise FitRefused("gap", days=gap, most=MAX_GAP_DAYS)
    if form.level_degree and float(np.ptp(load.level_m[usable])) < 1e-6:
        raise FitRefused("still")


def _mean(level: Array) -> float:
    good = level[np.isfinite(level)]
    return float(good.mean()) if len(good) else 0.0


def _sd(level: Array) -> float:
    good = level[np.isfinite(level)]
    return float(good.std()) if len(good) and good.std() > 1e-9 else 1.0
