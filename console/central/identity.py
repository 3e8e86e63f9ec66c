"""Who is calling: the token of this machine, or one that the site's identity provider signed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from backend_client.identity import identity_of
from backend_client.provider import Provider
from console.domain.roles import AUDIT, ENTRIES, PLAYER, READ, ROOMS


@dataclass(frozen=True, slots=True)
class Principal:
    """local: the holder of this machine's own token, who signs with any name."""

    subject: str
    name: str
    roles: tuple[str, ...]
    local: bool = False

    def may_sign(self, author: str) -> bool:
        return self.local or author in (self.name, self.subject)


LOCAL = Principal("local", "", ("duty",), local=True)


class TokenChecker:
    """Checks bearer tokens by the provider's published keys; may be called from any thread."""

    def __init__(self, provider: Provider, audience: str) -> None:
        self._provider = provider
        self._audience = audience
        self._lock = threading.Lock()

    def check(self, token: str) -> Principal:
        """Return who a token is about.

        Raises:
            LoginFailed: the token is not good. BackendError: the provider's keys cannot be had.
        """
        with self._lock:
            found = identity_of(self._provider.claims(token, self._audience, time.time()))
        return Principal(found.subject, found.name, found.roles)


def action_of(method: str, path: str) -> str | None:
    """Return the action that a call is, None for one that nobody may do."""
    if method in ("GET", "HEAD"):
        return AUDIT if path.startswith("/v1/audit") else READ
    if (method, path) == ("POST", "/v1/ops"):
        return ENTRIES
    if (method, path) == ("POST", "/v1/player"):
        return PLAYER
    return ROOMS if method == "PUT" and path.startswith("/v1/rooms/") else None
