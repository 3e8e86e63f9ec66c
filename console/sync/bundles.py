"""Taking a bundle in: the same apply path as the network, by the one writer of the cache."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from console.errors import StoreError
from console.paths import DataHome, Profile
from console.processes import AlreadyRunning, sole_owner
from console.store.bundle.opening import Doorkeeper, OpenBundle, judge
from console.store.bundle.refusal import BundleRefused
from console.store.bundle.register import ExchangeRegister
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter
from console.store.identity import DeviceKeys, TrustList
from console.store.keys import OpsKey
from console.store.secret_box import secret_box
from console.store.sqlite import DatabaseError
from console.sync.bundle_apply import Taken, Tell, apply_down, settle
from console.sync.bundle_desk import ask_sync

log = logging.getLogger(__name__)


def identity_folder(home: DataHome) -> Path:
    return home.root / "identity"


def device_keys(home: DataHome, key: OpsKey | None = None) -> DeviceKeys:
    folder = identity_folder(home)
    return DeviceKeys(folder, secret_box(folder, key))


def doorkeeper(home: DataHome, profile: Profile, place: str = "", key: OpsKey | None = None) -> Doorkeeper:
    """Return what bundles for a profile (or another place) are judged by; the caller closes its register.

    Raises:
        StoreError: the device's keys cannot be opened.
    """
    folder = identity_folder(home)
    identity = device_keys(home, key).load()
    register = ExchangeRegister(folder / "exchange.db")
    return Doorkeeper(identity, TrustList(folder), register, place or profile.name, known_now(profile))


def known_now(profile: Profile) -> float:
    """Return the time to judge age by: a local clock behind the centre's last word is wrong."""
    reader = CacheReader(profile)
    try:
        link = reader.link()
    finally:
        reader.close()
    heard = float(link.get("last_now") or 0.0) if link.get("mode") == "live" else 0.0
    return max(time.time(), heard)


def take_bundle(
    path: Path,
    keeper: Doorkeeper,
    profile: Profile,
    writer: Callable[[], CacheWriter],
    tell: Tell = lambda _rows: None,
    key: OpsKey | None = None,
) -> Taken:
    """Judge a bundle for this console and bring its content in.

    Raises:
        BundleRefused: with the reason; nothing of it is in.
        StoreError: the disk failed; what came in is guarded by revisions, importing again completes it.
    """
    frame, issuer = judge(path, keeper)
    profile.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in profile.run.glob("import-*"):  # of an import that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="import-", dir=profile.run) as folder, path.open("rb") as file:
        content = OpenBundle(frame, keeper.identity, file).unpack(Path(folder))
        if frame.header.kind == "down":
            taken = apply_down(content, issuer.card.name, writer(), profile, tell)
        elif frame.header.kind == "receipt":
            taken = settle(content, issuer.card.name, profile, key)
        else:
            raise BundleRefused("direction", frame.header.kind)
    header = frame.header
    log.info("bundle %s of %s taken: %s", header.bundle, header.issuer, taken.to_doc())
    keeper.register.took(header.issuer, header.kind, keeper.place, header.number, header.created, header.bundle)
    return taken


def take_here(
    home: DataHome, profile: Profile, path: Path, tell: Tell = lambda _rows: None, key: OpsKey | None = None
) -> Taken:
    """Take a down or receipt bundle in, by this process or by the running sync process; blocks.

    Raises:
        StoreError: it was refused with the reason, or the disk failed.
    """
    writers: list[CacheWriter] = []

    def writer() -> CacheWriter:
        writers.append(CacheWriter(profile))
        return writers[-1]

    try:
        with sole_owner(profile.folder, "sync"):
            keeper = doorkeeper(home, profile, key=key)
            try:
                return take_bundle(path, keeper, profile, writer, tell, key)
            finally:
                keeper.register.close()
    except AlreadyRunning:
        return Taken(**ask_sync(profile, path, tell))
    except (DatabaseError, OSError) as exc:
        raise StoreError(
            "本机磁盘写不进去，联络包没有导入完。", "请清理磁盘后重新导入；重复导入无害。", repr(exc)[:300]
        ) from exc
    finally:
        for one in writers:
            one.close()
