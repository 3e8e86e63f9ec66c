"""How values, ages and margins are worded, the same in every view."""

from __future__ import annotations

from collections.abc import Callable

from console.domain.alarms import WORDS, Alarm
from console.domain.elements import FLOWS, grouped, signed
from console.domain.freshness import Freshness
from console.domain.quality import Quality, word
from console.domain.time import age_text, stamp
from console.texts import printable
from console.viewdata.board import Board, Row, Sample

Translate = Callable[[str], str]
NameOf = Callable[[str], str]  # the name of an object, by its code


def value_text(sample: Sample | None) -> str:
    """Return a reading as it stands on screen, flows grouped by three digits."""
    text = plain_text(sample)
    return grouped(text) if sample is not None and sample.element in FLOWS else text


def plain_text(sample: Sample | None) -> str:
    """Return a reading as other programs can read it."""
    return "—" if sample is None else sample.what.text(sample.value)


def state_text(row: Row, tr: Translate) -> str:
    """Return the word of a row's state: that of the ladder, or what a matter's status says."""
    return tr(row.state_word)


def unit_of(sample: Sample | None) -> str:
    return "" if sample is None else sample.what.unit


def stale(row: Row) -> bool:
    return row.freshness >= Freshness.STALE


def meta(board: Board, sample: Sample | None, tr: Translate) -> str:
    """Return time, age and quality of a reading for a panel's head."""
    if sample is None:
        return tr("无数据")
    age = max(0.0, board.moment - sample.t)
    if board.ahead and sample.quality != Quality.FORECAST:
        return f"{tr('没有预报')} · {tr('最新')} {stamp(sample.t, board.now)}"
    return f"{tr('数据')} {stamp(sample.t, board.now)} · {age_text(age, tr)}{tr('前')} · {tr(word(sample.quality))}"


def margin_text(row: Row) -> str:
    return signed(row.off, row.station.what.decimals) if row.off is not None else ""


def rule_word(rule: str, tr: Translate) -> str:
    """Return an alarm rule in words; one that a newer centre invented is shown as it is named."""
    return tr(WORDS[rule]) if rule in WORDS else printable(rule, 40)


def alarm_word(alarm: Alarm, tr: Translate) -> str:
    """Return an alarm's rule in words, and that it was made up for a drill where it was."""
    return rule_word(alarm.rule, tr) + (f"（{tr('模拟')}）" if alarm.simulated else "")
