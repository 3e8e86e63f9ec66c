"""The key on its way: handed to the sync process through its input; a process without it makes way."""

from __future__ import annotations

import sys
from pathlib import Path

from console.processes import MADE_WAY
from console.store import keys
from console.store.ops import OpsStore
from tests.processes import eventually


def seen_by_others(pid):
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))


def test_a_sync_process_without_the_key_makes_way_for_a_window_that_has_it(chain, runner, hub, monkeypatch):
    from console.services.session import Session, Source
    from tests.gui import until

    flood = chain(rate="60", start="2022-06-22 08:00")
    flood.start_central()
    made = keys.available_key(flood.home.root)
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE)
    locked = flood.start_sync()
    eventually(lambda: (flood.profile.folder / "run" / "sync.json").exists(), what="it pulls without the key")
    assert not flood.profile.ops.exists()

    async def story():
        session = Session(Source(flood.home, flood.source, made), hub)
        session.start()
        try:
            await until(lambda: locked.process.poll() is not None, what="it leaves")
        finally:
            await session.close()

    runner.run(story())
    assert locked.process.returncode == MADE_WAY


def test_a_child_gets_the_key_through_its_input_and_not_where_others_look(chain, runner, monkeypatch):
    from console.app import children
    from console.settings import Settings
    from tests.gui import until

    flood = chain()
    key = keys.available_key(flood.home.root)
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE)
    child = children(flood.home, Settings(source=flood.source), key)[1]

    async def story():
        child.start()
        try:
            await until(lambda: flood.profile.ops.exists(), what="the child opened ops.db with it")
            if sys.platform == "linux":
                assert key.secret.hex().encode() not in seen_by_others(child.pid)
        finally:
            child.stop()

    runner.run(story())
    OpsStore(flood.profile.ops, key).close()
