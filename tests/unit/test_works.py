"""Works of the drill and of hostile centres: what is declared, what is left out and why."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.central.player import Player
from console.domain.anomalies import EVIDENCE, hypotheses
from console.domain.objects import station_from_doc, thing_from_doc
from console.domain.quality import Quality
from console.domain.works import SUBSYSTEMS, calibration_of, chainage_text, gate_of, number, sensor_of, works_of
from console.drill.facts import basin_objects, flood_facts
from console.drill.reconstruct import rebuild
from console.store.cause_rules import RuleError, cause_rules, declared_causes


@pytest.fixture(scope="module")
def objects():
    return basin_objects()


@pytest.fixture(scope="module")
def flood():
    return {(s.object_code, s.element): s for s in rebuild(flood_facts("beijiang-2022-06"))}


def test_the_levee_is_what_was_published_and_the_rest_is_named_simulated(objects):
    works = {d["code"]: works_of(thing_from_doc("works", d)) for d in objects["works"]}
    levee = works["LOCWK002"]
    facts = {name: (text, source) for name, text, source in levee.facts}
    assert facts["长度"][0] == "64 km" and facts["穿堤水闸"][0] == "30 座" and levee.class_word == "1 级堤防"
    assert all(source for _, source in facts.values()) and "模拟" in levee.note
    assert {s.code for s in levee.subsystems} == set(SUBSYSTEMS)
    assert {s.code: s.state for s in levee.subsystems}["forecast"] == "unknown", "what nobody told is unknown"
    for kind in ("sensors", "gates"):
        for doc in objects[kind]:
            assert doc["properties"]["facts"]["simulated"] and doc["properties"]["facts"]["source"] == "模拟监测"
    assert all(d["properties"]["simulated"] for d in objects["surveys"])
    assert "model" not in json.dumps(objects["sensors"]), "the drill's own answer is not sent out"


def test_every_sensor_has_a_history_to_be_fitted_with(objects):
    sensors = [sensor_of(station_from_doc(d)) for d in objects["sensors"]]
    assert 12 <= len(sensors) <= 20 and not [s.code for s in sensors if s.problem]
    assert all(100 < len(s.calibration.t) < 300 and None in s.calibration.value for s in sensors)
    assert {s.element for s in sensors} == {"DX", "DZ", "PW", "SQ"}


def test_simulated_readings_follow_the_flood_and_carry_their_source(flood):
    made = [s for s in flood.values() if s.source]
    assert {s.source for s in made} == {"模拟监测"} and len(made) < 50
    assert all((s.quality == Quality.RECONSTRUCTED).all() for s in made)
    level, pore = flood[("LOCSN204", "PW")], flood[("LOC00112", "Z")]
    assert np.corrcoef(level.value, np.interp(level.t, pore.t, pore.value))[0, 1] > 0.99
    silent = flood[("LOCSN203", "DZ")]
    assert np.diff(silent.t).max() > 36 * 3600, "one sensor falls silent for a day and a half"


def test_gates_pass_what_was_recorded_and_one_does_not_report(flood, objects):
    outflow = flood[("LOC00506", "OTQ")]
    gates = [s for (code, element), s in flood.items() if element == "GTO"]
    assert len(objects["gates"]) == 15 and len(gates) == 14
    total = sum(s.value for s in gates)
    at = np.interp(gates[0].t, outflow.t, outflow.value)
    assert np.corrcoef(total, at)[0, 1] > 0.97 and max(s.value.max() for s in gates) <= 12.0
    assert total[np.argmax(at)] == pytest.approx(14 * 12 * at.max() / 15 / 1250, rel=0.01)


def test_without_a_recorded_pool_no_reading_of_the_dam_is_made():
    made = {s.object_code for s in rebuild(flood_facts("beijiang-2024-04")) if s.source}
    assert "LOCSN204" in made and "LOCSN101" not in made and "LOCGT108" in made


@pytest.mark.parametrize("value", [None, "3", True, float("nan"), float("inf"), -float("inf"), 10**400, 1e30, [], {}])
def test_a_figure_that_is_none_is_left_out(value):
    assert number(value) is None


@pytest.mark.parametrize(
    ("why", "doc"),
    [
        ("none", None),
        ("none", {"t_day": 10**9}),
        ("size", {"t_day": [1.0] * 5000, "level_m": [1.0] * 5000, "value": [1.0] * 5000}),
        ("length", {"t_day": [1.0, 2.0], "level_m": [1.0], "value": [1.0, 2.0]}),
        ("time", {"t_day": [1.0, float("nan")], "level_m": [1.0, 2.0], "value": [1.0, 2.0]}),
        ("time", {"t_day": [1.0], "level_m": [1.0], "value": [1.0], "rain_mm": {"two": [1.0]}}),
    ],
)
def test_a_history_that_cannot_be_used_says_why(why, doc):
    assert calibration_of(doc) == (None, why)


def test_hostile_documents_of_works_sensors_and_gates_are_read_without_their_nonsense():
    props = {
        "name": "坏",
        "type": ["x"],
        "sections": [{"code": 5, "profile": [[1, 2], [float("nan"), 1], "x", [1], [1e99, 2]]}, "x"],
        "subsystems": {"video": {"state": "绿", "coverage": 7}, "network": 3},
        "published": [{"name": "a" * 999, "text": 5}, 3],
        "scour_limit_m": float("nan"),
        "level": {"object": 5},
        "gate_count": 1e9,
    }
    works = works_of(thing_from_doc("works", {"code": "X", "properties": props}))
    assert works.type == "" and works.level is None and works.scour_limit_m is None and works.gate_count is None
    assert works.sections[0].profile == ((1.0, 2.0),) and len(works.facts[0][0]) == 20
    assert {s.state for s in works.subsystems} == {"unknown"}
    doc = {"code": "S", "properties": {"name": "s", "type": "sensor", "element": "PW", "facts": {"limits": {"alarm_s": -5}}}}
    sensor = sensor_of(station_from_doc(doc))
    assert (sensor.problem, sensor.attention_s, sensor.alarm_s, sensor.works) == ("none", 2.0, 3.0, "")
    gate = gate_of(
        station_from_doc({"code": "G", "properties": {"name": "g", "type": "gate", "facts": {"bay": "3", "width_m": -2}}})
    )
    assert (gate.bay, gate.width_m, gate.max_opening_m) == (None, None, None)


def test_chainage_is_written_as_officers_write_it():
    assert [chainage_text(v) for v in (12345.4, 5.0, None, -20.0)] == ["12+345", "0+005", "—", "−0+020"]


def test_the_declared_causes_are_possible_ones_and_each_has_a_check():
    rules = declared_causes()
    assert len(rules) >= 8 and all(r.cause.startswith("可能") and r.check for r in rules)


def test_causes_hold_by_their_evidence_and_unknown_evidence_never_holds():
    rules = declared_causes()
    rising = {"residual_ratio": -2.6, "level_change_24h_m": 1.4}
    found = hypotheses(rules, "PW", rising)
    assert [h.code for h in found] == ["level_rise"] and dict(found[0].evidence) == rising
    assert hypotheses(rules, "PW", {"residual_ratio": None, "level_change_24h_m": 1.4}) == ()
    assert hypotheses(rules, "PW", {"residual_ratio": float("nan"), "level_change_24h_m": 1.4}) == ()
    wet = {"residual_ratio": 2.5, "rain_72h_mm": 120.0}
    assert [h.code for h in hypotheses(rules, "SQ", wet)] == ["rain"] and hypotheses(rules, "DX", wet) == ()
    lone = {"step_ratio": 9.0, "section_steps": 0.0, "section_out": 0.0}
    assert [h.code for h in hypotheses(rules, "DX", lone)] == ["instrument_step"]
    assert [h.code for h in hypotheses(rules, "DX", lone | {"section_steps": 2.0})] == ["section_step"]
    together = {"residual_ratio": 3.0, "section_out": 3.0, "works_share": 80.0}
    assert [h.code for h in hypotheses(rules, "DX", together)] == ["section_response", "supply_or_reference"]


GOOD = """
[[rule]]
code = "a"
cause = "可能是甲"
check = "乙"
when = [{ evidence = "flat_h", op = ">=", value = 24.0 }]
"""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("code =", "codes ="), "codes"),
        (('code = "a"', ""), "code"),
        (('check = "乙"', 'check = ""'), "check"),
        (("可能是甲", "是甲"), "cause"),
        (("flat_h", "flat"), "evidence"),
        ((">=", "=="), "op"),
        (("24.0", '"x"'), "value"),
        (("24.0", "nan"), "value"),
        (("24.0 }", "24.0, size = 1 }"), "size"),
        (("[{ evid", "[] #"), "when"),
        ((GOOD, ""), "rule"),
        ((GOOD, GOOD + GOOD), "code a"),
        (("check =", 'elements = ["X"]\ncheck ='), "elements"),
        (("check =", 'show = ["X"]\ncheck ='), "show"),
        (("[[rule]]", "[[rule"), "rules.toml"),
        (("[[rule]]", "[[rule]]\ninstrument = 1"), "instrument"),
    ],
)
def test_a_broken_rule_is_refused_by_file_and_key(change, named):
    with pytest.raises(RuleError) as refused:
        cause_rules(GOOD.replace(*change), "rules.toml")
    assert "rules.toml" in str(refused.value) and named in str(refused.value)


def test_only_causes_that_lie_in_the_instrument_take_the_alarm_from_a_works():
    told = {r.code for r in declared_causes() if r.instrument}
    assert told == {"instrument_step", "supply_or_reference", "frozen", "silent"}
    assert not told & {"section_step", "section_response", "drift"}, "what may be the works stays an alarm"


def test_every_evidence_a_rule_may_name_is_worded():
    assert all(word and decimals >= 0 for word, _, decimals in EVIDENCE.values())


def test_a_store_of_an_older_recording_gets_the_sensors_past_readings_too(repo):
    facts = flood_facts("beijiang-2022-06")
    player = Player(repo, facts, rate=1.0, ref=lambda: 0.0)
    rows = player.due()
    sources = {d["properties"]["object"]: d["properties"]["source"] for d in repo.objects("series")}
    assert sources["LOCSN101"] == "模拟监测" and sources["LOC00106"] == "重建录像"
    repo.commit_rows(rows, **player.place_after(len(rows)))
    assert player.due() == []
    repo.set_meta(player_total="4069", player_released="3000")
    again = player.due()
    assert len(again) == len(rows) and repo.commit_rows(again, **player.place_after(len(again))) == []
    assert player.due() == []
