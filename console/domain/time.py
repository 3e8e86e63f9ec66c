"""Times: UTC seconds inside, Beijing time on screen, the 08:00 hydrological day."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

BEIJING_S = 8 * 3600
BEIJING = timezone(timedelta(seconds=BEIJING_S), "北京时间")
HOUR_S = 3600
DAY_S = 86400


def steady_s() -> float:
    """Return seconds of a clock that nobody can set and that goes on while the machine sleeps.

    All processes of this machine share it, until it is started again.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere monotonic counts sleep already
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def beijing(t: float) -> datetime:
    """Return the aware Beijing time of UTC seconds t."""
    return datetime.fromtimestamp(t, UTC).astimezone(BEIJING)


def from_beijing(text: str) -> int:
    """Return UTC seconds of a Beijing wall time such as ``2022-06-22 14:00``.

    Raises:
        ValueError: the text is not an ISO date or date-time without a zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(f"{text!r} already names a zone")
    return int(moment.replace(tzinfo=BEIJING).timestamp())


def sane_t(value: object) -> float:
    """Return a time from outside as a number.

    Raises:
        ValueError: not a finite number of seconds between 1970 and 2100.
    """
    t = float(value)  # type: ignore[arg-type]
    if not 0 <= t <= 4_102_444_800:
        raise ValueError(f"time {value!r} out of range")
    return t


def moment_of(choice: str, now: float, moment: float) -> float:
    """Return the moment that a comparison names: "now", so many hours before the moment shown, or as it was typed.

    Raises:
        ValueError: it is none of these.
    """
    if choice == "now":
        return now
    if "-" in choice:
        return float(from_beijing(choice))
    hours = float(choice)
    if not math.isfinite(hours) or abs(hours) > 24 * 366 * 100:
        raise ValueError(f"{choice!r} hours")
    return moment - hours * 3600


def stamp(t: float, now: float | None = None) -> str:
    """Return ``MM-dd HH:mm`` in Beijing time, with the year when it is not now's year."""
    moment = beijing(t)
    if now is not None and beijing(now).year != moment.year:
        return moment.strftime("%Y-%m-%d %H:%M")
    return moment.strftime("%m-%d %H:%M")


def full_stamp(t: float) -> str:
    return beijing(t).strftime("%Y-%m-%d %H:%M")


def age_text(seconds: float, tr: Callable[[str], str] = str) -> str:
    """Return a short age: 12秒, 5分, 3小时20分, 4天; tr words the units in another language."""
    s = max(0, int(seconds))
    if s < 60:
        return f"{s}{tr('秒')}"
    if s < HOUR_S:
        return f"{s // 60}{tr('分')}"
    if s < DAY_S:
        hours, minutes = divmod(s // 60, 60)
        return f"{hours}{tr('小时')}{minutes}{tr('分')}" if minutes and hours < 10 else f"{hours}{tr('小时')}"
    return f"{s // DAY_S}{tr('天')}"


def hydrological_day(t: float) -> int:
    """Return the UTC seconds of the 08:00 (Beijing) that ends the day containing t.

    A record stamped exactly 08:00 belongs to the day that ends there (interval-end stamps).

    Source: SL 323 practice, rain times are interval ends, the day runs 08:00 to 08:00.
    """
    local = beijing(t)
    end = local.replace(hour=8, minute=0, second=0, microsecond=0)
    if local > end:
        end += timedelta(days=1)
    return int(end.timestamp())
