"""Where this user's data lives."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from console.errors import StoreError

HOME_VARIABLE = "FLOOD_CONSOLE_HOME"


@dataclass(frozen=True, slots=True)
class Profile:
    """The files of one data source: its cache, what a person entered, its run files."""

    name: str
    folder: Path

    @property
    def ops(self) -> Path:
        return self.folder / "ops.db"

    @property
    def attachments(self) -> Path:
        return self.folder / "attachments"

    @property
    def latest(self) -> Path:
        return self.folder / "latest.db"

    @property
    def reference(self) -> Path:
        return self.folder / "ref.db"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def sync_endpoint(self) -> Path:
        return self.run / "sync.json"

    def telemetry(self, month: str) -> Path:
        return self.folder / f"tele-{month}.db"

    def telemetry_files(self) -> list[Path]:
        return sorted(self.folder.glob("tele-[0-9][0-9][0-9][0-9][0-9][0-9].db"))


@dataclass(frozen=True, slots=True)
class DataHome:
    """Root of everything the console writes."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "settings.toml"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def shared_cache(self) -> Path:
        return self.root / "basemap"

    @property
    def layouts(self) -> Path:
        return self.root / "layouts"

    def central(self, source: str) -> Path:
        return self.root / "central" / source

    def profile(self, source: str) -> Profile:
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", source)[:80]
        return Profile(name, self.root / "profiles" / name)

    def prepare(self) -> None:
        """Create the folders; only this user may read them.

        Raises:
            StoreError: the folder cannot be written.
        """
        try:
            for folder in (self.root, self.logs, self.shared_cache, self.layouts):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.root / f".write-test-{os.getpid()}"  # two processes start at once
            probe.write_bytes(b"ok")
            probe.unlink()
        except OSError as exc:
            raise StoreError(
                f"数据目录 {self.root} 不能写入。",
                f"请检查该目录的权限和剩余空间，或用环境变量 {HOME_VARIABLE} 指定另一个目录后重新启动。",
                str(exc),
            ) from exc


def data_home(explicit: str | None = None) -> DataHome:
    chosen = explicit or os.environ.get(HOME_VARIABLE)
    return DataHome(Path(chosen) if chosen else Path(platformdirs.user_data_dir("flood-console")))
