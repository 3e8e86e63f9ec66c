"""A scenario as a dispatch proposal (调度方案建议): releases over time, what they do, what they rest on; to be signed."""

from __future__ import annotations

import numpy as np

from console.domain.elements import flow_text, signed
from console.domain.scenario import Scenario
from console.domain.time import full_stamp, stamp
from console.engine.tidal_case import rows_of
from console.engine.whatif import ENGINE, NodeOutcome
from console.errors import ConsoleError
from console.presenters.consult import DASH, HOUR_S, limit_of, names_of
from console.presenters.consult_briefing import line_chart
from console.presenters.consult_inputs import change_words, changes_of
from console.presenters.wording import Translate
from console.services.consult_desk import ConsultDesk
from console.services.scenario_run import Result
from console.texts import printable
from console.viewdata.briefing import Briefing, Section

EVERY_H = 6
Rows = tuple[tuple[str, ...], ...]


def dispatch_proposal(desk: ConsultDesk, scenario_id: str, notes: list[str], made_t: float, tr: Translate) -> Briefing:
    """Return a proposal of one scenario beside the first compared one, where that is another.

    Raises:
        ConsoleError: the scenario has no result.
    """
    scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
    if scenario is None or result is None:
        raise ConsoleError("没有写调度方案：这个情景还没有算完。", "请在情景列表里选一个已算完的情景，再导出。")
    first = next((i for i in desk.compared if i in desk.results and i != scenario_id), "")
    beside = desk.scenario(first) if first else None
    against = (beside, desk.results[first]) if beside is not None else None
    sections = [
        Section(tr("方案"), _head(desk, scenario, result, tr)),
        Section(tr("调度计划"), (tr("自起算时起，每 6 小时一行；变化时刻以情景为准"),), _plan(scenario, result, tr)),
        Section(tr("预计效果"), rows=_effect(desk, scenario, result, against, tr)),
        *_charts(desk, scenario, result, against, tr),
        Section(tr("约束、限制与说明"), _limits(scenario, result)),
        Section(tr("出处"), _trace(desk, scenario_id, scenario, result, tr)),
        Section(tr("审批"), rows=((tr("拟稿"), tr("审核"), tr("签发")), (" ", " ", " "))),
    ]
    made = f"{tr('编制')} {full_stamp(made_t)} {tr('北京时间')}"
    warned = [tr("模拟结果，未经签发不得执行")] + ([result.watermark] if result.watermark else [])
    title = f"{tr('调度方案建议')}：{printable(scenario.name)}"
    return Briefing(title, (made, *warned, *notes), tuple(sections))


def _head(desk: ConsultDesk, scenario: Scenario, result: Result, tr: Translate) -> tuple[str, ...]:
    names = names_of(desk.declared)
    changes = [printable(change_words(c, names, tr)) for c in changes_of(scenario.inputs)]
    return (
        f"{tr('作者')} {printable(scenario.author)}　{tr('起算')} {full_stamp(scenario.base_t)} +{scenario.lead_h:g} h",
        f"{tr('改动')}：{'；'.join(changes) or tr('不改来水和调度')}",
        f"{tr('水量误差')} {result.outcome.mass_error:.1e}",
    )


def _plan(scenario: Scenario, result: Result, tr: Translate) -> Rows:
    """Return times down, reservoirs and areas across."""
    shown = [n for n in result.outcome.nodes.values() if _operated(n)]
    head = [tr("时间")]
    for node in shown:
        word = tr("出库") if node.kind == "reservoir" else tr("分洪")
        head += [f"{node.name} {word} m³/s"] + ([f"{node.name} {tr('水位')} m"] if node.kind == "reservoir" else [])
    rows = [tuple(head)]
    for i in range(0, len(result.outcome.hours), EVERY_H):
        row = [stamp(scenario.base_t + float(result.outcome.hours[i]) * HOUR_S)]
        for node in shown:
            flow = node.flow_m3s if node.kind == "reservoir" or node.branch_m3s is None else node.branch_m3s
            row.append(flow_text(float(flow[i])))
            if node.kind == "reservoir" and node.level_m is not None:
                row.append(f"{node.level_m[i]:.2f}" if np.isfinite(node.level_m[i]) else DASH)
        rows.append(tuple(row))
    return tuple(rows)


def _operated(node: NodeOutcome) -> bool:
    """Tell whether a node is somebody's to operate: a pool that is known, or a diversion or area that takes water."""
    if node.kind == "reservoir":
        return node.level_m is not None and bool(np.isfinite(node.level_m).any())
    return node.branch_m3s is not None and float(node.branch_m3s.max()) > 0.5


def _effect(
    desk: ConsultDesk, scenario: Scenario, result: Result, against: tuple[Scenario, Result] | None, tr: Translate
) -> Rows:
    raws = {str(n["id"]): n for n in rows_of(desk.declared)}
    head = [tr("断面"), tr("洪峰 m³/s"), tr("峰现"), tr("控制流量")]
    head += [f"{tr('对照')}：{printable(against[0].name)}", tr("差")] if against is not None else []
    rows = [tuple(head)]
    for node_id, node in result.outcome.nodes.items():
        if node.kind != "station":
            continue
        flow, hour = node.peak
        safe = limit_of(raws.get(node_id, {}), "safe_m3s")
        row = [node.name, flow_text(flow), stamp(scenario.base_t + hour * HOUR_S), flow_text(safe)]
        if against is not None:
            other = against[1].outcome.nodes.get(node_id)
            row += [flow_text(other.peak[0]), signed(flow - other.peak[0], 0)] if other is not None else [DASH, DASH]
        rows.append(tuple(row))
    return tuple(rows)


def _charts(
    desk: ConsultDesk, scenario: Scenario, result: Result, against: tuple[Scenario, Result] | None, tr: Translate
) -> list[Section]:
    shown = [(scenario, result)] + ([against] if against is not None else [])
    found = []
    for node_id, node in result.outcome.nodes.items():
        if node.kind == "reservoir" and _operated(node):
            curves = [
                (printable(s.name), s.base_t + r.outcome.hours * HOUR_S, n.flow_m3s)
                for s, r in shown
                if (n := r.outcome.nodes.get(node_id)) is not None
            ]
            curves.append((tr("入库"), scenario.base_t + result.outcome.hours * HOUR_S, node.inflow_m3s))
            chart = line_chart(f"{tr('流量')} m³/s", scenario.base_t, curves, tr)
            found.append(Section(f"{node.name} {tr('出库过程')}", chart=chart, caption=tr("模拟结果")))
    return found


def _limits(scenario: Scenario, result: Result) -> tuple[str, ...]:
    own = [printable(part) for part in scenario.note.split("；") if part.strip()]
    return (*own, *(printable(line) for line in result.outcome.limits))


def _trace(desk: ConsultDesk, scenario_id: str, scenario: Scenario, result: Result, tr: Translate) -> tuple[str, ...]:
    base = result.base.hash[:12] if result.base is not None else DASH
    assumed = [f"{printable(a.node)} {a.key}（{tr(a.sure)}）：{printable(a.source)}" for a in result.outcome.assumed]
    return (
        f"{tr('情景')} {scenario_id}，{tr('输入')} {scenario.inputs_id[:12]}，{tr('底层数据')} {base}",
        f"{tr('计算')} {ENGINE}，{full_stamp(result.started)}",
        *assumed,
    )
