"""A down bundle out of a console's own cache, sealed to a trusted device."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from console.errors import StoreError
from console.paths import DataHome
from console.store.bundle.cache_source import CacheSource
from console.store.bundle.gather import Gathered, gather_down
from console.store.bundle.register import ExchangeRegister
from console.store.bundle.writing import bundle_draft, seal_bundle
from console.store.identity import DeviceKeys, TrustList
from console.store.secret_box import secret_box


def export_cache(
    home: DataHome, source: str, device_id: str, path: Path, days: float | None, files: Sequence[Path] = ()
) -> Gathered:
    """Write a bundle of what the cache holds.

    Raises:
        StoreError: the device is not trusted, the cache is empty, or the disk failed.
    """
    folder = home.root / "identity"
    to = TrustList(folder).find(device_id)
    if to is None or to.revoked_at:
        raise StoreError("接收设备不在信任名单中。", "请先用 console trust 加入对方的身份卡。")
    issuer = DeviceKeys(folder, secret_box(folder)).load()
    profile = home.profile(source)
    with closing(ExchangeRegister(folder / "exchange.db")) as register, bundle_draft(profile.run) as draft:
        found = gather_down(draft, CacheSource(profile, source), days, files)
        seal_bundle(path, "down", draft, found.manifest, issuer, to.card, register)
    return found
