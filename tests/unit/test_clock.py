"""A wrong computer clock is seen, said and stamped, and never decides an order or an age."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from console.domain.time import steady_s
from console.services.session import silent_s
from console.state.desk import DeskState
from console.state.link import LinkStatus
from console.state.situation import SituationState
from console.sync.link import LinkState


def hello(real_t):
    return SimpleNamespace(real_t=real_t, now_t=real_t, epoch="e", rate=1.0, running=True, mode="live", service="s", player={})


def test_skew_is_taken_from_the_quickest_round_trip():
    link = LinkState()
    link.heard(hello(1000.0), 0.0, 4.0, 1000.0)  # a slow answer says little
    assert link.skew_s == pytest.approx(2.0)
    link.heard(hello(1070.0), 10.0, 10.1, 1006.1)
    assert link.skew_s == pytest.approx(63.95), "the quick one decides"


def test_a_clock_that_was_set_right_is_believed_at_once():
    link = LinkState()
    link.heard(hello(5000.0), 0.0, 0.01, 1000.0)
    assert link.skew_s == pytest.approx(4000.0, abs=0.1)
    link.heard(hello(5015.0), 15.0, 15.5, 5015.0)
    assert link.skew_s == pytest.approx(0.25, abs=0.1), "a slower trip, but of the clock as it is now"


def test_a_clock_set_back_while_nobody_answers_shows_at_once(qapp):
    wall, steady = [1000.0], [50.0]
    link = LinkStatus(None, lambda: steady[0], lambda: wall[0])
    link.heard_clock({"skew_s": 2.0})
    steady[0] += 3600
    wall[0] += 3600
    assert link.skew_s == pytest.approx(2.0)
    wall[0] -= 3 * 86400
    assert link.skew_s == pytest.approx(3 * 86400 + 2.0)


def test_ages_follow_the_steady_clock_whatever_the_computer_clock_says(qapp):
    from console.domain.situation import ServiceClock

    steady, wall = [100.0], [1_655_900_000.0]
    state = SituationState(lambda: steady[0], lambda: wall[0])
    state.set_service(ServiceClock(1_655_900_000.0, steady[0]))
    wall[0] -= 3 * 86400
    steady[0] += 7200
    assert state.now() == 1_655_907_200.0
    before = steady_s()
    assert steady_s() >= before


def test_after_a_restart_of_the_console_the_silence_is_still_measured_by_the_steady_clock():
    known = {"last_ok": "1000", "last_steady": "500", "boot": "b1"}
    assert silent_s(known, 990.0, 8000.0, "b1") == 7500.0, "although the clock stands before the last answer"
    assert silent_s(known, 4600.0, 10.0, "b2") == 3600.0
    assert silent_s({}, 4600.0, 10.0, "") == 0.0


def test_the_log_is_shown_in_the_centres_order_with_each_clients_own_time_beside_it(qapp):
    desk = DeskState()

    def body(text, at, seq):
        return {"type": "note", "text": text, "author": "张三", "at": at, "seq": seq, "received_t": 1655900000}

    early_id, late_id = "018f0000-0000-7000-8000-000000000001", "ffff0000-0000-7000-8000-000000000001"
    desk.set_records("log", [(late_id, body("先到中心", 4_000_000_000, 7)), (early_id, body("后到中心", 1_000_000_000, 9))])
    desk.join()
    assert [e.text for e in desk.log] == ["后到中心", "先到中心"]
    assert [e.at for e in desk.log] == [1_000_000_000, 4_000_000_000]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Shanghai", "Pacific/Kiritimati"])
def test_the_same_times_are_shown_in_every_time_zone_of_the_computer(zone):
    program = (
        "from console.domain.time import *\n"
        "print(stamp(1655877600), full_stamp(1655877600), from_beijing('2022-06-22 14:00'), hydrological_day(1655877600))"
    )
    env = {**os.environ, "TZ": zone}
    said = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["06-22", "14:00", "2022-06-22", "14:00", "1655877600", "1655942400"]


def test_who_signs_after_the_first_has_read_it_whatever_the_clocks_say(qapp):
    from console.presenters.duty import alarm_rows

    desk = DeskState()
    alarm = {
        "rule": "warning", "object": "S1", "severity": 2, "onset_t": 1655800000,
        "first_seen_t": 1655800000, "value": 26.0, "figure": 25.5, "peak": 26.0, "peak_t": 1655800000, "cleared_t": None,
    }  # fmt: skip

    def ack(author, at, seq):
        return {"alarm_id": "a", "author": author, "note": "", "at": at, "seq": seq}

    desk.set_records("alarm", [("a", alarm)])
    desk.set_records("ack", [("1", ack("李四", 1000, 9)), ("2", ack("张三", 9000, 4))])
    desk.join()
    (row,) = alarm_rows(desk, str, 1655900000, str)
    assert [(who, note) for who, note, *_ in row.acks] == [("张三", ""), ("李四", "已阅")]
