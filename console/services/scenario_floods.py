"""Floods of scenarios, of breaches and of detention areas: their ground, and what they put under water.

The depths go among the sandbox's inundation results; the figures stay with the scenario's run.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from console.domain.objects import Thing
from console.domain.scenario import Breach, Retention, Scenario
from console.engine.exposure import exposed
from console.engine.exposure_layers import About, Areas, Layer
from console.engine.flooding import Count, Flooding, Plain, kept, stopped
from console.engine.levee_breach import levees_of
from console.engine.refused import EngineRefused
from console.engine.retention_flood import retention_places
from console.engine.whatif import Outcome
from console.errors import ConsoleError
from console.services.computed_floods import keep_computed
from console.services.flood_library import ExposureSource, FloodLibrary, Site, read_layers
from console.services.levee_plain import BreachRefused, degrees_of, joined, plain_behind, plain_within
from console.services.sandbox_ground import load_ground
from console.services.standing_layers import NAME, standing_layers
from console.services.vector_files import VectorProcesses
from console.state.board import BoardState
from console.store.basemap import load_basemap
from console.viewdata.basemap import Region
from console.viewdata.inundation import BreachPlace, ExposureLine
from scenes.ground.frame import ORIGIN_M, to_local

log = logging.getLogger(__name__)
HALF_M, CELL_M = 30_000.0, 200.0
HOUR_S, KM2 = 3600.0, 1e6
LAND = "面积"
REGISTER_S, POLL_S = 20.0, 0.1


@dataclass(frozen=True, slots=True)
class Folders:
    """cache: with ground, base map and inundation results. root: the office's own files."""

    cache: Path
    root: Path


@dataclass(frozen=True, slots=True, eq=False)
class _Counting:
    """What is counted under water. refused: a line for each layer that cannot be. sources: of all of them.

    why: there is no layer.
    """

    regions: Sequence[Region]
    layers: tuple[Layer, ...]
    refused: tuple[ExposureLine, ...]
    sources: tuple[ExposureSource, ...]
    why: str


class ScenarioFloods:
    """Blocks nothing: files and ground are read on worker threads."""

    def __init__(self, board: BoardState, folders: Folders) -> None:
        self._board, self._folders = board, folders
        self._library = FloodLibrary(folders.cache)
        self._waits = round(REGISTER_S / POLL_S)

    async def plains(self, scenario: Scenario, declared: Mapping[str, Any]) -> dict[int, Plain]:
        """Return the ground that a scenario's breaches and detention areas flood, by their place among its inputs.

        A detention area that nobody registered is left out; a breach is not.

        Raises:
            ConsoleError: no such levee, or no ground behind it.
        """
        asked = {k: entry for k, entry in enumerate(scenario.inputs) if isinstance(entry, Breach | Retention)}
        if not asked:
            return {}
        try:
            known, places = levees_of(declared), retention_places(declared)
        except EngineRefused as exc:
            raise BreachRefused(f"没有算：{exc.detail}。", "请改正河网文件。", exc.code) from exc
        breaks = {k: entry for k, entry in asked.items() if isinstance(entry, Breach)}
        register = await self._register(filled=bool(breaks))
        works = {thing.code: thing for thing in register.get("works", ())}
        areas = {thing.code: thing for thing in register.get("retention_areas", ())}
        lacking = next((e.levee for e in breaks.values() if e.levee not in works or e.levee not in known), None)
        if lacking is not None:
            step = "请在中心登记堤防，并写进河网文件的 levee 段。"
            raise BreachRefused(f"没有算：堤防“{lacking}”没有登记，或河网文件里没有它。", step)
        used = {k: places[e.area] for k, e in asked.items() if isinstance(e, Retention) and e.area in places}
        used = {k: place for k, place in used.items() if place.code in areas}
        if not breaks and not used:
            return {}

        def cut() -> dict[int, Plain]:
            ground = load_ground(self._folders.cache)
            behind = {k: plain_behind(works[e.levee], e.at_km, ground, HALF_M, CELL_M) for k, e in breaks.items()}
            found = joined(behind, ground, CELL_M)
            for k, place in used.items():
                try:
                    found[k] = plain_within(areas[place.code], place.inlet, ground, CELL_M)
                except BreachRefused as exc:  # the water is counted all the same, and the result says that it has no flood
                    log.warning("%s %s", exc.what, exc.detail)
            return found

        try:
            return await asyncio.to_thread(cut)
        except OSError as exc:
            raise BreachRefused("没有算：地形读不出来。", "请检查磁盘后再算。", repr(exc)) from exc

    async def _register(self, *, filled: bool) -> Mapping[str, Sequence[Thing]]:
        """Return the register once it was read; filled: once it has works, which on a new machine come after the window."""
        for _ in range(self._waits):
            if self._board.things.get("works") if filled else self._board.things:
                break
            await asyncio.sleep(POLL_S)
        if filled:
            self._waits = 0  # it came, or there is none
        return self._board.things

    async def take(self, scenario: Scenario, outcome: Outcome, plains: Mapping[int, Plain]) -> tuple[Outcome, str]:
        """Put the floods of a run among the results and count what they reach.

        Returns the outcome with their names, and what could not be kept or counted, in words.
        """
        if not outcome.floods:
            return outcome, ""
        found, problems = await asyncio.to_thread(self._taken, scenario, outcome.floods, plains)
        return replace(outcome, floods=found), problems

    async def offer(
        self, scenario: Scenario, floods: Sequence[Flooding], plains: Mapping[int, Plain], name: str
    ) -> tuple[tuple[Flooding, ...], str]:
        """Put floods among the results under a name of their own; returns them, and what could not be kept or counted."""
        return await asyncio.to_thread(self._taken, scenario, floods, plains, name)

    async def take_part(
        self, scenario: Scenario, parts: Sequence[Sequence[Flooding]], plains: Mapping[int, Plain], owner: str
    ) -> str:
        """Put what a stopped run had of its floods among the results, for those of an earlier one; see forget_parts.

        Returns what is said of it, "" for nothing.
        """
        floods = stopped(parts)
        if not floods:
            return ""
        name = f"{_part(owner)}{uuid.uuid4().hex[:8]}"
        found, problems = await asyncio.to_thread(self._taken, scenario, floods, plains, name)
        problems = "；".join(filter(None, [problems, await self.forget_parts(scenario, owner, but=name)]))
        whither = "，水深在沙盘的淹没成果里" if any(one.result for one in found) else ""
        return "；".join(filter(None, [f"已取消；淹没算到第 {floods[-1].hours[-1]:.1f} h{whither}", problems]))

    async def forget_parts(self, scenario: Scenario | None, owner: str, but: str = "") -> str:
        """Delete what stopped runs of a scenario left, also before this start; returns what could not be deleted, in words.

        Args:
            owner: its id. but: how the names of those begin that stay, "" for none.
        """
        if scenario is None or not any(isinstance(entry, Breach | Retention) for entry in scenario.inputs):
            return ""
        names = await asyncio.to_thread(self._library.names)
        return await self.forget([n for n in names if n.startswith(_part(owner)) and not (but and n.startswith(but))])

    async def forget(self, names: Sequence[str]) -> str:
        """Delete results that nothing points to any more; returns what could not be deleted, in words."""
        return await asyncio.to_thread(self._forget, names) if names else ""

    def _forget(self, names: Sequence[str]) -> str:
        problems = []
        for name in names:
            try:
                self._library.remove(name)
            except ConsoleError as exc:
                problems.append(f"{exc.what}{exc.next_step}")
        return "；".join(problems)

    def _taken(
        self, scenario: Scenario, floods: Sequence[Flooding], plains: Mapping[int, Plain], name: str = ""
    ) -> tuple[tuple[Flooding, ...], str]:
        problems: list[str] = []
        found = []
        counting = self._counting(problems)
        for one in floods:
            if one.beside is not None:  # its depths are with another's
                found.append(one)
                continue
            plain = plains[one.entry]
            counts: tuple[Count, ...] = ()
            try:
                counts = _counts(one, plain, counting) if counting is not None else ()
                unique = uuid.uuid4().hex[:12]  # a name that no other flood ever had: runs point to it
                stem = f"{name}-{one.entry}" if name else f"{one.code}-{unique}"
                found.append(kept(one, self._keep(scenario, (one, *_with(one, floods)), plains, counting, stem), counts))
            except (ConsoleError, OSError, MemoryError) as exc:  # the figures are there all the same
                why = f"{exc.what}{exc.next_step}" if isinstance(exc, ConsoleError) else "请检查磁盘和内存后重算。"
                problems.append(f"{one.title}的水深没有存下：{why}")
                log.warning("%s: %r", one.title, exc)
                found.append(kept(one, "", counts))
        return tuple(found), "；".join(problems)

    def _counting(self, problems: list[str]) -> _Counting | None:
        """Return what is counted; None, and why, where that cannot be read."""
        why = f"没有图层：请在数据目录的 {NAME} 里声明"
        sources: tuple[ExposureSource, ...] = ()
        try:
            sources = standing_layers(self._folders.root)
        except ConsoleError as exc:
            why = f"{exc.what}{exc.next_step}"
            problems.append(why)
        try:
            regions = load_basemap(self._folders.cache).prefectures
            vectors = VectorProcesses()
            return _Counting(regions, *read_layers(sources, lambda path: vectors.read(path).overlay), sources, why)
        except (OSError, MemoryError) as exc:
            log.warning("nothing was counted: %r", exc)
            problems.append("受淹对象没有统计：读不出底图或图层。请检查磁盘和内存后重算。")
            return None

    def _keep(
        self,
        scenario: Scenario,
        floods: Sequence[Flooding],
        plains: Mapping[int, Plain],
        counting: _Counting | None,
        stem: str,
    ) -> str:
        """Keep the depths of floods that were computed together; they are the first one's."""
        one, plain = floods[0], plains[floods[0].entry]
        if one.flood is None:
            return one.result
        made_up = "合成地形，" if plain.synthetic else ""
        cut = f"只算到第 {one.hours[-1]:.1f} h，" if one.hours[-1] < scenario.lead_h - 0.01 else ""
        title = f"{one.title} 等 {1 + len(one.together)} 处" if one.together else one.title
        doubt = f"{one.doubt}，" if one.doubt else ""
        label = f"{title}（{doubt}{cut}{made_up}糙率为假定）情景“{scenario.name}”"  # the name last: a long label is cut
        places = tuple(_place(scenario, each, plains[each.entry]) for each in floods)
        site = Site(label, places, counting.sources if counting is not None else ())
        t_s, depth = scenario.base_t + one.hours * HOUR_S, one.flood.depth_m
        if t_s[0] > scenario.base_t:  # until the levee breaks the plain is dry, and known to be
            t_s, depth = np.concatenate([[scenario.base_t], t_s]), np.concatenate([np.zeros_like(depth[:1]), depth])
        said = "；".join(("本机二维浅水模拟（HLLC，一阶）", *one.limits))
        return keep_computed(self._library, stem, (plain.x_m, plain.y_m), t_s, depth, said, site)


def _part(owner: str) -> str:
    """Return how the names of results begin that stopped runs of a scenario left."""
    return f"part-{hashlib.sha256(owner.encode()).hexdigest()[:12]}-"


def _with(one: Flooding, floods: Sequence[Flooding]) -> list[Flooding]:
    """Return those whose depths are with one's."""
    return [other for other in floods if other.beside == one.entry]


def _place(scenario: Scenario, one: Flooding, plain: Plain) -> BreachPlace:
    where = one.name if one.at_km is None else f"{one.name} K{one.at_km:g}"
    where += "" if one.volume_m3 > 0 else "（没有进水）"
    entry = scenario.inputs[one.entry]
    at_s = entry.open_s if isinstance(entry, Retention) else entry.at_s if isinstance(entry, Breach) else 0.0
    return BreachPlace(*degrees_of(plain.at), where, scenario.base_t + at_s, one.width_m, isinstance(entry, Retention))


def _counts(one: Flooding, plain: Plain, counting: _Counting) -> tuple[Count, ...]:
    """Return what was under water at some time of a flood: land by prefecture, then what the layers hold."""
    if one.flood is None:
        return one.counts
    deepest = one.flood.depth_m.max(axis=0)
    found = []
    for region in counting.regions:
        land = exposed(_land(region), deepest, plain.x_m, plain.y_m).wet
        if land:
            found.append(Count(f"受淹{LAND} {region.name}", land / KM2, "km²", "政区界为示意", else_none=True))
    if not counting.sources:
        found.append(Count("受淹人口、耕地、资产", None, "", counting.why))
    for layer in counting.layers:
        got = exposed(layer, deepest, plain.x_m, plain.y_m)
        source = f"{got.about.source}（{got.about.date or '日期未注明'}）"
        lacking = f"，{got.lacking} 处没有数字" if got.lacking else ""
        found.append(Count(f"受淹{got.about.name}", got.wet, got.about.unit, source + lacking))
    for line in counting.refused:
        name, _, why = line.text.partition("（")
        found.append(Count(name, None, line.unit, why.rstrip("）") or line.source))
    return tuple(found)


def _land(region: Region) -> Layer:
    import shapely  # slow to import: not before the first window

    rings = [np.column_stack(to_local(*ring.T)) * 1000 + ORIGIN_M for ring in region.rings if len(ring) > 3]
    whole = shapely.union_all([shapely.make_valid(shapely.polygons(ring)) for ring in rings])
    return Areas(About(LAND, "m²", "", ""), np.array([whole], object))
