"""Exports of a panel: a picture, or its table as CSV and XLSX with formulas disarmed."""

from __future__ import annotations

import csv
from pathlib import Path

from console.errors import ConsoleError
from console.texts import FIGURE, disarmed, for_sheet


class RowsMissing(ConsoleError):
    """A written file holds other than the rows it was given."""


def write_csv(path: Path, rows: list[list[str]], notes: list[str]) -> int:
    """Write UTF-8 with BOM so that Excel shows Chinese; return how many rows the file holds under its head.

    notes say time and source.

    Raises:
        RowsMissing: the file, read again, holds another number of rows.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerows([for_sheet(c) for c in row] for row in rows)
        writer.writerows([[disarmed(note)] for note in ["", *notes]])
    with path.open(encoding="utf-8-sig", newline="") as back:
        return _counted(sum(1 for _ in csv.reader(back)) - 1 - len(notes), rows)


def _counted(found: int, rows: list[list[str]]) -> int:
    if found != len(rows):
        raise RowsMissing(f"导出的文件有 {found} 行，应有 {len(rows)} 行。", "请换一个位置再导出一次。")
    return max(0, found - 1)


def _figure(text: str) -> str | float:
    """Return a cell as a number that a sheet can add up, where it is one and no code."""
    plain = for_sheet(text)
    if FIGURE.fullmatch(plain):
        value = float(plain)
        return int(value) if value.is_integer() and "." not in plain else value
    return plain


def write_xlsx(path: Path, rows: list[list[str]], notes: list[str]) -> int:
    """Write a workbook; return how many rows it holds under its head.

    Raises:
        RowsMissing: the file, read again, holds another number of rows.
    """
    from openpyxl import Workbook, load_workbook  # slow to import: not before the first window

    book = Workbook()
    sheet = book.active
    for row in [*rows, [], *[[n] for n in notes]]:
        sheet.append([_figure(c) for c in row])
    sheet.freeze_panes = "A2"
    book.save(path)
    back = load_workbook(path, read_only=True)
    try:
        return _counted(sum(1 for _ in back.worksheets[0].iter_rows()) - 1 - len(notes), rows)
    finally:
        back.close()
