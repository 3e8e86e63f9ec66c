"""Panels of the reservoirs beside the card: the table of all, the curves of one, the chain."""

from __future__ import annotations

from console.presenters.cascade import CascadePresenter
from console.presenters.reservoir_board import ReservoirBoardPresenter
from console.presenters.reservoir_curves import CurvesPresenter
from console.windows.panels import Built, Context
from widgets.cascade_board import CascadeBoard
from widgets.reservoir_board import ReservoirBoard

BOARD = frozenset({"board", "selection"})


def build_reservoirs(c: Context) -> Built:
    widget = ReservoirBoard(c.look)
    widget.filter.setVisible(not c.large)
    presenter = ReservoirBoardPresenter(c.session, widget, c.look.tr)
    widget.selected.connect(c.session.situation.select)

    def refresh() -> None:
        presenter.refresh()

    return Built(widget, refresh, BOARD, release=presenter.close, export_table=widget.cells)


def build_storage(c: Context) -> Built:
    from widgets.reservoir_curves import ReservoirCurves  # pyqtgraph is slow to import: after the first window

    widget = ReservoirCurves(c.look)
    presenter = CurvesPresenter(widget, c.look.tr)
    session = c.session

    def refresh() -> tuple[str, str]:
        return presenter.refresh(session.board.board, session.situation.current.selection)

    return Built(widget, refresh, BOARD)


def build_cascade(c: Context) -> Built:
    widget = CascadeBoard(c.look)
    presenter = CascadePresenter(widget, c.look.tr)
    session = c.session
    widget.selected.connect(session.situation.select)

    def refresh() -> tuple[str, str]:
        return presenter.refresh(session.board.board, session.situation.current.selection)

    return Built(widget, refresh, BOARD)
