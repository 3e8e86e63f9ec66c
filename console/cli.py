"""Roles and tools of the command line."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from console import __version__
from console.bundle_arguments import add_bundle_commands, bundle_tools
from console.calibrate_cli import add_calibrate_command, run_calibrate
from console.domain.time import from_beijing
from console.drought_cli import add_drought_command, run_drought
from console.errors import ConsoleError, SettingsError
from console.flood_cli import add_flood_commands, run_flood
from console.ground_cli import add_ground_commands, run_terrain
from console.logs import start_logging
from console.paths import DataHome, data_home
from console.processes import ALREADY_RUNNING, CHILD_FLAG, PORT_TAKEN, AlreadyRunning
from console.settings import Settings, load_settings
from console.texts import printable

NO_DISPLAY = 3
BAD_INPUT = 2


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="console", description="三防指挥台：省级防汛防旱防风指挥桌面终端")
    top.add_argument("--home", help="数据目录（默认为本用户的数据目录）")
    top.add_argument(
        "--source", help="数据源：live、录像名（如 beijiang-2022-06）、情景演练（如 drill-flood-100）或中心服务的 https 地址"
    )
    top.add_argument("--version", action="version", version=__version__)
    roles = top.add_subparsers(dest="role", metavar="角色或工具")
    desk = roles.add_parser("desk", help="桌面终端（默认）")
    for parser in (top, desk):
        parser.add_argument("--rate", type=float, help="录像播放倍速 1–3600")
        parser.add_argument("--start", help="录像起始时刻，北京时间，如 '2022-06-21 08:00'")
    wall = roles.add_parser("wall", help="大屏窗口，跟随值班台")
    wall.add_argument("--screen", type=int, default=-1, help="显示到第几块屏（从 0 起；默认最后一块）")
    wall.add_argument("--node", default="A1", help="大屏节点名")
    wall.add_argument("--windowed", action="store_true", help="在普通窗口中显示（试用）")
    central = roles.add_parser("central", help="内嵌中心服务（单独运行）")
    central.add_argument("--port", type=int, default=0)
    central.add_argument("--rate", type=float)
    central.add_argument("--start")
    central.add_argument(
        "--store", default="", help="数据库地址 postgresql://用户@主机:5432/库名（密码放 PGPASSWORD 或 ~/.pgpass）"
    )
    central.add_argument("--mqtt", default="", help="同时由 MQTT 代理发布更新通知：mqtt://主机:1883")
    central.add_argument("--oidc-issuer", default="", help="除本机令牌外，也接受此身份服务签发的令牌")
    central.add_argument("--oidc-audience", default="fcc-centre", help="令牌须写明给谁用")
    central.add_argument("--host", default="127.0.0.1", help="监听地址；本机以外须有证书")
    central.add_argument("--tls-cert", default="", help="服务证书（PEM）")
    central.add_argument("--tls-key", default="", help="服务证书的密钥（PEM）")
    central.add_argument("--tls-client-ca", default="", help="只接受此机构签发证书的机器（PEM）")
    central.add_argument("--tls-crl", default="", help="已吊销的机器证书名单（PEM）")
    central.add_argument(CHILD_FLAG, action="store_true", help=argparse.SUPPRESS)
    sync = roles.add_parser("sync", help="同步进程（单独运行）")
    sync.add_argument(CHILD_FLAG, action="store_true", help=argparse.SUPPRESS)
    shot = roles.add_parser("shot", help="把任一工作区或面板输出为 PNG（不需要显示器）")
    shot.add_argument("view", nargs="?", default="monitor", help="工作区或 工作区.面板；all 为全套")
    shot.add_argument("--out", default="", help="输出文件（all 时为目录）")
    shot.add_argument("--size", default="1920x1080")
    shot.add_argument("--theme", choices=("dark", "light"))
    shot.add_argument("--language", choices=("zh", "en"))
    shot.add_argument("--at", help="时刻，北京时间，如 '2022-06-22 14:00'")
    shot.add_argument("--select", help="选中对象的站码或站名")
    shot.add_argument("--layers", default="", help="另外打开的图层，逗号分开，如 isohyets,thiessen")
    film = roles.add_parser("film", help="把三维沙盘的一段飞行输出为影片或逐帧图片（不需要显示器）")
    film.add_argument("tour", help="飞行的名称或文件名")
    film.add_argument("--out", default="", help=".mp4 文件，或放逐帧 PNG 的目录")
    film.add_argument("--fps", type=int, default=25)
    film.add_argument("--size", default="1280x720")
    film.add_argument("--at", help="飞行没有写时刻时用这个时刻，北京时间")
    film.add_argument("--exaggeration", type=float, default=8.0, help="垂直夸大倍数")
    film.add_argument("--night", action="store_true", help="夜色")
    film.add_argument("--theme", choices=("dark", "light"))
    film.add_argument("--language", choices=("zh", "en"))
    shot.add_argument("--look", default="", help="沙盘视角：经度,纬度,距离km[,方位,俯角]")
    shot.add_argument("--night", action="store_true", help="沙盘夜色")
    shot.add_argument("--front", default="", help="放到前面的面板，逗号分开，如 consult.meeting,consult.record")
    shot.add_argument("--compare", default="", help="沙盘卷帘的另一侧：时刻，或 plans（会商前两个情景）")
    load = roles.add_parser("import", help="导入一个目录的实测数据（CSV、XLSX、SL 323 表）")
    load.add_argument("folder", type=Path, help="目录，或一个联络包文件（.fccx）")
    load.add_argument("--receipt", type=Path, help="导入上行包后把回执写到这个文件")
    load.add_argument("--errors", type=Path, help="把未能导入的行写到这个 CSV 文件")
    load.add_argument("--store", default="", help="导入到这个 postgresql:// 数据库，而不是本机文件")
    load.add_argument("--timezone", default="Asia/Shanghai", help="没有时区的时间按此理解")
    login = roles.add_parser("login", help="用本单位的账号登录，登录保存在系统密钥环")
    login.add_argument("--device", action="store_true", help="没有浏览器时：在别的设备上输入验证码")
    roles.add_parser("logout", help="退出登录，清除本机保存的登录")
    roles.add_parser("recordings", help="列出录像及其重建方法说明")
    add_bundle_commands(roles)
    add_ground_commands(roles)
    add_flood_commands(roles)
    add_calibrate_command(roles)
    add_drought_command(roles)
    doctor = roles.add_parser("doctor", help="检查这台机器：哪里不对，怎样修")
    verify = roles.add_parser("verify", help="核对本机文件是否完整、一致（只读）")
    roles.add_parser("passphrase", help="更换本机口令（记录库不需要重新加密）")
    for parser in (doctor, verify):
        parser.add_argument("--json", action="store_true", help="输出 JSON")
    return top


def run(argv: Sequence[str]) -> int:
    """Run one role; the result is the exit status. Expected faults are said in Chinese."""
    options = _parser().parse_args(argv)
    home = data_home(options.home)
    try:
        if options.role not in ("doctor", "verify"):  # they say what is wrong with the folder
            home.prepare()
        settings, problem = _settings(home)
        return _role(options, home, settings, problem)
    except AlreadyRunning as exc:
        print(f"{exc.what}{exc.next_step}", file=sys.stderr)
        return ALREADY_RUNNING
    except ConsoleError as exc:
        print(f"{exc.what}\n{exc.next_step}", file=sys.stderr)
        if exc.detail:
            print(f"（技术细节：{printable(exc.detail)}）", file=sys.stderr)
        return PORT_TAKEN if type(exc).__name__ == "PortTaken" else BAD_INPUT


def _settings(home: DataHome) -> tuple[Settings, ConsoleError | None]:
    """Return the settings, or defaults and what was wrong with the file."""
    try:
        return load_settings(home.settings), None
    except SettingsError as exc:
        print(f"{exc.what}\n{exc.next_step}", file=sys.stderr)
        return Settings(), exc


def _start_t(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return from_beijing(text)
    except ValueError as exc:
        raise ConsoleError(f"时刻 {text!r} 不能识别。", "请写成 '2022-06-21 08:00'（北京时间）。", str(exc)) from exc


def _role(options: argparse.Namespace, home: DataHome, settings: Settings, problem: ConsoleError | None) -> int:
    from dataclasses import replace

    role = options.role or "desk"
    if options.source:
        settings = replace(settings, source=options.source)
    if getattr(options, "rate", None):
        if not 1 <= options.rate <= 3600:
            raise ConsoleError(f"倍速 {options.rate:g} 超出范围。", "请给出 1 到 3600 之间的数。")
        settings = replace(settings, replay_rate=options.rate)
    if getattr(options, "start", None):
        _start_t(options.start)
        settings = replace(settings, replay_start=options.start)
    tools: dict[str, Callable[[argparse.Namespace, DataHome, Settings], int]] = {
        "central": _central,
        "sync": _sync,
        "import": _import,
        "recordings": _recordings,
        **bundle_tools(),
        "terrain": run_terrain,
        "flood": run_flood,
        "calibrate": run_calibrate,
        "drought": run_drought,
        "doctor": _doctor,
        "verify": _verify,
        "passphrase": _passphrase,
        "login": _login,
        "logout": _logout,
    }
    if role in tools:
        return tools[role](options, home, settings)
    start_logging(home.logs, role)
    from console import app  # needs Qt: only windows and shots do

    if role == "shot":
        return app.run_shot(options, home, settings)
    if role == "film":
        return app.run_film(options, home, settings)
    if not has_display():
        say_no_display()
        return NO_DISPLAY
    if role == "wall":
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,30}", options.node):
            raise ConsoleError(f"大屏节点名 {options.node!r} 不能用。", "请用字母、数字、- 或 _，如 A1。")
        return app.run_wall(options, home, settings)
    return app.run_desk(home, settings, problem)


def has_display() -> bool:
    if os.environ.get("QT_QPA_PLATFORM"):
        return True
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def say_no_display() -> None:
    print(
        "这台机器没有显示器（DISPLAY 与 WAYLAND_DISPLAY 都没有设置），窗口开不出来。\n"
        "可以做的事：\n"
        "  python3 -m console shot monitor --out monitor.png   把工作区画成图片\n"
        "  python3 -m tests                                    运行全部测试\n"
        "  在有桌面的电脑上运行 python3 -m console，或先启动 Xvfb 并设置 DISPLAY。",
        file=sys.stderr,
    )


def _central(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.central.process import CentralOptions, run_central
    from console.central.sources.adapters import adapters_below
    from console.central.tls import ServerTls
    from console.domain.vocabulary import vocabulary_of
    from console.sync.trust import tls_of
    from console.topics import site_topics

    start_logging(home.logs, f"central-{home.profile(settings.source).name}", echo=not options.child)
    tls = ServerTls(options.tls_cert, options.tls_key, options.tls_client_ca, options.tls_crl)
    run_central(
        home,
        CentralOptions(
            settings.source,
            options.port,
            settings.replay_rate,
            _start_t(settings.replay_start),
            options.child,
            store=options.store,
            mqtt=options.mqtt,
            host=options.host,
            tls=tls,
            oidc_issuer=options.oidc_issuer,
            oidc_audience=options.oidc_audience,
            oidc_tls=tls_of(settings) if options.oidc_issuer else None,
        ),
        adapters_below(home.central(settings.source), vocabulary_of(site_topics(home.root)[0]).elements),
    )
    return 0


def _sync(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.broker import broker_from
    from console.store.keys import PASSPHRASE_VARIABLE, OpsKey, available_key
    from console.sync.process import SyncOptions, run_sync
    from console.sync.sources import central_of, check_source, is_remote
    from console.sync.trust import tls_of

    start_logging(home.logs, f"sync-{home.profile(settings.source).name}", echo=not options.child)
    check_source(settings.source)
    personal = is_remote(settings.source) and bool(settings.oidc_issuer)
    central = None if personal else central_of(home, settings.source)
    login = settings if personal else None
    tls = tls_of(settings) if is_remote(settings.source) or settings.tls_ca else None
    if options.child:
        key = OpsKey.from_line(sys.stdin.buffer.readline())
    else:
        key = available_key(home.root)
        if key is None:
            print(f"记录库没有解锁：只拉取，不上报。要上报请设置环境变量 {PASSPHRASE_VARIABLE}。", file=sys.stderr)
    broker = broker_from(settings.doorbell)
    kept = (settings.scope, broker, settings.keep_days)
    return run_sync(SyncOptions(home, settings.source, central, options.child, key, *kept, tls, login))


def _login(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.sync.login_tool import sign_in

    start_logging(home.logs, "login")
    return sign_in(settings, with_code=options.device)


def _logout(_options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.sync.login_tool import sign_out

    start_logging(home.logs, "login")
    return sign_out(settings)


def _import(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    start_logging(home.logs, "import")
    if options.folder.suffix.lower() == ".fccx":
        from console.bundle_cli import import_bundle

        return import_bundle(options, home, settings)
    from console.central.importers.run import run_import

    return run_import(home, options.folder, options.errors, options.timezone, options.store)


def _doctor(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    from console.doctor import examine
    from console.findings import report, status_of

    findings = examine(home, settings.source)
    print(report(findings, as_json=options.json))
    return status_of(findings)


def _verify(options: argparse.Namespace, home: DataHome, _settings: Settings) -> int:
    from console.findings import report, status_of
    from console.verify import verify

    findings = verify(home)
    print(report(findings, as_json=options.json))
    return status_of(findings)


def _passphrase(_options: argparse.Namespace, home: DataHome, _settings: Settings) -> int:
    from getpass import getpass

    from console.store.keys import change_passphrase

    def ask(words: str) -> str:
        return getpass(words) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    old, new = ask("现在的口令："), ask("新口令：")
    if ask("再输入一次新口令：") != new:
        raise ConsoleError("两次输入的新口令不一样。", "口令没有更换；请再运行一次。")
    change_passphrase(home.root, old, new)
    print("口令已更换。")
    return 0


def _recordings(_options: argparse.Namespace, home: DataHome, _settings: Settings) -> int:
    from console.drill.disasters import drill_names
    from console.drill.facts import flood_facts, flood_keys
    from console.drill.method import method_text

    for key in flood_keys():
        print(f"== {key}\n{method_text(flood_facts(key))}")
    print("== 情景演练（--source 后写代码；启动时现算，说明随录像）")
    for key, name in drill_names(home.root).items():
        print(f"{key}  {name}")
    return 0
