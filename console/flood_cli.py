"""Inundation results on the command line: list, add, remove, and the figures of a moment."""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from console.domain.time import from_beijing, full_stamp
from console.errors import ConsoleError
from console.paths import DataHome
from console.settings import Settings
from console.texts import printable

if TYPE_CHECKING:
    from console.engine.exposure import Exposure
    from console.services.flood_library import ExposureSource, FloodLibrary, Site
    from console.store.depth_cache import CachedDepths
    from console.viewdata.inundation import BreachPlace

BREACH = "经度,纬度,名称[,YYYY-MM-DD HH:MM[,宽m]]"
EXPOSURE = "名称=文件:字段:单位:来源[@日期]"
Cells = list[str]


def add_flood_commands(roles: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    flood = roles.add_parser("flood", help="三维沙盘的淹没成果（水深计算结果）")
    actions = flood.add_subparsers(dest="action", required=True, metavar="动作")
    actions.add_parser("list", help="列出已导入的")
    add = actions.add_parser("add", help="导入（NetCDF、HDF5、多波段 GeoTIFF，或一时刻一个 GeoTIFF 的文件夹）")
    add.add_argument("file", help="文件或文件夹")
    add.add_argument("--label", default="", help="显示名称（默认按文件）")
    add.add_argument("--crs", default="", help="文件没有坐标系时注明，如 EPSG:4547")
    add.add_argument("--variable", default="", help="文件里有多个变量时注明")
    add.add_argument("--unit", default="", help="水深单位：m、cm、mm、ft（默认按文件）")
    add.add_argument("--start", default="", help="第一个时刻，北京时间，如 '2022-06-20 08:00'（默认按文件）")
    add.add_argument("--step", default="", help="时刻间隔，小时（默认按文件）")
    add.add_argument("--zone", default="", help="文件里的时间没注明时区时：北京、UTC 或东几区的小时数")
    kind = add.add_mutually_exclusive_group()
    kind.add_argument("--simulated", action="store_true", default=None, help="是模拟计算的（默认按文件）")
    kind.add_argument("--not-simulated", dest="simulated", action="store_false", help="不是模拟计算的")
    add.add_argument("--empty-is-dry", action="store_true", help="没有值的格是未淹的陆地（默认按未知）")
    add.add_argument("--breach", action="append", default=[], metavar="溃口", help=f"{BREACH}；可多次")
    add.add_argument("--exposure", action="append", default=[], metavar="图层", help=f"{EXPOSURE}；字段空则数个数；可多次")
    remove = actions.add_parser("remove", help="移除一份成果（原文件不动）")
    remove.add_argument("name", help="名称，见 list")
    figures = actions.add_parser("figures", help="某时刻各级水深的面积、水量和受影响的对象")
    figures.add_argument("name", help="名称，见 list")
    figures.add_argument("--at", nargs="+", required=True, help="时刻，北京时间，如 '2022-06-22 03:00'，可多个")


def run_flood(options: argparse.Namespace, home: DataHome, _settings: Settings) -> int:
    """Do one of the actions.

    Raises:
        ConsoleError: what is wrong with the file, the disk or what was typed, and what to do.
    """
    from console.services.flood_library import FloodLibrary

    library = FloodLibrary(home.shared_cache)
    if options.action == "list":
        for entry in library.entries():
            said = [entry.name, printable(entry.label)]
            if entry.span is not None and entry.about is not None:
                said.append(f"{full_stamp(entry.span[0])} 至 {full_stamp(entry.span[1])}（{entry.steps} 个时刻）")
                said.append(f"格距 {entry.about.cell_m[0]:g} m")
            print("\t".join([*said, *([printable(entry.problem)] if entry.problem else [])]))
    elif options.action == "remove":
        _known(library, options.name)
        library.remove(options.name)
        print(f"已移除 {options.name}。")
    elif options.action == "add":
        _add(library, options)
    else:
        moments = [_moment(text) for text in options.at]
        depths, site = library.open(options.name)
        for lines in _figures(depths, site, moments):
            print("\n".join(lines))
    return 0


def _known(library: FloodLibrary, name: str) -> None:
    if name not in {e.name for e in library.entries()}:
        raise ConsoleError(f"没有名为 {name} 的淹没成果。", "请用 flood list 查看名称。")


def _add(library: FloodLibrary, options: argparse.Namespace) -> None:
    from console.services.flood_library import Site, shown_label, told_of

    told = told_of(
        options.crs, options.variable, options.unit, options.start, options.step, options.zone, options.simulated,
        options.empty_is_dry,
    )  # fmt: skip
    breaches, exposures = tuple(map(_breach, options.breach)), tuple(map(_exposure, options.exposure))
    name = library.add(Path(options.file), told, Site(options.label, breaches, exposures), _progress("导入淹没成果"))
    depths, site = library.open(name)
    print(f"已导入 {name}：{printable(shown_label(depths.about, site))}")
    for text in depths.about.notes:
        print(text)


def _moment(text: str) -> float:
    try:
        return float(from_beijing(text.strip()))
    except ValueError as exc:
        raise ConsoleError(f"时刻“{printable(text, 40)}”读不懂。", "请写成 '2022-06-22 03:00'（北京时间）。", str(exc)) from exc


def _breach(text: str) -> BreachPlace:
    """Return a breach as typed.

    Raises:
        ConsoleError: it is not of the form.
    """
    from console.services.flood_library import breach_of

    parts = [p.strip() for p in text.replace("，", ",").split(",")]
    try:
        if not 3 <= len(parts) <= 5:
            raise ValueError(f"{len(parts)} parts")
        since = float(from_beijing(parts[3])) if len(parts) > 3 and parts[3] else None
        width = parts[4].lower() if len(parts) > 4 else ""
        width_m = float(width.removeprefix("宽").removesuffix("m")) if width else None
        return breach_of(float(parts[0]), float(parts[1]), parts[2], since, width_m)
    except ValueError as exc:
        raise ConsoleError(f"溃口“{printable(text, 80)}”读不懂。", f'请写成 "{BREACH}"。', str(exc)) from exc


def _exposure(text: str) -> ExposureSource:
    """Return a layer as typed; a file's name may have colons, the others may not.

    Raises:
        ConsoleError: it is not of the form, or there is no such file.
    """
    from console.services.flood_library import ExposureSource

    name, equals, rest = text.partition("=")
    parts = [p.strip() for p in rest.rsplit(":", 3)]
    if not (name.strip() and equals and len(parts) == 4 and parts[0]):
        raise ConsoleError(f"统计图层“{printable(text, 80)}”读不懂。", f'请写成 "{EXPOSURE}"，字段、单位可空。')
    file = Path(parts[0])
    if not file.is_file():
        raise ConsoleError(f"统计图层的文件 {printable(file.name)} 不在。", "请核对文件的位置。")
    source, _, date = parts[3].partition("@")
    return ExposureSource(name.strip(), str(file.absolute()), parts[1], parts[2], source.strip(), date.strip())


# --- figures ---------------------------------------------------------------------------------------
def _figures(depths: CachedDepths, site: Site, moments: Sequence[float]) -> list[list[str]]:
    """Return the lines of a table for each moment."""
    from console.engine.exposure import exposed
    from console.engine.inundation_grid import DepthSeries
    from console.services.flood_library import read_layers, shown_label
    from console.services.vector_files import VectorProcesses

    vectors = VectorProcesses()
    layers, refused = read_layers(site.exposures, lambda path: vectors.read(path).overlay)
    series, found = DepthSeries(depths), []
    for moment in moments:
        depth = series.depth_at_time(moment)
        counted = [exposed(layer, depth, depths.x_m, depths.y_m) for layer in layers]
        head = f"{printable(shown_label(depths.about, site))} · {full_stamp(moment)}（北京时间）"
        if not depths.t_s[0] <= moment <= depths.t_s[-1]:
            head += f"\n这一时刻不在计算时段内（{full_stamp(depths.t_s[0])} 至 {full_stamp(depths.t_s[-1])}），全部未知"
        lines = [head, *_aligned(_rows(depths, depth, counted)), *_doubts(counted)]
        found.append([*lines, *(f"{printable(r.text)} —" for r in refused), ""])
    return found


def _rows(depths: CachedDepths, depth: object, counted: Sequence[Exposure]) -> list[Cells]:
    """Return the table: a row for each class, the deepest first, their sum, what is dry and what is unknown."""
    import numpy as np

    from console.engine.depth_grid import CLASS_BOUNDS_M, class_of, edges
    from console.viewdata.inundation_drawn import class_texts

    values = np.asarray(depth, np.float32)
    cells = np.outer(np.diff(edges(depths.y_m)), np.diff(edges(depths.x_m))).ravel()
    kinds, n = class_of(values).ravel().astype(np.intp) + 1, len(CLASS_BOUNDS_M) + 2
    area = np.bincount(kinds, cells, n) / 1e6
    volume = np.bincount(kinds, np.nan_to_num(values).ravel() * cells, n) / 1e4
    known = bool(area[1:].any())
    water = [(_cell(a if known else None), _cell(v if known else None)) for a, v in zip(area, volume, strict=True)]
    rows: list[Cells] = [["水深", "面积 km²", "水量 万m³", *(f"{e.about.name} {e.about.unit}".strip() for e in counted)]]
    deepest_first = reversed(range(len(CLASS_BOUNDS_M)))
    rows += [[class_texts()[k], *water[k + 2], *(_cell(e.by_class[k]) for e in counted)] for k in deepest_first]
    flooded = (area[2:].sum(), volume[2:].sum()) if known else (None, None)
    rows.append(["淹没合计", *map(_cell, flooded), *(_cell(e.wet) for e in counted)])
    rows.append([f"不足 {CLASS_BOUNDS_M[0]:g} m", *water[1], *(_cell(e.dry) for e in counted)])
    rows.append(["未知", _cell(area[0]), "—", *(_cell(e.unknown) for e in counted)])
    rows.append(["计算范围外", "—", "—", *(_cell(e.outside) for e in counted)])
    return rows if counted else rows[:-1]


def _cell(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3f}".rstrip("0").rstrip(".")


def _doubts(counted: Sequence[Exposure]) -> list[str]:
    """Return where each layer's figures come from, and what is not in them."""
    from console.viewdata.inundation_drawn import exposure_lines

    lines = [exposure_lines(e)[0] for e in counted]
    return [f"{printable(line.text)}；来源：{printable(line.source)}" for line in lines]


def _aligned(rows: Sequence[Cells]) -> list[str]:
    """Return rows as text: the first column to the left, figures to the right; a Chinese character is two wide."""

    def width(text: str) -> int:
        return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

    columns = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    found = []
    for row in rows:
        first, *others = (" " * (wide - width(text)) for text, wide in zip(row, columns, strict=True))
        found.append("  ".join([row[0] + first, *(pad + text for pad, text in zip(others, row[1:], strict=True))]))
    return found


def _progress(words: str) -> Callable[[float], bool]:
    """Return what writes a share of 1 as one line that is written over; it never stops the work."""

    def say(share: float) -> bool:
        if sys.stderr.isatty():
            print(f"\r{words} {share:4.0%}", end="\n" if share >= 1.0 else "", file=sys.stderr, flush=True)
        return True

    return say
