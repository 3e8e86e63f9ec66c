"""A record in a CSV file as an office has it: UTF-8 or GBK, columns found by their names, every fault told by its row."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from console.errors import ConsoleError
from console.texts import printable

WAYS = ("utf-8-sig", "gb18030")


def rows_of(path: Path, advice: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not empty, with their lines' numbers. advice: what the file should be. Raises: ConsoleError."""
    reader = csv.reader(io.StringIO(_text(path, advice)))
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as exc:
        raise ConsoleError(f"文件 {printable(path.name, 60)} 不是 CSV：{exc}。", advice, repr(exc)) from exc


def columns_of(head: Sequence[str], names: Mapping[str, Sequence[str]], needed: Sequence[str], advice: str) -> dict[str, int]:
    """Return the places of columns by key; a unit after a name does not matter.

    Raises:
        ConsoleError: a needed one is not there.
    """
    words = [cell.strip().lower().split("(")[0].split("（")[0].split(" ")[0] for cell in head]
    found = {key: words.index(name) for key, some in names.items() for name in some if name in words}
    if lacking := [names[key][0] for key in needed if key not in found]:
        raise ConsoleError(f"表头没有 {'、'.join(lacking)}。", advice)
    return found


def text_at(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def number_at(row: Sequence[str], place: int, number: int, what: str, most: float, empty: float | None = None) -> float:
    """Return a number from 0 to most. number: of the line; empty: what an empty cell stands for, None for a fault.

    Raises:
        ConsoleError: it cannot be used.
    """
    text = text_at(row, place)
    if not text and empty is not None:
        return empty
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= most:
        step = f"请填 0 到 {most:g} 之间的数；缺测的不要填 9999 之类的数。" if text else f"{what}不能空缺；确实没有的填 0。"
        raise ConsoleError(f"第 {number} 行的{what}“{printable(text, 30)}”不能用。", step)
    return found


def _text(path: Path, advice: str) -> str:
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise ConsoleError(f"文件 {printable(path.name, 60)} 读不出来。", "请核对文件的位置和权限。", repr(exc)) from exc
    for way in WAYS:
        try:
            return raw.decode(way)
        except UnicodeDecodeError:
            continue
    raise ConsoleError(f"文件 {printable(path.name, 60)} 不是文本。", f"请另存为 CSV（UTF-8 或 GBK）。{advice}")
