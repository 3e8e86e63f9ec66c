"""A hole in the bed stays a hole however often, how slowly and on which grid it is measured."""

from __future__ import annotations

import numpy as np
import pytest

from console.central.survey_watch import SurveyWatch
from console.domain.objects import thing_from_doc
from console.domain.works import works_of
from console.viewdata.surveys import compared, deepest, heads, pairs_of

DAY = 86400
WORKS = {"code": "W", "version": 1, "properties": {"name": "大堤", "type": "levee", "scour_limit_m": 1.0}}


def survey(day, hole, spacing=1.0, datum="珠基", at=(30.0, 15.0), **facts):
    x, y = np.arange(0, 61, spacing), np.arange(0, 31, spacing)
    gx, gy = np.meshgrid(x, y)
    z = 2.0 - hole * np.exp(-(((gx - at[0]) / 4) ** 2 + ((gy - at[1]) / 4) ** 2))
    grid = {"x0_m": 0, "dx_m": spacing, "y0_m": 0, "dy_m": spacing, "z_m": z.tolist()}
    told = {"works": "W", "section": "K1", "at": 1_655_000_000 + day * DAY, "datum": datum, "grid": grid} | facts
    return {"code": f"S{day}", "version": 1, "properties": {"name": f"第{day}天"} | told}


def shown(*docs):
    works = works_of(thing_from_doc("works", WORKS))
    found = pairs_of(heads([thing_from_doc("surveys", d) for d in docs], 2e9))
    return found if isinstance(found, str) else deepest([compared(works, pair) for pair in found])


def heard(*docs):
    """Return what the centre says after each survey."""
    watch, said = SurveyWatch([WORKS], docs), []
    for doc in docs:
        said += [(round(f.value, 1), f.over) for f in watch.due(doc["properties"]["at"] + 1)]
    return said


def test_measuring_a_hole_again_does_not_fill_it_and_filling_it_does():
    days = [survey(0, 0.0), survey(10, 5.0), survey(12, 5.0), survey(20, 0.3)]
    assert heard(*days) == [(5.0, True), (5.0, True), (0.3, False)]
    again = shown(*days[:3])
    assert again.state == "alarm" and again.names == ("第0天", "第12天"), "the words say what it is compared with"


def test_a_bed_that_sinks_a_little_each_year_is_seen_against_the_oldest_survey():
    said = heard(*(survey(n, 0.45 * n) for n in range(8)))
    assert [over for _, over in said] == [False, False, True, True, True, True, True]


def test_a_survey_declared_as_the_reference_takes_the_oldest_ones_place():
    days = [survey(0, 0.0), survey(10, 5.0), survey(20, 5.0, reference=True), survey(30, 5.2)]
    assert shown(*days).deepest_m == pytest.approx(0.2, abs=0.01)


def test_a_hole_between_the_nodes_of_a_coarse_survey_is_found_by_the_finer_one():
    coarse, fine = survey(0, 0.0, spacing=20.0), survey(10, 5.0)
    found = shown(coarse, fine)
    assert found.deepest_m == pytest.approx(5.0, abs=0.05) and found.state == "alarm"
    assert found.spacing_m == (1.0, 1.0) and found.coverage == pytest.approx(1.0)
    back = shown(survey(0, 5.0), survey(10, 0.0, spacing=20.0))
    assert back.deepest_m < 1e-9 and back.fill_m3 > 100


@pytest.mark.parametrize("none", [-9999, -32768, 9999, "无"])
def test_what_files_write_for_nothing_is_no_depth(none):
    holed = survey(10, 0.2)
    holed["properties"]["grid"]["z_m"][15][30] = none
    assert shown(survey(0, 0.0), holed).deepest_m < 0.25


def test_other_datums_are_left_out_and_an_unstated_one_is_named():
    assert shown(survey(0, 0.0, datum="1985"), survey(10, 5.0)) == "datum"
    kept = shown(survey(0, 0.0), survey(5, 0.0, datum="1985"), survey(10, 5.0))
    assert kept.names == ("第0天", "第10天") and not kept.unstated
    assert shown(survey(0, 0.0, datum=""), survey(10, 5.0, datum="unknown")).unstated


def test_an_extreme_of_either_survey_is_kept_whatever_the_grids():
    from console.engine.survey import difference, surface

    y = np.array([0.0, 10.0, 20.0])
    flat = np.full((3, 7), 2.0)
    bar = flat.copy()
    bar[1, 3] += 6.0
    nine = surface(np.arange(0, 64, 9.0), y, np.full((3, 8), 2.0))
    assert difference(surface(np.arange(0, 61, 10.0), y, bar), nine).deepest_m == pytest.approx(6.0)
    shifted = surface(np.arange(5, 66, 10.0), y, np.where(np.arange(21).reshape(3, 7) == 9, -4.0, 2.0))
    assert difference(surface(np.arange(0, 71, 10.0), y, np.full((3, 8), 2.0)), shifted).deepest_m == pytest.approx(6.0)


def test_the_picture_of_a_scour_has_its_hole_where_the_axis_says():
    parts = survey(0, 0.0, spacing=4.0), survey(10, 5.0, at=(30.0, 15.0))
    found = shown(*parts)
    steps = np.diff(found.x_m)
    assert steps.max() - steps.min() < 1e-9 and found.scour_m.shape == (len(found.y_m), len(found.x_m))
    j, i = np.unravel_index(int(np.nanargmax(found.scour_m)), found.scour_m.shape)
    assert abs(found.x_m[i] - found.chainage_m) <= 1.0 and abs(found.y_m[j] - found.offset_m) <= 1.0
