"""Import a folder: file by file, with progress, a list of rejects, and a clean stop."""

from __future__ import annotations

import csv
import signal
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from backend_client.adapters.harvest import BOUNDS, FORECAST, SUSPECT
from backend_client.adapters.harvest import ELEMENTS as OURS
from backend_client.adapters.tabular.columns import Layout, Misaligned, UnknownUnit, aligned, layout_of
from backend_client.adapters.tabular.readings import BadCell, Parsed, parse, qualities, trend_disagrees
from backend_client.adapters.tabular.tables import UnreadableFile, lines_of
from console.central.importers.fact_tables import NAMES, FactTable, fact_table
from console.central.importers.facts import FactImporter
from console.central.importers.library import Library, Reject, library_kind
from console.central.importers.stations import merge_station, station_rows
from console.central.importers.typhoons import import_typhoons, is_typhoon_table
from console.central.importers.works import ORDER, WorksImporter
from console.central.importers.works_tables import NAMED, works_table
from console.central.repository import Repository, open_repository
from console.central.store_core import SeriesKey
from console.domain.library import LISTS
from console.domain.vocabulary import Vocabulary, vocabulary_of
from console.errors import ConsoleError
from console.paths import DataHome
from console.topics import site_topics

CHUNK = 20_000
HOUR_S = 3600.0
SOURCE = "文件导入"
SUFFIXES = (".csv", ".xlsx")


@dataclass
class Report:
    """What an import did. listed: entries by kind of list. left_out: files by a column that means nothing.

    rejects: (file, line, reason).
    """

    files: int = 0
    lines: int = 0
    added: int = 0
    unchanged: int = 0
    duplicates: int = 0
    trend_doubts: int = 0
    stations: set[str] = field(default_factory=set)
    listed: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    rejects: list[tuple[str, int, str]] = field(default_factory=list)
    cancelled: bool = False

    def lines_of_text(self) -> list[str]:
        text = [
            f"文件 {self.files} 个，数据行 {self.lines} 行，测站 {len(self.stations)} 个。",
            f"新增或更正 {self.added} 个值，已有相同值 {self.unchanged} 个，重复行 {self.duplicates} 行。",
        ]
        if self.listed:
            names = LISTS | {"typhoons": "台风"} | NAMES | NAMED
            text.append(
                "、".join(f"{name} {self.listed[kind]} 项" for kind, name in names.items() if kind in self.listed) + "。"
            )
        if self.trend_doubts:
            text.append(f"有 {self.trend_doubts} 行的水势代码与数值变化不符，已以数值为准。")
        if self.left_out:
            columns = "、".join(f"{title}（{n} 个文件）" for title, n in self.left_out.most_common())
            text.append(f"没有用到的列：{columns}。若其中有观测值，请把列名改成要素的名称（水位、流量、雨量…）再导入。")
        if self.rejects:
            text.append(f"未能导入 {len(self.rejects)} 处：")
            text += [f"  {file} 第 {line} 行：{reason}" for file, line, reason in self.rejects[:20]]
            if len(self.rejects) > 20:
                text.append(f"  …另有 {len(self.rejects) - 20} 处，可用 --errors 文件.csv 全部列出。")
        if self.cancelled:
            text.append("已取消：已完成的文件保留，未处理的没有导入。再次运行同一条命令可以接着导入。")
        return text


class Importer:
    """Imports into one repository; stop() ends after the file in hand is complete."""

    def __init__(
        self, repo: Repository, zone: str = "Asia/Shanghai", files: Path | None = None, words: Vocabulary | None = None
    ) -> None:
        """files: where the service keeps files; None to take no lists that may name some. words: what is measured here."""
        self._repo = repo
        self._words = words or vocabulary_of(())
        ours = (e for e in self._words.elements.values() if e.code not in OURS)
        self._declared = {h: (e.code, e.unit) for e in ours for h in (e.code.lower(), e.name.lower())}
        self._facts = FactImporter(repo)
        self._late: list[tuple[Path, str, FactTable]] = []
        self._library = Library(repo, files) if files is not None else None
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ConsoleError(f"时区 {zone} 不认识。", "请用 Asia/Shanghai 这样的名称。") from exc
        self._works = WorksImporter(repo, self._zone, self._words)
        self.report = Report()
        self._now = time.time()
        self._stop = False

    def stop(self) -> None:
        self._stop = True

    def folder(self, folder: Path, progress: bool = True) -> Report:
        """Import every table below a folder.

        Raises:
            ConsoleError: the folder does not exist or holds no table.
        """
        files = sorted((p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()), key=_place)
        if not files:
            raise ConsoleError(f"目录 {folder} 里没有 CSV 或 XLSX 文件。", "请检查路径。")
        for number, path in enumerate(files, 1):
            if self._stop:
                self.report.cancelled = True
                break
            before = self.report.added
            self.file(path, str(path.relative_to(folder)))
            if progress:
                added = self.report.added - before
                print(f"[{number}/{len(files)}] {path.relative_to(folder)} 新增 {added}", file=sys.stderr, flush=True)
        self._facts_too()
        return self.report

    def _facts_too(self) -> None:
        """Bring the tables that tell of places, which by now are known from whichever file named them."""
        late, self._late = self._late, []
        for path, label, table in late if not self.report.cancelled else ():
            if table.unknown and table.kind != "matters":
                self.report.rejects.append((label, 1, f"不认识的列没有导入：{'、'.join(table.unknown)}"))
            if table.kind == "marks" and "flood_limit" in table.meanings:
                self.report.rejects.append((label, 1, "汛限水位没有开始、结束月日，没有导入；请用分期汛限水位表"))
            try:
                lines = lines_of(path)
                next(lines, None)
                self._counted(table.kind, label, *self._facts.table(table, lines))
            except (UnreadableFile, OSError) as exc:
                self.report.rejects.append((label, 1, str(exc)))

    def file(self, path: Path, label: str) -> None:
        """Import one file as a whole, or say why not."""
        self.report.files += 1
        try:
            if self._library is not None and (kind := library_kind(path.stem)):
                self._listed(self._library, kind, path, label)
                return
            if (kind := works_table(path.stem)) is not None and not self._readings(path):
                self._counted(kind, label, *self._works.table(kind, path))
                return
            if is_typhoon_table(path.stem):
                self._counted("typhoons", label, *import_typhoons(self._repo, path, self._zone))
                return
            lines = lines_of(path)
            _, header = next(lines, (0, []))
            table = fact_table(header)
            if table is not None:
                self._late.append((path, label, table))
                if table.kind != "marks":
                    return
            layout = layout_of(header, self._declared)
            if table is not None and not layout.holds_stations:
                return
            if table is None and (layout.holds_stations or layout.holds_readings):
                self.report.left_out.update(set(layout.left_out))
            if layout.holds_stations:
                for code, facts in station_rows(layout, lines):
                    merge_station(self._repo, code, facts)
                    self.report.stations.add(code)
                return
            if not layout.holds_readings:
                reason = "表头没有站码、时间和观测值列" if header else "文件是空的"
                self.report.rejects.append((label, 1, reason))
                return
            self._store(self._parsed(layout, lines, label))
        except (UnreadableFile, UnknownUnit, OSError) as exc:
            self.report.rejects.append((label, 1, str(exc)))

    def _readings(self, path: Path) -> bool:
        """Tell whether a file holds readings of stations, whatever it is called."""
        _, header = next(lines_of(path), (0, []))
        try:
            return layout_of(header, self._declared).holds_readings
        except UnknownUnit:  # a column of a works, such as 库容（万方）
            return False

    def _listed(self, library: Library, kind: str, path: Path, label: str) -> None:
        self._counted(kind, label, *library.table(kind, path))

    def _counted(self, kind: str, label: str, fresh: int, same: int, rejects: list[Reject]) -> None:
        self.report.listed[kind] = self.report.listed.get(kind, 0) + fresh + same
        self.report.rejects += [(label, line, reason) for line, reason in rejects]

    def _parsed(self, layout: Layout, lines: object, label: str) -> list[Parsed]:
        factors = {m: f for m, f in zip(layout.meanings, layout.factors, strict=True) if m}
        found: list[Parsed] = []
        seen: dict[tuple[str, int], dict[str, float]] = {}
        for number, cells in lines:  # type: ignore[attr-defined]
            if not any(str(c).strip() for c in cells):
                continue
            self.report.lines += 1
            try:
                one = parse(aligned(layout, cells), factors, self._zone, layout.declared)
            except (BadCell, Misaligned) as exc:
                self.report.rejects.append((label, number, str(exc)))
                continue
            self.report.rejects += [(label, number, p) for p in one.problems]
            if one.t > self._now + HOUR_S and one.quality is None and not set(one.values) <= BOUNDS.keys():
                one.quality = SUSPECT
                self.report.rejects.append((label, number, "时间在将来，按存疑导入；是预报请加“质量”列写“预报”"))
            known = seen.get((one.code, one.t))
            if known is not None:
                self.report.duplicates += 1
                if any(known.get(k, v) != v for k, v in one.values.items()):
                    self.report.rejects.append((label, number, "同一时刻有两个不同的值，采用后一个"))
            seen[(one.code, one.t)] = (known or {}) | one.values
            found.append(one)
        return found

    def _store(self, lines: list[Parsed]) -> None:
        stations = {p.code: p for p in lines}
        # the instruments of a works are declared by their own table: their readings make no stations of them
        own = {doc["code"] for kind in ("sensors", "gates") for doc in self._repo.objects(kind)}
        for code, p in stations.items():
            if code in own:
                continue
            reservoir = any({"RZ", "INQ", "OTQ"} & set(x.values) for x in lines if x.code == code)
            merge_station(self._repo, code, {"name": p.name, "river": p.river} | self._kind(p, reservoir=reservoir))
            self.report.stations.add(code)
        series: dict[tuple[str, str], dict[int, tuple[float, int | None]]] = defaultdict(dict)
        for p in lines:
            for element, value in p.values.items():
                series[(p.code, element)][p.t] = value, p.quality
        self._doubt_trends([p for p in lines if p.quality != FORECAST])
        for (code, element), values in series.items():
            self._store_series(code, element, values)

    def _kind(self, line: Parsed, *, reservoir: bool) -> dict[str, str]:
        """Return what kind of place a line of readings speaks of; a guess where only the element tells."""
        if reservoir:
            return {"type": "reservoir"}
        guessed = next((k for e in line.values if (k := self._words.kind_of(e))), "")
        return {"guess": guessed} if guessed and not {"Z", "Q"} & set(line.values) else {}

    def _store_series(self, code: str, element: str, values: dict[int, tuple[float, int | None]]) -> None:
        t = np.array(sorted(values), np.int64)
        v = np.array([values[k][0] for k in t.tolist()])
        said = [values[k][1] for k in t.tolist()]
        interval = int(np.clip(np.median(np.diff(t)), 300, 86400)) if len(t) > 1 else 3600
        sid = self._repo.ensure_series(SeriesKey(code, element, self._words.elements[element].unit, "", SOURCE, interval))
        rows = list(zip([sid] * len(t), t.tolist(), v.tolist(), qualities(element, v, said).tolist(), strict=True))
        for first in range(0, len(rows), CHUNK):
            part = rows[first : first + CHUNK]
            fresh = len(self._repo.commit_rows(part))
            self.report.added += fresh
            self.report.unchanged += len(part) - fresh

    def _doubt_trends(self, lines: list[Parsed]) -> None:
        last: dict[str, tuple[int, float]] = {}
        for p in sorted(lines, key=lambda x: (x.code, x.t)):
            level = p.values.get("Z", p.values.get("RZ"))
            if level is None:
                continue
            before = last.get(p.code)
            change = level - before[1] if before and p.t - before[0] <= 7200 else None
            self.report.trend_doubts += trend_disagrees(p.trend, change)
            last[p.code] = (p.t, level)


def _place(path: Path) -> tuple[int, str]:
    """Order the files: works before their sensors, and both before any readings."""
    kind = works_table(path.stem)
    return (ORDER.index(kind) if kind else len(ORDER), str(path))


def run_import(home: DataHome, folder: Path, errors: Path | None, zone: str, store: str = "") -> int:
    """Import a folder into the ``live`` store from the command line; returns the exit status."""
    if not folder.is_dir():
        raise ConsoleError(f"目录 {folder} 不存在。", "请给出存放 CSV 或 XLSX 的目录。")
    folder_of_service = home.central("live")
    repo = open_repository(folder_of_service, "live", store)
    try:
        topics, fault = site_topics(home.root)
        if fault:
            print(fault, file=sys.stderr)
        importer = Importer(repo, zone, folder_of_service / "files", vocabulary_of(topics))

        def interrupted(_number: int, _frame: FrameType | None) -> None:
            print("正在取消：当前文件完成后停止…", file=sys.stderr, flush=True)
            importer.stop()

        signal.signal(signal.SIGINT, interrupted)
        report = importer.folder(folder)
    finally:
        repo.close()
    for line in report.lines_of_text():
        print(line)
    if errors is not None:
        with errors.open("w", encoding="utf-8-sig", newline="") as out:
            csv.writer(out).writerows([("文件", "行", "原因"), *report.rejects])
    if report.rejects and not (report.added or report.unchanged or report.stations or any(report.listed.values())):
        return 1
    print("用 python3 -m console --source live 查看。")
    return 0
