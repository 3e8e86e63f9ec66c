"""Line 1 of the sandbox, "no popping": what a change of tiles does to the picture, beside a small step of the camera.

Going in on the generated province by 1.5 % a frame, the grey levels that change from frame to frame are compared:
where tiles change against the frames before and after, where they mostly do not. One that popped would change more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenes.camera import OrbitCamera
from scenes.ground.opening import GroundSpec, open_ground
from tests.bench.run import Row
from tests.bench.sandbox import SIZE

NODES = 2049  # a side: the ground at 400 m
STEP, STEPS = 0.985, 300  # from 300 km to 3 km
QUIET = 0.2  # grey levels of mean change: less than this is nothing that could be seen to jump


def run() -> Iterator[Row]:
    from console.services.province_ground import make
    from scenes.palette import ground_palette, sky
    from scenes.render.stage import Stage
    from tests.gui import application, make_look

    look = make_look(application(["bench"]))
    with tempfile.TemporaryDirectory() as folder:
        spec = GroundSpec((make(Path(folder), NODES),))
        stage = Stage(*SIZE, sky(look))
        stage.set_ground(open_ground(spec), (), ground_palette(look), sky(look), lambda: None)
        changes, switched = np.array(list(_going_in(stage, 40.0, 150.0))).T
        stage.release()
    beside = (changes[:-2] + changes[2:]) / 2
    told = (switched[1:-1] > 0) & (beside > QUIET)
    ratios = changes[1:-1][told] / beside[told]
    note = f"{told.sum()} 次换级，中位 {np.median(ratios):.3f}；缩放每帧 1.5 %"
    yield Row(
        "27", float(ratios.max()), "倍：换瓦片一帧的画面变化 / 前后两帧（最大）", note, "≤ 1.5", bool(ratios.max() <= 1.5)
    )


def _going_in(stage: object, x: float, y: float) -> Iterator[tuple[float, float]]:
    """Yield the mean change of grey of each frame, and how many tiles came or went in it."""
    before: tuple[NDArray[np.int16], set[object]] | None = None
    for i in range(STEPS):
        camera, coming = OrbitCamera(x, y, 0.3, 300 * STEP**i, 20.0, 35.0), 1
        while coming:
            pixels, coming = stage.render(camera, *SIZE, whole=True)  # type: ignore[attr-defined]
        now = (pixels[..., :3].astype(np.int16), {k for k, a in stage.terrain.actors if a.GetVisibility()})  # type: ignore[attr-defined]
        if before is not None:
            yield float(np.abs(now[0] - before[0]).max(-1).mean()), float(len(now[1] ^ before[1]))
        before = now
