"""Wire documents into frozen records; every field is checked where it enters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend_client.errors import WireFormatError

SCHEMA_MIN, SCHEMA_MAX = 1, 1  # what this client can read; a centre may offer one more or one less beside it
LATEST_T = 4_102_444_800
KEY_LIMIT = 200
ROWS_MAX = 500_000
STATUSES = ("applied", "duplicate", "conflict", "rejected")


@dataclass(frozen=True, slots=True)
class Hello:
    """First answer of a session. now_t is the centre's (maybe replayed) time, real_t its wall time.

    first_t: when the centre's oldest day with readings begins, UTC s; None when it does not say.
    """

    service: str
    mode: str
    epoch: str
    schema_min: int
    schema_max: int
    now_t: float
    real_t: float
    rate: float
    running: bool
    features: tuple[str, ...]
    page_max: int
    player: Mapping[str, Any]
    scopes: tuple[str, ...] = ("all",)
    first_t: int | None = None

    def speaks_ours(self) -> bool:
        """Tell whether the two ranges of schema versions have one in common."""
        return max(self.schema_min, SCHEMA_MIN) <= min(self.schema_max, SCHEMA_MAX)


@dataclass(frozen=True, slots=True)
class ObsPage:
    """Readings in columns, equal lengths: sid, t (UTC s), value (NaN missing), quality, rev.

    tomb: (sid, t, rev) of deleted readings. cursor: where the next page starts. asof: the centre's
    time, UTC s, when it answered.
    """

    epoch: str
    cursor: str
    more: bool
    sid: NDArray[np.int64]
    t: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.int64]
    rev: NDArray[np.int64]
    tomb: tuple[tuple[int, int, int], ...]
    asof: float | None = None


@dataclass(frozen=True, slots=True)
class DayDigest:
    """Count and xor of a day's readings in a scope; touched: the cursor that last changed the day."""

    touched: str
    count: int
    xor: str


@dataclass(frozen=True, slots=True)
class Record:
    """A document of the records feed: an alarm, an acknowledgement, a log entry."""

    kind: str
    record_id: str
    rev: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordPage:
    epoch: str
    cursor: str
    more: bool
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class OpAnswer:
    """The centre's word on one op: applied, duplicate, conflict or rejected."""

    op_id: str
    status: str
    code: str
    current: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class OpsReply:
    """Answer to a push. epoch: the centre's, "" if untold. audit_whole: it finds this device's chain whole."""

    answers: tuple[OpAnswer, ...]
    epoch: str = ""
    audit_whole: bool = True


def _player(doc: Any) -> dict[str, Any]:
    """Return the recording's state: short texts, finite numbers and flags only."""
    if not isinstance(doc, dict) or len(doc) > 30:
        raise WireFormatError("hello: player")
    for value in doc.values():
        if isinstance(value, str) and len(value) <= 200:
            continue
        if value is not None and not (isinstance(value, bool | int | float) and abs(value) <= 1e11):
            raise WireFormatError("hello: player")
    if doc and not all(isinstance(doc.get(name), int | float) for name in ("rate", "from_t", "to_t", "now_t")):
        raise WireFormatError("hello: player")
    return doc


def _short(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= KEY_LIMIT:
        raise WireFormatError("a key that is empty, long or no text")
    return value


def _rate(value: Any) -> float:
    found = float(value)
    if not 0 <= found <= 1e5:
        raise WireFormatError("hello: rate")
    return found


def _time(value: Any) -> float:
    found = float(value)
    if not 0 <= found <= LATEST_T:
        raise WireFormatError("hello: a time outside 1970 to 2100")
    return found


def hello_from(doc: Mapping[str, Any]) -> Hello:
    try:
        clock = doc.get("clock") or {}
        return Hello(
            service=str(doc["service"])[:120],
            mode=str(doc["mode"])[:20],
            epoch=_short(doc["epoch"]),
            schema_min=int(doc["schema"]["min"]),
            schema_max=int(doc["schema"]["max"]),
            now_t=_time(doc["now"]),
            real_t=_time(clock.get("real", doc["now"])),
            rate=_rate(clock.get("rate", 1.0)),
            running=bool(clock.get("running", True)),
            features=tuple(str(f)[:40] for f in list(doc.get("features", ()))[:100]),
            page_max=max(1, int(doc.get("page_max", 5000))),
            scopes=tuple(_short(x) for x in list(doc.get("scopes") or ("all",))[:2000]),
            first_t=None if doc.get("first") is None else int(_time(doc["first"])),
            player=_player(doc.get("player") or {}),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        raise WireFormatError(f"hello: {exc!r}") from exc


Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def columns(cols: Mapping[str, Any]) -> Columns:
    """Return sid, t, value, quality, rev arrays of a cols object.

    Raises:
        WireFormatError: a column is absent, of another length, or not numbers.
    """
    try:
        if len(cols["series"]) > ROWS_MAX:
            raise WireFormatError(f"a page of more than {ROWS_MAX} rows")
        sid = np.asarray(cols["series"], np.int64)
        t = np.asarray(cols["t"], np.int64)
        value = np.asarray(cols["value"], np.float64)  # null becomes NaN
        quality = np.asarray(cols["quality"], np.int64)
        rev = np.asarray(cols["rev"], np.int64)
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise WireFormatError(f"columns: {exc!r}") from exc
    if (
        any(c.ndim != 1 for c in (sid, t, value, quality, rev))
        or len({len(sid), len(t), len(value), len(quality), len(rev)}) != 1
    ):
        raise WireFormatError("columns of different lengths")
    if len(t) and not (int(t.min()) >= 0 and int(t.max()) <= LATEST_T):
        raise WireFormatError("a time outside 1970 to 2100")
    return sid, t, value, quality, rev


def obs_page_from(doc: Mapping[str, Any]) -> ObsPage:
    try:
        sid, t, value, quality, rev = columns(doc["cols"])
        tomb = tuple((int(a), int(b), int(c)) for a, b, c in doc.get("tomb", ()))
        if any(not 0 <= t_ <= LATEST_T or not 0 <= rev_ < 2**62 for _, t_, rev_ in tomb):
            raise WireFormatError("a tombstone out of range")
        asof = None if doc.get("asof") is None else float(doc["asof"])
        if asof is not None and not 0 <= asof <= LATEST_T:
            raise WireFormatError("asof outside 1970 to 2100")
        epoch, cursor = _short(doc["epoch"]), _short(doc["next"])
        return ObsPage(epoch, cursor, bool(doc["more"]), sid, t, value, quality, rev, tomb, asof)
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise WireFormatError(f"changes: {exc!r}") from exc


def day_digest_from(doc: Mapping[str, Any], scope: str) -> DayDigest:
    try:
        found = doc["scopes"][scope]
        return DayDigest(str(doc["touched"]), int(found["count"]), str(found["xor"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise WireFormatError(f"digest: {exc!r}") from exc


def record_page_from(doc: Mapping[str, Any]) -> RecordPage:
    try:
        cols = doc["cols"]
        rows: Sequence[Any] = list(zip(cols["kind"], cols["id"], cols["rev"], cols["body"], strict=True))
        records = tuple(Record(_short(k), _short(i), int(r), dict(b)) for k, i, r, b in rows)
        if any(not 0 <= r.rev < 2**62 for r in records):
            raise WireFormatError("a revision out of range")
        return RecordPage(_short(doc["epoch"]), _short(doc["next"]), bool(doc["more"]), records)
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise WireFormatError(f"records: {exc!r}") from exc


def answers_from(doc: Mapping[str, Any]) -> tuple[OpAnswer, ...]:
    """Return the answers; a duplicate takes the verdict of its first answer.

    Raises:
        WireFormatError: a status that the contract does not know.
    """
    try:
        found = []
        for a in doc["answers"]:
            status, code = str(a["status"]), str(a.get("code", ""))[:60]
            if status == "duplicate":
                status = str((a.get("first") or {}).get("status", "applied"))
            if status not in STATUSES:
                raise WireFormatError(f"ops answer: status {status!r}")
            current = a.get("current")
            if current is not None:
                int(current["version"])
            found.append(OpAnswer(str(a["id"]), status, code, current))
        return tuple(found)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise WireFormatError(f"ops answer: {exc!r}") from exc
