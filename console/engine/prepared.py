"""Prepared disasters: scenarios that carry their own inflows, a typical flood's scaled to a frequency, computed ahead.

Because the inflows are drawn into the scenario it no longer depends on what the rivers do: opened later it starts from
the levels of that moment, and two consoles that open it compute the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from console.domain.scenario import Input, Scenario
from console.domain.scenario_reader import ScenarioError
from console.engine.chain_base import Base
from console.engine.design_floods import amplified, frequencies_of, inputs_of
from console.engine.flooding import Flooding, Plain
from console.engine.frequency import quantile, through_published
from console.engine.refused import EngineRefused
from console.engine.whatif import Outcome, outcome_of, with_floods
from console.engine.whatif_inputs import Case


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prepared scenario as it is declared. years: None leaves the typical flood as it was."""

    code: str
    kind: str
    name: str
    note: str
    years: float | None
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """inputs: with the drawn inflows. outcome: None where problem says why there is none."""

    wanted: Wanted
    lead_h: float
    inputs: tuple[Input, ...] = ()
    note: str = ""
    outcome: Outcome | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Preparing:
    """What is computed ahead: base of the typical flood; station: whose peak the years are about. said: of the flood.

    plains: see Case, by place among a disaster's own inputs; known: what its breaches did when they were computed before;
    both by its code.
    lacking: why there is no plain.
    """

    declared: Mapping[str, Any]
    base: Base
    lead_h: float
    station: str
    said: str
    wanted: tuple[Wanted, ...]
    plains: Mapping[str, Mapping[int, Plain]] = field(default_factory=dict)
    known: Mapping[str, tuple[Flooding, ...]] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)


def prepare(asked: Preparing, tell: Callable[..., None]) -> tuple[Prepared, ...]:
    """Compute every prepared scenario; fit for a worker process. One that cannot be computed leaves the others.

    tell: also hears each that is there.
    """
    found, factors = [], dict[float, tuple[float, str]]()
    for n, one in enumerate(asked.wanted):

        def so_far(share: float, _part: object = None, n: int = n) -> None:
            tell((n + share) / len(asked.wanted))

        try:
            if one.code in asked.lacking:
                raise EngineRefused("declared", asked.lacking[one.code])
            found.append(_prepared(asked, one, factors, so_far))
        except EngineRefused as exc:
            found.append(Prepared(one, asked.lead_h, problem=exc.detail))
        except (ScenarioError, ValueError) as exc:  # its own inflow beside the typical one's, a name too long
            found.append(Prepared(one, asked.lead_h, problem=getattr(exc, "what", str(exc))))
        tell((n + 1) / len(asked.wanted), found[-1])
    return tuple(found)


def wished_m3s(points: Sequence[tuple[float, float]], years: float) -> tuple[float, str]:
    """Return the peak of a frequency, and whether it is published or by a curve through what is.

    Raises:
        EngineRefused: fewer than three published figures, and none of these years.
    """
    published = dict(points)
    if years in published:
        return published[years], "公布"
    if len(points) < 3:
        raise EngineRefused("declared", f"{years:g} 年一遇流量没有公布，公布值不足三个，不能推算")
    fit = through_published(points)
    beyond = years > max(published) or years < min(published)
    return float(quantile(fit, years)), "推算：由公布值按 P-III 外延" if beyond else "推算：由公布值按 P-III 插补"


def drawn(asked: Preparing, one: Wanted, factors: dict[float, tuple[float, str]]) -> tuple[Scenario, str]:
    """Return a prepared disaster as a scenario of the typical flood's moment, and how it was made. factors: by years, kept.

    Raises:
        EngineRefused: the flood cannot be scaled. ScenarioError: its inputs do not fit each other.
    """
    factor, how = 1.0, "来水不缩放"
    if one.years is not None:
        if one.years not in factors:
            factors[one.years] = _factor(asked, one.years)
        factor, how = factors[one.years]
    note = "；".join(part for part in (one.note, how, asked.said) if part)
    inputs = (*inputs_of(asked.base, factor), *one.inputs)
    return Scenario(one.name, "情景库", asked.base.base_t, asked.base.base_t, asked.lead_h, inputs), note


def _prepared(asked: Preparing, one: Wanted, factors: dict[float, tuple[float, str]], tell: Callable[..., None]) -> Prepared:
    scenario, note = drawn(asked, one, factors)
    first = len(scenario.inputs) - len(one.inputs)
    plains = {first + k: plain for k, plain in asked.plains.get(one.code, {}).items()}
    case = Case(asked.declared, asked.base, scenario, plains)
    known = asked.known.get(one.code)
    outcome = with_floods(case, known) if known else outcome_of(case, tell)
    figures = tuple(replace(b, flood=None) for b in outcome.floods)  # the depths of a library would fill a laptop's memory
    return Prepared(one, asked.lead_h, scenario.inputs, note, replace(outcome, floods=figures))


def _factor(asked: Preparing, years: float) -> tuple[float, str]:
    wished, sure = wished_m3s(frequencies_of(asked.declared, asked.station), years)
    flood = Scenario("-", "情景库", asked.base.base_t, asked.base.base_t, asked.lead_h)
    found = amplified(asked.declared, asked.base, flood, asked.station, years, wished)
    return found.factor, f"各分区同倍比 ×{found.factor:.2f}，洪峰 {wished:.0f} m³/s（{sure}）"
