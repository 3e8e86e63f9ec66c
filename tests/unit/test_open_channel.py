"""Normal and critical depth: the reference, even flow and Froude's number given back, what is no channel."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.engine.open_channel import G, critical_depth_m, normal_depth_m
from console.engine.refused import EngineRefused


def test_the_depths_are_those_of_the_reference(shared, within):
    for c in json.loads((shared / "refcases" / "manning_depths.json").read_text("utf-8"))["cases"]:
        normal = float(normal_depth_m(c["Q"], c["b"], c["S0"], c["n"], c["m"]))
        critical = float(critical_depth_m(c["Q"], c["b"], c["m"]))
        within("manning_depths", "正常水深（相对）", abs(normal / c["yn"] - 1), 1e-6)
        within("manning_depths", "临界水深（相对）", abs(critical / c["yc"] - 1), 1e-6)


def test_a_river_of_many_cells_is_taken_at_once_and_is_critical_where_froude_is_one():
    flow = np.array([100.0, 5000.0, 20000.0])
    deep = critical_depth_m(flow, 300.0)
    assert flow / (300.0 * deep) / np.sqrt(G * deep) == pytest.approx(np.ones(3))
    assert (np.diff(normal_depth_m(flow, 300.0, 1e-4, 0.03)) > 0).all() and normal_depth_m(0.0, 300.0, 1e-4, 0.03) < 1e-6


@pytest.mark.parametrize("wrong", [(-1.0, 5.0, 1e-4, 0.03), (1.0, 5.0, 0.0, 0.03), (1.0, 0.0, 1e-4, 0.03)])
def test_what_is_no_channel_is_refused(wrong):
    with pytest.raises(EngineRefused, match="为正|不能"):
        normal_depth_m(*wrong)
