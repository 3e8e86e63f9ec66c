"""Two stores agree on a day by count and hash; the hash is fixed for good, whoever computes it."""

from __future__ import annotations

import struct

import numpy as np

from console.domain.digests import Digest, day_number, day_of, day_text, day_window, digests_by_series, row_hashes
from console.domain.scopes import basin_names, scope_parts, scopes_of, within

MASK = 2**64 - 1


def by_hand(sid, t, value, quality, rev):
    """The documented steps, one by one, without numpy."""
    bits = 0x7FF8000000000000 if value is None else struct.unpack("<Q", struct.pack("<d", value + 0.0))[0]
    h = 0x9E3779B97F4A7C15
    for word in (sid & MASK, t & MASK, bits, quality & MASK, rev & MASK):
        h = ((h ^ word) + 0x9E3779B97F4A7C15) & MASK
        h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & MASK
        h ^= h >> 31
    return h


ROWS = [(1, 1655877600, 35.97, 0, 1), (1, 1655881200, None, 2, 3), (2, 1655877600, -0.0, 0, 1), (7, 0, -5.25, 9, 2)]


def test_the_hash_is_the_documented_one():
    columns = [np.array(c) for c in zip(*[(s, t, np.nan if v is None else v, q, r) for s, t, v, q, r in ROWS], strict=True)]
    assert row_hashes(*columns).tolist() == [by_hand(*r) for r in ROWS]
    assert f"{by_hand(*ROWS[0]):016x}" == "3daa75931e2c8711"


def test_zero_has_one_sign_and_missing_one_form():
    assert digests_by_series([(2, 1, -0.0, 0, 1)]) == digests_by_series([(2, 1, 0.0, 0, 1)])
    assert digests_by_series([(2, 1, None, 0, 1)]) != digests_by_series([(2, 1, 0.0, 0, 1)])


def test_digests_of_disjoint_sets_add_up_in_any_order():
    parts = list(digests_by_series(ROWS).values())
    assert [p.count for p in parts] == [2, 1, 1]
    forward, back = Digest(), Digest()
    for a, b in zip(parts, reversed(parts), strict=True):
        forward, back = forward.plus(a), back.plus(b)
    assert forward == back and forward.count == 4 and len(forward.to_doc()["xor"]) == 16


def test_a_day_is_a_beijing_day():
    start, end = day_window(day_number("2022-06-22"))
    assert (start, end) == (1655827200, 1655913599) and day_text(day_of(start)) == day_text(day_of(end)) == "2022-06-22"


def test_scopes_are_read_from_what_the_objects_say():
    basins = basin_names([{"code": "B1", "properties": {"name": "北江流域"}}])
    assert scopes_of({"code": "B1", "properties": {}}, basins) == {"basin:北江"}
    here = {"code": "S", "properties": {"city": "清远、韶关", "river": "潖江", "rain_basin": "B1"}}
    assert scopes_of(here, basins) == {"basin:北江", "city:清远", "city:韶关"}
    assert scopes_of({"code": "T", "properties": {"river": "东江"}}, basins) == {"basin:东江"}
    assert within(frozenset(), ("basin:北江",)), "an object that names no place is in every scope"
    assert scope_parts(" city:清远,basin:北江,city:清远 ") == ("basin:北江", "city:清远")
    assert scope_parts("") == scope_parts("city:清远,all") == ("all",)
