"""A person corrects a reading: a new revision marked 人工 or 作废; what it was stays in the record.

The correction stands: a source that is read again, or a recording that is played again, brings its
old value, and the person's is stored in its place. Only another correction changes it. No alarm is
raised or cleared by one: the next reading decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from console.central.verdict import Verdict
from console.domain.quality import Quality

VERSIONS_KEPT = 20
LATEST_T = 4_102_444_800
LIMIT = 1e7  # no element of the console has larger figures
READING = "reading"  # what is asked of the store: "sid:t" → value, quality, rev, object, element
RECORD = "correction"
Body = Mapping[str, Any]
Read = Callable[[str, str], Body | None]


def key_of(sid: int, t: int) -> str:
    """Return the id of a reading's correction."""
    return f"{sid}:{t}"


def correction_fault(body: Body) -> str:
    """Return why a correction's body is unsound, "" when it is sound."""
    sid, t, value = body.get("series"), body.get("t"), body.get("value")
    reason = body.get("reason")
    if not _whole(sid, 2**53) or not _whole(t, LATEST_T):
        return "reading-missing"
    if not isinstance(reason, str) or not reason.strip():
        return "reason-missing"
    if len(reason) > 1000:
        return "text-too-long"
    if value is None:
        return ""
    sound = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LIMIT
    return "" if sound else "bad-value"


def _whole(value: Any, limit: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= limit


def corrected(body: Body, base: int | None, stamped: Body, read: Read) -> Verdict:
    """Return the verdict on a sound correction that was made looking at revision base of its reading."""
    sid, t = int(body["series"]), int(body["t"])
    key = key_of(sid, t)
    now = read(READING, key)
    if now is None:
        return Verdict("rejected", "reading-missing")
    before = read(RECORD, key)
    rev = int(now["rev"])
    if base != rev:
        ahead = (base or 0) > rev  # seen before the centre was restored, or the recording wound back
        current = {"version": rev, "doc": dict(now), "author": before["author"] if before else "", "at": None}
        return Verdict("conflict", "base-ahead" if ahead else "other-version", current=current, final=not ahead)
    void = body["value"] is None
    value = None if void else float(body["value"])
    quality = int(Quality.BAD if void else Quality.MANUAL)
    if (now["value"], now["quality"]) == (value, quality):
        return Verdict("rejected", "same-value")
    was = {name: now[name] for name in ("value", "quality", "rev")}
    doc = {
        **stamped,
        "value": value,
        "quality": quality,
        "object": now["object"],
        "element": now["element"],
        "before": was,
        "original": before["original"] if before else was,
        "version": int(before["version"]) + 1 if before else 1,
    }
    return Verdict("applied", records=((RECORD, key, doc),), versions_kept=VERSIONS_KEPT, rows=((sid, t, value, quality),))
