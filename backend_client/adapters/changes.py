"""Sources that can say what changed: the only way to learn of a correction to an old reading at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from backend_client.adapters.harvest import ForeignSeries, Harvest


@runtime_checkable
class ReadsChanges(Protocol):
    """An adapter whose probe has the trait ``modified_since=yes``; others re-read windows."""

    def changed_since(self, wanted: Sequence[ForeignSeries], since_t: int) -> Harvest:
        """Return readings of any time that were written or corrected at or after since_t (UTC s)."""
        ...
