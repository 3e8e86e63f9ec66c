"""Our SensorThings adapter against a real foreign server, with what goes wrong between two pages."""

from __future__ import annotations

import httpx
import numpy as np
import pytest

from backend_client.adapters.harvest import MEASURED
from backend_client.adapters.sensorthings.adapter import SensorThings
from backend_client.adapters.times import iso_z
from tests.interop.conftest import T0


def hours(begin, end, base=10.0):
    return [(iso_z(T0 + 3600 * i), base + i / 10, iso_z(T0 + 3600 * i)) for i in range(begin, end)]


class Meddling(httpx.BaseTransport):
    """A wire on which somebody else changes the server right after one of our requests."""

    def __init__(self, meddle, after):
        self._inner = httpx.HTTPTransport()
        self._meddle, self._left = meddle, after

    def handle_request(self, request):
        reply = self._inner.handle_request(request)
        if request.url.path.endswith("/Observations") and b"filter" in request.url.query and b"1970" not in request.url.query:
            self._left -= 1
            if self._left == 0:
                reply.read()
                self._meddle()
        return reply

    def close(self):
        self._inner.close()


def series_of(adapter, code):
    found = [s for s in adapter.series() if s.station_code == code]
    assert found, [s.station_code for s in adapter.series()]
    return found


def test_what_the_server_cannot_do_is_found_out_and_worked_around(django_site):
    stream = django_site.stream("P100")
    django_site.add(stream, hours(0, 240))
    adapter = SensorThings(django_site.url)
    known = adapter.probe()
    traits = dict(known.traits)
    assert known.version == "1.1" and traits["order"] == "resultTime" and traits["count"] == "yes"
    assert "orderby-phenomenonTime-fails" in known.notes and "paging-by-skip" in known.notes
    (one,) = series_of(adapter, "P100")
    assert (one.element, one.unit, one.station_name, one.lon, one.lat) == ("Z", "ft", "P100", 112.9, 23.5)
    harvest = adapter.read([one], T0, T0 + 239 * 3600)
    assert harvest.complete and harvest.got == harvest.expected == 240
    assert harvest.parts[0].value == pytest.approx((10 + np.arange(240) / 10) * 0.3048)
    assert set(harvest.parts[0].quality) == {MEASURED}
    part = adapter.read([one], T0 + 3600, T0 + 7200)
    assert list(part.parts[0].t) == [T0 + 3600, T0 + 7200], "both ends belong to the window"
    adapter.close()


def test_more_rows_than_one_answer_holds_are_read_whole_without_offsets(django_site):
    stream = django_site.stream("P200")
    rows = [(iso_z(T0 + 60 * i), i / 10, iso_z(T0 + 60 * i)) for i in range(350)]
    django_site.add(stream, rows)
    adapter = SensorThings(django_site.url)
    (one,) = series_of(adapter, "P200")
    harvest = adapter.read([one], T0, T0 + 60 * 350)
    assert harvest.complete and harvest.got == 350 and list(np.diff(harvest.parts[0].t)) == [60] * 349
    adapter.close()


@pytest.mark.parametrize("kind", ["deleted", "both"])
def test_rows_that_come_or_go_between_two_requests_leave_no_silent_gap(django_site, kind):
    code = f"P3{kind}"
    stream = django_site.stream(code)
    ids = django_site.add(stream, [(iso_z(T0 + 60 * i), i / 10, iso_z(T0 + 60 * i)) for i in range(300)])

    def meddle():
        if kind in ("deleted", "both"):
            for obs_id in ids[:5]:
                django_site.delete(obs_id)
        if kind in ("inserted", "both"):
            django_site.add(stream, [(iso_z(T0 + 60 * 250 + 30), 1.0, iso_z(T0))])

    adapter = SensorThings(django_site.url, transport=Meddling(meddle, after=2))
    (one,) = series_of(adapter, code)
    harvest = adapter.read([one], T0, T0 + 60 * 300)
    surviving = {T0 + 60 * i for i in range(5, 300)}
    missing = surviving - set(harvest.parts[0].t.tolist())
    excused = {t for t in missing if any(g.from_t <= t <= g.to_t for g in harvest.gaps)}
    assert missing == excused and len(missing) == 0, "no row that stayed is lost"
    assert len(set(harvest.parts[0].t.tolist())) == harvest.got, "none comes twice"
    adapter.close()


def test_a_correction_with_a_later_result_time_wins_and_many_series_cost_one_request(django_site):
    late = T0 + 2400 * 3600  # a time of its own: one request for all reads other stations too
    streams = {f"P4{i}": django_site.stream(f"P4{i}", symbol="m") for i in range(4)}
    for stream in streams.values():
        django_site.add(stream, hours(2400, 2424))
    django_site.add(streams["P42"], [(iso_z(late + 3600), 99.0, iso_z(late + 90_000))])
    adapter = SensorThings(django_site.url)
    wanted = [s for s in adapter.series() if s.station_code in streams]
    before = adapter.meter.requests
    adapter.probe()
    probing = adapter.meter.requests - before
    harvest = adapter.read(wanted, late, late + 23 * 3600)
    assert adapter.meter.requests - before - probing <= 3
    assert harvest.complete and len(harvest.parts) == 4
    value = {s.station_code: p for s, p in zip(wanted, harvest.parts, strict=True)}
    assert (
        value["P42"].value[1] == 99.0
        and value["P41"].value[1] == pytest.approx(250.1)
        and "several-rows-for-one-time" in harvest.notes
    )
    adapter.close()


def test_what_we_do_not_know_is_listed_and_not_read(django_site):
    django_site.stream("P500", name="水温", symbol="degC")
    django_site.stream("P501", name="水位", symbol="smoot")
    adapter = SensorThings(django_site.url)
    found = {s.station_code: s for s in adapter.series()}
    assert found["P500"].element == "" and found["P501"].element == ""
    harvest = adapter.read([found["P500"], found["P501"]], T0, T0 + 3600)
    assert not harvest.parts and "unit-unknown:smoot" in harvest.notes
    adapter.close()
