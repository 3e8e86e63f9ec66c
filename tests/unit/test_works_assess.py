"""Judging sensors: what the flood's days show, whose readings count, and what may have caused it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from console.central import sensor_watch
from console.central.doorbell import Doorbell
from console.central.repository import Repository
from console.central.sensor_watch import SensorWatch
from console.central.store_core import SeriesKey
from console.central.survey_watch import SurveyWatch
from console.central.watch import Watch
from console.domain.alarm_engine import AlarmEngine
from console.domain.alarms import Alarm
from console.domain.objects import series_from_doc, station_from_doc, thing_from_doc
from console.domain.quality import Quality
from console.domain.time import from_beijing
from console.domain.works import sensor_of, works_of
from console.drill.facts import basin_objects, flood_facts
from console.drill.reconstruct import rebuild
from console.presenters.duty import alarm_detail
from console.presenters.overview import happenings
from console.presenters.regimes import Regimes, tiles
from console.presenters.works import board_view
from console.presenters.works_charts import section_view
from console.state.desk import DeskState
from console.store.cause_rules import declared_causes
from console.topics import declared_topics
from console.viewdata.board import Board
from console.viewdata.surveys import compared, heads, pairs_by_section, pairs_of
from console.viewdata.works import SensorHealth, WorksReport
from console.viewdata.works_assess import EMPTY, Inputs, assess, level_at
from tests.rows import board_of, station_row

DAY = 86400
PEAK = from_beijing("2022-06-22 14:00")


@pytest.fixture(scope="module")
def objects():
    return basin_objects()


@pytest.fixture(scope="module")
def recorded():
    return {(s.object_code, s.element): s for s in rebuild(flood_facts("beijiang-2022-06"))}


def inputs_at(objects, recorded, moment):
    def rows(pointer):
        s = recorded.get(pointer)
        if s is None:
            return EMPTY
        keep = (s.t <= moment) & (s.t >= moment - 15 * DAY)
        return s.t[keep], s.value[keep], s.quality[keep]

    sensors = [sensor_of(station_from_doc(d)) for d in objects["sensors"]]
    return [Inputs(s, rows((s.code, s.element)), rows(s.driver), 3600, rows(s.rain)) for s in sensors]


def judged(objects, recorded, moment, change=lambda i: i, fits=None):
    inputs = [change(i) for i in inputs_at(objects, recorded, moment)]
    return {h.sensor.code: h for h in assess(inputs, moment, declared_causes(), {} if fits is None else fits)}


def codes(health):
    return [h.code for h in health.hypotheses]


def test_a_lone_step_may_be_the_instrument_and_a_section_together_may_be_real(objects, recorded):
    found = judged(objects, recorded, PEAK)
    lone = found["LOCSN101"]
    assert lone.state == "doubtful", "far off alone: most likely the instrument, not the dam"
    assert lone.ratio > 15 and codes(lone)[0] == "instrument_step" and "drift" not in codes(lone)
    assert lone.evidence["section_steps"] == 0 and lone.evidence["step_age_h"] == pytest.approx(83, abs=1)
    for code in ("LOCSN205", "LOCSN206", "LOCSN207"):
        assert found[code].state == "alarm" and "section_response" in codes(found[code])
        assert found[code].evidence["section_out"] == 2
    assert "rain" in codes(found["LOCSN207"]) and "rain" not in codes(found["LOCSN101"])
    assert sum(h.state == "normal" for h in found.values()) >= 12


def test_a_doubtful_sensor_still_counts_for_its_neighbours_and_a_true_response_stays_an_alarm(objects, recorded):
    def lifted(i):
        t, v, q = i.own
        return replace(i, own=(t, np.where(t > PEAK - 20 * 3600, v + 3.0, v), q)) if i.sensor.code == "LOCSN102" else i

    plain, found = judged(objects, recorded, PEAK), judged(objects, recorded, PEAK, lifted)
    assert plain["LOCSN102"].state == "normal" and found["LOCSN102"].state == "doubtful"
    assert {found[c].state for c in ("LOCSN205", "LOCSN206", "LOCSN207")} == {"alarm"}
    near = [c for c, h in found.items() if h.sensor.section == found["LOCSN102"].sensor.section and c != "LOCSN102"]
    assert near and all(found[c].evidence["section_out"] == plain[c].evidence["section_out"] + 1 for c in near)


def test_before_the_planted_faults_nothing_is_over_limit(objects, recorded):
    found = judged(objects, recorded, from_beijing("2022-06-18 20:00"))
    assert not [h.sensor.code for h in found.values() if h.state == "alarm"]


def test_the_model_knows_nothing_of_the_judged_days_or_of_the_future(objects, recorded):
    for h in judged(objects, recorded, PEAK).values():
        assert h.past.t.max() < PEAK - 15 * DAY


def test_a_silent_sensor_is_unknown_and_its_silence_is_said(objects, recorded):
    h = judged(objects, recorded, from_beijing("2022-06-21 08:00"))["LOCSN203"]
    assert (h.state, h.reason, codes(h)) == ("unknown", "silent", ["silent"]) and h.abnormal
    assert h.figures["h"] == pytest.approx(25, abs=1)


def test_without_level_or_rain_a_reading_is_shown_and_not_judged(objects, recorded):
    found = judged(objects, recorded, PEAK, lambda i: replace(i, level=EMPTY))
    assert {h.reason for h in found.values()} == {"no_level"} and all(h.value is not None for h in found.values())
    dry = judged(objects, recorded, PEAK, lambda i: replace(i, rain=EMPTY))
    assert dry["LOCSN207"].reason == "no_rain" and dry["LOCSN206"].state == "alarm"


def test_bad_readings_are_not_judged(objects, recorded):
    def spoil(i):
        t, v, q = i.own
        v, q = v.copy(), q.copy()
        v[-5:], q[-5:] = 1e6, Quality.BAD
        return replace(i, own=(t, v, q))

    h = judged(objects, recorded, PEAK, spoil)["LOCSN102"]
    assert h.state == "normal" and h.value_t == PEAK - 5 * 3600


def test_a_level_that_was_never_calibrated_is_called_extrapolated(objects, recorded):
    def higher(i):
        t, v, q = i.level
        return replace(i, level=(t, v + 3.0, q))

    h = judged(objects, recorded, PEAK, higher)["LOCSN204"]
    assert h.beyond_m > 2 and "beyond_calibration" in codes(h)


def test_everything_out_at_once_may_be_power_or_the_reference(objects, recorded):
    def lifted(i):
        t, v, q = i.own
        return replace(i, own=(t, v + 3.0, q))

    assert "supply_or_reference" in codes(judged(objects, recorded, PEAK, lifted)["LOCSN201"])


def test_a_stuck_sensor_is_noticed(objects, recorded):
    def stuck(i):
        t, v, q = i.own
        return replace(i, own=(t, np.where(t > PEAK - 40 * 3600, 4.0, v), q))

    assert "frozen" in codes(judged(objects, recorded, PEAK, stuck)["LOCSN204"])


def test_a_refused_fit_gives_its_reason_and_figures(objects, recorded):
    def shorter(i):
        c = i.sensor.calibration
        cut = replace(
            c, t=c.t[:20], level_m=c.level_m[:20], value=c.value[:20], rain_mm=tuple((n, r[:20]) for n, r in c.rain_mm)
        )
        return replace(i, sensor=replace(i.sensor, calibration=cut))

    h = judged(objects, recorded, PEAK, shorter)["LOCSN102"]
    assert h.state == "unknown" and h.reason == "few" and h.figures["need"] >= 30 and h.value is not None


def test_fits_are_kept_by_sensor_and_calibration(objects, recorded):
    fits = {}
    judged(objects, recorded, PEAK, fits=fits)
    made = dict(fits)
    judged(objects, recorded, PEAK + 3600, fits=fits)
    assert fits == made and len(made) == 17

    def other(i):
        c = i.sensor.calibration
        return replace(i, sensor=replace(i.sensor, calibration=replace(c, value=(9.0, *c.value[1:]))))

    judged(objects, recorded, PEAK, other, fits)
    assert len(fits) == 34, "another history under the same version name is fitted anew"


def test_levels_are_not_read_across_a_gap():
    t = np.array([0, 3600, 7200, 36000, 39600])
    rows = (t, np.array([1.0, 2.0, 3.0, 9.0, 9.0]), np.zeros(5, np.int64))
    found = level_at(rows, np.array([1800.0, 7200.0, 20000.0, 40000.0, 90000.0]), 3600)
    assert found[0] == 1.5 and found[1] == 3.0 and found[3] == 9.0 and np.isnan(found[[2, 4]]).all()


def surveys_at(objects, moment, change=lambda doc: doc):
    return heads([thing_from_doc("surveys", change(d)) for d in objects["surveys"]], moment)


def test_the_toes_scour_is_found_where_it_was_made_and_only_once_it_was_measured(objects):
    levee = works_of(thing_from_doc("works", objects["works"][1]))
    before = pairs_of(surveys_at(objects, from_beijing("2022-06-13 08:00")))
    assert before == "one_survey"
    scour = compared(levee, *pairs_of(surveys_at(objects, PEAK)))
    assert scour.state == "alarm" and scour.chainage_m == 12112.0 and scour.offset_m == 48.0
    assert scour.deepest_m == pytest.approx(3.1, abs=0.2) and 1200 < scour.scour_m3 < 2200 and scour.simulated
    assert pairs_by_section(works_of(thing_from_doc("works", objects["works"][0])), surveys_at(objects, PEAK)) == {}


@pytest.mark.parametrize(
    ("why", "props"),
    [
        ("survey_shape", {"grid": {"x0_m": 0, "dx_m": 1, "y0_m": 0, "dy_m": 1, "z_m": [[1, 2], [3]]}}),
        ("survey_shape", {"grid": {"x0_m": float("nan"), "dx_m": 1, "y0_m": 0, "dy_m": 1, "z_m": [[1, 2], [3, 4]]}}),
        ("survey_few", {"grid": {"x0_m": 0, "dx_m": 1, "y0_m": 0, "dy_m": 1, "z_m": [["x", None], [float("inf"), 4]]}}),
        ("survey_size", {"grid": None, "points": [[0, 0, 1], [1e6, 0, 1], [0, 1e6, 1], [1e6, 1e6, 1]], "spacing_m": 0.2}),
        ("survey_few", {"grid": None, "points": 10**9}),
        ("survey_few", {"grid": None, "points": [[float("nan")] * 3] * 50}),
        ("survey_order", {"grid": {"x0_m": 0, "dx_m": -1, "y0_m": 0, "dy_m": 1, "z_m": [[1, 2], [3, 4]]}}),
    ],
)
def test_a_hostile_survey_is_refused_with_a_reason(objects, why, props):
    levee = works_of(thing_from_doc("works", objects["works"][1]))
    (pair,) = pairs_of(surveys_at(objects, PEAK, lambda d: {**d, "properties": {**d["properties"], **props}}))
    assert compared(levee, pair).reason == why


def test_surveys_of_unlike_datums_are_not_subtracted_and_one_without_a_time_is_left_out(objects):

    def other(doc):
        datum = "珠基" if doc["code"] == "LOCSV002" else "1985"
        return {**doc, "properties": {**doc["properties"], "datum": datum}}

    assert pairs_of(surveys_at(objects, PEAK, other)) == "datum"
    assert surveys_at(objects, PEAK, lambda d: {**d, "properties": {**d["properties"], "at": "昨天"}}) == []


def test_the_centre_tells_of_the_hole_when_the_survey_that_found_it_was_taken(objects):
    watch = SurveyWatch([*objects["works"], {"code": "X"}], objects["surveys"])
    assert watch.due(from_beijing("2022-06-13 08:00")) == []
    (found,) = watch.due(from_beijing("2022-06-17 09:00"))
    assert (found.object_code, found.limit, found.over, found.simulated) == ("LOCWK002", 2.0, True, True)
    assert found.value == pytest.approx(3.1, abs=0.3)
    assert watch.due(from_beijing("2022-06-18 09:00")) == [], "each survey is judged once"


@pytest.mark.parametrize(
    "wrong", [{"version": float("inf")}, {"geometry": {"type": "Polygon", "coordinates": [[[]]]}}, {"properties": 7}]
)
def test_a_document_that_makes_no_sense_never_stops_the_centre_from_judging_the_others(objects, wrong):
    bad = [{**objects["works"][0], **wrong}, {"code": "X"}]
    surveys = [{**objects["surveys"][0], "code": "Y", **wrong}, *objects["surveys"]]
    (found,) = SurveyWatch([*bad, *objects["works"]], surveys).due(from_beijing("2022-06-17 09:00"))
    assert found.over


def test_a_sound_section_surveyed_later_does_not_hide_the_hollow_one(objects):
    first, second = objects["surveys"]
    sound = [
        {**first, "code": code, "properties": first["properties"] | {"section": "K20", "at": from_beijing(at)}}
        for code, at in (("A", "2022-06-18 09:00"), ("B", "2022-06-19 09:00"))
    ]
    watch = SurveyWatch(objects["works"], [first, second, *sound])
    (found,) = watch.due(from_beijing("2022-06-20 08:00"))
    assert found.over and found.value > 2.0


def test_a_scour_alarm_names_the_works_and_that_it_was_made_up():
    alarm = Alarm("scour:W:1", "scour", "W", 4, 2.0, 1655427600, 3.1, 3.1, 1655427600, 1655427600, simulated=True)
    (said,) = happenings([alarm], Board(1655884800, 1655884800, "live"), {"W": "北江大堤"}.__getitem__, str)
    assert said.text == "北江大堤 堤脚冲刷超限（模拟） +1.10 m" and "涨落不明" not in said.detail


@pytest.fixture
def centre_repo(tmp_path, objects, recorded):
    repo = Repository(tmp_path / "central.db", "test")
    for kind in ("works", "sensors", "surveys"):
        repo.put_objects(kind, objects[kind])
    keys = [SeriesKey(code, element, "", "", s.source or "录像") for (code, element), s in recorded.items()]
    sids = repo.ensure_all(keys)
    rows = []
    for sid, s in zip(sids, recorded.values(), strict=True):
        keep = (s.t <= PEAK) & (s.t >= PEAK - 15 * DAY)
        rows += [(sid, int(t), float(v), int(q)) for t, v, q in zip(s.t[keep], s.value[keep], s.quality[keep], strict=True)]
    repo.commit_rows(rows)
    yield repo
    repo.close()


def test_the_centre_raises_one_alarm_a_works_whose_sensors_leave_their_models(centre_repo, monkeypatch):
    monkeypatch.setattr(sensor_watch, "REST_S", 0.0)
    series = [series_from_doc(d) for d in centre_repo.objects("series")]
    watch = SensorWatch(centre_repo, centre_repo.objects("sensors"), series)
    found = [watch.due(PEAK) for _ in range(4)]
    said = {f.object_code: f for f in found if f is not None}
    assert {f.over for f in said.values()} == {True, False}, "the lone far reading is the instrument's and raises nothing"
    levee = said["LOCWK002"]
    assert (levee.rule, levee.limit, levee.over, levee.simulated) == ("structure", 3.0, True, True) and levee.value > 3.0
    assert watch.due(PEAK + 1800) is None, "looked at once an hour"
    engine = AlarmEngine({})
    (raised,) = engine.finding(levee, int(PEAK))
    assert raised.severity == 4 and alarm_detail(raised, str).startswith("残差最大 ")
    assert [watch.due(PEAK + 3601) is not None for _ in range(len(said))] == [True] * len(said)


def test_sensors_that_say_nothing_neither_raise_nor_clear(centre_repo, objects):
    watch = SensorWatch(centre_repo, [*objects["sensors"], {"code": "X"}], [])
    assert [watch.due(PEAK) for _ in range(4)] == [None] * 4


def test_the_section_panel_shows_the_hollow_section_first_and_lets_one_choose_the_others(objects):
    first, second = objects["surveys"]
    sound = [
        {**first, "code": code, "properties": first["properties"] | {"section": "K20", "at": from_beijing(at)}}
        for code, at in (("A", "2022-06-18 09:00"), ("B", "2022-06-19 09:00"))
    ]
    levee = next(works_of(thing_from_doc("works", d)) for d in objects["works"] if d["code"] == "LOCWK002")
    taken = heads([thing_from_doc("surveys", d) for d in [first, second, *sound]], PEAK)
    found = [compared(levee, pair) for pairs in pairs_by_section(levee, taken).values() for pair in pairs]
    scours = tuple(sorted(found, key=lambda s: -s.deepest_m))
    report = WorksReport(levee, "alarm", scour=scours[0], scours=scours)
    view = section_view(report, "", str)
    assert view.scour.state == "alarm" and "2 个测段之一" in view.scour_says
    assert ("K20", "水下冲淤 K20") in view.sections
    other = section_view(report, "K20", str)
    assert other.chosen == other.scour.section == "K20" and other.scour.state == "normal" and other.profile == ()
    assert (
        len(
            [
                a
                for a in board_view(SimpleNamespace(reports=(report,), known=True), board_of(), None, "", str).anomalies
                if "水下冲刷" in a.title
            ]
        )
        == 1
    )


def test_a_works_that_cannot_be_judged_does_not_stop_the_centre(centre_repo, monkeypatch, caplog):
    def broken(*_):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(sensor_watch, "assess", broken)
    series = [series_from_doc(d) for d in centre_repo.objects("series")]
    watch = SensorWatch(centre_repo, centre_repo.objects("sensors"), series)
    assert [watch.due(PEAK) for _ in range(3)] == [None] * 3
    assert "LOCWK002" in caplog.text and "cannot be judged" in caplog.text


def test_a_sensor_that_falls_silent_does_not_clear_the_alarm_that_it_raised(centre_repo, monkeypatch):
    monkeypatch.setattr(sensor_watch, "REST_S", 0.0)
    sensor = sensor_of(station_from_doc(centre_repo.objects("sensors")[0]))
    far = SensorHealth(sensor, "alarm", ratio=5.0, value_t=int(PEAK))
    told = [[far], [replace(far, state="unknown", ratio=None, reason="silent"), replace(far, state="normal", ratio=0.2)]]
    told.append([replace(far, state="normal", ratio=0.1, value_t=int(PEAK) + 9 * 3600)])
    monkeypatch.setattr(sensor_watch, "assess", lambda *_: told.pop(0))
    docs = [d for d in centre_repo.objects("sensors") if d["properties"]["facts"]["works"] == sensor.works]
    watch, engine = SensorWatch(centre_repo, docs, [series_from_doc(d) for d in centre_repo.objects("series")]), AlarmEngine({})
    (raised,) = engine.finding(watch.due(PEAK), int(PEAK))
    assert watch.due(PEAK + 4 * 3600) is None, "silent is not well again"
    (cleared,) = engine.finding(watch.due(PEAK + 9 * 3600), int(PEAK))
    assert cleared.alarm_id == raised.alarm_id and not cleared.active


@pytest.mark.parametrize("drill", [False, True])
def test_nobody_is_called_out_for_an_invented_hole_except_in_a_drill(tmp_path, objects, drill):
    repo = Repository(tmp_path / "central.db", "test")
    for kind in ("works", "surveys"):
        repo.put_objects(kind, objects[kind])
    recording = SimpleNamespace(
        now=lambda: from_beijing("2022-06-18 08:00"), run_mark=lambda: "", due=list, restart_if_looping=lambda: False
    )
    watch = Watch(repo, Doorbell(), recording if drill else None)
    watch.tick()
    assert [b["rule"] for _, b in repo.records("alarm")] == (["scour"] if drill else [])
    repo.close()


def test_works_that_are_not_judged_yet_are_said_to_be(objects):
    rows = [station_row("S", [1.0, 1.1], kind="sensor", element="PW")]
    works = tuple(thing_from_doc("works", d) for d in objects["works"])
    seen = Regimes(board_of(station_row("Z", [5.0]), *rows), declared_topics(), {"works": works})
    tile = next(t for t in tiles(seen, DeskState(), str) if t.code == "工")
    assert (tile.value, tile.lines) == ("—", ("正在评判工程监测",))
