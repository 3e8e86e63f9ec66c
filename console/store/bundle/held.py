"""Which series have readings on which days: an older bundle may fill what is wholly absent, no more.

A cache whose feed is past a bundle has seen every deletion up to there and forgotten it. A reading
of the bundle that the cache lacks may be one that was deleted; it must not come back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.paths import Profile
from console.store.cache_writer import month_of
from console.store.sqlite import Connection, open_reader

DAY = 86400
QUERY = "select 1 from obs where sid=? and t between ? and ? limit 1"


class HeldDays:
    """Looks once per series and UTC day and keeps the answer: what it lets in does not change it."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._open: dict[str, Connection | None] = {}
        self._held: dict[tuple[int, int], bool] = {}

    def close(self) -> None:
        for db in self._open.values():
            if db is not None:
                db.close()

    def absent(self, sid: NDArray[Any], t: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which readings belong to a series and day of which the cache has nothing."""
        pairs, where = np.unique(np.stack([sid, t // DAY]), axis=1, return_inverse=True)
        free = np.array([not self._has(int(s), int(d)) for s, d in pairs.T], bool)
        return np.asarray(free[where.ravel()])

    def _has(self, sid: int, day: int) -> bool:
        key = (sid, day)
        if key not in self._held:
            db = self._month(month_of(day * DAY))
            found = db is not None and db.execute(QUERY, (sid, day * DAY, day * DAY + DAY - 1)).fetchone()
            self._held[key] = bool(found)
        return self._held[key]

    def _month(self, name: str) -> Connection | None:
        if name not in self._open:
            path = self._profile.telemetry(name)
            self._open[name] = open_reader(path) if path.exists() else None
        return self._open[name]
