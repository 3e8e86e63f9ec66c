"""``python3 -m tests shots``: the README's pictures, made from the running chain."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "assets" / "screenshots"
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
    ("monitor.dam_safety", "dam-safety-light.png", (*SMALL, "--select", "LOC00506", "--theme", "light")),
)


def run_shots() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryDirectory() as home:
        terrain = [sys.executable, "-m", "console", "--home", home, "terrain", "build"]
        if subprocess.run(terrain, cwd=ROOT, env=env, check=False).returncode:
            return 1
        for view, name, more in SHOTS:
            out = FOLDER / name if name else FOLDER
            command = [sys.executable, "-m", "console", "--home", home, "shot", view, "--at", MOMENT, "--out", str(out), *more]
            if subprocess.run(command, cwd=ROOT, env=env, check=False).returncode:
                return 1
    return 0
