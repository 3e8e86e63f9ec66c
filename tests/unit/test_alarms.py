"""Alarms: raised once, cleared with hysteresis, never from a suspect value."""

from __future__ import annotations

from console.domain.alarm_engine import AlarmEngine, AlarmRules, Finding, Reading
from console.domain.alarms import alarm_from_doc
from console.domain.elements import FLOW, Element
from console.domain.objects import Station, Threshold
from console.domain.quality import Quality
from console.domain.time import from_beijing
from console.presenters.duty import alarm_detail

T = from_beijing("2022-06-22 08:00")
H = 3600


def engine(**rules):
    station = Station(
        "S",
        "英德(五)",
        "river",
        thresholds=(
            Threshold("warning", 26.0),
            Threshold("guaranteed", 30.0),
            Threshold("record", 34.0),
            Threshold("record", 18000.0, "Q"),
        ),
    )
    pool = Station("R", "水库", "reservoir", thresholds=(Threshold("flood_limit", 144.5, "RZ", season=("0401", "0630")),))
    return AlarmEngine({"S": station, "R": pool}, AlarmRules(**rules))


def z(hours, value, quality=Quality.MEASURED, code="S", element="Z"):
    return Reading(code, element, T + int(hours * H), value, int(quality))


def rules_of(alarms):
    return sorted((a.rule, a.active) for a in alarms)


def test_crossing_the_warning_level_raises_one_alarm():
    e = engine(rise_rate_m_h=None)
    assert e.step([z(0, 25.9)], T) == []
    (alarm,) = e.step([z(1, 26.0)], T + H)
    assert (alarm.rule, alarm.figure, alarm.onset_t, alarm.first_seen_t) == ("warning", 26.0, T + H, T + H)
    assert e.step([z(1, 26.0)], T + H) == [], "the same reading again raises nothing"


def test_it_climbs_to_guaranteed_and_record():
    e = engine(rise_rate_m_h=None)
    found = e.step([z(0, 26.5), z(1, 30.2), z(2, 34.1), z(3, 18500.0, element="Q")], T)
    assert {a.rule for a in found} == {"warning", "guaranteed", "record", "record_flow"}


def test_it_clears_only_five_centimetres_below_and_remembers_its_peak():
    e = engine(rise_rate_m_h=None)
    e.step([z(0, 26.1), z(1, 26.8)], T)
    assert e.step([z(2, 25.97)], T) == []
    (cleared,) = e.step([z(3, 25.94)], T)
    assert (cleared.active, cleared.peak, cleared.cleared_t) == (False, 26.8, T + 3 * H)
    (again,) = e.step([z(4, 26.2)], T)
    assert again.alarm_id != cleared.alarm_id, "a new crossing is a new alarm"


def test_a_suspect_or_forecast_value_raises_nothing():
    e = engine()
    assert e.step([z(0, 39.0, Quality.SUSPECT), z(1, 39.0, Quality.BAD), z(2, 39.0, Quality.FORECAST)], T) == []


def test_a_fast_rise_raises_and_calms_down():
    e = engine(rise_rate_m_h=0.3)
    found = e.step([z(0, 20.0), z(1, 20.4)], T)
    assert rules_of(found) == [("rise_rate", True)]
    assert rules_of(e.step([z(2, 20.45)], T)) == [("rise_rate", False)]


def test_the_flood_limit_counts_only_in_its_season():
    e = engine()
    out_of_season = Reading("R", "RZ", from_beijing("2022-11-01 08:00"), 150.0, 0)
    assert e.step([out_of_season], T) == []
    assert rules_of(e.step([z(0, 146.4, code="R", element="RZ")], T)) == [("flood_limit", True)]


def test_silence_raises_and_the_next_reading_clears():
    e = engine()
    assert e.sweep({"S": (T, H)}, T + 3 * H) == []
    (stale,) = e.sweep({"S": (T, H)}, T + 3 * H + 1)
    assert (stale.rule, stale.value) == ("stale", None)
    assert e.sweep({"S": (T, H)}, T + 9 * H) == [], "one alarm while it lasts"
    assert rules_of(e.step([z(9, 20.0)], T)) == [("stale", False)]


def test_a_rising_tide_is_no_alarm_of_the_rise_rate():
    e = AlarmEngine({"T": Station("T", "赤湾", "tide"), "S": Station("S", "石角", "river")}, AlarmRules())
    for code, rules in (("T", []), ("S", [("rise_rate", True)])):
        e.step([z(0, 0.5, code=code)], T)
        assert rules_of(e.step([z(1, 0.95, code=code)], T + H)) == rules


def test_a_network_of_gauges_falling_silent_is_told_by_its_coverage_and_not_by_an_alarm_each():
    e = AlarmEngine({f"P{i}": Station(f"P{i}", f"雨量{i}", "rain") for i in range(26)}, AlarmRules())
    assert e.sweep({f"P{i}": (T, H) for i in range(26)}, T + 30 * H) == []


def test_open_alarms_survive_a_restart():
    e = engine(rise_rate_m_h=None)
    (raised,) = e.step([z(0, 26.5)], T)
    fresh = engine(rise_rate_m_h=None)
    fresh.restore([alarm_from_doc(raised.alarm_id, raised.to_doc())])
    assert fresh.step([z(1, 26.4)], T) == [], "it is not raised a second time"
    (cleared,) = fresh.step([z(2, 25.0)], T)
    assert cleared.alarm_id == raised.alarm_id


def surveyed(days, deepest_m, over, simulated=False):
    return Finding("scour", "W", T + days * 86400, deepest_m, 2.0, over, simulated)


def test_a_survey_beyond_the_limit_raises_until_a_newer_one_shows_the_toe_mended():
    watch = engine()
    (raised,) = watch.finding(surveyed(0, 3.1, True, simulated=True), T)
    assert (raised.rule, raised.figure, raised.peak, raised.simulated) == ("scour", 2.0, 3.1, True)
    assert alarm_from_doc(raised.alarm_id, raised.to_doc()) == raised
    assert watch.finding(surveyed(0, 3.1, True, simulated=True), T + H) == []  # the same survey, read again after a restart
    (deeper,) = watch.finding(surveyed(1, 3.6, True), T + 25 * H)
    assert (deeper.alarm_id, deeper.peak, deeper.peak_t, deeper.simulated) == (raised.alarm_id, 3.6, T + 86400, False), (
        "measured now"
    )
    (mended,) = watch.finding(surveyed(3, 0.4, False), T + 73 * H)
    assert mended.alarm_id == raised.alarm_id and mended.cleared_t == T + 3 * 86400
    assert watch.finding(surveyed(4, 0.4, False), T + 97 * H) == []


def test_a_pool_climbs_from_its_limit_over_design_and_check_to_the_crest():
    kinds = {"flood_limit": 76.0, "design": 80.0, "check": 82.0, "crest": 84.0}
    pool = Station("R", "水库", "reservoir", thresholds=tuple(Threshold(k, v, "RZ") for k, v in kinds.items()))
    e = AlarmEngine({"R": pool}, AlarmRules())
    found = e.step([z(i, v, code="R", element="RZ") for i, v in enumerate((76.0, 76.1, 80.0, 81.9, 82.0, 84.2))], T)
    last = {a.rule: a for a in found}
    assert {r: (a.severity, a.onset_t) for r, a in last.items()} == {
        "flood_limit": (3, T + H),
        "design": (4, T + 2 * H),
        "check": (5, T + 4 * H),
        "crest": (5, T + 5 * H),
    }
    assert rules_of(e.step([z(6, 81.0, code="R", element="RZ")], T)) == [("check", False), ("crest", False)]


def test_chloride_over_its_limit_raises_and_says_its_unit():
    gate = Station(
        "C", "平岗泵站", "salinity", thresholds=(Threshold("warning", 250.0, "CL"), Threshold("guaranteed", 800.0, "CL"))
    )
    e = AlarmEngine({"C": gate}, AlarmRules())
    assert e.step([z(0, 249.0, code="C", element="CL")], T) == []
    (raised,) = e.step([z(1, 260.0, code="C", element="CL")], T)
    assert (raised.rule, raised.severity, raised.unit, raised.figure) == ("over_limit", 2, "mg/L", 250.0)
    assert alarm_from_doc(raised.alarm_id, raised.to_doc()) == raised
    assert [a.rule for a in e.step([z(2, 900.0, code="C", element="CL")], T)] == ["over_limit", "far_over_limit"]
    assert e.step([z(3, 790.0, code="C", element="CL")], T) == [], "within two per cent of its figure it stays"
    assert rules_of(e.step([z(4, 240.0, code="C", element="CL")], T)) == [("far_over_limit", False), ("over_limit", False)]
    row = alarm_detail(raised, str)
    assert row == "起报 260 mg/L · 限 250 · 最高 260（+10）"


def test_soil_that_dries_out_is_alarmed_on_its_low_side():
    field = Station("M", "墒情站", "soil", thresholds=(Threshold("warning", 15.0, "SM"), Threshold("guaranteed", 10.0, "SM")))
    e = AlarmEngine({"M": field}, AlarmRules())
    assert e.step([z(0, 15.2, code="M", element="SM")], T) == []
    e.step([z(1, 14.0, code="M", element="SM")], T)
    found = {a.rule: a for a in e.step([z(2, 9.5, code="M", element="SM")], T)}
    assert found["under_limit"].peak == 9.5 and found["far_under_limit"].severity == 4
    assert rules_of(e.step([z(3, 16.0, code="M", element="SM")], T)) == [("far_under_limit", False), ("under_limit", False)]


def test_rain_and_gates_have_no_ladder_of_limits():
    gauge = Station("P", "雨量站", "rain", thresholds=(Threshold("warning", 1.0, "P"),))
    assert AlarmEngine({"P": gauge}, AlarmRules()).step([z(0, 50.0, code="P", element="P")], T) == []


def test_an_element_without_a_unit_is_not_said_in_metres():
    ph = Element("PH", "酸碱度", "", 2, low_is_bad=True)
    e = AlarmEngine(
        {"Q": Station("Q", "断面", "quality", declared=ph, thresholds=(Threshold("warning", 6.0, "PH"),))}, AlarmRules()
    )
    (raised,) = e.step([z(0, 5.2, code="Q", element="PH")], T)
    assert alarm_detail(raised, str) == "起报 5.2 · 限 6 · 最低 5.2（−0.8）"


def test_a_place_whose_flow_is_what_counts_is_alarmed_by_its_flow():
    pump = Station("F", "取水口", "intake", declared=FLOW, thresholds=(Threshold("warning", 50.0, "Q"),))
    (raised,) = AlarmEngine({"F": pump}, AlarmRules()).step([z(0, 51.0, code="F", element="Q")], T)
    assert (raised.rule, raised.unit) == ("over_limit", "m³/s")
