"""Target 27: the sandbox in software rendering at 1280×720; CPU milliseconds a frame."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from console.domain.states import State
from console.services.sandbox_ground import EXAGGERATION, load_ground
from console.viewdata.scene import SceneReach, SceneStation, SceneView
from scenes.camera import OrbitCamera
from scenes.probe import opengl_problem
from tests.bench.run import Row


def run() -> Iterator[Row]:
    problem = opengl_problem()
    if problem:
        print(f"27     跳过：OpenGL 不可用（{problem}）")
        return
    from scenes.stage import Stage

    with tempfile.TemporaryDirectory() as folder:
        load_ground(Path(folder), "")
        began = time.perf_counter()
        stage = Stage(1280, 720, (0.1, 0.1, 0.12))
        field, picture, _, rivers, profiles = load_ground(Path(folder), "")
        stage.set_ground(field, picture, EXAGGERATION, rivers, profiles)
    rng = np.random.default_rng(4)
    stations = tuple(
        SceneStation(
            f"S{i}", f"站{i}", float(rng.uniform(112, 115)), float(rng.uniform(23, 25.5)), State(i % 3), False, 0.5, "x"
        )
        for i in range(2000)
    )
    stage.show(SceneView(0.0, stations, (SceneReach("北江", (), ((113.41, 24.19, 35.97),)),), (), None, {}))
    stage.render(OrbitCamera(), 1280, 720)
    opened = time.perf_counter() - began
    blank = Stage(1280, 720, (0.1, 0.1, 0.12))
    floor = cpu_ms(lambda i: blank.render(OrbitCamera(heading=i), 1280, 720))
    spent = cpu_ms(lambda i: stage.render(OrbitCamera(heading=3.0 * i, distance_km=90 + 4 * i), 1280, 720))
    for one in (stage, blank):
        one.release()
    note = f"空场景同法 {floor:.0f} ms，比值 {spent / floor:.1f}"
    yield Row("27", spent, "CPU ms/帧 1280×720 软件渲染", note, "≤ 45 ms（4096² 全场景）", spent <= 45)
    yield Row("27", opened, "s 冷开沙盘", "地形已在缓存", "≤ 5 s", opened <= 5)


def cpu_ms(render) -> float:
    for i in range(5):
        render(i)
    began = time.process_time()
    for i in range(30):
        render(i)
    return (time.process_time() - began) * 1000 / 30
