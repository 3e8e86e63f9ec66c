"""What every format of depths is opened as: numbered grids with times, a place and the file's own words."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from console.engine.depth_grid import Array
from console.store.depth_cache import DepthRefused
from console.store.depth_times import TimeUnread, cf_times

SAVE_AGAIN = "请重新取得完整的文件，或在原软件中另存后再导入。"
TELL_TIMES = "请在导入时填写起始时间和步长。"
MAGIC = {
    b"II*\0": "tif", b"MM\0*": "tif", b"II+\0": "tif", b"MM\0+": "tif",
    b"CDF\x01": "nc", b"CDF\x02": "nc", b"CDF\x05": "nc", b"\x89HDF": "hdf",
}  # fmt: skip
TEXT_MAX = 120
SIMULATED = re.compile(
    r"模拟|仿真|合成|simulat|synthetic|hydrodynamic|HEC-?RAS|TUFLOW|MIKE ?(?:21|FLOOD|\+)|LISFLOOD|Delft3D|D-Flow|IFMS|\bmodel",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the user says; it goes before what the file says.

    crs: "EPSG:4547". variable: by name. unit: m, cm, mm, ft. start_s: UTC s of the first step. step_s: between steps.
    zone_h: hours east of times without a zone. empty_is_dry: cells without a value inside the file are dry land
    (many models write so); else they are unknown.
    """

    crs: str = ""
    variable: str = ""
    unit: str = ""
    start_s: float | None = None
    step_s: float | None = None
    zone_h: float | None = None
    simulated: bool | None = None
    empty_is_dry: bool = False


@dataclass(slots=True)
class Frames:
    """An opened source. t_s: (nt,) UTC s in the file's order. read(i): values as stored, (rows, columns) float, NaN none.

    transform: from column, row to the file's coordinates. crs: WKT, "" for none. facts: what the file says of itself.
    """

    t_s: Array
    read: Callable[[int], NDArray[np.float32]]
    transform: Any
    shape: tuple[int, int]
    crs: str
    unit: str
    variable: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def file_kind(path: Path) -> str:
    """Return tif, nc (classic) or hdf by the first bytes, "" for anything else.

    Raises:
        DepthRefused: it cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as exc:
        raise DepthRefused(f"文件 {path.name} 打不开。", "请确认它还在原来的位置、可以读取。", str(exc)) from exc
    return MAGIC.get(head, "")


def open_raster(name: str | Path, driver: str, stack: ExitStack) -> Any:
    """Open a dataset that the stack closes. One without a place is refused later, in words: no warning of it here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return stack.enter_context(rasterio.open(name, driver=driver))


def read_band(data: Any, band: int) -> NDArray[np.float32]:
    """Return a band's values with scale and offset applied, NaN where it has none."""
    found = data.read(band, masked=True)
    values = found.astype(np.float64 if found.dtype.itemsize > 4 else np.float32).filled(np.nan)
    scale, offset = data.scales[band - 1], data.offsets[band - 1]
    if (scale, offset) != (1.0, 0.0):
        values = values * scale + offset
    return np.asarray(values, np.float32)


def times_told(count: int, told: Told) -> Array | None:
    """Return the times that the user says, None where he leaves them to the file.

    Raises:
        DepthRefused: the step is not positive.
    """
    if told.step_s is not None and not told.step_s > 0:
        raise DepthRefused("时间步长应大于零。", TELL_TIMES)
    if told.start_s is None or (told.step_s is None and count > 1):
        return None
    return np.asarray(told.start_s + (told.step_s or 0.0) * np.arange(count), float)


def times_of_axis(name: str, values: Array, unit: str, calendar: str, told: Told, notes: list[str]) -> Array:
    """Return UTC s of a CF time axis.

    Raises:
        DepthRefused: it is not understood.
    """
    if not unit.strip():  # an index at best
        raise DepthRefused(f"文件 {name} 没有时间坐标。", TELL_TIMES)
    try:
        times, assumed = cf_times(values, unit, calendar, told.start_s, told.zone_h)
    except TimeUnread as exc:
        what = {"calendar": f"历法“{clean(calendar)}”没有真实日期", "unit": f"时间单位“{clean(unit)}”读不懂"}[exc.code]
        raise DepthRefused(f"文件 {name} 的{what}。", TELL_TIMES, str(exc)) from exc
    if assumed:
        notes.append("时间没有注明时区，按 CF 约定理解为世界时；若是北京时间，请在导入时注明")
    return times


def clean(text: object, most: int = TEXT_MAX) -> str:
    """Return a file's own words without control characters and not endless."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())[:most]


def wkt_of(data: Any) -> str:
    return str(data.crs.to_wkt()) if data.crs else ""


def says_simulated(facts: dict[str, str]) -> bool | None:
    """Return True where a file says of itself that a model made it, None where it does not say."""
    keys = ("title", "source", "history", "comment", "institution", "tifftag_software", "tifftag_imagedescription", "long_name")
    return True if any(SIMULATED.search(facts.get(k, "")) for k in keys) else None
