"""The key of ops.db: in a real keyring or under a passphrase, never plain; one key however many start at once."""

from __future__ import annotations

import os
import subprocess
import sys

import keyring
import keyring.backend
import pytest
from keyring.errors import KeyringLocked

from console.errors import StoreError
from console.store import keyrings, keys
from console.store.ops import OpsStore

CHEAP = 2**10
NOBODY: dict[str, str] = {}


class InMemory(keyring.backend.KeyringBackend):
    """Stands for an operating system's keyring."""

    priority = 1
    name = "system"

    def __init__(self):
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[(service, username)] = password

    def delete_password(self, service, username):
        self.kept.pop((service, username))


class Locked(InMemory):
    def set_password(self, *_):
        raise KeyringLocked("locked")

    def get_password(self, *_):
        raise RuntimeError("the bus is gone")


class PlaintextKeyring(InMemory):
    """Named as the plain-text backends are named."""


@pytest.fixture
def system_keyring(monkeypatch):
    found = InMemory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: found)
    monkeypatch.setattr(keyring, "get_password", lambda s, u: keyring.get_keyring().get_password(s, u))
    monkeypatch.setattr(keyring, "set_password", lambda s, u, p: keyring.get_keyring().set_password(s, u, p))
    monkeypatch.setattr(keyring, "delete_password", lambda s, u: keyring.get_keyring().delete_password(s, u))
    return found


def test_with_neither_keyring_nor_passphrase_nothing_is_written(tmp_path):
    assert keyrings.refusal(), "the tests run with the backend that keeps nothing"
    assert keys.available_key(tmp_path, NOBODY) is None
    assert list(tmp_path.iterdir()) == []


def test_the_first_passphrase_makes_the_key_and_only_it_opens_it(tmp_path):
    made = keys.unlock(tmp_path, "汛期值班口令二零", CHEAP)
    assert keys.unlock(tmp_path, "汛期值班口令二零") == made and keys.kind_of(tmp_path) == "passphrase"
    with pytest.raises(keys.WrongPassphrase, match="口令不对"):
        keys.unlock(tmp_path, "汛期值班口令二一")
    text = (tmp_path / "ops.key").read_text()
    assert made.secret.hex() not in text and made.secret.hex() not in repr(made)
    if os.name == "posix":
        assert (tmp_path / "ops.key").stat().st_mode & 0o077 == 0


def test_a_first_passphrase_that_is_too_short_is_refused_and_makes_nothing(tmp_path):
    with pytest.raises(keys.WrongPassphrase, match="至少"):
        keys.unlock(tmp_path, "1234567", CHEAP)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_unlocks_what_runs_unattended(tmp_path):
    made = keys.unlock(tmp_path, "大屏节点的口令一", CHEAP)
    assert keys.available_key(tmp_path, {keys.PASSPHRASE_VARIABLE: "大屏节点的口令一"}) == made
    with pytest.raises(keys.WrongPassphrase):
        keys.available_key(tmp_path, {keys.PASSPHRASE_VARIABLE: "不是这一个口令"})


def test_another_passphrase_seals_the_same_key(tmp_path):
    made = keys.unlock(tmp_path, "old-passphrase", CHEAP)
    keys.change_passphrase(tmp_path, "old-passphrase", "new-passphrase", CHEAP)
    assert keys.unlock(tmp_path, "new-passphrase") == made
    with pytest.raises(keys.WrongPassphrase):
        keys.unlock(tmp_path, "old-passphrase")
    assert [p.name for p in tmp_path.iterdir()] == ["ops.key"]


def test_a_real_keyring_is_taken_first_and_asks_nobody(tmp_path, system_keyring):
    made = keys.available_key(tmp_path, {keys.PASSPHRASE_VARIABLE: "not used at all"})
    assert made is not None and made.source == "keyring" and keys.kind_of(tmp_path) == "keyring"
    assert keys.available_key(tmp_path, NOBODY) == made
    assert made.secret.hex() not in (tmp_path / "ops.key").read_text()


def test_a_keyring_that_lost_the_key_is_said_not_replaced(tmp_path, system_keyring):
    keys.available_key(tmp_path, NOBODY)
    system_keyring.kept.clear()
    with pytest.raises(keys.KeyTrouble, match="钥匙串"):
        keys.available_key(tmp_path, NOBODY)
    assert keys.kind_of(tmp_path) == "keyring", "a new key would shut the old entries away for good"


@pytest.mark.parametrize("backend", [Locked, PlaintextKeyring])
def test_a_keyring_that_raises_or_keeps_plain_text_is_not_used(tmp_path, system_keyring, monkeypatch, backend):
    monkeypatch.setattr(keyring, "get_keyring", backend)
    assert keys.available_key(tmp_path, NOBODY) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"kind":"passphrase"}', '{"kind":"passphrase","cost":3,"salt":"","nonce":"","box":""}', "\xff"]
)
def test_a_damaged_key_file_is_said_and_never_overwritten(tmp_path, text):
    (tmp_path / "ops.key").write_text(text)
    with pytest.raises(keys.KeyTrouble, match="已损坏"):
        keys.unlock(tmp_path, "whatever it is", CHEAP)
    assert (tmp_path / "ops.key").read_text() == text


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(keys.KeyTrouble):
        keys.unlock(tmp_path / "file", "whatever it is", CHEAP)


def test_desks_that_start_at_once_agree_on_one_key(tmp_path):
    program = (
        "import sys; from pathlib import Path; from console.store.keys import unlock\n"
        "print(unlock(Path(sys.argv[1]), 'one passphrase', 1024).secret.hex())"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert len({c.communicate()[0] for c in children}) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["ops.key"]


def test_ops_db_shows_nothing_to_who_reads_the_disk(profile, key):
    store = OpsStore(profile.ops, key)
    store.add("log.entry", "log", {"text": "桩号 3+200 渗水"}, "张三")
    for path in profile.folder.iterdir():
        content = path.read_bytes()
        assert "渗水".encode() not in content and "张三".encode() not in content and b"SQLite format" not in content, path
    store.close()


def test_another_key_does_not_open_it_and_changes_nothing(profile, key):
    OpsStore(profile.ops, key).close()
    before = profile.ops.read_bytes()
    with pytest.raises(StoreError, match="ops.db"):
        OpsStore(profile.ops, keys.OpsKey(bytes(32)))
    assert profile.ops.read_bytes() == before
