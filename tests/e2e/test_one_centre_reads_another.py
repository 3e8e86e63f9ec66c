"""A centre that reads others: a SensorThings server, a folder of tables and one of warnings, from one file."""

from __future__ import annotations

import time

from console.central.repository import open_repository
from console.central.sources.adapters import SECRET_VARIABLE
from console.central.store_core import SeriesKey
from console.domain.time import full_stamp
from console.paths import DataHome
from tests.processes import Chain, eventually, make_key

HOUR = int(time.time()) // 3600 * 3600
SOURCES = """
[[source]]
name = "邻省"
kind = "sensorthings"
prefix = "NB"
url = "{url}/sta/v1.1/"
auth = "bearer"
secret = "neighbour"
poll_s = 30

[[source]]
name = "人工报表"
kind = "tables"
prefix = "RT"
path = "reports"

[[source]]
name = "写错的"
kind = "tables"
prefix = "XX"
folder = "reports"
"""


def a_neighbour(folder):
    """A live centre with a day of levels up to this hour."""
    home = DataHome(folder)
    home.prepare()
    repo = open_repository(home.central("live"), "live")
    repo.put_objects("stations", [{"code": "N1", "version": 1, "properties": {"name": "梧州", "type": "river"}}])
    sid = repo.ensure_series(SeriesKey("N1", "Z", "m", "", "实测", 3600))
    repo.commit_rows([(sid, HOUR - 3600 * k, 17.0 + k / 100, 0) for k in range(24)])
    repo.close()
    found = Chain(home, "live")
    found.start_central()
    return found


def test_a_neighbours_readings_a_table_and_a_mistake_are_all_seen(tmp_path, monkeypatch):
    neighbour = a_neighbour(tmp_path / "neighbour")
    found = neighbour.endpoint()
    monkeypatch.setenv(f"{SECRET_VARIABLE}NEIGHBOUR", found.token)
    home = DataHome(tmp_path / "own")
    home.prepare()
    make_key(home)
    own = Chain(home, "live")
    folder = home.central("live")
    (folder / "reports").mkdir(parents=True)
    (folder / "reports" / "石角.csv").write_text(f"站码,站名,时间,水位(m)\n90001,石角,{full_stamp(HOUR)},11.87\n", "utf-8")
    (folder / "sources.toml").write_text(SOURCES.format(url=found.url), "utf-8")
    try:
        own.start_central()
        eventually(lambda: len(own.ask(lambda c: c.latest()).sid) == 2, 30, "both sources' readings are here")
        eventually(lambda: all(told(own, n).get("last_try_t") for n in ("写错的", "人工报表", "邻省")), what="all tried")
        wrong, table, near = (told(own, n) for n in ("写错的", "人工报表", "邻省"))
        assert wrong["code"] == "config" and "没有写" in wrong["detail"], wrong
        assert (table["got"], table["code"]) == (1, "")
        assert (near["expected"], near["code"], near["newest_t"]) == (near["got"], "", HOUR)
        page = own.ask(lambda c: c.changes("", 1000))
        assert (page.t >= HOUR - 24 * 3600).all() and 17.0 in page.value and 11.87 in page.value
        names = {d["properties"]["name"] for d in own.ask(lambda c: c.objects("stations"))[1]}
        assert {"梧州", "石角"} <= names, "stations came with their names"
    finally:
        own.stop()
        neighbour.stop()


def told(chain, name):
    docs = chain.ask(lambda c: c.objects("sources"))[1]
    return next((d["properties"] for d in docs if d["properties"]["name"] == name), {})
