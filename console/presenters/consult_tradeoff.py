"""What each compared scenario costs upstream and saves downstream: one point a scenario, limits as lines."""

from __future__ import annotations

from console.presenters.consult import top_of
from console.presenters.wording import Translate
from console.services.consult_desk import ConsultDesk
from console.texts import printable
from console.viewdata.consult import TradePoint, TradeView

MCM = 1e6


def trade_view(desk: ConsultDesk, tr: Translate) -> TradeView:
    """Return peak flow at the last control station against the highest level of the reservoir above it.

    The station is the last with a safe flow, the reservoir the last with a storage curve; both downstream.
    """
    nodes = [n for n in desk.declared.get("node", ()) if isinstance(n, dict)]
    control = next((n for n in reversed(nodes) if n.get("kind") == "station" and "safe_m3s" in n), None)
    pool = next((n for n in reversed(nodes) if n.get("kind") == "reservoir" and "storage" in n), None)
    if control is None or pool is None:
        return TradeView(missing=tr("河网里没有带控制流量的站或带库容曲线的水库"))
    points = []
    for place, scenario_id in enumerate(desk.compared):
        scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
        if scenario is None or result is None:
            continue
        found = result.outcome.nodes
        at, held = found.get(str(control["id"])), found.get(str(pool["id"]))
        if at is None or held is None or held.highest is None:
            continue
        taken = sum(
            float(n.branch_m3s.sum()) * 3600 for n in found.values() if n.kind == "retention" and n.branch_m3s is not None
        )
        name = printable(scenario.name)
        points.append(TradePoint(name, place, at.peak[0], held.highest[0], taken / MCM, bool(result.watermark)))
    return TradeView(
        tuple(points),
        f"{control['name']} {tr('洪峰')} m³/s",
        f"{pool['name']} {tr('最高库水位')} m",
        float(control["safe_m3s"]["value"]),
        top_of(pool),
        "" if points else tr("勾选并计算情景后，这里比较下游洪峰和库水位"),
    )
