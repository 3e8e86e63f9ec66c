"""What each scope holds at the centre: its objects and its series, as the objects now stand."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from console.central.repository import Repository
from console.domain.library import LISTS
from console.domain.objects import THINGS, WATCHED
from console.domain.scopes import ALL, basin_names, scope_parts, scope_text, scopes_of, within

PLACED = (*WATCHED, *THINGS, "levees")


class UnknownScope(ValueError):
    """A scope that this service does not offer."""


@dataclass(frozen=True, slots=True)
class Members:
    """A union of scopes. sids: its series in order; None for every series there is."""

    name: str
    parts: tuple[str, ...]
    sids: tuple[int, ...] | None
    among: frozenset[int]

    def rows(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return those rows whose first field is a series of this scope."""
        return rows if self.sids is None else [r for r in rows if r[0] in self.among]


class ScopeMap:
    """Follows the objects: it is made anew whenever an object or a series came, moved or went."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._lock = threading.Lock()
        self._version = -1
        self._objects: dict[str, frozenset[str]] = {}
        self._series: dict[int, frozenset[str]] = {}
        self._names: tuple[str, ...] = (ALL,)
        self._basins: dict[str, str] = {}

    def names(self) -> tuple[str, ...]:
        with self._lock:
            self._follow()
            return self._names

    def members(self, text: str) -> Members:
        """Return what a comma separated list of scopes holds.

        Raises:
            UnknownScope: one of them is not offered.
        """
        parts = scope_parts(text)
        with self._lock:
            self._follow()
            for part in parts:
                if part not in self._names:
                    raise UnknownScope(part)
            if parts == (ALL,):
                return Members(ALL, parts, None, frozenset())
            sids = tuple(s for s, scopes in self._series.items() if within(scopes, parts))
        return Members(scope_text(parts), parts, sids, frozenset(sids))

    def objects(self, kind: str, members: Members) -> list[dict[str, Any]]:
        """Return one kind's documents of a scope; what names no place is in every scope."""
        docs = self._repo.objects(kind)
        if members.sids is None:
            return docs
        if kind == "series":
            return [d for d in docs if d["properties"]["sid"] in members.among]
        basins = self._basins
        return [d for d in docs if kind not in (*PLACED, *LISTS) or within(scopes_of(d, basins), members.parts)]

    def _follow(self) -> None:
        version = self._repo.objects_version()
        if version == self._version:
            return
        self._basins = basin_names(self._repo.objects("basins"))
        self._objects = {}
        for kind in PLACED:
            for doc in self._repo.objects(kind):
                self._objects[str(doc["code"])] = scopes_of(doc, self._basins)
        nowhere: frozenset[str] = frozenset()
        series = (d["properties"] for d in self._repo.objects("series"))
        self._series = {int(p["sid"]): self._objects.get(str(p["object"]), nowhere) for p in series}
        self._names = (ALL, *sorted(_all_of(self._objects.values())))
        self._version = version


def _all_of(scopes: Iterable[frozenset[str]]) -> set[str]:
    found: set[str] = set()
    return found.union(*scopes)
