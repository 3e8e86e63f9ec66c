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
SHOTS = (
    ("all", "", ("--select", "英德")),
    ("wallscreen", "wallscreen-dark.png", ("--select", "英德", "--theme", "dark")),
    ("monitor", "monitor-english.png", ("--select", "石角", "--theme", "light", "--language", "en")),
)


def run_shots() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryDirectory() as home:
        for view, name, more in SHOTS:
            out = FOLDER / name if name else FOLDER
            command = [sys.executable, "-m", "console", "--home", home, "shot", view, "--at", MOMENT, "--out", str(out), *more]
            if subprocess.run(command, cwd=ROOT, env=env, check=False).returncode:
                return 1
    return 0
