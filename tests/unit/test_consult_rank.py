"""The place of a scenario among the compared: limits first, then the peak, then the pool; other water has no place."""

from __future__ import annotations

from console.domain.scenario import Inflow, Keep, Retention, Schedule
from console.engine.chain_base import base_of
from console.presenters.consult_rank import merit_of, rank_rows
from console.services.scenario_run import Result
from tests.unit.test_whatif import CHAIN, T0, plan, ran, series

RAWS = {str(n["id"]): n for n in CHAIN["node"]}
BASE = base_of(CHAIN, series(), T0, 72.0)


def one(name, *inputs, watermark=""):
    return plan(*inputs, name=name), Result(ran(*inputs, base=BASE), BASE, 0.0, 0.1, watermark)


def rows(*found):
    return [[text for text, _ in row[1:]] for row in rank_rows(found, RAWS, str)]


def test_the_plan_that_passes_no_limit_and_has_the_lower_peak_stands_first():
    held, shaved = one("维持"), one("削峰", Schedule("feilaixia", "release", ((0.0, 12000.0),)))
    peaks = [r.outcome.nodes["shijiao"].peak[0] for _, r in (held, shaved)]
    assert peaks[1] < peaks[0] - 500.0
    assert rows(held, shaved) == [["2", "1"], ["0", "0"]]
    fuller = one("多蓄一米", Keep("feilaixia", 22.4))
    assert rows(held, fuller)[0] == ["1", "2"], "the same peak: the lower pool keeps more room"


def test_a_limit_that_is_passed_weighs_more_than_the_peak():
    flood = Inflow("in-lianjiang", 3.0)
    shut = one("全关", flood, Schedule("feilaixia", "release", ((0.0, 0.0),)))
    held = one("维持", flood)
    merits = [merit_of(r.outcome, RAWS) for _, r in (held, shut)]
    assert merits[0].over >= 1 and merits[1].over >= 1
    places, over = rows(held, shut)
    assert over == [str(m.over) for m in merits] and sorted(places) == ["1", "2"]
    assert places[0] == ("1" if merits[0].order < merits[1].order else "2")


def test_two_alike_share_a_place_and_other_water_or_a_stale_run_has_none():
    a, b = one("甲"), one("乙", Retention("pajiang", 0.0, None, 0.0))
    more, old = one("来水多", Inflow("in-lianjiang", 1.5)), one("旧", watermark="底层数据已变")
    places, over = rows(a, b, more, old)
    assert places == ["1", "1", "—", "—"] and over == ["0", "0", "—", "—"]
    assert rows(a) == [] and rows(a, more) == [], "nothing to compare it with"
