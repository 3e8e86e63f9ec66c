"""Keeping private keys: wrapped by a key in the system's keyring, or by a passphrase."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Protocol

import keyring
import keyring.backends.fail
import keyring.errors
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from console.errors import StoreError

PASSPHRASE_VARIABLE = "FLOOD_CONSOLE_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
SERVICE = "flood-console"
SALT, NONCE = 16, 12
COST = 2**15  # 32 MB and about 0.1 s a try


class SecretBox(Protocol):
    """Wraps bytes so that the file alone tells nothing."""

    def wrap(self, plain: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the plain bytes.

        Raises:
            StoreError: another key or passphrase, or damage.
        """
        ...


class PassphraseBox:
    """scrypt and AES-256-GCM under a passphrase."""

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase.encode()

    def wrap(self, plain: bytes) -> bytes:
        salt, nonce = secrets.token_bytes(SALT), secrets.token_bytes(NONCE)
        return salt + nonce + AESGCM(self._key(salt)).encrypt(nonce, plain, b"passphrase")

    def unwrap(self, wrapped: bytes) -> bytes:
        salt, nonce, body = wrapped[:SALT], wrapped[SALT : SALT + NONCE], wrapped[SALT + NONCE :]
        try:
            return AESGCM(self._key(salt)).decrypt(nonce, body, b"passphrase")
        except (InvalidTag, ValueError) as exc:
            raise StoreError(
                "本机身份密钥打不开：口令不符或文件已损坏。", f"请核对环境变量 {PASSPHRASE_VARIABLE} 后再试。"
            ) from exc

    def _key(self, salt: bytes) -> bytes:
        return Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(self._passphrase)


class KeyringBox:
    """AES-256-GCM under a key that the system's keyring holds for one data folder."""

    def __init__(self, name: str) -> None:
        self._name = name

    def wrap(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return nonce + AESGCM(self._key(make=True)).encrypt(nonce, plain, b"keyring")

    def unwrap(self, wrapped: bytes) -> bytes:
        try:
            return AESGCM(self._key(make=False)).decrypt(wrapped[:NONCE], wrapped[NONCE:], b"keyring")
        except (InvalidTag, ValueError) as exc:
            raise StoreError("本机身份密钥打不开：系统密钥环中的密钥不符。", "请用建立身份时的系统账户登录后再试。") from exc

    def _key(self, *, make: bool) -> bytes:
        try:
            found = keyring.get_password(SERVICE, self._name)
            if found is None and make:
                found = secrets.token_hex(32)
                keyring.set_password(SERVICE, self._name, found)
        except keyring.errors.KeyringError as exc:
            raise StoreError("系统密钥环现在不能用。", "请解锁系统密钥环后再试。", repr(exc)) from exc
        return bytes.fromhex(found or "")


def secret_box(folder: Path) -> SecretBox:
    """Return the passphrase's box where one is set, else the keyring's.

    Raises:
        StoreError: neither is there; a private key is never written plain.
    """
    passphrase = os.environ.get(PASSPHRASE_VARIABLE, "")
    if passphrase:
        return PassphraseBox(passphrase)
    if isinstance(keyring.get_keyring(), keyring.backends.fail.Keyring):
        raise StoreError(
            "这台机器没有系统密钥环，身份私钥不能安全保存。",
            f"请设置环境变量 {PASSPHRASE_VARIABLE} 为一个长口令后再试。",
        )
    return KeyringBox(f"identity:{folder.resolve()}")
