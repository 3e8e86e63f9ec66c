"""The centre's end of a bundle: what goes down to a laptop, what comes up from one, the answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from console.central.ops import Op, apply_ops
from console.central.problems import Problem
from console.central.repository import Repository
from console.central.service import KINDS
from console.central.snapshots import cursor
from console.store.bundle.cache_source import to_columns
from console.store.bundle.manifest import OPS, Manifest
from console.store.bundle.opening import Doorkeeper, OpenBundle, Unpacked, judge
from console.store.bundle.readings import TIME_MAX, Columns
from console.store.bundle.refusal import BundleRefused
from console.store.sqlite import DatabaseError

log = logging.getLogger(__name__)
PAGE = 50_000
BATCH = 100
Answer = dict[str, Any]
Send = Callable[[Sequence[dict[str, Any]]], Sequence[Answer]]


class CentreSource:
    """What a repository gives into a down bundle.

    The sequence is read before the rows, as a snapshot's is: what changes meanwhile comes again
    with the feed. since: a receiver's cursor; then exactly what changed after it goes along.
    """

    def __init__(self, repo: Repository, source: str, now_t: float, mode: str, *, since: int | None = None) -> None:
        self._repo = repo
        self._source = source
        self._now_t = now_t
        self._mode = mode
        self._since = since
        self._seq = repo.seq
        self._extent = repo.extent()
        self._tombs: dict[tuple[int, int], int] = {}

    def window_of(self, days: float | None) -> tuple[int, int]:
        high = self._extent[1] if self._extent else 0
        return (0, TIME_MAX) if days is None else (max(0, int(high - days * 86400) + 1), TIME_MAX)

    def manifest(self, window: tuple[int, int]) -> Manifest:
        whole = self._extent is None or window[0] <= self._extent[0]
        covers = self._since if self._since is not None else (0 if whole else None)
        at = cursor(self._repo.epoch, self._seq)
        return Manifest(
            source=self._source,
            service=self._repo.service,
            epoch=self._repo.epoch,
            cursor=at,
            covers_from=covers,
            records_cursor=at,
            records_from=self._since or 0,
            window=None if self._since is not None else window,
            scope="all",
            asof=self._now_t,
            mode=self._mode,
            title="",
        )

    def readings(self, window: tuple[int, int]) -> Iterator[Columns]:
        """Yield pages; also finds out which deletions in the window still hold."""
        low, high = (0, TIME_MAX) if self._since is not None else window
        tombs = self._repo.tombs(self._since or 0, self._seq)
        self._tombs = {(sid, t): rev for sid, t, rev in tombs if low <= t <= high}
        for page in self._pages(window):
            if self._tombs:
                self._put_back(page)
            yield page

    def _pages(self, window: tuple[int, int]) -> Iterator[Columns]:
        if self._since is None:
            for rows in self._repo.in_series_order(*window, PAGE):
                yield to_columns(rows)
            return
        after, more = self._since, True
        while more:
            rows, after, more = self._repo.changes(after, PAGE)
            if rows:
                page = to_columns([r[:5] for r in rows])
                order = np.lexsort((page[1], page[0]))
                sid, t, value, quality, rev = (c[order] for c in page)
                yield sid, t, value, quality, rev

    def _put_back(self, page: Columns) -> None:
        """A reading that was deleted and came again is not deleted."""
        times = np.isin(page[1], [t for _, t in self._tombs])
        for sid, t in zip(page[0][times].tolist(), page[1][times].tolist(), strict=True):
            self._tombs.pop((sid, t), None)

    def tombs(self) -> Iterator[dict[str, Any]]:
        """Yield the deletions; asked after the readings."""
        for (sid, t), rev in self._tombs.items():
            yield {"series": sid, "t": t, "rev": rev}

    def records(self) -> Iterator[dict[str, Any]]:
        after, more = self._since or 0, True
        while more:
            rows, after, more = self._repo.record_changes(after, 5000)
            for kind, record_id, rev, body, _seq in rows:
                yield {"kind": kind, "id": record_id, "rev": rev, "body": json.loads(body)}

    def objects(self) -> Iterator[dict[str, Any]]:
        for kind in KINDS:
            for doc in self._repo.objects(kind):
                yield {"kind": kind, "doc": doc}


def local_send(repo: Repository, now_t: float) -> Send:
    """Return how to apply ops straight to a repository that no service has open."""

    def send(docs: Sequence[dict[str, Any]]) -> Sequence[Answer]:
        ops = [Op.model_validate(doc) for doc in docs]
        try:
            return apply_ops(repo, ops, now_t)
        except DatabaseError:  # the same op came over the network in this moment: it is a duplicate now
            return apply_ops(repo, ops, now_t)
        except Problem as problem:
            return [{"id": op.id, "status": "rejected", "code": problem.code} for op in ops]

    return send


def take_up(path: Path, keeper: Doorkeeper, send: Send) -> tuple[Unpacked, list[Answer]]:
    """Judge an up bundle and apply its ops; returns it and the centre's answers.

    Raises:
        BundleRefused: with the reason; nothing of it was applied.
    """
    frame, _issuer = judge(path, keeper)
    if frame.header.kind != "up":
        raise BundleRefused("direction", frame.header.kind)
    with path.open("rb") as file:
        bundle = OpenBundle(frame, keeper.identity, file)
        if any(part.name.startswith("file/") or part.name.endswith(".parquet") for part in bundle.manifest.parts):
            raise BundleRefused("bad-content", "an up bundle with other parts")
        content = bundle.unpack(path.parent)
    docs = list(content.docs(OPS))
    _check_ops(docs)
    answers: list[Answer] = []
    for start in range(0, len(docs), BATCH):
        answers += send(docs[start : start + BATCH])
    header = frame.header
    log.info("bundle %s of %s taken: %s ops", header.bundle, header.issuer, len(answers))
    keeper.register.took(header.issuer, header.kind, keeper.place, header.number, header.created, header.bundle)
    return content, answers


def _check_ops(docs: Sequence[dict[str, Any]]) -> None:
    for doc in docs:
        try:
            Op.model_validate(doc)
        except ValidationError as exc:
            raise BundleRefused("bad-content", f"op {str(doc.get('id'))[:40]}: {exc.error_count()} faults") from exc
