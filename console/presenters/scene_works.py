"""The works of a moment as the sandbox draws them: figures that are stated, states that are judged, and what is assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from console.domain.datum import stated_datum
from console.domain.elements import LEVELS
from console.domain.geo import snapped
from console.domain.objects import Thing
from console.domain.works import Gate, Works
from console.presenters.scene_works_facts import Place, Shape, course_km, shape_of
from console.presenters.wording import Translate
from console.presenters.works import ORDER, STATE_WORDS
from console.presenters.works_charts import gates_view
from console.viewdata.board import Board
from console.viewdata.scene_works import HEIGHT_M, SceneGate, SceneSection, SceneWorks, dimensions
from console.viewdata.works import WorksReport

MAX_BAYS = 500
ACROSS = ("dam", "hydropower", "sluice")  # works that stand in their river
ABOUT_KM = 3.0  # how well a works' place is known where it is general knowledge
DANGEROUS = ("险工", "险段", "险点")
ASSUMED = {
    "type": "工程类型未知，按占位方框画",
    "height": "高度未公布，按 {:.0f} m 画",
    "base": "底高程未公布，按所在地面画",
    "length": "长度未公布，按 {:.0f} m 画",
    "length_bays": "公布的长度放不下各孔，按 {:.0f} m 画",
    "bearing": "走向未知，按水流向正北画",
    "material": "坝型未公布，按混凝土重力坝画",
    "bay_width": "孔宽未公布，按 {:.0f} m 画",
    "leaf": "闸门高度未公布，按 {:.1f} m 画",
    "sill": "闸底高程未公布，按 {:.1f} m 画",
    "spillway": "闸孔位置、墩厚和闸门型式为示意",
}


def scene_works(
    thing: Thing,
    report: WorksReport,
    gates: Mapping[str, Gate],
    board: Board,
    tr: Translate,
    *,
    river: Sequence[Place] = (),
    model: str = "",
) -> SceneWorks | None:
    """Return one works; None where it has no place.

    Args:
        thing: its document.
        report: what was judged of it at this moment.
        gates: every gate by code (works_charts.gates_of).
        board: the moment.
        tr: translation.
        river: the course of its river in downstream order, () unknown.
        model: file of its glTF model, "" none.
    """
    if thing.place is None:
        return None
    works = report.works
    pool = board.row(works.reservoir)
    crest = pool.station.threshold("crest", board.moment, "RZ") if pool else None
    shape = shape_of(thing, works, river, crest.value if crest else None)
    tail, tail_note = _tail(works, board, tr)
    course = thing.lines[0] if len(thing.lines[0]) > 1 else ()
    lon, lat = thing.place
    if works.type in ACROSS and not course and len(river) > 1:
        lon, lat = snapped(np.array(river, float), lon, lat, ABOUT_KM)
    drawn = SceneWorks(
        code=works.code,
        name=works.name,
        type=works.type,
        lon=lon,
        lat=lat,
        line=course,
        bearing_deg=shape.bearing_deg,
        crest_m=shape.crest_m,
        base_m=shape.base_m,
        height_m=shape.height_m,
        length_m=shape.length_m,
        material=shape.material,
        powerhouse=shape.powerhouse or works.type == "hydropower",
        gates=scene_gates(report, gates, board, tr),
        sections=scene_sections(thing, report),
        state=report.state,
        label=label_of(report, tr),
        water_m=report.level_m,
        water_kind=report.level_kind,
        tail_m=tail,
        simulated=works.simulated,
        model=model,
    )
    return replace(drawn, unstated=(*unstated_of(drawn, shape, works, tr), *tail_note))


def scene_gates(report: WorksReport, gates: Mapping[str, Gate], board: Board, tr: Translate) -> tuple[SceneGate, ...]:
    """Return the bays, judged as the gate mimic judges them; a published bay that nobody sends is there, unknown."""
    bays = gates_view(report, gates, board, tr).bays[:MAX_BAYS]
    sills = {code: g.sill_m for code, g in gates.items()}
    found = {n: SceneGate(b.number, b.opening_m, b.max_opening_m, b.width_m, sills.get(b.code)) for n, b in enumerate(bays)}
    taken = {b.number for b in found.values()}
    wanted = min(report.works.gate_count or 0, MAX_BAYS)
    missing = [n for n in range(1, wanted + 1) if n not in taken][: max(0, wanted - len(found))]
    return tuple(sorted([*found.values(), *(SceneGate(n, None) for n in missing)], key=lambda g: g.number))


def scene_sections(thing: Thing, report: WorksReport) -> tuple[SceneSection, ...]:
    """Return the watched sections, each with the worst state of its own sensors and soundings."""
    declared = {str(d.get("code")): d for d in _docs(thing.facts.get("sections"))}
    found = []
    for s in report.works.sections:
        states = [h.state for h in report.sensors if h.sensor.section == s.code]
        states += [x.state for x in report.scours if x.section == s.code and not x.reason]
        critical = declared.get(s.code, {}).get("critical") is True or any(w in s.name for w in DANGEROUS)
        worst = min(states, key=ORDER.__getitem__, default="unknown")
        found.append(SceneSection(s.name, s.chainage_m, critical, s.profile, worst))
    return tuple(found)


def label_of(report: WorksReport, tr: Translate) -> str:
    """Return what stands beside a works: its name, its state, the water before it."""
    made = f"（{tr('模拟')}）" if report.works.simulated else ""
    parts = [report.works.name, f"{tr('工情')}{tr(STATE_WORDS[report.state])}{made}"]
    if report.level_m is not None:
        kind = {"forecast": tr("预报"), "stale": tr("过时")}.get(report.level_kind, "")
        parts.append(f"{tr('临水位')} {report.level_m:.2f} m{f'（{kind}）' if kind else ''}")
    return " · ".join(parts)


def unstated_of(drawn: SceneWorks, shape: Shape, works: Works, tr: Translate) -> tuple[str, ...]:
    """Return what is drawn by assumption, in words."""
    said = []
    if works.type == "levee" and drawn.line:
        said += _levee_words(drawn, tr)
    else:
        said += [tr(ASSUMED[what]).format(figure) for what, figure in dimensions(drawn).assumed]
    if shape.bearing_from == "river":
        said.append(tr("临水侧按河道中心线判断") if works.type == "levee" else tr("水流方向按河道中心线推算"))
    if works.simulated and any(s.profile for s in drawn.sections):
        said.append(tr("断面为模拟"))
    return tuple(said)


def _levee_words(drawn: SceneWorks, tr: Translate) -> list[str]:
    profiles = sum(1 for s in drawn.sections if s.profile and s.chainage_m is not None)
    said = []
    if profiles:
        said.append(tr("堤顶高程和边坡按 {} 个断面内插").format(profiles))
    else:
        said.append(tr("边坡 1:3、堤顶宽 8 m 为示意"))
        if drawn.crest_m is None:
            height = drawn.height_m or HEIGHT_M["levee"]
            given = tr("堤顶按公布堤高 {:.1f} m 画") if drawn.height_m else tr("堤顶高程未公布，按高出地面 {:.0f} m 画")
            said.append(given.format(height))
    if drawn.bearing_deg is None:
        said.append(tr("临水侧未知，按走向左侧画"))
    km = course_km(drawn.line)
    if drawn.length_m and abs(drawn.length_m / 1000 - km) > 0.02 * km:
        said.append(tr("走线长 {:.1f} km，桩号按公布长度 {:.1f} km 折算").format(km, drawn.length_m / 1000))
    return said


def _tail(works: Works, board: Board, tr: Translate) -> tuple[float | None, tuple[str, ...]]:
    """Return the level behind a works, and a word where it may not be set beside the one before it."""
    row = board.row(works.below[0]) if works.below else None
    sample = row.level if row is not None else None
    if row is None or sample is None or sample.value is None or not sample.usable or sample.element not in LEVELS:
        return None, ()
    before = board.row(works.level[0]) if works.level else None
    ours, theirs = stated_datum(row.station.datum), stated_datum(before.station.datum) if before else ""
    if not ours or ours != theirs:
        return sample.value, (tr("上下游水位基面不同或未注明，图中高差不可量取"),)
    return sample.value, ()


def _docs(value: object) -> list[Mapping[str, object]]:
    return [d for d in value if isinstance(d, Mapping)] if isinstance(value, list | tuple) else []
