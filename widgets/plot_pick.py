"""Which reading a click on a plot means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from console.viewdata.curves import Curve, HydrographView

NEAR_PX = 10.0
Scale = Callable[[str], tuple[float, float, float]]  # role → seconds a pixel, units a pixel, the click's value


def nearest(view: HydrographView, t: float, scale: Scale) -> tuple[int, int] | None:
    """Return (sid, time) of the reading nearest to a click, None for none near enough.

    Readings with a value go before those that were voided, which are found by their time alone: a mistaken
    voiding must be taken back. A bar of rain is meant by the interval that it stands for.
    """
    own = [c for c in view.curves if c.sid and not c.tint]
    water = [c for c in own if c.role != "rain"]
    best: tuple[float, int, int] | None = None
    for curve in water:
        wide, high, at = scale(curve.role)
        first, last = np.searchsorted(curve.t, [t - wide * NEAR_PX, t + wide * NEAR_PX])
        v = curve.v[first:last]
        known = np.isfinite(v)
        apart = np.abs(curve.t[first:last] - t) / wide
        far = np.where(known, np.hypot(apart, np.clip((np.where(known, v, 0.0) - at) / high, -1e6, 1e6)), apart + NEAR_PX)
        far = np.where(known & (far > NEAR_PX), np.inf, far)
        if len(far) and np.isfinite(far.min()) and (best is None or far.min() < best[0]):
            i = int(first + np.argmin(far))
            best = (float(far.min()), curve.sid, int(curve.t[i]))
    if best is None and not water:
        return _bar(own, t)
    return best[1:] if best is not None else None


def _bar(curves: list[Curve], t: float) -> tuple[int, int] | None:
    for curve in curves:
        i = int(np.searchsorted(curve.t, t))
        if i < len(curve.t) and curve.t[i] - curve.interval_s < t:
            return curve.sid, int(curve.t[i])
    return None
