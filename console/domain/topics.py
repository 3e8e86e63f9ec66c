"""Business topics (专题) as declared data: what belongs to them and how it is shown.

One declaration gives a map layer, table columns, a section of the object card and an overview card.
A new line of business is a new file, not a new screen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.domain.alarms import UNIT_LIMIT
from console.domain.elements import ELEMENTS, Element
from console.domain.layers import DRAPES, GROUND, MARKS
from console.domain.objects import WATCHED
from console.domain.states import State
from console.domain.toml_places import TopicError, Where
from console.domain.vocabulary import Kind

FIELDS = {
    *("name", "river", "city", "code", "datum", "note", "source"),
    *("value", "unit", "margin", "change_1h", "state", "trend", "spark", "time", "age", "quality"),
    *("flow", "inflow", "outflow", "rain_1h", "rain_3h", "rain_6h", "rain_12h", "rain_24h"),
}
OPEN_FIELDS = re.compile(r"threshold\.[a-z0-9_]{1,40}|fact\.[a-z0-9_\u4e00-\u9fff]{1,40}|element\.[A-Z][A-Z0-9]{0,7}")
REGIMES = ("雨", "水", "工", "旱", "灾", "风", "潮")
SYMBOLS = ("state", "reservoir", "rain", "square", "gate")
MEASURES = ("over", "largest", "smallest", "total", "count")
STATE_KEYS = {"calm": State.NORMAL, "watch": State.WATCH, "warning": State.WARNING, "severe": State.GUARANTEED}
# What an object card offers: panels of the monitor workspace, and what can be done.
CHARTS = (
    *("hydrograph", "rating", "reservoir", "storage", "reservoirs", "cascade", "strip"),
    *("works", "dam_safety", "section", "gates", "video"),
)
OLD_CHARTS = {"reservoir_card": "reservoir", "basin_strip": "strip"}  # what earlier declarations called them
ACTIONS = ("alarm.ack", "log.entry", "table", "sandbox")


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
    """A figure of the overview. measure: over (objects over a limit), largest or smallest of a field, its total, count."""

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
    """One line of business. kinds: the kinds of objects that belong to it; the object card offers charts and actions.

    regime: the overview card that it is part of, "" for a card of its own. elements, objects: what it adds
    to the words of the installation.
    """

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
    elements: tuple[Element, ...] = ()
    objects: tuple[Kind, ...] = ()
    own: bool = False  # declared by the site, not by the package


def topic_from(raw: Mapping[str, Any], where: Where) -> Topic:
    """Return a declared topic; every fault names file, line and key.

    Raises:
        TopicError: the declaration breaks the schema.
    """
    where.only(raw, {*_TEXTS, *_LISTS, "order", "kinds", "layer"})
    code = where.text(raw, "code")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", code):
        raise where.fault("code", "只能用小写字母、数字和下划线")
    if code in {*GROUND, *DRAPES, *MARKS}:
        raise where.fault("code", "这是地图自带图层的名字，请换一个")
    for key, unique in (("objects", "kind"), ("elements", "code"), ("indicators", "code")):
        _no_repeats(raw, where, key, unique)
    objects = tuple(_kind(r, w) for r, w in where.tables(raw, "objects"))
    elements = {e.code: e for e in (_element(r, w) for r, w in where.tables(raw, "elements"))}
    known = ELEMENTS | elements
    if not where.texts(raw, "kinds"):
        raise where.fault("kinds", "至少要写一种对象")
    return Topic(
        code=code,
        name=where.text(raw, "name"),
        regime=where.choice(raw, "regime", ("", *REGIMES), ""),
        order=where.whole(raw, "order", 100),
        kinds=where.texts(raw, "kinds"),
        layer=_layer(where.table(raw, "layer"), where.under("layer"), known),
        datasets=tuple(_dataset(r, w, known) for r, w in where.tables(raw, "datasets")),
        columns=tuple(_column(r, w, known) for r, w in where.tables(raw, "columns")),
        card=tuple(_card(r, w, known) for r, w in where.tables(raw, "card")),
        indicators=tuple(_indicator(r, w, known) for r, w in where.tables(raw, "indicators")),
        charts=tuple(OLD_CHARTS.get(c, c) for c in where.choices(raw, "charts", (*CHARTS, *OLD_CHARTS))),
        actions=where.choices(raw, "actions", ACTIONS),
        legend=where.choice(raw, "legend", ("state", "rain"), "state"),
        elements=tuple(elements.values()),
        objects=tuple(_checked(kind, known, w) for kind, (_, w) in zip(objects, where.tables(raw, "objects"), strict=True)),
    )


_TEXTS = ("code", "name", "regime", "legend")
_LISTS = ("datasets", "columns", "card", "indicators", "charts", "actions", "elements", "objects")
Known = Mapping[str, Element]


def _no_repeats(raw: Mapping[str, Any], where: Where, key: str, unique: str) -> None:
    seen: set[object] = set()
    for one, place in where.tables(raw, key):
        if isinstance(code := one.get(unique), str):
            if code in seen:
                raise place.fault(unique, f"{code} 写了两次")
            seen.add(code)


def _element(raw: Mapping[str, Any], where: Where) -> Element:
    """Return a declared element; one of the program's own cannot get another meaning."""
    where.only(raw, {"code", "name", "unit", "decimals", "low_is_bad"})
    code = where.text(raw, "code")
    if not re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", code):
        raise where.fault("code", "应为 1～8 个大写字母或数字，以字母开头")
    if code in ELEMENTS:
        raise where.fault("code", f"{code} 是自带的要素（{ELEMENTS[code].name}），请换一个代码")
    decimals = where.whole(raw, "decimals", 2)
    if decimals > 6:
        raise where.fault("decimals", "不超过 6 位小数")
    name, unit = where.text(raw, "name"), where.text(raw, "unit", "")
    if len(unit) > UNIT_LIMIT:
        raise where.fault("unit", f"单位不超过 {UNIT_LIMIT} 个字")
    return Element(code, name, unit, decimals, low_is_bad=where.flag(raw, "low_is_bad", False))


def _kind(raw: Mapping[str, Any], where: Where) -> Kind:
    where.only(raw, {"kind", "name", "element", "status", *STATE_KEYS})
    status = where.text(raw, "status", "")
    states: dict[str, State] = {}
    for key, state in STATE_KEYS.items():
        for word in where.texts(raw, key):
            if not status:
                raise where.fault(key, "要先用 status 写明看哪一项事实")
            if word in states:
                raise where.fault(key, f"“{word}”写了两次")
            states[word] = state
    return Kind(where.text(raw, "kind"), where.text(raw, "name"), where.text(raw, "element", ""), status, states)


def _checked(kind: Kind, known: Known, where: Where) -> Kind:
    if kind.element and kind.element not in known:
        raise where.fault("element", f"没有叫 {kind.element!r} 的要素")
    return kind


def _field(raw: Mapping[str, Any], where: Where, known: Known, default: str | None = None) -> str:
    return _checked_field(where.text(raw, "field", default), where, "field", known)


def _checked_field(name: str, where: Where, key: str, known: Known) -> str:
    if name not in FIELDS and not OPEN_FIELDS.fullmatch(name):
        raise where.fault(key, f"没有叫 {name!r} 的字段")
    if name.startswith("element.") and name.removeprefix("element.") not in known:
        raise where.fault(key, f"没有叫 {name.removeprefix('element.')!r} 的要素")
    return name


def _layer(raw: Mapping[str, Any], where: Where, known: Known) -> LayerSpec:
    where.only(raw, {"name", "symbol", "label", "widest_km", "shown"})
    for name in where.texts(raw, "label"):
        _checked_field(name, where, "label", known)
    if (widest_km := where.number(raw, "widest_km", 0.0)) < 0:
        raise where.fault("widest_km", "不能为负；0 表示不限")
    return LayerSpec(
        name=where.text(raw, "name"),
        symbol=where.choice(raw, "symbol", SYMBOLS, "state"),
        label=where.texts(raw, "label", ("name", "value", "margin")),
        widest_km=widest_km,
        shown=where.flag(raw, "shown", True),
    )


def _dataset(raw: Mapping[str, Any], where: Where, known: Known) -> Dataset:
    where.only(raw, {"kind", "element", "unit", "interval_s"})
    element = where.choice(raw, "element", tuple(known))
    unit = where.text(raw, "unit")
    if unit != known[element].unit:
        raise where.fault("unit", f"{element} 的单位是 {known[element].unit}")
    interval_s = where.whole(raw, "interval_s", 3600)
    if not 60 <= interval_s <= 31 * 86400:
        raise where.fault("interval_s", "应在 60 到 2678400 秒之间")
    return Dataset(where.choice(raw, "kind", WATCHED), element, unit, interval_s)


def _column(raw: Mapping[str, Any], where: Where, known: Known) -> Column:
    where.only(raw, {"field", "title", "width", "group", "pinned"})
    width = where.whole(raw, "width", 80)
    if not 20 <= width <= 600:
        raise where.fault("width", "应在 20 到 600 之间")
    return Column(
        _field(raw, where, known),
        where.text(raw, "title"),
        width,
        where.text(raw, "group", ""),
        where.flag(raw, "pinned", False),
    )


def _card(raw: Mapping[str, Any], where: Where, known: Known) -> CardField:
    where.only(raw, {"field", "title"})
    return CardField(_field(raw, where, known), where.text(raw, "title"))


def _indicator(raw: Mapping[str, Any], where: Where, known: Known) -> Indicator:
    where.only(raw, {"code", "name", "measure", "field", "unit"})
    return Indicator(
        code=where.text(raw, "code"),
        name=where.text(raw, "name"),
        measure=where.choice(raw, "measure", MEASURES),
        field=_field(raw, where, known, "value"),
        unit=where.text(raw, "unit", ""),
    )


def topic_of(kind: str, topics: tuple[Topic, ...]) -> Topic | None:
    """Return the topic that a kind of object belongs to: a site's own goes before the package's."""
    found = [t for t in topics if kind in t.kinds]
    return next((t for t in found if t.own), found[0] if found else None)


__all__ = ["CardField", "Column", "Dataset", "Indicator", "LayerSpec", "Topic", "TopicError", "topic_from", "topic_of"]
