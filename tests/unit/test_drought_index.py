"""How dry a place has been, from its own record: held to the reference, and told with its grade on the command line."""

from __future__ import annotations

import argparse
import csv
import json

import numpy as np
import pytest

from console.drought_cli import add_drought_command, read_months, run_drought
from console.engine.drought_index import grade, spi
from console.engine.refused import EngineRefused
from console.errors import ConsoleError
from console.settings import Settings


@pytest.fixture
def record(shared):
    with (shared / "refcases" / "spi_dev.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in ("precip_mm", "SPI1", "SPI3")}


def test_the_index_is_that_of_the_reference(record, shared, within):
    expected = json.loads((shared / "refcases" / "spi_dev.json").read_text("utf-8"))["expected"]
    for span in (1, 3):
        found = spi(record["precip_mm"], span)
        assert np.isnan(found[: span - 1]).all() and np.isfinite(found[span - 1 :]).all()
        within("spi_dev", f"SPI-{span}", np.nanmax(np.abs(found - record[f"SPI{span}"])), 1e-6)
    found = spi(record["precip_mm"], 3)
    within("spi_dev", "末 12 个月", np.abs(found[-12:] - expected["SPI3_last12"]).max(), 1e-6)
    within("spi_dev", "SPI-3 ≤ −1 的月数", abs(int((found <= -1).sum()) - expected["count_SPI3_le_minus1"]), 0.0)


def test_grades_change_at_their_limits_and_what_is_not_known_has_none():
    said = [grade(v) for v in (0.3, -0.49, -0.5, -1.0, -1.49, -1.5, -2.0, -3.0, float("nan"))]
    assert said == ["无旱", "无旱", "轻旱", "中旱", "中旱", "重旱", "特旱", "特旱", ""]


def rain(years=20):
    rng = np.random.default_rng(4)
    return rng.gamma(2.0, 40.0, 12 * years).round(1)


def test_dry_months_share_their_probability_and_the_record_may_begin_in_any_month():
    some = rain()
    some[0::12] *= np.arange(20) % 2  # every second January is dry
    found = spi(some, 1)
    assert np.ptp(found[0::24]) == 0.0 and found[0] == pytest.approx(0.0, abs=1e-9), "half of all years are as dry"
    assert spi(some[5:], 1, first_month=6)[7::12] == pytest.approx(spi(some[12:], 1)[0::12], abs=1e-9)
    some[7] = 1e5
    assert spi(some, 1)[7] <= 4.0


@pytest.mark.parametrize(
    ("values", "span", "words"),
    [
        (rain(9), 1, "1 月只有 9 年，至少要 10 年"),
        (rain(), 0, "累计月数须在 1–24 之间"),
        (np.zeros(240), 1, "1 月的雨量都一样，或几乎从不下雨"),
        (np.full(360, 12.345), 1, "1 月的雨量都一样，或几乎从不下雨"),
        (np.where(np.arange(240) == 3, np.nan, 1.0), 1, "月雨量"),
        (rain()[:5], 6, "只有 5 个月"),
    ],
)
def test_a_record_that_tells_nothing_is_refused(values, span, words):
    with pytest.raises(EngineRefused) as told:
        spi(values, span)
    assert words in told.value.detail


def written(tmp_path, lines, encoding="utf-8"):
    path = tmp_path / "月雨量.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def rows(years=20, head="月份,雨量(mm)"):
    return [head, *(f"{2001 + k // 12}-{k % 12 + 1:02d},{v}" for k, v in enumerate(rain(years)))]


@pytest.fixture
def drought(home, capsys):
    parser = argparse.ArgumentParser()
    add_drought_command(parser.add_subparsers(dest="role"))

    def run_line(*words):
        assert run_drought(parser.parse_args(["drought", *map(str, words)]), home, Settings()) == 0
        return capsys.readouterr().out.splitlines()

    return run_line


def test_the_last_months_are_printed_with_their_grades_and_what_they_rest_on(tmp_path, drought):
    lines = drought(written(tmp_path, rows(), "gb18030"), "--spans", "1,3", "--last", 5)
    assert "2001-01 至 2020-12" in lines[0] and "资料 20 年 0 个月，不足 30 年" in lines[1]
    assert lines[2] == "月份,雨量 mm,SPI-1,等级,SPI-3,等级" and len(lines) == 8
    last = lines[-1].split(",")
    assert last[0] == "2020-12" and float(last[1]) == rain()[-1] and last[5] == grade(float(last[4]))
    whole = drought(written(tmp_path, rows(40)), "--spans", "3", "--last", 9999)
    assert whole[2] == f"2001-01,{rain(40)[0]:g},," and len(whole) == 482, "the first two months have no sum of three"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r[:1], "没有资料"),
        (lambda r: ["日期,雨", *r[1:]], "表头没有 月份、雨量"),
        (lambda r: [*r[:4], *r[5:]], "第 5 行的月份 2001-05 不接上一行"),
        (lambda r: [*r[:4], "去年,3", *r[5:]], "第 5 行的月份“去年”读不懂"),
        (lambda r: [*r[:4], "2001-13,3", *r[5:]], "第 5 行的月份“2001-13”读不懂"),
        (lambda r: [*r[:4], "2001-04,-3", *r[5:]], "第 5 行的雨量“-3”不能用"),
        (lambda r: [*r[:4], "", "2001-04,9999", *r[5:]], "第 6 行的雨量“9999”不能用"),
        (lambda r: r[:60], "1 月只有 5 年"),
        (lambda r: r[:121], "累计 3 个月时，1 月只有 9 年"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_by_its_row(tmp_path, drought, change, words):
    with pytest.raises(ConsoleError, match=words):
        drought(written(tmp_path, change(rows())))


def test_what_is_typed_amiss_is_refused(tmp_path, drought):
    path = written(tmp_path, rows())
    for typed, words in ((("--spans", "三"), "--spans 三 不能用"), (("--last", "0"), "--last 0 不能用")):
        with pytest.raises(ConsoleError, match=words):
            drought(path, *typed)
    assert read_months(written(tmp_path, ["time,p", "2001/1/1,3", "2001年2月,0"])).rain_mm == [3.0, 0.0]
