"""What went wrong, said so that an officer knows what to do; and the hub that hears of bugs."""

from __future__ import annotations

import contextlib
import logging
import traceback
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

log = logging.getLogger(__name__)


class ConsoleError(Exception):
    """An expected fault with words for the user: what happened and the next step."""

    def __init__(self, what: str, next_step: str, detail: str = "") -> None:
        super().__init__(f"{what} {next_step}" + (f" ({detail})" if detail else ""))
        self.what = what
        self.next_step = next_step
        self.detail = detail


class SettingsError(ConsoleError):
    """The settings file cannot be used."""


class StoreError(ConsoleError):
    """The local store cannot be used."""


class NewerFile(StoreError):
    """A file was written by a newer version of the console."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One bug that was caught: shown as a quiet bar with a number that support can find."""

    number: str
    where: str
    summary: str
    detail: str


class ErrorHub:
    """The only place that catches everything: log, number, listeners; the console runs on."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Incident], None]] = []
        self.incidents: list[Incident] = []

    def listen(self, listener: Callable[[Incident], None]) -> None:
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Incident], None]) -> None:
        self._listeners.remove(listener)

    def report(self, where: str, exc: BaseException | None) -> Incident:
        detail = "".join(traceback.format_exception(exc)) if exc else where
        incident = Incident(uuid.uuid4().hex[:8], where, f"{type(exc).__name__}: {exc}", detail)
        log.error("incident %s in %s\n%s", incident.number, where, detail)
        self.incidents = [*self.incidents[-49:], incident]
        for listener in self._listeners:
            listener(incident)
        return incident

    @contextlib.contextmanager
    def guard(self, where: str, on_fault: Callable[[Incident], None] | None = None) -> Iterator[None]:
        """Run one view's work; a bug becomes an incident and never reaches its neighbours."""
        try:
            yield
        except Exception as exc:
            incident = self.report(where, exc)
            if on_fault:
                on_fault(incident)
