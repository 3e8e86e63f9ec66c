"""The offline credential: who last signed in here, sealed by a passphrase, and the count beside it.

It rests in the system's keyring; without one in a file that only this user reads. The identity is
sealed (AES-256-GCM under scrypt of the passphrase); the count is not, because a wrong try must be
counted without the passphrase. In a file, then, who can write this user's files can reset the
count, and is left with scrypt between him and the passphrase.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from console.domain.offline import Leave, Reading
from console.errors import StoreError

SERVICE = "flood-console.offline"
COST = 2**15  # 32 MiB and about a tenth of a second per try
FILE_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Person:
    """Who the credential is for, as the identity provider named them."""

    subject: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credential:
    """sealed and salt: base64. leave: what is counted since the last contact."""

    salt: str
    sealed: str
    leave: Leave


class WrongPassphrase(Exception):
    """The seal does not open."""


def machine_clock() -> Reading:
    """Return this machine's clocks; the boot clock goes on while it sleeps."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return Reading(time.time(), boot, time.clock_gettime(time.CLOCK_BOOTTIME))
    except (OSError, AttributeError):  # not Linux
        return Reading(time.time(), f"{psutil.boot_time():.0f}", time.monotonic())


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode())


def sealed(person: Person, passphrase: str, leave: Leave) -> Credential:
    """Return a new credential; takes about a tenth of a second."""
    salt, nonce = os.urandom(16), os.urandom(12)
    text = json.dumps(asdict(person), ensure_ascii=False).encode()
    closed = nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, text, SERVICE.encode())
    return Credential(base64.b64encode(salt).decode(), base64.b64encode(closed).decode(), leave)


def opened(credential: Credential, passphrase: str) -> Person:
    """Return who a credential is for; takes about a tenth of a second.

    Raises:
        WrongPassphrase: it does not open.
    """
    try:
        salt, closed = base64.b64decode(credential.salt), base64.b64decode(credential.sealed)
        text = AESGCM(_key(passphrase, salt)).decrypt(closed[:12], closed[12:], SERVICE.encode())
        doc = json.loads(text)
        return Person(str(doc["subject"]), str(doc["name"]), tuple(str(r) for r in doc["roles"]))
    except (InvalidTag, ValueError, KeyError, TypeError) as exc:
        raise WrongPassphrase from exc


class CredentialStore:
    """One credential per machine and account of the system. Used by one thread."""

    def __init__(self, path: Path, backend: KeyringBackend | None) -> None:
        self._path = path
        self._backend = backend

    def load(self) -> Credential | None:
        """Return the credential, None when there is none that can be read."""
        try:
            text = self._text()
            return None if text is None else _credential_from(json.loads(text))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None  # damaged: nobody works offline on it, the next sign-in makes a new one

    def _text(self) -> str | None:
        try:
            if self._backend is not None:
                return self._backend.get_password(SERVICE, str(self._path))
            with self._path.open("rb") as file:
                return file.read(FILE_LIMIT).decode()
        except (OSError, KeyringError):
            return None

    def save(self, credential: Credential) -> None:
        """Keep a credential; the old one stays until the new one is whole.

        Raises:
            StoreError: neither keyring nor disk took it.
        """
        text = json.dumps(asdict(credential))
        try:
            if self._backend is not None:
                self._backend.set_password(SERVICE, str(self._path), text)
                return
            draft = self._path.with_suffix(".new")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self._path)
        except (OSError, KeyringError) as exc:
            raise StoreError("离线登录凭据没有存下来。", "请检查磁盘空间或解锁系统密钥环。", type(exc).__name__) from exc

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
        if self._backend is not None:
            try:
                self._backend.delete_password(SERVICE, str(self._path))
            except PasswordDeleteError:
                return  # there was none
            except KeyringError as exc:
                raise StoreError("离线登录凭据没有清除。", "请解锁系统密钥环后再退出登录。", type(exc).__name__) from exc


def _credential_from(doc: Mapping[str, Any]) -> Credential:
    leave = dict(doc["leave"])
    at = Reading(float(leave["at"]["wall_t"]), str(leave["at"]["boot"]), float(leave["at"]["boot_s"]))
    locked = None if leave["locked_s"] is None else float(leave["locked_s"])
    count = Leave(
        float(leave["contact_t"]), at, max(0.0, float(leave["spent_s"])), int(leave["fails"]), locked, bool(leave["backwards"])
    )
    return Credential(str(doc["salt"]), str(doc["sealed"]), count)
