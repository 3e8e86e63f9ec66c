"""Spills of the compared scenarios: curves, and when each place is reached, at its worst and free again."""

from __future__ import annotations

from console.domain.time import stamp
from console.engine.whatif_spill import Passing, Spilled
from console.presenters.consult import BAD, DASH, DIM, HOUR_S, PLAIN, WARN
from console.presenters.wording import Translate
from console.services.consult_desk import ConsultDesk
from console.texts import printable
from console.viewdata.consult import Cell
from console.viewdata.spill import SpillCurve, SpillView

TITLES = ("情景", "断面", "影响开始", "超标开始", "峰值时间", "峰值 mg/L", "超标结束", "超标 h", "说明")
MISSING = "在情景里加一项“水污染”并计算，这里画出污染团沿程和各断面的过程"


def spill_view(desk: ConsultDesk, tr: Translate) -> SpillView:
    """Return the spills of all compared scenarios that have a result."""
    curves: list[SpillCurve] = []
    rows: list[tuple[Cell, ...]] = []
    places: dict[str, float] = {}
    limits: dict[tuple[str, float], None] = {}
    river = ""
    for colour, scenario_id in enumerate(desk.compared):
        scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
        if scenario is None or result is None:
            continue
        for nth, one in enumerate(result.outcome.spills):
            name = f"{printable(one.substance, 20)} · {printable(scenario.name)}"
            t = scenario.base_t + one.hours * HOUR_S
            curves.append(SpillCurve(name, colour, t, one.at_km, one.mg_l, result.watermark, nth))
            limits[f"{printable(one.substance)} {tr('限值')}", one.limit_mg_l] = None
            places |= {p.name: p.at_km for p in one.places}
            rows += [_row(name, one, p, scenario.base_t, tr) for p in one.places]
            river = one.river
    if not curves:
        return SpillView(missing=tr(MISSING))
    ordered = tuple(sorted(places.items(), key=lambda item: item[1]))
    return SpillView(river, tuple(curves), ordered, tuple(limits), tuple(tr(t) for t in TITLES), tuple(rows))


def _row(name: str, one: Spilled, p: Passing, base_t: float, tr: Translate) -> tuple[Cell, ...]:
    def at(hours: float | None, token: str = PLAIN) -> Cell:
        return (DASH, DIM) if hours is None else (stamp(base_t + hours * HOUR_S), token)

    over = p.peak_mg_l >= one.limit_mg_l
    times = f"（{p.peak_mg_l / one.limit_mg_l:.1f} {tr('倍')}）" if over else ""
    peak = (f"{p.peak_mg_l:.3g}{times}", BAD if over else PLAIN) if p.peak_h is not None else (DASH, DIM)
    said = [tr("未混匀，只供参考")] if not p.well_mixed else []
    said += [tr("预见期末仍超标")] if p.over_at_end else []
    said += [tr("预见期内未到")] if p.peak_h is None else []
    return (
        (name, PLAIN), (p.name, PLAIN), at(p.front_h), at(p.arrival_h, BAD), at(p.peak_h), peak, at(p.leave_h),
        (f"{p.over_h:.1f}", BAD) if over else (DASH, DIM), ("，".join(said), WARN if said else DIM),
    )  # fmt: skip
