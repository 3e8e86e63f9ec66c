"""The declared rules of possible causes, read from the package's data and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from console.domain.anomalies import EVIDENCE, OPERATORS, CauseRule, Condition
from console.domain.works import number

FILE = "works/causes.toml"
KEYS = {"code", "cause", "check", "when", "elements", "show", "instrument"}
ELEMENTS = {"DX", "DZ", "PW", "SQ"}


class RuleError(ValueError):
    """A rule breaks its schema; the text names file, rule and key."""


def declared_causes() -> tuple[CauseRule, ...]:
    """Return the package's rules.

    Raises:
        RuleError: as cause_rules().
    """
    return cause_rules((resources.files("assets") / "works" / "causes.toml").read_text("utf-8"), FILE)


def cause_rules(source: str, file: str) -> tuple[CauseRule, ...]:
    """Return the rules of a TOML text.

    Raises:
        RuleError: not TOML, or a key is missing, unknown or of the wrong kind.
    """
    try:
        raw = tomllib.loads(source)
    except tomllib.TOMLDecodeError as exc:
        raise RuleError(f"{file}: {exc}") from exc
    listed = raw.get("rule")
    if not isinstance(listed, list) or not listed:
        raise RuleError(f"{file}: 缺少 rule")
    rules = tuple(_rule(item, f"{file} rule {n}") for n, item in enumerate(listed, 1))
    codes = [r.code for r in rules]
    for code in codes:
        if codes.count(code) > 1:
            raise RuleError(f"{file}: code {code} 重复")
    return rules


def _rule(raw: Any, where: str) -> CauseRule:
    if not isinstance(raw, Mapping):
        raise RuleError(f"{where}: 不是一段")
    for key in raw:
        if key not in KEYS:
            raise RuleError(f"{where}: 不认识 {key}")
    for key in ("code", "cause", "check"):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise RuleError(f"{where}: 缺少 {key}")
    if not raw["cause"].startswith("可能"):
        raise RuleError(f"{where}: cause 要以“可能”开头，这里只提可能的原因")
    if not isinstance(raw.get("when"), list) or not raw["when"]:
        raise RuleError(f"{where}: 缺少 when")
    if not isinstance(raw.get("instrument", False), bool):
        raise RuleError(f"{where}: instrument 不是 true 或 false")
    return CauseRule(
        code=raw["code"],
        cause=raw["cause"],
        check=raw["check"],
        when=tuple(_condition(c, f"{where} when {n}") for n, c in enumerate(raw["when"], 1)),
        elements=_names(raw, "elements", ELEMENTS, where),
        show=_names(raw, "show", set(EVIDENCE), where),
        instrument=raw.get("instrument", False),
    )


def _names(raw: Mapping[str, Any], key: str, known: set[str], where: str) -> tuple[str, ...]:
    listed = raw.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(n, str) and n in known for n in listed):
        raise RuleError(f"{where}: {key} 只能是 {'、'.join(sorted(known))}")
    return tuple(listed)


def _condition(raw: Any, where: str) -> Condition:
    if not isinstance(raw, Mapping) or set(raw) - {"evidence", "op", "value", "size"}:
        raise RuleError(f"{where}: 只能有 evidence、op、value、size")
    if raw.get("evidence") not in EVIDENCE:
        raise RuleError(f"{where}: 不认识 evidence {raw.get('evidence')!r}")
    if raw.get("op") not in OPERATORS:
        raise RuleError(f"{where}: op 只能是 {' '.join(OPERATORS)}")
    value = number(raw.get("value"))
    if value is None:
        raise RuleError(f"{where}: value 不是数")
    if not isinstance(raw.get("size", False), bool):
        raise RuleError(f"{where}: size 不是 true 或 false")
    return Condition(raw["evidence"], raw["op"], value, raw.get("size", False))
