"""What is typed in the meeting's form as the fields of an entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from console.domain.time import beijing, from_beijing
from console.errors import ConsoleError
from console.viewdata.meeting import FORMS, Typed

CLOCK = re.compile(r"(?:(?:(\d{4})-)?(\d{1,2})-(\d{1,2})\s+)?(\d{1,2})[:：](\d{2})")
HALF_YEAR = timedelta(days=183)


class NotTyped(ConsoleError):
    """Something cannot be read; what was typed stays."""


def typed_t(text: str, now: float, what: str) -> float:
    """Return UTC s of a Beijing time: 20:00 (of today, else tomorrow), 06-22 20:00, 2022-06-22 20:00.

    Raises:
        NotTyped: it is none of these.
    """
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        raise NotTyped(f"{what}“{text.strip()[:30]}”不是时刻。", "请写成 20:00、06-22 20:00 或 2022-06-22 20:00（北京时间）。")
    year, month, day, hour, minute = (int(g) if g else None for g in found.groups())
    today = beijing(now)
    date = f"{year or today.year:04d}-{month or today.month:02d}-{day or today.day:02d}"
    try:
        t = float(from_beijing(f"{date} {hour:02d}:{minute:02d}"))
    except ValueError as exc:
        raise NotTyped(f"{what}“{text.strip()[:30]}”没有这个时刻。", "请检查月、日、时、分。") from exc
    if month is None and t < now:
        return t + 86400.0
    if month is not None and year is None and now - t > HALF_YEAR.total_seconds():  # in December of the next January
        return float(from_beijing(f"{today.year + 1:04d}{date[4:]} {hour:02d}:{minute:02d}"))
    return t


def fields_of(typed: Typed, now: float, step: str) -> dict[str, object]:
    """Return an entry's fields, texts stripped and times in UTC s. step: the item that is being dealt with.

    Raises:
        NotTyped: a time cannot be read.
    """
    given: Mapping[str, str] = typed.fields
    found: dict[str, object] = {}
    for name, label, editor in FORMS[typed.what]:
        text = given.get(name, "").strip()
        if editor == "check":
            found[name] = text == "1"
        elif editor == "time":
            found[f"{name}_t"] = typed_t(text, now, label) if text else None
        else:
            found[name] = text
    if typed.what in ("opinion", "material"):
        found["step"] = step
    return found
