"""One desk on a filled cache, without any network: what opening the monitor and every one of its panels takes.

Run as a process of its own by the bench and by the offline story; prints one JSON document.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path

import psutil


def main(root: str, theme: str = "dark") -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    dialled: list[str] = []

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"):
            first = arguments[0]
            if not isinstance(first, socket.socket) or first.family != socket.AF_UNIX:
                dialled.append(f"{event} {arguments[1:]}")

    sys.addaudithook(heard)
    from console.errors import ErrorHub
    from console.paths import DataHome
    from tests.gui import application, console_loop

    app, hub = application([]), ErrorHub()
    with console_loop(app, hub) as runner:
        report = runner.run(_tour(app, hub, DataHome(Path(root)), theme))
    report |= {"dialled": dialled, "incidents": [i.detail for i in hub.incidents]}
    print(json.dumps(report, ensure_ascii=False))


async def _tour(app, hub, home, theme):
    from console.services.wall_control import WallControl
    from console.windows.frame import Frame
    from tests.gui import context_of, session_of, until

    began = time.perf_counter()
    session = session_of(home, "live", hub)
    context = context_of(app, session, hub, theme=theme)
    frame = Frame(context, wall=WallControl(session))
    frame.resize(1920, 1080)
    frame.show()
    shown_s = time.perf_counter() - began
    frame.open_workspace("monitor")
    session.start()
    page = frame.workspaces["monitor"]
    front = [h for h in page.hosts.values() if h.panel.isVisible()]
    await until(lambda: any(r.main for r in session.board.board.rows), what="the first picture")
    await until(lambda: front and not any(h._stale for h in front if h.panel.isVisible()), what="panels filled")
    frame.grab()
    open_s = time.perf_counter() - began - shown_s
    opened = {}
    for code in page.hosts:
        if code in page.page.docks:
            start = time.perf_counter()
            page.page.bring_forward(code)
            await asyncio.sleep(0)
            await until(lambda c=code: not page.hosts[c]._stale, what=code)
            page.hosts[code].panel.grab()
            opened[code] = round(1000 * (time.perf_counter() - start), 1)
    monitor_mb = psutil.Process().memory_info().rss / 2**20
    for workspace in ("duty", "sandbox", "wall", "system", "monitor"):
        frame.open_workspace(workspace)
        await asyncio.sleep(0.3)
        frame.grab()
    for row in [r for r in session.board.board.rows if r.level][:6]:
        session.situation.select(row.code)
        await asyncio.sleep(0.15)
    memory = psutil.Process().memory_info().rss / 2**20
    drawn = frame.workspaces["sandbox"].hosts["sandbox.scene"].widget.view.link.pid
    scene = psutil.Process(drawn).memory_info().rss / 2**20 if drawn else 0.0
    frame.release()
    frame.hide()
    frame.deleteLater()
    await session.close()
    return {
        "window_s": shown_s,
        "open_s": open_s,
        "panels_ms": opened,
        "monitor_mb": monitor_mb,
        "memory_mb": memory,
        "scene_mb": scene,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
