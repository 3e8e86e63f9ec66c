"""A desk abroad whose clock is three days slow: said in the banner, stamped on entries, order and ages unharmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.domain.time import stamp
from console.paths import DataHome
from console.presenters.status import status
from console.presenters.wording import value_text
from console.store.ops import OpsStore
from tests.gui import session_of, until
from tests.processes import ROOT, Running, eventually, make_key

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
SLOW = {"LD_PRELOAD": str(LIBRARY), "FAKETIME": "-73h", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
ABROAD = {"TZ": "America/New_York"}

DESK = """
import asyncio, json, sys, time
from tests.gui import application, console_loop, session_of, until
from console.errors import ErrorHub
from console.paths import DataHome
from console.domain.time import stamp
from console.presenters.status import status
from console.presenters.wording import value_text
from pathlib import Path

def shown(board):
    return {r.code: [str(r.state), value_text(r.main), stamp(r.main.t)] for r in board.rows if r.main}

async def story():
    session = session_of(DataHome(Path(sys.argv[1])), sys.argv[2], hub)
    session.start()
    await until(lambda: session.link.state == "up" and session.desk.loaded and session.board.board.rows)
    await session.duty.write_log("note", "钟慢三天的一条", "李四")
    row = max(session.board.board.rows, key=lambda r: r.main.t if r.main else 0)
    print(json.dumps({"wall": time.time(), "skew": session.link.skew_s, "banner": status(session, str, "").banner,
                      "now": session.situation.now(), "age": row.age_s, "freshness": int(row.freshness), "rows": shown(session.board.board)}), flush=True)
    await until(lambda: any(e.text == "钟慢三天的一条" and not e.pending for e in session.desk.log))
    await session.close()

app, hub = application(["x"]), ErrorHub()
with console_loop(app, hub) as runner:
    runner.run(story())
"""


@pytest.mark.skipif(LIBRARY is None or sys.platform != "linux", reason="libfaketime is not on this machine")
def test_a_clock_three_days_slow_changes_no_order_and_no_age(chain, home, runner, hub, tmp_path, key):
    flood = chain(rate="1", start="2022-06-20 08:00")
    flood.start_central()
    flood.start_sync()
    other = DataHome(tmp_path / "slow")
    other.prepare()
    other_key = make_key(other)
    found = flood.endpoint()
    flood.running.append(Running(other, "--source", found.url, "sync", env={"FLOOD_CONSOLE_TOKEN": found.token, **SLOW}))
    eventually(flood.profile.ops.exists)
    store = OpsStore(flood.profile.ops, key)
    first = store.add("log.entry", "log", {"type": "note", "text": "钟准的一条"}, "张三")
    eventually(lambda: store.find(first).state == "done", what="the first entry is at the centre")
    command = [sys.executable, "-c", DESK, str(other.root), found.url]
    slow = subprocess.run(command, cwd=ROOT, env={**os.environ, **SLOW, **ABROAD}, capture_output=True, text=True, timeout=60)
    assert slow.returncode == 0, slow.stderr
    seen = json.loads(slow.stdout.splitlines()[0])
    assert time.time() - seen["wall"] > 2.9 * 86400, "its clock really is slow"
    assert "慢 3天" in seen["banner"] and "不可信" in seen["banner"]
    at = store.find(first).at
    store.close()
    elsewhere = OpsStore(other.profile(found.url).ops, other_key)
    told = next(op for op in elsewhere.recent() if op.author == "李四")
    elsewhere.close()
    assert told.clock_untrusted and told.at < at - 2.9 * 86400

    async def right():
        session = session_of(home, flood.source, hub)
        session.start()
        try:
            await until(lambda: len(session.desk.log) == 2 and session.board.board.rows and session.link.state == "up")
            row = max(session.board.board.rows, key=lambda r: r.main.t if r.main else 0)
            assert [e.text for e in session.desk.log] == ["钟慢三天的一条", "钟准的一条"], "as they came to the centre"
            assert session.desk.log[0].clock_untrusted and not session.desk.log[1].clock_untrusted
            assert seen["now"] == pytest.approx(session.situation.now(), abs=60)
            assert (seen["freshness"], seen["age"]) == (int(row.freshness), pytest.approx(row.age_s, abs=60))
            assert status(session, str, "").banner == ""
            here = {r.code: [str(r.state), value_text(r.main), stamp(r.main.t)] for r in session.board.board.rows if r.main}
            both = [code for code in here if code in seen["rows"]]
            assert len(both) >= 5 and [seen["rows"][c] for c in both] == [here[c] for c in both], "the same numbers abroad"
        finally:
            await session.close()

    runner.run(right())
