"""The centre's look at underwater surveys: each new one is compared once with those before it."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from console.domain.alarm_engine import Finding
from console.domain.documents import readable
from console.domain.objects import thing_from_doc
from console.domain.works import Works, works_of
from console.viewdata.surveys import SurveyHead, compared, deepest, heads, pairs_by_section

log = logging.getLogger(__name__)
EVER = 4_102_444_800.0


class SurveyWatch:
    """Judges the surveys of the works that declare a limit. A document that cannot be read is left out."""

    def __init__(self, works: Iterable[Mapping[str, Any]], surveys: Iterable[Mapping[str, Any]]) -> None:
        found = readable(lambda doc: works_of(thing_from_doc("works", doc)), works)
        self._works: list[Works] = [w for w in found if w.scour_limit_m is not None]
        taken = readable(partial(thing_from_doc, "surveys"), surveys)
        self._surveys = heads(list(taken), EVER) if self._works else []
        self._times = [h.at for h in self._surveys]
        self._judged = 0

    def due(self, now: float) -> list[Finding]:
        """Return what the surveys show that were taken since the last look; nothing where two cannot be compared."""
        taken = bisect_right(self._times, now)
        if taken == self._judged:
            return []
        fresh = {h.works for h in self._surveys[self._judged : taken]}
        self._judged = taken
        said = [self._worst(w, self._surveys[:taken]) for w in self._works if w.code in fresh]
        return [found for found in said if found is not None]

    def _worst(self, works: Works, taken: Sequence[SurveyHead]) -> Finding | None:
        """Return the deepest scour of all sections: a sound section says nothing of a hollow one."""
        found = []
        for section, pairs in pairs_by_section(works, taken).items():
            if isinstance(pairs, str):
                continue
            scour = deepest([compared(works, pair) for pair in pairs])
            if scour.reason or scour.limit_m is None:
                log.warning("surveys of %s %s cannot be compared: %s", works.code, section, scour.reason)
                continue
            over = scour.state == "alarm"
            found.append(Finding("scour", works.code, scour.times[1], scour.deepest_m, scour.limit_m, over, scour.simulated))
        worst = max(found, key=lambda s: s.value, default=None)
        return None if worst is None else replace(worst, t=max(s.t for s in found))
