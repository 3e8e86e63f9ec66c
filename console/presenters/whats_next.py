"""What a level does next: by a forecast where there is one, else at the rate of the last hour."""

from __future__ import annotations

import numpy as np

from console.domain.elements import LEVELS
from console.domain.time import stamp
from console.presenters.wording import Translate
from console.viewdata.board import Row, Sample

LADDER = (
    ("warning", "警戒"),
    ("guaranteed", "保证"),
    ("flood_limit", "汛限"),
    ("design", "设计"),
    ("check", "校核"),
    ("record", "历史最高"),
)
AHEAD_H = 48.0
PEAK_M = 0.05  # a peak stands out by at least so much


def next_step(row: Row, moment: float, tr: Translate) -> str:
    """Return when the next figure above is reached or the one that is passed left again; "" where nobody can say."""
    level = usable_level(row)
    if level is None or level.value is None or level.element not in LEVELS or row.station.what.low_is_bad:
        return ""
    figures = sorted(
        (found.value, word)
        for kind, word in LADDER
        if (found := row.station.threshold(kind, moment, row.station.main_element)) is not None
    )
    above = next(((v, w) for v, w in figures if v > level.value), None)
    passed = next(((v, w) for v, w in reversed(figures) if v <= level.value), None)
    if len(level.forecast_t):
        return _by_forecast(level, level.value, above, passed, moment, tr)
    if row.stale or not row.trend or not level.change_1h:
        return ""
    aim = above if row.trend > 0 else passed
    if aim is None:
        return ""
    hours = (aim[0] - level.value) / level.change_1h
    if not 0.0 <= hours <= AHEAD_H:
        return ""
    words = tr("照此约 {} h 到{}") if row.trend > 0 else tr("照此约 {} h 退到{}以下")
    return words.format(f"{hours:.0f}", tr(aim[1]))


def _by_forecast(
    level: Sample, now: float, above: tuple[float, str] | None, passed: tuple[float, str] | None, moment: float, tr: Translate
) -> str:
    t, v = level.forecast_t, level.forecast_v
    if above is not None and (v >= above[0]).any():
        return tr("预报 {} 到{}").format(stamp(float(t[int(np.argmax(v >= above[0]))]), moment), tr(above[1]))
    top = int(np.argmax(v))
    if v[top] > now + PEAK_M:
        words = tr("预报 {} 洪峰 {}") if top + 1 < len(v) else tr("预报 {} 涨到 {}")
        return words.format(stamp(float(t[top]), moment), f"{v[top]:.{level.what.decimals}f} m")
    if passed is None:
        return ""
    if (v < passed[0]).any():
        return tr("预报 {} 退到{}以下").format(stamp(float(t[int(np.argmax(v < passed[0]))]), moment), tr(passed[1]))
    return tr("预报至 {} 仍超{}").format(stamp(float(t[-1]), moment), tr(passed[1]))


def usable_level(row: Row | None) -> Sample | None:
    """Return the reading that may be judged, None where the newest is in doubt."""
    return row.level if row is not None and row.level is not None and row.level.usable else None
