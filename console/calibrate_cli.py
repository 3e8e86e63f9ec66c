"""Calibration of a sub-basin's Xinanjiang parameters from its own record, on the command line.

The parameters are printed as they are written into the network file. The last part of the record is left out of the fit
and tells what they are worth; Ctrl-C ends the search and gives the best set so far, marked as such.
"""

from __future__ import annotations

import argparse
import math
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from console.domain.time import from_beijing
from console.errors import ConsoleError
from console.paths import DataHome
from console.record_file import columns_of, number_at, rows_of, text_at
from console.settings import Settings
from console.texts import printable

if TYPE_CHECKING:
    from console.engine.xinanjiang_fit import Calibration

COLUMNS = {
    "time": ("时间", "time", "tm"), "rain": ("雨量", "降雨", "rain_mm", "p"), "pan": ("蒸发", "蒸发量", "pan_mm", "em"),
    "flow": ("流量", "flow_m3s", "q"),
}  # fmt: skip
RAIN_MM, PAN_MM, FLOW_M3S = 2000.0, 100.0, 1e6  # of a step: no gauge reads more
PADDED = re.compile(r"(?<![\d:])\d(?!\d)")  # of a date as a spreadsheet writes it: 2015-1-1 8:00
LEAST_ROWS, DAY_H, HOUR_S = 240, 24.0, 3600.0
HELP = "表头要有 时间、雨量、流量，可有 蒸发；时间写成 2022-06-20 08:00（北京时间），间隔相等。"


@dataclass(frozen=True, slots=True)
class Record:
    """Rows at equal steps. rain_mm, pan_mm: of the step that ends then; flow_m3s: NaN where not observed."""

    step_h: float
    rain_mm: list[float]
    pan_mm: list[float]
    flow_m3s: list[float]


def add_calibrate_command(roles: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    one = roles.add_parser("calibrate", help="由实测雨量和流量率定一个分区的新安江参数")
    one.add_argument("file", type=Path, help="CSV 文件：时间、雨量 mm、流量 m³/s，可有 蒸发 mm")
    one.add_argument("--area", type=float, required=True, help="分区面积，km²")
    one.add_argument("--lag", type=float, default=0.0, help="分区内汇流滞时，小时")
    one.add_argument("--pan", type=float, default=3.5, help="文件没有蒸发时的日水面蒸发，mm/d")
    one.add_argument("--warm", type=float, default=60.0, help="开头只预热、不比较的天数")
    one.add_argument("--check", type=float, default=0.3, help="末尾留作检验、不参加率定的份额")
    one.add_argument("--limit", type=float, default=60.0, help="最多用的秒数")


def run_calibrate(options: argparse.Namespace, _home: DataHome, _settings: Settings) -> int:
    """Calibrate and print.

    Raises:
        ConsoleError: what is wrong with the file or with what was typed, and what to do.
    """
    from console.engine.refused import EngineRefused

    for name, value, low, high in (
        ("area", options.area, 0.01, 1e6), ("lag", options.lag, 0.0, 240.0), ("pan", options.pan, 0.0, 50.0),
        ("warm", options.warm, 0.0, 3650.0), ("check", options.check, 0.0, 0.8), ("limit", options.limit, 1.0, 36_000.0),
    ):  # fmt: skip
        if not (math.isfinite(value) and low <= value <= high):
            raise ConsoleError(f"--{name} {value:g} 不能用。", f"请给出 {low:g} 到 {high:g} 之间的数。")
    record = read_record(options.file, options.pan)
    try:
        for line in _calibrated(record, options):
            print(line)
    except EngineRefused as exc:
        raise ConsoleError(f"没有率定：{exc.detail}。", "请补足资料或改正这一项后再试。", exc.code) from exc
    return 0


def _calibrated(record: Record, options: argparse.Namespace) -> Iterator[str]:
    import numpy as np

    from console.engine.skill import series_score
    from console.engine.xinanjiang import Units, run
    from console.engine.xinanjiang_fit import calibrate

    rows, warm = len(record.rain_mm), round(options.warm * DAY_H / record.step_h)
    fitted = rows - round(rows * options.check)
    rain, pan, flow = (np.array(v) for v in (record.rain_mm, record.pan_mm, record.flow_m3s))
    units = Units.of([options.area], [options.lag])
    print(f"共 {rows} 个时段，每段 {record.step_h:g} h；率定 {fitted} 个，检验 {rows - fitted} 个。", file=sys.stderr)
    print("正在率定，Ctrl-C 停止……", file=sys.stderr)
    with _interruptible() as stopped:
        found = calibrate(
            units, rain[:fitted], pan[:fitted], record.step_h, flow[:fitted], warmup=warm, limit_s=options.limit,
            cancelled=stopped.is_set,
        )  # fmt: skip
    yield from _told(found)
    if rows - fitted >= LEAST_ROWS // 10 and np.isfinite(flow[fitted:]).sum() >= 3:
        whole = run(units, found.parameters, rain, pan, record.step_h).flow_m3s[0]
        score = series_score(whole[fitted:], flow[fitted:])
        dc = "—" if score.dc is None else f"{score.dc:.3f}（{score.grade or '—'}）"
        yield f"# 检验期（没有参加率定）：DC {dc}"
    else:
        yield "# 没有检验期：只凭率定期不能说明参数好用"
    values = ", ".join(f"{k} = {v:.4g}" for k, v in _values(found).items())
    yield f"parameters = {{ {values} }}"


def _values(found: Calibration) -> dict[str, float]:
    """Return the whole set: what was fitted and what follows from it."""
    names = ("kc", "um", "lm", "dm", "c", "b", "im", "sm", "ex", "ki", "kg", "cs", "ci", "cg")
    return {name: float(getattr(found.parameters, name)) for name in names}


def _told(found: Calibration) -> Iterator[str]:
    head = "停止时的最好结果（没有收敛）" if found.stopped else "率定结果"
    yield f"# {head}：率定期 DC {found.dc:.3f}，均方根误差 {found.rmse_m3s:.1f} m³/s，水量偏差 {found.bias_percent:+.1f} %"
    yield f"# {found.runs} 次模型计算，{found.seconds:.1f} s"
    if found.at_bound:
        yield f"# 到了范围边上的参数：{'、'.join(found.at_bound)}"
    if found.loose:
        yield f"# 资料定不准的参数：{'、'.join(found.loose)}"
    yield from (f"# {line}" for line in found.limits)


@contextmanager
def _interruptible() -> Iterator[Event]:
    """Set an event on Ctrl-C instead of ending the program."""
    stopped = Event()
    before = signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


# --- the record ------------------------------------------------------------------------------------
def read_record(path: Path, pan_mm_d: float) -> Record:
    """Read a CSV file. Raises: ConsoleError: names the row and the column, and what to write there."""
    rows = rows_of(path, HELP)
    if len(rows) < LEAST_ROWS + 1:
        raise ConsoleError(f"资料只有 {max(0, len(rows) - 1)} 行。", f"至少要 {LEAST_ROWS} 行，最好几年。{HELP}")
    place = columns_of(rows[0][1], COLUMNS, ("time", "rain", "flow"), HELP)
    times = [_time(row, place["time"], n) for n, row in rows[1:]]
    step_s = times[1] - times[0]
    bad = next((rows[k][0] for k, (a, b) in enumerate(pairwise(times), 2) if b - a != step_s), None)
    if bad is not None or not HOUR_S <= step_s <= DAY_H * HOUR_S:
        where = f"第 {bad} 行的时间与上一行不是相等的间隔" if bad is not None else f"间隔 {step_s / HOUR_S:g} h"
        raise ConsoleError(f"{where}。", f"请补齐每个时段（1 到 24 小时，缺测的流量留空）。{HELP}")
    step_h = step_s / HOUR_S
    rain = [number_at(row, place["rain"], n, "雨量", RAIN_MM) for n, row in rows[1:]]
    flow = [number_at(row, place["flow"], n, "流量", FLOW_M3S, empty=math.nan) for n, row in rows[1:]]
    if "pan" in place:
        pan = [number_at(row, place["pan"], n, "蒸发", PAN_MM) for n, row in rows[1:]]
    else:
        pan = [pan_mm_d * step_h / DAY_H] * len(rain)
    return Record(step_h, rain, pan, flow)


def _time(row: Sequence[str], place: int, number: int) -> float:
    text = text_at(row, place)
    try:
        return float(from_beijing(PADDED.sub(lambda part: part[0].zfill(2), text.replace("/", "-").replace("T", " "))))
    except ValueError as exc:
        raise ConsoleError(f"第 {number} 行的时间“{printable(text, 30)}”读不懂。", HELP, str(exc)) from exc
