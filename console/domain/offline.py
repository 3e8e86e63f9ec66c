"""How long a person may work without the centre, and how many tries the passphrase has.

72 h from the last contact, five tries, then 15 min. Time is counted by what the machine ran, so
that setting its clock back gains nothing: within one boot the boot clock decides, over a reboot
the wall clock, and a wall clock that went backwards over a reboot ends it until the next contact.

Source: GB/T 22239-2019, 8.1.4.1 b (failed tries).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

OFFLINE_S = 72 * 3600.0
TRIES = 5
LOCK_S = 15 * 60.0
BACKWARDS_S = 120.0  # a clock may be corrected by this much without suspicion


@dataclass(frozen=True, slots=True)
class Reading:
    """This machine's clocks at one moment: wall UTC s, which boot, seconds since it (asleep or not)."""

    wall_t: float
    boot: str
    boot_s: float


@dataclass(frozen=True, slots=True)
class Leave:
    """What is counted since the last contact.

    contact_t: the centre's time of it. spent_s: counted up to at. fails: wrong tries in a row.
    locked_s: spent_s when the lock began, None when there is none. backwards: the clock was set back.
    """

    contact_t: float
    at: Reading
    spent_s: float = 0.0
    fails: int = 0
    locked_s: float | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """state: good, expired, locked, backwards. left_s: until it ends, or until the lock does."""

    state: str
    left_s: float


def noted(leave: Leave, now: Reading) -> Leave:
    """Return the count brought up to now; it never gets smaller."""
    if now.boot == leave.at.boot:
        step = max(0.0, now.boot_s - leave.at.boot_s)
        return replace(leave, at=now, spent_s=leave.spent_s + step)
    gone = now.wall_t - leave.at.wall_t
    return replace(leave, at=now, spent_s=leave.spent_s + max(0.0, gone), backwards=leave.backwards or gone < -BACKWARDS_S)


def renewed(leave: Leave | None, centre_t: float, now: Reading) -> Leave:
    """Return a fresh count: the centre was reached; a lock stays."""
    if leave is None:
        return Leave(centre_t, now)
    before = noted(leave, now)
    locked = None if before.locked_s is None else before.locked_s - before.spent_s  # the lock began before this zero
    return Leave(centre_t, now, fails=before.fails, locked_s=locked)


def standing(leave: Leave, now: Reading) -> Standing:
    """Return what is allowed now."""
    held = noted(leave, now)
    if held.locked_s is not None and held.spent_s < held.locked_s + LOCK_S:
        return Standing("locked", held.locked_s + LOCK_S - held.spent_s)
    if held.backwards:
        return Standing("backwards", 0.0)
    left = OFFLINE_S - held.spent_s
    return Standing("good", left) if left > 0 else Standing("expired", 0.0)


def tried(leave: Leave, now: Reading, *, right: bool) -> Leave:
    """Return the count after a try of the passphrase; five wrong ones lock."""
    held = noted(leave, now)
    if right:
        return replace(held, fails=0, locked_s=None)
    fails = held.fails + 1
    if fails < TRIES:
        return replace(held, fails=fails)
    return replace(held, fails=0, locked_s=held.spent_s)
