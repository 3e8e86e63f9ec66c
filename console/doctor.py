"""``console doctor``: what is wrong with this machine and how to fix it. Works beside a running desk and with damaged files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from console import __version__
from console.errors import ConsoleError
from console.findings import FAULT, GOOD, NOTE, Finding
from console.paths import DataHome
from console.processes import is_owned, read_endpoint
from console.store import keyrings
from console.store.inspection import file_findings, keeping_findings, outbox_finding
from console.store.keys import OpsKey, kind_of
from console.store.sqlite import LIBRARY, check_library, cipher_version
from console.verify import key_or_finding, profiles_of

LEAST_FREE, ENOUGH_FREE = 2 * 1024**3, 10 * 1024**3
OLDEST_T = 1_735_689_600  # 2025-01-01: a clock before it was never set
PROBE_S = 40.0
WINDOW_PROBE = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
import PySide6
from PySide6.QtGui import QGuiApplication
app = QGuiApplication(["probe"])
from console.errors import ConsoleError
from console.fonts import chinese_family
try:
    family = chinese_family()
except ConsoleError as exc:
    family = ""
print(json.dumps({"qt": PySide6.__version__, "family": family}))
"""
OPENGL_PROBE = """
import os, sys
if sys.platform.startswith("linux"):
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
from vtkmodules.vtkRenderingCore import vtkRenderWindow
import vtkmodules.vtkRenderingOpenGL2
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetSize(16, 16)
window.Render()
told = dict(l.split(":", 1) for l in window.ReportCapabilities().splitlines() if ":" in l)
print((told.get("OpenGL version string") or "").strip() + " / " + (told.get("OpenGL renderer string") or "").strip())
"""


def examine(home: DataHome, source: str) -> list[Finding]:
    """Return every finding, the machine first, then the files."""
    now = time.time()
    key, trouble = key_or_finding(home)
    return [
        *_libraries(),
        *_window(),
        *_folder(home),
        *_clock(home, now),
        *_key(home, key, trouble),
        *_processes(home, source),
        *_files(home, key, now),
    ]


def _libraries() -> Iterator[Finding]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    yield Finding("三防指挥台", GOOD, f"{__version__}，Python {python}")
    try:
        check_library()
    except ConsoleError as exc:
        yield Finding("SQLite", FAULT, exc.what, exc.next_step)
    else:
        yield Finding("SQLite", GOOD, f"{LIBRARY}，SQLCipher {cipher_version()}")


def _probe(program: str) -> tuple[str, str]:
    """Run it in a process of its own, which may crash; returns its output and, when it failed, its last words."""
    try:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PROBE_S, check=False)
    except subprocess.TimeoutExpired:
        return "", f"{PROBE_S:.0f} s"
    last = (done.stderr.strip().splitlines() or [""])[-1][:200]
    return (done.stdout.strip(), "") if done.returncode == 0 else ("", last or f"exit {done.returncode}")


def _window() -> Iterator[Finding]:
    from console.cli import has_display

    said, trouble = _probe(WINDOW_PROBE)
    if trouble:
        yield Finding("Qt", FAULT, f"装不上（{trouble}）", "请重新运行 python3 -m console，让它补装运行环境和系统库。")
    else:
        doc = json.loads(said.splitlines()[-1])
        yield Finding("Qt", GOOD, doc["qt"])
        font = doc["family"]
        advice = "" if font else "请安装中文字体（Debian：apt-get install fonts-noto-cjk）。"
        yield Finding("中文字体", GOOD if font else FAULT, font or "没有", advice)
    said, trouble = _probe(OPENGL_PROBE)
    advice = "沙盘用不了，其余功能照常；请安装显卡驱动或 libegl1、libgl1-mesa-dri。" if trouble else ""
    yield Finding("OpenGL", NOTE if trouble else GOOD, trouble or said or "可用", advice)
    shown = has_display()
    advice = "" if shown else "在有桌面的电脑上运行，或用 python3 -m console shot 输出图片。"
    yield Finding("显示器", GOOD if shown else NOTE, "有" if shown else "没有（DISPLAY 未设置）", advice)


def _folder(home: DataHome) -> Iterator[Finding]:
    try:
        home.prepare()
    except ConsoleError as exc:
        yield Finding("数据目录", FAULT, exc.what, exc.next_step)
        return
    open_to_all = os.name == "posix" and home.root.stat().st_mode & 0o077
    advice = f"请运行 chmod 700 {home.root}" if open_to_all else ""
    yield Finding(
        "数据目录", NOTE if open_to_all else GOOD, str(home.root) + ("，其他用户也能读" if open_to_all else ""), advice
    )
    free = shutil.disk_usage(home.root).free
    state = FAULT if free < LEAST_FREE else NOTE if free < ENOUGH_FREE else GOOD
    advice = "" if state == GOOD else "请清理磁盘；低于 2 GB 时停止接收遥测，记录照常。"
    yield Finding("磁盘剩余", state, f"{free / 1024**3:.1f} GB", advice)


def _clock(home: DataHome, now: float) -> Iterator[Finding]:
    newest = max((p.stat().st_mtime for p in home.root.glob("profiles/*/*.db")), default=0.0)
    if now < OLDEST_T or newest > now + 300:
        yield Finding("时钟", FAULT, "本机时间不对，或被调回过", "请校准系统时间（北京时间），再启动。")
    else:
        words = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now + 8 * 3600))
        yield Finding("时钟", GOOD, f"{words} 北京时间")


def _key(home: DataHome, key: OpsKey | None, trouble: Finding | None) -> Iterator[Finding]:
    refused = keyrings.refusal()
    yield Finding("系统钥匙串", NOTE if refused else GOOD, f"没有可用的（{refused}）" if refused else keyrings.name())
    if trouble is not None:
        yield trouble
        return
    kind = kind_of(home.root)
    words = {"": "还没有，首次启动时建立", "keyring": "由系统钥匙串保管", "passphrase": "由口令保管"}[kind]
    locked = kind == "passphrase" and key is None
    advice = "检查记录库请设置环境变量 FLOOD_CONSOLE_PASSPHRASE 后再运行；忘记口令则未上报的记录无法找回。" if locked else ""
    yield Finding("密钥", NOTE if locked else GOOD, words + ("，现在没有解锁" if locked else ""), advice)


def _processes(home: DataHome, source: str) -> Iterator[Finding]:
    profile = home.profile(source)
    for name, folder, endpoint in (
        ("sync", profile.folder, profile.sync_endpoint),
        ("central", home.central(source), home.central(source) / "endpoint.json"),
    ):
        word = {"sync": "同步进程", "central": "内嵌中心服务"}[name]
        if not folder.is_dir():
            yield Finding(word, GOOD, "没有运行过")
            continue
        try:
            owned = is_owned(folder, name)
        except OSError as exc:
            yield Finding(word, FAULT, f"锁文件打不开（{exc}）", f"请检查 {folder} 的权限。")
            continue
        where = read_endpoint(endpoint)
        words = f"正在运行，端口 {where.port}" if owned and where else "正在运行，还没有公布端口" if owned else "没有运行"
        yield Finding(word, GOOD, words)


def _files(home: DataHome, key: OpsKey | None, now: float) -> Iterator[Finding]:
    for profile in profiles_of(home):
        yield from file_findings(profile, key, deep=False)
        yield from keeping_findings(profile, now)
        if key is not None and profile.ops.exists():
            yield outbox_finding(profile, key, now)
