"""Offline packs: declared, estimated without guessing, resumed, expired in sight, refused on a full disk."""

from __future__ import annotations

import shutil
import time
from collections import namedtuple
from dataclasses import replace

import pytest

from backend_client.errors import BackendRefused, BackendUnavailable
from console.errors import StoreError
from console.presenters.packs import item_rows, pack_rows, size_words
from console.services.pack_desk import PackView
from console.store.packs import PackItem, PackJournal, chosen_pack, pack_specs
from console.sync.pack_estimate import Estimate, PackEstimate
from console.sync.pack_fetch import PackFetch, check_space

DAY = 86400


@pytest.fixture
def journal(tmp_path):
    found = PackJournal(tmp_path / "packs.db")
    yield found
    found.close()


def test_three_packs_are_declared_in_the_order_of_the_desk():
    assert [s.name for s in pack_specs()] == ["值班包", "会商包", "外业包"]
    field = chosen_pack("field")
    assert {"readings", "plans", "contacts", "cameras", "drawings", "basemap", "terrain", "tiles"} <= set(field.contents)
    with pytest.raises(StoreError) as caught:
        chosen_pack("nothing")
    assert "duty" in caught.value.next_step


def test_a_fetch_that_was_killed_goes_on_as_paused(tmp_path):
    spec, journal = chosen_pack("field"), PackJournal(tmp_path / "packs.db")
    journal.begin(spec, 10 * DAY, [PackItem("a", "readings"), PackItem("b", "plans")])
    journal.note("field", "a", "done", 100, size=100)
    journal.note("field", "b", "fetching", 40, size=90)
    journal.close()
    again = PackJournal(tmp_path / "packs.db")
    again.settle_left("field")
    state = again.state("field")
    assert [(i.name, i.state, i.done, i.size) for i in state.items] == [("a", "done", 100, 100), ("b", "paused", 40, 90)]
    assert (state.from_t, state.to_t) == (10 * DAY - spec.days * DAY, 10 * DAY)
    assert state.word(time.time()) == "paused" and not state.complete
    again.close()


def test_an_old_pack_is_shown_as_expired_and_kept(journal):
    spec = chosen_pack("duty")
    journal.begin(spec, 10 * DAY, [PackItem("a", "readings"), PackItem("b", "plans")])
    journal.note("duty", "a", "done", 100, size=100)
    journal.note("duty", "b", "absent", 0)
    state = journal.state("duty")
    assert state.word(time.time()) == "ready"
    later = state.valid_until + 1
    assert state.word(later) == "expired"
    cells = pack_rows([PackView(spec, state)], str, later)[0]
    assert [c[0] for c in cells][5] == "过期" and cells[6][1] == "state.warning"
    assert [[c[0] for c in r] for r in item_rows(PackView(spec, state), str)][1] == ["预案", "—", "中心未提供"]


def test_what_is_unknown_is_never_a_zero():
    spec = chosen_pack("consult")
    lines = (
        Estimate("readings", 2_000_000, 3),
        Estimate("plans", None, 0, absent=True),
        Estimate("terrain", None, local=True),
    )
    partly = PackEstimate(lines, speed=1_000_000.0)
    assert not partly.certain and partly.size == 2_000_000 and partly.seconds == 2.0
    row = [c[0] for c in pack_rows([PackView(spec, None, partly)], str)[0]]
    assert row[3:5] == ["≥ 2.0 MB", "≥ 2 s"]
    assert [[c[0] for c in r] for r in item_rows(PackView(spec, None, partly), str)] == [
        ["读数", "2.0 MB", "等待"],
        ["预案", "—", "中心未提供"],
        ["三维地形", "未知", "本机生成"],
    ]
    unmeasured = replace(partly, speed=None)
    assert unmeasured.seconds is None and [c[0] for c in pack_rows([PackView(spec, None, unmeasured)], str)[0]][4] == "未知"
    assert [c[0] for c in pack_rows([PackView(spec)], str)[0]][3:6] == ["未知", "未知", "未下载"]
    assert size_words(None) == "未知"


def test_a_disk_without_room_refuses_before_the_start(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _p: usage(10**9, 0, 300_000_000))
    check_space(tmp_path, 10_000_000)
    with pytest.raises(StoreError) as caught:
        check_space(tmp_path, 100_000_000)
    assert "空间不够" in caught.value.what and "300 MB" in caught.value.what


class RefusingCentre:
    """Answers hello and no more: every kind of objects is refused, the readings break off."""

    def __init__(self):
        self.session = None

    def hello(self):
        return namedtuple("Hello", "now_t")(10.5 * DAY)

    def objects(self, kind, etag=None, scope="all"):
        if kind == "tiles":
            raise BackendRefused(404, "unknown-kind")
        if kind == "plans":
            raise BackendRefused(403, "no-right")
        raise BackendUnavailable("gone")


def test_what_the_centre_refuses_holds_up_nothing_else(journal, profile, tmp_path):
    made = tmp_path / "basemap"
    made.write_bytes(b"x" * 10)
    spec = replace(chosen_pack("duty"), contents=("plans", "tiles", "basemap"))
    state = PackFetch(spec, RefusingCentre(), profile, {"basemap": lambda: made}, lambda *_: None, lambda: True).run(journal)
    assert [(i.state, i.done) for i in state.items] == [("failed", 0), ("absent", 0), ("done", 10)]
    assert state.items[0].detail == "no-right"
    spec = replace(spec, contents=("tiles", "contacts", "basemap"))
    fetch = PackFetch(spec, RefusingCentre(), profile, {"basemap": lambda: made}, lambda *_: None, lambda: True)
    with pytest.raises(BackendUnavailable):
        fetch.run(journal)
    state = journal.state("duty")
    assert [i.state for i in state.items] == ["absent", "failed", "waiting"] and state.word(time.time()) == "failed"


def test_a_disk_that_fills_during_a_fetch_is_said_and_the_rest_waits(journal, profile):
    def full():
        raise OSError(28, "No space left on device")

    spec = replace(chosen_pack("duty"), contents=("basemap", "terrain"))
    with pytest.raises(StoreError) as caught:
        PackFetch(spec, RefusingCentre(), profile, {"basemap": full}, lambda *_: None, lambda: True).run(journal)
    assert "清理磁盘" in caught.value.next_step
    assert [i.state for i in journal.state("duty").items] == ["fetching", "waiting"]
