"""What an entry of a meeting may hold: one rule for each kind, the same at the desk and at the centre."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from console.domain.meeting import DECISION_TYPES, LETTERS, LINK_KINDS, MEETING_LEVELS, STEP_CODES, VENUES, VOTES

BODY_MAX = 64 * 1024  # bytes of JSON
TABLES_MAX = 48 * 1024
SITUATION_MAX = 4096
TEXT_MAX = 4000
DECISION_MAX = 3000  # the log entry that it becomes holds more, and 4000 characters in all
NAME_MAX = 200
ID_MAX = 200
FIGURES_MAX = 100
LATEST_T = 4_102_444_800
TOO_LARGE = "too-large"
NO_JSON = "bad-content"

Body = Mapping[str, Any]
Rule = Callable[[Body], str]


def entry_fault(body: Body) -> str:
    """Return why the centre would refuse a body, "" when it is sound.

    Fields that are not known are kept: a newer console may have sent them. Never raises.
    """
    size = json_bytes(body)
    if size is None:
        return NO_JSON
    if size > BODY_MAX:
        return TOO_LARGE
    if not _is_name(body.get("meeting_id"), ID_MAX):
        return "meeting-missing"
    what = body.get("what")
    if not isinstance(what, str) or what not in RULES:
        return "bad-what"
    return RULES[what](body)


def json_bytes(doc: Any) -> int | None:
    """Return how long a document is as JSON, bytes; None when it is not finite, plain JSON."""
    try:
        return len(json.dumps(doc, allow_nan=False, ensure_ascii=False).encode("utf-8"))
    except (ValueError, TypeError, RecursionError):
        return None


def _is_name(value: Any, limit: int = NAME_MAX) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= limit


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LATEST_T


def _is_text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and len(value) <= limit


def _among(value: Any, allowed: Any) -> bool:
    return isinstance(value, str) and value in allowed


def _is_json_object(value: Any, limit: int) -> bool:
    """Tell whether a text is the JSON of one object, and as finite and plain as the body itself."""
    if not _is_text(value, limit):
        return False
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and json_bytes(found) is not None


def _names(body: Body, *fields: str) -> str:
    return next((f"{f.replace('_', '-')}-missing" for f in fields if not _is_name(body.get(f))), "")


def _text(body: Body, limit: int = TEXT_MAX) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        return "text-missing"
    return "" if len(text) <= limit else "text-too-long"


def _step(body: Body) -> str:
    return "" if _among(body.get("step"), STEP_CODES) else "bad-step"


def _open(body: Body) -> str:
    fault = _names(body, "topic") or ("" if _among(body.get("level"), MEETING_LEVELS) else "bad-meeting-level")
    fault = fault or _names(body, "chair", "recorder")
    return fault or ("" if _is_time(body.get("cutoff_t")) else "bad-time")


def _attend(body: Body) -> str:
    fault = _names(body, "org", "person")
    return fault or ("" if _among(body.get("venue"), VENUES) and isinstance(body.get("online"), bool) else "bad-venue")


def _material(body: Body) -> str:
    fault = _names(body, "title", "presenter") or _step(body)
    if fault:
        return fault
    if not _is_json_object(body.get("situation"), SITUATION_MAX):
        return "bad-situation"
    tables = body.get("tables")
    if not isinstance(tables, list) or not all(_is_table(t) for t in tables):
        return "bad-tables"
    size = json_bytes(tables)
    return "" if size is not None and size <= TABLES_MAX else TOO_LARGE


def _is_table(table: Any) -> bool:
    if not isinstance(table, Mapping) or not _is_text(table.get("title"), NAME_MAX):
        return False
    rows = table.get("rows")
    return _are_texts(table.get("columns")) and isinstance(rows, list) and all(_are_texts(r) for r in rows)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _opinion(body: Body) -> str:
    return _names(body, "org", "person") or _text(body) or _step(body)


def _letter(body: Body) -> str:
    letter = body.get("letter")
    return "" if isinstance(letter, str) and len(letter) == 1 and letter in LETTERS else "bad-letter"


def _option(body: Body) -> str:
    fault = _letter(body) or _names(body, "name")
    if fault:
        return fault
    if body.get("scenario") != "" and not _is_json_object(body.get("scenario"), BODY_MAX):
        return "bad-scenario"
    figures = body.get("figures")
    if not isinstance(figures, list) or len(figures) > FIGURES_MAX:
        return "bad-figures"
    if not all(_are_texts(f) and len(f) == 2 and all(len(t) <= NAME_MAX for t in f) for f in figures):
        return "bad-figures"
    return "" if _is_text(body.get("note"), TEXT_MAX) else "text-too-long"


def _vote(body: Body) -> str:
    return _letter(body) or _names(body, "org") or ("" if _among(body.get("choice"), VOTES) else "bad-choice")


def _decision(body: Body) -> str:
    fault = _text(body, DECISION_MAX) or ("" if _among(body.get("type"), DECISION_TYPES) else "bad-type")
    fault = fault or _names(body, "owner")
    due_t = body.get("due_t")
    return fault or ("" if due_t is None or _is_time(due_t) else "bad-time")


def _linked(body: Body) -> str:
    if not _is_name(body.get("decision"), ID_MAX):
        return "decision-missing"
    sound = _among(body.get("kind"), LINK_KINDS) and _is_name(body.get("ref"), ID_MAX)
    return "" if sound and _is_text(body.get("entity", ""), ID_MAX) else "bad-link"


def _read_back(body: Body) -> str:
    ids = body.get("decisions")
    sound = isinstance(ids, list) and bool(ids) and all(_is_name(i, ID_MAX) for i in ids)
    return "" if sound else "decision-missing"


def _next(body: Body) -> str:
    return "" if _is_time(body.get("at_t")) else "bad-time"


def _close(_body: Body) -> str:
    return ""


def _revise(body: Body) -> str:
    if not _is_name(body.get("corrects"), ID_MAX):
        return "corrects-missing"
    return _text(body) or _names(body, "reason")


RULES: Mapping[str, Rule] = {
    "open": _open,
    "attend": _attend,
    "step": _step,
    "material": _material,
    "opinion": _opinion,
    "option": _option,
    "vote": _vote,
    "decision": _decision,
    "linked": _linked,
    "read_back": _read_back,
    "next": _next,
    "close": _close,
    "revise": _revise,
}
