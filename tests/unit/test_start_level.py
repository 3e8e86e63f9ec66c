"""A reservoir whose level nobody measured, or measured wrongly: the scenario says where it stands at the start."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.scenario import DamBreak, Inflow, StartLevel
from console.engine.chain_base import base_of
from console.engine.whatif import RunRefused, outcome_of, run_case
from console.engine.whatif_band import band_case
from console.engine.whatif_inputs import Case
from console.engine.whatif_optimise import optimise_case
from console.presenters.consult_inputs import changes_of, inputs_of, targets_of
from console.viewdata.consult import Change
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, series

DRY = {k: v for k, v in series().items() if k[1] != "RZ"}  # nobody reads the pool
STANDS = StartLevel("feilaixia", 22.0)


def case(*inputs, given=DRY):
    return Case(CHAIN, base_of(CHAIN, given, T0, 72.0), plan(*inputs))


def test_without_a_reading_the_stated_level_is_where_the_run_and_its_dispatch_begin():
    bare = outcome_of(case())
    assert bare.nodes["feilaixia"].level_m is None and any("按来水下泄" in line for line in bare.limits)
    got = outcome_of(case(STANDS))
    assert got.nodes["feilaixia"].level_m == pytest.approx(np.full(73, 22.0), abs=0.02)
    assert "飞来峡：起算库水位 22.00 m 由情景给定" in got.limits and got.mass_error < 1e-9
    found = optimise_case(case(Inflow("in-lianjiang", 1.4), STANDS), lambda *_: None)
    again = outcome_of(case(*found.inputs))
    assert found.feasible and STANDS in found.inputs
    assert again.nodes["feilaixia"].level_m[0] == pytest.approx(22.0)
    assert again.nodes["shijiao"].peak[0] < outcome_of(case(Inflow("in-lianjiang", 1.4))).nodes["shijiao"].peak[0]
    band = band_case(case(STANDS), lambda *_: None)
    assert band.level_m["feilaixia"][0][0] == pytest.approx(22.0)


def test_it_goes_before_a_reading_and_a_dam_fails_from_it():
    got = outcome_of(case(STANDS, given=series()))
    assert got.nodes["feilaixia"].level_m[0] == pytest.approx(22.0)
    gone = outcome_of(case(STANDS, DamBreak("feilaixia", 12 * HOUR)))
    assert any("飞来峡溃坝：水位 22.0" in line for line in gone.limits)


def test_it_is_typed_and_read_back_and_one_for_no_pool_is_refused():
    (change,) = changes_of((STANDS,))
    assert change == Change("start", "feilaixia", "22") and inputs_of((change,)) == (STANDS,)
    assert "start" in next(t for t in targets_of(CHAIN) if t.node == "feilaixia").kinds
    with pytest.raises(RunRefused, match="没有库容曲线"):
        run_case(case(StartLevel("nanshui", 200.0)), lambda *_: None)
    with pytest.raises(RunRefused, match="水位"):
        run_case(case(StartLevel("feilaixia", 90.0)), lambda *_: None)
