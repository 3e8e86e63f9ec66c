"""What the breaches of prepared disasters did, computed once: for the library of the next start, and for a drill.

One compressed file per disaster. It holds for the inputs, the engine and the network that it was computed with; the
library also asks for the same ground. A file that cannot be read counts as none: it is computed anew.
"""

from __future__ import annotations

import logging
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from console.engine.flooding import Flooding
from console.engine.whatif import ENGINE
from console.engine.whatif_arrays import flood_arrays, floods_from
from console.errors import StoreError

log = logging.getLogger(__name__)
FOLDER = "prepared"


@dataclass(frozen=True, slots=True)
class BreachKey:
    """What a computed breach rests on. inputs: of the scenario; base, chain: hashes of the readings and of the network under
    it; ground: "" for whichever.
    """

    inputs: str
    base: str
    chain: str
    ground: str = ""

    def words(self, ground: str) -> str:
        return "\n".join((ENGINE, self.inputs, self.base, self.chain, ground))


def keep_breaches(cache: Path, code: str, key: BreachKey, breached: Sequence[Flooding]) -> None:
    """Keep what a disaster's breaches did. Raises: StoreError: it cannot be written."""
    folder = cache / FOLDER
    draft = folder / f".{code}.{uuid.uuid4().hex[:8]}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("wb") as out:
                held = {"key": np.frombuffer(key.words("").encode(), np.uint8)}
                held["ground"] = np.frombuffer(key.ground.encode(), np.uint8)
                np.savez_compressed(out, **held, **flood_arrays(breached))  # type: ignore[arg-type]
            draft.replace(folder / f"{code}.npz")
        finally:
            draft.unlink(missing_ok=True)
    except OSError as exc:
        raise StoreError("预置溃口的结果没有存下。", "请检查磁盘空间和权限；下次启动会重新计算。", repr(exc)) from exc


def read_breaches(cache: Path, code: str, key: BreachKey) -> tuple[Flooding, ...]:
    """Return what a disaster's breaches did; none where nothing is kept that holds."""
    path = cache / FOLDER / f"{code}.npz"
    if not path.exists():
        return ()
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        same = bytes(arrays["key"]) == key.words("").encode() and key.ground in ("", bytes(arrays["ground"]).decode())
        return floods_from(arrays) if same else ()
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as exc:
        log.warning("%s: %r", path, exc)
        return ()
