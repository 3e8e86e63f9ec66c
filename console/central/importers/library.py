"""Plans, contacts, teams, stocks, cameras, drawings and map tiles: one table each, its files beside it."""

from __future__ import annotations

import hashlib
import math
import mimetypes
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend_client.adapters.tabular.tables import UnreadableFile, lines_of
from console.central.repository import Repository
from console.domain.library import LISTS

ALSO = {"图纸": "drawings", "瓦片": "tiles"}
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": ("编号", "代码"),
    "name": ("名称", "姓名"),
    "basin": ("流域",),
    "city": ("市", "地市"),
    "lon": ("经度",),
    "lat": ("纬度",),
    "file": ("文件",),
}
SOURCE = "文件导入"
TEXT_LIMIT = 500
FILE_LIMIT = 2 * 1024**3
Reject = tuple[int, str]


class BadLine(ValueError):
    """A line that is left out; the text says why, in Chinese."""


def library_kind(stem: str) -> str | None:
    """Return what a table of this name lists, None for any other table."""
    word = stem.strip().lower()
    return next((kind for kind, name in LISTS.items() if word in (kind, name)), ALSO.get(word))


class Library:
    """Brings tables into one repository; files: the service's folder of kept files."""

    def __init__(self, repo: Repository, files: Path) -> None:
        self._repo = repo
        self._files = files

    def table(self, kind: str, path: Path) -> tuple[int, int, list[Reject]]:
        """Make a kind's list that of a table; return (added or changed, unchanged, rejects by line).

        What an earlier table listed and this one does not name is dropped; a line with a fault
        leaves what is known of its code as it was.

        Raises:
            UnreadableFile: no table, or one without the columns 编号 and 名称.
        """
        lines = lines_of(path)
        _, header = next(lines, (0, []))
        titles = [str(c or "").strip() for c in header]
        meanings = [_meaning(t) for t in titles]
        if not {"code", "name"} <= set(meanings):
            raise UnreadableFile("表头没有“编号”和“名称”列")
        known = {d["code"]: d for d in self._repo.objects(kind)}
        docs, named, rejects = dict[str, dict[str, Any]](), set[str](), list[Reject]()
        for number, cells in lines:
            row = [str(c if c is not None else "").strip()[:TEXT_LIMIT] for c in cells]
            if not any(row):
                continue
            code = row[meanings.index("code")] if len(row) > meanings.index("code") else ""
            named.add(code)
            try:
                docs[code] = self._doc(code, dict(zip(meanings, row, strict=False)), _facts(titles, meanings, row), path.parent)
            except BadLine as exc:
                rejects.append((number, str(exc)))
        fresh = [d for code, d in docs.items() if _body(known.get(code)) != _body(d)]
        for doc in fresh:
            doc["version"] = int(known.get(doc["code"], {}).get("version", 0)) + 1
        self._repo.put_objects(kind, fresh)
        for code, doc in known.items():
            if code not in named and doc["properties"].get("source") == SOURCE:
                self._repo.drop_object(kind, code)
        return len(fresh), len(docs) - len(fresh), rejects

    def _doc(self, code: str, row: Mapping[str, str], facts: Mapping[str, str], beside: Path) -> dict[str, Any]:
        if not code or not row.get("name"):
            raise BadLine("没有编号或名称")
        props: dict[str, Any] = {"name": row["name"], "source": SOURCE, "facts": dict(facts)}
        props |= {key: row[key] for key in ("basin", "city") if row.get(key)}
        if row.get("file"):
            props |= self._keep(row["file"], beside)
        return {"code": code, "version": 1, "valid_from": "", "geometry": _point(row), "properties": props}

    def _keep(self, name: str, beside: Path) -> dict[str, Any]:
        """Copy a file beside the table to the kept files, under its SHA-256."""
        path = (beside / name).resolve()
        if not path.is_relative_to(beside.resolve()) or not path.is_file():
            raise BadLine(f"文件“{name}”不在这个目录里")
        size = path.stat().st_size
        if size > FILE_LIMIT:
            raise BadLine(f"文件“{name}”超过 {FILE_LIMIT // 2**30} GB")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        kept = self._files / digest
        if not kept.exists():
            self._files.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = kept.with_suffix(f".{uuid.uuid4().hex[:8]}")
            shutil.copyfile(path, draft)
            draft.replace(kept)
        media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._repo.put_file(digest, path.name, media, size, digest)
        return {"file": digest, "file_name": path.name, "file_size": size}


def _meaning(title: str) -> str:
    word = title.lower()
    return next((m for m, names in HEADINGS.items() if word == m or word in names), "")


def _facts(titles: list[str], meanings: list[str], row: list[str]) -> dict[str, str]:
    """Return the columns that are only shown, under their own headings."""
    return {t: v for t, m, v in zip(titles, meanings, row, strict=False) if t and not m and v}


def _point(row: Mapping[str, str]) -> dict[str, Any] | None:
    if not row.get("lon") and not row.get("lat"):
        return None
    try:
        lon, lat = float(row.get("lon", "")), float(row.get("lat", ""))
    except ValueError as exc:
        raise BadLine("经纬度不是数") from exc
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise BadLine("经纬度超出范围")
    return {"type": "Point", "coordinates": [lon, lat]}


def _body(doc: Mapping[str, Any] | None) -> Any:
    return None if doc is None else (doc.get("geometry"), doc["properties"])
