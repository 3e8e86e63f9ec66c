"""The sandbox's words: a legend of what is drawn now, and what must be said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from console.domain.rain import BOUNDS_24H
from console.domain.states import TOKENS, WORDS, State
from console.viewdata.scene import SceneView
from scenes.furniture import LegendRow
from scenes.render.wire import Told

ARROWS_KM = 420.0  # from farther scenes.render.flow draws none
PLAIN_LAYERS = ("water", "stations", "reservoirs")  # what the 2.5-D picture draws
Translate = Callable[[str], str]


def legend_rows(view: SceneView, told: Told | None, tr: Translate, *, plain: bool = False) -> tuple[LegendRow, ...]:
    """Return the signs of what is drawn at this moment; a state that nothing has is left out.

    plain: drawn in 2.5 dimensions.
    """
    layers, found = view.style.layers, []
    if plain:
        layers = tuple(code for code in layers if code in PLAIN_LAYERS)
    if "water" in layers and view.reaches:
        states = {s for r in view.reaches for _, _, s in r.states}
        if any(s in (State.NORMAL, State.UNJUDGED) for s in states):
            found.append(LegendRow("line", "map.river", tr("河道水面")))
        found += [LegendRow("line", TOKENS[s], f"{tr('河段')}{tr(WORDS[s])}") for s in _over(states)]
        if State.NO_DATA in states:
            found.append(LegendRow("line", "map.river.unknown", tr("河段不明，水面按低水示意")))
    if "stations" in layers and view.stations:
        shown = {s.state for s in view.stations}
        found += [LegendRow("box", TOKENS[s], f"{tr(WORDS[s])}{tr('站')}") for s in _over(shown)]
        found.append(LegendRow("box", "state.normal", tr("柱高：距警戒，越高越近或超过")))
    if "reservoirs" in layers and view.pools:
        if any(p.level_m is not None for p in view.pools):
            found.append(LegendRow("band", "water", tr("水库水面")))
        if any(p.level_m is None for p in view.pools):
            found.append(LegendRow("band", "state.nodata", tr("水库水位不明")))
        if any(p.rules for p in view.pools):
            found.append(LegendRow("ring", "state.flood_limit", tr("水库特征水位（近看）")))
    if {"water", "flow"} <= set(layers) and any(r.stages for r in view.reaches):
        moving = any(r.speeds and r.stages for r in view.reaches)
        found.append(LegendRow("arrow", "text", tr("流向；按公布传播时间随时间轴移动" if moving else "流向")))
    if told is not None and told.crests and "water" in layers:
        found.append(LegendRow("band", "accent", tr("洪峰约在此处（上退下涨之间）")))
    if "typhoon" in layers and view.typhoons:
        found += [
            LegendRow("line", "ink.light", tr("台风路径")),
            LegendRow("dash", "forecast", tr("预报路径与可能范围")),
            LegendRow("ring", "state.watch", tr("7、10、12 级风圈")),
        ]
    if "rain" in layers and view.rain is not None and view.rain.bands:
        tokens = {b.token: b.low_mm for b in view.rain.bands}
        for token, low in sorted(tokens.items(), key=lambda kv: kv[1]):
            top = next((b for b in BOUNDS_24H if b > low), None)
            words = f"{low:g}–{top:g} mm" if top is not None else f"≥{low:g} mm"
            found.append(LegendRow("band", token, f"{view.rain.hours:g}h {words}"))
    return tuple(found)


def legend_from(rows: tuple[LegendRow, ...], distance_km: float) -> tuple[LegendRow, ...]:
    """Return the signs of what can be seen from a distance."""
    return rows if distance_km < ARROWS_KM else tuple(r for r in rows if r.symbol != "arrow")


def _over(states: Iterable[State]) -> list[State]:
    return sorted((s for s in states if s >= State.WARNING), reverse=True)


def notes(
    view: SceneView, told: Told | None, ground: str, busy: Iterable[str], tr: Translate, *, recorded: bool, plain: bool = False
) -> tuple[tuple[str, str], ...]:
    """Return the lines under the picture: (words, colour token)."""
    lines = [(text, "accent") for text in busy if text]
    if told is not None and told.over and "water" in view.style.layers:
        worst = sorted(told.over.items(), key=lambda kv: -kv[1])[:3]
        where = "、".join(f"{name} +{by:.1f} m" for name, by in worst)
        lines.append((f"{tr('水面高于所画地形的岸')}：{where}（{tr('地形示意，不作漫堤判断')}）", "state.warning"))
    caution = tr("水面按各站水位沿程内插，各站基面不同，仅示意")
    if plain:
        caution = tr("2.5 维：河流只按站点状态着色，不画水位、雨区、淹没、工程和台风")
    made = f"{tr('重建数据')} · " if recorded else ""
    lines.append((f"{made}{tr(ground)} · {tr('垂直夸大')} ×{view.style.exaggeration:g} · {caution}", "state.stale"))
    return tuple(lines)


def film_notes(ground: str, recorded: bool, tr: Translate) -> tuple[str, ...]:
    """Return what every picture of a film says of its ground and data."""
    return (*((tr("重建数据"),) if recorded else ()), tr(ground), tr("水面按各站水位沿程内插，各站基面不同，仅示意"))
