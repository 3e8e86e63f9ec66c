"""The key on its way: handed to the sync process through its input; a process without it makes way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from console.processes import MADE_WAY
from console.store import keys
from console.store.ops import OpsStore
from tests.processes import ROOT, eventually


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
        session = Session(Source(flood.home, flood.source, made), hub, ())
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


def test_a_desk_on_a_machine_without_keyring_asks_and_can_be_closed(home, tmp_path):
    """No passphrase yet: the window asks; nothing is started, nothing is written, and it can be quit."""
    from console.paths import DataHome
    from tests.processes import Running

    fresh = DataHome(tmp_path / "fresh")
    desk = Running(fresh, "desk", env={keys.PASSPHRASE_VARIABLE: "", "QT_QPA_PLATFORM": "offscreen"})
    try:
        eventually(lambda: "asking" in "".join(p.read_text("utf-8") for p in fresh.logs.glob("desk*")), what="the page is up")
        desk.process.terminate()
        assert desk.process.wait(20) == 0
        assert not (fresh.root / keys.KEY_FILE).exists() and not list(fresh.root.glob("profiles/*/ops.db*"))
    finally:
        desk.stop()


def test_a_desk_with_a_passphrase_in_the_environment_asks_nobody(home):
    from tests.processes import Running

    desk = Running(home, "--source", "beijiang-2022-06", "desk", env={"QT_QPA_PLATFORM": "offscreen"})
    profile = home.profile("beijiang-2022-06")
    try:
        eventually(lambda: profile.ops.exists() and profile.latest.exists(), 40, "the desk and its sync process run")
        desk.process.terminate()
        assert desk.process.wait(30) == 0
    finally:
        desk.stop()


def test_the_passphrase_is_changed_on_the_command_line(home, key):
    words = [sys.executable, "-m", "console", "--home", str(home.root), "passphrase"]
    old = os.environ[keys.PASSPHRASE_VARIABLE]

    def run(*lines):
        return subprocess.run(words, cwd=ROOT, input="\n".join(lines) + "\n", capture_output=True, text=True)

    assert run(old, "another passphrase", "another passphras").returncode != 0
    assert "口令不对" in run("not this one", "another passphrase", "another passphrase").stderr
    assert run(old, "another passphrase", "another passphrase").returncode == 0
    assert keys.unlock(home.root, "another passphrase") == key
