"""How a filter is written: conditions side by side must all hold, 或 parts alternatives, brackets group, 非 turns round.

Widths, spaces in figures and units, and the English words are made one spelling first; what a single
condition means is not decided here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TypeVar

Row = TypeVar("Row")
Fits = Callable[[Row], bool]
LONGEST = 200
DEEPEST = 8
UNIT = r"(?:m3/s|mm|km|m|h|小时|公里|千米|毫米|米)"
ENGLISH = (  # longest first
    (r"\bwithin (\d+(?:\.\d+)?) ?km of (\S+)", r"\2\1km内"),
    (r"\bupstream of (\S+)", r"\1上游"),
    (r"\bdownstream of (\S+)", r"\1下游"),
    (r"\bover (?:the )?warning\b", "超警"),
    (r"\bover (?:the )?(?:flood )?limit\b", "超汛限"),
    (r"\bover guaranteed\b", "超保"),
    (r"\bover record\b", "超历史"),
    (r"\bno data\b", "无数据"),
    (r"\brising\b", "上涨"),
    (r"\bfalling\b", "回落"),
    (r"\bsteady\b", "平稳"),
    (r"\bnormal\b", "正常"),
    (r"\bwatch\b", "关注"),
    (r"\bstale\b", "过时"),
    (r"\blate\b", "迟报"),
    (r"\bmissing\b", "缺报"),
    (r"\bnot ", "非"),
    (r"\band\b", "且"),
    (r"\bor\b", "或"),
    (r"\bmargin\b", "距警戒"),
    (r"\blevel\b", "水位"),
    (r"\binflow\b", "入库"),
    (r"\boutflow\b", "出库"),
    (r"\bflow\b", "流量"),
    (r"\brain\b", "雨量"),
    (r"\bchange\b", "变化"),
)


class NotUnderstood(ValueError):
    """A filter that cannot be read; the text says what is wrong, in Chinese."""


def plain(text: str) -> str:
    """Return one spelling of a word: no wide forms, no capitals."""
    return unicodedata.normalize("NFKC", text).casefold().replace("−", "-")


def spelled(text: str) -> str:
    """Return a filter in one spelling; spaces that part no conditions are gone."""
    words = plain(text.strip()[:LONGEST])
    for pattern, ours in ENGLISH:
        words = re.sub(pattern, ours, words)
    words = re.sub(r"\s*(>=|<=|>|<|≥|≤|=|大于|小于)\s*", r"\1", words)
    words = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "", words)
    words = re.sub(rf"(?<=\d)\s+(?={UNIT}(?![a-z]))", "", words)
    words = re.sub(r"(km|公里|千米)\s+(以?内)", r"\1\2", words)
    return re.sub(r"(?<![\s,;、且或(])\s+(\d+(?:\.\d+)?(?:km|公里|千米))", r"\1", words)


def read_sentence(
    text: str, condition: Callable[[str], Fits[Row]], named: Callable[[str, Row], bool] | None = None
) -> Fits[Row] | None:
    """Return what a row must fulfil, None for an empty filter. condition: the meaning of one word.

    named: tells whether a row's name holds a text; then the whole text, taken as a name, is a way too: a place may be
    called Level or Normal.

    Raises:
        NotUnderstood: brackets that do not match, or a word that condition does not know.
    """
    tokens = _tokens(spelled(text))
    if not tokens:
        return None
    found, rest = _ways(tokens, condition, 0)
    if rest:
        raise NotUnderstood("括号不成对")
    whole = plain(text.strip()[:LONGEST])
    if named is None or not whole.isascii():
        return found
    return lambda row: found(row) or named(whole, row)


def _tokens(text: str) -> list[str]:
    """Return words and the signs 或 ( ) 非(; a bracket inside a word, as in 英德(五), belongs to the word."""
    found: list[str] = []
    word, depth = "", 0
    for part in re.findall(r"并且|[\s,;、且]|或|\(|\)|[^\s,;、且或()并]+|并", text):
        if part == "(" and word in ("", "非", "不"):
            found.append("非(" if word else "(")
            word = ""
        elif part == "(" or (part == ")" and depth):
            depth += 1 if part == "(" else -1
            word += part
        elif part in ("并且", "且", "或", ")", ",", ";", "、") or part.isspace():
            found += [word] if word else []
            found += [part] if part in ("或", ")") else []
            word, depth = "", 0
        else:
            word += part
    return found + ([word] if word else [])


def _ways(tokens: list[str], condition: Callable[[str], Fits[Row]], depth: int) -> tuple[Fits[Row], list[str]]:
    """Read alternatives up to a closing bracket or the end; return their meaning and the tokens after it."""
    if depth > DEEPEST:
        raise NotUnderstood("括号套得太深")
    ways: list[list[Fits[Row]]] = [[]]
    while tokens and tokens[0] != ")":
        sign, *tokens = tokens
        if sign == "或":
            ways.append([])
        elif sign in ("(", "非("):
            inner, tokens = _ways(tokens, condition, depth + 1)
            if not tokens:
                raise NotUnderstood("括号不成对")
            tokens = tokens[1:]
            ways[-1].append(inner if sign == "(" else _turned(inner))
        else:
            ways[-1].append(condition(sign))
    ways = [way for way in ways if way]
    return lambda row: any(all(fits(row) for fits in way) for way in ways) or not ways, tokens


def _turned(inner: Fits[Row]) -> Fits[Row]:
    return lambda row: not inner(row)
