"""Whose curve a hydrograph shows: the selected station, the one that stands for it, or the worst one, and saying so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.domain.objects import BY_WORKS, Station
from console.presenters.wording import Translate
from console.state.board import BoardState

WATER = frozenset({"Z", "RZ", "Q", "INQ", "OTQ", "P"})
OWN_KINDS = frozenset({"river", "reservoir", "tide", "rain", "basin"})  # their empty plot says what is missing
POINTERS = ("level", "driver", "below", "flow")
NAMED = ("object", "station", "reservoir")


@dataclass(frozen=True, slots=True)
class Subject:
    """station: whose curve is shown; title: how the panel is headed, which names a stand-in as one."""

    station: Station
    title: str


def subject_of(board: BoardState, code: str | None, tr: Translate) -> Subject | None:
    """Return what to show for a selection; None where there is nothing at all."""
    station = board.stations.get(code or "")
    if station is not None and (station.kind in OWN_KINDS or _has_curve(board, station.code)):
        return Subject(station, _title(station))
    facts, name = _facts_of(board, code, station)
    stand_in = _stand_in(board, facts)
    if stand_in is not None:
        return Subject(stand_in, f"{_title(stand_in)}（{name}{tr('的相关站')}）")
    worst = _worst(board)
    return Subject(worst, f"{tr('未选中的站')}：{worst.name}（{tr('当前最险')}）") if worst is not None else None


def _title(station: Station) -> str:
    return f"{station.name} · {station.river}" if station.river else station.name


def _has_curve(board: BoardState, code: str) -> bool:
    station = board.stations.get(code)
    if station is None:
        return False
    shown = WATER if station.kind in BY_WORKS else WATER | {station.main_element}
    return any(s.object_code == code and s.element in shown for s in board.series.values())


def _facts_of(board: BoardState, code: str | None, station: Station | None) -> tuple[Mapping[str, Any], str]:
    if station is not None:
        return station.facts, station.name
    thing = next((t for kind in board.things.values() for t in kind if code and t.code == code), None)
    return (thing.facts, thing.name) if thing is not None else ({}, "")


def _stand_in(board: BoardState, facts: Mapping[str, Any], *, within: bool = False) -> Station | None:
    """Return the first station with a curve that an object's facts name, else the one its works names."""
    codes = [p.get("object") for p in map(facts.get, POINTERS) if isinstance(p, Mapping)]
    codes += [facts.get(key) for key in NAMED]
    for code in codes:
        station = board.stations.get(code) if isinstance(code, str) else None
        if station is not None and _has_curve(board, station.code):
            return station
    works = facts.get("works")
    if within or not isinstance(works, str):
        return None
    return _stand_in(board, _facts_of(board, works, None)[0], within=True)


def _worst(board: BoardState) -> Station | None:
    rows = [r for r in board.board.rows if r.level is not None and r.station.kind == "river"]
    worst = max(rows, key=lambda r: (r.state, r.margin_m or -99.0), default=None)
    return worst.station if worst else None
