"""Station table: rows from the board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from console.domain.elements import signed
from console.domain.quality import word
from console.domain.time import stamp
from console.presenters.wording import Translate, margin_text, stale, unit_of, value_text
from console.viewdata.board import EMPTY_T, EMPTY_V, Board, Row
from console.viewdata.table import TableRow


class TableView(Protocol):
    def show_rows(self, rows: Sequence[TableRow]) -> None: ...
    def show_selected(self, code: str | None) -> None: ...


def table_row(row: Row, board: Board, tr: Translate) -> TableRow:
    main = row.main
    change = main.change_1h if main else None
    warning = row.station.threshold("warning", board.moment) or row.station.threshold("flood_limit", board.moment)
    flow_like = main is not None and main.element in ("Q", "OTQ")
    return TableRow(
        code=row.code,
        name=row.station.name,
        river=row.station.river,
        element=main.element if main else "",
        unit=unit_of(main),
        state=row.state,
        stale=stale(row),
        value=main.value if main else None,
        value_text=value_text(main),
        margin=row.margin_m,
        margin_text=margin_text(row) or "—",
        change_1h=change,
        change_text=signed(change, 0 if flow_like else 2) if change is not None else "—",
        t=main.t if main else None,
        time_text=stamp(main.t, board.now) if main else tr("缺报"),
        quality=tr(word(main.quality)) if main else "—",
        warning=warning.value if warning and not flow_like else None,
        spark_t=main.recent_t if main else EMPTY_T,
        spark_v=main.recent_v if main else EMPTY_V,
        interval_s=main.interval_s if main else 3600,
    )


def present_table(view: TableView, board: Board, selected: str | None, tr: Translate) -> str:
    """Fill the table; return the panel's meta text."""
    rows = [table_row(r, board, tr) for r in board.rows if r.station.kind != "basin"]
    view.show_rows(rows)
    view.show_selected(selected)
    fresh = sum(1 for r in rows if r.t is not None and not r.stale)
    known = sum(1 for r in rows if r.t is not None)
    return f"{tr('按危险程度')} · {tr('有数据')} {known}/{len(rows)} · {tr('及时')} {fresh}"
