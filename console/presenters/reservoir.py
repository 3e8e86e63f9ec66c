"""Reservoir card: the selected reservoir, else the one on the selected river, else the first known."""

from __future__ import annotations

from typing import Protocol

from console.domain.elements import LEVEL, flow_text, signed
from console.domain.quality import Quality, word
from console.domain.states import TOKENS, State
from console.domain.time import stamp
from console.presenters.reservoir_figures import UNVERIFIED, Figures, Pool, figures_of, pool_of, stale_at, unverified
from console.presenters.reservoir_words import (
    DASH,
    datum_word,
    figure_text,
    flow_of,
    hours_words,
    judged_word,
    mark_text,
    no_limit_word,
    no_storage_word,
    storage_of,
    volume_text,
    with_sure,
)
from console.presenters.wording import Translate, meta, stale
from console.texts import printable
from console.viewdata.board import Board, Row, Sample
from console.viewdata.reservoir import MARK_WORDS, Line, Mark, ReservoirView


class ReservoirTarget(Protocol):
    def show_view(self, view: ReservoirView | None) -> None: ...


def chosen(board: Board, selected: str | None) -> Row | None:
    rows = [r for r in board.rows if r.station.kind == "reservoir"]
    row = board.row(selected)
    if row is not None and row.station.kind == "reservoir":
        return row
    if row is not None:
        near = next((r for r in rows if r.station.river == row.station.river and r.level), None)
        if near is not None:
            return near
    return next((r for r in rows if r.level is not None), rows[0] if rows else None)


def reservoir_view(row: Row, board: Board, tr: Translate) -> ReservoirView:
    """Return the card of a row: marks and flows to be drawn, figures with what each rests on."""
    pool = pool_of(row.station.facts)
    figures = figures_of(row, pool, board.moment)
    state, text, token = judged_word(row, figures, tr)
    return ReservoirView(
        code=row.code,
        name=row.station.name,
        state=state,
        state_word=text,
        state_token=token,
        stale=stale(row),
        level_m=figures.level_m,
        marks=figures.marks,
        inflow_text=flow_of(row.inflow),
        outflow_text=flow_of(row.outflow),
        flows_stale=stale_at(row.inflow, board.moment) and stale_at(row.outflow, board.moment),
        trend=row.trend,
        lines=(
            Line(tr("状态"), text, _limit_note(row, figures, tr), token, lead=True),
            _level(row, board, tr),
            _margin(row, figures, text, tr),
            *([_hours(row, figures, pool, tr)] if figures.limit is not None else []),
            _flow(tr("入库"), row.inflow, board, tr),
            _worked_back(row, figures, board, pool, tr),
            _flow(tr("出库"), row.outflow, board, tr),
            _net(figures, tr),
            _storage(figures, pool, tr),
            _available(figures, pool, tr),
            _absorbed(figures, pool, tr),
            *_published(pool, tr),
        ),
    )


def _limit_note(row: Row, figures: Figures, tr: Translate) -> str:
    limit = figures.limit
    if limit is None:
        return ""
    season = ""
    if limit.season is not None:
        first, last = (f"{day[:2]}-{day[2:]}" for day in limit.season)
        season = f" · {printable(first, 8)} {tr('至')} {printable(last, 8)}"
    doubt = unverified(limit.source)
    told = limit.source
    for known in UNVERIFIED if doubt else ():
        told = told.replace(known, "")
    source = printable(limit.source, 40) if told.strip("（）() ·，；") else ""
    mark = mark_text(Mark("flood_limit", limit.value, unverified=doubt), tr)
    return f"{mark}{season} · {source}".removesuffix(" · ")


def _margin(row: Row, figures: Figures, state_word: str, tr: Translate) -> Line:
    """Return the distance to the limit in force, without one to the normal level; no word stands here twice."""
    parts: list[str] = []
    if figures.limit is None:
        lacking = no_limit_word(row, tr)
        if lacking != state_word:
            parts.append(lacking)
        return _to_normal(figures, parts, tr)
    if figures.to_limit_mcm is not None:
        room = tr("超蓄") if figures.to_limit_mcm < 0 else tr("尚可蓄")
        parts.append(f"{room} {volume_text(abs(figures.to_limit_mcm), tr)}")
    over = figures.level_m is not None and figures.level_m > figures.limit.value
    value = DASH
    if figures.level_m is not None:
        doubt = f" · {tr('未核实')}" if unverified(figures.limit.source) else ""
        value = f"{signed(figures.level_m - figures.limit.value)} m{doubt}"
    return Line(tr("距汛限"), value, " · ".join(parts), TOKENS[State.FLOOD_LIMIT] if over else "text")


def _to_normal(figures: Figures, parts: list[str], tr: Translate) -> Line:
    normal = next((m for m in figures.marks if m.kind == "normal"), None)
    if normal is None or figures.level_m is None:
        return Line(tr("距汛限"), DASH, " · ".join(parts))
    value = f"{signed(figures.level_m - normal.level_m)} m" + (f" · {tr('未核实')}" if normal.unverified else "")
    ink = TOKENS[State.FLOOD_LIMIT] if figures.level_m > normal.level_m else "text"
    return Line(tr("距正常蓄水"), value, " · ".join(parts), ink)


def _storage(figures: Figures, pool: Pool, tr: Translate) -> Line:
    if figures.storage_mcm is None:
        return Line(tr("蓄水量"), DASH, no_storage_word(figures, pool, tr))
    of = {"normal": tr("正常蓄水位库容"), "total": tr("总库容")}.get(figures.ratio_of, "")
    note = f"{tr('蓄水率')} {figures.ratio:.1%} · ÷{of}" if figures.ratio is not None else ""
    return Line(tr("蓄水量"), storage_of(figures.storage_mcm, pool, tr), note)


def _available(figures: Figures, pool: Pool, tr: Translate) -> Line:
    name = tr("可用防洪库容")
    if figures.top is None:
        return Line(name, DASH, tr("无防洪高水位、设计水位"))
    if figures.to_top_mcm is None:
        return Line(name, DASH, no_storage_word(figures, pool, tr))
    return Line(name, storage_of(max(0.0, figures.to_top_mcm), pool, tr), f"{tr('至')} {mark_text(figures.top, tr, ' m')}")


def _absorbed(figures: Figures, pool: Pool, tr: Translate) -> Line:
    alpha, area = pool.facts.runoff_coefficient, pool.facts.catchment_km2
    missing = [tr("径流系数")] * (alpha is None) + [tr("集水面积")] * (area is None)
    basis = []
    if alpha is not None:
        basis.append(figure_text(alpha, f"α {alpha.value:.2f}", tr))
    if area is not None:
        basis.append(figure_text(area, f"F {area.value:,.0f} km²".replace(",", " "), tr))
    if figures.absorb_mm is None:
        why = f"{tr('缺')} {'、'.join(missing)}" if missing else tr("没有到汛限或防洪高水位的库容")
        return Line(tr("纳雨能力"), DASH, why)
    to = f"{tr('至')} {tr(MARK_WORDS[figures.absorb_to])}"
    text = f"{figures.absorb_mm:.0f} mm"
    made_up = pool.made_up or (alpha.sure if alpha is not None else "")
    return Line(tr("纳雨能力"), with_sure(text, made_up, tr), " · ".join([to, *basis]))


def _worked_back(row: Row, figures: Figures, board: Board, pool: Pool, tr: Translate) -> Line:
    """Return the back-calculated inflow with its error and the window that it is the mean of; an old one with its end."""
    back, name = figures.back, tr("反推入库")
    if back is None:
        lacking = pool.storage is None and pool.area is None
        return Line(name, DASH, tr("要有库容曲线或水面面积") if lacking else tr("要有连续的水位和出库"))
    mean = f"{flow_text(back.value_m3s)} ± {flow_text(back.error_m3s)} m³/s"
    rough = "" if back.settled else f" · {tr('误差仍大于 5%')}"
    until = f"{tr('至')} {stamp(row.level.t, board.now)} · " if stale(row) and row.level is not None else ""
    return Line(name, mean, f"{until}{back.window_h:.0f} h {tr('平均')}{rough}")


def _flow(name: str, sample: Sample | None, board: Board, tr: Translate) -> Line:
    """Return a reported flow; an old one with its time, in the colour of what is too old."""
    if sample is None or not stale_at(sample, board.moment):
        return Line(name, _reported(sample, tr), "")
    return Line(name, _reported(sample, tr), stamp(sample.t, board.now), "state.stale")


def _reported(sample: Sample | None, tr: Translate) -> str:
    """Return a reported flow; the word of its quality follows unless it was measured."""
    text = flow_of(sample)
    if sample is None or text == DASH:
        return text
    return f"{text} m³/s" + ("" if sample.quality == Quality.MEASURED else f" {tr(word(sample.quality))}")


def _net(figures: Figures, tr: Translate) -> Line:
    if figures.net_m3s is None:
        return Line(tr("净入流"), DASH, tr("要有及时的入库和出库"))
    sign = "+" if figures.net_m3s > 0 else "−" if figures.net_m3s < 0 else ""
    by = tr("按反推") if figures.net_by == "worked_back" else tr("按报送")
    return Line(tr("净入流"), f"{sign}{flow_text(abs(figures.net_m3s))} m³/s", by)


def _hours(row: Row, figures: Figures, pool: Pool, tr: Translate) -> Line:
    text = hours_words(row, figures, tr)
    if figures.hours is not None:
        by = tr("按库容曲线") if pool.storage is not None else tr("按水面面积")
        return Line(tr("到汛限"), text, f"{tr('按现在的净入流')} · {by}")
    if text == tr("净入流≤0"):
        return Line(tr("到汛限"), text, tr("不上涨"))
    lacking = text == DASH and figures.limit is not None and figures.to_limit_mcm is None
    return Line(tr("到汛限"), text, tr("要有库容曲线或水面面积") if lacking else "")


def _published(pool: Pool, tr: Translate) -> list[Line]:
    total, flood = pool.facts.total_mcm, pool.facts.flood_control_mcm
    found = [Line(tr("总库容"), volume_text(total.value if total is not None else None, tr), "")]
    if flood is not None:
        found.append(Line(tr("防洪库容"), volume_text(flood.value, tr), ""))
    return found


def _level(row: Row, board: Board, tr: Translate) -> Line:
    """Return the level with its change; of an old one the time comes before all else that is said of it."""
    level = row.level
    if level is None:
        return Line(tr("库水位"), tr("缺报"), "", "text.dim")
    change = f" · 1h {signed(level.change_1h)}" if level.change_1h is not None else ""
    notes = [tr(word(level.quality)), datum_word(row.station.datum, tr)]
    if stale(row):
        notes.insert(0, stamp(level.t, board.now))
    ink = "state.stale" if stale(row) else "text"
    return Line(tr("库水位"), f"{LEVEL.text(level.value)} m{change}", " · ".join(notes), ink)


def present_reservoir(view: ReservoirTarget, board: Board, selected: str | None, tr: Translate) -> tuple[str, str]:
    """Fill the card; return (title, meta)."""
    row = chosen(board, selected)
    view.show_view(reservoir_view(row, board, tr) if row else None)
    if row is None:
        return tr("水库"), ""
    name = row.station.name
    title = name if name.endswith("水库") else tr("{}水库").format(name)
    return title, meta(board, row.level, tr)
