"""``console login`` and ``console logout``: signing in without a window."""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Callable

from backend_client.errors import BackendError
from backend_client.oidc import OidcClient
from console.errors import ConsoleError
from console.settings import Settings
from console.store.token_vault import TokenVault
from console.sync.credentials import PersonalCredentials
from console.sync.login import by_browser, by_code, client_of, failure_code, login_words, vault_of
from console.sync.trust import TRUST_WORDS, trust_words
from console.texts import printable

Say = Callable[[str], None]


class NotSignedIn(ConsoleError):
    """The login did not come about or cannot be kept."""


def _parts(settings: Settings) -> tuple[OidcClient, TokenVault]:
    if not settings.oidc_issuer:
        raise ConsoleError("没有设置身份服务。", "请在设置文件中填写 oidc_issuer（本单位统一身份认证的 https 地址）。")
    return client_of(settings, time.time), vault_of(settings)


def sign_in(settings: Settings, *, with_code: bool, say: Say = print) -> int:
    """Sign in and keep the session in the keyring.

    Raises:
        ConsoleError: nobody is signed in, or there is no keyring to keep it in.
    """
    client, vault = _parts(settings)
    if not vault.kept:
        raise NotSignedIn(
            "这台机器没有可用的系统密钥环，登录不能保存；令牌不会写进文件。",
            "请启用系统密钥环（如 GNOME 密钥环、KWallet），或在桌面终端窗口里登录（关闭窗口即失效）。",
        )

    def show(url: str, code: str) -> None:
        if code:
            say(f"请在另一台设备的浏览器打开 {printable(url)} ，输入验证码：{printable(code)}")
        elif not webbrowser.open(url):
            say(f"打不开浏览器。请手工打开：{printable(url, 2000)}\n或改用 console login --device。")

    never = threading.Event()
    try:
        tokens = by_code(client, show, never.wait) if with_code else by_browser(client, show, never.is_set)
    except BackendError as exc:
        code = failure_code(exc)
        words = trust_words(code) if code in TRUST_WORDS else (login_words(code), "请重试。")
        raise NotSignedIn(*words, code) from exc
    finally:
        client.provider.close()
    vault.save(tokens.refresh)
    if not vault.kept:
        raise NotSignedIn("系统密钥环没有收下登录。", "请解锁系统密钥环后重试。")
    roles = "、".join(printable(r, 40) for r in tokens.identity.roles) or "无"
    say(f"已登录：{printable(tokens.identity.name, 60)}（角色：{roles}）。")
    return 0


def sign_out(settings: Settings, *, say: Say = print) -> int:
    """Wipe the kept session and end it at the provider.

    Raises:
        ConsoleError: no provider is set.
    """
    client, vault = _parts(settings)
    PersonalCredentials(client, vault, lambda _identity: None).sign_out()
    client.provider.close()
    say("已退出登录，本机保存的登录已清除。")
    return 0
