"""Panels of the consultation's what-if: scenarios and form, curves, comparison, what the results rest on."""

from __future__ import annotations

import time

import shiboken6

from console.domain.scenario import Scenario
from console.domain.time import full_stamp
from console.errors import ConsoleError
from console.presenters.consult import basis_rows, compare_table, node_view, nodes_to_show, objects_of, scenario_lines
from console.presenters.consult_briefing import consult_briefing
from console.presenters.consult_inputs import changes_of, inputs_of, targets_of, unsaid
from console.presenters.consult_tradeoff import trade_view
from console.presenters.dispatch_proposal import dispatch_proposal
from console.services.session import Session
from console.viewdata.briefing import Briefing
from console.viewdata.consult import Draft
from console.windows.panels import Built, Context
from widgets.facts_table import FactsTable
from widgets.name_field import sign_as
from widgets.scenario_form import ScenarioDesk, ScenarioForm
from widgets.scenario_list import ScenarioList

NEEDS = frozenset({"consult", "time"})
HOUR_S = 3600.0
REREAD_S = 10.0


def consult_base_t(session: Session) -> float:
    """Return the whole hour that a new scenario starts from, by the time bar."""
    return float(round(session.situation.moment() / HOUR_S) * HOUR_S)


def build_scenarios(c: Context) -> Built:
    session, desk = c.session, c.session.consult
    split = ScenarioDesk()
    listed, form = ScenarioList(c.look), ScenarioForm(c.look)
    form.author.setText(c.settings.operator)
    split.put(listed, form)
    listed.compared.connect(desk.compare)
    listed.run_requested.connect(desk.run)
    listed.cancel_requested.connect(desk.cancel)
    listed.drop_requested.connect(desk.drop)

    def base_t() -> float:
        return consult_base_t(session)

    def copy(scenario_id: str) -> None:
        found = desk.scenario(scenario_id)
        if found is not None:
            name = f"{found.name[:50]} {c.look.tr('改')}"
            form.show_draft(Draft(name, found.author, round(found.lead_h), changes_of(found.inputs), found.name))
            if left := unsaid(found.inputs):
                form.note(f"{c.look.tr('表单写不出、副本里没有')}：{'、'.join(left)}")

    async def save(draft: Draft) -> None:
        try:
            author, lead_h = session.duty.signed(draft.author), float(draft.lead_h)
            needs_base = any(change.kind == "actual" for change in draft.changes)
            base = await desk.base(base_t(), lead_h) if needs_base else None
            scenario = Scenario(
                draft.name, author, time.time(), base_t(), lead_h,
                inputs_of(draft.changes, base), f"{c.look.tr('复制自')} {draft.based}" if draft.based else "",
            )  # fmt: skip
            await desk.create(scenario)
        except ConsoleError as exc:
            if shiboken6.isValid(form):
                form.refused(f"{exc.what}{exc.next_step}")
            return
        if shiboken6.isValid(form):
            form.saved(draft)

    def optimise(scenario_id: str) -> None:
        try:
            desk.optimise(scenario_id, session.duty.signed(form.author.text()), time.time())
        except ConsoleError as exc:
            form.refused(f"{exc.what}{exc.next_step}")

    def typical() -> None:
        try:
            desk.add_design_floods(base_t(), session.duty.signed(form.author.text()), time.time())
        except ConsoleError as exc:
            form.refused(f"{exc.what}{exc.next_step}")

    listed.typical_requested.connect(typical)
    listed.copy_requested.connect(copy)
    listed.optimise_requested.connect(optimise)
    form.save_requested.connect(lambda draft: session.tasks.start("save scenario", save(draft)))

    told, read_s = [""], [float("-inf")]  # the last problem that was said, when the list was last read

    def refresh() -> str:
        if time.monotonic() - read_s[0] > REREAD_S:  # another console may have added to them
            read_s[0] = time.monotonic()
            desk.begin()
        sign_as(form.author, session.person)
        form.show_targets(targets_of(desk.declared))
        form.show_base(f"{c.look.tr('起算')} {full_stamp(base_t())}（{c.look.tr('按时间轴')}）")
        listed.show_lines(scenario_lines(desk, c.look.tr))
        if desk.problem != told[0]:
            told[0] = desk.problem
            form.refused(desk.problem)
        return f"{len(desk.scenarios)} {c.look.tr('个情景')}"

    async def proposal(notes: list[str]) -> Briefing:
        return dispatch_proposal(desk, listed.current, notes, time.time(), c.look.tr)

    return Built(split, refresh, NEEDS | {"desk"}, export_document=proposal)


def build_scenario_curves(c: Context) -> Built:
    from widgets.scenario_plot import ScenarioPlot  # pyqtgraph is slow to import: after the first window

    session, desk = c.session, c.session.consult
    widget = ScenarioPlot(c.look)
    drawn: list[object] = []  # what the curves are of: results are drawn once, the moment moves over them

    def refresh() -> tuple[str, str]:
        follow()
        nodes = nodes_to_show(desk, c.look.tr)
        if nodes and desk.node not in dict(nodes):
            desk.look_at(nodes[-1][0])
        widget.show_cursor(session.situation.moment())
        widget.band.setChecked(desk.banded)
        now = [desk.node, desk.compared, desk.banded, len(desk.bands), *(desk.results.get(i) for i in desk.compared)]
        if now != drawn:
            drawn[:] = now
            widget.show_nodes(nodes, desk.node)
            widget.show_view(node_view(desk, desk.node, c.look.tr))
        title = c.look.tr("情景过程线")
        if widget.view is None or not widget.view.curves:
            return title, ""
        return f"{title} · {widget.view.name}", c.look.tr("模拟")

    seen = [session.situation.current.selection]

    def follow() -> None:
        """Look at the node where the newly selected object measures."""
        selected = session.situation.current.selection
        if selected != seen[0]:
            seen[0] = selected
            node = next((k for k, code in objects_of(desk.declared).items() if code == selected), "")
            if node in dict(nodes_to_show(desk, c.look.tr)):
                desk.look_at(node)

    def choose(node: str) -> None:
        desk.look_at(node)
        code = objects_of(desk.declared).get(node)
        if code in session.board.stations:
            session.situation.select(code)

    widget.node_chosen.connect(choose)
    widget.band_wanted.connect(desk.show_band)
    return Built(widget, refresh, NEEDS | {"selection"})


def build_scenario_table(c: Context) -> Built:
    desk = c.session.consult
    widget = FactsTable(c.look, ("指标",), (210,), "勾选并计算情景后，这里比较洪峰、水位和分洪量")

    def draw() -> str:
        table = compare_table(desk, c.look.tr)
        widget.show_titled(table.titles or ("指标",), table.rows)
        return c.look.tr("括号内为与第一个情景之差；名次先比超限，再比洪峰、库水位") if len(table.titles) > 2 else ""

    def cells() -> list[list[str]]:
        table = compare_table(desk, c.look.tr)
        return [list(table.titles), *([text for text, _ in row] for row in table.rows)]

    async def briefing(notes: list[str]) -> Briefing:
        return consult_briefing(desk, notes, time.time(), c.look.tr)

    return Built(widget, draw, frozenset({"consult"}), export_table=cells, export_document=briefing)


def build_scenario_basis(c: Context) -> Built:
    desk = c.session.consult
    widget = FactsTable(c.look, ("对象", "性质", "内容"), (150, 60, 420), "计算之后，这里列出假定值、限制和与实测的比较")

    def draw() -> str:
        rows = basis_rows(desk, c.look.tr)
        widget.show_rows(rows)
        return f"{len(rows)} {c.look.tr('项')}" if rows else ""

    return Built(widget, draw, frozenset({"consult"}))


def build_tradeoff(c: Context) -> Built:
    from widgets.trade_plot import TradePlot  # pyqtgraph is slow to import: after the first window

    desk = c.session.consult
    widget = TradePlot(c.look)

    def draw() -> tuple[str, str]:
        view = trade_view(desk, c.look.tr)
        if view != widget.view:
            widget.show_view(view)
        return c.look.tr("风险效益"), c.look.tr("模拟") if view.points else ""

    return Built(widget, draw, frozenset({"consult"}))
