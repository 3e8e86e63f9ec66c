"""Who a device is: keys that are never plain on disk, cards that cannot be altered, a list one can take back."""

from __future__ import annotations

import json

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend

from console import cli
from console.errors import StoreError
from console.store.identity import DeviceKeys, TrustList, card_from, spoken
from console.store.secret_box import PASSPHRASE_VARIABLE, KeyringBox, PassphraseBox, secret_box

WORDS = "correct horse battery"


class MemoryKeyring(KeyringBackend):
    priority = 1

    def __init__(self):
        self.held = {}

    def get_password(self, service, username):
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        self.held[service, username] = password

    def delete_password(self, service, username):
        del self.held[service, username]


def test_the_private_keys_are_not_in_the_file_and_open_with_the_passphrase_alone(tmp_path):
    made = DeviceKeys(tmp_path, PassphraseBox(WORDS)).load("省中心")
    text = (tmp_path / "device.json").read_text("utf-8")
    private = made.sign_key.private_bytes_raw() + made.seal_key.private_bytes_raw()
    assert private[:32].hex() not in text and private[32:].hex() not in text
    assert (tmp_path / "device.json").stat().st_mode & 0o077 == 0
    again = DeviceKeys(tmp_path, PassphraseBox(WORDS)).load()
    assert again.card == made.card and again.sign_key.private_bytes_raw() == private[:32]
    with pytest.raises(StoreError) as caught:
        DeviceKeys(tmp_path, PassphraseBox("another one")).load()
    assert PASSPHRASE_VARIABLE in caught.value.next_step


def test_the_systems_keyring_holds_the_key_where_there_is_one(tmp_path, monkeypatch):
    before = keyring.get_keyring()
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    try:
        keyring.set_keyring(MemoryKeyring())
        box = secret_box(tmp_path)
        assert isinstance(box, KeyringBox)
        assert secret_box(tmp_path).unwrap(box.wrap(b"keys")) == b"keys"
        with pytest.raises(StoreError):
            KeyringBox("identity:another").unwrap(box.wrap(b"keys"))
        keyring.set_keyring(keyring.backends.fail.Keyring())
        with pytest.raises(StoreError) as caught:
            secret_box(tmp_path)
        assert PASSPHRASE_VARIABLE in caught.value.next_step
    finally:
        keyring.set_keyring(before)


def test_a_card_with_another_key_under_the_same_fingerprint_is_refused(tmp_path):
    card = DeviceKeys(tmp_path / "a", PassphraseBox(WORDS)).load("省中心").card
    other = DeviceKeys(tmp_path / "b", PassphraseBox(WORDS)).load("x").card
    assert card_from(card.to_text()) == card
    doc = json.loads(card.to_text())
    for wrong in ({"seal": other.seal}, {"id": other.device_id}, {"sign": "zz"}, {"sign": card.sign[:10]}):
        with pytest.raises(StoreError):
            card_from(json.dumps(doc | wrong))
    with pytest.raises(StoreError):
        card_from("[]")
    assert len(spoken(card.device_id).split()) == 8 and all(len(g) == 4 for g in spoken(card.device_id).split())


def test_trust_is_given_seen_and_taken_back_on_the_command_line(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(PASSPHRASE_VARIABLE, WORDS)
    card = tmp_path / "card.json"
    other = tmp_path / "other"
    assert cli.run(["--home", str(other), "identity", "--name", "外业一号", "--out", str(card)]) == 0
    shown = capsys.readouterr()
    fingerprint = json.loads(shown.out)["id"]
    assert spoken(fingerprint) in shown.err and "private" not in shown.out
    command = ["--home", str(home.root), "trust"]
    assert cli.run([*command, str(card)]) == 0
    assert "电话核对" in capsys.readouterr().out
    assert cli.run(command) == 0
    assert spoken(fingerprint) in capsys.readouterr().out
    assert cli.run([*command, "--revoke", fingerprint[:8]]) == 0
    assert "已撤销" in capsys.readouterr().out
    assert TrustList(home.root / "identity").find(fingerprint).revoked_at > 0
    assert cli.run([*command, "--revoke", fingerprint[:8]]) == 2, "it is not there to be revoked twice"
    assert cli.run([*command, str(tmp_path / "nothing")]) == 2
