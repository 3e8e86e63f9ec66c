"""What a drill's disaster puts under water, offered in the drill's own sandbox at the drill's own hours."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from console.domain.scenario import NAME_MAX, Breach, Retention, Scenario
from console.drill.disasters import breach_key, preparing
from console.drill.facts import DRILL
from console.engine.executor import Executor, PoolExecutor
from console.engine.flooding import Flooding, Plain
from console.engine.prepared import Preparing, Wanted, drawn
from console.engine.refused import EngineRefused
from console.engine.whatif import run_case
from console.engine.whatif_inputs import Case
from console.errors import ConsoleError
from console.services.flood_library import FloodLibrary
from console.services.levee_plain import ground_hash
from console.services.scenario_floods import ScenarioFloods

LETTERS, SOURCE_MAX = 8, 34  # of a hash, and of the drill, in a result's name
OURS = re.compile(rf"{DRILL}.*-[0-9a-f]{{{LETTERS}}}-[0-9a-f]{{{LETTERS}}}-\d+(-\d+)?")  # names that were given here
POLL_S = 0.1


async def offer_drill_floods(
    floods: ScenarioFloods,
    library: FloodLibrary,
    home: Path,
    source: str,
    executor: Callable[[], Executor] = lambda: PoolExecutor(1),
) -> str:
    """Compute the floods of a drill in a worker process and put them among the inundation results.

    Those that rest on an older library, network or ground go. Nothing is done for what is there, for a source that is no
    drill, and for a disaster that floods nothing.

    Args:
        home: with the office's own files.

    Returns:
        What could not be kept or counted, in words, "" for nothing.

    Raises:
        ConsoleError: a file of the disaster cannot be used, there is no ground behind its levee, or it cannot be computed.
    """
    if not source.startswith(DRILL):
        return ""
    asked = await asyncio.to_thread(preparing, home)
    one = next((w for w in asked.wanted if DRILL + w.code == source), None)
    if one is None or not any(isinstance(entry, Breach | Retention) for entry in one.inputs):
        return ""
    plains = await floods.plains(drilled(asked, one), asked.declared)
    if not plains:  # the area is not registered: only its water is counted
        return ""
    key = await asyncio.to_thread(breach_key, asked, one, ground_hash(plains))
    family = _family(source)
    name = family + _short(key.words(key.ground))
    there = [other for other in await asyncio.to_thread(library.names) if other.startswith(family) and OURS.fullmatch(other)]
    stale = [other for other in there if not other.startswith(f"{name}-")]
    problem = ""
    if stale == there:
        problem, kept = await _offered(floods, asked, one, plains, name, executor)
        stale = stale if kept else []
    return "；".join(filter(None, (problem, await floods.forget(stale))))


async def _offered(
    floods: ScenarioFloods,
    asked: Preparing,
    one: Wanted,
    plains: Mapping[int, Plain],
    name: str,
    executor: Callable[[], Executor],
) -> tuple[str, bool]:
    """Compute and keep; returns what went wrong in words, and whether anything is there now."""
    try:
        scenario, _ = await asyncio.to_thread(drawn, asked, one, {})
    except EngineRefused as exc:
        raise ConsoleError(f"演练的淹没没有算：{exc.detail}。", "请改正情景库或河网文件。", exc.code) from exc
    first = len(scenario.inputs) - len(one.inputs)  # the drawn inflows come before its own inputs
    placed = {first + k: plain for k, plain in plains.items()}
    shown = replace(scenario, name=f"演练 {one.name}"[:NAME_MAX])
    found = await _computed(Case(asked.declared, asked.base, scenario, placed), executor)
    kept, problem = await floods.offer(shown, found, placed, name)
    return problem, any(one.result for one in kept)


def offered_in(source: str, name: str) -> bool:
    """Tell whether an inundation result belongs to a source: the floods of a drill to that drill alone."""
    return OURS.fullmatch(name) is None or name.startswith(_family(source))


def _family(source: str) -> str:
    return f"{source[:SOURCE_MAX]}-{_short(source)}-"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:LETTERS]


def drilled(asked: Preparing, one: Wanted) -> Scenario:
    """Return a disaster's own inputs as a scenario: what ground it floods does not hang on the rivers."""
    return Scenario(one.name, "情景库", asked.base.base_t, asked.base.base_t, asked.lead_h, one.inputs)


async def _computed(case: Case, executor: Callable[[], Executor]) -> tuple[Flooding, ...]:
    pool = executor()
    try:
        run = pool.submit(case.scenario.name, run_case, case)
        while run.state in ("waiting", "running"):
            await asyncio.sleep(POLL_S)
        found: tuple[Flooding, ...] = run.result().floods
        return found
    finally:
        await asyncio.to_thread(pool.close)
