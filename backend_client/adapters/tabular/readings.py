"""One line into readings: times, missing values, ranges; and what makes a value suspect."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from backend_client.adapters.harvest import BAD, BOUNDS, FORECAST, MANUAL, MEASURED, RECONSTRUCTED, SUSPECT
from backend_client.adapters.words import KNOWN_QUALITY

MISSING = {"", "-", "--", "—", "/", "null", "none", "nan", "缺测", "缺报", "-999", "-9999", "-99"}
ANY = (-1e9, 1e9)  # of an element that the installation declares
RANGES = {
    "Z": (-20.0, 9000.0),
    "RZ": (-20.0, 9000.0),
    "Q": (-20000.0, 150000.0),
    "INQ": (-20000.0, 150000.0),
    "OTQ": (0.0, 150000.0),
    "W": (0.0, 100000.0),
    "P": (0.0, 150.0),
}
OFFERED = ("实测", "整编", "存疑", "坏值", "人工", "预报")
QUALITY_WORDS = KNOWN_QUALITY | {
    **dict.fromkeys(("实测", "原始", "正常"), MEASURED),
    **dict.fromkeys(("整编", "重建", "插补", "推算"), RECONSTRUCTED),
    **dict.fromkeys(("存疑", "可疑"), SUSPECT),
    **dict.fromkeys(("坏值", "无效"), BAD),
    **dict.fromkeys(("人工", "订正", "人工订正"), MANUAL),
    **dict.fromkeys(("预报", "预测"), FORECAST),
}
FOREIGN_CODE = re.compile(r"\d+(\.0+)?")
SPIKE_M = 2.0
RETURN_M = 0.5


class BadCell(Exception):
    """A cell cannot be used; the text says why, in Chinese."""


@dataclass(slots=True)
class Parsed:
    """A line's station and values; problems name cells that were left out."""

    code: str
    name: str
    river: str
    t: int
    values: dict[str, float]
    trend: str
    quality: int | None = None  # as the line says, None where it does not
    problems: list[str] = field(default_factory=list)


def time_of(cell: object, zone: tzinfo) -> int:
    """Return UTC seconds of a time cell.

    Epoch milliseconds and seconds are UTC; a text or cell without a zone is in `zone`.

    Raises:
        BadCell: it is none of these, or outside 1950 to 2100.
    """
    if isinstance(cell, datetime):
        moment = cell
    else:
        text = str(cell).strip()
        if text.lower() in MISSING:
            raise BadCell("没有时间")
        if text.isascii() and text.isdigit() and len(text) in (10, 13):
            return _sane(int(text) // (1000 if len(text) == 13 else 1))
        try:
            moment = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError as exc:
            raise BadCell(f"时间 {text!r} 不能识别") from exc
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return _sane(int(moment.astimezone(UTC).timestamp()))
    except (OverflowError, ValueError) as exc:
        raise BadCell("时间超出 1950–2100 年") from exc


def _sane(t: int) -> int:
    if not -631_152_000 <= t <= 4_102_444_800:
        raise BadCell("时间超出 1950–2100 年")
    return t


def number_of(cell: object, element: str, factor: float) -> float | None:
    """Return a value in our units; None where the cell says missing.

    Raises:
        BadCell: not a number, or outside what the element can be.
    """
    text = str(cell).strip().lower().replace(",", "")
    if text in MISSING:
        return None
    try:
        value = float(text) * factor
    except ValueError as exc:
        raise BadCell(f"{element} 的值 {str(cell)[:20]!r} 不是数") from exc
    low, high = RANGES.get(element, ANY)
    if not math.isfinite(value) or not low <= value <= high:
        raise BadCell(f"{element} 的值 {value:g} 超出可能范围 {low:g}–{high:g}")
    return value


def parse(cells: Mapping[str, object], factors: Mapping[str, float], zone: tzinfo, declared: Collection[str] = ()) -> Parsed:
    """Return a line's readings; one bad cell does not lose the others. declared: further elements.

    Raises:
        BadCell: no code or no usable time, or nothing at all was readable.
    """
    code = str(cells.get("code", "")).strip()
    if not code or len(code) > 20:
        raise BadCell("没有站码")
    t = time_of(cells.get("t", ""), zone)
    name = str(cells.get("name", "")).strip()[:40]
    parsed = Parsed(code, name, str(cells.get("river", "")).strip()[:40], t, {}, str(cells.get("trend", "")).strip())
    reservoir = name.endswith("水库") or "RZ" in cells or "INQ" in cells
    said = str(cells.get("quality", "")).strip().lower()
    if said and not FOREIGN_CODE.fullmatch(said):  # another system's numbers say nothing here
        parsed.quality = QUALITY_WORDS.get(said, SUSPECT)
        if said not in QUALITY_WORDS:
            parsed.problems.append(f"质量“{said[:20]}”不认识，按存疑导入；可写 {'、'.join(OFFERED)}")
    if "unclear" in cells:
        parsed.problems.append(f"只有一个流量 {cells['unclear']}，分不清入库还是出库，未导入")
    for element in (*RANGES, *declared):
        if element not in cells:
            continue
        try:
            value = number_of(cells[element], element, factors.get(element, 1.0))
        except BadCell as exc:
            parsed.problems.append(str(exc))
            continue
        if value is not None:
            parsed.values[_as_reservoir(element) if reservoir else element] = value
    if not parsed.values and parsed.problems:
        raise BadCell("；".join(parsed.problems))
    return parsed


def _as_reservoir(element: str) -> str:
    bare, side = (BOUNDS[element], element[-2:]) if element in BOUNDS else (element, "")
    return {"Z": "RZ", "Q": "INQ"}.get(bare, bare) + side


def qualities(element: str, value: NDArray[np.float64], said: Sequence[int | None] = ()) -> NDArray[np.int64]:
    """Return quality codes of a series in time order: as its lines say, else a lone jump that comes straight back is suspect.

    A bound of a forecast is one, whatever is said. said: one per value, None where its line says nothing.
    """
    if element in BOUNDS:
        return np.full(len(value), FORECAST, np.int64)
    quality = np.full(len(value), MEASURED, np.int64)
    if element in ("Z", "RZ") and len(value) >= 3:
        before, here, after = value[:-2], value[1:-1], value[2:]
        lone = (np.abs(here - before) > SPIKE_M) & (np.abs(here - after) > SPIKE_M)
        quality[1:-1][lone & (np.abs(after - before) < RETURN_M)] = SUSPECT
    for i, code in enumerate(said):
        if code not in (None, MEASURED):  # "measured" does not make a spike a flood
            quality[i] = code
    return quality


def trend_disagrees(code: str, change: float | None) -> bool:
    """Tell whether a trend code (4 falling, 5 rising, 6 steady) contradicts the values."""
    if change is None or code not in ("4", "5", "6") or abs(change) < 0.05:
        return False
    return code == "6" or (change > 0) != (code == "5")
