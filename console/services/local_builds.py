"""What a pack needs that this machine makes itself: the base map and the sandbox's ground."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from console.errors import StoreError
from console.paths import DataHome
from console.store.basemap import load_basemap

PATTERNS = {"basemap": "basemap-*.npz", "terrain": "terrain-*/level-0.npy"}


def where_built(home: DataHome) -> Mapping[str, Path | None]:
    """Return the newest file of each local build, None where it has yet to be made."""
    return {kind: _newest(home.shared_cache, pattern) for kind, pattern in PATTERNS.items()}


def local_builds(home: DataHome) -> Mapping[str, Callable[[], Path]]:
    """Return how to make each; blocks for seconds when called."""

    def basemap() -> Path:
        load_basemap(home.shared_cache)
        return _made(home, "basemap")

    def terrain() -> Path:
        from console.services.province_ground import Maker  # the base map's libraries: only when it is made

        Maker(home.shared_cache).run()
        return _made(home, "terrain")

    return {"basemap": basemap, "terrain": terrain}


def _made(home: DataHome, kind: str) -> Path:
    found = where_built(home)[kind]
    if found is None:
        raise StoreError("本机地图没有生成：地图数据包不可用。", "请重新安装本程序的运行环境后再试。", kind)
    return found


def _newest(folder: Path, pattern: str) -> Path | None:
    found = [p for p in folder.glob(pattern) if ".part" not in p.name]
    return max(found, key=lambda p: p.stat().st_mtime) if found else None
