"""Times of one column, both ways: what the database holds into UTC seconds, and bounds for its predicate."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from backend_client.adapters.sl323.mapping import TableMapping
from backend_client.adapters.times import LATEST_S, utc_s

MARGIN_S = 60  # texts of one column differ in their seconds; what is read beyond the window is dropped again
_OWN_OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$", re.ASCII)


def read_time(cell: object, table: TableMapping, zone: str) -> int:
    """Return UTC seconds.

    Raises:
        ValueError: not what time_type and time_format say, or outside 1970 to 2100.
    """
    if table.time_type in ("epoch_s", "epoch_ms"):
        t = int(str(cell)) // (1000 if table.time_type == "epoch_ms" else 1)
        if not 0 <= t <= LATEST_S:
            raise ValueError(f"outside 1970 to 2100: {t}")
        return t
    if isinstance(cell, datetime):
        return utc_s(cell.isoformat(sep=" "), zone)
    if table.time_type == "text":
        return utc_s(datetime.strptime(str(cell).strip(), table.time_format).isoformat(sep=" "), zone)  # noqa: DTZ007 zone follows
    return utc_s(str(cell), zone)


def bound(t: int, table: TableMapping, zone: str, sample: object) -> object:
    """Return t as the kind of value that the column holds. sample: a cell of the column.

    A column of instants gets an instant, one of wall clock times gets wall clock time: the
    database's own zone setting then plays no part.
    """
    if table.time_type in ("epoch_s", "epoch_ms"):
        number = t * (1000 if table.time_type == "epoch_ms" else 1)
        return str(number) if isinstance(sample, str) else number
    if table.time_type == "text" and not isinstance(sample, datetime):
        return datetime.fromtimestamp(t, _zone(zone)).strftime(table.time_format)
    return _as_held(t, zone, sample)


def _as_held(t: int, zone: str, sample: object) -> object:
    local = datetime.fromtimestamp(t, _zone(zone))
    if isinstance(sample, datetime):
        return datetime.fromtimestamp(t, UTC) if sample.tzinfo else local.replace(tzinfo=None)
    text = str(sample).strip()
    own = _OWN_OFFSET.search(text) if len(text) > 10 else None
    if own:
        local = datetime.fromtimestamp(t, _zone(own[1]))
    shape = "%Y/%m/%d" if "/" in text else "%Y-%m-%d"
    return local.strftime(f"{shape}{'T' if 'T' in text else ' '}%H:%M:%S") + (own[1] if own else "")


def changed_bound(t: int, zone: str, sample: object) -> object:
    """Return t as a modification column holds it; its kind is told by a cell, it need not be that of the time column."""
    if isinstance(sample, int | float | Decimal):
        return t * 1000 if float(sample) > LATEST_S * 10 else t
    return _as_held(t, zone, sample)


def _zone(name: str) -> tzinfo:
    """Return the zone of a name that the mapping's reader has accepted."""
    if name in ("Z", "UTC"):
        return UTC
    if name[:1] in "+-":
        return datetime.strptime(f"2000-01-01 {name}", "%Y-%m-%d %z").tzinfo or UTC
    return ZoneInfo(name)
