"""Filters in words: ``超警且上涨``, ``北江 距警戒>-0.5``, ``英德50km内``, ``(超警或超保) 石角上游 非过时``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from console.domain.freshness import Freshness
from console.domain.geo import distance_km
from console.domain.network import downstream_of, upstream_of
from console.domain.objects import River
from console.domain.states import State
from console.viewdata.board import Row
from console.viewdata.filter_sentence import NotUnderstood, plain, read_sentence
from console.viewdata.table import Moments

Fits = Callable[[Row], bool]
LONGEST_H = 24
WORDS: Mapping[str, Fits] = {
    "超警": lambda r: r.state >= State.WARNING,
    "超汛限": lambda r: r.station.kind == "reservoir" and r.state >= State.FLOOD_LIMIT,
    "超保": lambda r: r.state >= State.GUARANTEED,
    "超历史": lambda r: r.state >= State.RECORD,
    "关注": lambda r: r.state is State.WATCH,
    "正常": lambda r: r.state is State.NORMAL,
    "无数据": lambda r: r.state is State.NO_DATA,
    "不能判定": lambda r: r.state is State.UNJUDGED,
    "缺报": lambda r: r.freshness is Freshness.MISSING,
    "过时": lambda r: r.freshness >= Freshness.STALE,
    "迟报": lambda r: r.freshness is Freshness.LATE,
    "上涨": lambda r: r.trend > 0,
    "涨": lambda r: r.trend > 0,
    "下落": lambda r: r.trend < 0,
    "落": lambda r: r.trend < 0,
    "回落": lambda r: r.trend < 0,
    "平稳": lambda r: r.trend == 0 and r.level is not None and r.level.usable and r.level.change_1h is not None,
}
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    "≥": operator.ge,
    "≤": operator.le,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    "大于": operator.gt,
    "小于": operator.lt,
}
SIGN = re.compile(r">=|<=|>|<|≥|≤|=|大于|小于")
COMPARISON = re.compile(r"(.+?)(>=|<=|>|<|≥|≤|=|大于|小于)([+-]?\d+(?:\.\d+)?)(?:m3/s|mm|m|毫米|米)?")
NEAR = re.compile(r"(?:距)?(.+?)(?:的)?(\d+(?:\.\d+)?)(?:km|公里|千米)(?:以?内)?")
ALONG = re.compile(r"(.+?)(?:的|以)?(上游|下游)")


@dataclass(frozen=True, slots=True)
class Ground:
    """What the words are read against. rows: every object, not only those of the table that is filtered."""

    rows: Sequence[Row]
    rivers: Sequence[River]
    moments: Moments

    def place(self, words: str) -> Row:
        found = [r for r in self.rows if words in (_said(r.station.name), _said(r.code))]
        found = found or [r for r in self.rows if _said(r.station.name).startswith(words)]
        if not found:
            raise NotUnderstood(f"没有叫“{words}”的站")
        return found[0]


def read_filter(text: str, ground: Ground) -> Fits | None:
    """Return what a row must fulfil, None for an empty filter.

    Raises:
        NotUnderstood: it names a station or a figure that there is not.
    """
    return read_sentence(text, partial(_term, ground=ground), _named)


def _term(word: str, ground: Ground) -> Fits:
    if word in WORDS:
        return WORDS[word]
    if word[0] in "非不" and len(word) > 1:
        if not _is_rule(word[1:]):
            raise NotUnderstood(f"“{word}”：没有“{word[1:]}”这个条件")
        inner = _term(word[1:], ground)
        return lambda row: not inner(row)
    if match := COMPARISON.fullmatch(word):
        return _compared(match[1], OPERATORS[match[2]], float(match[3]), ground.moments)
    if match := NEAR.fullmatch(word):
        return _near(ground.place(match[1]), float(match[2]))
    if match := ALONG.fullmatch(word):
        codes = (upstream_of if match[2] == "上游" else downstream_of)(ground.place(match[1]).code, ground.rivers)
        return lambda row: row.code in codes
    if SIGN.search(word):
        raise NotUnderstood(f"“{word}”读不懂；比较写成 距警戒>-0.5、24h雨量≥50 这样")
    return partial(_named, word)


def _is_rule(word: str) -> bool:
    """Tell whether a word is a condition and no name: what is not a name by a slip of the pen lets everything through."""
    return word in WORDS or any(form.fullmatch(word) for form in (COMPARISON, NEAR, ALONG))


def _named(word: str, row: Row) -> bool:
    s = row.station
    return any(word in _said(text) for text in (s.name, s.river, s.city)) or word == _said(s.code)


@lru_cache(maxsize=65536)
def _said(text: str) -> str:
    """Return a name in the spelling of the filter."""
    return plain(text)


def _near(centre: Row, km: float) -> Fits:
    at = centre.station
    if at.lon is None or at.lat is None:
        raise NotUnderstood(f"“{at.name}”没有坐标")
    lon, lat = at.lon, at.lat

    def fits(row: Row) -> bool:
        s = row.station
        return s.lon is not None and s.lat is not None and float(distance_km(lon, lat, s.lon, s.lat)) <= km

    return fits


def _change(row: Row) -> float | None:
    return row.main.change_1h if row.main else None


def _compared(name: str, holds: Callable[[float, float], bool], limit: float, moments: Moments) -> Fits:
    figures: Mapping[str, Callable[[Row], float | None]] = {
        "距警戒": lambda r: r.margin_m if r.station.kind != "reservoir" else None,
        "距汛限": lambda r: r.margin_m if r.station.kind == "reservoir" else None,
        "超警": lambda r: r.margin_m,
        "水位": lambda r: r.level.value if r.level and r.level.element in ("Z", "RZ") else None,
        "库水位": lambda r: r.level.value if r.level and r.level.element == "RZ" else None,
        "数值": lambda r: r.main.value if r.main else None,
        "流量": lambda r: r.flow.value if r.flow else None,
        "入库": lambda r: r.inflow.value if r.inflow else None,
        "出库": lambda r: r.outflow.value if r.outflow else None,
        "变化": _change,
        "1h变化": _change,
    }
    if match := re.fullmatch(r"(\d{1,2})(?:h|小时)(?:雨量)?|雨量", name):
        hours = float(match[1] or 24)
        if hours > LONGEST_H:
            raise NotUnderstood(f"表里只有近 {LONGEST_H} 小时的雨量；更长的时段请在图上看面雨量")

        def rain(row: Row) -> bool:
            found = row.rain_sum(hours, moments.moment)
            return found is not None and holds(found.mm, limit)

        return rain
    figure = figures.get(name)
    if figure is None:
        raise NotUnderstood(f"不认识“{name}”；可以比较：{'、'.join(figures)}、24h雨量")

    def fits(row: Row) -> bool:
        value = figure(row)
        return value is not None and holds(value, limit)

    return fits
