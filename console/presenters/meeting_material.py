"""What is frozen when a picture becomes material of a meeting: the figures as texts, as they stood on the screen."""

from __future__ import annotations

import json
from collections.abc import Sequence

from console.domain.quality import word
from console.domain.scenario import scenario_json
from console.domain.time import full_stamp, stamp
from console.presenters.consult import compare_table
from console.presenters.wording import Translate, margin_text, state_text, value_text
from console.services.consult_desk import ConsultDesk
from console.texts import printable
from console.viewdata.board import Board, Row

ROWS_MOST = 60
BYTES_MOST = 40_000
Table = dict[str, object]


def frozen_tables(board: Board, consult: ConsultDesk, selected: str | None, tr: Translate) -> list[Table]:
    """Return the tables of now: what is over a limit or selected, and the compared scenarios. As JSON under 48 kB."""
    tables = [_stations(board, selected, tr)]
    compared = compare_table(consult, tr)
    if compared.rows:
        rows = [[text for text, _ in row] for row in compared.rows]
        tables.append({"title": tr("情景对比（模拟）"), "columns": list(compared.titles), "rows": rows})
    while len(json.dumps(tables, ensure_ascii=False).encode()) > BYTES_MOST:  # the least of them go first
        longest = max(tables, key=lambda t: len(str(t["rows"])))
        longest["rows"] = list(longest["rows"])[: len(list(longest["rows"])) * 3 // 4]  # type: ignore[call-overload]
        longest["title"] = f"{str(longest['title']).split('（前')[0]}（前 {len(list(longest['rows']))} 行）"  # type: ignore[call-overload]
    return tables


def _stations(board: Board, selected: str | None, tr: Translate) -> Table:
    chosen = [r for r in board.rows if r.main is not None and (r.over or r.code == selected)]
    chosen.sort(key=lambda r: (-int(r.state), -(r.margin_m or 0.0), r.code))
    over = sum(r.over for r in board.rows)
    unknown = sum(r.unknown for r in board.rows)
    title = f"{tr('超限对象')} {over} · {tr('不明')} {unknown} · {full_stamp(board.moment)}"
    columns = [tr(w) for w in ("站名", "河流", "数值", "单位", "距警戒/汛限 m", "状态", "时间", "质量")]
    return {"title": title, "columns": columns, "rows": [_cells(r, board, tr) for r in chosen[:ROWS_MOST]]}


def _cells(row: Row, board: Board, tr: Translate) -> list[str]:
    assert row.main is not None  # noqa: S101
    s = row.station
    cells = (
        s.name, s.river, value_text(row.main), row.main.what.unit, margin_text(row), state_text(row, tr),
        stamp(row.main.t, board.now), tr(word(row.main.quality)),
    )  # fmt: skip
    return [printable(c, 60) for c in cells]


def option_of(consult: ConsultDesk, scenario_id: str, tr: Translate) -> tuple[str, str, list[list[str]]]:
    """Return an option's name, its scenario as JSON and its figures; empty without a scenario."""
    scenario = consult.scenario(scenario_id)
    if scenario is None:
        return "", "", []
    table = compare_table(consult, tr)
    titles: Sequence[str] = table.titles
    place = next((i for i, t in enumerate(titles) if t == printable(scenario.name)), 0)
    figures = [[row[0][0], row[place][0].split("（")[0]] for row in table.rows if place and _is_figure(row[0][0], tr)]
    return scenario.name, scenario_json(scenario), figures[:40]


def _is_figure(label: str, tr: Translate) -> bool:
    return label not in (tr("起算"), tr("计算"))
