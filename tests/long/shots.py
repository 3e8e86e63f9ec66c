"""``python3 -m tests shots``: the README's pictures, made from the running chain."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from uuid6 import uuid7

from console.domain.scenario import EVERYWHERE, Rain, Retention, Scenario, Schedule, Spill
from console.domain.time import from_beijing
from console.paths import DataHome
from console.store.ops import OpsStore
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
    ("consult", "meeting-dark.png", ("--theme", "dark", "--front", "consult.meeting,consult.record")),
    ("consult", "decisions-light.png", ("--theme", "light", "--front", "consult.meeting,consult.decisions")),
    ("consult", "disasters-light.png", ("--theme", "light", "--front", "consult.spill,consult.disasters")),
    ("consult.curves", "scenarios-light.png", (*SMALL, "--theme", "light")),
    ("monitor.dam_safety", "dam-safety-light.png", (*SMALL, "--select", "LOC00506", "--theme", "light")),
)


MEETING = (
    ("open", {"topic": "北江洪水会商", "level": "Ⅱ", "chair": "省防总 周总", "recorder": "陈志远", "cutoff_t": "2022-06-22 14:00"}),
    ("attend", {"org": "省水文局", "person": "王工", "venue": "main", "online": False}),
    ("attend", {"org": "省气象局", "person": "林工", "venue": "main", "online": False}),
    ("attend", {"org": "清远市三防办", "person": "陈局", "venue": "branch", "online": True}),
    ("step", {"step": "weather"}),
    ("opinion", {"org": "省气象局", "person": "林工", "text": "未来 24 小时北江中上游雨势减弱（演练）", "step": "weather"}),
    ("step", {"step": "regime"}),
    ("opinion", {"org": "省水文局", "person": "王工", "text": "石角 15 时 12.18 m，已现峰，缓慢回落（演练）", "step": "regime"}),
    ("step", {"step": "options"}),
    ("option", {"letter": "A", "name": "维持飞来峡起算水位", "scenario": "", "figures": [["石角 洪峰 m³/s", "19 200"]], "note": "现状"}),
    ("option", {"letter": "B", "name": "飞来峡提前加大下泄", "scenario": "", "figures": [["石角 洪峰 m³/s", "18 000"]], "note": "下游提前受水"}),
    ("vote", {"letter": "B", "org": "省水文局", "choice": "for"}),
    ("vote", {"letter": "B", "org": "清远市三防办", "choice": "for"}),
    ("step", {"step": "decisions"}),
    ("decision", {"text": "按方案 B 调度飞来峡，每两小时会报一次", "type": "dispatch", "owner": "飞来峡管理处", "due_t": "2022-06-22 18:00"}),
    ("decision", {"text": "北江大堤石角段、芦苞段加密巡查", "type": "inspection", "owner": "清远市、佛山市", "due_t": "2022-06-22 20:00"}),
    ("read_back", {}),
    ("decision", {"text": "潖江蓄滞洪区做好转移准备", "type": "transfer", "owner": "清远市", "due_t": "2022-06-22 22:00"}),
    ("next", {"at_t": "2022-06-22 20:00"}),
)  # fmt: skip


def keep_scenarios(home: DataHome) -> None:
    """Keep three scenarios of the flood's eve, to be run when the consultation is first shown; two with a spill above 韶关."""
    t = float(from_beijing("2022-06-21 20:00"))
    early = Schedule("feilaixia", "release", ((0.0, 15500.0), (43200.0, 17000.0), (108000.0, 17600.0)))
    wetter = (Rain(EVERYWHERE, 1.3), Retention("pajiang", 72000.0, None, 1300.0))
    spill = Spill("北江", "镉", 5.0, 3600.0, 0.0, 7200.0, 0.005)
    store = ScenarioStore(home.profile(SOURCE).ops.with_name("scenarios.db"), make_key(home))
    for name, inputs in (
        ("现状（维持起算水位）", (spill,)),
        ("飞来峡提前加大下泄", (early, spill)),
        ("降雨加三成，潖江分洪", wetter),
    ):
        store.keep(Scenario(name, "陈志远", t, t, 72.0, inputs))
    store.close()


def keep_meeting(home: DataHome) -> None:
    """Keep the meeting of the flood's height; the centre gets it when the console is first shown."""
    key, profile = make_key(home), home.profile(SOURCE)
    profile.folder.mkdir(parents=True, exist_ok=True)
    meeting, store = str(uuid7()), OpsStore(profile.ops, key)
    decisions = []
    for what, fields in MEETING:
        fields = {k: from_beijing(v) if k.endswith("_t") else v for k, v in fields.items()}
        if what == "read_back":
            fields = {"decisions": decisions[:2]}
        made = store.add("meeting.entry", f"meeting:{meeting}", {**fields, "meeting_id": meeting, "what": what}, "陈志远")
        if what == "decision":
            decisions.append(made)
    store.close()


def run_shots() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryDirectory() as home:
        terrain = [sys.executable, "-m", "console", "--home", home, "terrain", "build"]
        if subprocess.run(terrain, cwd=ROOT, env=env, check=False).returncode:
            return 1
        keep_scenarios(DataHome(Path(home)))
        keep_meeting(DataHome(Path(home)))
        for view, name, more in SHOTS:
            out = FOLDER / name if name else FOLDER
            command = [sys.executable, "-m", "console", "--home", home, "shot", view, "--at", MOMENT, "--out", str(out), *more]
            if subprocess.run(command, cwd=ROOT, env=env, check=False).returncode:
                return 1
    return 0
