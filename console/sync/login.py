"""Signing in on behalf of the windows: the tokens never leave this process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from backend_client.device_flow import poll_device, start_device
from backend_client.errors import BackendError, Untrusted
from backend_client.identity import Identity, LoginFailed, Tokens
from backend_client.loopback import Listener
from backend_client.oidc import OidcClient
from backend_client.provider import Provider
from console.errors import ConsoleError
from console.settings import Settings
from console.store.token_vault import TokenVault, sound_keyring
from console.sync.credentials import PersonalCredentials
from console.sync.trust import tls_of, trust_words

log = logging.getLogger(__name__)
PATIENCE_S = 300.0
Show = Callable[[str, str], None]  # address to open, code to type ("" for the browser)
Announce = Callable[[Mapping[str, Any]], None]
LOGIN_WORDS = {
    "signed-out": "还没有登录。",
    "session-ended": "登录已失效，请重新登录。",
    "denied": "身份服务没有同意这次登录。",
    "nobody-came": "等了太久，没有收到登录答复。",
    "cancelled": "登录已取消。",
    "token-early": "本机时钟慢了：请先校准日期和时间，再登录。",
    "token-expired": "本机时钟快了，或登录答复来得太晚：请核对时间后再登录。",
    "no-device-login": "身份服务不支持用验证码登录，请用浏览器登录。",
    "provider-refused": "身份服务拒绝了这次登录，请联系运维。",
    "roles-conflict": "此账号兼任了必须分开的角色，请联系安全管理员。",
    "unreachable": "身份服务连不上，请检查网络。",
    "unbelievable": "登录答复不可信，已丢弃；请勿继续，请联系运维。",
}


def login_words(code: str) -> str:
    return LOGIN_WORDS.get(code, LOGIN_WORDS["unbelievable"])


def failure_code(exc: BackendError) -> str:
    """Return the code of LOGIN_WORDS for what ended a login."""
    if isinstance(exc, LoginFailed):
        return exc.code
    return exc.code if isinstance(exc, Untrusted) else "unreachable"


def client_of(settings: Settings, clock: Callable[[], float]) -> OidcClient:
    """Return the client of the settings' provider.

    Raises:
        ConsoleError: its address is not encrypted, or the TLS settings cannot be used.
    """
    try:
        return OidcClient(Provider(settings.oidc_issuer, tls=tls_of(settings)), settings.oidc_client_id, clock)
    except Untrusted as exc:
        raise ConsoleError(*trust_words(exc.code), exc.detail) from exc


def vault_of(settings: Settings) -> TokenVault:
    return TokenVault(f"{settings.oidc_issuer} {settings.oidc_client_id}", sound_keyring())


def by_browser(client: OidcClient, show: Show, cancelled: Callable[[], bool], patience_s: float = PATIENCE_S) -> Tokens:
    """Sign in with the system's browser; show() opens the address.

    Raises:
        BackendError: nobody is signed in.
    """
    listener = Listener()
    try:
        attempt = client.begin(listener.redirect_uri)
        show(attempt.url, "")
        return client.finish(attempt, listener.wait(attempt.state, patience_s, cancelled))
    finally:
        listener.server_close()


def by_code(client: OidcClient, show: Show, pause: Callable[[float], bool]) -> Tokens:
    """Sign in with a code that is typed on another device.

    Raises:
        BackendError: nobody is signed in.
    """
    code = start_device(client)
    show(code.url, code.user_code)
    return poll_device(client, code, pause)


class SignIn:
    """Takes the windows' wishes; one login at a time, the newer ends the older."""

    def __init__(self, client: OidcClient, vault: TokenVault, announce: Announce) -> None:
        self._client = client
        self._announce = announce
        self._stop = threading.Event()
        self.credentials = PersonalCredentials(client, vault, self._told)

    def command(self, doc: Mapping[str, Any]) -> None:
        """Do what a window asks: login (how: browser or code, by: which window), login-cancel, logout."""
        name = doc.get("cmd")
        self._stop.set()
        if name == "login":
            self._stop = threading.Event()
            work = threading.Thread(
                target=self._sign_in, args=(doc.get("how") == "code", str(doc.get("by", ""))[:60], self._stop), name="login"
            )
            work.daemon = True  # waits for a person
            work.start()
        elif name == "logout":
            threading.Thread(target=self.credentials.sign_out, name="logout").start()

    def close(self) -> None:
        self._stop.set()

    def _sign_in(self, with_code: bool, by: str, stop: threading.Event) -> None:
        def show(url: str, code: str) -> None:
            self._announce({"state": "asked", "url": url, "code": code, "by": by})

        try:
            if with_code:
                tokens = by_code(self._client, show, stop.wait)
            else:
                tokens = by_browser(self._client, show, stop.is_set)
        except BackendError as exc:
            log.info("login: %s", exc)
            self._announce({"state": "failed", "code": failure_code(exc)})
        else:
            self.credentials.sign_in(tokens)

    def _told(self, identity: Identity | None) -> None:
        if identity is None:
            self._announce({"state": "out"})
            return
        about = {"subject": identity.subject, "name": identity.name, "roles": list(identity.roles)}
        self._announce({"state": "in", **about, "kept": self.credentials.kept})
