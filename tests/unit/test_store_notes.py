"""What the banner says when local files were damaged: what was lost, what is done, what to do."""

from __future__ import annotations

from console.presenters.store_notes import store_note


def words(**doc):
    return store_note({"rebuilt": [], "recovery": None, "ops_damaged": False, **doc}, str)


def test_nothing_is_said_when_all_is_well():
    assert words() == "" and store_note({}, str) == ""


def test_a_recovery_says_how_many_entries_there_are_and_what_is_sent_again():
    text = words(recovery={"entries": 40, "offered": 12, "at": 1655877600.0}, rebuilt=["ref.db"])
    assert "40 条记录" in text and "12 条重新上报" in text and "14:00" in text


def test_a_damaged_cache_file_is_named_and_entries_are_safe():
    assert "tele-202206.db" in words(rebuilt=["tele-202206.db"]) and "记录不受影响" in words(rebuilt=["tele-202206.db"])


def test_while_it_is_being_recovered_people_are_asked_to_wait():
    assert "请稍候" in words(ops_damaged=True, rebuilt=["ref.db"])
