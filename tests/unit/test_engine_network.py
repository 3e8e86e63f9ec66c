"""The network: the Beijiang chain as declared, its balance, what-ifs, faults named, speed."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

from console.engine.network import Network, run
from console.engine.refused import EngineRefused

CHAIN = Path(__file__).parents[2] / "assets/basin/network_beijiang.toml"
T = np.arange(73.0)


def wave(base, peak, at, width):
    return base + peak * np.exp(-(((T - at) / width) ** 2))


FLOOD = {
    "in-lechangxia": wave(300, 2500, 24, 10), "in-zhenjiang": wave(600, 4000, 26, 12), "in-jinjiang": wave(100, 700, 24, 9),
    "in-nanshui": wave(80, 500, 24, 9), "in-changhu": wave(200, 1800, 26, 10), "in-yingde": wave(500, 3500, 30, 14),
    "in-lianjiang": wave(1500, 9500, 36, 14), "in-pajiang": wave(300, 2000, 36, 14),
}  # fmt: skip


def chain():
    return Network.of(tomllib.loads(CHAIN.read_text("utf-8")))


def small(**more):
    pool = {
        "id": "dam", "kind": "reservoir", "to": "low", "storage": [[100, 10], [110, 60], [130, 400]], "start_level_m": 112.0,
        "outlets": [{"kind": "gate", "points": [[100, 0], [130, 9000]]}], "rule": {"kind": "hold", "level_m": 112.0},
    }  # fmt: skip
    rows = [
        {"id": "up", "kind": "inflow", "to": "dam"},
        pool | more,
        {"id": "side", "kind": "inflow", "to": "town"},
        {"id": "low", "kind": "reach", "k_h": 4.0, "x": 0.2, "to": "town"},
        {"id": "town", "kind": "station", "rating": [[1.0, 100.0], [9.0, 9000.0]]},
    ]
    return {"name": "小河", "node": rows}


def inflow():
    return {"up": wave(300, 3000, 30, 9), "side": wave(100, 900, 32, 9)}


def test_the_chain_of_the_beijiang_runs_and_loses_no_water():
    got = run(chain(), FLOOD, 1.0)
    assert got.mass_error < 1e-9 and all(c.mass_error < 1e-9 for c in got.courses.values())
    came = sum(np.trapezoid(q) for q in FLOOD.values())
    branches = sum(np.trapezoid(got.courses[k].branch_m3s[0]) for k in ("lubao", "xinan"))
    stored = sum((c.storage_m3[0, -1] - c.storage_m3[0, 0]) / 3600 for c in got.courses.values() if c.storage_m3 is not None)
    assert np.trapezoid(got.courses["sanshui"].outflow_m3s[0]) + branches + stored == pytest.approx(came, rel=1e-9)
    assert all(np.isfinite(c.outflow_m3s).all() and (c.outflow_m3s >= 0).all() for c in got.courses.values())


def test_the_flood_travels_as_the_published_times_say():
    calm = {k: wave(200, 900, 30, 12) for k in FLOOD} | {"in-lianjiang": np.full(73, 500.0), "in-pajiang": np.full(73, 200.0)}
    got = run(chain().changed({"feilaixia": {"rule": {"kind": "hold", "level_m": 22.43}}}), calm, 1.0)
    peaks = [int(np.argmax(got.courses[k].outflow_m3s[0])) for k in ("yingde", "feilaixia", "qingyuan", "shijiao")]
    assert np.diff(peaks) == pytest.approx([6, 4, 3], abs=1), "英德 6 h 飞来峡 4 h 清远 3 h 石角 (2022-06-22)"


def test_every_unpublished_figure_is_listed_with_the_run():
    net = chain()
    listed = {(a.node, a.key): a for a in run(net, FLOOD, 1.0).assumed}
    assert listed[("飞来峡", "storage")].sure == "假定" and listed[("潖江蓄滞洪区", "opens_m3s")].source
    assert ("英德—飞来峡", "k_h") not in listed, "worked out from published times"
    for raw in tomllib.loads(CHAIN.read_text("utf-8"))["node"]:
        for key, value in raw.items():
            if key in ("id", "name", "kind", "to"):
                continue
            entries = value if key == "outlets" else [value]
            assert all(isinstance(v, dict) and v.get("sure") for v in entries), f"{raw['id']}.{key}: how sure is not said"
    planned = net.changed({"feilaixia": {"rule": {"kind": "fixed", "flow_m3s": 17500, "sure": "方案"}}})
    assert ("飞来峡", "rule") not in {(a.node, a.key) for a in run(planned, FLOOD, 1.0).assumed}


def test_a_what_if_changes_the_peak_downstream_and_leaves_the_first_as_it_was():
    net = chain()
    before = run(net, FLOOD, 1.0)
    plan = {"kind": "compensate", "safe_m3s": 17600.0, "lateral": ["in-pajiang"], "travel_h": 4.0, "sure": "方案"}
    after = run(net.changed({"feilaixia": {"rule": plan}}), FLOOD, 1.0)
    assert after.courses["shijiao"].peak_m3s <= 17600.0 + 50 < before.courses["shijiao"].peak_m3s
    assert after.courses["feilaixia"].level_m.max() != before.courses["feilaixia"].level_m.max()
    assert run(net, FLOOD, 1.0).courses["shijiao"].peak_m3s == before.courses["shijiao"].peak_m3s
    shut = run(net.changed({"lubao": {"orders": [[0, 0]]}, "xinan": {"orders": [[0, 0], [40, 300]]}}), FLOOD, 1.0)
    assert shut.courses["lubao"].branch_m3s.max() == 0.0 and shut.courses["xinan"].branch_m3s.max() == 300.0


@pytest.mark.parametrize(
    "opens", [{"opens_m3s": 2000.0}, {"opens_level_m": 2.7, "rating": [[1, 100], [9, 9000]]}, {"opens_h": 25.0}]
)
def test_a_retention_area_fills_once_opened_and_never_over(opens):
    rows = [
        {"id": "up", "kind": "inflow", "to": "area"},
        {"id": "area", "kind": "retention", "volume_mcm": 20.0, "inlet_m3s": 900.0, "keep_m3s": 1500.0, **opens},
    ]
    flood = wave(300, 3000, 30, 12)
    course = run(Network.of({"node": rows}), {"up": flood}, 1.0).courses["area"]
    took = course.branch_m3s[0]
    assert course.storage_m3.max() <= 20e6 * (1 + 1e-9) and course.storage_m3.max() > 19e6 and course.mass_error < 1e-9
    assert took.max() <= 900.0 and took[:20].max() == 0.0
    assert (course.outflow_m3s[0][took > 0] >= 1500.0 - 1e-9).all()


def test_a_level_beyond_its_rating_is_marked():
    course = run(Network.of(small()), {"up": wave(300, 3000, 30, 9), "side": wave(100, 9500, 30, 9)}, 1.0).courses["town"]
    assert course.beyond.any() and course.level_m.max() == 9.0


def test_a_run_starts_from_given_levels_and_flows():
    got = run(Network.of(small()), inflow(), 1.0, {"dam": 115.0, "low": 50.0})
    assert got.courses["dam"].level_m[0, 0] == pytest.approx(115.0) and got.courses["low"].outflow_m3s[0, 0] == 50.0
    with pytest.raises(EngineRefused, match="town"):
        run(Network.of(small()), inflow(), 1.0, {"town": 1.0})


DECLARED = [
    ({"storage": [[100, 10], [90, 60]]}, "storage"), ({"storage": [[100, 10], [110, 5]]}, "storage"), ({"outlets": []}, "outlets"),
    ({"outlets": [{"kind": "door", "points": [[1, 2], [2, 3]]}]}, "outlets"), ({"rule": {"kind": "magic"}}, "rule"),
    ({"rule": {"kind": "hold", "level_m": "high"}}, "level_m"), ({"rule": {"kind": "fixed", "flow_m3s": -1}}, "flow_m3s"),
    ({"rule": {"kind": "bands", "rows": []}}, "rule"), ({"limits": {"tpo_m": 3}}, "tpo_m"), ({"start_level_m": float("nan")}, "start_level_m"),
    ({"colour": 3}, "colour"), ({"kind": "lake"}, "kind"), ({"to": "nowhere"}, "to"), ({"to": "up"}, "to"),
    ({"start_level_m": {"value": 112.0, "sure": "大概"}}, "start_level_m"), ({"through": True}, "storage"),
    ({"rule": {"kind": "compensate", "safe_m3s": 5, "lateral": []}}, "lateral"),
    ({"rule": {"kind": "compensate", "safe_m3s": 5, "lateral": ["ghost"]}}, "lateral"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "key"), DECLARED)
def test_a_fault_in_the_declaration_names_node_and_key(change, key):
    with pytest.raises(EngineRefused) as caught:
        Network.of(small(**change))
    assert caught.value.code == "declared" and "dam" in caught.value.detail and key in caught.value.detail


def test_circles_doubles_and_nothing_are_refused():
    rows = small()["node"]
    with pytest.raises(EngineRefused, match="循环"):
        Network.of({"node": [*rows[:4], {"id": "town", "kind": "station", "to": "dam"}]})
    with pytest.raises(EngineRefused, match="重复"):
        Network.of({"node": [*rows, rows[0]]})
    for nothing in ({}, {"node": []}, {"node": [{"kind": "inflow"}]}):
        with pytest.raises(EngineRefused):
            Network.of(nothing)
    with pytest.raises(EngineRefused, match="ghost"):
        Network.of(small()).changed({"ghost": {}})


def test_bad_inflows_are_refused_with_the_node():
    net, flow = Network.of(small()), inflow()
    gap, negative = flow["up"].copy(), flow["up"].copy()
    gap[7], negative[3] = np.nan, -1
    for change, code, said in (
        ({"up": gap}, "gap", "up.*第 8 行"), ({"up": negative}, "negative", "up.*第 4 行"), ({"up": flow["up"][:9]}, "shape", "up"),
        ({"down": flow["up"]}, "declared", "down"), ({"up": np.ones((3, 73)), "side": np.ones((2, 73))}, "shape", "成员"),
    ):  # fmt: skip
        with pytest.raises(EngineRefused, match=said) as caught:
            run(net, flow | change, 1.0)
        assert caught.value.code == code
    with pytest.raises(EngineRefused, match="side"):
        run(net, {"up": flow["up"]}, 1.0)
    with pytest.raises(EngineRefused, match="low.*缩短") as caught:
        run(net, flow, 12.0)
    assert caught.value.code == "unstable"
    with pytest.raises(EngineRefused, match="dam.*成员 2"):
        run(
            net.changed({"dam": {"rule": {"kind": "fixed", "flow_m3s": 0}}}), {**flow, "up": np.outer([1, 30], flow["up"])}, 1.0
        )


def test_members_give_what_each_alone_gives():
    many = {k: v * np.array([[0.8], [1.0], [1.1]]) for k, v in FLOOD.items()}
    together = run(chain(), many, 1.0)
    alone = run(chain(), FLOOD, 1.0)
    assert together.courses["shijiao"].outflow_m3s[1] == pytest.approx(alone.courses["shijiao"].outflow_m3s[0], rel=1e-12)


def test_fifty_nodes_over_three_days_take_less_than_fifty_milliseconds():
    rows = []
    for i in range(12):
        down = f"dam{i + 1}" if i < 11 else "branch"
        rows += [
            {"id": f"in{i}", "kind": "inflow", "to": f"dam{i}"},
            small()["node"][1] | {"id": f"dam{i}", "to": f"reach{i}", "limits": {"rise_m3s_h": 800.0}},
            {"id": f"reach{i}", "kind": "reach", "k_h": 5.0, "x": 0.2, "to": f"gauge{i}"},
            {"id": f"gauge{i}", "kind": "station", "to": down},
        ]
    rows += [
        {"id": "branch", "kind": "diversion", "rating": [[0, 0], [20000, 2000]], "to": "sea"},
        {"id": "sea", "kind": "station"},
    ]
    net = Network.of({"node": rows})
    flow = {f"in{i}": wave(100, 600, 20 + i, 8) for i in range(12)}
    assert len(net.nodes) == 50 and run(net, flow, 1.0).mass_error < 1e-9
    best = min(_seconds(net, flow) for _ in range(5))
    assert best < 0.05


def _seconds(net, flow):
    began = time.perf_counter()
    run(net, flow, 1.0)
    return time.perf_counter() - began


def test_a_thousand_members_of_the_chain_take_seconds():
    many = {k: v * np.random.default_rng(1).lognormal(0, 0.2, (1000, 1)) for k, v in FLOOD.items()}
    net = chain()
    began = time.perf_counter()
    got = run(net, many, 1.0)
    assert time.perf_counter() - began < 10.0 and got.mass_error < 1e-9
    assert got.courses["shijiao"].outflow_m3s.shape == (1000, 73)
