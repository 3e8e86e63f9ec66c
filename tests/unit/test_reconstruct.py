"""The recorded floods: published figures exactly, everything else marked as rebuilt."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from console.domain.quality import Quality
from console.domain.time import from_beijing
from console.drill.facts import basin_objects, flood_facts, flood_keys, inferred_of, marks_of
from console.drill.method import method_text
from console.drill.reconstruct import rebuild
from console.engine.areal_rain import areal_rain, to_plane
from console.engine.routing import muskingum


@pytest.fixture(scope="module", params=flood_keys())
def flood(request):
    facts = flood_facts(request.param)
    return facts, {(s.object_code, s.element): s for s in rebuild(facts)}


def test_there_are_the_two_floods():
    assert {"beijiang-2022-06", "beijiang-2024-04"} <= set(flood_keys())


def test_every_mark_is_met_at_its_time_and_called_measured_unless_it_was_inferred(flood):
    facts, series = flood
    marks = 0
    for h in facts.hydrographs:
        s = series[(h["object"], h["element"])]
        for t, value, _ in marks_of(h):
            i = int(np.searchsorted(s.t, t))
            quality = Quality.RECONSTRUCTED if t in inferred_of(h) else Quality.MEASURED
            assert (s.t[i], s.value[i], s.quality[i]) == (t, value, quality)
            marks += 1
    assert marks >= 15


def test_everything_but_the_marks_is_called_rebuilt(flood):
    facts, series = flood
    marks = {(h["object"], h["element"], t) for h in facts.hydrographs for t, _, _ in marks_of(h) if t not in inferred_of(h)}
    for (code, element), s in series.items():
        for t, q in zip(s.t.tolist(), s.quality.tolist(), strict=True):
            assert (q == Quality.MEASURED) == ((code, element, t) in marks)


def test_rain_adds_up_to_the_published_totals():
    rain = {s.object_code: s for s in rebuild(flood_facts("beijiang-2022-06")) if s.element == "P"}["LOC00901"]
    late = rain.t > from_beijing("2022-06-16 08:00")
    assert round(float(rain.value.sum()), 6) == 436.0
    assert round(float(rain.value[late].sum()), 6) == 294.0
    province = {s.element: s for s in rebuild(flood_facts("beijiang-2024-04"))}["P"]
    assert round(float(province.value.sum()), 6) == 121.8


def test_the_peak_is_where_it_was_published(flood):
    facts, series = flood
    if facts.key == "beijiang-2022-06":
        s = series[("LOC00106", "Z")]
        assert (s.value.max(), s.t[s.value.argmax()]) == (35.97, from_beijing("2022-06-22 14:00"))
    else:
        s = series[("LOC00112", "Q")]
        assert (s.value.max(), s.t[s.value.argmax()]) == (18100.0, from_beijing("2024-04-22 09:00"))


def test_curves_are_smooth_and_on_whole_hours(flood):
    _, series = flood
    for (_, element), s in series.items():
        assert (np.diff(s.t) > 0).all() and np.isfinite(s.value).all()
        if element in ("Z", "RZ"):
            assert np.abs(np.diff(s.value)).max() < 1.0, "no jump of a metre within an hour"


def test_rebuilding_twice_gives_the_same(flood):
    facts, series = flood
    for s in rebuild(facts):
        assert (s.value == series[(s.object_code, s.element)].value).all()


def test_no_station_code_is_invented_as_a_national_one():
    for kind, docs in basin_objects().items():
        for doc in docs:
            local = doc["code"].startswith(("LOC", "RV-"))
            assert local, f"{kind} {doc['code']} could be taken for a real code"


def test_unknown_thresholds_stay_empty():
    stations = {d["code"]: d for d in basin_objects()["stations"]}
    kinds = {t["kind"] for t in stations["LOC00106"]["properties"]["thresholds"]}
    assert kinds == {"warning"}, "the guaranteed level of Yingde is not published"
    assert "null" not in json.dumps([d["properties"]["thresholds"] for d in stations.values()])


def test_the_method_statement_names_every_assumption(flood):
    facts, _ = flood
    text = method_text(facts)
    for h in facts.hydrographs:
        for at, _ in h.get("assume", ()):
            assert at in text


def test_muskingum_meets_the_textbook(shared):
    case = json.loads((shared / "refcases" / "muskingum_chow841.json").read_text("utf-8"))
    routed = muskingum(np.array(case["inflow_cfs"], float), case["K_h"], case["X"], case["dt_h"], case["initial_outflow"])
    assert np.abs(routed - np.array(case["expected"]["outflow_cfs"])).max() < 1e-6


@pytest.mark.parametrize(("k", "x", "dt"), [(0, 0.2, 1), (6, 0.7, 1), (6, 0.2, 0)])
def test_muskingum_refuses_impossible_parameters(k, x, dt):
    with pytest.raises(ValueError, match="k_h="):
        muskingum(np.ones(3), k, x, dt)


def test_the_gauges_of_the_basin_add_up_to_its_published_rain():
    facts = flood_facts("beijiang-2022-06")
    objects = basin_objects()
    basin = next(b for b in objects["basins"] if b["code"] == "LOC00901")
    ring = np.array(basin["properties"]["facts"]["outline"])
    shape = shapely.Polygon(to_plane(ring[:, 0], ring[:, 1], 24.4))
    assert shape.area == pytest.approx(46_710, rel=0.02)
    series = {s.object_code: s for s in rebuild(facts) if s.element == "P"}
    gauges = [g for g in objects["stations"] if g["properties"]["type"] == "rain"]
    places = np.array([g["geometry"]["coordinates"] for g in gauges], float)
    rain = np.array([series[g["code"]].value for g in gauges])
    total = areal_rain(shape, to_plane(places[:, 0], places[:, 1], 24.4), rain.sum(1))
    assert total.mm == pytest.approx(436.0, abs=0.5)  # 6/12–22 as published
    assert np.ptp(rain.sum(1)) > 100  # and it did not rain alike everywhere
    assert all((series[g["code"]].quality == Quality.RECONSTRUCTED).all() for g in gauges)
