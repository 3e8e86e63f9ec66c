"""The fields that topics name: what each writes, what it sorts by, in which ink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from console.domain.elements import FLOW, INFLOW, LEVELS, OUTFLOW, signed
from console.domain.quality import word
from console.domain.reservoirs import stated
from console.domain.time import age_text, stamp
from console.presenters.reservoir_words import volume_text
from console.presenters.station_facts import number
from console.presenters.wording import Translate, margin_text, plain_text, state_text
from console.texts import printable
from console.viewdata.board import Row, Sample
from console.viewdata.table import Key, Moments

Text = Callable[[Row, Moments], str]
KeyOf = Callable[[Row, Moments], Key]
RAIN_H = {"rain_1h": 1, "rain_3h": 3, "rain_6h": 6, "rain_12h": 12, "rain_24h": 24}


@dataclass(frozen=True, slots=True)
class Field:
    """right: figures are right-aligned."""

    text: Text
    key: KeyOf
    right: bool = False


def field_of(name: str, tr: Translate) -> Field:
    """Return a field by its name, which the topic's schema has checked.

    Raises:
        KeyError: the schema knows more names than this table.
    """
    if name in RAIN_H:
        return _rain(RAIN_H[name])
    head, _, key = name.partition(".")
    if key:
        return _fact(key, tr) if head == "fact" else {"threshold": _threshold, "element": _element}[head](key)
    return _plain(tr)[name]


def _plain(tr: Translate) -> dict[str, Field]:
    return {
        "state": Field(lambda r, m: state_text(r, tr), lambda r, m: int(r.state)),
        "name": Field(lambda r, m: r.station.name, lambda r, m: r.station.name),
        "river": Field(lambda r, m: r.station.river, lambda r, m: r.station.river or None),
        "city": Field(lambda r, m: r.station.city, lambda r, m: r.station.city or None),
        "code": Field(lambda r, m: r.code, lambda r, m: r.code),
        "datum": Field(lambda r, m: r.station.datum or "—", lambda r, m: r.station.datum or None),
        "note": Field(lambda r, m: r.station.note, lambda r, m: r.station.note or None),
        "source": Field(lambda r, m: r.main.source if r.main else "—", lambda r, m: r.main.source if r.main else None),
        "value": Field(lambda r, m: plain_text(r.main), lambda r, m: r.main.value if r.main else None, True),
        "unit": Field(lambda r, m: _unit(r.main), lambda r, m: _unit(r.main) or None),
        "margin": Field(lambda r, m: margin_text(r) or "—", lambda r, m: r.margin_m, True),
        "change_1h": Field(lambda r, m: _change(r.main), lambda r, m: r.main.change_1h if r.main else None, True),
        "trend": Field(lambda r, m: {1: "↑", -1: "↓"}.get(r.trend, ""), lambda r, m: r.trend),
        "spark": Field(lambda r, m: "", lambda r, m: r.main.change_1h if r.main else None),
        "time": Field(lambda r, m: _time(r, m, tr), lambda r, m: r.main.t if r.main else None, True),
        "age": Field(lambda r, m: _age(r, m, tr), lambda r, m: m.moment - r.main.t if r.main else None, True),
        "quality": Field(
            lambda r, m: tr(word(r.main.quality)) if r.main else "—", lambda r, m: r.main.quality if r.main else None
        ),
        "flow": _sampled(lambda r: r.flow, FLOW.text),
        "inflow": _sampled(lambda r: r.inflow, INFLOW.text),
        "outflow": _sampled(lambda r: r.outflow, OUTFLOW.text),
    }


def _sampled(pick: Callable[[Row], Sample | None], write: Callable[[float | None], str]) -> Field:
    def value(row: Row) -> float | None:
        sample = pick(row)
        return sample.value if sample else None

    return Field(lambda r, m: write(value(r)), lambda r, m: value(r), True)


def _unit(sample: Sample | None) -> str:
    return sample.what.unit if sample else ""


def _change(sample: Sample | None) -> str:
    if sample is None or sample.change_1h is None:
        return "—"
    return signed(sample.change_1h, 2 if sample.element in LEVELS else sample.what.decimals)


def _time(row: Row, moments: Moments, tr: Translate) -> str:
    return stamp(row.main.t, moments.now) if row.main else "—" if row.ledger else tr("缺报")


def _age(row: Row, moments: Moments, tr: Translate) -> str:
    return f"{age_text(max(0.0, moments.moment - row.main.t), tr)}{tr('前')}" if row.main else "—"


def _rain(hours: int) -> Field:
    def text(row: Row, moments: Moments) -> str:
        found = row.rain_sum(hours, moments.moment)
        return found.text() if found else "—"

    def key(row: Row, moments: Moments) -> Key:
        found = row.rain_sum(hours, moments.moment)
        return found.mm if found else None

    return Field(text, key, True)


def _threshold(kind: str) -> Field:
    def value(row: Row, moments: Moments) -> float | None:
        found = row.station.threshold(kind, moments.moment, row.station.main_element)
        return found.value if found else None

    def text(row: Row, moments: Moments) -> str:
        known = value(row, moments)
        return "—" if known is None else f"{known:.2f}"

    return Field(text, value, True)


def _fact(key: str, tr: Translate) -> Field:
    def value(row: Row, _moments: Moments) -> Key:
        known = row.station.facts.get(key)
        if isinstance(known, str):
            return printable(known, 60) or None
        if key.endswith("_mcm"):
            figure = stated(row.station.facts, key)
            return figure.value if figure else None
        return number(known.get("value") if isinstance(known, Mapping) else known)

    def text(row: Row, moments: Moments) -> str:
        known = value(row, moments)
        if known is None:
            return "—"
        if key.endswith("_mcm") and not isinstance(known, str):
            return volume_text(known, tr)
        return known if isinstance(known, str) else f"{known:.12g}"

    return Field(text, value, True)


def _element(code: str) -> Field:
    def text(row: Row, _moments: Moments) -> str:
        return plain_text(row.samples.get(code))

    def value(row: Row, _moments: Moments) -> Key:
        found = row.samples.get(code)
        return found.value if found else None

    return Field(text, value, True)
