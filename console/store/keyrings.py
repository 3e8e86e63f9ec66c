"""The system's keyring, where it is a real one: what keeps secrets in plain text is not."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import keyring
from keyring.errors import KeyringError

log = logging.getLogger(__name__)
SERVICE = "flood-console"
UNREAL = ("fail", "null", "plaintext", "uncrypted", "file")  # parts of backend names that keep nothing safe
FAULTS = (KeyringError, OSError, RuntimeError, ValueError, TypeError, AttributeError)  # what backends were seen to raise


def refusal() -> str:
    """Return why there is no real keyring; "" when there is one."""
    try:
        backend = keyring.get_keyring()
        found: list[Any] = list(getattr(backend, "backends", [])) or [backend]
    except FAULTS as exc:
        return repr(exc)
    for one in found:
        kind = type(one)
        name = f"{kind.__module__}.{kind.__name__}".lower()
        if any(part in name for part in UNREAL):
            return f"{kind.__module__}.{kind.__name__}"
    return ""


def name() -> str:
    """Return what the backend calls itself."""
    return str(getattr(keyring.get_keyring(), "name", "?"))


def get(account: str) -> str | None:
    try:
        return keyring.get_password(SERVICE, account)
    except FAULTS as exc:
        log.warning("keyring gave nothing: %s", type(exc).__name__)
        return None


def put(account: str, secret: str) -> bool:
    """Keep a secret; True only when the keyring gives it back."""
    try:
        keyring.set_password(SERVICE, account, secret)
    except FAULTS as exc:
        log.warning("keyring took nothing: %s", type(exc).__name__)
        return False
    return get(account) == secret


def drop(account: str) -> None:
    with contextlib.suppress(*FAULTS):
        keyring.delete_password(SERVICE, account)
