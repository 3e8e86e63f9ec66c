"""First run on a bare machine: make the environment, then start again inside it.

Standard library only: this module runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("PySide6", "PySide6QtAds", "pyqtgraph", "vtk", "qasync", "httpx", "sqlcipher3", "fastapi", "uvicorn")
NEEDED_FOR_TESTS = ("pytest", "pytestqt", "xdist", "mypy", "importlinter", "hypothesis")
SYSTEM_LIBRARIES = {
    "glib-2.0": "libglib2.0-0",
    "GL": "libgl1",
    "EGL": "libegl1",
    "xkbcommon": "libxkbcommon0",
    "dbus-1": "libdbus-1-3",
    "fontconfig": "libfontconfig1",
    "gssapi_krb5": "libgssapi-krb5-2",
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "xcb-image": "libxcb-image0",
    "xcb-render-util": "libxcb-render-util0",
    "xcb-shape": "libxcb-shape0",
}
MARK = "FLOOD_CONSOLE_BOOTSTRAPPED"


def say(text: str) -> None:
    print(f"[三防指挥台] {text}", file=sys.stderr, flush=True)


def ensure_environment(module: str, *, tests: bool = False) -> None:
    """Return when everything needed can be imported; otherwise set it up and restart there.

    Raises:
        SystemExit: it cannot be set up; the reason and the next step were said.
    """
    sys_packages()
    wanted = NEEDED + (NEEDED_FOR_TESTS if tests else ())
    if all(importlib.util.find_spec(name) for name in wanted):
        return
    if os.environ.get(MARK):
        missing = [name for name in wanted if not importlib.util.find_spec(name)]
        raise SystemExit(f"[三防指挥台] 环境装好后仍缺少 {missing}；请删除 {ROOT / '.venv'} 后重试。")
    if not (ROOT / "pyproject.toml").exists():
        raise SystemExit("[三防指挥台] 缺少依赖包；请用 pip install 重新安装本程序。")
    python = build_venv(tests=tests)
    os.environ[MARK] = "1"
    os.execv(python, [str(python), "-m", module, *sys.argv[1:]])


def build_venv(*, tests: bool) -> Path:
    """Make .venv with the pinned packages (again when the pins changed); return its Python."""
    folder = ROOT / ".venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    packages = list(project["dependencies"])
    if tests:
        packages += project["optional-dependencies"]["dev"]
    stamp = hashlib.sha256("\n".join(packages).encode()).hexdigest()
    done = folder / f"installed-{'tests' if tests else 'run'}"
    if python.exists() and done.exists() and done.read_text() == stamp:
        return python
    try:
        if not python.exists():
            say(f"首次运行：正在建立运行环境 {folder} …")
            venv.create(folder, with_pip=True)
        say("正在安装固定版本的依赖包（首次约 1–3 分钟，视网络而定）…")
        command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "-q", *packages]
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise SystemExit(f"[三防指挥台] 依赖包没有装上（{exc}）。请检查网络或软件源设置，然后重新运行同一条命令。") from exc
    done.write_text(stamp)
    say("运行环境已就绪。")
    return python


def missing_libraries() -> list[str]:
    """Return the Debian packages of shared libraries that Qt and VTK need and that are absent."""
    if not sys.platform.startswith("linux"):
        return []
    ldconfig = shutil.which("ldconfig") or "/sbin/ldconfig"
    try:
        known = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []  # not a glibc system: Qt itself will name what it misses
    return [pkg for lib, pkg in SYSTEM_LIBRARIES.items() if f"lib{lib}.so" not in known]


def sys_packages() -> None:
    """Install missing system libraries (Debian, root) or print the one line that does it."""
    missing = missing_libraries()
    if not missing:
        return
    line = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(missing)}"
    if not shutil.which("apt-get") or os.geteuid() != 0:
        say(f"缺少系统库。请用管理员身份运行：{line}")
        return
    say(f"正在安装系统库：{' '.join(missing)} …")
    calm = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    try:
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=calm)
    except (OSError, subprocess.CalledProcessError) as exc:
        say(f"系统库没有装上（{exc}）。请手工运行：{line}")
