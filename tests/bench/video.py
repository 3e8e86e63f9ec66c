"""Target 33 and the cost of video: SIGSTOP to frozen; CPU and GUI lateness with four and nine streams."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from console.domain.objects import Thing
from console.domain.video import StreamState
from console.errors import ErrorHub
from console.paths import DataHome
from tests.bench.run import Row
from tests.rtsp_source import RtspSource, make_clip

TICK_S, WATCH_S = 0.02, 6.0


def run() -> Iterator[Row]:
    from console.windows.docking import prepare_docking
    from tests.gui import application, console_loop

    prepare_docking()
    app, hub = application(["bench"]), ErrorHub()
    with tempfile.TemporaryDirectory() as folder, console_loop(app, hub) as runner:
        clips = Path(folder) / "clips"
        clips.mkdir()
        make_clip(clips / "a.mp4", width=640, height=360)
        source = RtspSource(clips)
        try:
            rows = [runner.run(measure(app, hub, Path(folder) / f"home{n}", source, n)) for n in (4, 9)]
        finally:
            source.kill()
    for found in rows:
        yield from found


async def measure(app, hub, folder: Path, source: RtspSource, count: int) -> list[Row]:
    from console.windows.panels import PanelHost
    from console.windows.video_panels import VideoPanel, build_video
    from tests.gui import context_of, session_of, until
    from tests.processes import make_key

    home = DataHome(folder)
    home.prepare()
    make_key(home)
    session = session_of(home, "beijiang-2022-06", hub)
    host = PanelHost(context_of(app, session, hub), "monitor.video", "视频", build_video)
    host.panel.resize(1920, 1080)
    host.panel.show()
    addresses = [f"{source.url('a.mp4')}&n={i}" for i in range(count)]  # each a session of its own
    session.board.things = {
        "cameras": tuple(Thing("cameras", f"C{i}", f"摄像头{i}", (), {"sub_url": u}) for i, u in enumerate(addresses))
    }
    panel = host.widget.findChild(VideoPanel)
    panel._lay_out(count)
    host._mark({"board"})

    def all_are(state: StreamState) -> bool:
        views = [t.view for t in host.widget.tiles[:count]]
        return all(v is not None and v.state is state for v in views)

    await until(lambda: all_are(StreamState.LIVE), 30.0)
    late, drawn = [], {id(t): t.picture.number for t in host.widget.tiles[:count] if t.picture}
    cpu, began = time.process_time(), time.monotonic()
    while time.monotonic() - began < WATCH_S:
        due = time.monotonic() + TICK_S
        await asyncio.sleep(TICK_S)
        late.append((time.monotonic() - due) * 1000)
    share = 100 * (time.process_time() - cpu) / (time.monotonic() - began)
    fps = np.mean([(t.picture.number - drawn[id(t)]) / WATCH_S for t in host.widget.tiles[:count]])
    source.stall()
    stopped = time.monotonic()
    await until(lambda: all_are(StreamState.FROZEN), 10.0)
    frozen_s = time.monotonic() - stopped
    source.resume()
    host.release()
    host.panel.close()
    host.panel.deleteLater()
    await session.close()
    p99, name = float(np.percentile(late, 99)), f"{count} 路 640×360"
    return [
        Row(
            "video",
            share / count,
            f"% 单核/路 {name}",
            f"合计 {share:.0f} %，每秒 {fps:.1f} 幅",
            "≤ 10 %/路",
            share / count <= 10,
        ),
        Row("video", p99, f"ms 界面迟到 p99 {name}", f"最迟 {max(late):.0f} ms", "≤ 50 ms", p99 <= 50),
        Row("33", frozen_s, f"s 停住到标记冻结 {name}", "SIGSTOP 信号源", "≤ 5 s", frozen_s <= 5.0),
    ]
