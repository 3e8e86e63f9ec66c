"""What a pack would be: sizes as the centre says them, the line's speed as just measured."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend_client.central import Central
from backend_client.downloads import sample
from backend_client.errors import BackendRefused
from console.store.packs import FILE_ID, PackSpec

DAY = 86400
SAMPLE = 256 * 1024
TELLING = 32 * 1024  # below that a round trip weighs more than the line
UNKNOWN_KIND = 404  # the centre does not know this kind; any other refusal says nothing about it
LOCAL = ("basemap", "terrain")


@dataclass(frozen=True, slots=True)
class Estimate:
    """One line of an estimate. size: bytes, None unknown. absent: the centre has none."""

    kind: str
    size: int | None
    count: int | None = None
    absent: bool = False
    local: bool = False


@dataclass(frozen=True, slots=True)
class PackEstimate:
    """speed: bytes a second as just measured, None when nothing could be measured."""

    lines: tuple[Estimate, ...]
    speed: float | None

    @property
    def size(self) -> int:
        """Bytes of what is known."""
        return sum(line.size or 0 for line in self.lines)

    @property
    def certain(self) -> bool:
        return all(line.absent or line.size is not None for line in self.lines)

    @property
    def seconds(self) -> float | None:
        """Time for what is known and comes over the line; None while unknown."""
        if self.speed is None:
            return None
        return sum(line.size or 0 for line in self.lines if not line.local) / self.speed


def estimate(spec: PackSpec, central: Central, builds: Mapping[str, Path | None]) -> PackEstimate:
    """Ask the centre what a pack would be; an unknown size stays unknown, never 0.

    builds: where a local build already lies, None when it has yet to be made.

    Raises:
        BackendError: the centre does not answer.
    """
    now = int(central.hello().now_t)
    lines: list[Estimate] = []
    speed: float | None = None
    for kind in spec.contents:
        if kind == "readings":
            line, measured = size_of_readings(spec, central, now)
            speed = measured or speed
        elif kind in LOCAL:
            made = builds.get(kind)
            line = Estimate(kind, made.stat().st_size if made is not None and made.exists() else None, local=True)
        else:
            line, measured = size_of_objects(kind, central, spec.region)
            speed = speed or measured
        lines.append(line)
    return PackEstimate(tuple(lines), speed)


def size_of_readings(spec: PackSpec, central: Central, now: int) -> tuple[Estimate, float | None]:
    """Size a whole day's snapshot and measure the line with its beginning."""
    day = day_start(now) - DAY
    params: dict[str, str | int] = {"from": day, "to": day + DAY - 1, "scope": spec.region}
    sample(central.session, "/v1/feeds/obs/snapshot", params, 1)  # the centre makes the file now, untimed
    total, speed = timed_sample(central, "/v1/feeds/obs/snapshot", params)
    size = None if total is None else total * spec.days
    return Estimate("readings", size, spec.days), speed


def timed_sample(central: Central, path: str, params: Mapping[str, str | int]) -> tuple[int | None, float | None]:
    """Return (bytes in all, bytes a second); what is too short to tell a speed by tells none."""
    began = time.monotonic()
    total, got = sample(central.session, path, params, SAMPLE)
    spent = max(time.monotonic() - began, 1e-3)
    return total, got / spent if got >= TELLING else None


def size_of_objects(kind: str, central: Central, scope: str) -> tuple[Estimate, float | None]:
    try:
        _, docs = central.objects(kind, None, scope)
    except BackendRefused as exc:
        return Estimate(kind, None, absent=exc.status == UNKNOWN_KIND), None
    if not docs:
        return Estimate(kind, None, 0, absent=True), None
    size = len(json.dumps(docs, ensure_ascii=False).encode())
    speed: float | None = None
    for file_id in files_of(docs):
        path = f"/v1/files/{file_id}"
        if speed is None:
            total, speed = timed_sample(central, path, {})
        else:
            total, _ = sample(central.session, path, {}, 1)
        if total is None:
            return Estimate(kind, None, len(docs)), speed
        size += total
    return Estimate(kind, size, len(docs)), speed


def files_of(docs: list[dict[str, Any]]) -> list[str]:
    ids = [str((doc.get("properties") or {}).get("file") or "") for doc in docs]
    return [i for i in dict.fromkeys(ids) if FILE_ID.fullmatch(i)]


def day_start(t: int) -> int:
    """Return the start of the Beijing day that holds t."""
    return (t + 8 * 3600) // DAY * DAY - 8 * 3600
