"""The user's own terrain and imagery on the command line: list, add, remove; and the generated ground made ahead."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from console.errors import ConsoleError
from console.paths import DataHome
from console.settings import Settings

DATUM_WORDS = (
    "1985（国家高程基准）、1956（黄海）、pearl（珠江基面）、ellipsoid（椭球高）、custom（自定）、unknown（不明，不换算）"
)


def add_ground_commands(roles: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    terrain = roles.add_parser("terrain", help="三维沙盘的自备地形与影像")
    actions = terrain.add_subparsers(dest="action", required=True, metavar="动作")
    actions.add_parser("list", help="列出已导入的")
    add = actions.add_parser("add", help="导入 DEM（GeoTIFF，任意坐标系）")
    add.add_argument("file", help="GeoTIFF 文件")
    add.add_argument("--datum", default="", help=f"高程基准：{DATUM_WORDS}")
    add.add_argument("--offset", type=float, help="换算到 1985 国家高程基准要加的米数")
    add.add_argument("--crs", default="", help="文件没有坐标系时注明，如 EPSG:4547")
    picture = actions.add_parser("imagery", help="导入影像（GeoTIFF）")
    picture.add_argument("file", help="GeoTIFF 文件")
    picture.add_argument("--crs", default="", help="文件没有坐标系时注明")
    remove = actions.add_parser("remove", help="移除一份导入（原文件不动）")
    remove.add_argument("name", help="名称，见 list")
    actions.add_parser("build", help="现在就生成全省合成地形（约一两分钟；沙盘首次打开时也会自动生成）")


def run_terrain(options: argparse.Namespace, home: DataHome, _settings: Settings) -> int:
    """Do one of the actions.

    Raises:
        ConsoleError: what is wrong with the file or the disk, and what to do.
    """
    from pathlib import Path

    from console.services.province_ground import FULL, make
    from console.services.sandbox_ground import library_folder
    from scenes.ground.dem_import import Vertical
    from scenes.ground.library import GroundLibrary

    library = GroundLibrary(library_folder(home.shared_cache))
    if options.action == "build":
        make(home.shared_cache, FULL, _progress("生成合成地形"))
    elif options.action == "list":
        for entry in library.entries():
            about = entry.about
            print(f"{entry.name}\t" + (f"{about.label}\t{about.datum}\t{about.cell_km * 1000:g} m" if about else entry.problem))
    elif options.action == "remove":
        if options.name not in {e.name for e in library.entries()}:
            raise ConsoleError(f"没有名为 {options.name} 的导入。", "请用 terrain list 查看名称。")
        library.remove(options.name)
        print(f"已移除 {options.name}。")
    elif options.action == "imagery":
        name, _ = library.add_picture(Path(options.file), options.crs, _progress("导入影像"))
        print(f"已导入 {name}。")
    else:
        vertical = Vertical(options.datum, options.offset) if options.datum else None
        name, report = library.add_dem(Path(options.file), vertical, options.crs, _progress("导入地形"))
        print(f"已导入 {name}：{report.low_m:.1f}–{report.high_m:.1f} m，{report.datum}，无高程 {report.empty:.1%}。")
        for note in report.notes:
            print(note)
    return 0


def _progress(words: str) -> Callable[[float], None]:
    """Return what writes a share of 1 as one line that is written over."""

    def say(share: float) -> None:
        if sys.stderr.isatty():
            print(f"\r{words} {share:4.0%}", end="\n" if share >= 1.0 else "", file=sys.stderr, flush=True)

    return say
