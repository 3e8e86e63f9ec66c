"""What foreign servers write for units, times and "come back later", and what we make of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend_client.adapters.pace import next_wait_s
from backend_client.adapters.times import ambiguous, iso_z, utc_end, utc_in_order, utc_s
from backend_client.adapters.units import same_unit, to_ours


@pytest.mark.parametrize(
    ("element", "unit", "factor"),
    [
        ("Z", "m", 1.0),
        ("Z", "[ft_i]", 0.3048),
        ("Z", "ft", 0.3048),
        ("RZ", "cm", 0.01),
        ("Z", "米", 1.0),
        ("Z", "Metre", 1.0),
        ("P", "mm", 1.0),
        ("P", "[in_i]", 25.4),
        ("P", "㎜", 1.0),
        ("P", "kg/m2", 1.0),
        ("P", "cm", 10.0),
        ("Q", "m3/s", 1.0),
        ("Q", "m³/s", 1.0),
        ("Q", "m^3/s", 1.0),
        ("Q", "m3.s-1", 1.0),
        ("Q", "m3 s-1", 1.0),
        ("Q", "m**3/s", 1.0),
        ("Q", "㎥/s", 1.0),
        ("Q", "立方米/秒", 1.0),
        ("Q", "CMS", 1.0),
        ("Q", "cfs", 0.028316846592),
        ("Q", "ft3/s", 0.028316846592),
        ("Q", "[ft_i]3/s", 0.028316846592),
        ("INQ", "kcfs", 28.316846592),
        ("OTQ", "ML/d", 1000 / 86400),
        ("Q", "L/s", 0.001),
        ("Q", "http://www.opengis.net/def/uom/UCUM/m3/s", 1.0),
        ("Q", "http://qudt.org/vocab/unit/FT3-PER-SEC", 0.028316846592),
        ("W", "万m³", 0.01),
        ("W", "亿m³", 100.0),
        ("W", "10⁶ m³", 1.0),
        ("W", "10^6m3", 1.0),
        ("W", "m3", 1e-6),
        ("W", "hm3", 1.0),
        ("W", "GL", 1.0),
        ("W", "acre-ft", 0.00123348183754752),
        ("W", "Acre-Feet", 0.00123348183754752),
        ("W", "kaf", 1.23348183754752),
    ],
)
def test_a_known_unit_becomes_ours(element, unit, factor):
    got = to_ours(element, unit)
    assert got is not None and got[0] == pytest.approx(factor, rel=1e-12) and got[1] == 0.0
    if factor == 1.0:
        assert got[0] == 1.0, "a reading in our own unit must not change in its last bit"


@pytest.mark.parametrize(
    ("element", "unit"),
    [("Z", ""), ("Z", "degC"), ("Z", "m3"), ("Q", "m"), ("P", "mm/h"), ("W", "%"), ("Q", "m3"), ("", "m"), ("Z", "MM"), ("W", "mm3")],
)  # fmt: skip
def test_an_unknown_or_wrong_unit_is_never_guessed(element, unit):
    assert to_ours(element, unit) is None


def test_a_declared_element_is_left_as_it_is_and_spellings_of_a_unit_are_one():
    assert to_ours("DO", "mg/L") == (1.0, 0.0)
    assert same_unit("mg/L", " mg/L ") and same_unit("m³/s", "m3/s") and not same_unit("mg/L", "ug/L")


def at(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "zone", "t"),
    [
        ("2022-06-22T08:00:00Z", "", at(2022, 6, 22, 8)),
        ("2022-06-22T08:00:00.123456789Z", "Asia/Shanghai", at(2022, 6, 22, 8)),
        ("2022-06-22T08:00:00+08:00", "", at(2022, 6, 22)),
        ("2022-06-22T08:00:00+0800", "", at(2022, 6, 22)),
        ("2022-06-22T08:00:00-05", "", at(2022, 6, 22, 13)),
        ("2022-06-22 08:00", "Asia/Shanghai", at(2022, 6, 22)),
        ("2022/6/22 8:00:00", "+08:00", at(2022, 6, 22)),
        ("20220622T080000Z", "", at(2022, 6, 22, 8)),
        ("2022-06-21T24:00:00Z", "", at(2022, 6, 22)),
        ("2022-06-22", "UTC", at(2022, 6, 22)),
        ("2021-11-07 01:30", "America/New_York", at(2021, 11, 7, 5, 30)),
        ("1988-07-01 08:00", "Asia/Shanghai", at(1988, 6, 30, 23)),
        ("1988-07-01 08:00", "+08:00", at(1988, 7, 1)),
    ],
)
def test_a_time_in_any_usual_writing_is_understood(text, zone, t):
    assert utc_s(text, zone) == t


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("", "UTC"),
        ("yesterday", "UTC"),
        ("2022-06-22 08:00", ""),
        ("2022-02-30T00:00:00Z", ""),
        ("2022-06-22T25:00:00Z", ""),
        ("2022-06-22T08:61:00Z", ""),
        ("2022-06-22 08:00", "Mars/Olympus"),
        ("2022-06-22 08:00", "../../etc/passwd"),
        ("2021-03-14 02:30", "America/New_York"),
        ("1860-01-01T00:00:00Z", ""),
        ("2022-06-22T08:00:00+25:00", ""),
        ("２０２２-06-22T08:00:00Z", ""),
    ],
)
def test_what_is_no_time_is_refused_and_not_guessed(text, zone):
    with pytest.raises(ValueError):
        utc_s(text, zone)


def test_the_hour_that_comes_twice_is_told_apart_by_its_order():
    texts = ["2021-11-07 00:30", "2021-11-07 01:30", "2021-11-07 01:30", "2021-11-07 02:30"]
    assert utc_in_order(texts, "America/New_York") == [at(2021, 11, 7, h, 30) for h in (4, 5, 6, 7)]
    assert ambiguous(texts[1], "America/New_York") and not ambiguous(texts[0], "America/New_York")
    assert not ambiguous("2021-11-07T01:30:00-05:00", "America/New_York")


def test_rain_of_an_interval_belongs_to_its_end():
    assert utc_end("2022-06-22T07:00:00Z/2022-06-22T08:00:00+00:00") == at(2022, 6, 22, 8)
    assert utc_end("2022-06-22T08:00:00Z") == at(2022, 6, 22, 8)
    with pytest.raises(ValueError):
        utc_end("2022-06-22T07:00:00Z/..")
    assert iso_z(at(2022, 6, 22, 8)) == "2022-06-22T08:00:00Z"


def test_a_source_is_polled_by_what_it_costs():
    assert next_wait_s(0.27, 60.0, 0, None) == 60.0
    assert next_wait_s(6.2, 60.0, 0, None) == pytest.approx(303.8), "6.2 s of work: 2 % of the time"


def test_a_failing_source_is_left_alone_longer_each_time_and_consoles_spread():
    low = [next_wait_s(0.1, 10.0, n, None, chance=lambda: 0.0) for n in range(1, 14)]
    assert low[:4] == [10.0, 10.0, 20.0, 40.0] and low[-1] == 3600.0 and low == sorted(low)
    assert next_wait_s(0.1, 10.0, 3, None, chance=lambda: 0.999) == pytest.approx(25.0, rel=0.01)
    assert next_wait_s(0.1, 10.0, 1, 120.0, chance=lambda: 0.0) == 120.0, "Retry-After is honoured"
    assert next_wait_s(0.1, 7200.0, 30, None, chance=lambda: 0.0) == 7200.0
