"""Around the works: detention areas, rule levels, cameras, sensors and underwater surveys of a moment, for the sandbox."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from console.domain.cameras import VideoCamera
from console.domain.elements import LEVELS
from console.domain.objects import Thing
from console.domain.works import gate_of, number
from console.engine.survey import Surface, SurveyRefused
from console.presenters.scene_works import scene_works
from console.presenters.scene_works_facts import Place, course_km, moved, on_course
from console.presenters.wording import Translate
from console.texts import printable
from console.viewdata.board import Board
from console.viewdata.scene_works import (
    SceneArea,
    SceneSpot,
    SceneSurvey,
    SceneWorks,
    SceneWorksView,
    dimensions,
)
from console.viewdata.surveys import SurveyHead, heads, surface_of
from console.viewdata.works import Scour, SensorHealth, WorksReport

log = logging.getLogger(__name__)
RULES = ("dead", "flood_limit", "normal", "flood_control_high", "design", "check")
RING_POINTS = 5000


def scene_works_view(
    things: Mapping[str, Sequence[Thing]],
    reports: Sequence[WorksReport],
    board: Board,
    cameras: Sequence[VideoCamera],
    tr: Translate,
    *,
    rivers: Mapping[str, Sequence[Place]] | None = None,
    models: Mapping[str, str] | None = None,
) -> SceneWorksView:
    """Return everything of works at a moment; pure, for a worker thread where surveys are large.

    Args:
        things: documents by kind: works, surveys, cameras, retention_areas.
        reports: what was judged (WorksHealth.reports).
        board: the moment.
        cameras: those of the catalogue.
        tr: translation.
        rivers: river's name to its course, downstream.
        models: works' code to its glTF file.
    """
    by_code = {t.code: t for t in things.get("works", ())}
    gates = {r.code: gate_of(r.station) for r in board.rows if r.station.kind == "gate"}
    drawn: list[SceneWorks] = []
    unplaced: list[str] = []
    for report in reports:
        thing = by_code.get(report.works.code)
        river = (rivers or {}).get(str(thing.facts.get("river")), ()) if thing else ()
        model = (models or {}).get(report.works.code, "")
        made = scene_works(thing, report, gates, board, tr, river=river, model=model) if thing else None
        if made is None:
            unplaced.append(report.works.name)
        else:
            drawn.append(made)
    placed = {w.code: w for w in drawn}
    spots = [s for r in reports for h in r.sensors if (s := sensor_spot(h, placed.get(r.works.code), board)) is not None]
    facts = {t.code: t.facts for t in things.get("cameras", ())}
    spots += [s for c in cameras if (s := camera_spot(c, facts.get(c.code, {}))) is not None]
    surveys: list[SceneSurvey] = []
    for report in reports:
        if (works := placed.get(report.works.code)) is not None:
            found, refused = scene_surveys(works, report, things, board, tr)
            surveys += found
            unplaced += refused
    areas = [a for t in things.get("retention_areas", ()) if (a := scene_area(t, board, tr)) is not None]
    return SceneWorksView(tuple(drawn), tuple(areas), tuple(spots), tuple(surveys), tuple(unplaced))


def scene_area(thing: Thing, board: Board, tr: Translate) -> SceneArea | None:
    """Return a detention area; None without an outline. In use only where its document says so, either way."""
    ring = thing.lines[0][:RING_POINTS] if thing.lines else ()
    if len(ring) < 3:
        return None
    said = thing.facts.get("in_use")
    in_use = said if isinstance(said, bool) else None
    pointer = thing.facts.get("level")
    row = board.row(str(pointer.get("object"))) if isinstance(pointer, Mapping) else None
    sample = row.level if row is not None else None
    level = sample.value if sample is not None and sample.usable and sample.element in LEVELS else None
    word = {True: tr("已启用"), False: tr("未启用"), None: tr("启用情况未知")}[in_use]
    water = f" · {level:.2f} m" if level is not None else ""
    state = {True: "alarm", False: "normal", None: "unknown"}[in_use]
    label = f"{thing.name} · {word}{water}"
    simulated = thing.facts.get("simulated") is True
    return SceneArea(thing.code, thing.name, ring, "retention", state, level, in_use, label, simulated)


def camera_spot(camera: VideoCamera, facts: Mapping[str, object]) -> SceneSpot | None:
    """Return a camera that has a place; it looks nowhere unless its bearing is stated."""
    if camera.place is None or camera.film:
        return None
    own = facts.get("facts")
    told = {**facts, **(own if isinstance(own, Mapping) else {})}
    bearing = number(told.get("bearing_deg"), -360, 360)
    return SceneSpot(
        camera.code,
        camera.name,
        "camera",
        *camera.place,
        height_m=number(told.get("height_m"), 0.5, 300),
        bearing_deg=None if bearing is None else bearing % 360,
        label=camera.name,
    )


def sensor_spot(h: SensorHealth, works: SceneWorks | None, board: Board) -> SceneSpot | None:
    """Return a sensor at its own place, else worked out from its works' chainage and offset, else at the works."""
    row = board.row(h.sensor.code)
    s = row.station if row is not None else None
    own = (s.lon, s.lat) if s is not None and s.lon is not None and s.lat is not None else None
    at = own or (place_on(works, h.sensor.chainage_m, h.sensor.offset_m or 0.0) if works is not None else None)
    if at is None:
        return None
    return SceneSpot(
        h.sensor.code, h.sensor.name, "sensor", at[0], at[1], None, h.state, None, h.sensor.elevation_m, own is None
    )


def place_on(works: SceneWorks, chainage_m: float | None, offset_m: float) -> Place:
    """Return the place of a chainage and an offset (water side positive); a works' own place where neither can be told."""
    here = (works.lon, works.lat)
    if chainage_m is None:
        return here
    at, along, left = _frame(works, chainage_m)
    return here if at is None else moved(at, along - 90 if left else along + 90, offset_m)


def _frame(works: SceneWorks, chainage_m: float) -> tuple[Place | None, float, bool]:
    """Return (place on the axis, bearing of the way, the water is to its left); None where the axis is not known."""
    if works.line:
        at, along = on_course(works.line, chainage_m, works.length_m)
        _, middle = on_course(works.line, 500 * course_km(works.line), None)
        off = 0.0 if works.bearing_deg is None else (works.bearing_deg - middle) % 360
        return at, along, works.bearing_deg is None or off >= 180
    if works.bearing_deg is None:
        return None, 0.0, False
    length = dimensions(works).length_m
    along = works.bearing_deg + 90  # from the left bank to the right, the water behind
    return moved((works.lon, works.lat), along, min(chainage_m, length) - length / 2), along, False


# --- underwater surveys -------------------------------------------------------------------------
def scene_surveys(
    works: SceneWorks, report: WorksReport, things: Mapping[str, Sequence[Thing]], board: Board, tr: Translate
) -> tuple[list[SceneSurvey], list[str]]:
    """Return the newest survey of every section, with what changed since the one it was compared with; and names of those
    that cannot be used: the report's own comparison says why.
    """
    newest: dict[str, SurveyHead] = {}
    for head in heads(things.get("surveys", ()), board.moment):
        if head.works == works.code:
            newest[head.section] = head
    scours = {s.section: s for s in report.scours if not s.reason and s.scour_m.size}
    found, refused = [], []
    for section, head in newest.items():
        try:
            bed = surface_of(head.thing)
        except SurveyRefused as exc:
            log.info("survey %s not drawn: %s", head.thing.code, exc)
            refused.append(head.thing.name)
            continue
        found.append(_survey(works, head, bed, scours.get(section), tr))
    return found, refused


def _survey(works: SceneWorks, head: SurveyHead, bed: Surface, scour: Scour | None, tr: Translate) -> SceneSurvey:
    """Return a survey in a frame of its own: x along the works from its first line, y to the left."""
    x, y, z, change = bed.x_m, bed.y_m, bed.z_m, None
    label = head.thing.name
    if scour is not None:
        from scipy.interpolate import RegularGridInterpolator  # slow to import: not before the first survey

        x, y, change = scour.x_m, scour.y_m, scour.scour_m
        gy, gx = np.meshgrid(y, x, indexing="ij")
        read = RegularGridInterpolator((bed.y_m, bed.x_m), bed.z_m, bounds_error=False, fill_value=np.nan)
        z = read(np.stack([gy, gx], axis=-1))
        label = f"{label} · {tr('最深冲刷')} {scour.deepest_m:.2f} m"
    at, along, left = _frame(works, float(x[0]))
    if not left:
        y, z, change = -y[::-1], z[::-1], None if change is None else change[::-1]
    here = at if at is not None else (works.lon, works.lat)
    simulated = head.thing.facts.get("simulated") is True
    name = printable(head.section or head.thing.name, 40)
    label += f" · {tr('模拟')}" if simulated else ""
    return SceneSurvey(works.code, name, *here, along % 360, x - x[0], y, z, label, change, simulated)
