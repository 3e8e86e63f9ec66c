"""The library of prepared disasters: what is declared is computed, and what cannot be says why and leaves the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from console.domain.scenario import Breach, DamBreak, Inflow, Scenario, Schedule
from console.domain.time import from_beijing
from console.drill.disasters import breach_key, typical_base
from console.drill.facts import flood_facts
from console.drill.reconstruct import rebuild
from console.engine.chain_base import base_of
from console.engine.frequency import quantile, through_published
from console.engine.prepared import Preparing, prepare, wished_m3s
from console.engine.refused import EngineRefused
from console.engine.whatif import outcome_of
from console.engine.whatif_inputs import Case
from console.errors import StoreError
from console.store.chains import declared_chain, declared_disasters
from console.store.prepared_breaches import keep_breaches, read_breaches
from tests.unit.test_levee_breach import ground

NONE = Path("/nonexistent")


def plains(wanted):
    return {w.code: {0: ground()} for w in wanted if any(isinstance(i, Breach) for i in w.inputs)}


def asked(file, **changed):
    declared = declared_chain(NONE)
    found = Preparing(
        declared, typical_base(declared, file), file.lead_h, file.station, "典型", file.wanted, plains(file.wanted)
    )
    return replace(found, **changed)


def test_every_shipped_disaster_is_computed_and_floods_peak_as_their_frequency_says():
    file = declared_disasters(NONE)
    shares = []
    found = {e.wanted.code: e for e in prepare(asked(file), lambda share, *_: shares.append(share))}
    assert len(found) == len(file.wanted) >= 10 and shares[-1] == 1.0
    assert {e.problem for e in found.values()} == {""}
    assert all(e.outcome.mass_error < 1e-3 for e in found.values()), "the goal of a chain's balance"
    for years, flow in ((10, 13900), (50, 17600), (100, 19000)):
        assert found[f"flood-{years}"].outcome.nodes["shijiao"].peak[0] == pytest.approx(flow, rel=3e-3)
        assert "公布" in found[f"flood-{years}"].note
    peaks = [found[f"flood-{y}"].outcome.nodes["shijiao"].peak[0] for y in (10, 20, 50, 100, 300)]
    assert peaks == sorted(peaks) and "外延" in found["flood-300"].note and "插补" in found["flood-20"].note
    held = found["flood-100-pajiang"].outcome.nodes
    assert held["shijiao"].peak[0] < found["flood-100"].outcome.nodes["shijiao"].peak[0]
    assert found["dam-lechangxia"].outcome.nodes["shaoguan"].peak[0] > found["flood-10"].outcome.nodes["shaoguan"].peak[0]
    assert any(p.arrival_h for s in found["spill-yingde"].outcome.spills for p in s.places)
    (one,) = found["breach-shijiao"].outcome.floods
    assert one.volume_m3 > 1e7 and one.flood is None, "a library keeps figures, not depths"
    assert (
        found["breach-shijiao"].outcome.nodes["sanshui"].flow_m3s[76] < found["flood-100"].outcome.nodes["sanshui"].flow_m3s[76]
    )


def test_what_breaches_did_is_kept_and_not_computed_again_unless_something_else_lies_under_it(tmp_path):
    file = declared_disasters(NONE)
    wanted = next(w for w in file.wanted if w.code == "breach-lubao")
    given = asked(file, wanted=(wanted,))
    first = prepare(given, lambda *_: None)[0].outcome
    key = breach_key(given, wanted, "土地甲")
    keep_breaches(tmp_path, wanted.code, key, first.floods)
    known = read_breaches(tmp_path, wanted.code, key)
    again = prepare(replace(given, plains={}, known={wanted.code: known}), lambda *_: None)[0].outcome
    assert (again.nodes["sanshui"].flow_m3s == first.nodes["sanshui"].flow_m3s).all() and again.limits == first.limits
    assert again.floods[0].title == first.floods[0].title
    assert read_breaches(tmp_path, wanted.code, breach_key(given, wanted)), "a drill has no ground and asks for none"
    assert read_breaches(tmp_path, wanted.code, breach_key(given, wanted, "土地乙")) == ()
    wider = replace(wanted, inputs=tuple(replace(i, width_m=250.0) for i in wanted.inputs))
    assert read_breaches(tmp_path, wanted.code, breach_key(given, wider, "土地甲")) == ()
    assert read_breaches(tmp_path, "flood-100", key) == ()
    nodes = [
        n | {"rating": n["rating"] | {"points": [[z + 2.0, q] for z, q in n["rating"]["points"]]}}
        if n["id"] == "shijiao"
        else n
        for n in given.declared["node"]
    ]
    higher = replace(given, declared={**given.declared, "node": nodes})
    assert read_breaches(tmp_path, wanted.code, breach_key(higher, wanted, "土地甲")) == (), "another rating, another flood"
    (tmp_path / "prepared" / "breach-lubao.npz").write_bytes(b"PK\x03\x04 broken")
    assert read_breaches(tmp_path, wanted.code, key) == (), "what cannot be read is computed anew"
    (tmp_path / "here").write_text("in the way")
    with pytest.raises(StoreError, match="没有存下"):
        keep_breaches(tmp_path / "here", wanted.code, key, first.floods)


def test_a_breach_without_ground_says_so_and_leaves_the_others():
    file = declared_disasters(NONE)
    wanted = tuple(w for w in file.wanted if w.code in ("breach-shijiao", "breach-lubao", "flood-10"))
    found = {
        e.wanted.code: e
        for e in prepare(asked(file, wanted=wanted, plains={}, lacking={"breach-lubao": "堤防没有登记"}), lambda *_: None)
    }
    assert "堤后的地形" in found["breach-shijiao"].problem and found["breach-lubao"].problem == "堤防没有登记"
    assert found["flood-10"].outcome is not None


def test_one_that_cannot_be_computed_says_why_and_the_others_are_there():
    file = declared_disasters(NONE)
    bad = replace(file.wanted[0], code="bad", inputs=(DamBreak("nanshui", 0.0, 100.0),))
    first, second = prepare(asked(file, wanted=(bad, file.wanted[0])), lambda *_: None)
    assert "坝基高程" in first.problem and first.outcome is None
    assert second.outcome is not None


def test_a_frequency_between_published_ones_lies_on_a_curve_through_them_and_two_points_make_none():
    published = ((10.0, 13900.0), (50.0, 17600.0), (100.0, 19000.0))
    fit = through_published(published)
    assert [float(quantile(fit, years)) for years, _ in published] == pytest.approx([q for _, q in published], rel=1e-6)
    assert 13900 < wished_m3s(published, 20.0)[0] < 17600
    assert wished_m3s(published, 50.0) == (17600.0, "公布")
    with pytest.raises(EngineRefused, match="不足三个"):
        wished_m3s(published[:2], 20.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("typical = ", "读不出来"),
        ('typical = "x"', "文件头"),
        ('[[scenario]]\ncode = "a"\nname = "b"\ninput = [{ type = "dam" }]', "第 1 个情景"),
        ('[[scenario]]\ncode = "a"\nname = "b"\n[[scenario]]\ncode = "a"\nname = "c"', "第 2 个情景"),
    ],
)
def test_an_offices_own_file_is_checked_and_the_place_of_the_fault_told(tmp_path, text, words):
    (tmp_path / "basin").mkdir()
    (tmp_path / "basin" / "prepared.toml").write_text(text, "utf-8")
    with pytest.raises(StoreError, match=words):
        declared_disasters(tmp_path)


def test_an_entry_that_contradicts_itself_leaves_the_library_standing():
    file = declared_disasters(NONE)
    twice = replace(file.wanted[0], code="twice", inputs=(Inflow("in-yingde", 2.0),))
    long = replace(file.wanted[0], code="long", name="长" * 80)
    first, second, third = prepare(asked(file, wanted=(twice, long, file.wanted[0])), lambda *_: None)
    assert first.problem and second.problem and third.outcome is not None


def test_june_2022_with_its_own_release_peaks_as_it_did():
    """Against the published 18500 m³/s and 12.22 m of 石角 on 2022-06-22 12:00 (人民日报); inflows are rebuilt."""
    declared, start = declared_chain(NONE), float(from_beijing("2022-06-20 20:00"))
    series = {(s.object_code, s.element): (s.t, s.value) for s in rebuild(flood_facts("beijiang-2022-06"))}
    base = base_of(declared, series, start, 96.0)
    hours, flow = base.measured["feilaixia"].flow
    release = tuple((round(h * 3600.0), round(q)) for h, q in zip(hours.tolist(), flow.tolist(), strict=True) if h <= 96)
    plan = Scenario("实况", "张三", start, start, 96.0, (Schedule("feilaixia", "release", release),))
    got = outcome_of(Case(declared, base, plan)).nodes["shijiao"]
    peak, hour = got.peak
    assert peak == pytest.approx(18500.0, rel=0.01) and hour == pytest.approx(40.0, abs=3)
    assert got.highest[0] == pytest.approx(12.22, abs=0.15)
