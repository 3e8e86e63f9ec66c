"""A meeting as a file: the same bytes again, and nobody takes a changed file for the meeting."""

from __future__ import annotations

import json

import pytest

from console.domain.meeting import entry_of
from console.domain.meeting_fold import folded
from console.errors import NewerFile, StoreError
from console.store.meeting_file import meeting_bytes, read_meeting, write_meeting

T = 1_655_802_000


def entry(n, what, seq, refused="", at=T + 0.25, **fields):
    body = {"meeting_id": "m1", "what": what, **fields}
    return entry_of(f"e{n}", body, "张三", at, seq, refused, clock_untrusted=n == 2)


@pytest.fixture
def meeting():
    head = {"topic": "北江2号洪水", "level": "Ⅱ", "chair": "王五", "recorder": "张三", "cutoff_t": float(T)}
    said = {"org": "省水文局", "person": "赵七", "step": "regime"}
    (found,) = folded(
        [
            entry(1, "open", 11, **head),
            entry(2, "opinion", 12, text="石角洪峰18500\n<b>&\u202e", **said),
            entry(3, "revise", 14, corrects="e2", text="石角洪峰18100", reason="更新预报"),
            entry(4, "hologram", 15, of=[1.5, None, {"deep": True}]),
            entry(5, "close", 16),
            entry(6, "opinion", None, text="散会后补充", **said),
            entry(7, "step", None, "unknown-kind", step="local"),
        ]
    )
    return found


def test_a_meeting_comes_back_from_its_file_and_writes_the_same_bytes(meeting, tmp_path):
    first, second = tmp_path / "会商.json", tmp_path / "again.json"
    write_meeting(first, meeting)
    again = read_meeting(first)
    assert again == meeting and again.opinions[0].was == meeting.opinions[0].was and again.late == {"e6", "e7"}
    write_meeting(second, again)
    assert second.read_bytes() == first.read_bytes()
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")] == []


def test_half_a_character_from_a_strange_centre_does_not_keep_the_meeting_out_of_its_file(meeting, tmp_path):
    strange = entry(8, "hologram", 17)
    (found,) = folded([*meeting.entries, strange, entry(9, "step", 18, step="\ud800")])
    assert strange in found.entries and "e9" not in [e.entry_id for e in found.entries]
    write_meeting(tmp_path / "m.json", found)
    assert read_meeting(tmp_path / "m.json").entries == found.entries


def test_every_changed_byte_is_found(meeting, tmp_path):
    file = tmp_path / "m.json"
    whole = meeting_bytes(meeting)
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(StoreError):
            read_meeting(file)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="损坏"):
        read_meeting(file)


def test_words_changed_by_hand_are_found_and_said(meeting, tmp_path):
    file = tmp_path / "m.json"
    file.write_bytes(meeting_bytes(meeting).replace(b"18100", b"12000"))
    with pytest.raises(StoreError, match="被改动过") as told:
        read_meeting(file)
    assert "重新导出" in told.value.next_step


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 5000, '{"format":"other"}', "\x00\xff"])
def test_another_file_is_refused_in_words(text, tmp_path):
    (tmp_path / "m.json").write_text(text, "latin-1")
    with pytest.raises(StoreError) as told:
        read_meeting(tmp_path / "m.json")
    assert told.value.what.endswith("。") and told.value.next_step.startswith("请")


def test_a_newer_file_asks_for_a_newer_program(meeting, tmp_path):
    doc = json.loads(meeting_bytes(meeting)) | {"version": 2}
    (tmp_path / "m.json").write_text(json.dumps(doc), "utf-8")
    with pytest.raises(NewerFile, match="升级"):
        read_meeting(tmp_path / "m.json")


def test_a_file_that_cannot_be_written_leaves_the_one_before(meeting, tmp_path, monkeypatch):
    file = tmp_path / "m.json"
    write_meeting(file, meeting)
    before = file.read_bytes()

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("console.store.meeting_file.os.fsync", full)
    with pytest.raises(StoreError, match="没有写下"):
        write_meeting(file, meeting)
    assert file.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(StoreError, match="读不出来"):
        read_meeting(tmp_path / "gone.json")
