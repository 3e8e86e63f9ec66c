"""Three days without a network: everything is entered offline, then leaves through a bad line under kills."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from console.domain.response import TOPICS
from console.store.ops import OpsStore
from tests.kill_cycles import KEY, Console, KillRun, Verdict
from tests.processes import PAUSE, eventually

LOSS = 0.3
ROUNDS_UNDER_FIRE = 12
ALARMS = 50


class FieldLaptop(KillRun):
    """The first console is the laptop; the second stands at the duty desk and sees what arrives."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed, trouble=LOSS)

    def offline(self, writes: int) -> None:
        """Enter so many records without a centre; the desk program is killed again and again."""
        laptop = self.consoles[0]
        while len(laptop.saved) < writes:
            writer, told = laptop.start_writer(hurried=True)
            PAUSE.wait(self.dice.uniform(0.2, 1.5))
            self._kill(writer)
            laptop.heard(told)
            self.verdict.cycles += 1
        self._enter(laptop, "外业组", "II")

    def _enter(self, console: Console, who: str, level: str) -> None:
        """Sign the same alarms and set the same response levels as the other console does."""
        store = OpsStore(console.profile.ops, KEY)
        for i in range(ALARMS):
            store.add("alarm.ack", f"a{i}", {"alarm_id": f"a{i}", "note": who}, who)
        for topic in TOPICS:
            body = {"topic": topic, "level": level, "basis": who}
            store.add("response.set", f"response:{topic}", body, who, base_version=0)
        store.close()

    def _desk_was_first(self) -> None:
        """The desk sits on a good line; its entries are at the centre before the laptop comes home."""
        desk, trouble = self.consoles[1], self.proxy.trouble
        self.proxy.trouble = 0.0
        self._enter(desk, "值班室", "III")
        child = desk.start_sync()
        eventually(lambda: desk.waiting() == 0, 120, "the desk's entries are at the centre")
        self._kill(child)
        self.proxy.trouble = trouble

    def come_home(self, rounds: int = ROUNDS_UNDER_FIRE) -> Verdict:
        """Sync at 30 % trouble a chunk, both ends killed at random; then a calm line, then compare."""
        began = time.monotonic()
        self.start_centre()
        self._desk_was_first()
        for number in range(rounds):
            followers = [console.start_sync() for console in self.consoles]
            PAUSE.wait(self.dice.uniform(0.3, 2.0))
            for child in followers:
                self._kill(child)
            self.verdict.cycles += len(followers)
            if number % 4 == 3:
                self.kill_centre()
                self.start_centre()
        self.settle()
        self._compare_people()
        self.verdict.seconds = time.monotonic() - began
        self.verdict.faults = dict(self.proxy.met)
        return self.verdict

    def _compare_people(self) -> None:
        """Both signatures are under every alarm; each conflict is kept with both sides."""
        signed: dict[str, set[str]] = {}
        for record in self.chain.ask(lambda c: c.records("", 20000)).records:
            if record.kind == "ack":
                signed.setdefault(str(record.body["alarm_id"]), set()).add(str(record.body["author"]))
        if len(signed) < ALARMS or any(who != {"外业组", "值班室"} for a, who in signed.items() if a.startswith("a")):
            self.verdict.problems.append("有告警缺一方的签名")
        store = OpsStore(self.consoles[0].profile.ops, KEY)
        levels = [op for op in store.recent(10**9) if op.kind == "response.set"]
        store.close()
        if {op.state for op in levels} != {"conflict"} or not all(op.body["level"] == "II" and op.current for op in levels):
            self.verdict.problems.append("冲突没有两边都留下")


def run_field(words: list[str]) -> int:
    """``python3 -m tests field [runs] [writes]``: prints one line a run; 0 when all held."""
    runs = int(words[0]) if words else 1
    writes = int(words[1]) if len(words) > 1 else 5000
    failed = 0
    for _ in range(runs):
        seed = int.from_bytes(os.urandom(3))
        with tempfile.TemporaryDirectory() as folder:
            run = FieldLaptop(Path(folder), seed)
            try:
                run.offline(writes)
                verdict = run.come_home()
            finally:
                run.close()
        failed += bool(verdict.problems)
        print(f"[field] 种子 {seed}：{verdict.line()}", flush=True)
    return 1 if failed else 0
