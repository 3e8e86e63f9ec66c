"""The station table as it is drawn: rows of the board, columns as a topic declares them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from console.domain.objects import River
from console.viewdata.board import Row

Key = float | str | None


@dataclass(frozen=True, slots=True)
class Moments:
    """moment: what is shown. now: the centre's time. Both UTC s."""

    moment: float = 0.0
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column. text writes a row's cell, key sorts it; None is unknown and comes last either way."""

    field: str
    title: str
    width: int
    text: Callable[[Row, Moments], str]
    key: Callable[[Row, Moments], Key]
    group: str = ""
    pinned: bool = False
    right: bool = False


@dataclass(frozen=True, slots=True)
class TopicTab:
    """A topic above the table with its counts: objects, over a limit, without data."""

    code: str
    name: str
    total: int
    over: int
    unknown: int


@dataclass(frozen=True, slots=True, eq=False)
class TableView:
    """Everything that a table shows at one moment. topic: "" for all of them."""

    rows: tuple[Row, ...]
    columns: tuple[TableColumn, ...]
    topic: str = ""
    tabs: tuple[TopicTab, ...] = ()
    moments: Moments = Moments()
    rivers: tuple[River, ...] = ()
    everything: tuple[Row, ...] = ()  # what a filter may name: 英德50km内 among the rain gauges
