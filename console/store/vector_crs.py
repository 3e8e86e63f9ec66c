"""From a file's coordinates to CGCS2000 degrees, or a sentence why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from console.domain.gauss_zones import PREFIX_M, central_meridian, cgcs2000_code, zone_of
from console.errors import ConsoleError

TARGET = "EPSG:4490"
SAME_ELLIPSOIDS = ("CGCS2000", "WGS 84", "GRS 1980")  # centimetres to a metre apart
CHINA = (70.0, 0.0, 140.0, 58.0)  # where numbers without a system are taken as degrees
Array = NDArray[np.float64]


class VectorRefused(ConsoleError):
    """The file cannot be shown on the map; the reason and the next step are said."""


@dataclass(frozen=True, slots=True)
class Placing:
    """shift_m: added to eastings first: a zone number too many or too few. name: of the system."""

    transformer: Transformer | None
    shift_m: float
    name: str
    notes: tuple[str, ...]

    def degrees(self, xy: Array) -> Array:
        """Return CGCS2000 longitude and latitude of coordinates of shape (n, 2); infinite where there is none."""
        if self.transformer is None:
            return xy
        lon, lat = self.transformer.transform(xy[:, 0] + self.shift_m, xy[:, 1])
        return np.column_stack([lon, lat])


def placing_of(file_crs: str | None, told_crs: str, xy: Array) -> Placing:
    """Return how to place coordinates. told_crs: what the user says; it goes before what the file says.

    xy: a sample of finite coordinates, shape (n, 2), n ≥ 1.

    Raises:
        VectorRefused: the system is not known or does not fit the numbers.
    """
    text = told_crs or file_crs
    if not text:
        return _as_degrees(xy)
    try:
        crs = CRS.from_user_input(text)
        plane = _horizontal(crs)
        if plane.is_geographic:
            return _geographic(plane, xy)
        shift_m, notes = _zone_shift(plane, xy)
        transformer = Transformer.from_crs(plane, TARGET, always_xy=True)
    except (CRSError, ProjError) as exc:
        raise VectorRefused(
            "文件的坐标系说明读不懂。", "请在 GIS 软件中重新指定坐标系（如 EPSG:4547）后再添加。", str(exc)
        ) from exc
    return Placing(transformer, shift_m, plane.name, (*notes, *_datum_note(plane)))


def _horizontal(crs: CRS) -> CRS:
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    if not (crs.is_geographic or crs.is_projected):
        raise VectorRefused(f"坐标系“{crs.name[:60]}”不是地图坐标。", "请在 GIS 软件中换成 CGCS2000 坐标后再添加。")
    return crs


def _as_degrees(xy: Array) -> Placing:
    west, south, east, north = CHINA
    x, y = xy[:, 0], xy[:, 1]
    if ((x >= west) & (x <= east) & (y >= south) & (y <= north)).all():
        return Placing(None, 0.0, "CGCS2000", ("文件没有坐标系说明，按 CGCS2000 经纬度理解",))
    if ((y >= west) & (y <= east) & (x >= south) & (x <= north)).all():
        raise VectorRefused(
            "文件没有坐标系说明，经度和纬度像是写反了。", "请把经度放在前面，或在 GIS 软件中指定坐标系后再添加。"
        )
    raise VectorRefused(
        "文件没有坐标系说明（缺少 .prj），不能放到地图上。", "请在 GIS 软件中指定坐标系，或添加时选定坐标系。" + _hint(xy)
    )


def _hint(xy: Array) -> str:
    zone = zone_of(float(np.median(xy[:, 0])))
    if zone is None:
        return ""
    code = cgcs2000_code(zone)
    return f"东坐标以 {zone} 开头，像是第 {zone} 带（中央经线 {central_meridian(zone):g}°）" + (
        f"，若为 CGCS2000 则是 {code}。" if code else "。"
    )


def _geographic(crs: CRS, xy: Array) -> Placing:
    if not ((np.abs(xy[:, 0]) <= 360).all() and (np.abs(xy[:, 1]) <= 90).all()):
        raise VectorRefused(
            f"文件说是经纬度（{crs.name[:60]}），坐标却像是米。", "请在 GIS 软件中更正坐标系，或添加时选定坐标系。" + _hint(xy)
        )
    notes = _datum_note(crs)
    if not notes and crs.prime_meridian is not None and crs.prime_meridian.longitude == 0 and _in_degrees(crs):
        return Placing(None, 0.0, crs.name, ())
    return Placing(Transformer.from_crs(crs, TARGET, always_xy=True), 0.0, crs.name, notes)


def _in_degrees(crs: CRS) -> bool:
    return all(a.unit_name == "degree" for a in crs.axis_info[:2])


def _zone_shift(crs: CRS, xy: Array) -> tuple[float, tuple[str, ...]]:
    """Return what to add to eastings when the zone number is on one side only."""
    params: dict[str, Any] = {p.name: p.value for p in crs.coordinate_operation.params} if crs.coordinate_operation else {}
    false_m, meridian = params.get("False easting"), params.get("Longitude of natural origin")
    if "Transverse_Mercator" not in _method(crs) or false_m is None or meridian is None:
        return 0.0, ()
    there = zone_of(float(np.median(xy[:, 0])))
    stated = zone_of(float(false_m))
    if there is None and stated is not None and 0 < float(np.median(xy[:, 0])) < PREFIX_M:
        return stated * PREFIX_M, (f"东坐标没有带号，按坐标系补上带号 {stated}",)
    if there is None or there == stated:
        return 0.0, ()
    if stated is None and abs(central_meridian(there) - float(meridian)) < 1e-6:
        return -there * PREFIX_M, (f"东坐标带有带号 {there}，已按坐标系去掉",)
    raise VectorRefused(
        f"东坐标的带号是 {there}（中央经线 {central_meridian(there):g}°），坐标系的中央经线却是 {float(meridian):g}°。",
        "请核对坐标系，在 GIS 软件中更正，或添加时选定坐标系。",
    )


def _method(crs: CRS) -> str:
    return crs.coordinate_operation.method_name.replace(" ", "_") if crs.coordinate_operation else ""


def _datum_note(crs: CRS) -> tuple[str, ...]:
    ellipsoid = crs.ellipsoid.name if crs.ellipsoid is not None else ""
    if any(name.replace(" ", "") in ellipsoid.replace(" ", "").replace("_", "") for name in SAME_ELLIPSOIDS):
        return ()
    return (f"坐标系 {crs.name[:60]} 的基准不是 CGCS2000，没有用精确转换参数，位置可能差数十米到百余米",)
