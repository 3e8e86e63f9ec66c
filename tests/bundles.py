"""Two data homes that trust each other, and bundles between them, for the tests of bundles."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from console.central.bundles import CentreSource
from console.central.repository import Repository
from console.central.store_core import SeriesKey
from console.paths import DataHome
from console.store.bundle.manifest import OBJECTS, RECORDS, TOMBS, Header
from console.store.bundle.opening import Doorkeeper
from console.store.bundle.refusal import BundleRefused
from console.store.bundle.register import ExchangeRegister
from console.store.bundle.writing import bundle_draft, seal_bundle
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter
from console.store.identity import DeviceKeys, Identity, TrustList
from console.store.secret_box import SecretBox
from console.sync.bundle_apply import Taken
from console.sync.bundles import take_bundle

T = 1655877600  # 2022-06-22 14:00 Beijing


class OpenBox:
    """Keeps keys as they are: tests of the box itself use the real ones."""

    def wrap(self, plain: bytes) -> bytes:
        return plain

    def unwrap(self, wrapped: bytes) -> bytes:
        return wrapped


@dataclass
class Device:
    """One machine: its home, identity, trust and register."""

    home: DataHome
    identity: Identity
    trust: TrustList
    register: ExchangeRegister

    @property
    def profile(self):
        return self.home.profile("centre")

    def keeper(self, now: float | None = None) -> Doorkeeper:
        return Doorkeeper(self.identity, self.trust, self.register, "centre", time.time() if now is None else now)


def device(folder: Path, name: str, box: SecretBox | None = None) -> Device:
    home = DataHome(folder)
    home.prepare()
    own = folder / "identity"
    return Device(home, DeviceKeys(own, box or OpenBox()).load(name), TrustList(own), ExchangeRegister(own / "exchange.db"))


def introduce(*devices: Device) -> None:
    for one in devices:
        for other in devices:
            if other is not one:
                one.trust.add(other.identity.card)


def centre_store(path: Path, stations: int = 3, times: int = 24) -> Repository:
    """A small centre: stations, hourly readings with a missing one, one deletion, one log record."""
    repo = Repository(path, "embedded:test")
    repo.put_objects("stations", [{"code": f"S{i}", "version": 1, "properties": {"name": f"站{i}"}} for i in range(stations)])
    for i in range(stations):
        sid = repo.ensure_series(SeriesKey(f"S{i}", "Z", "m"))
        repo.commit_rows([(sid, T + 3600 * k, None if k == 5 else round(20 + i + 0.01 * k, 2), 0) for k in range(times)])
    repo.delete_row(1, T + 3600 * 7)
    repo.put_records([("log", "r1", {"text": "水位上涨", "type": "note"})])
    return repo


def down_bundle(path: Path, repo: Repository, issuer: Device, receiver: Device, **more: Any) -> Header:
    days, since = more.pop("days", None), more.pop("since", None)
    source = CentreSource(repo, "live", T + 86400.0, "live", since=since)
    window = source.window_of(days)
    with bundle_draft(issuer.home.root / "run") as draft:
        draft.add_readings(source.readings(window))
        draft.add_lines(RECORDS, source.records())
        draft.add_lines(OBJECTS, source.objects())
        draft.add_lines(TOMBS, source.tombs())
        manifest = source.manifest(window)
        return seal_bundle(path, "down", draft, manifest, issuer.identity, receiver.identity.card, issuer.register, **more)


def take(path: Path, receiver: Device, now: float | None = None) -> Taken:
    writers: list[CacheWriter] = []

    def writer() -> CacheWriter:
        writers.append(CacheWriter(receiver.profile))
        return writers[-1]

    try:
        return take_bundle(path, receiver.keeper(now), receiver.profile, writer)
    finally:
        for one in writers:
            one.close()


def columns(rows: list[tuple[Any, ...]]):
    sid, t, v, q, r = zip(*rows, strict=True)
    return (
        np.array(sid, np.int64),
        np.array(t, np.int64),
        np.array([np.nan if x is None else x for x in v], float),
        np.array(q, np.int64),
        np.array(r, np.int64),
    )


def rows_of(profile):
    reader = CacheReader(profile)
    try:
        return {
            (sid, t): None if v != v else v
            for sid, (ts, values, _) in reader.windows(0, 2**31).items()
            for t, v in zip(ts.tolist(), values.tolist(), strict=True)
        }
    finally:
        reader.close()


def refused(path, receiver, now=None):
    with pytest.raises(BundleRefused) as caught:
        take(path, receiver, now)
    assert caught.value.what and caught.value.next_step
    return caught.value.code
