"""Inundation results at the command line: taken over with breaches and layers, listed, counted, removed."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from console.errors import ConsoleError
from console.flood_cli import add_flood_commands, run_flood
from console.services.flood_library import ExposureSource, FloodLibrary
from console.settings import Settings
from console.viewdata.inundation import BreachPlace
from tests.depth_files import NAN, T0, netcdf, tif
from tests.unit.test_flood_library import geojson, square

STEPS = ("--start", "2022-06-20 08:00", "--step", "1")
# 500 × 400 m, row 0 the southernmost: 0.3 m and 1.2 m in the west, a corner that nobody knows, the rest dry
FLOOD = np.zeros((2, 4, 5), np.float32)
FLOOD[1, :, 0], FLOOD[1, :, 1], FLOOD[:, 3, 4] = 0.3, 1.2, NAN


@pytest.fixture
def flood(home, capsys):
    """Return what runs a command line and gives back what it printed."""
    parser = argparse.ArgumentParser()
    add_flood_commands(parser.add_subparsers(dest="role"))

    def run(*words: str) -> str:
        assert run_flood(parser.parse_args(["flood", *words]), home, Settings()) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def library(home):
    return FloodLibrary(home.shared_cache)


def refusal(flood, *words: str) -> str:
    with pytest.raises(ConsoleError) as refused:
        flood(*words)
    assert refused.value.next_step
    return refused.value.what + refused.value.next_step


def test_help_can_be_asked_for(flood, capsys):
    for words, said in ((["-h"], "figures"), (["add", "-h"], "经度,纬度,名称"), (["figures", "-h"], "北京时间")):
        with pytest.raises(SystemExit) as ended:
            flood(*words)
        assert ended.value.code == 0 and said in capsys.readouterr().out


def test_a_result_is_taken_over_listed_and_removed(flood, tmp_path):
    assert flood("list") == ""
    said = flood("add", str(netcdf(tmp_path / "溃堤.nc")))
    assert "已导入 溃堤：淹没水深（模拟）：石角溃堤试算" in said and "按 CF 约定理解为世界时" in said
    assert flood("list").split("\t") == [
        "溃堤", "淹没水深（模拟）：石角溃堤试算", "2022-06-20 08:00 至 2022-06-20 10:30（3 个时刻）", "格距 100 m\n"
    ]  # fmt: skip
    assert "已移除 溃堤" in flood("remove", "溃堤")
    assert flood("list") == "" and (tmp_path / "溃堤.nc").exists()


def test_what_is_said_of_a_file_goes_before_what_it_says(flood, tmp_path, library):
    depth = np.full((2, 4, 5), 100.0, np.float32)
    depth[:, 0, 0] = NAN
    path = tif(tmp_path / "a.tif", depth, crs=None, unit="")
    flood(
        "add", str(path), *STEPS, "--crs", "EPSG:4547", "--unit", "cm", "--not-simulated", "--empty-is-dry", "--label", "演练"
    )
    depths, site = library.open("a")
    assert depths.step(0)[0, 0] == 0 and depths.step(0)[1, 1] == pytest.approx(1.0)
    assert depths.about.simulated is False and site.label == "演练" and depths.t_s.tolist() == [T0, T0 + 3600]
    assert "淹没水深（非模拟）：演练" in flood("list")
    netcdf(tmp_path / "b.nc", name="a1", other=("a2",))
    assert "多个变量" in refusal(flood, "add", str(tmp_path / "b.nc"))
    flood("add", str(tmp_path / "b.nc"), "--variable", "a2", "--zone", "北京", "--simulated")
    assert library.open("b")[0].t_s[0] == T0 - 8 * 3600


def test_breaches_and_layers_are_kept_with_the_result(flood, tmp_path, library):
    people = geojson(tmp_path / "人口:2020.geojson", ("Point", [50.0, 50.0], {"人": 12}))
    flood(
        "add", str(tif(tmp_path / "a.tif", FLOOD)), *STEPS,
        "--breach", "113.1,23.3,石角,2022-06-20 08:30,150m", "--breach", "113.2，23.4，芦苞", "--breach", "113.2,23.4,白坭,,80",
        "--exposure", f"人口={people}:人:人:七普@2020-11-01",
    )  # fmt: skip
    site = library.open("a")[1]
    assert site.breaches == (
        BreachPlace(113.1, 23.3, "石角", T0 + 1800, 150.0), BreachPlace(113.2, 23.4, "芦苞"),
        BreachPlace(113.2, 23.4, "白坭", None, 80.0),
    )  # fmt: skip
    assert site.exposures == (ExposureSource("人口", str(people), "人", "人", "七普", "2020-11-01"),)


@pytest.mark.parametrize(
    "text", ["113,23", "113,23,", "东,北,石角", "113,23,石角,昨天", "113,23,石角,,宽", "200,23,石角", "1,2,3,,5,6"]
)
def test_a_breach_that_is_not_of_the_form_is_refused_before_the_import(flood, tmp_path, library, text):
    said = refusal(flood, "add", str(tif(tmp_path / "a.tif", FLOOD)), *STEPS, "--breach", text)
    assert "读不懂" in said and "经度,纬度,名称" in said and library.entries() == ()


def test_a_layer_that_is_not_of_the_form_is_refused_before_the_import(flood, tmp_path, library):
    path = str(tif(tmp_path / "a.tif", FLOOD))
    for text in ("人口", "人口=p.geojson", "=p.geojson:人:人:七普", "人口=:人:人:七普"):
        assert "读不懂" in refusal(flood, "add", path, *STEPS, "--exposure", text)
    assert "p.geojson 不在" in refusal(flood, "add", path, *STEPS, "--exposure", "人口=p.geojson:人:人:七普")
    assert library.entries() == ()


def test_the_figures_of_a_moment_are_a_table_and_the_unknown_stays_unknown(flood, tmp_path):
    people = geojson(
        tmp_path / "p.geojson", ("Point", [50.0, 50.0], {"人": 12}), ("Point", [150.0, 50.0], {"人": None}),
        ("Point", [450.0, 350.0], {"人": 5}), ("Point", [450.0, 50.0], {"人": 7}), ("Point", [900.0, 50.0], {"人": 9}),
    )  # fmt: skip
    fields = geojson(tmp_path / "f.geojson", ("Polygon", [square(0.0, 0.0, 100.0)], {}))
    layers = ("--exposure", f"人口={people}:人:人:七普", "--exposure", f"农田={fields}:::三调@2019")
    flood("add", str(tif(tmp_path / "a.tif", FLOOD)), *STEPS, "--simulated", *layers)
    said = flood("figures", "a", "--at", "2022-06-20 09:00", "2022-06-20 08:30", "2022-06-21 09:00")
    first, half, after, _ = said.split("\n\n")
    head, *rows = first.splitlines()
    assert head == "淹没水深（模拟）：a.tif · 2022-06-20 09:00（北京时间）"
    assert [r.split() for r in rows[:10]] == [
        ["水深", "面积", "km²", "水量", "万m³", "人口", "人", "农田", "m²"],
        ["≥", "3", "m", "0", "0", "0", "0"],
        ["2–3", "m", "0", "0", "0", "0"],
        ["1.5–2", "m", "0", "0", "0", "0"],
        ["1–1.5", "m", "0.04", "4.8", "—", "0"],  # one with no figure is there: not nobody
        ["0.5–1", "m", "0", "0", "0", "0"],
        ["0.05–0.5", "m", "0.04", "1.2", "12", "10000"],
        ["淹没合计", "0.08", "6", "12", "10000"],
        ["不足", "0.05", "m", "0.11", "0", "7", "0"],
        ["未知", "0.01", "—", "5", "0"],
    ]
    assert len({len(r) for r in rows[1:7]}) == 1, "columns are aligned"
    assert "来源：七普（日期未注明）" in first and "1 处没有数字" in first and "来源：三调（2019）" in first
    between = {r.split(" m ")[0]: r.split(" m ")[1].split()[:2] for r in half.splitlines() if " m " in r}
    assert between["0.5–1"] == ["0.04", "2.4"] and between["0.05–0.5"] == ["0.04", "0.6"], "half-way between two steps"
    assert "不在计算时段内" in after
    assert [r.split()[-4:] for r in after.splitlines() if r.startswith("淹没合计")] == [["—"] * 4]


def test_a_layer_that_cannot_be_read_any_more_has_no_figure(flood, tmp_path):
    people = geojson(tmp_path / "p.geojson", ("Point", [50.0, 50.0], {"人": 12}))
    flood("add", str(tif(tmp_path / "a.tif", FLOOD)), *STEPS, "--exposure", f"人口={people}:人:人:七普")
    people.unlink()
    said = flood("figures", "a", "--at", "2022-06-20 09:00")
    assert "受淹人口（文件 p.geojson 打不开" in said and said.rstrip().endswith("—")


def test_what_is_typed_wrong_is_said(flood, tmp_path):
    assert "没有名为 x" in refusal(flood, "remove", "x") and "没有名为 x" in refusal(
        flood, "figures", "x", "--at", "2022-06-20"
    )
    assert "时刻“现在”读不懂" in refusal(flood, "figures", "x", "--at", "现在")
    assert "起始时间“八点”读不懂" in refusal(flood, "add", "a.tif", "--start", "八点")
    assert "打不开" in refusal(flood, "add", str(tmp_path / "无.nc"))
