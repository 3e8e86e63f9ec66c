"""The sync protocol against a hostile scheduler, and proof that the scheduler is hostile enough."""

from __future__ import annotations

from contextlib import contextmanager
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from uuid6 import uuid7

import console.store.cache_writer as cache_writer
from console.store.cache_writer import CacheWriter
from console.store.ops import OpsStore, OutboxOp
from console.store.sqlite import transaction
from console.sync.push import Pusher
from tests.protocol_machine import Killed, ProtocolMachine

RUNS = 40


def play(runs: int, steps: int = 30, seeded: bool = False) -> None:
    """Raises AssertionError where a promise is broken."""
    run_state_machine_as_test(
        ProtocolMachine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=seeded,
            report_multiple_bugs=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_lost_replies_kills_and_a_centre_put_back_from_backup_lose_and_double_nothing():
    play(RUNS)


# --- planted bugs: each must be found, or the test above proves nothing -----------------------
@contextmanager
def the_key_is_new_at_every_try():
    real = OutboxOp.to_wire
    with patch.object(OutboxOp, "to_wire", lambda op: real(op) | {"id": str(uuid7())}):
        yield


@contextmanager
def nothing_is_offered_again_after_a_restore():
    def new_epoch(store, epoch):
        with transaction(store._db):
            store._db.execute("insert or replace into origin values('epoch',?)", (epoch,))
        return 0

    with patch.object(OpsStore, "new_epoch", new_epoch):
        yield


@contextmanager
def the_cursor_moves_before_the_rows():
    real = CacheWriter.apply

    def apply(writer, cols, cursor, *rest):
        if cursor is not None:
            with cache_writer.transaction(writer._latest):
                writer._latest.execute("insert or replace into feed values('obs',?)", (cursor,))
        real(writer, cols, cursor, *rest)

    with patch.object(CacheWriter, "apply", apply):
        yield


@contextmanager
def the_last_arrival_wins():
    with patch.object(cache_writer, "UPSERT", cache_writer.UPSERT.partition(" where ")[0]):
        yield


@contextmanager
def an_op_is_done_when_it_is_sent():
    real = Pusher._send

    def send(pusher, batch):
        pusher._store.answered([(op.op_id, "applied", "") for op in batch])
        return real(pusher, batch)

    with patch.object(Pusher, "_send", send):
        yield


@contextmanager
def an_entry_is_said_to_be_saved_before_its_commit():
    real = OpsStore.add

    def add(store, *what, **more):
        try:
            return real(store, *what, **more)
        except Killed:
            return "said too early"

    with patch.object(OpsStore, "add", add):
        yield


RIVER = frozenset({"measure", "strike"})
BUNDLES = frozenset({"take_page", "carry_pages", "take_pack"})
ENTRIES = frozenset({"enter", "push"})
# what cannot show a bug is left out of its search, so that it is found within seconds
PLANTED = (
    (the_key_is_new_at_every_try, BUNDLES | RIVER | {"accident"}),
    (nothing_is_offered_again_after_a_restore, BUNDLES | RIVER | {"pull"}),
    (the_cursor_moves_before_the_rows, BUNDLES | ENTRIES | {"accident", "strike", "pull"}),
    (the_last_arrival_wins, ENTRIES | {"accident", "strike", "pull"}),
    (an_op_is_done_when_it_is_sent, BUNDLES | RIVER | {"accident"}),
    (an_entry_is_said_to_be_saved_before_its_commit, BUNDLES | RIVER | {"accident", "pull", "push"}),
)


@pytest.mark.parametrize(("bug", "left_out"), PLANTED, ids=[bug.__name__ for bug, _ in PLANTED])
def test_a_planted_bug_is_found(bug, left_out, monkeypatch):
    monkeypatch.setattr(ProtocolMachine, "left_out", left_out)
    with bug(), pytest.raises(AssertionError):
        play(200, steps=60, seeded=True)
