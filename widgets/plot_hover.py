"""What a plot says of one moment: every series at once, where the reading is from, who touched it."""

from __future__ import annotations

import math
import textwrap

import numpy as np

from console.domain.elements import FLOWS, flow_text, signed
from console.domain.quality import Quality, word
from console.domain.time import stamp
from console.look import Look
from console.viewdata.curves import Band, Curve, HydrographView

NOTE_CHARS = 34


def place_in(curve: Curve, t: float) -> int | None:
    """Return the index of the reading that stands for a moment; None if the newest before it is too old."""
    i = int(np.searchsorted(curve.t, t, side="right")) - 1
    return i if i >= 0 and t - curve.t[i] <= 1.5 * curve.interval_s else None


def hover_text(view: HydrographView, look: Look, t: float) -> str:
    """Return the time, then one line a series, then the distance to the warning level."""
    lines = [stamp(t)]
    fetched = not any(a <= t <= b for a, b in view.holes)
    lines += filter(None, (_line(c, view, look, t, fetched) for c in view.curves))
    lines += filter(None, (_band(b, look, t) for b in view.bands))
    limit = next((m for m in view.limits if m.kind == "warning"), None)
    level = next((c for c in view.curves if c.role == "level" and not c.tint), None)
    if limit is not None and level is not None:
        i = place_in(level, t)
        if i is not None and math.isfinite(level.v[i]) and (view.looking_back or level.t[i] <= view.moment):
            off = signed(float(level.v[i]) - limit.value, level.decimals)
            lines.append(f"{look.tr('距警戒' if limit.word == '警戒' else '距限值')} {off} {level.unit}")
    return "\n".join(lines)


def _band(band: Band, look: Look, t: float) -> str:
    """Return between what the forecast says that it will stay, nothing outside the band."""
    between = band.at(t)
    if between is None:
        return ""
    low, high = (flow_text(v) if band.element.code in FLOWS else band.element.text(v) for v in between)
    return f"{look.tr(band.element.name)} {look.tr('预报区间')} {low}～{high} {band.element.unit}"


def _line(curve: Curve, view: HydrographView, look: Look, t: float, fetched: bool) -> str:
    """Return what one series says; nothing where it could not say anything yet."""
    i = place_in(curve, t)
    if i is None and t > view.moment + curve.shift_s:
        return ""
    later = i is not None and curve.t[i] > view.moment + curve.shift_s and curve.quality[i] != Quality.FORECAST
    if later and not view.looking_back:
        return ""
    if i is None:
        return f"{look.tr(curve.name)} {look.tr('缺测' if fetched or curve.tint else '未取回')}"
    quality = look.tr(word(int(curve.quality[i])))
    if not math.isfinite(curve.v[i]):
        text = f"{look.tr(curve.name)} — {look.tr('缺测')}（{quality}）"
    else:
        text = f"{look.tr(curve.name)} {curve.text(float(curve.v[i]))} {curve.unit} {quality}"
    if later:
        text += f" · {look.tr('事后')}"
    if curve.shift_s:
        text += f" · {stamp(float(curve.t[i]) - curve.shift_s, view.now)}"
    note = view.corrections.get((curve.sid, int(curve.t[i]))) if curve.sid else None
    return "\n  ".join([text, *textwrap.wrap(note, NOTE_CHARS)]) if note else text
