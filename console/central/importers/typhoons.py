"""Typhoon tracks from a table: fixes and forecasts of each typhoon, one line a point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

from backend_client.adapters.tabular.readings import BadCell, time_of
from backend_client.adapters.tabular.tables import UnreadableFile, lines_of
from console.central.importers.library import BadLine, Reject
from console.central.repository import Repository

NAMES = ("台风", "台风路径", "typhoons")
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": ("编号", "台风编号"),
    "name": ("名称", "中文名"),
    "t": ("时间", "定位时间", "预报时间"),
    "lon": ("经度",),
    "lat": ("纬度",),
    "wind_ms": ("风速", "最大风速"),
    "pressure_hpa": ("气压", "中心气压"),
    "r7_km": ("七级风圈", "7级风圈"),
    "r10_km": ("十级风圈", "10级风圈"),
    "r12_km": ("十二级风圈", "12级风圈"),
    "issued": ("起报时间", "发布时间"),
    "issuer": ("发布单位",),
}
NEEDED = {"code", "name", "t", "lon", "lat"}
LIMITS = {"wind_ms": 120.0, "pressure_hpa": 1100.0}
FARTHEST_KM = 2000.0


def is_typhoon_table(stem: str) -> bool:
    return stem.strip().lower() in NAMES


def import_typhoons(repo: Repository, path: Path, zone: tzinfo) -> tuple[int, int, list[Reject]]:
    """Store a table's typhoons, each whole in place of what was known of its code.

    Returns (added or changed, unchanged, rejects by line); a line with a fault is left out and told.

    Raises:
        UnreadableFile: no table, or one without 编号, 名称, 时间, 经度 and 纬度.
    """
    lines = lines_of(path)
    _, header = next(lines, (0, []))
    meanings = [_meaning(str(c or "")) for c in header]
    if not set(meanings) >= NEEDED:
        raise UnreadableFile("表头没有“编号、名称、时间、经度、纬度”列")
    found: dict[str, dict[str, Any]] = {}
    rejects: list[Reject] = []
    for number, cells in lines:
        row = {m: str(c if c is not None else "").strip() for m, c in zip(meanings, cells, strict=False) if m}
        if not any(row.values()):
            continue
        try:
            _take(found, row, zone)
        except (BadLine, BadCell) as exc:
            rejects.append((number, str(exc)))
    known = {d["code"]: d for d in repo.objects("typhoons")}
    docs = [_doc(code, one, known.get(code)) for code, one in found.items()]
    fresh = [d for d in docs if d["properties"] != (known.get(d["code"]) or {}).get("properties")]
    repo.put_objects("typhoons", fresh)
    return len(fresh), len(docs) - len(fresh), rejects


def _meaning(title: str) -> str:
    word = title.split("(")[0].split("（")[0].strip()
    return next((m for m, names in HEADINGS.items() if word == m or word in names), "")


def _take(found: dict[str, dict[str, Any]], row: Mapping[str, str], zone: tzinfo) -> None:
    code, name = row["code"][:20], row["name"][:20]
    if not code or not name:
        raise BadLine("没有编号或名称")
    point: dict[str, Any] = {"t": time_of(row["t"], zone), "lon": _number(row["lon"], 180.0), "lat": _number(row["lat"], 80.0)}
    point |= {key: _number(row[key], limit, low=0.0) for key, limit in LIMITS.items() if row.get(key)}
    point |= {key: _radii(row[key]) for key in ("r7_km", "r10_km", "r12_km") if row.get(key)}
    one = found.setdefault(code, {"name": name, "fixes": {}, "forecasts": {}})
    if row.get("issued"):
        issue = (time_of(row["issued"], zone), row.get("issuer", "")[:20])
        one["forecasts"].setdefault(issue, {})[point["t"]] = point
    else:
        one["fixes"][point["t"]] = point


def _doc(code: str, one: Mapping[str, Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
    forecasts = [
        {"issued": issued, "issuer": issuer, "points": [points[t] for t in sorted(points)]}
        for (issued, issuer), points in sorted(one["forecasts"].items())
    ]
    props = {
        "name": one["name"],
        "source": "文件导入",
        "fixes": [one["fixes"][t] for t in sorted(one["fixes"])],
        "forecasts": forecasts,
    }
    version = int((known or {}).get("version", 0)) + 1
    return {"code": code, "version": version, "valid_from": "", "geometry": None, "properties": props}


def _number(text: str, limit: float, low: float | None = None) -> float:
    try:
        value = float(text)
    except ValueError as exc:
        raise BadLine(f"“{text[:20]}”不是数") from exc
    if not math.isfinite(value) or not (-limit if low is None else low) <= value <= limit:
        raise BadLine(f"“{text[:20]}”超出范围")
    return value


def _radii(text: str) -> list[float]:
    """Return four quadrants NE SE SW NW, km, from one figure or four with / between them."""
    parts = [_number(p, FARTHEST_KM, low=0.0) for p in text.replace("，", "/").replace(",", "/").split("/")]
    if len(parts) not in (1, 4):
        raise BadLine("风圈应为一个数，或东北/东南/西南/西北四个数")
    return parts * 4 if len(parts) == 1 else parts
