"""Day digests at the centre: computed once per day and change, summed per scope."""

from __future__ import annotations

import threading
from collections import OrderedDict

from console.central.repository import Repository
from console.central.scopes import Members
from console.domain.digests import Digest, day_window, digests_by_series

PAGE = 100_000
DAYS_KEPT = 64


class DayDigests:
    """Keeps each day's digest per series for as long as nothing of that day changes.

    10,000 series are 10,000 pairs of integers a day; a scope's digest is the sum of its series'.
    """

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, int, int], dict[int, Digest]] = OrderedDict()

    def of(self, day: int, members: Members) -> tuple[int, Digest]:
        """Return (the seq that last changed the day, the scope's digest of it).

        The seq is read first: a change that slips in while the rows are read gives a digest that
        is newer than its seq, which costs a console one needless repair and hides nothing.
        """
        touched = self._repo.touched(day)
        key = (self._repo.epoch, day, touched)
        with self._lock:
            if key not in self._known:
                self._known[key] = self._computed(day)
                while len(self._known) > DAYS_KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            series = self._known[key]
        wanted = series if members.sids is None else members.among & series.keys()
        total = Digest()
        for sid in wanted:
            total = total.plus(series[sid])
        return touched, total

    def _computed(self, day: int) -> dict[int, Digest]:
        found: dict[int, Digest] = {}
        for rows in self._repo.in_series_order(*day_window(day), PAGE):
            for sid, part in digests_by_series(rows).items():  # a series may go on in the next page
                found[sid] = found.get(sid, Digest()).plus(part)
        return found
