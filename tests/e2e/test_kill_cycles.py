"""A season of power cuts in one minute: consoles and centre die at random behind a bad line."""

from __future__ import annotations

import os

import pytest

from tests.field_laptop import FieldLaptop
from tests.kill_cycles import KillRun

CYCLES = 25  # `python3 -m tests kills` goes on for as many as wanted


@pytest.mark.timeout(400)
def test_after_many_kills_behind_a_bad_line_nothing_said_to_be_saved_is_lost_or_doubled(tmp_path):
    run = KillRun(tmp_path, seed=int.from_bytes(os.urandom(3)))
    try:
        verdict = run.run(CYCLES)
    finally:
        run.close()
    print(verdict.line())
    assert not verdict.problems, f"{run.seed}: {verdict.line()}"
    assert verdict.cycles >= CYCLES and verdict.centre_kills and verdict.saved > CYCLES
    assert verdict.faults["answer lost"] and verdict.faults["answer cut"], "the line was too good to prove anything"


def test_a_laptop_that_was_alone_brings_everything_home_and_every_conflict_with_both_sides(tmp_path):
    run = FieldLaptop(tmp_path, seed=int.from_bytes(os.urandom(3)))
    try:
        run.offline(300)
        verdict = run.come_home(rounds=4)
    finally:
        run.close()
    assert not verdict.problems, f"{run.seed}: {verdict.line()}"
    assert verdict.saved >= 300 and verdict.centre_kills
