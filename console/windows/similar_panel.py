"""The panel of similar floods: curves laid over the present one, and what followed each."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter

from console.presenters.similar import TITLES, similar_said, similar_view
from console.services.similar_desk import SimilarDesk
from console.texts import printable
from console.viewdata.similar import SimilarView
from console.windows.panels import Built, Context
from widgets.acted_table import ActedTable

WIDTHS_PX = (130, 230, 170, 90, 90, 100, 70, 110)
SIZES_PX = (360, 200)
FIRST = "LOC00112"  # 石角, while nothing with a level is chosen


def build_similar(c: Context) -> Built:
    from widgets.similar_plot import SimilarPlot  # pyqtgraph is slow to import: after the first window

    session = c.session
    split = QSplitter(Qt.Orientation.Vertical)
    plot, table = SimilarPlot(c.look), ActedTable(c.look, TITLES, WIDTHS_PX, "找到之后列在这里", {})
    for widget in (plot, table):
        split.addWidget(widget)
    split.setSizes(SIZES_PX)
    split.setChildrenCollapsible(False)
    desk = SimilarDesk(session.board, session.tasks, split)
    views = [SimilarView()]

    def draw() -> None:
        views[0] = similar_view(desk.found, session.board.board, c.look.tr)
        plot.show_view(views[0])
        table.show_rows(views[0].rows)
        table.say(similar_said(c.look.tr) if views[0].rows else "")

    def chosen() -> str:
        """Return the selected object where it has a level or flow, else what was looked at before."""
        selected = session.situation.current.selection or ""
        row = session.board.board.by_code.get(selected)
        if row is not None and row.station.kind in ("river", "reservoir", "tide"):
            return selected
        return desk.found.code if desk.found is not None else FIRST

    def refresh() -> tuple[str, str]:
        code = chosen()
        desk.look(code, session.situation.moment())
        row, title = session.board.board.by_code.get(code), c.look.tr("相似洪水")
        return (f"{title} · {printable(row.station.name)}" if row is not None else title), ""

    def cells() -> list[list[str]]:
        return [[c.look.tr(t) for t in TITLES], *([text for text, _ in row] for row in views[0].rows)]

    def release() -> None:
        c.look.changed.disconnect(draw)

    desk.changed.connect(draw)
    c.look.changed.connect(draw)
    draw()
    concerns = frozenset({"board", "selection", "time"})
    return Built(split, refresh, concerns, release=release, export_table=cells)
