"""Works in the sandbox: what is stated is where it is stated, what is unknown does not look known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from console.viewdata.scene_works import (
    SceneArea,
    SceneGate,
    SceneSection,
    SceneSpot,
    SceneSurvey,
    SceneWorks,
    dimensions,
)
from scenes.build.works_areas import area_mesh, spot_mesh, survey_mesh
from scenes.build.works_levee import course
from scenes.build.works_mesh import ground_around, symbol_mesh, works_model
from scenes.build.works_solids import joined
from scenes.ground.frame import to_local

PROFILE = ((2.0, 2.0), (2.0, 34.8), (-8.0, 34.8), (-8.0, 28.0), (-28.0, 2.0))
COLORS = {"normal": (169, 182, 194), "alarm": (255, 90, 82), "attention": (91, 151, 255)}
GATES = (
    SceneGate(1, 0.0, 12.0, 14.0, 16.0),
    SceneGate(2, 4.5, 12.0, 14.0, 16.0),
    SceneGate(3, None, 12.0, 14.0, 16.0),
)
DAM = SceneWorks(
    "D",
    "飞来峡",
    "dam",
    113.25,
    23.81,
    bearing_deg=0.0,
    length_m=300.0,
    gates=GATES,
    sections=(SceneSection("5 号坝段", 120.0, False, PROFILE),),
    state="normal",
    water_m=25.0,
)
LEVEE = SceneWorks(
    "L",
    "北江大堤",
    "levee",
    112.96,
    23.57,
    line=((112.96, 23.57), (112.90, 23.36), (112.87, 23.20), (112.99, 23.10)),
    length_m=64_000.0,
    bearing_deg=270.0,
    state="attention",
)


def hills(east_m, north_m):
    return 6.0 + 3.0 * np.sin(east_m / 400.0) + 2.0 * np.cos(north_m / 300.0)


def dam(**changes):
    return works_model(replace(DAM, **changes), None, COLORS).mesh


def volume(corners):
    a, b, c = (corners[:, i].astype(float) for i in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def closed(corners):
    """Every edge is walked once each way: nothing is open and all sides face the same way."""
    keys = {tuple(p): n for n, p in enumerate(np.unique(corners.reshape(-1, 3).round(3), axis=0))}
    found = {}
    for t in corners.round(3):
        ids = [keys[tuple(p)] for p in t]
        for i in range(3):
            edge = (ids[i], ids[(i + 1) % 3])
            found[edge] = found.get(edge, 0) + 1
    return all(found.get((b, a)) == n for (a, b), n in found.items())


def test_a_dam_stands_from_its_foundation_to_its_crest_in_its_own_section():
    mesh = dam()
    body = mesh.part("body:left")
    assert body[..., 2].max() == pytest.approx(34.8) and body[..., 2].min() == pytest.approx(2.0)
    assert (-body[..., 1]).max() == pytest.approx(2.0) and (-body[..., 1]).min() == pytest.approx(-28.0), (
        "offsets of the profile"
    )
    x = np.concatenate([mesh.part(p)[..., 0].ravel() for p in ("body", "weir", "pier")])
    assert x.max() - x.min() == pytest.approx(300.0), "the stated length"


def test_a_gate_hangs_as_far_above_its_sill_as_it_is_open():
    mesh = dam()
    assert mesh.part("gate:1")[..., 2].min() == pytest.approx(16.0)
    assert mesh.part("gate:2")[..., 2].min() == pytest.approx(16.0 + 4.5)
    assert mesh.part("weir")[..., 2].max() == pytest.approx(16.0), "the sill itself"


def test_a_gate_whose_opening_nobody_knows_is_hatched_and_never_closed():
    mesh = dam()
    assert "gate:3" not in mesh.names() and "gate-unknown:3" in mesh.names() and "flow:3" not in mesh.names()
    hatch = mesh.part("gate-unknown:3")
    flat = hatch[np.ptp(hatch[..., 1], axis=1) < 1e-3]
    area = np.abs(np.cross(flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0])).sum() / 2 / 2
    assert area < 0.75 * 14.0 * 12.0, "one sees through"
    closed_gate = mesh.part("gate:1")
    assert hatch[..., 2].min() > closed_gate[..., 2].min(), "it does not rest on its sill"
    nobody = works_model(replace(DAM, gates=tuple(SceneGate(n, None) for n in range(1, 4))), None, COLORS).mesh
    assert not any(n.startswith(("gate:", "flow:")) for n in nobody.names())


def test_water_runs_only_under_a_gate_that_is_known_to_be_open_with_water_known_above_its_sill():
    def flows(mesh):
        return [n for n in mesh.names() if n.startswith("flow")]

    assert flows(dam()) == ["flow:2"]
    assert flows(dam(water_m=None)) == [] and flows(dam(water_m=15.9)) == []
    mark = dam().part("water-mark")
    assert mark[..., 2].mean() == pytest.approx(25.0) and dam(water_m=None).part("water-mark").size == 0


@pytest.mark.parametrize("part", ["body:left", "body:right", "weir", "pier:0", "gate:1", "bridge", "abutment"])
def test_solids_are_closed_and_face_outwards(part):
    corners = dam(bearing_deg=37.0).part(part)
    assert len(corners) and volume(corners) > 0
    if part not in ("gate:1", "abutment"):  # several solids that touch
        assert closed(corners), part


def test_a_dam_is_turned_so_that_water_passes_along_its_bearing():
    east = dam(bearing_deg=90.0)
    assert east.part("weir")[..., 0].max() > 20 and np.ptp(east.part("body")[..., 1]) == pytest.approx(300.0, abs=0.1)
    left = east.part("body:left")
    assert left[..., 1].mean() > 0, "the left bank of a river that runs east lies in the north"


def test_the_state_colours_nothing_but_a_thin_edge():
    calm, bad = dam(state="normal"), dam(state="alarm")
    changed = (calm.colors != bad.colors).any(axis=1)
    band = np.zeros(len(calm.colors), bool)
    for name, a, b in calm.parts:
        band[calm.triangles[a : b + 1]] = name == "band"
    assert changed.any() and not (changed & ~band).any()
    corners = calm.part("band")
    assert np.ptp(corners[..., 2], axis=1).max() < 1.0


def test_a_dam_of_which_nothing_is_stated_says_what_it_assumes():
    bare = SceneWorks("X", "某坝", "dam", 113.0, 24.0)
    d = dimensions(bare, ground_m=50.0)
    assert d.base_m == 50.0 and d.height_m == 30.0
    assert {"height", "base", "length", "bearing", "material"} <= {what for what, _ in d.assumed}
    told = dimensions(replace(bare, crest_m=120.0, base_m=40.0, length_m=500.0, bearing_deg=10.0, material="earth"))
    assert told.assumed == () and (told.crest_m, told.base_m, told.length_m) == (120.0, 40.0, 500.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"crest_m": 1.0, "base_m": 500.0},
        {"length_m": 5.0},
        {"sections": (SceneSection("乱", 0.0, False, ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))),)},
        {"sections": (SceneSection("点", None, False, ((1.0, 1.0), (1.0, 1.0), (1.0, 1.0))),)},
        {"gates": tuple(SceneGate(n, 5.0 * (n % 3), 0.05, 200.0, 9000.0) for n in range(1, 40))},
        {"gates": (SceneGate(1, 30.0, None, None, None),)},
        {"type": ""},
        {"type": "sluice"},
        {"type": "pump"},
        {"type": "hydropower"},
        {"type": "levee", "line": ((113.0, 23.0), (113.0, 23.0))},
        {"type": "levee", "line": ()},
    ],
)
def test_facts_that_make_no_sense_still_give_a_finite_model(wrong):
    mesh = dam(**wrong)
    assert np.isfinite(mesh.points).all() and (not len(mesh.points) or np.ptp(mesh.points[:, 2]) < 1000)
    far = symbol_mesh(replace(DAM, **wrong), 2.0, COLORS)
    assert np.isfinite(far.points).all()


def test_a_stated_length_that_does_not_hold_the_bays_is_not_taken_silently():
    d = dimensions(replace(DAM, length_m=20.0))
    assert d.length_m > 3 * 14 and "length_bays" in dict(d.assumed)


def test_models_stay_small():
    many = tuple(SceneGate(n, 1.0 if n % 2 else None, 10.0, 12.0) for n in range(1, 51))
    for count in (15, 18, 19, 30, 50):
        assert len(dam(gates=many[:count], length_m=None, powerhouse=True).triangles) <= 3000
    assert len(dam(gates=tuple(SceneGate(n, 1.0) for n in range(1, 501)), length_m=None).triangles) <= 30_000
    assert len(works_model(LEVEE, hills, COLORS).mesh.triangles) <= 20_000


def test_an_abutment_goes_on_until_the_ground_is_as_high_as_the_crest():
    def valley(east_m, north_m):
        return 2.0 + 0.5 * np.maximum(0.0, np.abs(east_m) - 150.0)

    mesh = works_model(DAM, valley, COLORS).mesh
    reach = np.abs(mesh.part("abutment")[..., 0]).max()
    assert valley(np.array([reach]), 0.0)[0] >= 30.0 or reach == pytest.approx(150 + 1.5 * 32.8, rel=0.01)
    assert mesh.part("abutment")[..., 2].max() == pytest.approx(34.8)


# --- the levee ----------------------------------------------------------------------------------
def test_a_levee_without_a_stated_crest_rides_its_assumed_height_above_the_ground():
    c = course(LEVEE, hills)
    above = c.crest_m - hills(*c.place.T)
    assert above.min() >= 2.0 and np.median(above) == pytest.approx(6.0, abs=1.5)


def test_a_levees_toes_lie_in_the_ground_and_its_road_faces_the_sky():
    mesh = works_model(LEVEE, hills, COLORS).mesh
    road = mesh.part("road")
    normals = np.cross(road[:, 1] - road[:, 0], road[:, 2] - road[:, 0])
    assert (normals[:, 2] > 0).all()
    bank = mesh.part("bank").reshape(-1, 3)
    low = bank[bank[:, 2] < hills(bank[:, 0], bank[:, 1])]
    assert len(low) > 0.3 * len(bank), "one edge of each bank is buried"
    c = course(LEVEE, hills)
    assert road[..., 2].max() == pytest.approx(c.crest_m.max(), abs=1e-3)


def test_a_levees_crest_passes_through_the_crests_of_its_surveyed_sections():
    sections = (
        SceneSection("石角段", 4200.0, False, ((90.0, -6.0), (30.0, 4.0), (4.0, 15.6), (-4.0, 15.6), (-34.0, 6.2)), "normal"),
        SceneSection("芦苞险段", 12100.0, True, ((90.0, -7.0), (28.0, 3.6), (4.0, 15.2), (-4.0, 15.2), (-32.0, 5.6)), "alarm"),
    )
    works = replace(LEVEE, sections=sections)
    c = course(works, hills)
    for chainage, crest in ((4200.0, 15.6), (12100.0, 15.2), (8150.0, 15.4)):
        assert c.at(chainage)[2] == pytest.approx(crest, abs=0.01)
    model = works_model(works, hills, COLORS)
    assert {"section:0", "critical:1"} <= set(model.mesh.names())
    texts = [m.text for m in model.marks]
    assert "0+000" in texts and "64+000" in texts and "芦苞险段 12+100" in texts
    place = next(m for m in model.marks if m.text.startswith("芦苞"))
    assert np.allclose((place.x_m, place.y_m), c.at(12100.0)[0], atol=0.1)


def test_the_water_side_of_a_levee_is_where_its_water_is():
    west, east = course(LEVEE, hills), course(replace(LEVEE, bearing_deg=90.0), hills)
    assert not west.water_left and east.water_left, "a levee that runs south has the west to its right"


def test_a_levee_on_unknown_ground_is_still_drawn():
    def nowhere(east_m, north_m):
        return np.full(np.shape(east_m), np.nan)

    for ground in (None, nowhere):
        mesh = works_model(replace(LEVEE, crest_m=12.0), ground, COLORS).mesh
        assert np.isfinite(mesh.points).all() and mesh.part("road")[..., 2].max() == pytest.approx(12.0)


# --- signs --------------------------------------------------------------------------------------
def test_a_sign_is_as_wide_as_asked_and_keeps_what_is_unknown():
    far = symbol_mesh(DAM, 2.0, COLORS)
    assert np.ptp(far.points[:, 0]) == pytest.approx(4000.0, rel=0.5) and far.points[:, 2].min() == pytest.approx(0.0, abs=1.0)
    assert "gate-unknown:3" in far.names() and "gate:1" in far.names() and len(far.triangles) <= 1500
    many = replace(DAM, gates=tuple(SceneGate(n, None if n == 15 else 12.0, 12.0) for n in range(1, 16)))
    names = symbol_mesh(many, 2.0, COLORS).names()
    assert "gate:1" in names and "gate-unknown:5" in names, "a group with one unknown gate is unknown"


def test_a_levees_sign_follows_its_course():
    far = symbol_mesh(LEVEE, 3.0, COLORS, hills)
    x, y = to_local(*LEVEE.line[-1])
    x0, y0 = to_local(LEVEE.lon, LEVEE.lat)
    end = np.array([(x - x0) * 1000, (y - y0) * 1000])
    assert np.hypot(*(far.points[:, :2] - end).T).min() < 300.0


# --- around -------------------------------------------------------------------------------------
RING = ((113.20, 23.72), (113.24, 23.73), (113.26, 23.77), (113.22, 23.80), (113.19, 23.76), (113.20, 23.72))


def test_a_detention_area_shows_its_level_and_whether_anyone_said_that_it_is_in_use():
    area = SceneArea("P", "潖江", RING, level_m=14.0, in_use=True)
    used = area_mesh(area, hills, (255, 0, 0))
    water = used.part("water")
    assert np.allclose(water[..., 2], 14.0) and volume(water - [0, 0, 0]) > 0, "its surface looks up"
    unknown = area_mesh(replace(area, in_use=None, level_m=None), hills, (0, 0, 0))
    idle = area_mesh(replace(area, in_use=False, level_m=None), hills, (0, 0, 0))

    def size(mesh):
        wall = mesh.part("wall")
        return np.linalg.norm(np.cross(wall[:, 1] - wall[:, 0], wall[:, 2] - wall[:, 0]), axis=1).sum()

    assert unknown.part("water").size == 0
    assert size(unknown) < 0.6 * size(used) and size(idle) < 0.6 * size(used)
    assert len(area_mesh(replace(area, ring=RING[:2]), hills, (0, 0, 0)).triangles) == 0
    crossed = replace(area, ring=((113.2, 23.7), (113.3, 23.8), (113.3, 23.7), (113.2, 23.8)))
    assert np.isfinite(area_mesh(crossed, None, (0, 0, 0)).points).all()


def test_a_camera_looks_where_it_is_said_to_look_and_nowhere_else():
    mesh = spot_mesh(SceneSpot("C", "枪机", "camera", 113.0, 23.0, 12.0, "normal", 90.0), 5.0, (9, 9, 9))
    cone = mesh.part("cone").reshape(-1, 3).mean(axis=0)
    assert cone[0] > 20 and abs(cone[1]) < 1.0
    assert mesh.part("mast")[..., 2].max() == pytest.approx(17.0, abs=0.5)
    blind = spot_mesh(SceneSpot("C", "枪机", "camera", 113.0, 23.0), 5.0, (9, 9, 9))
    assert "cone" not in blind.names() and "bearing-unknown" in blind.names()


def test_a_sensors_pin_reaches_down_to_its_elevation():
    mesh = spot_mesh(SceneSpot("S", "渗压", "sensor", 113.0, 23.0, elevation_m=-3.0), 6.0, (9, 9, 9))
    assert mesh.part("stem")[..., 2].min() == pytest.approx(-3.0, abs=0.01) and mesh.points[:, 2].max() > 15


def test_a_scour_hole_is_red_where_it_is_deepest_and_unsurveyed_bed_is_left_open():
    x, y = np.arange(20) * 8.0, np.arange(15) * 4.0
    gx, gy = np.meshgrid(x, y)
    scour = 3.0 * np.exp(-(((gx - 80) / 20) ** 2 + ((gy - 28) / 10) ** 2))
    bed = 3.0 - scour
    bed[:, -1] = np.nan
    survey = SceneSurvey("V", "K12", 113.0, 23.0, 90.0, x, y, bed, scour_m=scour)
    mesh = survey_mesh(survey)
    deepest = mesh.colors[mesh.points[:, 2].argmin()].astype(int)
    assert deepest[0] > 2 * deepest[2] and len(mesh.triangles) == 2 * 18 * 14
    assert mesh.points[:, 0].max() == pytest.approx(8.0 * 18) and mesh.points[:, 1].max() == pytest.approx(56.0), (
        "y to the left"
    )
    assert survey_mesh(replace(survey, scour_m=None)).names() == ("bed",)
    assert len(survey_mesh(replace(survey, z_m=np.full((15, 20), np.nan))).triangles) == 0


def test_meshes_are_joined_with_their_parts():
    one, two = dam(), works_model(LEVEE, hills, COLORS).mesh
    both = joined([one, two])
    assert len(both.triangles) == len(one.triangles) + len(two.triangles) and int(both.triangles.max()) == len(both.points) - 1
    assert np.array_equal(both.part("road"), two.part("road")) and np.array_equal(both.part("weir"), one.part("weir"))


def test_the_ground_of_the_scene_is_read_in_metres_around_a_works():
    asked = []

    def heights(east_km, north_km):
        asked.append((east_km, north_km))
        return np.zeros(np.shape(east_km), np.float32)

    ground_around(heights, DAM.lon, DAM.lat)(np.array([500.0]), np.array([-250.0]))
    x, y = to_local(DAM.lon, DAM.lat)
    assert asked[0][0][0] == pytest.approx(float(x) + 0.5) and asked[0][1][0] == pytest.approx(float(y) - 0.25)
