"""The words of an installation: which elements are measured, which kinds of objects there are, what a matter's status means.

The program's own rules bring the elements that they work with; declared topics add theirs. It is
made once from the topics and handed down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from console.domain.elements import ELEMENTS, LEVELS, Element
from console.domain.objects import Series, Station
from console.domain.states import State


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object. element: what is measured there first, "" for the kind's own rule.

    status: the fact whose word tells the state of a matter that has no readings, "" where readings are
    judged. states: that word → state.
    """

    code: str
    name: str
    element: str = ""
    status: str = ""
    states: Mapping[str, State] = field(default_factory=dict)

    @property
    def ledger(self) -> bool:
        """Tell whether its objects are kept by people and have no readings to wait for."""
        return bool(self.status)

    def told(self, facts: Mapping[str, Any]) -> tuple[State, str]:
        """Return the state of a matter and the word for it; a word that nobody declared is not judged."""
        word = facts.get(self.status)
        if isinstance(word, int | float) and not isinstance(word, bool):
            word = f"{word:.12g}"
        text = word.strip()[:20] if isinstance(word, str) else ""
        return self.states.get(text, State.UNJUDGED), text


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """elements and kinds by their codes."""

    elements: Mapping[str, Element]
    kinds: Mapping[str, Kind]

    def kind_of(self, element: str) -> str:
        """Return the kind of place where a declared element is what is measured first, "" for none or one of the rivers."""
        return next((k.code for k in self.kinds.values() if k.element == element and element not in LEVELS), "")

    def station(self, station: Station) -> Station:
        """Return a station that knows its main element where a topic declares it."""
        kind = self.kinds.get(station.kind)
        if station.element or kind is None or kind.element in ("", station.main_element):
            return station
        return replace(station, declared=self.elements[kind.element])

    def series(self, series: Series) -> Series:
        """Return a series that knows its element where a topic declares it."""
        return series if series.element in ELEMENTS else replace(series, declared=self.elements.get(series.element))


class Declares(Protocol):
    """What a topic adds to the words. own: declared by the site, not by the package."""

    @property
    def elements(self) -> tuple[Element, ...]: ...
    @property
    def objects(self) -> tuple[Kind, ...]: ...
    @property
    def own(self) -> bool: ...


def vocabulary_of(topics: Iterable[Declares]) -> Vocabulary:
    """Return the words of the topics together with the program's own; what a site says of a kind goes before the package."""
    elements = dict(ELEMENTS)
    kinds: dict[str, Kind] = {}
    for topic in sorted(topics, key=lambda t: not t.own):
        for element in topic.elements:
            elements.setdefault(element.code, element)
        for kind in topic.objects:
            kinds.setdefault(kind.code, kind)
    return Vocabulary(elements, kinds)
