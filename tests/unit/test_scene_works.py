"""From the session's works to what the sandbox draws: stated stays stated, assumed is said, unknown stays unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from console.domain.cameras import camera_of
from console.domain.geo import distance_km
from console.domain.objects import Thing, station_from_doc, thing_from_doc
from console.domain.quality import Quality
from console.domain.time import from_beijing
from console.domain.works import gate_of, sensor_of, works_of
from console.drill.facts import basin_objects
from console.presenters.scene_works import scene_works
from console.presenters.scene_works_around import camera_spot, place_on, scene_area, scene_works_view
from console.presenters.scene_works_facts import bearing_between, moved, shape_of
from console.viewdata.scene_works import dimensions
from console.viewdata.surveys import compared, heads, pairs_by_section
from console.viewdata.works import SensorHealth, WorksReport
from tests.rows import T, board_of, station_row

BEIJIANG = ((113.41, 24.19), (113.25, 23.81), (113.05, 23.69), (112.94, 23.57), (112.83, 23.17))


def same(text):
    return text


@pytest.fixture(scope="module")
def objects():
    return basin_objects()


@pytest.fixture(scope="module")
def works(objects):
    return {d["code"]: thing_from_doc("works", d) for d in objects["works"]}


def report_of(thing, **more):
    return WorksReport(works_of(thing), more.pop("state", "normal"), **more)


def bay(code, number, opening, **facts):
    return station_row(code, opening, kind="gate", element="GTO", facts={"works": "LOCWK001", "bay": number, **facts})


def drawn(thing, *rows, river=BEIJIANG, **more):
    board = board_of(*rows)
    gates = {r.code: gate_of(r.station) for r in rows if r.station.kind == "gate"}
    return scene_works(thing, report_of(thing, **more), gates, board, same, river=river)


def test_the_dam_is_drawn_with_its_gates_as_they_are_judged(works):
    rows = (
        bay("G1", 1, [3.0, 3.0], width_m=14.0, max_opening_m=12.0, sill_m=16.0),
        bay("G2", 2, [0.0, 0.0], width_m=14.0, max_opening_m=12.0),
        bay("G3", 3, [55.0, 55.0], width_m=14.0, max_opening_m=12.0),
        station_row("G4", [2.0], kind="gate", element="GTO", end=T - 86400, facts={"works": "LOCWK001", "bay": 4}),
    )
    made = drawn(works["LOCWK001"], *rows, level_m=24.31, level_kind="stale", state="alarm")
    openings = {g.number: g.opening_m for g in made.gates}
    assert openings[1] == 3.0 and openings[2] == 0.0 and made.gates[0].sill_m == 16.0
    assert openings[3] is None and openings[4] is None, "a reading without sense and an old one are no opening"
    assert len(made.gates) == 15 and all(openings[n] is None for n in range(5, 16)), (
        "published bays that nobody sends are unknown"
    )
    assert made.state == "alarm" and made.water_m == 24.31 and "过时" in made.label and "模拟" in made.label
    assert dimensions(made).crest_m == 34.8, "the crest of the declared section"


def test_what_is_not_stated_is_said_and_what_is_published_is_used(works):
    nanshui = drawn(works["LOCWK003"], river=())
    assert (nanshui.height_m, nanshui.length_m, nanshui.material) == (80.2, 215.0, "earth")
    words = " ".join(nanshui.unstated)
    assert "走向未知" in words and "底高程" in words and "高度未公布" not in words and "长度未公布" not in words
    lechang = drawn(works["LOCWK004"], river=())
    assert lechang.height_m == 84.2 and any("长度未公布" in w for w in lechang.unstated)
    total = replace(works["LOCWK003"], facts={"type": "dam", "published": [{"name": "总库容", "text": "12.8 亿m³"}]})
    assert shape_of(total, works_of(total), ()).height_m is None, "a storage is no height"


def test_the_dams_crest_comes_from_its_reservoirs_when_only_that_is_stated(works):
    row = station_row("LOC00503", [210.0], kind="reservoir", thresholds={"crest": 225.5})
    made = drawn(works["LOCWK003"], row, river=())
    assert made.crest_m == 225.5 and dimensions(made).base_m == pytest.approx(225.5 - 80.2)


def test_water_passes_the_dam_down_its_river_and_the_levee_knows_its_water_side(works):
    dam = drawn(works["LOCWK001"])
    assert 180 < dam.bearing_deg < 270 and any("河道中心线" in w for w in dam.unstated), "the Beijiang runs south-west here"
    far = drawn(works["LOCWK001"], river=((110.0, 20.0), (110.1, 20.0)))
    assert far.bearing_deg is None and any("走向未知" in w for w in far.unstated)
    levee = drawn(works["LOCWK002"], river=((112.84, 23.6), (112.84, 23.0)))
    assert 225 < levee.bearing_deg < 315, "a river in the west"
    assert len(levee.line) == 4 and levee.length_m == 64_000.0
    assert any("断面内插" in w for w in levee.unstated) and any("折算" in w for w in levee.unstated)


def test_the_tail_water_is_not_set_against_a_level_of_another_datum(works):
    up = station_row("LOC00506", [24.0], kind="reservoir", datum="珠基")
    down = station_row("LOC00109", [12.0], datum="1985")
    made = drawn(works["LOCWK001"], up, down)
    assert made.tail_m == 12.0 and any("不可量取" in w for w in made.unstated)
    level = drawn(works["LOCWK001"], up, station_row("LOC00109", [12.0], datum="珠基"))
    assert level.tail_m == 12.0 and not any("不可量取" in w for w in level.unstated)
    assert drawn(works["LOCWK001"]).tail_m is None


def test_a_section_is_dangerous_only_where_it_is_declared_and_has_the_state_of_its_own_sensors(works, objects):
    thing = works["LOCWK002"]
    sensors = [sensor_of(station_from_doc(d)) for d in objects["sensors"]]
    health = tuple(SensorHealth(s, "alarm" if s.section == "K12" else "normal") for s in sensors if s.works == thing.code)
    made = drawn(thing, sensors=health, state="alarm")
    assert [(s.name, s.critical, s.state) for s in made.sections] == [("石角段", False, "normal"), ("芦苞段", False, "alarm")]
    told = {**thing.facts, "sections": [{**s, "critical": True} for s in thing.facts["sections"]]}
    assert all(s.critical for s in drawn(replace(thing, facts=told)).sections)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {
            "type": "dam",
            "crest_m": float("nan"),
            "length_m": "long",
            "height_m": -5,
            "gate_count": 1e9,
            "bearing_deg": float("inf"),
        },
        {"type": "levee", "sections": [None, 3, {"chainage_m": "x", "profile": [[1], None, [1, 2, 3]]}], "length_km": True},
        {"type": "sluice", "published": [{"name": "坝高", "text": "高 " + "9" * 400 + " m"}], "sections": {"a": 1}},
        {"type": "dam", "published": [{"name": "坝高", "text": "84.2 m 左右（待查）"}]},
    ],
)
def test_documents_that_make_no_sense_leave_unknown_what_they_do_not_say(facts):
    thing = Thing("works", "X", "某工程", (((113.0, 23.5),),), facts)
    made = drawn(thing)
    assert made.crest_m is None and made.height_m is None and made.length_m is None
    assert made.unstated and all(isinstance(w, str) for w in made.unstated)


def test_works_without_a_place_are_named_and_not_put_anywhere(works):
    reports = [report_of(t) for t in works.values()]
    view = scene_works_view({"works": tuple(works.values())}, reports, board_of(), (), same)
    assert set(view.unplaced) == {"芦苞水闸", "西南水闸"} and {w.code for w in view.works} == {
        f"LOCWK00{n}" for n in (1, 2, 3, 4)
    }
    modelled = scene_works_view({"works": tuple(works.values())}, reports, board_of(), (), same, models={"LOCWK001": "a.glb"})
    assert next(w.model for w in modelled.works if w.code == "LOCWK001") == "a.glb"


def test_sensors_stand_where_they_are_or_are_said_to_be_worked_out(works, objects):
    stations = {d["code"]: station_from_doc(d) for d in objects["sensors"]}
    levee = works["LOCWK002"]
    health = tuple(SensorHealth(sensor_of(stations[c]), "normal") for c in ("LOCSN204", "LOCSN206"))
    own = station_row("LOCSN206", [1.0], kind="sensor", element="PW", lon=112.9, lat=23.4)
    report = report_of(levee, sensors=health)
    rivers = {"北江": ((112.84, 23.6), (112.84, 23.0))}
    view = scene_works_view({"works": (levee,)}, [report], board_of(own), (), same, rivers=rivers)
    riverside, surveyed = view.spots
    assert riverside.assumed and riverside.elevation_m == 2.0
    assert not surveyed.assumed and (surveyed.lon, surveyed.lat) == (112.9, 23.4)
    made = view.works[0]
    axis = place_on(made, 12100.0, 0.0)
    assert float(distance_km(*axis, riverside.lon, riverside.lat)) == pytest.approx(0.006, abs=0.0005)
    assert riverside.lon < axis[0], "6 m on the water side, which is west"


def test_the_toes_survey_lies_beside_the_levee_and_shows_what_was_scoured(works, objects):
    surveys = tuple(thing_from_doc("surveys", d) for d in objects["surveys"])
    at = from_beijing("2022-06-22 14:00")
    levee = works["LOCWK002"]
    pairs = pairs_by_section(works_of(levee), heads(surveys, at))["K12"]
    scour = compared(works_of(levee), pairs[0])
    report = report_of(levee, scours=(scour,), scour=scour)
    rivers = {"北江": ((112.84, 23.6), (112.84, 23.0))}
    view = scene_works_view({"works": (levee,), "surveys": surveys}, [report], board_of(at=at), (), same, rivers=rivers)
    (survey,) = view.surveys
    assert survey.simulated and "模拟" in survey.label and "最深冲刷" in survey.label
    assert survey.z_m.shape == survey.scour_m.shape == (len(survey.y_m), len(survey.x_m)) and (np.diff(survey.y_m) > 0).all()
    assert survey.y_m.max() < 0, "the water is to the right of a levee that runs south, y grows to the left"
    j, i = np.unravel_index(np.nanargmax(survey.scour_m), survey.scour_m.shape)
    chainage, offset = scour.x_m[0] + survey.x_m[i], -survey.y_m[j]
    assert (chainage, offset) == (pytest.approx(12112, abs=16), pytest.approx(48, abs=8)), "where the hole was made"
    alone = scene_works_view({"works": (levee,), "surveys": surveys[:1]}, [report_of(levee)], board_of(at=at), (), same)
    assert alone.surveys[0].scour_m is None
    hostile = replace(surveys[0], facts={**surveys[0].facts, "grid": {"x0_m": 0}})
    refused = scene_works_view({"works": (levee,), "surveys": (hostile,)}, [report_of(levee)], board_of(at=at), (), same)
    assert refused.surveys == () and hostile.name in refused.unplaced


def test_a_detention_area_is_in_use_only_when_its_document_says_so():
    ring = ((113.2, 23.7), (113.3, 23.7), (113.25, 23.8), (113.2, 23.7))
    level = {"object": "L1", "element": "Z"}
    board = board_of(station_row("L1", [14.2]))
    area = scene_area(Thing("retention_areas", "P", "潖江蓄滞洪区", (ring,), {"in_use": True, "level": level}), board, same)
    assert area.in_use is True and area.level_m == 14.2 and "已启用" in area.label
    silent = scene_area(Thing("retention_areas", "P", "潖江蓄滞洪区", (ring,), {"in_use": "yes"}), board, same)
    assert silent.in_use is None and silent.level_m is None and "未知" in silent.label and silent.state == "unknown"
    assert scene_area(Thing("retention_areas", "P", "潖江", (ring[:2],), {}), board, same) is None
    doubtful = station_row("L1", [14.2])
    suspect = replace(doubtful, level=replace(doubtful.level, quality=int(Quality.SUSPECT)))
    shown = scene_area(Thing("retention_areas", "P", "潖江", (ring,), {"level": level}), board_of(suspect), same)
    assert shown.level_m is None


def test_a_camera_has_a_view_only_when_its_bearing_is_stated():
    thing = Thing("cameras", "C", "枪机", (((113.0, 23.0),),), {"facts": {"bearing_deg": -90, "height_m": 12}})
    spot = camera_spot(camera_of(thing), thing.facts)
    assert (spot.bearing_deg, spot.height_m) == (270.0, 12.0)
    plain = replace(thing, facts={"bearing_deg": "north"})
    assert camera_spot(camera_of(plain), plain.facts).bearing_deg is None
    assert camera_spot(camera_of(replace(thing, lines=())), {}) is None


def test_bearings_and_steps_on_the_ground():
    here = (113.0, 23.0)
    for bearing in (0.0, 45.0, 135.0, 270.0):
        there = moved(here, bearing, 800.0)
        assert float(distance_km(*here, *there)) == pytest.approx(0.8, rel=1e-3)
        assert bearing_between(here, there) == pytest.approx(bearing, abs=0.05)


def test_readings_of_the_future_open_no_gate(works):
    row = bay("G1", 1, [3.0, 3.0], max_opening_m=12.0)
    board = replace(board_of(row, at=T), now=T - 7200)
    made = scene_works(works["LOCWK001"], report_of(works["LOCWK001"]), {"G1": gate_of(row.station)}, board, same)
    assert made.gates[0].opening_m is None, "no forecast, no opening"
