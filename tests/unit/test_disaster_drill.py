"""A prepared disaster as a drill: played like a flood, apart from real data, labelled; a wrong name is refused with the list."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from console.central.player import Player
from console.central.repository import open_repository
from console.drill.disasters import SOURCE, breach_key, drill_names, preparing
from console.drill.facts import flood_facts, is_recording
from console.drill.reconstruct import rebuild
from console.drill.recordings import recording_of
from console.engine.prepared import prepare
from console.errors import ConsoleError
from console.paths import DataHome
from console.store.prepared_breaches import keep_breaches
from console.sync.sources import check_source
from tests.unit.test_levee_breach import ground

SHIJIAO, YINGDE, POOL = ("LOC00112", "Q"), ("LOC00106", "Z"), ("LOC00506", "RZ")


@pytest.fixture(scope="module")
def typical():
    return {(s.object_code, s.element): s for s in rebuild(flood_facts("beijiang-2022-06"))}


def computed(tmp_path, *codes):
    """Have the breaches of these disasters computed, as the library does while it is looked at."""
    asked = preparing(tmp_path)
    for one in (w for w in asked.wanted if w.code in codes):
        made = prepare(replace(asked, wanted=(one,), plains={one.code: {0: ground()}}), lambda *_: None)[0]
        keep_breaches(DataHome(tmp_path).shared_cache, one.code, breach_key(asked, one, "地形"), made.outcome.floods)


def drill(tmp_path, code):
    recording = recording_of(tmp_path, f"drill-{code}")
    return recording, {(s.object_code, s.element): s for s in recording.series}


def test_a_hundred_year_flood_is_played_with_its_peak_and_the_levels_that_go_with_it(tmp_path, typical):
    recording, found = drill(tmp_path, "flood-100")
    played = found[SHIJIAO].t >= recording.facts.start_t
    assert found[SHIJIAO].value[played].max() == pytest.approx(19000, rel=0.01)
    assert found[YINGDE].value[played].max() > 26.0, "over its warning level"
    z, q = found[("LOC00112", "Z")], found[SHIJIAO]
    assert abs(int(z.t[z.value.argmax()]) - int(q.t[q.value.argmax()])) <= 6 * 3600, "level and flow crest together"
    assert recording.facts.title == "石角 100 年一遇洪水（情景模拟）" and found.keys() == typical.keys()
    assert "不是真实洪水" in recording.method and "典型洪水" in recording.method


def test_more_water_stands_higher_everywhere_on_the_chain_and_other_rivers_are_left_alone(tmp_path, typical):
    (_, ten), (_, three_hundred) = drill(tmp_path, "flood-10"), drill(tmp_path, "flood-300")
    for key in (SHIJIAO, YINGDE, POOL, ("LOC00104", "Z"), ("LOC00109", "Z"), ("LOC00111", "Z"), ("LOC00112", "Z")):
        assert ten[key].value.max() < three_hundred[key].value.max() and three_hundred[key].source == SOURCE, key
        assert np.isfinite(three_hundred[key].value).all()
        assert key == SHIJIAO or three_hundred[key].value.max() < 62.0
    assert ten[("LOC00201", "Z")].value.tolist() == typical[("LOC00201", "Z")].value.tolist()
    assert ten[("LOC00201", "Z")].source != SOURCE


def test_above_its_rating_a_level_goes_on_rising_with_the_flow(tmp_path):
    recording, found = drill(tmp_path, "flood-300")
    z, q = found[("LOC00112", "Z")], found[SHIJIAO]
    played = z.t >= recording.facts.start_t + 24 * 3600
    assert z.value[played].max() > 12.9, "the rating's top is at 20000 m³/s"
    assert abs(int(z.t[played][z.value[played].argmax()]) - int(q.t[q.value.argmax()])) <= 6 * 3600


def test_the_drill_passes_out_of_the_typical_flood_without_a_jump(tmp_path, typical):
    recording, found = drill(tmp_path, "flood-300")
    for key in (SHIJIAO, YINGDE, POOL):
        s, before = found[key], found[key].t <= recording.facts.start_t
        assert s.value[before].tolist() == typical[key].value[before].tolist()
        near = np.abs(s.t - recording.facts.start_t) <= 6 * 3600
        step, usual = np.abs(np.diff(s.value[near])).max(), np.abs(np.diff(typical[key].value)).max()
        assert step < 3 * usual


def test_what_happens_in_it_is_told_when_it_happens(tmp_path):
    recording, _ = drill(tmp_path, "dam-lechangxia")
    start = recording.facts.start_t
    assert [(t - start, text) for t, text, _ in recording.facts.events] == [
        (0, "演练开始：乐昌峡防洪高水位溃坝（遇 10 年一遇洪水）"), (86400, "演练：乐昌峡溃坝"),
    ]  # fmt: skip


def test_a_reservoir_whose_dam_fails_rises_to_the_stated_level_and_has_none_afterwards(tmp_path, typical):
    recording, found = drill(tmp_path, "dam-feilaixia")
    failed = recording.facts.start_t + 86400
    assert found[POOL].t.max() < failed and found[POOL].value[-1] == pytest.approx(24.0, abs=0.5)
    release = found[("LOC00506", "OTQ")]
    after, before = release.value[release.t >= failed].max(), release.value[release.t < failed].max()
    assert after > before + 1000.0, "the flood of the failure leaves too"
    assert typical[POOL].t.max() > failed


def test_a_surge_shows_at_the_gauge_that_feels_it_at_the_hour_that_it_comes(tmp_path, typical):
    gauge = ("LOC00114", "Z")
    recording, surge = drill(tmp_path, "surge-10")
    _, flood = drill(tmp_path, "flood-10")
    assert gauge not in typical and gauge not in flood and surge[gauge].value.max() > 6.0
    told = next(t for t, text, _ in recording.facts.events if "南沙最高潮位 3.15 m" in text)
    assert told > recording.facts.start_t + 24 * 3600


def test_every_disaster_that_is_offered_is_played_and_is_no_other_one(tmp_path):
    names = drill_names(tmp_path)
    assert len(names) == 15 and "drill-surge-50" in names
    seen = []
    computed(tmp_path, "breach-shijiao", "breach-lubao")
    for key in names:
        assert is_recording(key)
        check_source(key, tmp_path)
        recording = recording_of(tmp_path, key)
        sums = {(s.object_code, s.element): (len(s.t), s.value.sum()) for s in recording.series}
        played = (recording.facts.events, sums if "spill" not in key else {})
        assert played not in seen, key
        seen.append(played)
    with pytest.raises(ConsoleError, match="可用：drill-flood-10"):
        check_source("drill-nonsense", tmp_path)


def test_a_spill_is_told_where_it_passes_for_no_station_measures_it(tmp_path):
    recording, _ = drill(tmp_path, "spill-yingde")
    start = recording.facts.start_t
    events = [(t - start, text) for t, text, _ in recording.facts.events]
    assert (0, "演练：北江 75 km 处泄漏苯 5000 kg") in events and events == sorted(events, key=lambda e: e[0])
    over = {text: t for t, text in events if "超标" in text}
    below = {text: t for t, text in events if "回到限值以下" in text}
    (first,) = (t for text, t in over.items() if "英德" in text)
    (last,) = (t for text, t in over.items() if "石角" in text)
    assert 0 < first < 3600 < last and all("推演，最大" in text for text in over)
    assert any("英德" in text and t > first for text, t in below.items())
    assert "只作为演练情报播出" in recording.method
    assert "只作为演练情报播出" not in drill(tmp_path, "flood-10")[0].method


def test_a_levee_that_breaks_is_told_and_the_river_below_carries_less(tmp_path):
    with pytest.raises(ConsoleError, match="溃口还没有算过") as exc:
        recording_of(tmp_path, "drill-breach-shijiao")
    assert "等它算完" in exc.value.next_step
    computed(tmp_path, "breach-shijiao")
    recording, found = drill(tmp_path, "breach-shijiao")
    _, flood = drill(tmp_path, "flood-100")
    assert (recording.facts.start_t + 259200, "演练：北江大堤 K4.2 溃口") in [
        (t, text) for t, text, _ in recording.facts.events
    ]
    below = found["LOC00114", "Q"]
    gone = below.t > recording.facts.start_t + 259200
    assert below.value[gone].min() < below.value[~gone].max() - 500.0 and below.source == SOURCE
    assert found[SHIJIAO].value.tolist() == flood[SHIJIAO].value.tolist(), "above it the flood is the same"
    assert "溃口 200 m：进水" in recording.method


@pytest.mark.parametrize("source", ["drill-", "drill-../x", "drill-/../../elsewhere", "drill-a b", "drill-演练"])
def test_a_name_that_leads_out_of_its_folder_is_no_drill(source):
    assert not is_recording(source)
    with pytest.raises(ConsoleError, match="不存在"):
        check_source(source)


def test_a_centre_plays_it_from_its_start_with_its_own_label(tmp_path):
    recording, _ = drill(tmp_path, "flood-50")
    repo = open_repository(tmp_path / "drill", "drill-flood-50")
    try:
        player = Player(repo, recording.facts, recording.series, rate=60.0, ref=lambda: 0.0)
        assert player.now() == recording.facts.start_t and player.state().title.endswith("（情景模拟）")
        labels = {doc["properties"]["source"] for doc in repo.objects("series")}
        assert SOURCE in labels and len(player.due()) > 1000
    finally:
        repo.close()


def test_a_name_that_the_library_does_not_have_is_refused_with_those_it_has(tmp_path):
    with pytest.raises(ConsoleError) as exc:
        recording_of(tmp_path, "drill-flood-9999")
    assert "没有 'flood-9999'" in exc.value.what and "drill-flood-100" in exc.value.next_step
    assert recording_of(tmp_path, "live") is None
    own = tmp_path / "basin"
    own.mkdir()
    text = 'typical = "beijiang-2022-06"\nstart = "2022-06-19 08:00"\nlead_h = 48.0\nstation = "shijiao"\n'
    (own / "prepared.toml").write_text(
        text + '[[scenario]]\ncode = "x"\nname = "坏"\ninput = [{type="keep", work="nanshui", level_m=1.0}]\n'
    )
    with pytest.raises(ConsoleError, match="坏不能用来演练：.*没有库容曲线"):
        recording_of(tmp_path, "drill-x")


def test_a_disaster_that_was_computed_anew_goes_out_again(tmp_path):
    ten, fifty = (drill(tmp_path, code)[0] for code in ("flood-10", "flood-50"))
    repo = open_repository(tmp_path / "again", "drill-x")
    try:
        first = Player(repo, ten.facts, ten.series, rate=60.0, ref=lambda: 0.0)
        rows = first.due()
        repo.commit_rows(rows, **first.place_after(len(rows)))
        assert Player(repo, ten.facts, ten.series, rate=60.0, ref=lambda: 0.0).due() == []
        assert len(Player(repo, fifty.facts, fifty.series, rate=60.0, ref=lambda: 0.0).due()) == len(rows)
    finally:
        repo.close()


def test_a_dam_that_fails_at_the_start_leaves_no_level_of_the_drill(tmp_path, typical):
    own = tmp_path / "basin"
    own.mkdir()
    head = 'typical = "beijiang-2022-06"\nstart = "2022-06-19 08:00"\nlead_h = 48.0\nstation = "shijiao"\n'
    dam = '[[scenario]]\ncode = "now"\nname = "现在溃坝"\ninput = [{type="dam", work="feilaixia", at_s=0.0, level_m=24.0}]\n'
    (own / "prepared.toml").write_text(head + dam, "utf-8")
    recording, found = drill(tmp_path, "now")
    assert found[POOL].t.max() < recording.facts.start_t and np.isfinite(found[POOL].value).all()
    assert np.isfinite(found[("LOC00506", "OTQ")].value).all()
