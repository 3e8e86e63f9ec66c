"""Breaches of the compared scenarios: what flowed through them, and what stood under water."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from console.domain.elements import flow_text, grouped, signed
from console.domain.scenario import Scenario
from console.domain.time import stamp
from console.engine.levee_breach import Breached
from console.engine.whatif import Outcome
from console.presenters.wording import Translate
from console.services.consult_desk import ConsultDesk
from console.services.scenario_run import Result
from console.texts import printable
from console.viewdata.consult import Array, Cell, NodeCurve, NodeView

BREACH = "breach-"  # and its number: what stands for a breach among the nodes
PLAIN, DIM, WARN, BAD = "text", "text.dim", "state.warning", "state.guaranteed"
MADE_UP = "合成地形，仅供演示"
DASH = "—"
HOUR_S, KM2, MILLION = 3600.0, 1e6, 1e6
EMPTY: tuple[Array, Array] = (np.empty(0), np.empty(0))


def breach_nodes(desk: ConsultDesk, tr: Translate) -> tuple[tuple[str, str], ...]:
    """Return the breaches that a curve can be drawn of, as (id, name): the first of each scenario, then the second."""
    shown = [desk.results[i].outcome.breached for i in desk.compared if i in desk.results]
    most = max(map(len, shown), default=0)
    return tuple((f"{BREACH}{k}", tr("溃口") if most == 1 else f"{tr('溃口')} {k + 1}") for k in range(most))


def breach_view(desk: ConsultDesk, node: str, tr: Translate) -> NodeView:
    """Return the flow through a breach, and the river before it, of all compared scenarios that have it."""
    k = int(node.removeprefix(BREACH))
    curves, base_t = [], None
    for place, scenario_id in enumerate(desk.compared):
        scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
        if scenario is None or result is None or k >= len(result.outcome.breached):
            continue
        one = result.outcome.breached[k]
        name, t = f"{printable(scenario.name)} · {printable(one.title)}", scenario.base_t + one.hours * HOUR_S
        curves.append(NodeCurve(name, place, t, one.flow_m3s, None, one.river_m, result.watermark))
        base_t = scenario.base_t if base_t is None else base_t
    missing = "" if curves else tr("在情景里加一项“堤防溃口”并计算，这里画出口门流量和堤前水位")
    return NodeView(
        node, dict(breach_nodes(desk, tr)).get(node, tr("溃口")), base_t, tuple(curves), EMPTY, EMPTY, (), (), missing
    )


def breach_rows(found: Sequence[tuple[Scenario, Result]], tr: Translate) -> list[tuple[Cell, ...]]:
    """Return what breaches do, and to whom; nothing where no compared scenario has one. Several in one are summed."""
    all_of = [result.outcome.breached for _, result in found]
    if not any(all_of):
        return []
    rows: list[tuple[Cell, ...]] = []
    titles = (
        ("、".join(printable(b.title) for b in breached) or tr("没有溃口"), PLAIN if breached else DIM) for breached in all_of
    )
    rows.append(((tr("溃口"), PLAIN), *titles))
    if any(b.synthetic for bs in all_of for b in bs):
        made_up = ((tr(MADE_UP), WARN) if any(b.synthetic for b in bs) else (DASH, DIM) for bs in all_of)
        rows.append(((tr("溃口地形"), PLAIN), *made_up))
    rows.append(_figures(tr("溃口进水 百万m³"), [_sum(b.volume_m3 / MILLION for b in bs) for bs in all_of], 1))
    peaks: list[Cell] = [(tr("口门最大流量 m³/s"), PLAIN)]
    peaks += [_peak(breached, scenario.base_t) for (scenario, _), breached in zip(found, all_of, strict=True)]
    rows.append(tuple(peaks))
    rows.append(_figures(tr("受淹面积 km²"), [_sum(b.area_m2 / KM2 for b in bs) for bs in all_of], 1, BAD))
    rows.append(_figures(tr("最大水深 m"), [max((b.deepest_m for b in bs), default=None) for bs in all_of], 2))
    for text, unit in dict.fromkeys((c.text, c.unit) for bs in all_of for b in bs for c in b.counts):
        numbers = [_count(bs, text) for bs in all_of]
        rows.append(_figures(f"{printable(text, 60)} {printable(unit, 12)}".strip(), numbers, 1 if unit == "km²" else 0, BAD))
    return rows


def count_sources(outcome: Outcome) -> tuple[str, ...]:
    """Return where the figures of what was under water come from, and why one is not known."""
    counts = dict.fromkeys((c.text, c.source) for b in outcome.breached for c in b.counts)
    return tuple(f"{printable(text, 80)}：{printable(source, 200)}" for text, source in counts)


def _sum(values: Iterable[float]) -> float | None:
    found = list(values)
    return float(sum(found)) if found else None


def _count(breached: Sequence[Breached], text: str) -> float | None:
    """Return a figure of a scenario's breaches together; None where one of them does not know it, or there is none."""
    numbers = [next((c.number for c in b.counts if c.text == text), 0.0) for b in breached]
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


def _peak(breached: Sequence[Breached], base_t: float) -> Cell:
    if not breached:
        return DASH, DIM
    top = max(breached, key=lambda b: float(b.flow_m3s.max()))
    k = int(np.argmax(top.flow_m3s))
    return f"{flow_text(float(top.flow_m3s[k]))} · {stamp(base_t + float(top.hours[k]) * HOUR_S)}", PLAIN
