"""Flood travel time between two stations of a river, from the published hours between neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from console.domain.objects import ReachNode, River

SAME_PLACE_KM = 5.0  # a wave passes so short a hop in less than the hour that published times are given in


def river_with(rivers: Sequence[River], code: str) -> River | None:
    return next((r for r in rivers if any(n.code == code for n in r.nodes)), None)


def travel_hours(nodes: Sequence[ReachNode], from_code: str, to_code: str) -> float | None:
    """Return hours from one station to another, negative when it lies upstream; None if a hop is not known.

    A dam and the gauge below it, or any hop under SAME_PLACE_KM without a published time, counts 0 h.
    """
    order = [n.code for n in nodes]
    if from_code not in order or to_code not in order:
        return None
    a, b = order.index(from_code), order.index(to_code)
    total = 0.0
    for k in range(min(a, b) + 1, max(a, b) + 1):
        hop = nodes[k].travel_h
        if hop is None:
            if nodes[k].chainage_km - nodes[k - 1].chainage_km > SAME_PLACE_KM:
                return None
            hop = 0.0
        total += hop
    return total if a <= b else -total
