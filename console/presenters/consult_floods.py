"""Floods of the compared scenarios, of breaches and detention areas: what ran in, and what stood under water."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from console.domain.elements import flow_text, grouped, signed
from console.domain.scenario import Scenario
from console.domain.time import stamp
from console.engine.flooding import Flooding
from console.engine.whatif import Outcome
from console.presenters.wording import Translate
from console.services.consult_desk import ConsultDesk
from console.services.scenario_run import Result
from console.texts import printable
from console.viewdata.consult import Array, Cell, NodeCurve, NodeView

FLOOD = "flood-"  # and its number: what stands for a flood among the nodes
PLAIN, DIM, WARN, BAD = "text", "text.dim", "state.warning", "state.guaranteed"
MADE_UP = "合成地形，仅供演示"
DASH = "—"
HOUR_S, KM2, MILLION = 3600.0, 1e6, 1e6
EMPTY: tuple[Array, Array] = (np.empty(0), np.empty(0))


def flood_nodes(desk: ConsultDesk, tr: Translate) -> tuple[tuple[str, str], ...]:
    """Return the places of all compared scenarios whose flood a curve can be drawn of, as (id, name)."""
    return tuple((f"{FLOOD}{k}", f"{tr('进水')} {words}") for k, words in enumerate(_places(desk).values()))


def flood_view(desk: ConsultDesk, node: str, tr: Translate) -> NodeView:
    """Return the flow into a flooded place, and the level there, of all compared scenarios that flood it."""
    place = dict(enumerate(_places(desk))).get(int(node.removeprefix(FLOOD)))
    curves, base_t = [], None
    for colour, scenario_id in enumerate(desk.compared):
        scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
        if scenario is None or result is None:
            continue
        for one in (f for f in result.outcome.floods if (f.code, f.at_km) == place):
            name, t = f"{printable(scenario.name)} · {printable(one.title)}", scenario.base_t + one.hours * HOUR_S
            curves.append(NodeCurve(name, colour, t, one.flow_m3s, None, one.level_m, result.watermark))
            base_t = scenario.base_t if base_t is None else base_t
    missing = "" if curves else tr("在情景里加一项“堤防溃口”或“启用蓄滞洪区”并计算，这里画出进水流量和水位")
    title = dict(flood_nodes(desk, tr)).get(node, tr("淹没"))
    return NodeView(node, title, base_t, tuple(curves), EMPTY, EMPTY, (), (), missing)


def _places(desk: ConsultDesk) -> dict[tuple[str, float | None], str]:
    """Return what is flooded in any of the compared scenarios, by code and chainage, with its name."""
    floods = [f for i in desk.compared if i in desk.results for f in desk.results[i].outcome.floods]
    return {(f.code, f.at_km): printable(f.name) + ("" if f.at_km is None else f" K{f.at_km:g}") for f in floods}


def flood_rows(found: Sequence[tuple[Scenario, Result]], tr: Translate) -> list[tuple[Cell, ...]]:
    """Return what is flooded, and who lives there; nothing where no compared scenario floods. Several floods are summed."""
    all_of = [result.outcome.floods for _, result in found]
    if not any(all_of):
        return []
    rows: list[tuple[Cell, ...]] = []
    rows.append(((tr("淹没"), PLAIN), *(_titles(floods, tr) for floods in all_of)))
    if any(b.synthetic for bs in all_of for b in bs):
        made_up = ((tr(MADE_UP), WARN) if any(b.synthetic for b in bs) else (DASH, DIM) for bs in all_of)
        rows.append(((tr("淹没地形"), PLAIN), *made_up))
    rows.append(_figures(tr("进水 百万m³"), [_sum(b.volume_m3 / MILLION for b in bs) for bs in all_of], 1))
    if any(b.back_m3 for bs in all_of for b in bs):
        rows.append(_figures(tr("退回河道 百万m³"), [_sum(b.back_m3 / MILLION for b in bs) for bs in all_of], 1))
    peaks: list[Cell] = [(tr("最大进水流量 m³/s"), PLAIN)]
    peaks += [_peak(floods, scenario.base_t) for (scenario, _), floods in zip(found, all_of, strict=True)]
    rows.append(tuple(peaks))
    wet_of = [[b for b in bs if b.beside is None] for bs in all_of]  # the others' depths are with one of these
    rows.append(_figures(tr("受淹面积 km²"), [_sum(b.area_m2 / KM2 for b in bs) for bs in wet_of], 1, BAD))
    deepest = _figures(tr("最大水深 m"), [max((b.deepest_m for b in bs), default=None) for bs in wet_of], 2)
    doubts = [next((b.doubt for b in bs if b.doubt), "") for bs in wet_of]
    rows.append((deepest[0], *(_doubted(cell, doubt, tr) for cell, doubt in zip(deepest[1:], doubts, strict=True))))
    for text, unit, none in dict.fromkeys((c.text, c.unit, c.else_none) for bs in wet_of for b in bs for c in b.counts):
        numbers = [_count(bs, text, unit, none) for bs in wet_of]
        words = f"{printable(text, 60)} {printable(unit, 12)}".strip()
        rows.append(_figures(words, numbers, 1 if unit == "km²" else 0, BAD))
    return rows


def _titles(floods: Sequence[Flooding], tr: Translate) -> Cell:
    if not floods:
        return tr("没有淹没"), DIM
    words = "、".join(printable(f.title) + (f"（{tr(f.doubt)}）" if f.doubt else "") for f in floods)
    return words, WARN if any(f.doubt for f in floods) else PLAIN


def count_sources(outcome: Outcome) -> tuple[str, ...]:
    """Return where the figures of what was under water come from, and why one is not known."""
    counts = dict.fromkeys((c.text, c.source) for b in outcome.floods for c in b.counts)
    return tuple(f"{printable(text, 80)}：{printable(source, 200)}" for text, source in counts)


def _sum(values: Iterable[float]) -> float | None:
    found = list(values)
    return float(sum(found)) if found else None


def _count(floods: Sequence[Flooding], text: str, unit: str, else_none: bool) -> float | None:
    """Return a figure of a scenario's floods together; None where one of them does not know it, or there is none.

    else_none: a flood that was counted and lacks the figure has none of it; without it, nobody counted that there.
    """
    absent = 0.0 if else_none else None
    numbers = [
        next((c.number for c in f.counts if (c.text, c.unit) == (text, unit)), absent if f.counts else None) for f in floods
    ]
    known = [n for n in numbers if n is not None]
    return sum(known) if known and len(known) == len(numbers) else None


def _figures(words: str, values: Sequence[float | None], decimals: int, token: str = PLAIN) -> tuple[Cell, ...]:
    cells: list[Cell] = [(words, PLAIN)]
    for i, value in enumerate(values):
        if value is None:
            cells.append((DASH, DIM))
            continue
        text = grouped(f"{value:.{decimals}f}")
        if i and values[0] is not None:
            text += f"（{signed(value - values[0], decimals)}）"
        cells.append((text, token if value > 0 else PLAIN))
    return tuple(cells)


def _doubted(cell: Cell, doubt: str, tr: Translate) -> Cell:
    return (f"{cell[0]}（{tr(doubt)}）", WARN) if doubt else cell


def _peak(floods: Sequence[Flooding], base_t: float) -> Cell:
    """Return the greatest flow into all floods of a scenario at once, and when."""
    if not floods:
        return DASH, DIM
    hours = np.unique(np.concatenate([b.hours for b in floods]))
    flow = np.sum([np.interp(hours, b.hours, b.flow_m3s, left=0.0, right=0.0) for b in floods], axis=0)
    k = int(np.argmax(flow))
    return f"{flow_text(float(flow[k]))} · {stamp(base_t + float(hours[k]) * HOUR_S)}", PLAIN
