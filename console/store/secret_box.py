"""Keeping private keys: wrapped under the machine's own key, which no file holds plain."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from console.errors import StoreError
from console.store.keys import PASSPHRASE_VARIABLE, OpsKey, available_key

NONCE = 12
PURPOSE = b"device identity"


class SecretBox(Protocol):
    """Wraps bytes so that the file alone tells nothing."""

    def wrap(self, plain: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the plain bytes.

        Raises:
            StoreError: another key, or damage.
        """
        ...


class KeyBox:
    """AES-256-GCM under a key derived from the one that opens ops.db: one secret to keep, one to lose."""

    def __init__(self, key: OpsKey) -> None:
        self._key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=PURPOSE).derive(key.secret)

    def wrap(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return nonce + AESGCM(self._key).encrypt(nonce, plain, PURPOSE)

    def unwrap(self, wrapped: bytes) -> bytes:
        try:
            return AESGCM(self._key).decrypt(wrapped[:NONCE], wrapped[NONCE:], PURPOSE)
        except (InvalidTag, ValueError) as exc:
            raise StoreError(
                "本机身份密钥打不开：不是这把密钥，或文件已损坏。", "请用建立身份时的系统账户和口令再试。"
            ) from exc


def secret_box(folder: Path, key: OpsKey | None = None) -> SecretBox:
    """Return the box of an identity folder, which lies in the data folder.

    key: when a window has unlocked it; otherwise the keyring's or the environment's.

    Raises:
        StoreError: there is no key without asking; a private key is never written plain.
    """
    found = key or available_key(folder.parent)
    if found is None:
        raise StoreError("本机还没有解锁，身份私钥不能安全保存。", f"请先设置环境变量 {PASSPHRASE_VARIABLE} 为口令后再试。")
    return KeyBox(found)
