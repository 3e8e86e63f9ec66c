"""Servers that misbehave: nothing crashes, no gap is silent, and the fault has a name."""

from __future__ import annotations

import httpx
import numpy as np
import pytest

from backend_client.adapters.harvest import BAD, MEASURED, SUSPECT
from backend_client.adapters.proved_windows import REQUESTS
from backend_client.adapters.sensorthings.adapter import SensorThings
from backend_client.adapters.times import iso_z
from backend_client.adapters.words import Terms
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError
from tests.unit.sta_faults import BASE, T0, Faults, FaultySta, hourly


def harvest_of(server, hours=1000, terms=None):
    adapter = SensorThings(BASE, terms, transport=server)
    found = adapter.read(adapter.series(), T0, T0 + 3600 * hours)
    adapter.close()
    return found


@pytest.mark.parametrize(
    ("faults", "note"),
    [
        (Faults(), "paging-by-skip"),
        (Faults(orderby_500=True), "orderby-phenomenonTime-fails"),
        (Faults(no_array=False, array_cut=101), "next-link-missing"),
        (Faults(next_link_missing=True), "next-link-missing"),
        (Faults(raw_spaces=True, filter_ignored=True), "time-filter-ignored"),
        (Faults(link_host="http://frost.internal:8080", filter_ignored=True), "links-name-another-host"),
        (Faults(newest_first=True), "order-ignored"),
        (Faults(rows_twice=True), "rows-repeated"),
        (Faults(no_count=True), "no-count"),
        (Faults(no_count=True, next_link_missing=True), "answers-cut"),
    ],
)
def test_a_saved_fault_is_survived_named_and_every_row_is_there(faults, note):
    found = harvest_of(FaultySta(hourly(700), faults))
    assert found.complete and not found.gaps and note in found.notes
    assert list(np.diff(found.parts[0].t)) == [3600] * 699 and list(found.parts[0].value[:2]) == [10.0, 11.0]


def test_a_count_that_is_never_met_leaves_gaps_of_just_those_windows():
    server = FaultySta(hourly(300), Faults(page=1000))
    hidden = iso_z(T0 + 3600 * 100 + 1)
    server.rows.append((999, hidden, 1.0, hidden, None))
    plain = server._observations
    server._observations = lambda path, options: without(plain(path, options), 999)
    found = harvest_of(server)
    assert not found.complete and found.got == 300
    assert all(g.from_t <= T0 + 3600 * 100 + 1 <= g.to_t for g in found.gaps) and len(found.gaps) == 1
    assert found.gaps[0].to_t - found.gaps[0].from_t <= 60 and found.gaps[0].reason in ("0-of-1", "1-of-2")


def without(reply, obs_id):
    if reply.status_code != 200:
        return reply
    doc = reply.json()
    doc["value"] = [o for o in doc["value"] if o["@iot.id"] != obs_id]
    return httpx.Response(200, json=doc)


@pytest.mark.parametrize("added", [-1, 1, 10**9])
def test_a_lying_count_neither_hangs_nor_passes_for_a_proof(added):
    server = FaultySta(hourly(50), Faults(count_added=added))
    found = harvest_of(server, hours=50)
    assert not found.complete and found.gaps and found.got == 50
    assert len(server.asked) < REQUESTS + 100


def test_a_link_that_leads_to_itself_ends_and_is_a_gap():
    found = harvest_of(FaultySta(hourly(300), Faults(filter_ignored=True, link_loops=True)))
    assert not found.complete and found.gaps[0].reason == "100-of-300"


def test_more_rows_at_one_instant_than_an_answer_holds_are_followed_by_links():
    rows = [(i, iso_z(T0), float(i), iso_z(T0 + i), None) for i in range(250)]
    found = harvest_of(FaultySta(rows))
    assert found.complete and found.expected == 250 and found.got == 1
    assert found.parts[0].value[0] == 249.0 and "several-rows-for-one-time" in found.notes, "the latest resultTime wins"


def test_values_in_any_writing_become_numbers_or_missing():
    raw = [6, 6.0, "6.5", "", None, float("nan"), -999, "-9999.0", "abc", True, {"a": 1}, float("inf"), 1e400]
    rows = [(i, iso_z(T0 + 60 * i), v, None, None) for i, v in enumerate(raw)]
    part = harvest_of(FaultySta(rows)).parts[0]
    assert list(part.value[:3]) == [6.0, 6.0, 6.5] and np.isnan(part.value[3:]).all() and len(part.t) == len(raw)
    assert list(part.quality[8:11]) == [SUSPECT] * 3 and part.quality[3] == MEASURED


def test_quality_is_mapped_and_what_no_rule_maps_is_suspect_and_listed():
    raw = ["good", "FAIL", {"code": "pass"}, [{"DQ_Status": {"code": "suspect"}}], "vielleicht", 3, None]
    rows = [(i, iso_z(T0 + 60 * i), 1.0, None, q) for i, q in enumerate(raw)]
    found = harvest_of(FaultySta(rows))
    assert list(found.parts[0].quality) == [MEASURED, BAD, MEASURED, SUSPECT, SUSPECT, SUSPECT, MEASURED]
    assert found.unknown_quality == ("3", "vielleicht")
    mapped = harvest_of(FaultySta(rows), terms=Terms(quality={"3": BAD, "vielleicht": SUSPECT}))
    assert mapped.parts[0].quality[5] == BAD and mapped.unknown_quality == ()


def test_an_interval_stands_at_its_end_even_when_it_began_before_the_window():
    rows = [(i, f"{iso_z(T0 + 3600 * (i - 1))}/{iso_z(T0 + 3600 * i)}", float(i), None, None) for i in range(5)]
    found = harvest_of(FaultySta(rows), hours=2)
    assert list(found.parts[0].t) == [T0, T0 + 3600, T0 + 7200] and found.complete and "interval-times-end-used" in found.notes


def test_offsets_and_parts_of_a_second_are_understood_and_an_unreadable_time_is_a_gap():
    rows = [(1, "2022-06-20T08:00:00.250+08:00", 1.0, None, None), (2, "2022-06-20T03:00:00", 2.0, None, None)]
    found = harvest_of(FaultySta(rows))
    assert list(found.parts[0].t) == [T0] and not found.complete and found.gaps[0].reason == "unreadable-times"
    local = harvest_of(FaultySta(rows), terms=Terms(zone="Asia/Shanghai"))
    assert local.got == 1 and "rows-outside-the-window" in local.notes and local.complete, "03:00 here is the day before"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, content=b'{"value": ['), WireFormatError),
        (httpx.Response(200, content=b"<html>login</html>"), WireFormatError),
        (httpx.Response(200, json=[1]), WireFormatError),
        (httpx.Response(200, json={"value": [1]}), WireFormatError),
        (httpx.Response(200, json={"value": [{"dataArray": [[1]], "components": ["id", "result"]}]}), WireFormatError),
        (httpx.Response(200, content=b"[" * 100_000), WireFormatError),
        (httpx.Response(403), BackendRefused),
        (httpx.Response(302, headers={"location": "http://evil.example/"}), BackendRefused),
        (httpx.Response(429, headers={"retry-after": "7"}), BackendUnavailable),
    ],
)
def test_what_is_no_answer_is_one_of_three_errors(answer, error):
    with pytest.raises(error):
        harvest_of(FaultySta(hourly(3), Faults(answer=answer)))


def test_an_unknown_unit_is_listed_and_not_read():
    server = FaultySta(hourly(3), unit="smoot")
    found = harvest_of(server)
    assert not found.parts and "unit-unknown:smoot" in found.notes
