"""Our OGC API adapters against pygeoapi: a provider that ignores time, and a grid over EDR."""

from __future__ import annotations

import numpy as np
import pytest

from backend_client.adapters.harvest import MEASURED, SUSPECT
from backend_client.adapters.ogcapi.edr import OgcEdr
from backend_client.adapters.ogcapi.features import OgcFeatures
from backend_client.adapters.ogcapi.mapping import EdrMapping, FeaturesMapping, ValueRule
from backend_client.adapters.words import Terms
from tests.interop.conftest import T0

READINGS = FeaturesMapping(
    "obs", "stcd", "time", (ValueRule("stage", "Z", "ft"), ValueRule("flow", "Q", "cfs")), quality_property="quality"
)


def test_a_server_that_ignores_the_time_is_noticed_and_filtered_here(pygeoapi):
    adapter = OgcFeatures(pygeoapi, READINGS)
    known = adapter.probe()
    assert "datetime-ignored" in known.notes and dict(known.traits)["number_matched"] == "yes"
    series = adapter.series()
    assert [(s.station_code, s.element) for s in series] == [("S0", "Q"), ("S0", "Z"), ("S1", "Q"), ("S1", "Z")]
    assert series[0].station_name == "站0" and (series[2].lon, series[2].lat) == (114.0, 23.5)
    harvest = adapter.read(series, T0, T0 + 5 * 3600)
    assert harvest.complete and "rows-outside-the-window" in harvest.notes and harvest.got == 4 * 6
    stage, flow = harvest.parts[1], harvest.parts[0]
    assert stage.value[0] == pytest.approx(10 * 0.3048) and np.isnan(stage.value[3]), "an empty cell is missing, not 0"
    assert np.isnan(flow.value[4]) and flow.value[1] == pytest.approx(2 * 0.028316846592), "-999 is missing"
    assert harvest.unknown_quality == ("seltsam",) and stage.quality[0] == SUSPECT and stage.quality[1] == MEASURED
    adapter.close()


def test_a_grid_is_read_at_a_position_over_edr(pygeoapi):
    mapping = EdrMapping("rain", {"rain": "P"}, {"G1": ("雨量格点", 113.0, 23.5)}, Terms(zone="UTC"))
    adapter = OgcEdr(pygeoapi, mapping)
    assert "position" in dict(adapter.probe().traits)["queries"]
    (one,) = adapter.series()
    assert (one.element, one.unit, one.factor) == ("P", "in", 25.4)
    harvest = adapter.read([one], T0, T0 + 239 * 3600)
    rain = harvest.parts[0]
    assert harvest.complete and harvest.expected is None and len(rain.t) == 240 and rain.t[0] == T0
    assert np.isnan(rain.value[7]) and rain.value[10] == pytest.approx(25.4)
    nothing = adapter.read([one], T0 - 90_000, T0 - 80_000)
    assert nothing.got == 0
    adapter.close()


def test_times_without_a_zone_are_not_guessed(pygeoapi):
    adapter = OgcEdr(pygeoapi, EdrMapping("rain", {"rain": "P"}, {"G1": ("雨量格点", 113.0, 23.5)}))
    harvest = adapter.read(adapter.series(), T0, T0 + 3600)
    assert not harvest.complete and harvest.gaps[0].reason == "unreadable-times" and harvest.got == 0
    adapter.close()
