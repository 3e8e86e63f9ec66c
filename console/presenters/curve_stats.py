"""Figures of the shown window or of a dragged range, each with how it was found or why it is not known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from console.domain.elements import LEVELS, grouped, signed
from console.domain.objects import Station
from console.domain.quality import word
from console.domain.time import BEIJING_S, DAY_S, age_text, stamp
from console.engine.frequency import YEARS_ADVISED, YEARS_MIN, TooFewYears, between_published, fit_maxima, period_interval
from console.engine.series_stats import Summary, over_threshold, stretch_of, summary
from console.presenters.hydrograph_marks import crest, known, present_of
from console.presenters.rain_stats import rain_lines
from console.presenters.station_facts import annual_maxima, return_flows
from console.presenters.wording import Translate
from console.viewdata.curve_tools import StatBox, StatLine
from console.viewdata.curves import Curve, HydrographView

NONE_KNOWN = "—"
RAINY = frozenset({"rain", "basin"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the figures are asked of. threshold_m3s: None leaves the volume out; from_warning: it is the warning flow."""

    from_t: float
    to_t: float
    dragged: bool = False
    threshold_m3s: float | None = None
    from_warning: bool = False


def warning_flow(station: Station, t: float) -> float | None:
    found = station.threshold("warning", t, "Q")
    return found.value if found is not None else None


def stat_box(view: HydrographView, station: Station, asked: Asked, tr: Translate) -> StatBox:
    """Return the figures; may be computed on any thread."""
    to_t = min(asked.to_t, view.moment) if not asked.dragged else asked.to_t
    span = (asked.from_t, max(to_t, asked.from_t))
    title = f"{tr('量测段') if asked.dragged else tr('所示时段')} {stamp(span[0], view.now)} – {stamp(span[1], view.now)}"
    own = (next((c for c in view.curves if c.role == role and not c.tint), None) for role in ("level", "flow"))
    after = asked.dragged and view.looking_back and span[1] > view.moment
    # as in the picture: nothing of after the moment, not even where a line to a later reading crosses it
    level, flow = (c if c is None or after else known(c, view.moment) for c in own)
    notes: list[str] = []
    if after:
        notes.append(tr("含所示时刻之后的读数（事后）"))
    if station.kind in RAINY:
        rain = next((c for c in view.curves if c.role == "rain" and not c.tint), None)
        if rain is not None:
            told = rain if after else known(rain, view.moment)
            lines, left_out = rain_lines(told, span, view.now, tr)
            return StatBox(title, tuple(lines), (*notes, *left_out))
    lines, rest = ([], []) if level is None else _of_curve(level, span, view, tr, notes, rates=level.written.code in LEVELS)
    lines.append(_over_warning(level, station, span, tr, dragged=asked.dragged))
    if flow is not None:
        first, second = _of_curve(flow, span, view, tr, notes, rates=False)
        lines, rest = lines + first, rest + second
    lines += [_return_period(station, level, flow, span, tr), _volume(flow, span, asked, tr), *rest]
    return StatBox(
        title, tuple(lines), tuple(dict.fromkeys(notes)), "" if asked.threshold_m3s is None else f"{asked.threshold_m3s:g}"
    )


def _summary(curve: Curve, span: tuple[float, float]) -> Summary | None:
    return summary(stretch_of(curve.t, curve.v, curve.quality, curve.interval_s, *span))


def _quality_at(curve: Curve, t: float) -> int:
    i = int(curve.t.searchsorted(t))
    return int(curve.quality[min(i, len(curve.quality) - 1)])


def _of_curve(
    curve: Curve, span: tuple[float, float], view: HydrographView, tr: Translate, notes: list[str], *, rates: bool
) -> tuple[list[StatLine], list[StatLine]]:
    """Return the lines that are looked at first, and those that come last."""
    name = tr(curve.name)
    s = stretch_of(curve.t, curve.v, curve.quality, curve.interval_s, *span)
    found = summary(s)
    if found is None:
        return [StatLine(name, NONE_KNOWN, tr("这一段没有可用的读数"))], []
    if s.left_out:
        notes.append(f"{name} {s.left_out} {tr('个存疑、坏值或预报值不计')}")

    def line(title: str, point: tuple[float, float]) -> StatLine:
        when = f"{stamp(point[0], view.now)} {tr(word(_quality_at(curve, point[0])))}"
        return StatLine(f"{name} {title}", f"{curve.text(point[1])} {curve.unit}", when)

    first = [line(tr("最高"), found.high)]
    if rates and not view_is_past(span, view) and crest(curve) is None:
        first[0] = replace(first[0], note=f"{first[0].note} · {tr('还未回落')}")
    last = [line(tr("最低"), found.low)]
    if rates:
        first += _rising(found, span, curve, view, tr)
    else:
        last.append(StatLine(f"{name} {tr('平均')}", f"{curve.text(found.mean)} {curve.unit}"))
    gaps = [g for g in found.gaps if g[1] - g[0] > 1.5 * curve.interval_s]
    longest = max((b - a for a, b in gaps), default=0.0)
    note = f"{len(gaps)} {tr('段缺测，最长')} {age_text(longest, tr)}" if gaps else tr("没有缺测")
    last.append(StatLine(f"{name} {tr('完整率')}", f"{100 * found.completeness:.1f} %", note))
    return first, last


def _rising(found: Summary, span: tuple[float, float], curve: Curve, view: HydrographView, tr: Translate) -> list[StatLine]:
    lines = []
    if found.rise is not None:
        text = f"{signed(found.high[1] - found.rise[1])} {curve.unit}"
        cut = found.rise[0] - span[0] < curve.interval_s
        when = tr("时段开始时已在涨") if cut else f"{tr('起涨')} {stamp(found.rise[0], view.now)}"
        lines.append(StatLine(tr("涨幅"), text, when))
    rates = {r.span_h: r for r in found.rates}
    text = "/".join(signed(rates[h].per_h).lstrip("+") if h in rates else NONE_KNOWN for h in (1, 3, 6))
    fastest = f"{tr('最快')} 1/3/6 h {text} m/h"
    if 1 in rates:
        fastest += f"，{tr('至')} {stamp(rates[1].t, view.now)}"
    else:
        fastest = tr("没有连续一小时的读数")
    lines.append(StatLine(tr("涨率"), _rate_now(span, curve, view, tr), fastest))
    return lines


def _rate_now(span: tuple[float, float], curve: Curve, view: HydrographView, tr: Translate) -> str:
    """Return the rate at the end of the stretch: the present one, or where a dragged stretch ends."""
    present = present_of(known(curve, span[1]), None, span[1])
    if present is None or present.per_h is None or present.old:
        return NONE_KNOWN
    return f"{tr('段末') if view_is_past(span, view) else tr('现')} {signed(present.per_h)} m/h"


def view_is_past(span: tuple[float, float], view: HydrographView) -> bool:
    """Tell whether a stretch ends elsewhere than at the shown moment."""
    return abs(span[1] - view.moment) >= 1.0


def _over_warning(
    level: Curve | None, station: Station, span: tuple[float, float], tr: Translate, *, dragged: bool
) -> StatLine:
    kind, title = ("flood_limit", tr("超汛限历时")) if station.kind == "reservoir" else ("warning", tr("超警历时"))
    if station.main_element not in LEVELS:
        title = tr("低于限值历时") if station.what.low_is_bad else tr("超限历时")
    parts = _by_limit(station, kind, span)
    if not parts or level is None:
        lacking = "没有警戒（汛限）水位" if station.main_element in LEVELS else "没有公布限值"
        return StatLine(title, NONE_KNOWN, tr(lacking) if not parts else tr("没有水位数据"))
    sign = -1.0 if station.what.low_is_bad else 1.0
    seconds = unknown = 0.0
    text, since, read = "", "", False
    for limit, part in parts:
        s = stretch_of(level.t, sign * level.v, level.quality, level.interval_s, *part)
        if not len(s.t):
            unknown += part[1] - part[0]
            continue
        over, read = over_threshold(s, sign * limit), True
        seconds += over.seconds
        unknown += over.unknown * (part[1] - part[0])
        if part[0] == span[0] and s.v[0] >= sign * limit and over.seconds > 0:  # it began before: a least figure
            text, since = "≥", f"（{tr('段首已超') if dragged else tr('窗口起已超')}）"
    if not read:
        return StatLine(title, NONE_KNOWN, tr("这一段没有可用的读数"))
    limits = "→".join(f"{limit:.{level.decimals}f}" for limit, _ in parts)
    share = unknown / max(1.0, span[1] - span[0])
    return StatLine(title, text + _hours(seconds, tr), f"{limits} {level.unit}{since}" + _unknown(share, tr))


def _by_limit(station: Station, kind: str, span: tuple[float, float]) -> list[tuple[float, tuple[float, float]]]:
    """Return (limit, stretch) of a span in order: a limit by season holds from midnight to midnight, Beijing time."""
    found: list[tuple[float, tuple[float, float]]] = []
    start = span[0]
    while True:
        end = min(span[1], (start + BEIJING_S) // DAY_S * DAY_S + DAY_S - BEIJING_S)
        limit = station.threshold(kind, start, station.main_element)
        if limit is not None:
            before = found[-1] if found else None
            if before is not None and before[0] == limit.value and before[1][1] == start:
                found[-1] = (limit.value, (before[1][0], end))
            else:
                found.append((limit.value, (start, end)))
        if end >= span[1]:
            return found
        start = end


def _volume(flow: Curve | None, span: tuple[float, float], asked: Asked, tr: Translate) -> StatLine:
    title = tr("超量洪量")
    if flow is None:
        return StatLine(title, NONE_KNOWN, tr("没有流量数据"))
    if asked.threshold_m3s is None:
        return StatLine(title, NONE_KNOWN, tr("没有公布警戒流量；可在下面填写流量"))
    over = over_threshold(stretch_of(flow.t, flow.v, flow.quality, flow.interval_s, *span), asked.threshold_m3s)
    mcm = over.amount / 1e6
    text = f"{mcm / 100:.2f} 亿m³" if mcm >= 10 else f"{mcm:.2f} 百万m³"
    by = tr("警戒流量") if asked.from_warning else tr("填写的流量")
    return StatLine(
        title, text, f"{by} {grouped(f'{asked.threshold_m3s:g}')} m³/s，{_hours(over.seconds, tr)}" + _unknown(over.unknown, tr)
    )


def _hours(seconds: float, tr: Translate) -> str:
    return f"{seconds / 3600:.1f} {tr('小时').strip()}"


def _unknown(share: float, tr: Translate) -> str:
    return f"，{tr('另有')} {100 * share:.0f} % {tr('缺测不计')}" if share >= 0.005 else ""


def _return_period(
    station: Station, level: Curve | None, flow: Curve | None, span: tuple[float, float], tr: Translate
) -> StatLine:
    title = tr("重现期")
    maxima, published = annual_maxima(station), return_flows(station)
    curve = flow if maxima is None else next((c for c in (level, flow) if c is not None and c.element == maxima.element), None)
    if maxima is None and published is None:
        return StatLine(title, NONE_KNOWN, tr("没有历年最大值资料"))
    if maxima is not None and (curve is None or maxima.unit not in ("", curve.unit)):
        return StatLine(title, NONE_KNOWN, tr("历年最大值的要素或单位与本站序列不符"))
    found = _summary(curve, span) if curve is not None else None
    if found is None or curve is None:
        return StatLine(title, NONE_KNOWN, tr("这一段没有可用的读数"))
    basis = f"{curve.text(found.high[1])} {curve.unit}"
    basis += f" {tr(word(_quality_at(curve, found.high[0])))}"
    if maxima is not None:
        return _fitted(title, [v for _, v in maxima.values], maxima.source, found.high[1], basis, tr)
    points, source = published or ([], "")
    return _interpolated(title, points, source, found.high[1], basis, tr)


def _fitted(title: str, values: Sequence[float], source: str, x: float, basis: str, tr: Translate) -> StatLine:
    try:
        fit = fit_maxima(values)
    except TooFewYears as short:
        return StatLine(
            title, NONE_KNOWN, f"{tr('历年最大值只有')} {short.n} {tr('年，少于')} {YEARS_MIN} {tr('年不作频率分析')}"
        )
    except ValueError:
        return StatLine(title, NONE_KNOWN, tr("历年最大值资料无效，不能作频率分析"))
    found = period_interval(fit, x)
    text = f"{_years(found.value)} {tr('年一遇')}"
    note = f"P-Ⅲ {tr('线性矩')}，n={fit.n}，90 % {tr('区间')} {_years(found.low)}～{_years(found.high)}（{tr('参数自助法')}）"
    note += f"；{basis}；{source}"
    if fit.n < YEARS_ADVISED:
        note += f"；{tr('系列不足')} {YEARS_ADVISED} {tr('年')}"
    if found.value > fit.n:
        note += f"；{tr('已超出系列长度，属外延')}"
    return StatLine(title, text, note)


def _years(years: float) -> str:
    if not math.isfinite(years) or years > 10_000:
        return ">10000"
    return f"{years:.1f}" if years < 10 else f"{years:.0f}"


def _interpolated(title: str, points: list[tuple[float, float]], source: str, x: float, basis: str, tr: Translate) -> StatLine:
    try:
        found = between_published(points, x)
    except ValueError:
        return StatLine(title, NONE_KNOWN, tr("公布的频率流量前后矛盾，不能内插"))
    words = {"below": tr("小于"), "above": tr("大于"), "within": tr("约")}
    text = f"{words[found.side]} {found.years:.0f} {tr('年一遇')}"
    return StatLine(title, text, f"{tr('按公布的频率流量内插')}；{basis}；{source}")
