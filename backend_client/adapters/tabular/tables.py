"""CSV and XLSX files as lines of raw cells."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

ENCODINGS = ("utf-8-sig", "gb18030")
SIZE_LIMIT = 512 * 1024 * 1024
Line = tuple[int, list[Any]]
BROKEN_BOOK = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, DefusedXmlException,
    KeyError, ValueError, IndexError, SyntaxError, EOFError, OSError,
)  # fmt: skip


class UnreadableFile(ValueError):
    """The file is not a table that can be read; the text says why, in Chinese."""


def lines_of(path: Path) -> Iterator[Line]:
    """Yield (line number from 1, cells) of a CSV or the first sheet of an XLSX.

    Raises:
        UnreadableFile: too large, unknown encoding, not a workbook.
    """
    if path.stat().st_size > SIZE_LIMIT:
        raise UnreadableFile(f"文件超过 {SIZE_LIMIT // 2**20} MB")
    if path.suffix.lower() == ".xlsx":
        yield from _workbook(path)
        return
    with path.open(encoding=_encoding(path), newline="") as file:
        sample = file.read(4096)
        file.seek(0)
        delimiter = max(",\t;", key=sample.count)
        try:
            yield from enumerate(csv.reader(file, delimiter=delimiter), 1)
        except csv.Error as exc:
            raise UnreadableFile(f"不是有效的 CSV：{exc}") from exc


def _encoding(path: Path) -> str:
    """Return the first encoding that reads the whole file; Excel in China writes GB 18030."""
    for encoding in ENCODINGS:
        try:
            with path.open(encoding=encoding) as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise UnreadableFile("文字编码既不是 UTF-8 也不是 GB 18030")


def _workbook(path: Path) -> Iterator[Line]:
    """Yield the first sheet's rows; a book may unpack to no more than a file may have.

    Raises:
        UnreadableFile: not a workbook, cut short, or a small file that unpacks to a huge one.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            if sum(p.file_size for p in parts.infolist()) > SIZE_LIMIT:
                raise UnreadableFile(f"工作簿展开后超过 {SIZE_LIMIT // 2**20} MB")
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
                yield number, ["" if cell is None else cell for cell in row]
        finally:
            book.close()
    except UnreadableFile:
        raise
    except BROKEN_BOOK as exc:
        raise UnreadableFile(f"不是有效的 XLSX：{exc}") from exc
