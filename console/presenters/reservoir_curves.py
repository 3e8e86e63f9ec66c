"""Storage and release curves of the selected reservoir, with where it is now and how sure the curve is."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from console.domain.elements import flow_text
from console.domain.reservoirs import PointCurve
from console.engine.storage import LevelTable
from console.presenters.reservoir import chosen
from console.presenters.reservoir_figures import Pool, PoolBook, marks_of, usable
from console.presenters.reservoir_words import refusal_word, sure_word
from console.presenters.wording import Translate, meta
from console.texts import printable
from console.viewdata.board import Board, Row
from console.viewdata.reservoir import DrawnCurve, StorageCurves

KEPT = 64  # lines of reservoirs looked at lately
MCM_PER_YI = 100.0  # 1 亿 m³ = 100 × 10⁶ m³


class CurvesTarget(Protocol):
    def show_view(self, view: StorageCurves | None) -> None: ...


class CurvesPresenter:
    """Draws a reservoir's curves once; a changed level moves only the point."""

    def __init__(self, view: CurvesTarget, tr: Translate) -> None:
        self._view = view
        self._tr = tr
        self._book = PoolBook()
        self._lines: dict[int, tuple[LevelTable, np.ndarray, np.ndarray]] = {}

    def refresh(self, board: Board, selected: str | None) -> tuple[str, str]:
        """Fill the view; return (title, meta)."""
        row = chosen(board, selected)
        self._view.show_view(self._curves(row, board) if row is not None else None)
        if row is None:
            return self._tr("库容曲线"), ""
        return f"{row.station.name} · {self._tr('库容曲线')}", meta(board, row.level, self._tr)

    def _curves(self, row: Row, board: Board) -> StorageCurves:
        pool = self._book.of(row.station)
        level = usable(row.level)
        storage = None
        if pool.storage is not None and pool.facts.storage is not None:
            storage = self._drawn(self._tr("库容"), pool.facts.storage, pool.storage, level, MCM_PER_YI)
        releases = tuple(
            self._drawn(printable(name, 40) or self._tr("泄流能力"), points, table, level, 1.0)
            for name, points, table in pool.releases
        )
        return StorageCurves(
            code=row.code,
            name=row.station.name,
            storage=storage,
            releases=releases,
            marks=marks_of(row.station, float(row.level.t) if row.level is not None else board.moment),
            level_m=level,
            notes=notes_of(pool, level, self._tr),
        )

    def _drawn(self, name: str, points: PointCurve, table: LevelTable, level: float | None, per: float) -> DrawnCurve:
        kept = self._lines.get(id(table))
        if kept is None or kept[0] is not table:
            if len(self._lines) >= KEPT:
                self._lines.clear()
            levels, value = table.drawn()
            kept = self._lines[id(table)] = (table, levels, value / per)
        at = table.at(level)
        here = "" if at is None else f"{at / per:.2f} {self._tr('亿m³')}" if per > 1 else f"{flow_text(at)} m³/s"
        return DrawnCurve(
            name=name,
            level_m=kept[1],
            value=kept[2],
            points=tuple((z, v / per) for z, v in points.points),
            now=(level, at / per) if level is not None and at is not None else None,
            now_text=f"{level:.2f} m · {here}" if level is not None and here else "",
            made_up=points.made_up,
        )


def notes_of(pool: Pool, level: float | None, tr: Translate) -> tuple[str, ...]:
    """Return how sure each curve is and where it is from, or what is missing and would fill the picture."""
    facts = pool.facts
    why = dict(facts.refused)
    notes = [_curve_note(tr("库容曲线"), facts.storage, why.get("storage_curve"), tr)]
    if facts.releases:
        named = {(points.sure, points.source): points for _, points in facts.releases}
        notes += [_curve_note(tr("泄流曲线"), points, None, tr) for points in named.values()]
    else:
        notes.append(_curve_note(tr("泄流曲线"), None, why.get("release_curve"), tr))
    if level is None:
        notes.append(tr("没有可用的水位，曲线上没有标出现在的位置"))
    elif pool.storage is not None and not pool.storage.covers(level):
        notes.append(tr("水位在库容曲线之外，不外推"))
    return tuple(notes)


def _curve_note(name: str, points: PointCurve | None, why: str | None, tr: Translate) -> str:
    if points is not None:
        sure = sure_word(points.sure, tr) if points.sure else tr("未注明可靠程度")
        source = printable(points.source, 200) if points.source else tr("未注明来源")
        return f"{name}（{sure}，{len(points.points)} {tr('点')}）：{source}"
    if why is not None:
        return f"{name} {tr('未采用')}：{refusal_word(why, tr)}"
    return f"{name}：{tr('没有；中心随水库对象下发水位与数值的对照表后画在这里')}"
