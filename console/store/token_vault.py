"""Where the refresh token rests: the system's keyring, or nowhere; never a file of ours."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

log = logging.getLogger(__name__)
SERVICE = "flood-console.refresh"
SOUND = (  # these encrypt with the user's login; whatever else is installed may keep plain text
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
    "keyring.backends.Windows",
)


def sound_keyring() -> KeyringBackend | None:
    """Return the system's keyring, None where there is none, or one that does not protect."""
    found = keyring.get_keyring()
    candidates: Iterable[KeyringBackend] = getattr(found, "backends", None) or (found,)
    return next((b for b in candidates if type(b).__module__.startswith(SOUND)), None)


class TokenVault:
    """One account's refresh token. Used under its owner's lock."""

    def __init__(self, account: str, backend: KeyringBackend | None) -> None:
        self._account = account
        self._backend = backend
        self._memory = ""

    @property
    def kept(self) -> bool:
        """Tell whether a sign-in outlives this process."""
        return self._backend is not None

    def load(self) -> str:
        """Return the token, "" when there is none."""
        if self._backend is not None:
            try:
                return self._backend.get_password(SERVICE, self._account) or ""
            except KeyringError as exc:
                self._lose(exc)
        return self._memory

    def save(self, token: str) -> None:
        """Keep a token; where the keyring fails, in memory alone, and ``kept`` says so."""
        self._memory = token
        if self._backend is not None:
            try:
                self._backend.set_password(SERVICE, self._account, token)
            except KeyringError as exc:
                self._lose(exc)
            else:
                self._memory = ""

    def forget(self) -> None:
        self._memory = ""
        if self._backend is not None:
            try:
                self._backend.delete_password(SERVICE, self._account)
            except PasswordDeleteError:
                return  # there was none
            except KeyringError as exc:
                self._lose(exc)

    def _lose(self, exc: KeyringError) -> None:
        log.warning("keyring does not work, session in memory only: %s", type(exc).__name__)
        self._backend = None
