"""Stage against discharge of the selected station: the window's loop, published gaugings, a curve where enough."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from console.domain.objects import Station
from console.engine.rating import POINTS_MIN, NoRating, Rating, fit_power, flood_loop, three_tests
from console.presenters.rating_pairs import paired
from console.presenters.rating_years import YearLoops
from console.presenters.station_facts import gaugings
from console.presenters.wording import Translate
from console.services.session import Session
from console.store.cache_reader import Rows
from console.viewdata.curve_tools import Gauging, RatingView, YearLoop

BEYOND = 0.25  # of the gauged span that the curve is drawn past its ends, dashed
STEPS = 80
WHY = {
    "few": "实测点太少，不拟合",
    "span": "实测点的水位变幅太小，不拟合",
    "shape": "流量不随水位增大，不拟合",
}


class RatingTarget(Protocol):
    def show_view(self, view: RatingView) -> None: ...


class RatingPresenter:
    """Reads the window of both series when something changed; fits off the GUI thread."""

    def __init__(self, session: Session, view: RatingTarget, tr: Translate) -> None:
        self._session = session
        self._view = view
        self._tr = tr
        self._key: tuple[object, ...] = ()
        self._busy = False
        self._closed = False
        self._years = YearLoops()
        self.shown: RatingView | None = None
        self.title = ""

    def close(self) -> None:
        self._closed = True

    def refresh(self) -> str:
        session, tr = self._session, self._tr
        board = session.board
        station = board.stations.get(session.situation.current.selection or "")
        if station is None:
            self._key, self.title = (), ""
            self._show(RatingView("", "", missing=self._other(session.situation.current.selection)))
            return tr("没有选中对象") if session.situation.current.selection is None else ""
        self.title = f"{station.name} · {tr('水位流量关系')}"
        series = board.series_of(station.code)
        level, flow = series.get("Z"), series.get("Q")
        moment, span = board.board.moment, session.situation.current.window_h * 3600
        sids = [s.sid for s in (level, flow) if s is not None]
        key = (station.code, moment // 60, span, board.revision(sids), board.history, id(board.stations))
        if key != self._key and not self._busy:
            self._key, self._busy = key, True
            pair = (level.sid, flow.sid) if level is not None and flow is not None else None
            session.tasks.start("rating", self._fetch(station, pair, int(moment - span), int(moment)))
        return f"{tr('基面')} {station.datum or '—'}"

    def _other(self, code: str | None) -> str:
        """Return what is said of a selection that is no station, "" for none."""
        thing = next((t for kind in self._session.board.things.values() for t in kind if code and t.code == code), None)
        return f"{thing.name} {self._tr('没有水位流量关系；选中一个有水位和流量的测站')}" if thing is not None else ""

    async def _fetch(self, station: Station, pair: tuple[int, int] | None, from_t: int, to_t: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            rows = await self._session.board.window(pair, from_t, to_t) if pair is not None else {}
            both = (rows[pair[0]], rows[pair[1]]) if pair is not None else None
            view = await loop.run_in_executor(None, rating_view, station, both, self._tr)
            if pair is not None and not self._closed:
                board, span = self._session.board, to_t - from_t
                if not self._years.known(board, pair, to_t, span):
                    self._show(view)  # this year's first
                loops = await self._years.of(board, pair, to_t, span)
                view = replace(view, loops=loops, notes=(*view.notes, *_years_note(loops, self._tr)))
        finally:
            self._busy = False
        if not self._closed:
            self._show(view)

    def _show(self, view: RatingView) -> None:
        self.shown = view
        self._view.show_view(view)


def rating_view(station: Station, rows: tuple[Rows, Rows] | None, tr: Translate) -> RatingView:
    """Return everything of the picture; may be computed on any thread."""
    known, left_out = gaugings(station)
    view = RatingView(station.code, station.name, station.datum, gaugings=known)
    notes = []
    if rows is None:
        said = f"{station.name} {tr('没有同时的水位和流量')}"
        view = replace(view, missing=f"{said}；{tr('接入这个站的水位和流量序列后，这里画它的关系线')}")
        notes += [said] if known else []
    else:
        t, z, q, measured = paired(*rows)
        view = replace(view, t=t, level_m=z, flow_m3s=q, measured=measured, present=len(t) - 1 if len(t) else None)
        if not len(t):
            said = f"{station.name} {tr('所示时段没有同时的水位和流量')}"
            view = replace(view, missing=f"{said}；{tr('拉长时段，或等这一段数据补报')}")
            notes += [said] if known else []
        notes += _loop_note(view, tr)
    if view.missing and not known:
        return view
    view, of_fit = _fitted(view, tr)
    notes += of_fit
    if any(g.forecast for g in known):
        notes.append(tr("空心点为公布的预报值，不参加拟合"))
    if left_out:
        notes.append(f"{left_out} {tr('个公布点资料无效，未用')}")
    return replace(view, notes=tuple(notes))


def _years_note(loops: tuple[YearLoop, ...], tr: Translate) -> tuple[str, ...]:
    if not loops:
        return ()
    years = "、".join(str(loop.year) for loop in loops)
    return (f"{tr('细线为历年最高一场洪水')}：{years}",)


def _loop_note(view: RatingView, tr: Translate) -> list[str]:
    loop = flood_loop(view.level_m, view.flow_m3s)
    rebuilt = len(view.t) > 0 and bool((~view.measured).mean() > 0.5)
    notes = [tr("时段内的点多为重建，由关系线推得，不能说明绳套")] if rebuilt else []
    if loop is None or rebuilt:
        return notes
    if not loop.marked:
        return [*notes, tr("涨落水之间没有明显绳套")]
    way = tr("逆时针，同水位涨水流量大") if loop.anticlockwise else tr("顺时针，同水位落水流量大")
    return [*notes, f"{tr('绳套')} {way} {abs(loop.share) * 100:.0f} %（{loop.low_m:.2f}～{loop.high_m:.2f} m）"]


def _gauged(view: RatingView) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Return what a curve may be fitted on: published gaugings if enough, else the window's measured pairs.

    Rebuilt pairs come from a curve themselves: a fit on them would only find that curve again.
    """
    published = [g for g in view.gaugings if not g.forecast]
    if len(published) >= POINTS_MIN:
        return np.array([g.level_m for g in published]), np.array([g.flow_m3s for g in published]), _years(published)
    return view.level_m[view.measured], view.flow_m3s[view.measured], ""


def _years(published: list[Gauging]) -> str:
    years = sorted({g.year for g in published if g.year.isdigit()})
    return f"{years[0]}–{years[-1]}" if years else ""


def _fitted(view: RatingView, tr: Translate) -> tuple[RatingView, list[str]]:
    z, q, years = _gauged(view)
    try:
        fit = fit_power(z, q)
    except NoRating as exc:
        return view, [f"{tr(WHY[exc.reason])}（{len(z)} {tr('点，至少')} {POINTS_MIN}）"]
    low, high = fit.low_m, fit.high_m
    past = BEYOND * (high - low)
    inside = np.linspace(low, high, STEPS)
    below, above = np.linspace(max(low - past, fit.z0_m + 1e-3), low, 12), np.linspace(high, high + past, 12)
    beyond = np.concatenate([below, [np.nan], above])
    foot = f"{'−' if fit.z0_m >= 0 else '+'} {abs(fit.z0_m):.2f}"
    notes = [f"Q = {fit.a:.4g}·(Z {foot})^{fit.b:.3f}，n={fit.n}，Se={fit.se * 100:.1f} %，{low:.2f}～{high:.2f} m"]
    if years:
        notes.append(f"{tr('按公布的实测点拟合')} {years}；{tr('河床冲淤会使关系变动')}")
    if fit.at_bound:
        notes.append(tr("点据定不出指数，只在实测范围内可用"))
    if fit.n >= 10 and not three_tests(fit, z, q).passed:
        notes.append(tr("符号、适线、偏离检验未全部通过"))
    notes += _present_note(view, fit, tr)
    curve = (inside, fit.flow_m3s(inside))
    outside = (beyond, fit.flow_m3s(beyond))
    return replace(view, curve=curve, beyond=outside, se=fit.se, gauged_m=(low, high)), notes


def _present_note(view: RatingView, fit: Rating, tr: Translate) -> list[str]:
    if view.present is None:
        return []
    z, q = float(view.level_m[view.present]), float(view.flow_m3s[view.present])
    if not bool(fit.inside(z)):
        return [f"{tr('当前水位')} {z:.2f} m {tr('超出实测范围，虚线只供参考')}"]
    on_curve = float(fit.flow_m3s(np.array(z)))
    return [f"{tr('当前点偏离关系线')} {(q / on_curve - 1) * 100:+.1f} %"]
