"""The simple way from rain to runoff: alone where no Xinanjiang parameters are declared, and beside them as a check."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.scenario import EVERYWHERE, Rain
from console.engine.rain_simple import Simple, added_m3s
from console.engine.refused import EngineRefused
from console.engine.whatif import outcome_of
from console.engine.whatif_inputs import Case
from tests.unit.test_rain_runoff import rained, ran, volume_m3
from tests.unit.test_whatif import CHAIN, plan

WARM_H = 360


def storm(mm, hours=24, ahead=120):
    return np.concatenate([np.full(WARM_H, 2.0), np.full(hours, mm), np.zeros(ahead - hours)])


def test_on_wet_ground_all_that_is_added_runs_off_and_on_dry_ground_the_deficit_is_kept():
    area = 3600.0
    wet = added_m3s(Simple(100.0, 1.0, 3.0, 4.0, 1.0, "假定", ""), area, 0.0, storm(5.0), storm(6.0), WARM_H)
    assert wet.sum() * 3600.0 == pytest.approx(24.0 * area * 1000.0, rel=1e-3), "Im = Pa: one millimetre more an hour"
    dry_rain = np.concatenate([np.zeros(WARM_H), storm(0.0)[WARM_H:] + 0.0])
    more = dry_rain.copy()
    more[WARM_H : WARM_H + 24] = 5.0
    dry = added_m3s(Simple(100.0, 0.9, 3.0, 4.0, 0.0, "假定", ""), area, 0.0, dry_rain, more, WARM_H)
    assert dry.sum() * 3600.0 == pytest.approx((120.0 - 100.0) * area * 1000.0, rel=1e-3), "the ground keeps its hundred"


def test_it_comes_later_by_the_way_and_the_same_rain_adds_nothing():
    simple = Simple(100.0, 1.0, 3.0, 4.0, 1.0, "假定", "")
    near, far = (added_m3s(simple, 1000.0, lag, storm(5.0), storm(9.0), WARM_H) for lag in (0.0, 6.0))
    assert int(far.argmax()) - int(near.argmax()) == 6 and near[0] == 0.0
    assert not added_m3s(simple, 1000.0, 3.0, storm(5.0), storm(5.0), WARM_H).any()


def test_an_office_without_xinanjiang_parameters_still_answers_what_more_rain_does():
    declared = CHAIN | {"runoff": {k: v for k, v in CHAIN["runoff"].items() if k != "parameters"}}
    base = rained()
    calm = ran(base)
    more = outcome_of(Case(declared, base, plan(Rain(EVERYWHERE, 1.5))))
    assert volume_m3(more) > volume_m3(calm) and more.mass_error < 1e-6
    line = next(line for line in more.limits if "没有新安江参数" in line)
    assert "未经率定" in line and "0.87" not in line, "what was found of the other model says nothing of this one"


def test_with_them_it_is_the_second_opinion():
    lines = [line for line in ran(rained(), Rain(EVERYWHERE, 1.5)).limits if "简法" in line]
    assert len(lines) == 1 and "增量洪量是新安江的" in lines[0]
    ratio = float(lines[0].split("新安江的 ")[1].split(" 倍")[0])
    assert 0.5 < ratio < 2.0, lines[0]


@pytest.mark.parametrize("wrong", [{"im_mm": 0.0}, {"keep": 1.5}, {"n": "x"}, {"depth": 3.0}])
def test_a_faulty_declaration_is_refused(wrong):
    runoff = CHAIN["runoff"] | {"simple": CHAIN["runoff"]["simple"] | wrong}
    with pytest.raises(EngineRefused, match=r"runoff\.simple"):
        outcome_of(Case(CHAIN | {"runoff": runoff}, rained(), plan(Rain(EVERYWHERE, 1.5))))
    with pytest.raises(EngineRefused, match="须为表"):
        outcome_of(Case(CHAIN | {"runoff": CHAIN["runoff"] | {"simple": [1]}}, rained(), plan(Rain(EVERYWHERE, 1.5))))
    bare = {k: v for k, v in CHAIN["runoff"].items() if k not in ("parameters", "simple")}
    with pytest.raises(EngineRefused, match="也没有简法"):
        outcome_of(Case(CHAIN | {"runoff": bare}, rained(), plan(Rain(EVERYWHERE, 1.5))))
