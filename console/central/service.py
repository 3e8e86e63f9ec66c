"""What the handlers of the central service share: store, clock, scopes, and answers kept ready."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from console import __version__
from console.central.continuity import Continuity
from console.central.digests import DayDigests
from console.central.doorbell import Doorbell
from console.central.identity import LOCAL
from console.central.pages import PageCache
from console.central.player import Player
from console.central.problems import Problem
from console.central.repository import Repository
from console.central.scopes import Members, ScopeMap, UnknownScope
from console.central.sources.host import SourcesHost
from console.central.watch import Watch
from console.domain.digests import day_window
from console.domain.library import LISTS
from console.domain.objects import THINGS, WATCHED
from console.domain.topics import Topic
from console.domain.vocabulary import vocabulary_of

PAGE_MAX = 20_000
SCANS = 20  # pages a scoped feed looks through for one answer
BODIES = 64  # answers of objects kept
KINDS = tuple(dict.fromkeys((*WATCHED, *THINGS, *LISTS, "reaches", "series", "events", "levees", "sources")))


class Service:
    """What the handlers share; built once per process."""

    def __init__(
        self,
        repo: Repository,
        folder: Path,
        player: Player | None,
        bell: Doorbell | None = None,
        continuity: Continuity | None = None,
        topics: tuple[Topic, ...] = (),
    ) -> None:
        self.repo = repo
        self.topics = topics
        self.folder = folder
        self.bell = bell or Doorbell()
        self.pages = PageCache()
        self.watch = Watch(repo, self.bell, player, continuity, vocabulary_of(topics))
        self.player = player
        self.scopes = ScopeMap(repo)
        self.digests = DayDigests(repo)
        self.host: SourcesHost | None = None  # reads foreign sources while the app lives
        self._bodies: dict[tuple[str, str], tuple[tuple[str, int], str, str]] = {}

    def hello(self, roles: tuple[str, ...] = LOCAL.roles) -> dict[str, Any]:
        repo, state = self.repo, self.player.state() if self.player else None
        return {
            "service": repo.service,
            "version": __version__,
            "mode": "replay" if state else "live",
            "epoch": repo.epoch,
            "schema": {"min": 1, "max": 1},
            "now": self.watch.now(),
            "clock": {
                "real": time.time(),
                "rate": state.rate if state else 1.0,
                "running": state.running if state else True,
            },
            "features": ["snapshot", "digest", "days", "rooms", "uploads"] + (["player"] if state else []),
            "page_max": PAGE_MAX,
            "floor": {"obs": repo.floor, "records": 0},  # records are never deleted
            "first": self.first_t(),
            "scopes": list(self.scopes.names()),
            "roles": list(roles),
            "player": asdict(state) if state else None,
        }

    def first_t(self) -> int | None:
        """Return when the oldest day with readings begins, UTC s; None while there are none."""
        days = self.repo.days_after(0)
        return day_window(days[-1])[0] if days else None

    def members(self, scope: str) -> Members:
        """Return what a scope holds.

        Raises:
            Problem: 422, the scope is not offered.
        """
        try:
            return self.scopes.members(scope)
        except UnknownScope as exc:
            raise Problem(422, "unknown-scope", "hello lists the scopes of this service") from exc

    def objects(self, kind: str, members: Members) -> tuple[str, str]:
        """Return (body, etag) of a kind's objects; every console asks each round, so it is kept."""
        key, version = (kind, members.name), (self.repo.epoch, self.repo.objects_version())
        known = self._bodies.get(key)
        if known is None or known[0] != version or kind == "sources":  # their state moves without a version
            items = self.scopes.objects(kind, members)
            body = json.dumps({"epoch": version[0], "items": items}, ensure_ascii=False)
            if len(self._bodies) >= BODIES:
                self._bodies.clear()
            known = self._bodies[key] = (version, body, etag_of(body))
        return known[1], known[2]

    def changes(self, after: int, limit: int, members: Members) -> tuple[list[tuple[Any, ...]], int, bool]:
        """Return (rows of the scope, next, more); next passes over rows of others too.

        An answer may be empty and have more: a console far behind must not scan for ever.
        """
        found: list[tuple[Any, ...]] = []
        upto, more = after, True
        for _ in range(SCANS if members.sids is not None else 1):
            rows, upto, more = self.repo.changes(upto, limit - len(found))
            found += members.rows(rows)
            if not more or len(found) >= limit:
                break
        return found, upto, more

    def seq_of(self, after: str) -> int:
        """Return the seq of a cursor.

        Raises:
            Problem: 410, the only resync signal: unknown, foreign, too new, or so old that a
                deletion since is forgotten.
        """
        if after in ("", "0"):
            return 0
        epoch, _, seq = after.partition(".")
        if epoch != self.repo.epoch[:12]:
            raise Problem(410, "epoch-changed")
        if not seq.isdigit() or not self.repo.floor <= int(seq) <= self.repo.seq:
            raise Problem(410, "cursor-expired")
        return int(seq)


def etag_of(body: str) -> str:
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
