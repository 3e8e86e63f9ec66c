"""Bundles out of a console's own files, sealed to a trusted device: its cache down, its outbox up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from console.errors import StoreError
from console.paths import DataHome, Profile
from console.store.bundle.cache_source import CacheSource
from console.store.bundle.gather import Gathered, gather_down, gather_outbox
from console.store.bundle.manifest import Manifest
from console.store.bundle.register import ExchangeRegister
from console.store.bundle.writing import BundleDraft, bundle_draft, seal_bundle
from console.store.identity import DeviceKeys, TrustList
from console.store.keys import OpsKey
from console.store.secret_box import secret_box

Seal = Callable[[Path, str, Manifest], None]


def export_cache(
    home: DataHome,
    source: str,
    device_id: str,
    path: Path,
    days: float | None,
    files: Sequence[Path] = (),
    key: OpsKey | None = None,
) -> Gathered:
    """Write a down bundle of what the cache holds.

    Raises:
        StoreError: the device is not trusted, the cache is empty, or the disk failed.
    """
    profile = home.profile(source)
    with _sealing(home, profile, device_id, key) as (draft, seal):
        found = gather_down(draft, CacheSource(profile, source), days, files)
        seal(path, "down", found.manifest)
    return found


def export_outbox(home: DataHome, source: str, device_id: str, path: Path, key: OpsKey) -> int:
    """Write an up bundle of what waits in the outbox; returns how many ops.

    Raises:
        StoreError: the device is not trusted, nothing waits, or the disk failed.
    """
    profile = home.profile(source)
    with _sealing(home, profile, device_id, key) as (draft, seal):
        manifest, count = gather_outbox(draft, profile.ops, source, key)
        seal(path, "up", manifest)
    return count


@contextmanager
def _sealing(home: DataHome, profile: Profile, device_id: str, key: OpsKey | None) -> Iterator[tuple[BundleDraft, Seal]]:
    folder = home.root / "identity"
    to = TrustList(folder).find(device_id)
    if to is None or to.revoked_at:
        raise StoreError("接收设备不在信任名单中。", "请先用 console trust 加入对方的身份卡。")
    card, issuer = to.card, DeviceKeys(folder, secret_box(folder, key)).load()
    with closing(ExchangeRegister(folder / "exchange.db")) as register, bundle_draft(profile.run) as draft:

        def seal(path: Path, kind: str, manifest: Manifest) -> None:
            seal_bundle(path, kind, draft, manifest, issuer, card, register)

        yield draft, seal
