"""Does a stream that came back show something new? A gateway whose encoder died serves its last minute for ever."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from console.engine.stillness import same_picture

Sample = np.ndarray[Any, np.dtype[np.uint8]]
KEPT = 120  # samples, about one a second
ASK_S = 6.0  # so long nothing that was seen before came by: another stream with a clock that began anew
NEW, ASKING, AGAIN = "new", "asking", "again"


class ReplayWatch:
    """Follows one address over its reconnections, by the frames' own times and what they showed."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reached: int | None = None
        self._seen: OrderedDict[int, Sample] = OrderedDict()
        self._asked_s = 0.0
        self.state = NEW

    def opened(self) -> None:
        """The stream was opened again: until proved otherwise it may show what was shown already."""
        if self._reached is not None:
            self.state, self._asked_s = ASKING, self._clock()

    def keep(self, pts: int | None, sample: Sample) -> None:
        if pts is not None and self.state == NEW:
            self._seen[pts] = sample
            if len(self._seen) > KEPT:
                self._seen.popitem(last=False)

    def follow(self, pts: int | None, sample: Callable[[], Sample]) -> str:
        """Return whether a frame is new, was shown before, or whether that is not known yet."""
        if pts is None:
            self.state = NEW
        elif self._reached is None or pts > self._reached:
            self.state, self._reached = NEW, pts
        elif self.state == ASKING and pts in self._seen:
            if same_picture(self._seen[pts], sample()):
                self.state = AGAIN
            else:
                self._begin(pts)
        elif self.state == ASKING and self._clock() - self._asked_s > ASK_S:
            self._begin(pts)
        return self.state

    def _begin(self, pts: int) -> None:
        """Take the stream for another one, whose clock began anew."""
        self._seen.clear()
        self.state, self._reached = NEW, pts
