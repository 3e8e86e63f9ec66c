"""Who a device is: two key pairs, a card to hand out, and the list of cards that are trusted."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from console.errors import StoreError
from console.store.secret_box import SecretBox
from console.texts import printable

KEY = 32
CARD_MAX = 4096


@dataclass(frozen=True, slots=True)
class Card:
    """What others may know. device_id: fingerprint of both public keys (hex), 160 bits."""

    name: str
    device_id: str
    sign: str
    seal: str

    def to_text(self) -> str:
        doc = {"fccx_card": 1, "name": self.name, "id": self.device_id, "sign": self.sign, "seal": self.seal}
        return json.dumps(doc, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A card on the list; revoked_at: UTC s, 0 while trusted."""

    card: Card
    since: float
    revoked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Identity:
    """This device with its private keys; never written, never shown."""

    card: Card
    sign_key: Ed25519PrivateKey
    seal_key: X25519PrivateKey


def fingerprint(sign: bytes, seal: bytes) -> str:
    digest = hashlib.sha256(b"fccx device\0" + sign + seal).digest()[:20]
    return base64.b32encode(digest).decode()


def spoken(device_id: str) -> str:
    """Return a device id in groups of four, to be read out over the phone."""
    return " ".join(device_id[i : i + 4] for i in range(0, len(device_id), 4))


def card_from(text: str) -> Card:
    """Return the card of a text.

    Raises:
        StoreError: it is no card, or its id is not that of its keys.
    """
    try:
        doc = json.loads(text[:CARD_MAX])
        sign, seal = bytes.fromhex(doc["sign"]), bytes.fromhex(doc["seal"])
        card = Card(printable(str(doc["name"]), 60), str(doc["id"]), sign.hex(), seal.hex())
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise StoreError("这不是身份卡，或身份卡不完整。", "请对方用 console identity 重新导出。", repr(exc)[:200]) from exc
    if (len(sign), len(seal)) != (KEY, KEY) or fingerprint(sign, seal) != card.device_id:
        raise StoreError("身份卡的指纹与其公钥不符，可能被改动。", "不要使用；请对方重新导出，并电话核对指纹。")
    return card


class DeviceKeys:
    """The identity folder of one data home."""

    def __init__(self, folder: Path, box: SecretBox) -> None:
        self._path = folder / "device.json"
        self._box = box

    def load(self, name: str = "") -> Identity:
        """Return this device's identity, made at the first call.

        Raises:
            StoreError: the keys cannot be opened or written.
        """
        if not self._path.exists():
            return self._make(name or platform.node() or "console")
        try:
            doc = json.loads(self._path.read_text("utf-8"))
            private = self._box.unwrap(bytes.fromhex(doc["private"]))
            card = card_from(self._path.read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise StoreError("本机身份文件已损坏。", "请从备份恢复；新建身份后需要各方重新加入信任。", repr(exc)[:200]) from exc
        found = _identity(card.name, private)
        if found.card.device_id != card.device_id:
            raise StoreError("本机身份文件已损坏。", "请从备份恢复；新建身份后需要各方重新加入信任。", "keys")
        return found

    def _make(self, name: str) -> Identity:
        private = Ed25519PrivateKey.generate().private_bytes_raw() + X25519PrivateKey.generate().private_bytes_raw()
        found = _identity(printable(name, 60), private)
        doc = json.loads(found.card.to_text()) | {"private": self._box.wrap(private).hex()}
        _write(self._path, doc)
        return found


def _identity(name: str, private: bytes) -> Identity:
    sign_key = Ed25519PrivateKey.from_private_bytes(private[:KEY])
    seal_key = X25519PrivateKey.from_private_bytes(private[KEY:])
    sign, seal = sign_key.public_key().public_bytes_raw(), seal_key.public_key().public_bytes_raw()
    return Identity(Card(name, fingerprint(sign, seal), sign.hex(), seal.hex()), sign_key, seal_key)


class TrustList:
    """Whose bundles are taken; a revoked card stays on the list, so that the refusal can say why."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "trusted.json"

    def all(self) -> list[Trusted]:
        """Return the list, newest last.

        Raises:
            StoreError: the file cannot be read.
        """
        if not self._path.exists():
            return []
        try:
            docs = json.loads(self._path.read_text("utf-8"))["trusted"]
            return [Trusted(Card(**d["card"]), float(d["since"]), float(d["revoked_at"])) for d in docs]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise StoreError(
                "信任名单读不出来。", "请从备份恢复 identity 目录，或重新加入各方身份卡。", repr(exc)[:200]
            ) from exc

    def find(self, device_id: str) -> Trusted | None:
        return next((t for t in self.all() if t.card.device_id == device_id), None)

    def match(self, word: str) -> Trusted:
        """Return the trusted device of an id, its beginning, or its name.

        Raises:
            StoreError: none or more than one.
        """
        key = word.replace(" ", "")
        live = [t for t in self.all() if not t.revoked_at]
        found = [t for t in live if t.card.name == word or (len(key) >= 4 and t.card.device_id.startswith(key.upper()))]
        if len(found) != 1:
            what = "没有" if not found else "有多台"
            raise StoreError(f"信任名单中{what}设备符合 {word!r}。", "请用 console trust 查看名单，写出指纹的前几组。")
        return found[0]

    def add(self, card: Card) -> None:
        kept = [t for t in self.all() if t.card.device_id != card.device_id]
        self._save([*kept, Trusted(card, time.time())])

    def revoke(self, device_id: str) -> None:
        self._save([replace(t, revoked_at=time.time()) if t.card.device_id == device_id else t for t in self.all()])

    def _save(self, items: list[Trusted]) -> None:
        _write(self._path, {"trusted": [asdict(t) for t in items]})


def _write(path: Path, doc: Mapping[str, Any]) -> None:
    """Write so that only this user can read it; readers see all of it or none."""
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(doc, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except OSError as exc:
        raise StoreError(f"{path.name} 写不进去。", f"请检查 {path.parent} 的权限和剩余空间。", str(exc)) from exc
