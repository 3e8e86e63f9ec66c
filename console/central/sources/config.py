"""``sources.toml``: which foreign servers are read; a wrong entry is named by source and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.errors import ConsoleError

FILE = "sources.toml"
MOST = 200
POLL_S = (30, 86_400)
DEFAULT_POLL_S = 300
UNMAPPED = ("create", "ignore")


class SourcesFileError(ConsoleError):
    """The file cannot be used; the centre runs on without foreign sources."""


@dataclass(frozen=True, slots=True)
class SourceConf:
    """One foreign source.

    prefix: begins the code of every station that is not one of ours. stations: foreign code → our
    code. unmapped: whether foreign stations without a counterpart become stations of their own.
    wanted_s: the shortest interval between two reads. adapter: everything else in the entry, for
    the adapter alone (address, mapping file, …).
    """

    name: str
    kind: str
    prefix: str
    wanted_s: int = DEFAULT_POLL_S
    unmapped: str = "create"
    stations: Mapping[str, str] = field(default_factory=dict)
    adapter: Mapping[str, Any] = field(default_factory=dict)


def load_sources(path: Path) -> tuple[SourceConf, ...]:
    """Return the sources that are enabled; an absent file means none.

    Raises:
        SourcesFileError: not TOML, a key missing, of a wrong type or out of range, a name twice.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as exc:
        raise _fault(path, "全文", f"读不出来（{exc}）") from exc
    entries = raw.pop("source", [])
    if raw:
        raise _fault(path, next(iter(raw)), "不是已知的项；每个来源写成一段 [[source]]")
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise _fault(path, "source", "应写成 [[source]] 段")
    if len(entries) > MOST:
        raise _fault(path, "source", f"多于 {MOST} 个")
    read = [(_source(path, number, entry), entry) for number, entry in enumerate(entries, 1)]
    found = tuple(source for source, _ in read)
    for key in ("name", "prefix"):
        values = [getattr(s, key) for s in found]
        twice = next((v for v in values if values.count(v) > 1), None)
        if twice is not None:
            raise _fault(path, key, f"“{twice}” 用了两次")
    return tuple(source for source, entry in read if entry.get("enabled", True))


def _source(path: Path, number: int, raw: Mapping[str, Any]) -> SourceConf:
    entry = dict(raw)
    name = _text(path, f"第 {number} 个来源的 name", entry.pop("name", None), r"[^\x00-\x1f]{1,30}")
    where = f"来源“{name}”的 "
    kind = _text(path, where + "kind", entry.pop("kind", None), r"[a-z0-9_-]{1,30}")
    prefix = _text(path, where + "prefix", entry.pop("prefix", None), r"[A-Za-z0-9]{1,8}")
    wanted = entry.pop("poll_s", DEFAULT_POLL_S)
    if type(wanted) is not int or not POLL_S[0] <= wanted <= POLL_S[1]:
        raise _fault(path, where + "poll_s", f"应为 {POLL_S[0]} 到 {POLL_S[1]} 之间的整数（秒）")
    if type(entry.pop("enabled", True)) is not bool:
        raise _fault(path, where + "enabled", "只能是 true 或 false")
    unmapped = entry.pop("unmapped", UNMAPPED[0])
    if unmapped not in UNMAPPED:
        raise _fault(path, where + "unmapped", f"只能是 {'、'.join(UNMAPPED)}")
    return SourceConf(name, kind, prefix, wanted, unmapped, _stations(path, where, entry.pop("station", [])), entry)


def _stations(path: Path, where: str, raw: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    if not isinstance(raw, list):
        raise _fault(path, where + "station", "应写成 [[source.station]] 段")
    for number, pair in enumerate(raw, 1):
        at = f"{where}第 {number} 个 station"
        if not isinstance(pair, dict) or set(pair) != {"foreign", "ours"}:
            raise _fault(path, at, '应只有 foreign = "…" 和 ours = "…"')
        foreign = _text(path, at + " 的 foreign", pair["foreign"], r"[^\x00-\x1f]{1,80}")
        if foreign in found:
            raise _fault(path, at + " 的 foreign", f"“{foreign}” 用了两次")
        found[foreign] = _text(path, at + " 的 ours", pair["ours"], r"[^\x00-\x1f]{1,80}")
    return found


def _text(path: Path, key: str, value: Any, pattern: str) -> str:
    if value is None:
        raise _fault(path, key, "缺少")
    if not isinstance(value, str) or not re.fullmatch(pattern, value) or not value.strip():
        raise _fault(path, key, "应为文字，且不能为空、过长或带特殊符号")
    return value


def _fault(path: Path, key: str, problem: str) -> SourcesFileError:
    return SourcesFileError(f"来源文件 {path.name} 的 {key} {problem}。", f"请改正 {path} 后重新启动中心服务。")
