"""The comparison of scenarios as a briefing: who asked what, what came out, what it rests on, where each number is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from console.domain.time import full_stamp
from console.engine.whatif import ENGINE
from console.errors import ConsoleError
from console.presenters.consult import HOUR_S, basis_rows, compare_table, node_view, nodes_to_show, scenario_lines
from console.presenters.wording import Translate
from console.services.consult_desk import ConsultDesk
from console.texts import printable
from console.viewdata.briefing import Briefing, Chart, Line, Section
from console.viewdata.consult import Array, NodeView

CHARTED = ("shijiao", "feilaixia")


def consult_briefing(desk: ConsultDesk, notes: list[str], made_t: float, tr: Translate) -> Briefing:
    """Return a briefing of the compared scenarios; its charts are not drawn yet.

    Raises:
        ConsoleError: none of them has a result.
    """
    if not any(i in desk.results for i in desk.compared):
        raise ConsoleError("没有写简报：没有已算完的情景。", "请勾选情景，等它算完再导出。")
    lines = [line for line in scenario_lines(desk, tr) if line.place >= 0]
    table = compare_table(desk, tr)
    head = (tr("情景"), tr("作者"), tr("起算"), tr("改动"), tr("状态"))
    asked = tuple((one.name, one.author, one.base, "；".join(one.changes), one.said) for one in lines)
    figures = tuple(tuple(text for text, _ in row) for row in table.rows)
    basis = tuple(tuple(text for text, _ in row) for row in basis_rows(desk, tr))
    curves = [
        Section(f"{name} {tr(what)}{tr('过程线')}", chart=chart, caption=tr("模拟结果；圆点为实测"))
        for node, name in nodes_to_show(desk, tr)
        if node in CHARTED
        for what, chart in node_charts(node_view(desk, node, tr), tr)
    ]
    sections = (
        Section(tr("比较的情景"), rows=(head, *asked)),
        Section(tr("结果对比"), (tr("括号内为与第一个情景之差；名次先比超限，再比洪峰、库水位"),), (table.titles, *figures)),
        *curves,
        Section(tr("依据与假定"), rows=((tr("对象"), tr("性质"), tr("内容")), *basis)),
        Section(tr("出处"), rows=((tr("情景"), tr("编号"), tr("计算")), *_traces(desk))),
    )
    made = f"{tr('编制')} {full_stamp(made_t)} {tr('北京时间')}"
    return Briefing(tr("会商情景对比简报"), (made, *notes), sections)


def node_charts(view: NodeView, tr: Translate) -> list[tuple[str, Chart]]:
    """Return the flows of a node, and its levels where they are known, as charts: (what, chart)."""
    if not view.curves or view.base_t is None:
        return []
    base_t, found = view.base_t, []
    flows = [(c.name, c.t, c.flow_m3s) for c in view.curves]
    levels = [(c.name, c.t, c.level_m) for c in view.curves if c.level_m is not None and np.isfinite(c.level_m).any()]
    for what, unit, curves, seen, limits in (
        ("流量", "m³/s", flows, view.flow_seen, view.flow_limits),
        ("水位", "m", levels, view.level_seen, view.level_limits),
    ):
        if not curves:
            continue
        chart = line_chart(f"{tr(what)} {unit}", base_t, curves, tr)
        inside = (seen[0] >= base_t) & (seen[0] <= max(float(t[-1]) for _, t, _ in curves))
        dots = (Line(tr("实测"), _points(seen[0][inside], seen[1][inside], base_t), dots=True),) if inside.any() else ()
        found.append((what, replace(chart, lines=(*chart.lines, *dots), limits=limits)))
    return found


def line_chart(unit: str, base_t: float, curves: Sequence[tuple[str, Array, Array]], tr: Translate) -> Chart:
    """Return curves, (name, t UTC s, values), as a chart over the hours since a moment."""
    lines = tuple(Line(name, _points(t, values, base_t)) for name, t, values in curves)
    return Chart(unit, f"{tr('起算')} {full_stamp(base_t)}", lines)


def _points(t: Array, v: Array, base_t: float) -> tuple[tuple[float, float | None], ...]:
    hours = ((np.asarray(t, float) - base_t) / HOUR_S).tolist()
    return tuple((h, round(value, 3) if np.isfinite(value) else None) for h, value in zip(hours, v.tolist(), strict=True))


def _traces(desk: ConsultDesk) -> tuple[tuple[str, str, str], ...]:
    """Return where each scenario's numbers are from: its id, its inputs and base by their hashes, the engine."""
    found = []
    for scenario_id in desk.compared:
        scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
        if scenario is not None and result is not None:
            base = result.base.hash[:12] if result.base is not None else "—"
            traced = f"{scenario_id} / {scenario.inputs_id[:12]}"
            found.append((printable(scenario.name), traced, f"{ENGINE}，{full_stamp(result.started)}，{base}"))
    return tuple(found)
