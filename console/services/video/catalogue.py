"""Which cameras there are: the centre's catalogue, and those that this machine's own user listed."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from console.domain.cameras import Near, Place, VideoCamera, by_nearness, camera_of, own_camera
from console.domain.objects import Thing
from console.errors import SettingsError
from console.state.board import BoardState
from console.texts import printable

OWN_MAX = 200
OWN_FILE = "cameras.toml"  # in the data folder: [[camera]] with code, name, url, sub_url or file, objects, lon, lat


def own_cameras(path: Path) -> tuple[VideoCamera, ...]:
    """Return the cameras of this machine's own list, () without one; for a worker thread.

    Raises:
        SettingsError: the file cannot be read.
    """
    try:
        rows = tomllib.loads(path.read_text("utf-8")).get("camera", []) if path.is_file() else []
        found = [own_camera(row, path.parent) for row in rows[:OWN_MAX]]
    except (OSError, ValueError, TypeError, AttributeError) as exc:
        raise SettingsError(f"本机摄像头清单 {path.name} 读不出。", "请改正它，或删除它。", str(exc)) from exc
    return tuple(replace(c, name=printable(c.name, 60), code=printable(c.code, 80)) for c in found if c.code)


class Catalogue:
    """Reads the board on the GUI thread; what is looked up often is indexed once per catalogue."""

    def __init__(self, board: BoardState) -> None:
        self._board = board
        self._things: object = None
        self._named: dict[str, Thing] = {}
        self.own: tuple[VideoCamera, ...] = ()
        self.cameras: tuple[VideoCamera, ...] = ()

    def read(self) -> bool:
        """Take the board's cameras; tells whether they are others than before."""
        if self._board.things is self._things:
            return False
        self._things = self._board.things
        self._named = {t.code: t for things in self._board.things.values() for t in things}
        sent = tuple(camera_of(t) for t in self._board.things.get("cameras", ()))
        self.cameras = sent + tuple(c for c in self.own if c.code not in {s.code for s in sent})
        return True

    def take_own(self, cameras: tuple[VideoCamera, ...]) -> None:
        self.own, self._things = cameras, None

    def name_of(self, code: str) -> str:
        station = self._board.stations.get(code)
        if station is not None:
            return station.name
        return self._named[code].name if code in self._named else code

    def near(self, code: str | None) -> list[Near]:
        """Return all cameras, those of the selected object first."""
        return by_nearness(self.cameras, code, self._place_of(code))

    def _place_of(self, code: str | None) -> Place | None:
        station = self._board.stations.get(code or "")
        if station is not None:
            return None if station.lon is None or station.lat is None else (station.lon, station.lat)
        own = next((c.place for c in self.own if c.code == code), None)
        return self._named[code].place if code in self._named else own
