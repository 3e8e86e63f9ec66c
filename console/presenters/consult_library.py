"""The library of prepared disasters as a table: what each does downstream, on what it rests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from console.domain.elements import flow_text
from console.domain.scenario import DamBreak
from console.engine.prepared import Prepared
from console.engine.tidal_case import places_of, rows_of
from console.engine.whatif import Outcome
from console.presenters.consult import BAD, DASH, DIM, MASS_LIMIT, PLAIN, WARN, limit_of, top_of
from console.presenters.consult_floods import KM2
from console.presenters.wording import Translate
from console.services.disaster_library import DisasterLibrary
from console.texts import printable
from console.viewdata.consult import Cell

TITLES = ("类别", "情景", "石角洪峰 m³/s", "峰现", "石角最高水位 m", "飞来峡最高库水位 m", "超标、超警、受淹", "由来与限制")
STATION, POOL = "shijiao", "feilaixia"


def library_rows(library: DisasterLibrary, declared: Mapping[str, Any], tr: Translate) -> tuple[tuple[Cell, ...], ...]:
    """Return a row for each prepared disaster, in the order of its file."""
    raws = {str(n["id"]): n for n in rows_of(declared)}
    tidal = [str(p["id"]) for p in places_of(declared)]
    return tuple(_row(entry, raws, tidal, tr) for entry in library.entries)


def library_said(library: DisasterLibrary, tr: Translate) -> tuple[str, bool]:
    """Return what is said above the table, and whether it is a fault."""
    if library.problem:
        return library.problem, True
    if library.share is not None:
        return f"{tr('正在预先计算')} {library.share:.0%}", False
    return (f"{tr('已预先计算')} · {printable(library.said)}", False) if library.entries else ("", False)


def _row(entry: Prepared, raws: Mapping[str, Mapping[str, Any]], tidal: Sequence[str], tr: Translate) -> tuple[Cell, ...]:
    head: tuple[Cell, Cell] = ((tr(entry.wanted.kind), DIM), (printable(entry.wanted.name), PLAIN))
    if entry.outcome is None:
        return (*head, *[(DASH, DIM)] * 5, (printable(entry.problem), BAD))
    outcome = entry.outcome
    station = outcome.nodes.get(STATION)
    peak: tuple[Cell, Cell] = ((DASH, DIM), (DASH, DIM))
    if station is not None:
        flow, hour = station.peak
        safe = limit_of(raws.get(STATION, {}), "safe_m3s")
        peak = (flow_text(flow), BAD if safe is not None and flow > safe else PLAIN), (f"+{hour:g} h", DIM)
    words = [printable(entry.note)]
    if station is not None and station.highest is None:
        words.insert(0, tr("石角流量超出水位流量关系，水位不知"))
    if outcome.mass_error > MASS_LIMIT:
        words.insert(0, f"{tr('水量误差')} {outcome.mass_error:.1e}")
    return (
        *head, *peak, _highest(outcome, STATION, limit_of(raws.get(STATION, {}), "warning_m"), WARN),
        _pool(entry, outcome, top_of(raws.get(POOL, {})), tr),
        _over(outcome, raws, tidal, tr), ("；".join(words), DIM),
    )  # fmt: skip


def _pool(entry: Prepared, outcome: Outcome, top: float | None, tr: Translate) -> Cell:
    """Return the highest level of the pool; of a dam that fails at a stated level that one, and that it is stated."""
    failed = next((i.level_m for i in entry.wanted.inputs if isinstance(i, DamBreak) and i.work == POOL), None)
    text, token = _highest(outcome, POOL, top, BAD)
    if failed is None or (text != DASH and float(text) >= failed):
        return text, token
    return f"{failed:.2f}（{tr('设定')}）", BAD if top is not None and failed > top else PLAIN


def _highest(outcome: Outcome, node_id: str, limit: float | None, token: str) -> Cell:
    node = outcome.nodes.get(node_id)
    if node is None or node.highest is None:
        return DASH, DIM
    level = node.highest[0]
    return f"{level:.2f}", token if limit is not None and level > limit else PLAIN


def _over(outcome: Outcome, raws: Mapping[str, Mapping[str, Any]], tidal: Sequence[str], tr: Translate) -> Cell:
    """Return the places that a spill makes unusable, with the hour at which each begins to be; those of the tidal river
    that the water stands over their warning level at; and how much land a breach floods.
    """
    found = [f"{p.name} +{p.arrival_h:.0f} h" for s in outcome.spills for p in s.places if p.arrival_h is not None]
    for node, warning in ((outcome.nodes[k], limit_of(raws[k], "warning_m")) for k in tidal if k in outcome.nodes):
        if node.highest is not None and warning is not None and node.highest[0] > warning:
            found.append(f"{node.name} {node.highest[0]:.2f} m")
    for one in (f for f in outcome.floods if f.beside is None):
        marks = "，".join(filter(None, (tr("合成地形") if one.synthetic else "", tr(one.doubt) if one.doubt else "")))
        found.append(f"{tr('受淹')} {one.area_m2 / KM2:.0f} km²" + (f"（{marks}）" if marks else ""))
    return ("、".join(found), BAD) if found else (DASH, DIM)
