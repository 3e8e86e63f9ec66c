"""``python3 -m tests soak [minutes] [--rate 60]``: the desk on a looping flood; memory, handles, stalls, last values.

More than 70 minutes are held to the product's own figure: after the first hour memory grows by less than 2 %.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import psutil

from console.errors import ErrorHub
from console.paths import DataHome
from console.services.wall_control import WallControl
from tests.bench.measure import application
from tests.gui import console_loop, context_of, session_of, until
from tests.processes import Chain

GROWTH_LIMIT = 0.02  # of the resident memory after the first hour
SHORT_LIMIT = 0.10  # in a run too short for that, after its first third
HOUR_S = 3600.0


def run_soak(words: list[str]) -> int:
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    parser = argparse.ArgumentParser(prog="tests soak")
    parser.add_argument("minutes", nargs="?", type=float, default=60.0)
    parser.add_argument("--rate", default="3600")
    given = parser.parse_args(words)
    minutes = given.minutes
    app = application()
    hub = ErrorHub()
    with tempfile.TemporaryDirectory() as folder:
        home = DataHome(Path(folder))
        home.prepare()
        chain = Chain(home, rate=given.rate, start="2022-06-13 08:00")
        chain.start_central()
        chain.ask(lambda c: c.player({"action": "loop"}))
        chain.start_sync()
        try:
            with console_loop(app, hub) as runner:
                samples, report, apart = runner.run(watch(app, home, chain, hub, minutes * 60))
        finally:
            chain.stop()
    whole_hour = minutes > 70
    since = samples[0][0] + (HOUR_S if whole_hour else minutes * 20)
    base = next(s for s in samples if s[0] >= since)
    growth = samples[-1][1] / base[1] - 1
    handles = samples[-1][2] - base[2]
    limit = GROWTH_LIMIT if whole_hour else SHORT_LIMIT
    good = growth < limit and handles <= 4 and not hub.incidents and not apart
    print(
        f"[soak] {minutes:g} 分钟，{given.rate}×：{'第一小时' if whole_hour else '前三分之一'}后内存 {100 * growth:+.1f} %"
        f"（{base[1] / 1e6:.0f} MB 起），句柄变化 {handles}，内部错误 {len(hub.incidents)}，"
        f"与中心不同的最新值 {apart}，{report}"
    )
    for incident in hub.incidents[:5]:
        print(f"[soak] {incident}")
    print(f"[soak] {'通过' if good else '未通过'}")
    return 0 if good else 1


async def watch(app, home, chain, hub, seconds):
    from console.windows.frame import Frame

    session = session_of(home, chain.source, hub)
    context = context_of(app, session, hub)
    frame = Frame(context, wall=WallControl(session))
    frame.resize(1600, 900)
    frame.show()
    frame.open_workspace("monitor")
    session.start()
    await until(lambda: session.link.state == "up")
    context.instruments.start()
    me, samples, end = psutil.Process(), [], time.monotonic() + seconds
    places = ("duty", "monitor", "system", "wall", "monitor")
    while time.monotonic() < end:
        frame.open_workspace(places[len(samples) % len(places)])
        await asyncio.sleep(min(10.0, seconds / 12))
        samples.append((time.monotonic(), me.memory_info().rss, me.num_fds()))
    apart = await different(session, chain)
    report = context.instruments.report()
    context.instruments.stop()
    frame.release()
    frame.hide()
    frame.deleteLater()
    await session.close()
    return samples, report, apart


async def different(session, chain):
    """Hold the flood and count the series whose newest value on the board is not the centre's."""
    chain.ask(lambda c: c.player({"action": "pause"}))
    told = {}

    def apart():
        page = chain.ask(lambda c: c.latest())
        told.update(zip(page.sid.tolist(), zip(page.t.tolist(), page.value.tolist(), strict=True), strict=True))
        shown = {s.sid: (s.t, s.value) for row in session.board.board.rows for s in row.samples.values()}
        return sum(shown[sid] != told[sid] for sid in shown.keys() & told.keys()) if shown.keys() & told.keys() else len(told)

    end = time.monotonic() + 60.0
    while (count := apart()) and time.monotonic() < end:
        await asyncio.sleep(0.5)
    return count
