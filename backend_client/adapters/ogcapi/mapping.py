"""Which collection, and which property of it, means what: one installation's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend_client.adapters.words import Terms


@dataclass(frozen=True, slots=True)
class ValueRule:
    """A property that holds values. element: ours, "" takes it from parameter's name.

    unit: as published, or "" to take it from unit_property. where: (property, value) that a feature
    must have, for collections with one row per parameter.
    """

    value_property: str
    element: str
    unit: str = ""
    unit_property: str = ""
    where: tuple[str, str] | None = None

    def fits(self, props: Mapping[str, object]) -> bool:
        return self.where is None or str(props.get(self.where[0])) == self.where[1]


@dataclass(frozen=True, slots=True)
class FeaturesMapping:
    """One feature is one reading (or several elements at one time); stations may have a collection of their own.

    modified_property: where the server says when a row changed last; "" when it does not.
    seen_s: without a collection of stations, series are those seen in this last stretch of the data.
    """

    collection: str
    station_property: str
    time_property: str
    values: tuple[ValueRule, ...]
    quality_property: str = ""
    modified_property: str = "last_modified"
    stations_collection: str = ""
    station_code_property: str = ""  # of the stations' collection; "" is the feature's id
    station_name_property: str = "name"
    seen_s: int = 86_400
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class EdrMapping:
    """parameters: the server's parameter name → our element; others are found by Terms or listed unread.

    positions: station code → (name, lon, lat) for a collection that offers position queries only.
    """

    collection: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    positions: Mapping[str, tuple[str, float, float]] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
