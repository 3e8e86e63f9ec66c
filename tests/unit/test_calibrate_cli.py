"""Calibrating a sub-basin from its own record at the command line: parameters to paste, what they are worth, what is wrong."""

from __future__ import annotations

import argparse
import datetime as dt
import math
import tomllib

import numpy as np
import pytest

from console.calibrate_cli import add_calibrate_command, read_record, run_calibrate
from console.engine.rain_runoff import model_of
from console.engine.xinanjiang import Parameters, Units, run
from console.errors import ConsoleError
from console.settings import Settings
from tests.unit.test_whatif import CHAIN

TRUE = Parameters(kc=0.9, sm=25.0, cs=0.6, ci=0.8, cg=0.97, b=0.3)
HEAD = "时间,雨量 mm,蒸发,流量(m³/s)"


def rows(days=420, step_h=6.0, head=HEAD, gap=()):
    """A record whose flow was made with known parameters."""
    n = round(days * 24 / step_h)
    rng = np.random.default_rng(5)
    rain = np.where(rng.random(n) < 0.12, rng.gamma(0.8, 12.0, n), 0.0).round(1)
    pan = np.full(n, 3.0 * step_h / 24)
    flow = run(Units.of([500.0]), TRUE, rain, pan, step_h).flow_m3s[0]
    start = dt.datetime(2021, 1, 1, 8)
    lines = [head]
    for i in range(n):
        when = (start + dt.timedelta(hours=step_h * i)).strftime("%Y-%m-%d %H:%M")
        lines.append(f"{when},{rain[i]},{pan[i]},{'' if i in gap else f'{flow[i]:.4f}'}")
    return lines


def written(tmp_path, lines, encoding="utf-8"):
    path = tmp_path / "资料.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


@pytest.fixture
def calibrate(home, capsys):
    parser = argparse.ArgumentParser()
    add_calibrate_command(parser.add_subparsers(dest="role"))

    def run_line(*words):
        assert run_calibrate(parser.parse_args(["calibrate", *map(str, words)]), home, Settings()) == 0
        return capsys.readouterr().out

    return run_line


def test_the_parameters_found_answer_the_years_that_were_left_out_and_go_into_the_network_file(tmp_path, calibrate):
    said = calibrate(written(tmp_path, rows(gap=range(300, 340))), "--area", 500, "--limit", 20)
    fit, check = (
        float(said.partition(word)[2].split("，")[0].split("（")[0]) for word in ("率定期 DC ", "检验期（没有参加率定）：DC ")
    )
    assert fit > 0.97 and check > 0.95
    line = next(one for one in said.splitlines() if one.startswith("parameters = "))
    found = tomllib.loads(line)["parameters"]
    basins = [b | {"parameters": found} if b["node"] == "in-lianjiang" else b for b in CHAIN["runoff"]["basin"]]
    model = model_of(CHAIN | {"runoff": CHAIN["runoff"] | {"basin": basins}})
    assert next(b for b in model.basins if b.node == "in-lianjiang").own
    assert all(one.startswith(("#", "parameters")) for one in said.splitlines()), "what is printed can be pasted whole"


def test_a_search_out_of_time_says_that_it_did_not_converge_and_one_without_a_check_that_it_proves_nothing(tmp_path, calibrate):
    said = calibrate(written(tmp_path, rows(days=700)), "--area", 500, "--limit", 1, "--check", 0)
    assert "停止时的最好结果（没有收敛）" in said or "率定结果" in said
    assert "没有检验期" in said


def test_a_file_of_an_office_is_read_as_it_comes(tmp_path):
    record = read_record(written(tmp_path, rows(days=70, head="tm,p,em,q"), "gb18030"), 3.0)
    assert record.step_h == 6.0 and len(record.rain_mm) == 280
    sheet = [line.replace("-0", "/").replace("-", "/").replace(" 0", " ") for line in rows(days=70)]
    assert sheet[1].startswith("2021/1/1 8:00,") and len(read_record(written(tmp_path, sheet), 3.0).rain_mm) == 280
    without = [",".join(line.split(",")[i] for i in (0, 1, 3)) for line in rows(days=70, gap=(5,))]
    record = read_record(written(tmp_path, without), 4.0)
    assert record.pan_mm[0] == pytest.approx(1.0) and math.isnan(record.flow_m3s[5])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r[:50], "资料只有 49 行"),
        (lambda r: ["日期,雨,流"] + r[1:], "表头没有 时间、雨量、流量"),
        (lambda r: r[:10] + r[11:], "第 11 行的时间与上一行不是相等的间隔"),
        (lambda r: r[:7] + ["昨天,1,1,1"] + r[8:], "第 8 行的时间“昨天”读不懂"),
        (lambda r: [*r[:7], r[7].split(",")[0] + ",,1,1", *r[8:]], "第 8 行的雨量“”不能用"),
        (lambda r: [*r[:7], r[7].split(",")[0] + ",-3,1,1", *r[8:]], "第 8 行的雨量“-3”不能用"),
        (lambda r: [*r[:7], "", "", r[7].split(",")[0] + ",1e300,1,1", *r[8:]], "第 10 行的雨量“1e300”不能用"),
        (lambda r: [*r[:7], r[7].split(",")[0] + ",1,1,nan", *r[8:]], "第 8 行的流量“nan”不能用"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_by_its_row(tmp_path, change, words):
    with pytest.raises(ConsoleError, match=words):
        read_record(written(tmp_path, change(rows(days=70))), 3.0)


def test_what_cannot_be_a_record_or_an_area_is_refused(tmp_path, calibrate):
    (tmp_path / "图.csv").write_bytes(b"\x89PNG\xff\xff\x00")
    for path, words in ((tmp_path / "图.csv", "不是文本"), (tmp_path / "没有.csv", "读不出来")):
        with pytest.raises(ConsoleError, match=words):
            read_record(path, 3.0)
    flat = [HEAD, *(f"{line.split(',')[0]},0,1,5" for line in rows(days=70)[1:])]
    with pytest.raises(ConsoleError, match="没有率定：实测流量没有变化"):
        calibrate(written(tmp_path, flat), "--area", 500, "--warm", 0)
    with pytest.raises(ConsoleError, match="--area -1 不能用"):
        calibrate(written(tmp_path, flat), "--area", -1)
