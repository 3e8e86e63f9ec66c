"""Every foreign source on a thread of its own, so that one that hangs or fails delays no other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from console.central.postgres import StoreUnavailable
from console.central.sources.config import FILE, SourcesFileError, load_sources
from console.central.sources.reader import AdapterFactory, Sink, SourceReader
from console.central.sources.state import SourceState
from console.errors import ConsoleError

log = logging.getLogger(__name__)
PUBLISH_S = 1.0
QUIET_S = 30.0  # between two publications in which no state changed: consoles need not fetch more often
HANG_S = 300.0  # in one pass; long windows of a slow server are cut into slices, so this is no work but a stall
STAGGER_S = 0.1  # between the first reads: a hundred sources do not begin at one moment
BUG_S = 600.0
JOIN_S = 5.0


class StateStore(Protocol):
    """Where the states are kept; may raise StoreUnavailable."""

    def sources(self) -> list[dict[str, Any]]: ...

    def put_sources(self, docs: Sequence[Mapping[str, Any]], gone: Sequence[str], *, news: bool) -> None:
        """Store the states; news: a state or reason changed, consoles are told."""


class SourcesHost:
    """Built once per service; start() and stop() by its owner. errors: what is wrong with the file."""

    def __init__(self, folder: Path, make: AdapterFactory, sink: Sink, store: StateStore) -> None:
        self._sink, self._store, self._make = sink, store, make
        self._stop = threading.Event()
        self._readers: list[SourceReader] = []
        self._threads: list[threading.Thread] = []
        self._published: dict[str, SourceState] = {}
        self._fixed: list[SourceState] = []
        try:
            self._confs = load_sources(folder / FILE)
        except SourcesFileError as exc:
            log.error("%s", exc)
            self._confs = ()
            self._fixed = [SourceState(FILE, "file", "down", "config", f"{exc.what}{exc.next_step}", last_try_t=time.time())]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(c.name for c in self._confs)

    def start(self) -> None:
        """Begin to read; states of an earlier run are taken up, those of sources that are gone dropped."""
        kept = {str(d["code"]): d for d in self._store.sources()}
        for number, conf in enumerate(self._confs):
            reader = SourceReader(conf, self._make, self._sink, self._stop.is_set)
            if conf.name in kept:
                reader.state = reader.state.remembering(kept[conf.name])
            self._readers.append(reader)
            self._run(f"source-{conf.name}", partial(self._follow, reader, number * STAGGER_S))
        names = self.names | {s.name for s in self._fixed}
        self._store.put_sources([], [name for name in kept if name not in names], news=False)
        self._run("sources", self._publish)

    def stop(self) -> None:
        """Ask all to end and wait a moment; who hangs in a read is left to its time-outs."""
        self._stop.set()
        end = time.monotonic() + JOIN_S
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def states(self) -> list[SourceState]:
        """Return every source as of now; one that sits in a read for too long is told to hang."""
        return self._fixed + [_as_of(r.state, r.busy_since) for r in self._readers]

    def _run(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name[:40], daemon=True)
        self._threads.append(thread)
        thread.start()

    def _follow(self, reader: SourceReader, first_wait_s: float) -> None:
        wait = first_wait_s
        while not self._stop.wait(wait):
            try:
                wait = reader.once()
            except Exception as exc:
                log.exception("source %s", reader.conf.name)
                reader.failed_by_bug(repr(exc))
                wait = BUG_S
        reader.close()

    def _publish(self) -> None:
        last = -QUIET_S
        while not self._stop.wait(PUBLISH_S):
            states = {s.name: s for s in self.states()}
            changed = [s for s in states.values() if self._published.get(s.name) != s]
            news = any(_word(self._published.get(s.name)) != _word(s) for s in changed)
            if not changed or not (news or time.monotonic() - last >= QUIET_S):
                continue
            last = time.monotonic()
            try:
                self._store.put_sources([s.to_doc() for s in changed], [], news=news)
            except StoreUnavailable as exc:
                log.info("states wait for the store: %s", exc)
                continue
            self._published = states


def _as_of(state: SourceState, busy_since: float | None) -> SourceState:
    if busy_since is None or time.monotonic() - busy_since < HANG_S:
        return state
    return replace(state, state="down", code="hangs", detail="")


def _word(state: SourceState | None) -> tuple[str, str] | None:
    return (state.state, state.code) if state else None


def no_adapters(conf: Mapping[str, Any]) -> Any:
    """Refuse every kind: what a service says that was built without adapters.

    Raises:
        ConsoleError: always.
    """
    raise ConsoleError(f"没有能读 {conf['kind']} 的程序。", "请核对 sources.toml 的 kind，或安装带外部来源的版本。")
