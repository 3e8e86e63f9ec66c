"""Warnings of a foreign service (CAP): records of the feed, so that consoles get them like alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

KIND = "warning"


@dataclass(frozen=True, slots=True)
class ForeignWarning:
    """One warning. warning_id: the same at every poll (CAP: sender, identifier and sent).

    body: plain values only; it is stored as it is and shown as plain text.
    """

    warning_id: str
    body: Mapping[str, Any]


@runtime_checkable
class WarningSource(Protocol):
    """An adapter that offers warnings, beside or instead of readings."""

    def warnings(self) -> Sequence[ForeignWarning]: ...


@dataclass
class WarningBook:
    """Knows what was stored, so that a warning seen again is no new revision."""

    known: dict[str, Mapping[str, Any]]

    def fresh(self, source: str, found: Sequence[ForeignWarning]) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Return the records of warnings that are new or changed."""
        records: list[tuple[str, str, Mapping[str, Any]]] = []
        for warning in found:
            body = {**warning.body, "source": source}
            if self.known.get(warning.warning_id) != body:
                self.known[warning.warning_id] = body
                records.append((KIND, warning.warning_id, body))
        return records
