"""Several stations on one picture: each shifted by the flood's travel time, never on one absolute axis.

Levels of two stations are in datums of their own and must not be subtracted from each other: what is
drawn is each level's distance from the station's own warning level, or its place in its own range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from console.domain.objects import River, Series, Station
from console.engine.travel import river_with, travel_hours
from console.presenters.wording import Translate
from console.viewdata.curve_tools import Choice, PickerView
from console.viewdata.curves import Curve, HydrographView, Limit

MOST = 4
WARNING, UNIT = "warning", "unit"


@dataclass(frozen=True, slots=True)
class Companion:
    """Another station of the river. shift_s: added to its times; None where the travel time is not known."""

    station: Station
    series: Series
    shift_s: float | None


def level_series(series: Mapping[int, Series], station: Station) -> Series | None:
    return next((s for s in series.values() if s.object_code == station.code and s.element == station.main_element), None)


def companions(
    codes: Sequence[str],
    station: Station,
    stations: Mapping[str, Station],
    series: Mapping[int, Series],
    rivers: Sequence[River],
) -> list[Companion]:
    """Return the chosen stations that have a level series, with their shifts."""
    river = river_with(rivers, station.code)
    found = []
    for code in codes:
        other = stations.get(code)
        own = level_series(series, other) if other is not None and code != station.code else None
        if other is None or own is None or own.element not in ("Z", "RZ"):
            continue
        hours = travel_hours(river.nodes, code, station.code) if river is not None else None
        found.append(Companion(other, own, None if hours is None else hours * 3600))
    return found


def shift_word(shift_s: float | None, tr: Translate) -> str:
    if shift_s is None:
        return tr("传播时间未知，未移动")
    if shift_s == 0:
        return tr("无需移动")
    return f"{tr('后移') if shift_s > 0 else tr('前移')} {abs(shift_s) / 3600:g} h"


def picker(
    station: Station,
    chosen: Sequence[str],
    way: str,
    stations: Mapping[str, Station],
    series: Mapping[int, Series],
    rivers: Sequence[River],
    t: float,
    tr: Translate,
) -> PickerView:
    """Return the stations of the same river, upstream first, and whether each can be compared at t."""
    river = river_with(rivers, station.code)
    if river is None:
        return PickerView((), way, (tr("这个站不在任何一条河系里，没有可对比的测站"),))
    choices = []
    for node in river.nodes:
        other = stations.get(node.code)
        if other is None or node.code == station.code:
            continue
        hours = travel_hours(river.nodes, node.code, station.code)
        own = level_series(series, other)
        note = shift_word(None if hours is None else hours * 3600, tr)
        if own is None or own.element not in ("Z", "RZ"):
            note = tr("没有水位数据")
        elif way == WARNING and other.level_threshold("warning", t) is None:
            note += "，" + tr("无警戒水位，只能归一化")
        free = node.code in chosen or len(chosen) < MOST
        choices.append(Choice(node.code, other.name, note, node.code in chosen, own is not None and free))
    notes = [tr("各站基面不同，不画在同一条绝对水位轴上")]
    if station.level_threshold("warning", t) is None and way == WARNING:
        notes.append(tr("本站无警戒水位，请改用归一化"))
    if len(chosen) >= MOST:
        notes.append(f"{tr('最多')} {MOST} {tr('站')}")
    return PickerView(tuple(choices), way, tuple(notes))


def compared(
    view: HydrographView, station: Station, others: Sequence[tuple[Companion, Curve]], way: str, tr: Translate
) -> HydrographView:
    """Return the picture with every level as departure or share; others' curves are already shifted."""
    legend: list[str] = []
    curves: list[Curve] = []
    own = next((c for c in view.curves if c.role == "level"), None)
    for place, curve, name, shift in [
        (station, own, view.title, tr("本站")),
        *((c.station, curve, c.station.name, shift_word(c.shift_s, tr)) for c, curve in others),
    ]:
        drawn = None if curve is None else _departure(curve, place, view.to_t) if way == WARNING else _share(curve)
        if drawn is None:
            reason = tr("没有水位数据") if curve is None else tr("无警戒水位，未画")
            legend.append(f"{name}：{reason}")
            continue
        legend.append(f"{name}：{shift}")
        label = f"{name}（{shift}）"
        unit = "m" if way == WARNING else ""
        curves.append(replace(drawn, name=label, unit=unit, sid=0, tint=len(curves) + 1 if place is not station else 0))
    curves += [c for c in view.curves if c.role == "rain"]
    legend.append(
        tr("各站以自己的警戒水位为零，基面不同") if way == WARNING else tr("各站按自己在所示时段的变幅归一化，基面不同")
    )
    return replace(
        view,
        curves=tuple(curves),
        limits=(Limit("warning", tr("各自警戒"), 0.0),) if way == WARNING else (),
        peak=None,
        crossings=(),
        bands=(),
        level_word=tr("距各自警戒 m") if way == WARNING else tr("归一化水位"),
        legend=tuple(legend),
    )


def _departure(curve: Curve, station: Station, t: float) -> Curve | None:
    limit = station.level_threshold("warning", t)
    return replace(curve, v=curve.v - limit.value) if limit is not None else None


def _share(curve: Curve) -> Curve | None:
    known = curve.v[np.isfinite(curve.v)]
    if not len(known) or np.ptp(known) < 1e-6:
        return None
    return replace(curve, v=(curve.v - known.min()) / np.ptp(known))
