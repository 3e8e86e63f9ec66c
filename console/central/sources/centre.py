"""The centre as its foreign sources see it: readings through the watch, states into the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from console.central.doorbell import Doorbell
from console.central.repository import Repository
from console.central.store_core import Row, SeriesKey
from console.central.verdict import RecordItem
from console.central.watch import Watch
from console.domain.vocabulary import Vocabulary

KIND = "sources"


class CentreForSources:
    """Satisfies Sink and StateStore; every method may be called from any thread."""

    def __init__(self, repo: Repository, watch: Watch, bell: Doorbell) -> None:
        self._repo, self._watch, self._bell = repo, watch, bell

    def known(self) -> Mapping[str, str]:
        return {str(d["code"]): kind for kind in ("stations", "reservoirs") for d in self._repo.objects(kind)}

    def words(self) -> Vocabulary:
        return self._watch.words

    def place(self, stations: Mapping[str, Sequence[Mapping[str, Any]]], series: Sequence[SeriesKey]) -> list[int]:
        return self._watch.place(stations, series)

    def receive(self, rows: list[Row]) -> None:
        self._watch.receive(rows)

    def records(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        return self._repo.records(kind)

    def put_records(self, items: list[RecordItem]) -> None:
        self._repo.put_records(items)
        self._bell.ring("changed", {"feed": "records", "seq": self._repo.seq})

    def sources(self) -> list[dict[str, Any]]:
        return self._repo.objects(KIND)

    def put_sources(self, docs: Sequence[Mapping[str, Any]], gone: Sequence[str], *, news: bool) -> None:
        for code in gone:
            self._repo.drop_object(KIND, code)
        if docs:
            self._repo.put_objects(KIND, docs)
        if news:
            self._bell.ring("changed", {"feed": "objects", "seq": self._repo.seq})
