"""Warnings of a foreign service (CAP): records of the feed, so that consoles get them like alarms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from backend_client.errors import WireFormatError

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
        """Return the records of warnings that are new or changed.

        Raises:
            WireFormatError: a body holds what JSON cannot carry; one such record would stop every console.
        """
        records: list[tuple[str, str, Mapping[str, Any]]] = []
        for warning in found:
            body = _carried({**warning.body, "source": source})
            if self.known.get(warning.warning_id) != body:
                self.known[warning.warning_id] = body
                records.append((KIND, warning.warning_id, body))
        return records


def _carried(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body as it comes back from the store."""
    try:
        text = json.dumps(body, allow_nan=False, ensure_ascii=False)
        text.encode("utf-8")
    except (ValueError, TypeError, RecursionError) as exc:
        raise WireFormatError(f"warning: {exc}") from exc
    carried: dict[str, Any] = json.loads(text)
    return carried
