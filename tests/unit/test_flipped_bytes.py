"""Any flipped byte is noticed. The long form, 10,000 of each: python3 -m tests flips."""

from __future__ import annotations

from tests.flips import filled, unnoticed_in_audit, unnoticed_in_file


def test_a_flipped_byte_anywhere_in_ops_db_is_noticed(profile, key):
    filled(profile.ops, key)
    assert unnoticed_in_file(profile.ops, key, 300, seed=7) == []


def test_a_changed_byte_in_any_audit_line_is_noticed(profile, key):
    filled(profile.ops, key)
    assert unnoticed_in_audit(profile.ops, key, 300, seed=7) == []
