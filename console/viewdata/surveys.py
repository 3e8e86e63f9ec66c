"""Comparing the surveys of a toe: pure, for a worker thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from console.domain.datum import stated_datum
from console.domain.objects import Thing
from console.domain.works import Works, number, text
from console.engine.survey import (
    MAX_NODES,
    MAX_POINTS,
    Change,
    Surface,
    SurveyRefused,
    difference,
    from_points,
    scour_state,
    section,
    surface,
)
from console.viewdata.works import Scour

DEFAULT_SPACING_M = 5.0
PICTURE_NODES = 300  # a way: more than a panel has pixels for
BED_M = (-500.0, 6000.0)  # deeper than any scour, higher than any river of the country


@dataclass(frozen=True, slots=True)
class SurveyHead:
    """What a survey's document says of it; at: UTC s."""

    thing: Thing
    works: str
    section: str
    at: int
    datum: str


def heads(things: Sequence[Thing], moment: float) -> list[SurveyHead]:
    """Return the surveys that were taken by the moment, the oldest first; one without a time is left out."""
    found = []
    for thing in things:
        at = number(thing.facts.get("at"), 0, 4_102_444_800)
        if at is not None and at <= moment:
            f = thing.facts
            found.append(SurveyHead(thing, text(f.get("works"), 80), text(f.get("section"), 20), int(at), text(f.get("datum"))))
    return sorted(found, key=lambda h: h.at)


Pairs = tuple[tuple[SurveyHead, SurveyHead], ...]


def pairs_of(found: Sequence[SurveyHead]) -> Pairs | str:
    """Return what a section's newest survey is compared with, or why with nothing. found: of one section, oldest first.

    With the survey before it, and with a reference: the newest one that is declared as such, else the oldest in its
    datum. Two looks at one hole differ by nothing, and a bed that sinks by little each year never jumps: only
    against the reference is either seen.
    """
    if not found:
        return "no_survey"
    if len(found) < 2:
        return "one_survey"
    new = found[-1]
    same = [h for h in found[:-1] if stated_datum(h.datum) == stated_datum(new.datum)]
    if not same:
        return "datum"
    declared = [h for h in same if h.thing.facts.get("reference") is True]
    return tuple({id(old): (old, new) for old in (same[-1], declared[-1] if declared else same[0])}.values())


def pairs_by_section(works: Works, found: Sequence[SurveyHead]) -> dict[str, Pairs | str]:
    """Return what is to be compared in each surveyed section of a works, or why nothing is."""
    mine = [h for h in found if h.works == works.code]
    sections = dict.fromkeys(h.section for h in mine)
    return {section: pairs_of([h for h in mine if h.section == section]) for section in sections}


def deepest(scours: Sequence[Scour]) -> Scour:
    """Return the comparison that shows the most; one that could not be made only where none could."""
    return min(scours, key=lambda s: (bool(s.reason), -s.deepest_m))


def compared(works: Works, pair: tuple[SurveyHead, SurveyHead]) -> Scour:
    """Return what was scoured between two surveys, or the reason why that cannot be said."""
    old, new = pair
    told = Scour(
        section=new.section,
        limit_m=works.scour_limit_m,
        names=(old.thing.name, new.thing.name),
        times=(old.at, new.at),
        method=text(new.thing.facts.get("method"), 40),
        simulated=bool(new.thing.facts.get("simulated") or old.thing.facts.get("simulated")),
        unstated=not stated_datum(new.datum),
    )
    try:
        before, after = surface_of(old.thing), surface_of(new.thing)
        change = difference(before, after, accuracy_of(pair))
    except SurveyRefused as refused:
        return replace(told, reason=f"survey_{refused.code}")
    x, y, picture = evenly(change)
    return replace(
        told,
        state=scour_state(change, works.scour_limit_m),
        x_m=x,
        y_m=y,
        scour_m=picture,
        spacing_m=(float(np.median(np.diff(change.x_m))), float(np.median(np.diff(change.y_m)))),
        scour_m3=change.scour_m3,
        fill_m3=change.fill_m3,
        area_m2=change.area_m2,
        coverage=change.coverage,
        deepest_m=change.deepest_m,
        chainage_m=change.chainage_m,
        offset_m=change.offset_m,
        before=section(before, change.chainage_m),
        after=section(after, change.chainage_m),
    )


def evenly(change: Change) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return (x_m, y_m, scour_m) of a picture with nodes at even distances, each with what the nearest node has.

    Figures are never taken from it: they come from the comparison's own nodes.
    """

    def axis(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
        least = float(np.diff(nodes).min())
        return np.linspace(nodes[0], nodes[-1], int(np.clip(round((nodes[-1] - nodes[0]) / least) + 1, 2, PICTURE_NODES)))

    def nearest(nodes: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.int64]:
        right = np.clip(np.searchsorted(nodes, at), 1, len(nodes) - 1)
        return np.where(at - nodes[right - 1] <= nodes[right] - at, right - 1, right)

    x, y = axis(change.x_m), axis(change.y_m)
    return x, y, change.scour_m[np.ix_(nearest(change.y_m, y), nearest(change.x_m, x))]


def accuracy_of(pair: Sequence[SurveyHead]) -> float:
    """Return the coarser of the surveys' declared accuracies, metres; 0 where none is declared."""
    return max(number(h.thing.facts.get("accuracy_m"), 0.0, 10.0) or 0.0 for h in pair)


def surface_of(thing: Thing) -> Surface:
    """Return a survey's surface from its grid or its points.

    Raises:
        SurveyRefused: it has neither, or what it has cannot be used.
    """
    grid = thing.facts.get("grid")
    if isinstance(grid, dict):
        return _gridded(grid)
    points = thing.facts.get("points")
    if not isinstance(points, list):
        raise SurveyRefused("few")
    if len(points) > MAX_POINTS:
        raise SurveyRefused("size", f"{len(points)} points")
    rows = [[_nan(p[0]), _nan(p[1]), _bed(p[2])] for p in points if isinstance(p, list) and len(p) == 3]
    spacing = number(thing.facts.get("spacing_m"), 0.1, 500) or DEFAULT_SPACING_M
    return from_points(np.array(rows, float).reshape(-1, 3), spacing)


def _gridded(grid: dict[str, object]) -> Surface:
    x0, dx, y0, dy = (number(grid.get(k), -1e7, 1e7) for k in ("x0_m", "dx_m", "y0_m", "dy_m"))
    rows = grid.get("z_m")
    if x0 is None or y0 is None or not dx or not dy or not isinstance(rows, list) or not rows:
        raise SurveyRefused("shape")
    if any(not isinstance(r, list) or len(r) != len(rows[0]) for r in rows):
        raise SurveyRefused("shape", "uneven rows")
    nx, ny = len(rows[0]), len(rows)
    if nx * ny > MAX_NODES:
        raise SurveyRefused("size", f"{nx * ny} nodes")
    z: NDArray[np.float64] = np.array([[_bed(v) for v in r] for r in rows], float)
    return surface(np.asarray(x0 + dx * np.arange(nx), float), np.asarray(y0 + dy * np.arange(ny), float), z)


def _nan(value: object) -> float:
    found = number(value, -1e7, 1e7)
    return float("nan") if found is None else found


def _bed(value: object) -> float:
    """Return a bed level; −9999, −32768 and the like are how files say that there is none."""
    found = number(value, *BED_M)
    return float("nan") if found is None else found
