"""Target 7: stalls of the GUI thread on a tour of every workspace while a flood plays fast."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from console.errors import ErrorHub
from console.paths import DataHome
from console.services.wall_control import WallControl
from tests.bench.measure import application
from tests.bench.run import Row
from tests.gui import console_loop, context_of, session_of, until
from tests.processes import Chain

WORKSPACES = ("duty", "monitor", "sandbox", "consult", "system", "wall")
SECONDS_EACH, ROUNDS = 20.0, 5  # ten minutes


def run(seconds_each: float = SECONDS_EACH, rounds: int = ROUNDS) -> Iterator[Row]:
    app = application()
    hub = ErrorHub()
    with tempfile.TemporaryDirectory() as folder:
        home = DataHome(Path(folder))
        home.prepare()
        chain = Chain(home, rate="3600", start="2022-06-14 08:00")
        chain.start_central()
        chain.start_sync()
        try:
            with console_loop(app, hub) as runner:
                report = runner.run(tour(app, home, chain, hub, seconds_each, rounds))
        finally:
            chain.stop()
    over = sum(1 for ms in report["all"] if ms > 100)
    worst = report["worst_stall_ms"]
    floor = f"超过 100 ms {over} 次；p99 迟到 {report['tick_late_p99_ms']} ms；内存 {report['memory_mb']} MB"
    yield Row("7", worst, "ms 界面线程最长停顿（十分钟走遍各工作区）", floor, "无 > 100 ms", worst <= 100)


async def tour(app, home, chain, hub, seconds_each, rounds):
    from console.windows.frame import Frame

    session = session_of(home, chain.source, hub)
    context = context_of(app, session, hub)
    frame = Frame(context, wall=WallControl(session))
    frame.resize(1600, 900)
    frame.show()
    frame.open_workspace("monitor")
    session.start()
    await until(lambda: session.link.state == "up", what="the link is up")
    for code in WORKSPACES:
        frame.open_workspace(code)  # built once; building is counted by target 3
        await asyncio.sleep(1.5)
    instruments = context.instruments
    instruments.start()
    for _ in range(rounds):
        for code in WORKSPACES:
            frame.open_workspace(code)
            await asyncio.sleep(seconds_each / 2)
            codes = [r.code for r in session.board.board.rows if r.level]
            for selected in codes[:4]:
                session.situation.select(selected)
                await asyncio.sleep(seconds_each / 8)
    report = instruments.report() | {"all": [s[1] for s in instruments.stalls]}
    for at, ms, stack in list(instruments.stalls)[-3:]:
        print(f"       停顿 {ms:.0f} ms\n{stack}" if ms > 100 else "", end="")
    instruments.stop()
    frame.release()
    frame.hide()
    frame.deleteLater()
    await session.close()
    return report
