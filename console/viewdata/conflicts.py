"""What the conflict screen draws: both sides of an op that the centre did not take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Side:
    """One field on both sides, in words."""

    name: str
    mine: str
    theirs: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Undecided:
    """One op that waits for a person, or was just decided and can still be taken back.

    state, token: word and colour. undo_s: seconds left to take the decision back, None before one.
    editable: its text can go back into the log form.
    """

    op_id: str
    title: str
    when: str
    state: str
    token: str
    reason: str
    mine_head: str
    theirs_head: str
    sides: tuple[Side, ...]
    conflict: bool
    editable: bool
    undo_s: int | None = None
