"""Reading a declaration strictly: what is wrong is told with file, line and key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

_MISSING = object()


class TopicError(ValueError):
    """A declaration breaks its schema; the text names file, line and key, in Chinese."""


@dataclass(frozen=True, slots=True)
class Where:
    """A table of a TOML file. path: its name; nth: which of a list of tables, from 0, −1 for none."""

    file: str
    source: str
    path: str = ""
    nth: int = -1

    def under(self, path: str, nth: int = -1) -> Where:
        return replace(self, path=path, nth=nth)

    def fault(self, key: str, why: str) -> TopicError:
        name = f"{self.path}.{key}" if self.path else key
        return TopicError(f"{self.file} 第 {self.line(key)} 行 {name}：{why}")

    def line(self, key: str) -> int:
        """Return the line of a key, else of its table, from 1; tomllib keeps no places."""
        table, seen = "", -1
        found = 1
        for n, text in enumerate(self.source.splitlines(), 1):
            if head := re.match(r"\s*\[\[?\s*([^\]\s]+)\s*\]\]?\s*(#.*)?$", text):
                table = head[1]
                seen += table == self.path
                if table == self.path and (self.nth < 0 or seen == self.nth):
                    found = n
            here = table == self.path and (self.nth < 0 or seen == self.nth)
            if here and re.match(rf"\s*{re.escape(key)}\s*=", text):
                return n
        return found

    # --- values ---------------------------------------------------------------------------
    def _value(self, raw: Mapping[str, Any], key: str, default: Any) -> Any:
        value = raw.get(key, default)
        if value is _MISSING:
            raise self.fault(key, "缺少这一项")
        return value

    def only(self, raw: Mapping[str, Any], known: set[str]) -> None:
        for key in raw:
            if key not in known:
                raise self.fault(key, f"不认识这一项；可用：{'、'.join(sorted(known))}")

    def text(self, raw: Mapping[str, Any], key: str, default: Any = _MISSING) -> str:
        value = self._value(raw, key, _MISSING if default is None else default)
        if not isinstance(value, str) or len(value) > 60:
            raise self.fault(key, "应为不超过 60 个字的文字")
        return value

    def choice(self, raw: Mapping[str, Any], key: str, among: tuple[str, ...], default: Any = _MISSING) -> str:
        value = self._value(raw, key, default)
        if value not in among:
            raise self.fault(key, f"应为 {'、'.join(among)} 之一")
        return str(value)

    def whole(self, raw: Mapping[str, Any], key: str, default: Any = _MISSING) -> int:
        value = self._value(raw, key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fault(key, "应为不小于 0 的整数")
        return value

    def number(self, raw: Mapping[str, Any], key: str, default: Any = _MISSING) -> float:
        value = self._value(raw, key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
            raise self.fault(key, "应为数")
        return float(value)

    def flag(self, raw: Mapping[str, Any], key: str, default: Any = _MISSING) -> bool:
        value = self._value(raw, key, default)
        if not isinstance(value, bool):
            raise self.fault(key, "应为 true 或 false")
        return value

    def texts(self, raw: Mapping[str, Any], key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = raw.get(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise self.fault(key, "应为一列文字")
        return tuple(value)

    def choices(self, raw: Mapping[str, Any], key: str, among: tuple[str, ...]) -> tuple[str, ...]:
        found = self.texts(raw, key)
        for value in found:
            if value not in among:
                raise self.fault(key, f"没有 {value!r}；可用：{'、'.join(among)}")
        return found

    def table(self, raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = self._value(raw, key, _MISSING)
        if not isinstance(value, Mapping):
            raise self.fault(key, "应为一个表")
        return value

    def tables(self, raw: Mapping[str, Any], key: str) -> Iterator[tuple[Mapping[str, Any], Where]]:
        """Yield the tables of a list with their places."""
        value = raw.get(key, ())
        if not isinstance(value, list | tuple):
            raise self.fault(key, "应为一列表")
        for nth, item in enumerate(value):
            if not isinstance(item, Mapping):
                raise self.fault(key, "应为一列表")
            yield item, self.under(key, nth)
