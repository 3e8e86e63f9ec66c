"""Three days without a network: everything is entered offline, then leaves through a bad line under kills."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.kill_cycles import KillRun, Verdict
from tests.processes import PAUSE

LOSS = 0.3
ROUNDS_UNDER_FIRE = 12


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

    def come_home(self) -> Verdict:
        """Sync at 30 % trouble a chunk, both ends killed at random; then a calm line, then compare."""
        began = time.monotonic()
        self.start_centre()
        for number in range(ROUNDS_UNDER_FIRE):
            followers = [console.start_sync() for console in self.consoles]
            PAUSE.wait(self.dice.uniform(0.3, 2.0))
            for child in followers:
                self._kill(child)
            self.verdict.cycles += len(followers)
            if number % 4 == 3:
                self.kill_centre()
                self.start_centre()
        self.settle()
        self.verdict.seconds = time.monotonic() - began
        self.verdict.faults = dict(self.proxy.met)
        return self.verdict


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
