"""The panel of a spill: its cloud along the river and over time above, what passes each place when below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter

from console.presenters.consult_spill import TITLES, spill_view
from console.windows.panels import Built, Context
from widgets.facts_table import FactsTable

MOVED_S = 300.0
WIDTHS_PX = (200, 80, 100, 100, 100, 150, 100, 64, 120)
SIZES_PX = (360, 200)


def build_spill(c: Context) -> Built:
    from widgets.spill_plot import SpillPlot  # pyqtgraph is slow to import: after the first window

    session, desk = c.session, c.session.consult
    split = QSplitter(Qt.Orientation.Vertical)
    plot = SpillPlot(c.look)
    table = FactsTable(c.look, TITLES, WIDTHS_PX, "计算之后，这里列出各断面的到达、峰值和超标时间")
    for widget in (plot, table):
        split.addWidget(widget)
    split.setSizes(SIZES_PX)
    split.setChildrenCollapsible(False)
    drawn: list[object] = []
    shown_t = [float("nan")]  # of the Situation: a moment that the mouse chose stays until that one moves on

    def refresh() -> tuple[str, str]:
        now = [desk.compared, *(desk.results.get(i) for i in desk.compared)]
        if now != drawn:
            drawn[:] = now
            view = spill_view(desk, c.look.tr)
            plot.show_view(view)
            table.show_rows(view.rows)
        moment = session.situation.moment()
        if not abs(moment - shown_t[0]) < MOVED_S:
            shown_t[0] = moment
            plot.show_moment(moment)
        title = c.look.tr("水污染过程")
        return (f"{title} · {plot.view.river}", c.look.tr("模拟")) if plot.view.curves else (title, "")

    def cells() -> list[list[str]]:
        view = spill_view(desk, c.look.tr)
        return [list(view.titles), *([text for text, _ in row] for row in view.rows)]

    return Built(split, refresh, frozenset({"consult", "time"}), export_table=cells)
