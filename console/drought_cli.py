"""How dry a place has been: the standardised precipitation index of a monthly record, on the command line."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.errors import ConsoleError
from console.paths import DataHome
from console.record_file import columns_of, number_at, rows_of, text_at
from console.settings import Settings
from console.texts import printable

COLUMNS = {"month": ("月份", "年月", "时间", "month", "time"), "rain": ("雨量", "降雨", "降水量", "rain_mm", "p")}
HELP = "表头要有 月份、雨量，一行一个月；月份写成 2022-06，逐月相接。"
MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?(?:[-/.]\d{1,2})?(?:[ T].*)?")
RAIN_MM = 5000.0  # of a month: no gauge of the province reads more
SPANS_TEXT = "1,3,6,12"


@dataclass(frozen=True, slots=True)
class Months:
    """first: year and month of the first; rain_mm: one a month."""

    first: tuple[int, int]
    rain_mm: list[float]

    def name(self, k: int) -> str:
        year, month = self.first
        return f"{year + (month - 1 + k) // 12}-{(month - 1 + k) % 12 + 1:02d}"


def add_drought_command(roles: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    one = roles.add_parser("drought", help="由逐月雨量算标准化降水指数（SPI）和旱情等级")
    one.add_argument("file", type=Path, help="CSV 文件：月份、雨量 mm")
    one.add_argument("--spans", default=SPANS_TEXT, help=f"累计的月数，逗号分开（默认 {SPANS_TEXT}）")
    one.add_argument("--last", type=int, default=12, help="打印最后几个月")


def run_drought(options: argparse.Namespace, _home: DataHome, _settings: Settings) -> int:
    """Print the index of the last months.

    Raises:
        ConsoleError: what is wrong with the file or with what was typed, and what to do.
    """
    from console.engine.refused import EngineRefused

    try:
        spans = [int(part) for part in options.spans.split(",")]
    except ValueError as exc:
        raise ConsoleError(f"--spans {printable(options.spans, 30)} 不能用。", f"请写成 {SPANS_TEXT}。", str(exc)) from exc
    months = read_months(options.file)
    if options.last < 1:
        raise ConsoleError(f"--last {options.last} 不能用。", "请给出不小于 1 的整数。")
    try:
        for line in _told(months, spans, min(options.last, len(months.rain_mm))):
            print(line)
    except EngineRefused as exc:
        raise ConsoleError(f"没有算：{exc.detail}。", "请补足资料或改正这一项后再试。", exc.code) from exc
    return 0


def _told(months: Months, spans: list[int], last: int) -> Iterator[str]:
    from console.engine.drought_index import YEARS_ADVISED, grade, spi

    found = [spi(months.rain_mm, span, months.first[1]) for span in spans]
    count = len(months.rain_mm)
    yield f"# 标准化降水指数（GB/T 20481-2017，Γ 分布按 Thom 估计），{months.name(0)} 至 {months.name(count - 1)}"
    if count < YEARS_ADVISED * 12:
        yield f"# 资料 {count // 12} 年 {count % 12} 个月，不足 {YEARS_ADVISED} 年，等级只供参考"
    yield ",".join(["月份", "雨量 mm", *(f"SPI-{span},等级" for span in spans)])
    for k in range(count - last, count):
        cells = [f"{one[k]:.2f},{grade(one[k])}" if math.isfinite(one[k]) else "," for one in found]
        yield ",".join([months.name(k), f"{months.rain_mm[k]:g}", *cells])


def read_months(path: Path) -> Months:
    """Read a CSV file. Raises: ConsoleError: names the row, and what to write there."""
    rows = rows_of(path, HELP)
    if len(rows) < 2:
        raise ConsoleError(f"文件 {printable(path.name, 60)} 没有资料。", HELP)
    place = columns_of(rows[0][1], COLUMNS, ("month", "rain"), HELP)
    first, rain = (0, 0), []
    for k, (number, row) in enumerate(rows[1:]):
        text = text_at(row, place["month"])
        read = MONTH.fullmatch(text)
        if read is None or not 1 <= int(read[2]) <= 12:
            raise ConsoleError(f"第 {number} 行的月份“{printable(text, 30)}”读不懂。", HELP)
        year, month = int(read[1]), int(read[2])
        first = first if k else (year, month)
        if year * 12 + month != first[0] * 12 + first[1] + k:
            raise ConsoleError(f"第 {number} 行的月份 {year}-{month:02d} 不接上一行。", f"请逐月补齐，没有雨填 0。{HELP}")
        rain.append(number_at(row, place["rain"], number, "雨量", RAIN_MM))
    return Months(first, rain)
