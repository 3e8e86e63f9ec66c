"""What may be concluded of a sensor from its neighbours' silence, its own pace, one odd reading, or a future moment."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from console.domain.objects import Series, Thing, station_from_doc
from console.domain.quality import Quality
from console.domain.time import from_beijing
from console.domain.works import gate_of, sensor_of, works_of
from console.drill.facts import basin_objects, flood_facts
from console.drill.reconstruct import rebuild
from console.presenters.works import board_view, subsystem_cells
from console.presenters.works_charts import gates_view, safety_view, section_view
from console.services.works_health import _newest
from console.store.cause_rules import declared_causes
from console.viewdata.board import Board
from console.viewdata.works import WorksReport
from console.viewdata.works_assess import EMPTY, Inputs, assess
from tests.rows import board_of, series_rows, station_row

DAY, H = 86400, 3600
CALM = from_beijing("2022-06-18 20:00")  # before the planted faults


def same(text):
    return text


@pytest.fixture(scope="module")
def readings():
    objects = basin_objects()
    recorded = {(s.object_code, s.element): s for s in rebuild(flood_facts("beijiang-2022-06"))}

    def rows(pointer, moment):
        s = recorded.get(pointer)
        if s is None:
            return EMPTY
        keep = (s.t <= moment) & (s.t >= moment - 15 * DAY)
        return s.t[keep], s.value[keep], s.quality[keep]

    sensors = [sensor_of(station_from_doc(d)) for d in objects["sensors"]]

    def at(moment):
        return [Inputs(s, rows((s.code, s.element), moment), rows(s.driver, moment), H, rows(s.rain, moment)) for s in sensors]

    return at


def judged(inputs, moment=CALM, **more):
    return {h.sensor.code: h for h in assess(inputs, moment, declared_causes(), {}, **more)}


def lifted(i, code, by=2.0, hours=20, moment=CALM):
    t, v, q = i.own
    return replace(i, own=(t, np.where(t > moment - hours * H, v + by, v), q)) if i.sensor.code == code else i


def alone(inputs, code, how):
    """Return the inputs with a jump at one sensor and its neighbours as told."""
    section = next(i.sensor.section for i in inputs if i.sensor.code == code)
    found = []
    for i in inputs:
        near = i.sensor.section == section and i.sensor.code != code
        if how == "no section" and i.sensor.code == code:
            i = replace(i, sensor=replace(i.sensor, section=""))
        if how == "none" and near:
            continue
        if how == "silent" and near:
            i = replace(i, own=EMPTY)
        if how == "in alarm" and near:
            i = lifted(i, i.sensor.code, hours=200)
        found.append(lifted(i, code))
    return found


@pytest.mark.parametrize("how", ["none", "no section", "silent", "in alarm"])
def test_a_jump_is_only_put_down_to_the_instrument_where_neighbours_really_stayed_calm(readings, how):
    found = judged(alone(readings(CALM), "LOCSN205", how))["LOCSN205"]
    assert found.state == "alarm" and "instrument_step" not in [h.code for h in found.hypotheses]


def test_where_they_stayed_calm_it_is_doubtful(readings):
    assert judged(alone(readings(CALM), "LOCSN205", "as they are"))["LOCSN205"].state == "doubtful"


def test_a_sensor_read_once_a_day_is_neither_silent_at_noon_nor_stuck_after_two_alike(readings):
    def daily(i, values=None):
        t, v, q = i.own
        keep = (t + 8 * H) % DAY == 8 * H
        v = v[keep] if values is None else np.full(int(keep.sum()), values)
        return replace(i, own=(t[keep], v, q[keep]), interval_s=DAY)

    for hour in (2, 8, 18, 22):
        found = judged([daily(i) for i in readings(CALM)], CALM - 12 * H + hour * H)
        assert not [h for h in found.values() if h.reason == "silent" or h.evidence.get("flat_h")], hour
    late = judged([daily(i) for i in readings(CALM)], CALM + 4 * DAY)
    assert {h.reason for h in late.values() if h.value is not None} == {"silent"}
    stuck = judged([daily(i, 3.0) for i in readings(CALM)])
    assert all(h.evidence.get("flat_h") for h in stuck.values() if h.value is not None)


def test_one_odd_reading_is_told_beside_the_median_that_is_judged(readings):
    spiked = [lifted(i, "LOCSN102", by=3.0, hours=0.5) for i in readings(CALM)]
    h = judged(spiked)["LOCSN102"]
    assert h.state == "normal" and abs(h.off) > 3 > abs(h.ratio)
    works = works_of(Thing("works", "W", "坝"))
    told = safety_view(WorksReport(works, "normal", (h,)), h, CALM, same)
    rows = {name: text for name, text, _ in told.rows}
    assert rows["残差 σ"] != rows["近三次中位"] and "最新一次" in told.says and "中位数在 ±2σ 以内" in told.says


def test_of_the_future_no_sensor_says_anything_and_no_line_is_cut(readings):
    found = judged(readings(CALM), CALM + 8 * H, ahead=True)
    assert {(h.state, h.reason) for h in found.values()} == {("unknown", "no_forecast")}
    assert not any(h.hypotheses or h.abnormal for h in found.values())


def test_the_water_before_a_works_is_measured_forecast_or_old_and_says_which():
    series = {("A", "Z"): Series(1, "A", "Z", "m")}
    t, v, q = series_rows((10.0, 10.5, 11.0, 99.0), end=CALM)
    q[3] = Quality.SUSPECT
    rows = {1: (t, v, q)}
    now = _newest(("A", "Z"), series, rows, CALM, ahead=False)
    assert (now.value, now.kind) == (11.0, ""), "a doubtful level is not drawn"
    assert _newest(("A", "Z"), series, rows, CALM + 78 * H, ahead=False).kind == "stale"
    assert _newest(("A", "Z"), series, rows, CALM + H, ahead=True) is None
    q[3] = Quality.FORECAST
    assert _newest(("A", "Z"), series, rows, CALM, ahead=True).kind == "forecast"
    works = works_of(Thing("works", "W", "坝"))
    for kind, word in (("forecast", "预报"), ("stale", "过时"), ("", "")):
        view = section_view(WorksReport(works, "normal", level_m=11.0, level_t=CALM, level_kind=kind), "", same)
        assert view.water_kind == kind and view.water_text.endswith(word)


@pytest.mark.parametrize(("quality", "word"), [(Quality.BAD, "坏值"), (Quality.SUSPECT, "存疑")])
def test_a_gate_whose_opening_is_in_doubt_is_not_drawn_closed(quality, word):
    doc = basin_objects()["gates"][0]
    gate = gate_of(station_from_doc(doc))
    works = works_of(Thing("works", gate.works, "闸"))
    row = station_row(gate.code, (0.0, 0.0, 0.0), kind="gate", element="GTO")
    level = replace(row.level, quality=quality)
    board, gates = board_of(replace(row, level=level)), {gate.code: gate}
    (bay,) = gates_view(WorksReport(works, "normal"), gates, board, same).bays
    assert bay.opening_m is None and word in bay.reason
    ahead = replace(board_of(row), now=board.moment - 2 * H)
    (bay,) = gates_view(WorksReport(works, "normal"), gates, ahead, same).bays
    assert bay.opening_m is None and bay.reason == "没有预报"


def test_a_subsystems_fault_is_not_known_before_it_happened():
    facts = {"subsystems": {"network": {"state": "fault", "at": CALM, "note": "中断"}, "video": {"state": "ok"}}}
    works = works_of(Thing("works", "W", "堤", facts=facts))

    def cells(moment, now):
        found = subsystem_cells(works, Board(moment, now, "at"), same)
        return {c.name: c for c in found}

    before, after = cells(CALM - DAY, CALM + DAY), cells(CALM + H, CALM + DAY)
    assert before["网络通信"].state == "unknown" and not before["网络通信"].note
    assert after["网络通信"].state == "fault" and after["网络通信"].at_text.endswith("起")
    assert after["视频监控"].at_text == "登记状态，不随时间轴" and cells(CALM, CALM)["视频监控"].at_text == ""
    view = board_view(
        SimpleNamespace(reports=(WorksReport(works, "unknown"),), known=True), Board(CALM, CALM, "live"), "W", "", same
    )
    assert len(view.subsystems) == 8


def test_the_level_of_a_reservoir_drives_a_dam_whose_table_only_names_the_reservoir(readings):
    from console.viewdata.works_assess import inputs_of, with_pools

    one = readings(CALM)[0]
    sensor = replace(one.sensor, driver=("R1", "Z"))
    series = with_pools(
        {("R1", "RZ"): Series(7, "R1", "RZ", "m"), (sensor.code, sensor.element): Series(8, sensor.code, sensor.element, "")}
    )
    found = inputs_of(sensor, series, {7: one.level, 8: one.own})
    assert found.level is one.level
    both = with_pools({("R1", "RZ"): Series(7, "R1", "RZ", "m"), ("R1", "Z"): Series(9, "R1", "Z", "m")})
    assert both[("R1", "Z")].sid == 9
