"""When a depth grid is valid: CF time axes, and dates or hours written in band texts and file names."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BEIJING_H = 8.0
UNITS_S = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "秒": 1.0,
    "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "分钟": 60.0,
    "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "小时": 3600.0,
    "d": 86400.0, "day": 86400.0, "days": 86400.0, "天": 86400.0,
}  # fmt: skip
REAL_CALENDARS = ("", "standard", "gregorian", "proleptic_gregorian")
_SINCE = re.compile(r"\s*(\w+)\s+since\s+(.+)", re.IGNORECASE)
_STAMP = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?"
    r"(?:[T_\s-]*(?:(\d{2})(\d{2})(\d{2})?|(\d{1,2})(?:[:时-](?:(\d{1,2})分?(?:[:-]?(\d{1,2})(?:\.\d+)?)?)?)?))?"
    r"\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?(?!\d)",
    re.IGNORECASE,
)
_ELAPSED = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*(seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h|秒|分钟|小时)(?![A-Za-z])")


class TimeUnread(ValueError):
    """A time axis that is not understood. code: calendar, unit, order."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code


def cf_times(values: Array, unit: str, calendar: str, start_s: float | None, zone_h: float | None) -> tuple[Array, bool]:
    """Return (UTC s, whether the zone was assumed) of a time axis, shape (nt,).

    unit: "hours since 2022-06-20 00:00:00", or "hours" after start_s. zone_h: of the reference, hours east, where
    the file states none; None is UTC.

    Raises:
        TimeUnread: a calendar without real dates, or a unit or reference that is not understood.

    Source: CF conventions 1.11, section 4.4: a reference without a zone is UTC.
    """
    if calendar.strip().lower() not in REAL_CALENDARS:
        raise TimeUnread("calendar", calendar[:40])
    since = _SINCE.fullmatch(unit)
    scale = UNITS_S.get((since.group(1) if since else unit).strip().lower())
    if scale is None:
        raise TimeUnread("unit", unit[:60])
    if since is None:
        if start_s is None:
            raise TimeUnread("unit", unit[:60])
        return start_s + values * scale, False
    found = stamp(since.group(2), 0.0 if zone_h is None else zone_h)
    if found is None:
        raise TimeUnread("unit", unit[:60])
    return found[0] + values * scale, found[1] and zone_h is None


def stamp(text: str, zone_h: float) -> tuple[float, bool] | None:
    """Return (UTC s, whether the zone was assumed) of the last date with a plausible form in a text, None for none.

    Understands 2022-06-20 08:00, 20220620_0800, 202206200800, 2022年6月20日8时, with Z or +08:00 behind.
    zone_h: hours east of what has no zone.
    """
    for match in reversed(list(_STAMP.finditer(text))):
        year, month, day, *clock, zone = match.groups()
        hour, minute, second = clock[:3] if clock[0] else clock[3:]
        try:
            when = datetime(
                int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
                tzinfo=timezone(timedelta(hours=zone_h)),
            )  # fmt: skip
        except ValueError:  # 20221345: a number that only looks like a date
            continue
        if zone is None:
            return when.timestamp(), True
        return when.replace(tzinfo=_zone(zone)).timestamp(), False
    return None


def elapsed_s(text: str) -> float | None:
    """Return seconds of the last "3 h", "90min" or "7200s" in a text, None for none."""
    found = _ELAPSED.findall(text)
    return float(found[-1][0]) * UNITS_S[found[-1][1].lower()] if found else None


def text_times(texts: list[str], start_s: float | None, zone_h: float | None) -> tuple[Array, bool] | None:
    """Return (UTC s, whether Beijing time was assumed) that texts state, one each; None where one states none.

    Dates first; hours after start_s where that is given.
    """
    dated = [stamp(t, BEIJING_H if zone_h is None else zone_h) for t in texts]
    known = [d for d in dated if d is not None]
    if known and len(known) == len(texts):
        return np.array([d[0] for d in known]), zone_h is None and any(d[1] for d in known)
    if start_s is None:
        return None
    after = [e for t in texts if (e := elapsed_s(t)) is not None]
    return (start_s + np.array(after), False) if after and len(after) == len(texts) else None


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sort depth_2 before depth_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _zone(text: str) -> timezone:
    if text.upper() in ("Z", "UTC", "GMT"):
        return timezone.utc  # noqa: UP017 - beside other timezones
    hours, _, minutes = text[1:].partition(":")
    if not minutes and len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes or 0)))
