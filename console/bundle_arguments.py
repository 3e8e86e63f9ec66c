"""The command line's words for bundles, cards and packs; what does the work is loaded when asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.paths import DataHome
from console.settings import Settings

Tool = Callable[[argparse.Namespace, DataHome, Settings], int]


def add_bundle_commands(roles: Any) -> None:
    """Add export, bundle, identity and trust to the command line."""
    export = roles.add_parser("export", help="导出联络包（.fccx）：签名并加密给接收设备")
    export.add_argument("what", choices=("bundle",))
    export.add_argument("--to", required=True, help="接收设备：信任名单中的名称或指纹开头")
    export.add_argument("--out", required=True, type=Path)
    export.add_argument("--kind", choices=("down", "up"), default="down", help="down：数据下行；up：待上报内容上行")
    export.add_argument("--days", type=float, help="只带最近几天的读数（默认全部）")
    export.add_argument("--pack", default="", help="按离线包的天数导出，并带上已下载的附件")
    export.add_argument("--since", default="", help="只带接收方这个游标之后的变化")
    export.add_argument("--relay", action="store_true", help="从本机缓存转发，而不是从本机的中心服务")
    export.add_argument("--valid-hours", type=float, default=168.0, help="有效期，小时（默认 7 天）")
    show = roles.add_parser("bundle", help="查看联络包，不导入")
    show.add_argument("action", choices=("show",))
    show.add_argument("file", type=Path)
    identity = roles.add_parser("identity", help="显示或导出本机身份卡")
    identity.add_argument("--name", default="", help="第一次建立身份时的设备名")
    identity.add_argument("--out", type=Path, help="把身份卡写到文件")
    trust = roles.add_parser("trust", help="信任名单：查看、加入身份卡、撤销")
    trust.add_argument("card", nargs="?", type=Path)
    trust.add_argument("--revoke", default="", help="撤销信任：名称或指纹开头")
    pack = roles.add_parser("pack", help="离线包：值班、会商、外业；估算、下载、查看")
    pack.add_argument("action", choices=("list", "estimate", "fetch", "status"))
    pack.add_argument("pack", nargs="?", default="duty", help="离线包代码，见 pack list")
    pack.add_argument("--days", type=int, help="读数天数（默认按离线包的声明）")
    pack.add_argument("--region", default="", help="范围（默认按离线包的声明）")


def bundle_tools() -> dict[str, Tool]:
    return {"export": _export, "bundle": _show, "identity": _identity, "trust": _trust, "pack": _pack}


def _export(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.bundle_cli import export_bundle

    return export_bundle(options, home, settings)


def _show(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.bundle_cli import show_bundle

    return show_bundle(options, home, settings)


def _identity(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.identity_cli import show_identity

    return show_identity(options, home, settings)


def _trust(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.identity_cli import trust_card

    return trust_card(options, home, settings)


def _pack(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.pack_cli import run_pack

    return run_pack(options, home, settings)
