"""Exports of a panel: a picture, or its table as CSV and XLSX with formulas disarmed."""

from __future__ import annotations

import csv
from pathlib import Path

from console.texts import disarmed


def write_csv(path: Path, rows: list[list[str]], notes: list[str]) -> None:
    """Write UTF-8 with BOM so that Excel shows Chinese; notes say time and source."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerows([disarmed(c) for c in row] for row in rows)
        writer.writerows([[disarmed(note)] for note in ["", *notes]])


def write_xlsx(path: Path, rows: list[list[str]], notes: list[str]) -> None:
    from openpyxl import Workbook  # slow to import: not before the first window

    book = Workbook()
    sheet = book.active
    for row in [*rows, [], *[[n] for n in notes]]:
        sheet.append([disarmed(c) for c in row])
    sheet.freeze_panes = "A2"
    book.save(path)
