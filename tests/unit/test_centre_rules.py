"""The centre's own store: versions kept, answers kept, audit chains of the devices watched."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uuid6 import uuid7

from console.central.ops import Op, apply_ops, judge
from console.central.policies import POLICIES
from console.central.repository import Repository


@pytest.fixture
def repo(tmp_path):
    found = Repository(tmp_path / "central.db", "test")
    yield found
    found.close()


def push(repo, kind, body, author="张三", base=None):
    op = Op(id=str(uuid7()), kind=kind, body=body, author=author, at=time.time(), base_version=base)
    return apply_ops(repo, [op], 1_655_900_000.0)[0]


def test_twenty_versions_of_a_layout_are_kept(repo):
    for i in range(25):
        push(repo, "layout.save", {"id": "值守", "doc": {"n": i}})
    kept = repo.versions("layout", "值守")
    assert len(kept) == 20 and kept[0]["doc"] == {"n": 24} and kept[-1]["doc"] == {"n": 5}


def test_a_response_level_knows_since_when_and_when_it_was_started(repo):
    assert push(repo, "response.set", {"topic": "flood", "level": "ended"}, base=0)["code"] == "illegal-transition"
    assert push(repo, "response.set", {"topic": "flood", "level": "IV"}, base=0)["status"] == "applied"
    op = Op(id=str(uuid7()), kind="response.set", body={"topic": "flood", "level": "II"}, author="李四", at=1.0, base_version=1)
    apply_ops(repo, [op], 1_655_903_600.0)
    doc = repo.record("response", "flood")
    assert (doc["level"], doc["version"], doc["since_t"] - doc["started_t"]) == ("II", 2, 3600)
    assert repo.record("response", "typhoon") is None, "each topic has its own level"


def test_a_device_whose_audit_chain_was_cut_or_rewritten_is_reported_but_served(repo):
    assert repo.note_head("pc-1", 5, "e5", None)
    assert repo.note_head("pc-1", 9, "e9", (5, "e5"))
    assert repo.note_head("pc-1", 9, "e9", (5, "e5")), "a lost answer: the same head once more"
    assert repo.audited("audit.broken") == []
    assert not repo.note_head("pc-1", 7, "e7", (5, "e5"))
    assert not repo.note_head("pc-1", 12, "f12", (9, "x9"))
    assert [d for _, d in repo.audited("audit.broken")] == ["n=7 backwards", "n=12 rewritten"]
    assert repo.note_head("pc-2", 1, "a", None), "another device has its own chain"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("text", "type", "alarm_id", "order_id", "topic", "level", "id", "doc", "stage", "corrects", "until_t", "attachments")


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from([*POLICIES, "no.such"]),
    body=st.dictionaries(st.sampled_from([*FIELDS, "reason", "note", "basis", "report_id", "state", "version"]), JSON),
    base=st.none() | st.integers(0, 3),
)
def test_no_body_whatever_it_holds_brings_the_centre_down(kind, body, base):
    op = Op(id=str(uuid7()), kind=kind, body=body, author="张三", at=1.0, base_version=base)
    verdict = judge(op, lambda _kind, _id: None, 1_655_900_000.0)
    assert verdict.status in ("applied", "conflict", "rejected")
    assert bool(verdict.records) == (verdict.status == "applied") and (verdict.status == "applied" or verdict.code)
