"""The sandbox's words: a legend of what is drawn now, and what must be said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from console.domain.rain import BOUNDS_24H
from console.domain.states import TOKENS, WORDS, State
from console.viewdata.scene import SceneView
from console.viewdata.scene_works import SceneWorksView
from scenes.furniture import LegendRow
from scenes.palette import WORKS_TOKENS
from scenes.render.wire import Told

ARROWS_KM = 420.0  # from farther scenes.render.flow draws none
PLAIN_LAYERS = ("water", "stations", "reservoirs")  # what the 2.5-D picture draws
WIND_TOKENS = {7: "state.watch", 10: "state.warning", 12: "state.guaranteed"}
WORKS_ROWS = {
    "alarm": "工程监测超限",
    "attention": "工程监测关注",
    "doubtful": "工程疑似仪器问题",
    "unknown": "工程状态未知",
}
Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a legend is of. rivers: names of all that are drawn; plain: in 2.5 dimensions."""

    view: SceneView
    told: Told | None = None
    works: SceneWorksView | None = None
    rivers: frozenset[str] = frozenset()
    plain: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        layers = self.view.style.layers
        return tuple(code for code in layers if code in PLAIN_LAYERS) if self.plain else layers


def legend_rows(drawn: Drawn, tr: Translate) -> tuple[LegendRow, ...]:
    """Return the signs of what is drawn at this moment; a state that nothing has is left out."""
    view, layers = drawn.view, drawn.layers
    found: list[LegendRow] = []
    if "water" in layers:
        found += _water_rows(drawn, tr)
    if "stations" in layers and view.stations:
        shown = {s.state for s in view.stations}
        found += [LegendRow("box", TOKENS[s], f"{tr(WORDS[s])}{tr('站')}") for s in _over(shown)]
        found.append(LegendRow("box", "state.normal", tr("柱高：距警戒，越高越近或超过")))
    if "reservoirs" in layers and view.pools:
        if any(p.level_m is not None for p in view.pools):
            found.append(LegendRow("band", "water", tr("水库水面（范围示意）")))
        if any(p.level_m is None for p in view.pools):
            found.append(LegendRow("band", "state.nodata", tr("水库水位不明")))
        if any(p.rules for p in view.pools):
            found.append(LegendRow("ring", "state.flood_limit", tr("水库特征水位（近看）")))
    if "works" in layers and drawn.works is not None:
        states = {w.state for w in drawn.works.works}
        found += [LegendRow("band", WORKS_TOKENS[s], tr(word)) for s, word in WORKS_ROWS.items() if s in states]
    if "typhoon" in layers:
        found += _typhoon_rows(view, tr)
    if "rain" in layers and view.rain is not None and view.rain.bands:
        tokens = {b.token: b.low_mm for b in view.rain.bands}
        for token, low in sorted(tokens.items(), key=lambda kv: kv[1]):
            top = next((b for b in BOUNDS_24H if b > low), None)
            words = f"{low:g}–{top:g} mm" if top is not None else f"≥{low:g} mm"
            found.append(LegendRow("band", token, f"{view.rain.hours:g}h {words}"))
    return tuple(found)


def _water_rows(drawn: Drawn, tr: Translate) -> list[LegendRow]:
    view = drawn.view
    states = {s for r in view.reaches for _, _, s in r.states}
    silent = drawn.rivers - {r.name for r in view.reaches if r.states}
    found = []
    if any(s in (State.NORMAL, State.UNJUDGED) for s in states):
        found.append(LegendRow("line", "map.river", tr("河道水面（宽度示意）")))
    found += [LegendRow("line", TOKENS[s], f"{tr('河段')}{tr(WORDS[s])}") for s in _over(states)]
    if State.NO_DATA in states or silent:
        found.append(LegendRow("line", "map.river.unknown", tr("河段不明，水面按内插或低水示意")))
    if "flow" in drawn.layers and any(r.stages for r in view.reaches):
        moving = any(r.speeds and r.stages for r in view.reaches)
        found.append(LegendRow("arrow", "text", tr("流向；按公布传播时间随时间轴移动" if moving else "流向")))
    if drawn.told is not None and drawn.told.crests:
        found.append(LegendRow("band", "accent", tr("洪峰约在此处（上退下涨之间）")))
    return found


def _typhoon_rows(view: SceneView, tr: Translate) -> list[LegendRow]:
    found = []
    if view.typhoons:
        found.append(LegendRow("line", "ink.light", tr("台风路径")))
    if any(t.ahead or t.cone for t in view.typhoons):
        found.append(LegendRow("dash", "forecast", tr("预报路径与可能范围")))
    forces = sorted({force for t in view.typhoons if t.now is not None for force, _ in t.now.radii_km})
    found += [LegendRow("ring", WIND_TOKENS[f], f"{f} {tr('级风圈')}") for f in forces if f in WIND_TOKENS]
    return found


def legend_from(rows: tuple[LegendRow, ...], distance_km: float) -> tuple[LegendRow, ...]:
    """Return the signs of what can be seen from a distance."""
    return rows if distance_km < ARROWS_KM else tuple(r for r in rows if r.symbol != "arrow")


def _over(states: Iterable[State]) -> list[State]:
    return sorted((s for s in states if s > State.NORMAL), reverse=True)


def notes(
    drawn: Drawn, ground: str, made_up: bool, busy: Iterable[str], tr: Translate, *, data: str
) -> tuple[tuple[str, str], ...]:
    """Return the lines under the picture: (words, colour token). made_up: the ground is generated. data: what
    data that are not of now are called, "" for real ones.
    """
    view, told, layers = drawn.view, drawn.told, drawn.layers
    lines = [(text, "accent") for text in busy if text]
    if told is not None and told.over and "water" in layers:
        worst = sorted(told.over.items(), key=lambda kv: -kv[1])[:3]
        where = "、".join(f"{name} +{by:.1f} m" for name, by in worst)
        quiet = f"（{tr('岸为合成地形，不作漫堤判断')}）" if made_up else ""
        lines.append((f"{tr('水面高于所画地形的岸')}：{where}{quiet}", "text.dim" if made_up else "state.warning"))
    if drawn.works is not None and "works" in layers:
        said = [tr("工程外形和走线为示意")] if any(w.unstated for w in drawn.works.works) else []
        if drawn.works.unplaced:
            said.append(f"{tr('没有位置、未落图的工程')}：{'、'.join(drawn.works.unplaced[:6])}")
        lines += [("；".join(said), "text.dim")] if said else []
    parts = [tr(data)] if data else []
    parts += [tr(ground), f"{tr('垂直夸大')} ×{view.style.exaggeration:g}"]
    if drawn.plain:
        parts.append(tr("2.5 维：河流只按站点状态着色，不画水位、雨区、淹没、工程和台风"))
    elif "water" in layers:
        parts.append(tr("水面按各站水位沿程内插，各站基面不同，仅示意"))
    lines.append((" · ".join(parts), "state.stale"))
    return tuple(lines)


def film_notes(ground: str, data: str, tr: Translate) -> tuple[str, ...]:
    """Return what every picture of a film says of its ground and data."""
    return (*((tr(data),) if data else ()), tr(ground), tr("水面按各站水位沿程内插，各站基面不同，仅示意"))
