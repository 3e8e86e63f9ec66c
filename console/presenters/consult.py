"""Words, curves and tables of the compared scenarios."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from console.domain.elements import flow_text, signed
from console.domain.scenario import EVERYWHERE, Scenario
from console.domain.time import stamp
from console.engine.chain_base import Measured
from console.engine.design_floods import frequencies_of
from console.engine.frequency import between_published
from console.engine.levee_breach import levees_of
from console.engine.skill import series_score
from console.engine.tidal_case import rows_of
from console.engine.whatif import NodeOutcome, Outcome
from console.presenters.consult_floods import FLOOD, count_sources, flood_nodes, flood_rows, flood_view
from console.presenters.consult_inputs import change_words, changes_of
from console.presenters.consult_rank import rank_rows
from console.presenters.wording import Translate
from console.services.consult_desk import ConsultDesk
from console.services.scenario_run import Result
from console.texts import printable
from console.viewdata.consult import Array, Cell, CompareTable, CurveBand, NodeCurve, NodeView, ScenarioLine

HOUR_S = 3600.0
DASH = "—"
STATES = {
    "waiting": "等待计算",
    "running": "正在计算",
    "done": "已算完",
    "failed": "没有算",
    "cancelled": "已取消",
    "held": "等待数据",
}
MASS_LIMIT = 1e-3
PLAIN, DIM, WARN, BAD = "text", "text.dim", "state.warning", "state.guaranteed"
EMPTY: tuple[Array, Array] = (np.empty(0), np.empty(0))


def names_of(declared: Mapping[str, Any]) -> dict[str, str]:
    names = {EVERYWHERE: "全流域"} | {str(n["id"]): str(n.get("name", n["id"])) for n in rows_of(declared)}
    names |= {code: levee.name for code, levee in levees_of(declared).items()}
    joining = declared.get("tidal", {}).get("joining", {})
    return names | ({str(joining["node"]): str(joining.get("name", joining["node"]))} if joining else {})


def objects_of(declared: Mapping[str, Any]) -> dict[str, str]:
    """Return the objects that measure at nodes."""
    return {str(m["node"]): str(m["object"]) for m in declared.get("measured", ())}


def scenario_lines(desk: ConsultDesk, tr: Translate) -> tuple[ScenarioLine, ...]:
    """Return every scenario, the compared ones in their order first."""
    names = names_of(desk.declared)
    order = {k: i for i, k in enumerate(desk.compared)}
    found = []
    for kept in sorted(desk.scenarios, key=lambda k: (order.get(k.scenario_id, len(order)), -k.kept_t)):
        s, state = kept.scenario, desk.states.get(kept.scenario_id)
        result = desk.results.get(kept.scenario_id)
        said = tr(STATES[state.state]) if state else tr("没有算过")
        if state and state.words:
            said = state.words
        elif result is not None and result.watermark:
            said = result.watermark
        elif result is not None and state and state.state == "done":
            said = f"{said} {result.wall_s:.1f} s"
        changes = tuple(change_words(c, names, tr) for c in changes_of(s.inputs)) or (tr("不改来水和调度"),)
        place = order.get(kept.scenario_id, -1)
        base = f"{stamp(s.base_t)} +{s.lead_h:g} h"
        share, stage = (state.share, state.state) if state else (0.0, "")
        author, words = printable(s.author), tuple(printable(c) for c in changes)
        found.append(
            ScenarioLine(kept.scenario_id, printable(s.name), author, base, words, place, stage, said, share, printable(s.note))
        )
    return tuple(found)


def nodes_to_show(desk: ConsultDesk, tr: Translate) -> tuple[tuple[str, str], ...]:
    """Return the nodes of the results, downstream, as (id, name), then breaches; what only passes water on is left out."""
    shown = _every_node([desk.results[i] for i in desk.compared if i in desk.results])
    passing = {str(n["id"]) for n in desk.declared.get("node", ()) if n["kind"] == "reservoir" and "storage" not in n}
    return (*((k, n.name) for k, n in shown.items() if k not in passing), *flood_nodes(desk, tr))


def _every_node(results: Sequence[Result]) -> dict[str, NodeOutcome]:
    """Return the nodes of all results, the chain's first; a tide adds its own, and one of them alone may have a tide."""
    found: dict[str, NodeOutcome] = {}
    for result in results:
        found |= {k: node for k, node in result.outcome.nodes.items() if k not in found}
    return found


def node_view(desk: ConsultDesk, node: str, tr: Translate) -> NodeView:
    """Return one node, or one breach, of all compared scenarios that have a result."""
    if node.startswith(FLOOD):
        return flood_view(desk, node, tr)
    curves = []
    base_t, seen, seen_t = None, None, 0.0
    for place, scenario_id in enumerate(desk.compared):
        scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
        if scenario is None or result is None or node not in result.outcome.nodes:
            continue
        at = result.outcome.nodes[node]
        t = scenario.base_t + result.outcome.hours * HOUR_S
        inflow = at.inflow_m3s if at.kind == "reservoir" else None
        flow = at.branch_m3s if at.kind in ("retention", "diversion") and at.branch_m3s is not None else at.flow_m3s
        better = result.outcome.corrected_m3s.get(node)
        curves.append(NodeCurve(printable(scenario.name), place, t, flow, inflow, at.level_m, result.watermark, better))
        base_t = scenario.base_t if base_t is None else base_t
        if seen is None and result.base is not None and node in result.base.measured:
            seen, seen_t = result.base.measured[node], scenario.base_t
    raw: Mapping[str, Any] = next((n for n in rows_of(desk.declared) if n["id"] == node), {})
    missing = "" if curves else tr("勾选并计算情景，这里并排画出它们的过程")
    return NodeView(
        node, str(raw.get("name", node)), base_t, tuple(curves), _seen(seen.flow if seen else None, seen_t),
        _seen(seen.level if seen else None, seen_t), _limits(raw, ("safe_m3s",), tr), _limits(raw, ("warning_m",), tr), missing,
        _band_of(desk, node),
    )  # fmt: skip


def _band_of(desk: ConsultDesk, node: str) -> CurveBand | None:
    """Return the band of the first compared scenario, where it is wanted and computed."""
    place = next((i for i, one in enumerate(desk.compared) if one in desk.results), -1)
    scenario_id = desk.compared[place] if place >= 0 else ""
    band, scenario = desk.bands.get(scenario_id), desk.scenario(scenario_id)
    if not desk.banded or band is None or scenario is None or node not in band.flow_m3s:
        return None
    t = scenario.base_t + band.hours * HOUR_S
    return CurveBand(place, t, band.flow_m3s[node], band.level_m.get(node), band.words)


def compare_table(desk: ConsultDesk, tr: Translate) -> CompareTable:
    """Return peaks, levels and volumes of the compared scenarios; each but the first with its difference to it."""
    found = [(s, desk.results[i]) for i in desk.compared if i in desk.results and (s := desk.scenario(i)) is not None]
    if not found:
        return CompareTable((), ())
    titles = (tr("指标"), *(printable(s.name) for s, _ in found))
    rows: list[tuple[Cell, ...]] = []
    raws = {str(n["id"]): n for n in rows_of(desk.declared)}
    rows.append(((tr("起算"), DIM), *((f"{stamp(s.base_t)} +{s.lead_h:g} h", DIM) for s, _ in found)))
    made = ((r.watermark or f"{stamp(r.started)} · {r.wall_s:.1f} s", WARN if r.watermark else DIM) for _, r in found)
    rows.append(((tr("计算"), DIM), *made))
    rows.append(((tr("引擎 · 作者"), DIM), *((f"{r.engine} · {printable(s.author)}", DIM) for s, r in found)))
    rows.append(((tr("水量误差"), DIM), *(_mass(r.outcome) for _, r in found)))
    rows += rank_rows(found, raws, tr)
    rows += flood_rows(found, tr)
    chain = {str(n["id"]) for n in desk.declared.get("node", ())}
    shown = _every_node([result for _, result in found])
    for node_id, first in reversed([one for one in shown.items() if one[0] in chain]):  # downstream first: there people live
        rows += _node_rows(node_id, first, found, raws.get(node_id, {}), tr)
    for node_id, first in shown.items():
        if node_id not in chain:
            rows += _tidal_rows(node_id, first, found, raws.get(node_id, {}), tr)
    return CompareTable(titles, tuple(rows))


def basis_rows(desk: ConsultDesk, tr: Translate) -> tuple[tuple[Cell, ...], ...]:
    """Return what a result rests on: limits and remarks first, then what nobody published."""
    rows: list[tuple[Cell, ...]] = []
    for scenario_id in desk.compared:
        result, scenario = desk.results.get(scenario_id), desk.scenario(scenario_id)
        if result is not None and scenario is not None:
            name = printable(scenario.name)
            if scenario.note:
                rows.append(((name, PLAIN), (tr("由来"), DIM), (printable(scenario.note), PLAIN)))
            rows += [((name, PLAIN), (tr("说明"), DIM), (printable(line), PLAIN)) for line in result.outcome.limits]
            rows += [((name, PLAIN), (tr("来源"), DIM), (line, PLAIN)) for line in count_sources(result.outcome)]
            rows += [((name, PLAIN), (tr("与实测"), DIM), (line, PLAIN)) for line in skill_lines(result, tr)]
    first = next((desk.results[i] for i in desk.compared if i in desk.results), None)
    for a in first.outcome.assumed if first else ():
        words = f"{a.key}" + (f"：{a.source}" if a.source else "")
        rows.append(((printable(a.node), PLAIN), (tr(a.sure), WARN if a.sure == "假定" else DIM), (printable(words), DIM)))
    return tuple(rows)


def skill_lines(result: Result, tr: Translate) -> tuple[str, ...]:
    """Return how a run compares with what was measured since its base moment (GB/T 22482-2008)."""
    if result.base is None:
        return ()
    found = []
    for node_id, m in result.base.measured.items():
        node = result.outcome.nodes.get(node_id)
        pair = _both(result.outcome.hours, node, m) if node is not None else None
        if node is not None and pair is not None:
            score = series_score(*pair)
            dc = DASH if score.dc is None else f"{score.dc:.2f}（{score.grade or DASH}）"
            peak = DASH if score.peak_error is None else f"{score.peak_error:+.1%}"
            found.append(f"{node.name} {tr('流量')} DC {dc}，{tr('洪峰误差')} {peak}，{len(pair[0])} {tr('个时刻')}")
    return tuple(found)


def _both(hours: Array, node: NodeOutcome, m: Measured) -> tuple[Array, Array] | None:
    """Return run and readings at the run's hours where both are; None for less than six."""
    h, v = m.flow
    whole, at, place = np.intersect1d(np.round(h), hours, return_indices=True)
    exact = np.abs(h[at] - whole) < 1e-6
    if exact.sum() < 6:
        return None
    return node.flow_m3s[place[exact]], v[at[exact]]


def _node_rows(
    node_id: str, first: NodeOutcome, found: Sequence[tuple[Scenario, Result]], raw: Mapping[str, Any], tr: Translate
) -> list[tuple[Cell, ...]]:
    nodes = [r.outcome.nodes.get(node_id) for _, r in found]
    rows: list[tuple[Cell, ...]] = []

    def row(
        words: str, values: Sequence[float | None], write: Any, decimals: int, limit: float | None = None, token: str = BAD
    ) -> None:
        cells: list[Cell] = [(f"{first.name} {tr(words)}", PLAIN)]
        for i, value in enumerate(values):
            text = write(value)
            if i and value is not None and values[0] is not None:
                text += f"（{signed(value - values[0], decimals)}）"
            over = limit is not None and value is not None and value > limit
            cells.append((text, token if over else PLAIN))
        rows.append(tuple(cells))

    if first.kind == "reservoir" and "storage" in raw:
        row("最高库水位 m", [n.highest[0] if n and n.highest else None for n in nodes], _level, 2, top_of(raw))
        row("期末库水位 m", [float(n.level_m[-1]) if n and n.level_m is not None else None for n in nodes], _level, 2)
        row("最小剩余库容 百万m³", [_room(n, raw) for n in nodes], lambda v: DASH if v is None else f"{v:.0f}", 0)
        row("最大出库 m³/s", [n.peak[0] if n else None for n in nodes], flow_text, 0)
    elif first.kind == "station":
        better = [r.outcome.corrected_m3s.get(node_id) for _, r in found]
        if any(b is not None for b in better):
            peaks = [float(b.max()) if b is not None else None for b in better]
            row("洪峰（实时校正）m³/s", peaks, flow_text, 0, limit_of(raw, "safe_m3s"))
        row("洪峰 m³/s", [n.peak[0] if n else None for n in nodes], flow_text, 0, limit_of(raw, "safe_m3s"))
        published = frequencies_of({"node": [raw]}, str(raw.get("id")))
        if len(published) > 1:
            periods: list[Cell] = [(f"{first.name} {tr('重现期')}", PLAIN)]
            periods += [(period_words(published, n.peak[0], tr) if n else DASH, DIM) for n in nodes]
            rows.append(tuple(periods))
        times: list[Cell] = [(f"{first.name} {tr('峰现')}", PLAIN)]
        times += [(stamp(s.base_t + n.peak[1] * HOUR_S) if n else DASH, DIM) for n, (s, _) in zip(nodes, found, strict=True)]
        rows.append(tuple(times))
        if any(n is not None and n.level_m is not None for n in nodes):
            row(
                "最高水位 m",
                [n.highest[0] if n and n.highest else None for n in nodes],
                _level,
                2,
                limit_of(raw, "warning_m"),
                WARN,
            )
    elif first.kind in ("retention", "diversion") and first.branch_m3s is not None:
        volumes = [
            float(np.trapezoid(n.branch_m3s, dx=HOUR_S)) / 1e6 if n and n.branch_m3s is not None else None for n in nodes
        ]
        row("分洪量 百万m³", volumes, lambda v: DASH if v is None else f"{v:.1f}", 1)
    return rows


def _room(node: NodeOutcome | None, raw: Mapping[str, Any]) -> float | None:
    """Return the least room, 10⁶ m³, that a pool had below the level that it may not pass; None where that is not declared."""
    top, points = top_of(raw), np.array(raw["storage"]["points"], float)
    if node is None or node.storage_m3 is None or top is None or not points[0, 0] <= top <= points[-1, 0]:
        return None
    return float(np.interp(top, *points.T) - node.storage_m3.max() / 1e6)


def _tidal_rows(
    node_id: str, first: NodeOutcome, found: Sequence[tuple[Scenario, Result]], raw: Mapping[str, Any], tr: Translate
) -> list[tuple[Cell, ...]]:
    """Return the highest level of a place of the tidal river; its flow is mostly the tide's own and says little."""
    nodes = [r.outcome.nodes.get(node_id) for _, r in found]
    warning = limit_of(raw, "warning_m")
    levels: list[Cell] = [(f"{first.name} {tr('最高水位 m')}", PLAIN)]
    times: list[Cell] = [(f"{first.name} {tr('最高水位时间')}", PLAIN)]
    for node, (scenario, _) in zip(nodes, found, strict=True):
        top = node.highest if node is not None else None
        levels.append((_level(top[0] if top else None), WARN if top and warning is not None and top[0] > warning else PLAIN))
        times.append((stamp(scenario.base_t + top[1] * HOUR_S) if top else DASH, DIM))
    return [tuple(levels), tuple(times)]


def period_words(published: Sequence[tuple[float, float]], flow_m3s: float, tr: Translate) -> str:
    """Return how rare a peak is between published frequencies; beyond them no figure is made up."""
    found = between_published(published, flow_m3s)
    if found.side != "within":
        return f"{tr('不足') if found.side == 'below' else tr('超过')} {found.years:g} {tr('年一遇')}"
    return f"{tr('约')} {found.years:.0f} {tr('年一遇')}"


def _mass(outcome: Outcome) -> Cell:
    return f"{outcome.mass_error:.1e}", BAD if outcome.mass_error > MASS_LIMIT else DIM


def _level(value: float | None) -> str:
    return DASH if value is None or not math.isfinite(value) else f"{value:.2f}"


def top_of(raw: Mapping[str, Any]) -> float | None:
    """Return the level that a declared reservoir may not pass, None where nothing is stated."""
    limits = raw.get("limits")
    return limit_of(limits, "top_m") if isinstance(limits, Mapping) else None


def limit_of(raw: Mapping[str, Any], key: str) -> float | None:
    """Return a figure of a declared node, None where it has none."""
    found = raw.get(key)
    value = found.get("value") if isinstance(found, Mapping) else found
    return float(value) if isinstance(value, int | float) else None


def _limits(raw: Mapping[str, Any], keys: tuple[str, ...], tr: Translate) -> tuple[tuple[str, float], ...]:
    words = {"safe_m3s": "控制流量", "warning_m": "警戒"}
    return tuple((tr(words[k]), v) for k in keys if (v := limit_of(raw, k)) is not None)


def _seen(pair: tuple[Array, Array] | None, base_t: float) -> tuple[Array, Array]:
    return EMPTY if pair is None else (base_t + pair[0] * HOUR_S, pair[1])
