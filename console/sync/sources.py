"""Where the centre of a data source is found: embedded on loopback, or a real one by address."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from console.drill.facts import DRILL, flood_keys, is_recording
from console.errors import ConsoleError, StoreError
from console.paths import DataHome
from console.processes import Endpoint, read_endpoint

if TYPE_CHECKING:
    from backend_client.session import Session

TOKEN_VARIABLE = "FLOOD_CONSOLE_TOKEN"  # noqa: S105 - the name of a variable, not a secret
Found = Endpoint | tuple[str, str] | None


def is_remote(source: str) -> bool:
    return source.startswith(("https://", "http://"))


def check_source(source: str, home: Path | None = None) -> None:
    """Refuse a source that cannot exist. home: whose library of disasters a drill is looked up in.

    Raises:
        ConsoleError: neither live, a recording, nor a safe address.
    """
    if home is not None and source.startswith(DRILL) and is_recording(source):
        from console.drill.disasters import drill_names  # numbers are slow to import: only where there is a drill

        if source not in (names := drill_names(home)):
            raise ConsoleError(
                f"情景库里没有 {source.removeprefix(DRILL)!r}，或它不能用来演练。", f"可用：{'、'.join(names)}。"
            )
    if source == "live" or is_recording(source):
        return
    if is_remote(source) and not _plain_address(source):
        raise ConsoleError(f"中心服务地址 {source!r} 写法不对。", "请写成 https://主机名 或 https://主机名:端口，不带用户名。")
    if source.startswith("https://") or (is_remote(source) and _plain_address(source) == "127.0.0.1"):
        return
    if source.startswith("http://"):
        raise ConsoleError(f"中心服务地址 {source} 没有加密。", "请改用 https:// 地址；明文地址只允许用于本机 127.0.0.1。")
    raise ConsoleError(
        f"数据源 {source!r} 不存在。",
        f"可用：live、{'、'.join(flood_keys())}、drill-情景代码（见 recordings 命令），或 https:// 地址。",
    )


def _plain_address(source: str) -> str:
    """Return the host of an address that has one and carries no user name, else an empty string."""
    try:
        parts = urlsplit(source)
        return "" if parts.username is not None or parts.port == 0 else parts.hostname or ""
    except ValueError:
        return ""


def central_of(home: DataHome, source: str) -> Callable[[], Found]:
    """Return how to find the centre; for an embedded one the file is read anew at each try.

    Raises:
        ConsoleError: the source cannot exist, or a remote one has no token.
    """
    check_source(source)
    if not is_remote(source):
        path = home.central(source) / "endpoint.json"
        return lambda: read_endpoint(path)
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise ConsoleError("没有访问中心服务的令牌。", f"请把令牌放入环境变量 {TOKEN_VARIABLE} 后重新启动。")
    return lambda: (source.rstrip("/"), token)


def session_with(home: DataHome, source: str) -> Session:
    """Return a session with a source's centre, for one thread; the caller closes it.

    Raises:
        ConsoleError: the source cannot exist, or its centre has not said where it listens.
    """
    from backend_client.session import Session  # httpx: windows find their centre without it
    from console.settings import load_settings
    from console.sync.trust import tls_of

    found = central_of(home, source)()
    if found is None:
        raise StoreError("中心服务没有运行。", "请先启动中心或桌面终端再试。")
    url, token = (found.url, found.token) if isinstance(found, Endpoint) else found
    return Session(url, token, tls=tls_of(load_settings(home.settings)) if is_remote(source) else None)
