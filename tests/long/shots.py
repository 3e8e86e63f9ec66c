"""``python3 -m tests shots``: the README's pictures, made from the running chain."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from console.domain.scenario import Inflow, Retention, Scenario, Schedule
from console.domain.time import from_beijing
from console.paths import DataHome
from console.store.scenarios import ScenarioStore
from tests.processes import make_key

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "assets" / "screenshots"
SOURCE = "beijiang-2022-06"
MOMENT = "2022-06-22 15:00"
SMALL = ("--size", "1120x620")
SHOTS = (
    ("all", "", ("--select", "英德")),
    ("wallscreen", "wallscreen-dark.png", ("--select", "英德", "--theme", "dark")),
    ("monitor", "monitor-english.png", ("--select", "石角", "--theme", "light", "--language", "en")),
    ("monitor.map", "rain-dark.png", (*SMALL, "--at", "2022-06-21 20:00", "--layers", "isohyets,thiessen", "--theme", "dark")),
    ("monitor.works", "works-dark.png", (*SMALL, "--select", "LOC00506", "--theme", "dark")),
    ("sandbox.scene", "sandbox-dam-light.png", (*SMALL, "--theme", "light", "--look", "113.25,23.84,20,205,24")),
    (
        "sandbox.scene",
        "sandbox-night.png",
        (*SMALL, "--at", "2022-06-22 22:00", "--theme", "dark", "--night", "--look", "113.1,23.6,90,350,25"),
    ),
    ("consult.curves", "scenarios-light.png", (*SMALL, "--theme", "light")),
    ("monitor.dam_safety", "dam-safety-light.png", (*SMALL, "--select", "LOC00506", "--theme", "light")),
)


def keep_scenarios(home: DataHome) -> None:
    """Keep three scenarios of the flood's eve, to be run when the consultation is first shown."""
    t = float(from_beijing("2022-06-21 20:00"))
    early = Schedule("feilaixia", "release", ((0.0, 15500.0), (43200.0, 17000.0), (108000.0, 17600.0)))
    wetter = (Inflow("in-lianjiang", 1.1), Inflow("in-yingde", 1.1), Retention("pajiang", 72000.0, None, 1300.0))
    store = ScenarioStore(home.profile(SOURCE).ops.with_name("scenarios.db"), make_key(home))
    for name, inputs in (("现状（维持起算水位）", ()), ("飞来峡提前加大下泄", (early,)), ("来水加一成，潖江分洪", wetter)):
        store.keep(Scenario(name, "陈志远", t, t, 72.0, inputs))
    store.close()


def run_shots() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryDirectory() as home:
        terrain = [sys.executable, "-m", "console", "--home", home, "terrain", "build"]
        if subprocess.run(terrain, cwd=ROOT, env=env, check=False).returncode:
            return 1
        keep_scenarios(DataHome(Path(home)))
        for view, name, more in SHOTS:
            out = FOLDER / name if name else FOLDER
            command = [sys.executable, "-m", "console", "--home", home, "shot", view, "--at", MOMENT, "--out", str(out), *more]
            if subprocess.run(command, cwd=ROOT, env=env, check=False).returncode:
                return 1
    return 0
