"""Who a device is: keys that are never plain on disk, cards that cannot be altered, a list one can take back."""

from __future__ import annotations

import json

import pytest

from console import cli
from console.errors import StoreError
from console.store.identity import DeviceKeys, TrustList, card_from, spoken
from console.store.keys import PASSPHRASE_VARIABLE, OpsKey
from console.store.secret_box import KeyBox, secret_box

KEY = OpsKey(bytes(range(32)))


def test_the_private_keys_are_not_in_the_file_and_open_with_the_machines_key_alone(tmp_path):
    made = DeviceKeys(tmp_path, KeyBox(KEY)).load("省中心")
    stored = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert made.sign_key.private_bytes_raw() not in stored and made.seal_key.private_bytes_raw() not in stored
    assert made.sign_key.private_bytes_raw().hex().encode() not in stored
    again = DeviceKeys(tmp_path, KeyBox(KEY)).load()
    assert again.card == made.card and again.sign_key.private_bytes_raw() == made.sign_key.private_bytes_raw()
    with pytest.raises(StoreError):
        DeviceKeys(tmp_path, KeyBox(OpsKey(bytes(32)))).load()


def test_without_keyring_and_passphrase_no_private_key_is_written(home, monkeypatch):
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    with pytest.raises(StoreError) as caught:
        secret_box(home.root / "identity")
    assert PASSPHRASE_VARIABLE in caught.value.next_step
    assert isinstance(secret_box(home.root / "identity", KEY), KeyBox), "a window that is unlocked hands its key on"


def test_a_card_with_another_key_under_the_same_fingerprint_is_refused(tmp_path):
    card = DeviceKeys(tmp_path / "a", KeyBox(KEY)).load("省中心").card
    other = DeviceKeys(tmp_path / "b", KeyBox(KEY)).load("x").card
    assert card_from(card.to_text()) == card
    doc = json.loads(card.to_text())
    for wrong in ({"seal": other.seal}, {"id": other.device_id}, {"sign": "zz"}, {"sign": card.sign[:10]}):
        with pytest.raises(StoreError):
            card_from(json.dumps(doc | wrong))
    with pytest.raises(StoreError):
        card_from("[]")
    assert len(spoken(card.device_id).split()) == 8 and all(len(g) == 4 for g in spoken(card.device_id).split())


def test_trust_is_given_seen_and_taken_back_on_the_command_line(home, tmp_path, capsys):
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
