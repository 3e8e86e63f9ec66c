"""What a centre sent, made fit to be shown: short, in one line, without characters that deceive.

Names come from another machine. They are cut and cleaned once, where documents become objects of
this window, so that no view has to remember it; the cache keeps what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from console.domain.objects import (
    River,
    Series,
    Station,
    Thing,
    river_from_doc,
    series_from_doc,
    station_from_doc,
    thing_from_doc,
)
from console.domain.time import sane_t
from console.texts import printable

CODE_LIMIT = 80
NAME_LIMIT = 60
NOTE_LIMIT = 400


def _code(text: str) -> str:
    """Return a key as it is; it is shown too, so it must not need cleaning.

    Raises:
        ValueError: it is empty, long, or holds characters that deceive.
    """
    if not text or text != printable(text, CODE_LIMIT):
        raise ValueError("code not printable")
    return text


def shown_station(doc: Mapping[str, Any]) -> Station:
    """Raises: KeyError, TypeError, ValueError: the document breaks the contract."""
    station = station_from_doc(doc)
    marks = tuple(replace(t, source=printable(t.source, NAME_LIMIT)) for t in station.thresholds[:200])
    return replace(
        station,
        code=_code(station.code),
        name=printable(station.name, NAME_LIMIT),
        river=printable(station.river, NAME_LIMIT),
        city=printable(station.city, NAME_LIMIT),
        datum=printable(station.datum, NAME_LIMIT),
        note=printable(station.note, NOTE_LIMIT),
        thresholds=marks,
    )


def shown_series(doc: Mapping[str, Any]) -> Series:
    """Raises: KeyError, TypeError, ValueError: the document breaks the contract."""
    series = series_from_doc(doc)
    return replace(
        series,
        unit=printable(series.unit, 20),
        datum=printable(series.datum, NAME_LIMIT),
        source=printable(series.source, NAME_LIMIT),
    )


def shown_river(doc: Mapping[str, Any]) -> River:
    """Raises: KeyError, TypeError, ValueError: the document breaks the contract."""
    river = river_from_doc(doc)
    return replace(river, code=_code(river.code), name=printable(river.name, NAME_LIMIT))


def shown_thing(kind: str, doc: Mapping[str, Any]) -> Thing:
    """Raises: KeyError, TypeError, ValueError: the document breaks the contract."""
    thing = thing_from_doc(kind, doc)
    return replace(
        thing,
        code=_code(thing.code),
        name=printable(thing.name, NAME_LIMIT),
        facts={k: _shown_fact(v) for k, v in thing.facts.items()},
    )


def _shown_fact(value: Any, depth: int = 0) -> Any:
    """Return a property with every text in it cut and cleaned; what is nested deeper than six is dropped."""
    if isinstance(value, str):
        return printable(value, NOTE_LIMIT)
    if isinstance(value, Mapping):
        return {printable(str(k), CODE_LIMIT): _shown_fact(v, depth + 1) for k, v in value.items()} if depth < 6 else {}
    if isinstance(value, list):
        return [_shown_fact(v, depth + 1) for v in value] if depth < 6 else []
    return value


def shown_event(doc: Mapping[str, Any]) -> tuple[int, str, str]:
    """Return (t, text, source). Raises: KeyError, TypeError, ValueError: as above."""
    props = doc["properties"]
    return int(sane_t(props["t"])), printable(str(props["text"]), 200), printable(str(props["source"]), NAME_LIMIT)
