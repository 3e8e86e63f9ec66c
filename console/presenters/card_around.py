"""What belongs to an object or lies near it: cameras, works, other stations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from console.domain.cameras import by_nearness, camera_of
from console.domain.geo import distance_km
from console.domain.objects import Thing
from console.presenters.wording import Translate
from console.viewdata.board import Board, Row
from console.viewdata.duty import CardSection, Fact

NEAR_KM = 10.0
NEAREST = 40
MOST = 4  # lines of a list that the card shows
APART = ("sensor", "gate", "basin")
Place = tuple[float, float]
T = TypeVar("T")


def around(row: Row, board: Board, things: Mapping[str, tuple[Thing, ...]], tr: Translate) -> CardSection:
    """Name works, cameras and other stations that belong to a station or lie within a few kilometres."""
    station = row.station
    place = None if station.lon is None or station.lat is None else (station.lon, station.lat)
    facts = [_cameras(frozenset({station.code}), place, things, tr)]
    works = [(t.place, t.name) for t in things.get("works", ()) if t.facts.get("object") != station.code]
    own = [t.name for t in things.get("works", ()) if t.facts.get("object") == station.code]
    close = [f"{n} {km:.0f} km" for km, n in _by_distance(place, works) if km <= NEAR_KM]
    if own or close:
        facts.append(Fact("工程", "、".join([*own, *close][:MOST]), ""))
    return CardSection("周边", (*facts, *_others(place, row.code, board, tr)))


def around_thing(thing: Thing, board: Board, things: Mapping[str, tuple[Thing, ...]], tr: Translate) -> CardSection:
    """Name cameras of a works or of what it measures, and the stations near it."""
    bound = frozenset({thing.code, *(str(thing.facts[k]) for k in ("object", "reservoir") if thing.facts.get(k))})
    cameras = () if thing.kind == "cameras" else (_cameras(bound, thing.place, things, tr),)
    return CardSection("周边", (*cameras, *_others(thing.place, "", board, tr)))


def _cameras(codes: frozenset[str], place: Place | None, things: Mapping[str, tuple[Thing, ...]], tr: Translate) -> Fact:
    known = [camera_of(t) for t in things.get("cameras", ())]
    found = {n.camera.code: n for code in sorted(codes) for n in by_nearness(known, code, place) if n.bound}
    near = (n for n in by_nearness(known, None, place) if n.km is not None and n.km <= NEAR_KM)
    for n in sorted(near, key=lambda n: n.km or 0.0):
        found.setdefault(n.camera.code, n)
    names = "、".join(n.camera.name for n in list(found.values())[:MOST])
    bound = any(n.bound for n in found.values())
    return Fact("摄像头", names or "—", tr("已绑定") if bound else "", "text" if found else "text.dim")


def _others(place: Place | None, code: str, board: Board, tr: Translate) -> list[Fact]:
    stations = (((r.station.lon, r.station.lat), r) for r in board.rows if r.code != code)
    near = [
        f"{r.station.name} {km:.0f} km"
        for km, r in _by_distance(place, stations)
        if km <= NEAR_KM and r.station.kind not in APART and not r.apart
    ]
    return [Fact("邻近", "、".join(near[:MOST]), f"{NEAR_KM:g} km {tr('内')}")] if near else []


def _by_distance(place: Place | None, items: Iterable[tuple[Any, T]]) -> list[tuple[float, T]]:
    """Return (km, item) of what has a place, the nearest first."""
    placed = [(at, item) for at, item in items if at is not None and at[0] is not None and at[1] is not None]
    if place is None or not placed:
        return []
    points = np.array([at for at, _ in placed], float)
    far = distance_km(*place, points[:, 0], points[:, 1])
    return [(float(far[i]), placed[i][1]) for i in np.argsort(far, kind="stable")[:NEAREST].tolist()]
