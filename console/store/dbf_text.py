"""In which encoding a shapefile's table is written, when nothing says so."""

from __future__ import annotations

import codecs
import struct
from pathlib import Path

SAMPLE_ROWS = 4000
SAMPLE_BYTES = 8 * 1024 * 1024
NAMES = {
    "936": "GBK",
    "CP936": "GBK",
    "ANSI 936": "GBK",
    "GB2312": "GBK",
    "65001": "UTF-8",
    "UTF8": "UTF-8",
    "54936": "GB18030",
}
TAIL = 3  # bytes of a character that the width of a field may have cut off


def dbf_encoding(dbf: Path) -> tuple[str, str]:
    """Return an encoding that GDAL knows, and a note, "" when the file said so itself.

    Raises:
        OSError: the table cannot be read.
    """
    texts = sample_texts(dbf)
    stated = _stated(dbf)
    if stated and _fits(texts, stated):
        return stated, ""
    if all(t.isascii() for t in texts):
        return "UTF-8", ""
    for name in ("UTF-8", "GBK", "GB18030"):
        if _fits(texts, name):
            why = f".cpg 写的 {stated} 与内容不符" if stated else "没有 .cpg 文件"
            return name, f"{why}，文字按 {name} 读"
    return "ISO-8859-1", "属性表的文字编码认不出来，可能显示为乱码"


def _stated(dbf: Path) -> str:
    """Return what the .cpg beside the table says, in a name that Python and GDAL know."""
    for end in (".cpg", ".CPG", ".Cpg"):
        path = dbf.with_suffix(end)
        if path.is_file():
            with path.open("rb") as file:
                word = file.read(64).decode("ascii", "replace").strip().upper()
            name = NAMES.get(word, word)
            try:
                codecs.lookup(name)
            except (LookupError, ValueError):
                return ""
            return name
    return ""


def sample_texts(dbf: Path) -> list[bytes]:
    """Return field names and character fields of the first rows, as they are stored; lies about sizes end it."""
    with dbf.open("rb") as file:
        data = file.read(SAMPLE_BYTES)
    if len(data) < 33:
        return []
    rows, head, width = struct.unpack("<IHH", data[4:12])
    fields, at, offset = [], 32, 1
    while at + 32 <= min(head, len(data)) and data[at] != 0x0D:
        size = data[at + 16]
        fields.append((offset, size, chr(data[at + 11]), data[at : at + 11].split(b"\0")[0]))
        offset += size
        at += 32
    found = [name for *_, name in fields]
    texts = [(o, s) for o, s, kind, _ in fields if kind == "C" and s]
    if width <= 0:
        return found
    for row in range(min(rows, SAMPLE_ROWS)):
        begin = head + row * width
        if begin + width > len(data):
            break
        found += [data[begin + o : begin + o + s].split(b"\0")[0].rstrip() for o, s in texts]
    return found


def _fits(texts: list[bytes], encoding: str) -> bool:
    return all(_decodes(t, encoding) for t in texts)


def _decodes(text: bytes, encoding: str) -> bool:
    """Tell whether bytes are text in an encoding; a character cut off at the end is no objection."""
    try:
        text.decode(encoding)
    except UnicodeDecodeError as exc:
        return exc.start > 0 and exc.start >= len(text) - TAIL and exc.end == len(text)
    return True
