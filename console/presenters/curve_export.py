"""The series of a plot as rows: Beijing times, units in the head, the word of each reading's quality."""

from __future__ import annotations

import math

import numpy as np

from console.domain.quality import Quality, word
from console.domain.time import full_stamp
from console.presenters.wording import Translate
from console.viewdata.curve_tools import RatingView
from console.viewdata.curves import Curve, HydrographView

ROWS_MAX = 200_000


def curve_table(view: HydrographView | None, tr: Translate) -> list[list[str]]:
    """Return a head and one row a reading, in order of series and time; missing stays empty."""
    head = [tr("对象"), tr("序列"), tr("时间（北京时间）"), tr("数值"), tr("单位"), tr("质量"), tr("来源"), tr("备注")]
    rows = [head]
    if view is None:
        return rows
    for curve in (*view.curves, *(c for band in view.bands for c in band.bounds())):
        rows += _rows(curve, view, tr)
        if len(rows) > ROWS_MAX:
            told = f"{tr('行数太多，以下未导出；请缩短时段')}（{ROWS_MAX}）"
            return [*rows[: ROWS_MAX + 1], [told, *[""] * (len(head) - 1)]]
    return rows


def _rows(curve: Curve, view: HydrographView, tr: Translate) -> list[list[str]]:
    shift, name, title, unit = curve.shift_s, tr(curve.name), view.title, curve.unit
    if view.level_word and curve.role == "level":  # a departure or a share is no level, and may be another station's
        title, unit = curve.name.rpartition("（")[0] or title, view.level_word
    found = []
    first, last = np.searchsorted(curve.t, [view.from_t, view.to_t + 1]).tolist()
    part = slice(first, min(last, first + ROWS_MAX + 1))
    for t, v, q in zip(curve.t[part].tolist(), curve.v[part].tolist(), curve.quality[part].tolist(), strict=True):
        note = view.corrections.get((curve.sid, t), "") if curve.sid else ""
        if t > view.moment + shift and q != Quality.FORECAST:
            if not view.looking_back:
                continue  # as in the picture
            note = f"{tr('事后')} {note}".rstrip()
        value = f"{v:.10g}" if math.isfinite(v) else ""
        found.append([title, name, full_stamp(t - shift), value, unit, tr(word(q)), curve.source, note])
    return found


def rating_table(view: RatingView | None, tr: Translate) -> list[list[str]]:
    """Return the pairs of the window, then the published ones with their sources."""
    rows = [[tr("对象"), tr("时间（北京时间）"), f"{tr('水位')} m", f"{tr('流量')} m³/s", tr("质量"), tr("来源")]]
    if view is None:
        return rows
    for t, z, q, measured in zip(
        view.t.tolist(), view.level_m.tolist(), view.flow_m3s.tolist(), view.measured.tolist(), strict=True
    ):
        rows.append([view.title, full_stamp(t), f"{z:.10g}", f"{q:.10g}", tr("实测") if measured else tr("重建"), ""])
    for loop in view.loops:
        for t, z, q, m in zip(
            loop.t.tolist(), loop.level_m.tolist(), loop.flow_m3s.tolist(), loop.measured.tolist(), strict=True
        ):
            rows.append([view.title, full_stamp(t), f"{z:.10g}", f"{q:.10g}", tr("实测") if m else tr("重建"), ""])
    for g in view.gaugings:
        kind = tr("预报") if g.forecast else tr("公布实测")
        rows.append([view.title, g.date, f"{g.level_m:.10g}", f"{g.flow_m3s:.10g}", kind, g.source])
    return rows
