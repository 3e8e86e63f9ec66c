"""What a drill's disaster puts under water, offered in the drill's own sandbox at the drill's own hours."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from console.domain.scenario import Breach, Retention, Scenario
from console.drill.disasters import breach_key, preparing
from console.drill.facts import DRILL
from console.engine.executor import Executor, PoolExecutor, RunCancelled
from console.engine.flooding import Flooding
from console.engine.prepared import Preparing, Wanted, drawn
from console.engine.refused import EngineRefused
from console.engine.whatif import run_case
from console.engine.whatif_inputs import Case
from console.errors import ConsoleError
from console.services.flood_library import FloodLibrary
from console.services.levee_plain import ground_hash
from console.services.scenario_floods import ScenarioFloods

STEM, SOURCE_MAX = 8, 40  # letters of what the flood rests on, and of the drill, in a result's name
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
    key = await asyncio.to_thread(breach_key, asked, one, ground_hash(plains))
    family = f"{source[:SOURCE_MAX]}-"
    name = family + hashlib.sha256(key.words(key.ground).encode()).hexdigest()[:STEM]
    there = [entry.name for entry in await asyncio.to_thread(library.entries) if entry.name.startswith(family)]
    if any(other.startswith(name) for other in there):
        return ""
    try:
        scenario, _ = drawn(asked, one, {})
    except EngineRefused as exc:
        raise ConsoleError(f"演练的淹没没有算：{exc.detail}。", "请改正情景库或河网文件。", exc.code) from exc
    first = len(scenario.inputs) - len(one.inputs)  # the drawn inflows come before its own inputs
    plains = {first + k: plain for k, plain in plains.items()}
    found = await _computed(Case(asked.declared, asked.base, scenario, plains), executor)
    problem = await floods.offer(replace(scenario, name=f"演练 {one.name}"), found, plains, name)
    return "；".join(filter(None, (problem, await floods.forget(there))))


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
    except RunCancelled:  # the window closes
        return ()
    finally:
        await asyncio.to_thread(pool.close)
