"""Business topics (专题) as declared data: what belongs to them and how it is shown.

One declaration gives a map layer, table columns, a section of the object card and an overview card.
A new line of business is a new file, not a new screen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.domain.elements import ELEMENTS
from console.domain.layers import DRAPES, GROUND, MARKS
from console.domain.objects import WATCHED
from console.domain.toml_places import TopicError, Where

FIELDS = {
    *("name", "river", "city", "code", "datum", "note", "source"),
    *("value", "unit", "margin", "change_1h", "state", "trend", "spark", "time", "age", "quality"),
    *("flow", "inflow", "outflow", "rain_1h", "rain_3h", "rain_6h", "rain_12h", "rain_24h"),
}
OPEN_FIELDS = re.compile(r"(threshold|fact)\.[a-z0-9_]{1,40}|element\.[A-Z]{1,4}")
REGIMES = ("雨", "水", "工", "旱", "灾", "风", "潮")
SYMBOLS = ("state", "reservoir", "rain", "square", "gate")
MEASURES = ("over", "largest", "smallest")


@dataclass(frozen=True, slots=True)
class Column:
    """One table column. group: the words above it; pinned: stays in sight when the table scrolls."""

    field: str
    title: str
    width: int = 80
    group: str = ""
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class CardField:
    """One line of the object card."""

    field: str
    title: str


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """How a topic lies on the map.

    label: fields written beside the symbol. widest_km: hidden where the view is wider, 0 for never;
    objects over a limit are drawn all the same.
    """

    name: str
    symbol: str = "state"
    label: tuple[str, ...] = ("name", "value", "margin")
    widest_km: float = 0.0
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure of the overview. measure: over (objects over a limit), largest or smallest of a field."""

    code: str
    name: str
    measure: str
    field: str = "value"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """What the topic's readings are: objects of a kind, an element, its unit and usual interval."""

    kind: str
    element: str
    unit: str
    interval_s: int


@dataclass(frozen=True, slots=True)
class Topic:
    """One line of business. kinds: the kinds of stations that belong to it."""

    code: str
    name: str
    regime: str
    order: int
    kinds: tuple[str, ...]
    layer: LayerSpec
    datasets: tuple[Dataset, ...]
    columns: tuple[Column, ...]
    card: tuple[CardField, ...]
    indicators: tuple[Indicator, ...]
    charts: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    legend: str = "state"


def topic_from(raw: Mapping[str, Any], where: Where) -> Topic:
    """Return a declared topic; every fault names file, line and key.

    Raises:
        TopicError: the declaration breaks the schema.
    """
    where.only(raw, {*_TEXTS, "order", "kinds", "layer", "datasets", "columns", "card", "indicators", "charts", "actions"})
    code = where.text(raw, "code")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", code):
        raise where.fault("code", "只能用小写字母、数字和下划线")
    if code in {*GROUND, *DRAPES, *MARKS}:
        raise where.fault("code", "这是地图自带图层的名字，请换一个")
    return Topic(
        code=code,
        name=where.text(raw, "name"),
        regime=where.choice(raw, "regime", REGIMES),
        order=where.whole(raw, "order", 100),
        kinds=where.texts(raw, "kinds"),
        layer=_layer(where.table(raw, "layer"), where.under("layer")),
        datasets=tuple(_dataset(r, w) for r, w in where.tables(raw, "datasets")),
        columns=tuple(_column(r, w) for r, w in where.tables(raw, "columns")),
        card=tuple(_card(r, w) for r, w in where.tables(raw, "card")),
        indicators=tuple(_indicator(r, w) for r, w in where.tables(raw, "indicators")),
        charts=where.texts(raw, "charts"),
        actions=where.texts(raw, "actions"),
        legend=where.choice(raw, "legend", ("state", "rain"), "state"),
    )


_TEXTS = ("code", "name", "regime", "legend")


def _field(raw: Mapping[str, Any], where: Where, default: str | None = None) -> str:
    name = where.text(raw, "field", default)
    if name not in FIELDS and not OPEN_FIELDS.fullmatch(name):
        raise where.fault("field", f"没有叫 {name!r} 的字段")
    if name.startswith("element.") and name.removeprefix("element.") not in ELEMENTS:
        raise where.fault("field", f"没有叫 {name.removeprefix('element.')!r} 的要素")
    return name


def _layer(raw: Mapping[str, Any], where: Where) -> LayerSpec:
    where.only(raw, {"name", "symbol", "label", "widest_km", "shown"})
    for name in where.texts(raw, "label"):
        _field({"field": name}, where)
    return LayerSpec(
        name=where.text(raw, "name"),
        symbol=where.choice(raw, "symbol", SYMBOLS, "state"),
        label=where.texts(raw, "label", ("name", "value", "margin")),
        widest_km=where.number(raw, "widest_km", 0.0),
        shown=where.flag(raw, "shown", True),
    )


def _dataset(raw: Mapping[str, Any], where: Where) -> Dataset:
    where.only(raw, {"kind", "element", "unit", "interval_s"})
    element = where.choice(raw, "element", tuple(ELEMENTS))
    unit = where.text(raw, "unit")
    if unit != ELEMENTS[element].unit:
        raise where.fault("unit", f"{element} 的单位是 {ELEMENTS[element].unit}")
    interval_s = where.whole(raw, "interval_s", 3600)
    if not 60 <= interval_s <= 31 * 86400:
        raise where.fault("interval_s", "应在 60 到 2678400 秒之间")
    return Dataset(where.choice(raw, "kind", WATCHED), element, unit, interval_s)


def _column(raw: Mapping[str, Any], where: Where) -> Column:
    where.only(raw, {"field", "title", "width", "group", "pinned"})
    width = where.whole(raw, "width", 80)
    if not 20 <= width <= 600:
        raise where.fault("width", "应在 20 到 600 之间")
    return Column(
        _field(raw, where), where.text(raw, "title"), width, where.text(raw, "group", ""), where.flag(raw, "pinned", False)
    )


def _card(raw: Mapping[str, Any], where: Where) -> CardField:
    where.only(raw, {"field", "title"})
    return CardField(_field(raw, where), where.text(raw, "title"))


def _indicator(raw: Mapping[str, Any], where: Where) -> Indicator:
    where.only(raw, {"code", "name", "measure", "field", "unit"})
    return Indicator(
        code=where.text(raw, "code"),
        name=where.text(raw, "name"),
        measure=where.choice(raw, "measure", MEASURES),
        field=_field(raw, where, "value"),
        unit=where.text(raw, "unit", ""),
    )


def topic_of(kind: str, topics: tuple[Topic, ...]) -> Topic | None:
    """Return the first topic that a kind of station belongs to."""
    return next((t for t in topics if kind in t.kinds), None)


__all__ = ["CardField", "Column", "Dataset", "Indicator", "LayerSpec", "Topic", "TopicError", "topic_from", "topic_of"]
