"""``python3 -m tests flips-bundle [n]``: one random byte of a bundle changed at a time, n times."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from console.store.bundle.opening import Doorkeeper, OpenBundle, judge
from console.store.bundle.refusal import BundleRefused


def flip_bundle(path: Path, keeper: Doorkeeper, count: int, seed: int) -> Counter[str]:
    """Return how often each refusal was the answer; "undetected" when none was."""
    whole = path.read_bytes()
    rng = random.Random(seed)
    codes: Counter[str] = Counter()
    changed = path.with_name("changed.fccx")
    for _ in range(count):
        position, mask = rng.randrange(len(whole)), rng.randrange(1, 256)
        changed.write_bytes(whole[:position] + bytes([whole[position] ^ mask]) + whole[position + 1 :])
        try:
            frame, _issuer = judge(changed, keeper)
            with changed.open("rb") as file:
                OpenBundle(frame, keeper.identity, file)
        except BundleRefused as exc:
            codes[exc.code] += 1
        else:
            codes["undetected"] += 1
    changed.unlink(missing_ok=True)
    return codes


def run_bundle_flips(words: list[str]) -> int:
    from tests.bench.bundle import day_of_readings
    from tests.bundles import centre_store, device, down_bundle, introduce

    count, began = int(words[0]) if words else 10_000, time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        centre, laptop = device(folder / "centre", "省中心"), device(folder / "laptop", "外业一号")
        introduce(centre, laptop)
        repo = centre_store(folder / "central.db")
        for sid, t, value, quality, _rev in day_of_readings(series=300):
            repo.commit_rows(list(zip((sid + 10).tolist(), t.tolist(), value.tolist(), quality.tolist(), strict=True)))
        down_bundle(folder / "d.fccx", repo, centre, laptop)
        size = (folder / "d.fccx").stat().st_size
        codes = flip_bundle(folder / "d.fccx", laptop.keeper(), count, seed=int(time.time()))
        repo.close()
        centre.register.close()
        laptop.register.close()
    print(f"{count} 次改动（{size} 字节的联络包，{time.monotonic() - began:.0f} s）：{dict(codes)}")
    print("全部发现" if not codes["undetected"] else f"有 {codes['undetected']} 次没有发现")
    return 1 if codes["undetected"] else 0
