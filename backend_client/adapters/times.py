"""Times as foreign servers write them, into UTC seconds. A time without a zone is not guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LATEST_S = 4_102_444_800  # 2100, as on our own wire
_TIME = re.compile(
    r"(?P<y>\d{4})(?:[-/](?P<mo>\d{1,2})[-/](?P<d>\d{1,2})|(?P<mo2>\d\d)(?P<d2>\d\d))"
    r"(?:[T\s]+(?P<h>\d{1,2})(?::?(?P<mi>\d\d)(?::?(?P<s>\d\d)(?:[.,]\d+)?)?)?)?"
    r"\s*(?P<zone>Z|z|UTC|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?", re.ASCII)


def utc_s(text: str, zone: str = "") -> int:
    """Return UTC seconds of an ISO 8601 time; parts of a second are cut off.

    The text's own offset always wins. zone: IANA name or fixed offset ("+08:00") for a text that
    has none. 24:00 is the next midnight. Of a time that summer time repeats, the first is taken
    (see utc_in_order); Asia/Shanghai had summer time from 1986 to 1991, "+08:00" never has.

    Raises:
        ValueError: not a time, no zone known, a local time that summer time skips, or outside 1970–2100.
    """
    local, own = _parts(text)
    return _to_utc(text, local, own or _zone(zone), fold=0)


def ambiguous(text: str, zone: str) -> bool:
    """Return whether the text has no offset and its local time happens twice.

    Raises:
        ValueError: as utc_s.
    """
    local, own = _parts(text)
    if own is not None:
        return False
    rule = _zone(zone)
    return _to_utc(text, local, rule, fold=0) != _to_utc(text, local, rule, fold=1)


def utc_in_order(texts: Iterable[str], zone: str = "") -> list[int]:
    """Return UTC seconds of ascending texts: where a local hour repeats, the second pass gets its own hour.

    Raises:
        ValueError: as utc_s.
    """
    found: list[int] = []
    for text in texts:
        local, own = _parts(text)
        rule = own or _zone(zone)
        t = _to_utc(text, local, rule, fold=0)
        later = _to_utc(text, local, rule, fold=1)
        found.append(later if found and t <= found[-1] < later else t)
    return found


def utc_end(text: str, zone: str = "") -> int:
    """Return utc_s of an instant, or of the end of an interval ``a/b`` (rain belongs to its end).

    Raises:
        ValueError: as utc_s; an open end ``..`` too.
    """
    return utc_s(text.rpartition("/")[2] if text.count("/") == 1 else text, zone)


def iso_z(t: int) -> str:
    """Return the form with Z: servers that echo ``+00:00`` unencoded into links break on their own answer."""
    return datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parts(text: str) -> tuple[datetime, tzinfo | None]:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a time: {text[:40]!r}")
    day = datetime(int(found["y"]), int(found["mo"] or found["mo2"]), int(found["d"] or found["d2"]))  # noqa: DTZ001 zone follows
    hour, minute, second = (int(found[k] or 0) for k in ("h", "mi", "s"))
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and (minute or second)):
        raise ValueError(f"not a time: {text[:40]!r}")
    return day + timedelta(hours=hour, minutes=minute, seconds=second), _zone(found["zone"]) if found["zone"] else None


def _zone(name: str) -> tzinfo:
    if not name:
        raise ValueError("a time without a zone")
    if name in ("Z", "z", "UTC"):
        return UTC
    if fixed := _OFFSET.fullmatch(name):
        minutes = int(fixed[2]) * 60 + int(fixed[3] or 0)
        return timezone(timedelta(minutes=minutes if fixed[1] == "+" else -minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"unknown zone {name[:40]!r}") from exc


def _to_utc(text: str, local: datetime, rule: tzinfo, fold: int) -> int:
    aware = local.replace(tzinfo=rule, fold=fold)
    there = aware.astimezone(UTC)
    if there.astimezone(rule).replace(tzinfo=None) != local:
        raise ValueError(f"summer time skips {text[:40]!r}")
    t = int((there - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    if not 0 <= t <= LATEST_S:
        raise ValueError(f"outside 1970 to 2100: {text[:40]!r}")
    return t
