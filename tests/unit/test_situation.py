"""One Situation: small, readable by another machine, refused when it is not one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.domain.situation import Camera, Clock, ServiceClock, Situation, SituationError


def test_a_cast_is_a_few_hundred_bytes_and_comes_back_equal():
    s = Situation(Clock("at", 1655877600.0), "LOC00106", camera=Camera(113.4, 24.2, 80.0))
    text = s.to_json()
    assert len(text.encode()) < 500
    assert Situation.from_json(text) == s


def test_a_playing_clock_travels_with_its_moment():
    s = Situation(Clock("playing", 1000.0, 60.0, ref_s=50.0))
    moment = s.clock.moment(ServiceClock(1e9, 0.0), 60.0)
    assert moment == 1600.0
    there = Situation.from_json(s.to_json(moment), ref_s=7.0)
    assert there.clock.moment(ServiceClock(1e9, 0.0), 7.0) == 1600.0


def test_the_centres_clock_runs_at_its_rate_and_stops_when_paused():
    clock = ServiceClock(1000.0, 10.0, rate=120.0)
    assert clock.at(12.0) == 1240.0
    assert ServiceClock(1000.0, 10.0, 120.0, running=False).at(99.0) == 1000.0
    assert clock.at(5.0) == 1000.0, "a reference that went back does not turn time back"


def test_playing_never_passes_now():
    playing = Clock("playing", 900.0, 3600.0, ref_s=0.0)
    assert playing.moment(ServiceClock(1000.0, 0.0), 10.0) <= 1010.0


@given(st.one_of(st.text(), st.binary().map(lambda b: b.decode("latin1"))))
def test_garbage_is_refused_with_one_error(text):
    with pytest.raises(SituationError):
        Situation.from_json(text)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)))
def test_wrong_documents_are_refused_with_one_error(doc):
    with pytest.raises(SituationError):
        Situation.from_doc({"clock": doc} if not isinstance(doc, dict) else doc)


def test_a_huge_text_is_refused():
    with pytest.raises(SituationError, match="longer"):
        Situation.from_json(" " * 5000)
