"""``python3 -m tests soak [minutes]``: the desk on a looping flood; memory, handles and stalls over time."""

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

GROWTH_LIMIT = 0.10  # of the resident memory between the first third and the end


def run_soak(words: list[str]) -> int:
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    parser = argparse.ArgumentParser(prog="tests soak")
    parser.add_argument("minutes", nargs="?", type=float, default=60.0)
    minutes = parser.parse_args(words).minutes
    app = application()
    hub = ErrorHub()
    with tempfile.TemporaryDirectory() as folder:
        home = DataHome(Path(folder))
        home.prepare()
        chain = Chain(home, rate="3600", start="2022-06-13 08:00")
        chain.start_central()
        chain.ask(lambda c: c.player({"action": "loop"}))
        chain.start_sync()
        try:
            with console_loop(app, hub) as runner:
                samples, report = runner.run(watch(app, home, chain, hub, minutes * 60))
        finally:
            chain.stop()
    third = max(1, len(samples) // 3)
    growth = samples[-1][1] / samples[third][1] - 1
    handles = samples[-1][2] - samples[third][2]
    good = growth < GROWTH_LIMIT and handles <= 4 and not hub.incidents
    print(
        f"[soak] {minutes:g} 分钟：内存增长 {100 * growth:.1f} %，句柄变化 {handles}，内部错误 {len(hub.incidents)}，{report}"
    )
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
    report = context.instruments.report()
    context.instruments.stop()
    frame.release()
    frame.hide()
    frame.deleteLater()
    await session.close()
    return samples, report
