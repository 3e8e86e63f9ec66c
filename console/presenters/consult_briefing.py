"""The comparison of scenarios as a briefing: who asked what, what came out, what it rests on, where each number is from."""

from __future__ import annotations

from collections.abc import Mapping

from console.domain.time import full_stamp
from console.engine.whatif import ENGINE
from console.presenters.consult import basis_rows, compare_table, scenario_lines
from console.presenters.wording import Translate
from console.services.consult_desk import ConsultDesk
from console.texts import printable
from console.viewdata.briefing import Briefing, Section


def consult_briefing(
    desk: ConsultDesk, notes: list[str], pictures: Mapping[str, bytes], made_t: float, tr: Translate
) -> Briefing:
    """Return a briefing of the compared scenarios. pictures: PNG by the node's name."""
    lines = [line for line in scenario_lines(desk, tr) if line.place >= 0]
    table = compare_table(desk, tr)
    head = (tr("情景"), tr("作者"), tr("起算"), tr("改动"), tr("状态"))
    asked = tuple((one.name, one.author, one.base, "；".join(one.changes), one.said) for one in lines)
    figures = tuple(tuple(text for text, _ in row) for row in table.rows)
    basis = tuple(tuple(text for text, _ in row) for row in basis_rows(desk, tr))
    curves = [
        Section(f"{name} {tr('过程线')}", picture=png, caption=tr("模拟结果；圆点为实测")) for name, png in pictures.items()
    ]
    sections = (
        Section(tr("比较的情景"), rows=(head, *asked)),
        Section(tr("结果对比"), (tr("括号内为与第一个情景之差"),), (table.titles, *figures)),
        *curves,
        Section(tr("依据与假定"), rows=((tr("对象"), tr("性质"), tr("内容")), *basis)),
        Section(tr("出处"), rows=((tr("情景"), tr("编号"), tr("计算")), *_traces(desk))),
    )
    made = f"{tr('编制')} {full_stamp(made_t)} {tr('北京时间')}"
    return Briefing(tr("会商情景对比简报"), (made, *notes), sections)


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
