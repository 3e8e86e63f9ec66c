"""Figures of a rain gauge's window: what fell, the heaviest hours, and how much of it was read."""

from __future__ import annotations

import numpy as np

from console.domain.freshness import breaks_line
from console.domain.rain import greatest_sum
from console.domain.time import age_text, stamp
from console.engine.series_stats import trusted
from console.presenters.wording import Translate
from console.viewdata.curve_tools import StatLine
from console.viewdata.curves import Curve

SPANS_H = (1, 3, 6, 12, 24)
WHOLE = 0.95


def rain_lines(rain: Curve, span: tuple[float, float], now: float, tr: Translate) -> tuple[list[StatLine], list[str]]:
    """Return the figures and notes; a doubtful reading counts as none, and a sum with one missing is a least one."""
    name, v = tr(rain.name), trusted(rain.v, rain.quality)
    inside = (rain.t > span[0]) & (rain.t <= span[1])
    known = inside & np.isfinite(v) & (v >= 0)
    if not known.any():
        return [StatLine(name, "—", tr("这一段没有可用的读数"))], []
    t, values = rain.t[known], v[known]
    due = max(1, round((span[1] - span[0]) / rain.interval_s))
    share = min(1.0, len(t) / due)
    least = "" if share >= WHOLE else "≥"
    lines = [StatLine(f"{name} {tr('累计')}", f"{least}{values.sum():.1f} mm")]
    for hours in SPANS_H:
        found = greatest_sum(t, values, rain.interval_s, hours) if hours * 3600 <= span[1] - span[0] else None
        if found is not None:
            end, mm = found
            lines.append(StatLine(f"{tr('最大')} {hours} h", f"{least}{mm:.1f} mm", f"{tr('至')} {stamp(end, now)}"))
    ends = np.concatenate([[span[0]], t.astype(float), [span[1]]])
    holes = [float(gap) for gap in np.diff(ends) if breaks_line(float(gap), rain.interval_s)]
    note = f"{len(holes)} {tr('段缺测，最长')} {age_text(max(holes), tr)}" if holes else tr("没有缺测")
    lines.append(StatLine(f"{name} {tr('完整率')}", f"{100 * share:.1f} %", note))
    left_out = int(inside.sum() - known.sum())
    return lines, [f"{name} {left_out} {tr('个存疑、坏值或预报值不计')}"] if left_out else []
