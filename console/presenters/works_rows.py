"""The board with what the works' models say of their sensors: one verdict in table, map and overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from console.presenters.works import STATE_WORDS, WORKS_STATES
from console.viewdata.board import Board, Row
from console.viewdata.works import WorksReport


class WorksRows:
    """Keeps the last answer: board and reports change seldom beside how often they are drawn."""

    def __init__(self) -> None:
        self._for: tuple[Board, Sequence[WorksReport]] | None = None
        self._board: Board | None = None

    def judged(self, board: Board, reports: Sequence[WorksReport]) -> Board:
        """Return a board whose sensors have the state that their model gives them at its moment."""
        if self._board is None or self._for is None or self._for[0] is not board or self._for[1] is not reports:
            self._for, self._board = (board, reports), _judged(board, reports)
        return self._board


def _judged(board: Board, reports: Sequence[WorksReport]) -> Board:
    told = {h.sensor.code: h.state for report in reports for h in report.sensors if h.state != "unknown"}
    if not told:
        return board
    rows = tuple(_told(r, told[r.code]) if r.code in told and r.main is not None and not r.stale else r for r in board.rows)
    return replace(board, rows=rows, by_code={r.code: r for r in rows})


def _told(row: Row, state: str) -> Row:
    return replace(row, state=WORKS_STATES[state], word=STATE_WORDS[state], mark=(*row.mark, state))
