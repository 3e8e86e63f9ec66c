"""Three days without the centre: counted honestly, whatever is done to the clock; five tries, then a lock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.domain.offline import LOCK_S, OFFLINE_S, Leave, Reading, noted, renewed, standing, tried
from console.store import credential as store_of
from console.store.credential import CredentialStore, Person, WrongPassphrase, machine_clock, opened, sealed

H = 3600.0
T = 1_655_877_600.0
START = Reading(T, "boot-1", 100.0)
ZHANG = Person("zhang", "张三", ("duty",))


def at(hours, boot="boot-1", boot_h=None, wall_shift_h=0.0):
    return Reading(T + (hours + wall_shift_h) * H, boot, 100.0 + (hours if boot_h is None else boot_h) * H)


@pytest.mark.parametrize(
    ("story", "readings", "state"),
    [
        ("an ordinary day", [at(8)], "good"),
        ("the last hour", [at(71.9)], "good"),
        ("three days are over", [at(72.1)], "expired"),
        ("the clock is set back while it runs", [at(73, wall_shift_h=-70)], "expired"),
        ("the clock is set forward by mistake", [at(1, wall_shift_h=500)], "good"),
        ("it slept for a week", [at(168)], "expired"),
        ("restarted, still the second day", [at(20), at(21, "boot-2", 0.1)], "good"),
        ("restarted after a week on the shelf", [at(20), at(190, "boot-2", 0.1)], "expired"),
        ("restarted with the clock set back", [at(20), at(21, "boot-2", 0.1, wall_shift_h=-15)], "backwards"),
        (
            "set back and then right again",
            [at(20), at(21, "boot-2", 0.1, wall_shift_h=-15), at(22, "boot-3", 0.1)],
            "backwards",
        ),
        ("corrected by a minute over a restart", [at(20), at(20, "boot-2", 0.0, wall_shift_h=-1 / 60)], "good"),
        (
            "restarted each day, run all day",
            [at(30), at(30, "boot-2", 0), at(60, "boot-2", 30), at(73, "boot-2", 43)],
            "expired",
        ),
    ],
)
def test_the_three_days(story, readings, state):
    leave = renewed(None, T, START)
    for reading in readings[:-1]:
        leave = noted(leave, reading)
    assert standing(leave, readings[-1]).state == state, story


def test_a_contact_begins_the_three_days_again_and_clears_suspicion():
    leave = noted(noted(renewed(None, T, START), at(20)), at(21, "boot-2", 0, wall_shift_h=-15))
    assert standing(leave, at(21, "boot-2", 1)).state == "backwards"
    again = renewed(leave, T + 21 * H, at(21, "boot-2", 1))
    assert standing(again, at(90, "boot-2", 70)).state == "good" and again.contact_t == T + 21 * H


def test_five_wrong_tries_lock_for_a_quarter_of_an_hour_and_a_right_one_clears():
    leave = renewed(None, T, START)
    for _ in range(4):
        leave = tried(leave, START, right=False)
    assert standing(leave, START).state == "good"
    assert tried(leave, START, right=True).fails == 0
    leave = tried(leave, START, right=False)
    found = standing(leave, START)
    assert found.state == "locked" and found.left_s == LOCK_S
    assert standing(leave, Reading(T + LOCK_S - 1, "boot-1", 100 + LOCK_S - 1)).state == "locked"
    assert standing(leave, Reading(T + LOCK_S, "boot-1", 100 + LOCK_S)).state == "good"


def test_neither_a_restart_nor_the_clock_nor_the_centre_ends_the_lock_early():
    leave = renewed(None, T, START)
    for _ in range(5):
        leave = tried(leave, START, right=False)
    assert standing(leave, at(0.1, "boot-2", 0)).state == "locked", "restart"
    assert standing(leave, at(0.1, wall_shift_h=10)).state == "locked", "clock set forward while it runs"
    assert standing(renewed(leave, T, at(0.1)), at(0.1)).state == "locked", "contact"
    assert standing(renewed(leave, T, at(0.1)), at(0.3)).state == "good"


@given(
    st.lists(
        st.tuples(st.floats(-100 * H, 100 * H), st.floats(0, 30 * H), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_no_play_with_the_clock_gives_more_than_three_days_of_running(steps):
    """Whatever is done to the wall clock and however often it restarts, running time is counted."""
    leave, ran, boot, boot_s, wall = Leave(T, START), 0.0, 0, 100.0, T
    for jump, run_s, restart in steps:
        wall += jump
        if restart:
            boot, boot_s = boot + 1, 0.0
            leave = noted(leave, Reading(wall, f"b{boot}", boot_s))
        ran += run_s if leave.at.boot == f"b{boot}" else 0.0
        boot_s, wall = boot_s + run_s, wall + run_s
        before = leave.spent_s
        leave = noted(leave, Reading(wall, f"b{boot}", boot_s))
        assert leave.spent_s >= before
    if ran > OFFLINE_S:
        assert standing(leave, leave.at).state != "good"


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(store_of, "COST", 2**10)


def test_the_passphrase_opens_the_seal_and_nothing_else_does(quick):
    kept = sealed(ZHANG, "防汛 2022 passphrase", Leave(T, START))
    assert opened(kept, "防汛 2022 passphrase") == ZHANG
    with pytest.raises(WrongPassphrase):
        opened(kept, "guess")
    flipped = store_of.Credential(kept.salt, kept.sealed[:-6] + "AAAA==", kept.leave)
    with pytest.raises(WrongPassphrase):
        opened(flipped, "防汛 2022 passphrase")


def test_it_survives_a_restart_in_a_file_that_only_this_user_reads(quick, tmp_path):
    path = tmp_path / "offline.json"
    store = CredentialStore(path, None)
    leave = tried(Leave(T, START), START, right=False)
    store.save(sealed(ZHANG, "p", leave))
    assert path.stat().st_mode & 0o077 == 0
    assert "张三" not in path.read_text("utf-8") and "zhang" not in path.read_text("utf-8")
    again = CredentialStore(path, None).load()
    assert again.leave == leave and opened(again, "p") == ZHANG
    store.forget()
    assert CredentialStore(path, None).load() is None


def test_with_a_keyring_there_is_no_file(quick, tmp_path):
    from tests.keyrings import Ring

    ring, path = Ring(), tmp_path / "offline.json"
    store = CredentialStore(path, ring)
    store.save(sealed(ZHANG, "p", Leave(T, START)))
    assert not path.exists() and opened(store.load(), "p") == ZHANG
    store.forget()
    store.forget()
    assert store.load() is None and not ring.kept


@pytest.mark.parametrize("text", ["", "{", "[]", '{"salt": 1}', '{"salt": "", "sealed": "", "leave": {}}', "[" * 60_000])
def test_a_damaged_credential_is_none(tmp_path, text):
    path = tmp_path / "offline.json"
    path.write_text(text)
    assert CredentialStore(path, None).load() is None


def test_the_real_cost_is_what_it_says_and_the_clock_is_real():
    assert store_of.COST >= 2**15
    first, second = machine_clock(), machine_clock()
    assert first.boot == second.boot and second.boot_s >= first.boot_s > 0
