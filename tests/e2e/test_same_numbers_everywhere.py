"""The same figures and times under any time zone of the machine: exported tables are equal to the byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.domain.time import from_beijing
from console.paths import DataHome
from tests.flood_cache import fill

EXPORT = """
import sys
from pathlib import Path
from console.domain.time import from_beijing
from console.paths import DataHome
from console.presenters.table import columns_of
from console.domain.vocabulary import vocabulary_of
from console.state.board import BoardState
from console.store.cache_reader import CacheReader
from console.topics import declared_topics
from console.viewdata.table import Moments
from console.windows.export import write_csv

root, moment = Path(sys.argv[1]), from_beijing("2022-06-22 14:00")
state = BoardState(CacheReader(DataHome(root).profile("live")), vocabulary_of(declared_topics()))
names = ("stations", "rivers", "series", "bounds", "events", "things", "extent")
for name, found in zip(names, state._read_reference(), strict=True):
    setattr(state, name, found)
board = state._compute(float(moment), float(moment), "at", None)
cells = []
for topic in declared_topics():
    columns = columns_of(topic, str)
    rows = [r for r in board.rows if r.station.kind in topic.kinds]
    cells += [[c.title for c in columns], *[[c.text(r, Moments(board.moment, board.now)) for c in columns] for r in rows]]
write_csv(Path(sys.argv[2]), cells, ["演练"])
state.close()
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    found = tmp_path_factory.mktemp("zones")
    home = DataHome(found)
    home.prepare()
    fill(home.profile("live"), until=from_beijing("2022-06-22 14:00"))
    return found


def exported(root: Path, zone: str) -> bytes:
    out = root / f"{zone.replace('/', '-')}.csv"
    env = {**os.environ, "TZ": zone, "QT_QPA_PLATFORM": "offscreen"}
    subprocess.run([sys.executable, "-c", EXPORT, str(root), str(out)], env=env, check=True, timeout=60)
    return out.read_bytes()


def test_the_exported_table_is_equal_to_the_byte_in_every_zone(root):
    first = exported(root, "Asia/Shanghai")
    assert b"06-22 14:00" in first and "英德(五)".encode() in first
    for zone in ("UTC", "America/New_York"):
        assert exported(root, zone) == first
