"""Tours: the flights that come with the program, and the ones that this user keeps."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from console.domain.flight import Flight, FlightError
from console.domain.flight_document import MAX_CHARS, flight_from_doc, flight_from_json, flight_json
from console.errors import StoreError

FOLDER = "tours"
FORMATS = (".toml", ".json")


@dataclass(frozen=True, slots=True)
class Tour:
    """A flight that can be chosen. file: its file's name; own: of this user, not of the program."""

    file: str
    flight: Flight
    own: bool = False


@dataclass(frozen=True, slots=True)
class Tours:
    """What can be chosen, the program's first, and what is wrong with the files that cannot."""

    tours: tuple[Tour, ...]
    faults: tuple[str, ...] = ()

    def named(self, name: str) -> Flight | None:
        """Return a flight by its name or its file's, with or without the ending."""
        names = ((t.flight.name, t.file, t.file.rpartition(".")[0]) for t in self.tours)
        return next((t.flight for t, known in zip(self.tours, names, strict=True) if name in known), None)


def all_tours(root: Path) -> Tours:
    """Return every tour; root: the data folder, whose ``tours`` may be absent. A broken file is listed, never raised."""
    found: dict[str, Tour] = {}
    faults: list[str] = []
    shipped = resources.files("assets") / FOLDER
    for folder, own in ((shipped, False), (root / FOLDER, True)):
        try:
            files = list(_files(folder))
        except OSError as exc:
            faults.append(f"漫游目录 {folder} 读不出来：{exc.strerror or exc}")
            continue
        for file in files:
            try:
                flight = read_tour(file)
                if flight.name in found:
                    raise FlightError(f"name：“{flight.name}”与 {found[flight.name].file} 重名，请换一个名字")
            except FlightError as exc:
                faults.append(f"{file.name}：{exc}")
                continue
            found[flight.name] = Tour(file.name, flight, own)
    return Tours(tuple(found.values()), tuple(faults))


def read_tour(file: Traversable | Path) -> Flight:
    """Read a TOML or JSON file.

    Raises:
        FlightError: it cannot be read, or is not a flight.
    """
    try:
        text = file.read_text("utf-8")
    except OSError as exc:
        raise FlightError(f"读不出来：{exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise FlightError("应为 UTF-8 文本") from exc
    if file.name.lower().endswith(".json"):
        return flight_from_json(text)
    if len(text) > MAX_CHARS:
        raise FlightError(f"文件超过 {MAX_CHARS // 1000} 千字")
    try:
        return flight_from_doc(tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise FlightError(f"写法不合 TOML 格式：{exc}") from exc
    except RecursionError as exc:
        raise FlightError("嵌套太深") from exc


def keep_tour(root: Path, flight: Flight) -> Path:
    """Keep a flight in the user's own folder; one of the same name there is replaced.

    Raises:
        StoreError: the name belongs to a tour of the program, or the disk cannot be written.
    """
    same = next((t for t in all_tours(root).tours if t.flight.name == flight.name), None)
    if same is not None and not same.own:
        raise StoreError(f"“{flight.name}”是内置漫游的名字。", "请换一个名字再保存。")
    plain = re.sub(r"[^\w\u4e00-\u9fff-]+", "_", flight.name)[:60]
    path = root / FOLDER / (same.file if same and same.file.endswith(".json") else f"{plain}.json")
    if same is None and path.exists():
        raise StoreError(f"已经有 {path.name}，它不是这段飞行。", "请换一个名字再保存。")
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.write_text(flight_json(flight), "utf-8")
        draft.replace(path)
        if same and same.file != path.name:
            (path.parent / same.file).unlink(missing_ok=True)
    except OSError as exc:
        with contextlib.suppress(OSError):  # there may be no folder to leave it in
            draft.unlink(missing_ok=True)
        raise StoreError(f"“{flight.name}”没有存下。", "请检查磁盘空间和权限，再保存一次。", str(exc)) from exc
    return path


def _files(folder: Traversable | Path) -> Iterator[Traversable | Path]:
    if folder.is_dir():
        yield from sorted((f for f in folder.iterdir() if f.name.lower().endswith(FORMATS)), key=lambda f: f.name)
