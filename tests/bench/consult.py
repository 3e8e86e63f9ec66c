"""Target 35 and the chain's own figures: from a live state to compared what-ifs, one run, an optimised dispatch."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from console.domain.scenario import Inflow, Keep, Scenario, Schedule
from console.engine.chain_base import base_of
from console.engine.network import Network
from console.engine.network import run as run_network
from console.engine.whatif import outcome_of
from console.engine.whatif_band import spread
from console.engine.whatif_inputs import Case
from console.engine.whatif_optimise import optimise_case
from console.services.consult_desk import ConsultDesk
from console.services.tasks import TaskScope
from console.store.chains import declared_chain
from console.store.keys import OpsKey
from tests.bench.run import Row

T0, HOUR, NODES = 1655838000.0, 3600.0, 50


def flood() -> dict[tuple[str, str], tuple[Any, Any]]:
    h = np.arange(-80.0, 121.0)
    t, flow = T0 + h * HOUR, 4000.0 + 13000.0 * np.exp(-(((h - 36.0) / 20.0) ** 2))
    return {
        ("LOC00506", "INQ"): (t, flow), ("LOC00506", "OTQ"): (t, np.interp(h - 1, h, flow)),
        ("LOC00112", "Q"): (t, np.interp(h - 7, h, flow) + 800.0), ("LOC00506", "RZ"): (t, np.full(len(h), 21.4)),
    }  # fmt: skip


def of_fifty() -> dict[str, Any]:
    """Return the shipped chain with more reaches and stations below it, fifty nodes in all."""
    chain = declared_chain(Path("/nowhere"))
    nodes = [dict(n) for n in chain["node"]]
    last = next(n for n in nodes if n["id"] == "sanshui")
    for i in range(NODES - len(nodes)):
        last["to"] = f"more-{i}"
        last = {"id": f"more-{i}", "name": f"站{i}", "kind": "station"} if i % 2 else {
            "id": f"more-{i}", "kind": "reach", "k_h": 2.0, "x": 0.2}  # fmt: skip
        nodes.append(last)
    return {**chain, "node": nodes}


class Board:
    def __init__(self) -> None:
        self.rows = flood()
        self.sids = {key: i for i, key in enumerate(self.rows, 1)}

    def series_of(self, code: str) -> dict[str, Any]:
        return {e: type("S", (), {"sid": sid}) for (at, e), sid in self.sids.items() if at == code}

    @property
    def board(self):
        return SimpleNamespace(now=T0)

    async def holes(self, code, from_t, to_t):
        return []

    async def window(self, sids: list[int], _from: int, _to: int) -> dict[int, Any]:
        found = {self.sids[k]: (t, v, np.zeros(len(t), np.int64)) for k, (t, v) in self.rows.items()}
        return {sid: found[sid] for sid in sids}


def run() -> Iterator[Row]:
    declared = of_fifty()
    base = base_of(declared, flood(), T0, 72.0)
    plan = Scenario("x", "甲", T0, T0, 72.0, (Inflow("in-lianjiang", 1.3), Keep("feilaixia", 23.0)))
    network = Network.of(declared)
    one = min(_timed(lambda: run_network(network, base.inflows_m3s, 1.0, base.start)) for _ in range(7))
    yield Row("net", one * 1000, "ms 河网 72 h 逐时一次", f"{len(declared['node'])} 个节点", "≤ 50 ms", one <= 0.05)
    case = Case(declared, base, plan)
    best = min(_timed(lambda: optimise_case(case, lambda *_: None)) for _ in range(2))
    yield Row("net", best, "s 梯级优化调度 72 h（含规则和不调度对比）", "", "≤ 5 s", best <= 5)
    many = spread(base.inflows_m3s, 1000, 1)
    spent = _timed(lambda: run_network(network, many, 1.0, base.start))
    yield Row("net", spent, "s 1,000 个成员的河网集合，72 h", "", "≤ 20 s", spent <= 20)
    with tempfile.TemporaryDirectory() as folder:
        spent, worst = asyncio.run(_compared(declared, Path(folder)))
    note = f"3 个情景共 5 处改动，含启动计算进程与存盘；水量误差 {worst:.0e}"
    yield Row("35", spent, "s 从实况到并排的情景", note, "≤ 3 s，≤ 0.1 %", spent <= 3 and worst <= 1e-3)
    error = outcome_of(case).mass_error
    yield Row("35", error * 100, "% 水量误差", "", "≤ 0.1 %", error <= 1e-3)


async def _compared(declared: dict[str, Any], folder: Path) -> tuple[float, float]:
    def report(name: str, exc: BaseException | None) -> None:
        raise RuntimeError(name) from exc

    desk = ConsultDesk(Board(), TaskScope(report), folder / "scenarios.db", folder, OpsKey(bytes(range(32))))  # type: ignore[arg-type]
    desk.declared = declared
    changes = (
        (),
        (Inflow("in-lianjiang", 1.2), Keep("feilaixia", 23.0)),
        (Inflow("in-yingde", 1.1), Schedule("feilaixia", "release", ((0.0, 9000.0), (12 * HOUR, 14000.0))), Schedule("lubao", "release", ((0.0, 200.0),))),
    )  # fmt: skip
    began = time.perf_counter()
    for i, inputs in enumerate(changes):
        await desk.create(Scenario(f"方案{i}", "甲", T0, T0, 72.0, inputs))
    while len(desk.results) < len(changes):
        await asyncio.sleep(0.01)
    spent = time.perf_counter() - began
    worst = max(r.outcome.mass_error for r in desk.results.values())
    while any(s.state in ("waiting", "running") for s in desk.states.values()):
        await asyncio.sleep(0.01)
    await desk._tasks.close()
    await desk.close()
    return spent, worst


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
