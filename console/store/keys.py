"""The key of ops.db: in the system's keyring, or wrapped by a passphrase; never plain on the disk.

``ops.key`` in the data folder says which of both holds. It carries no secret: the name of a
keyring account, or the key sealed with AES-GCM under scrypt(passphrase). So another passphrase
seals 32 bytes anew and no database has to be written again.
"""

from __future__ import annotations

import binascii
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from console.errors import StoreError
from console.store import keyrings

PASSPHRASE_VARIABLE = "FLOOD_CONSOLE_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
KEY_FILE = "ops.key"
CHECK_FILE = "ops.check"
SHORTEST = 8
COST = 2**17  # scrypt N; with r=8 it takes 128 MB and about a third of a second
COSTS = range(2**10, 2**20 + 1)
SOURCES = {"keyring": "系统钥匙串", "passphrase": "口令", "handed": "由桌面进程交来"}


class KeyTrouble(StoreError):
    """The key cannot be had."""


class WrongPassphrase(KeyTrouble):
    """The passphrase does not open the key."""


@dataclass(frozen=True, slots=True)
class OpsKey:
    """32 bytes that open ops.db, and where they came from."""

    secret: bytes = field(repr=False)
    source: str = "handed"

    def __post_init__(self) -> None:
        if len(self.secret) != 32:
            raise ValueError("an ops key has 32 bytes")

    def pragma(self) -> str:
        """Return the raw key as SQLCipher takes it: no derivation at every open."""
        return f"\"x'{self.secret.hex()}'\""

    def to_line(self) -> bytes:
        """Return what a parent writes into its child's standard input."""
        return self.secret.hex().encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> OpsKey | None:
        """Read what a parent wrote; None when it has no key."""
        try:
            return cls(bytes.fromhex(line.decode("ascii").strip()))
        except ValueError:
            return None


def kind_of(folder: Path) -> str:
    """Return how the key of a data folder is kept: keyring, passphrase, or "" when there is none yet.

    Raises:
        KeyTrouble: the key file cannot be read.
    """
    doc = _read(folder / KEY_FILE)
    return "" if doc is None else str(doc["kind"])


def available_key(folder: Path, environment: Mapping[str, str] = os.environ) -> OpsKey | None:
    """Return the key without asking anybody, making it where there is none; None when one must ask.

    Raises:
        WrongPassphrase: the environment's passphrase is not the one.
        KeyTrouble: the keyring no longer gives the key, or the key file is damaged.
    """
    doc = _read(folder / KEY_FILE)
    passphrase = environment.get(PASSPHRASE_VARIABLE, "")
    if doc is None:
        made = _new_in_keyring(folder)
        if made is not None:
            return made
    elif doc["kind"] == "keyring":
        return _from_keyring(doc)
    return unlock(folder, passphrase) if passphrase else None


def unlock(folder: Path, passphrase: str, cost: int = COST) -> OpsKey:
    """Open the key with a passphrase; the first one that is given makes the key.

    Raises:
        WrongPassphrase: it is not the one, or too short for a first one.
        KeyTrouble: the key file is damaged or cannot be written.
    """
    path = folder / KEY_FILE
    doc = _read(path)
    if doc is None:
        if len(passphrase) < SHORTEST:
            raise WrongPassphrase(f"口令至少要 {SHORTEST} 个字符。", "请换一个更长的口令。")
        secret = secrets.token_bytes(32)
        if _create(path, _sealed(secret, passphrase, cost)):
            return OpsKey(secret, "passphrase")
        doc = _read(path)  # another window was faster: its key holds, if this is its passphrase
    if doc is None or doc["kind"] != "passphrase":
        raise KeyTrouble("本机密钥不由口令保管。", "请重新启动，程序会从系统钥匙串取密钥。")
    return OpsKey(_opened(doc, passphrase), "passphrase")


def change_passphrase(folder: Path, old: str, new: str, cost: int = COST) -> None:
    """Seal the same key under another passphrase.

    Raises:
        WrongPassphrase: the old one is not the one, or the new one is too short.
    """
    if not kind_of(folder):
        raise KeyTrouble("这台机器还没有设口令。", "首次启动指挥台时会设置。")
    key = unlock(folder, old)
    if len(new) < SHORTEST:
        raise WrongPassphrase(f"口令至少要 {SHORTEST} 个字符。", "请换一个更长的口令。")
    path = folder / KEY_FILE
    draft = _draft(path, _sealed(key.secret, new, cost))
    draft.replace(path)
    _sync_folder(folder)


def note_key(database: Path, key: OpsKey) -> None:
    """Write down which key a database was made with, as a check that tells nothing of the key."""
    note = database.with_name(CHECK_FILE)
    if not is_its_key(database, key):
        try:
            note.write_text(_check(key.secret), "ascii")
        except OSError as exc:
            raise _unwritable(note, exc) from exc


def is_its_key(database: Path, key: OpsKey) -> bool:
    """Tell whether a database was made with this key; False while nothing is known of it."""
    try:
        return hmac.compare_digest(database.with_name(CHECK_FILE).read_bytes(), _check(key.secret).encode())
    except OSError:
        return False


# --- the two ways of keeping it ------------------------------------------------------------
def _new_in_keyring(folder: Path) -> OpsKey | None:
    if keyrings.refusal():
        return None
    account, secret = str(uuid.uuid4()), secrets.token_bytes(32)
    if not keyrings.put(account, secret.hex()):
        return None
    if _create(folder / KEY_FILE, {"kind": "keyring", "account": account, "check": _check(secret)}):
        return OpsKey(secret, "keyring")
    keyrings.drop(account)  # another window was faster
    doc = _read(folder / KEY_FILE)
    return _from_keyring(doc) if doc is not None and doc["kind"] == "keyring" else None


def _from_keyring(doc: Mapping[str, Any]) -> OpsKey:
    text = keyrings.get(str(doc["account"]))
    try:
        key = OpsKey(bytes.fromhex(text or ""), "keyring")
    except ValueError:
        key = None
    if key is None or not hmac.compare_digest(_check(key.secret), str(doc["check"])):
        raise KeyTrouble(
            "系统钥匙串里取不到本机记录库的密钥。",
            "请解锁系统钥匙串后重新启动；密钥若已丢失，请运行 python3 -m console doctor 查看办法。",
            keyrings.refusal() or "no such account",
        )
    return key


def _sealed(secret: bytes, passphrase: str, cost: int) -> dict[str, Any]:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    box = AESGCM(_derived(passphrase, salt, cost)).encrypt(nonce, secret, b"ops.key")
    return {"kind": "passphrase", "cost": cost, "salt": salt.hex(), "nonce": nonce.hex(), "box": box.hex()}


def _opened(doc: Mapping[str, Any], passphrase: str) -> bytes:
    try:
        salt, nonce, box = (bytes.fromhex(str(doc[k])) for k in ("salt", "nonce", "box"))
        return AESGCM(_derived(passphrase, salt, int(doc["cost"]))).decrypt(nonce, box, b"ops.key")
    except InvalidTag as exc:
        raise WrongPassphrase("口令不对。", "请再试一次；注意大小写和输入法。") from exc


def _derived(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode("utf-8"))


def _check(secret: bytes) -> str:
    return hmac.new(secret, b"ops.key", hashlib.sha256).hexdigest()[:16]


# --- the file ------------------------------------------------------------------------------
def _read(path: Path) -> dict[str, Any] | None:
    try:
        doc = json.loads(path.read_text("utf-8"))
        if doc["kind"] == "passphrase":
            sound = doc["cost"] in COSTS and all(len(bytes.fromhex(doc[k])) == n for k, n in SIZES.items())
        else:
            sound = doc["kind"] == "keyring" and isinstance(doc["account"], str) and isinstance(doc["check"], str)
        if not sound:
            raise ValueError("unknown content")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, binascii.Error) as exc:
        raise KeyTrouble(
            f"密钥文件 {path} 读不出来或已损坏。",
            "请从备份恢复这个文件后重新启动；没有它，本机记录库打不开。",
            repr(exc),
        ) from exc
    return dict(doc)


SIZES = {"salt": 16, "nonce": 12, "box": 48}


def _create(path: Path, doc: Mapping[str, Any]) -> bool:
    """Put the file there unless there is one; False when another process was faster.

    The key is on the disk before any database is written with it: a power cut cannot part them.
    """
    draft = _draft(path, doc)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return True


def _draft(path: Path, doc: Mapping[str, Any]) -> Path:
    draft = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(doc, out)
            out.flush()
            os.fsync(out.fileno())
    except OSError as exc:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise _unwritable(path, exc) from exc
    return draft


def _unwritable(path: Path, exc: OSError) -> KeyTrouble:
    return KeyTrouble(f"文件 {path} 写不进去。", "请检查数据目录的权限和剩余空间。", str(exc))


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open a folder; NTFS journals its names
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
