"""Scenarios and their runs on this machine: what was asked, by whom, what came out, and whether it still holds.

One SQLite file per profile (FULL: a person entered it), and beside it one compressed file of arrays per run. The
arrays are written whole before their row is, so that a row never lacks its file; a file without a row, left by a
kill in between, is swept later. A scenario is never changed; several consoles may write at once. A key encrypts
the SQLite file; the arrays beside it are not encrypted.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from uuid6 import uuid7

from console.domain.scenario import RunRecord, Scenario, scenario_from_json, scenario_json
from console.domain.scenario_reader import ScenarioError
from console.errors import StoreError
from console.store.keys import OpsKey
from console.store.sqlite import DatabaseError, migrate, open_writer, transaction

T = TypeVar("T")
STEPS = (
    """
    create table scenario(
        id text primary key, inputs_id text not null, name text not null, author text not null, made_t real not null,
        kept_t real not null, text text not null, dropped integer not null default 0) strict;
    create index scenario_inputs on scenario(inputs_id);
    create table run(
        n integer primary key, id text not null unique, scenario text not null references scenario(id),
        inputs_id text not null, engine text not null, base_hash text not null, seed integer not null,
        started real not null, wall_s real not null, mass_error real, state text not null, assumptions text not null,
        warnings text not null, figures text not null, file text not null, sha256 text not null, size integer not null) strict;
    create index run_scenario on run(scenario, n)
    """,
)
RUN = (
    "id,scenario,base_hash,inputs_id,engine,seed,started,wall_s,mass_error,state,assumptions,warnings,figures,file,sha256,size"
)
ARRAY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
YOUNG_S = 3600.0  # a file younger than this may belong to a run that another console is just keeping
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class KeptScenario:
    """scenario_id: of this machine. kept_t: UTC s."""

    scenario_id: str
    scenario: Scenario
    kept_t: float


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run as it is kept. figures: numbers by name, for tables without opening the arrays.

    stale: why it no longer holds: engine (another version), base (other data under it), superseded (a later
    finished run of the scenario).
    """

    run_id: str
    scenario_id: str
    base_hash: str
    record: RunRecord
    figures: Mapping[str, float]
    size: int
    stale: tuple[str, ...] = ()

    @property
    def watermark(self) -> str:
        """Return what must stand across every picture of it, "" for a run that holds."""
        words = {"engine": "程序版本已变", "base": "底层数据已变", "superseded": "已有新的计算"}
        state = {"cancelled": "未算完", "failed": "计算失败", "running": "正在计算", "waiting": "等待计算"}
        return "·".join([*([state[self.record.state]] if self.record.state in state else []), *(words[s] for s in self.stale)])


class ScenarioStore:
    """Of one profile; used by one worker thread. Every call may raise StoreError, and then nothing changed."""

    def __init__(self, path: Path, key: OpsKey | None = None) -> None:
        self._folder = path.with_suffix(".runs")
        self._name = path.name
        self._db = open_writer(path, full=True, key=key)
        try:
            migrate(self._db, STEPS, path.name)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def keep(self, scenario: Scenario) -> str:
        """Keep a scenario and return its id."""
        found, now = str(uuid7()), time.time()
        row = (found, scenario.inputs_id, scenario.name, scenario.author, scenario.made_t, now, scenario_json(scenario))
        self._write(
            lambda: self._db.execute(
                "insert into scenario(id,inputs_id,name,author,made_t,kept_t,text) values(?,?,?,?,?,?,?)", row
            )
        )
        return found

    def drop(self, scenario_id: str) -> None:
        """Take a scenario out of the lists; what meetings refer to stays readable."""
        self._write(lambda: self._db.execute("update scenario set dropped=1 where id=?", (scenario_id,)))

    def scenarios(self, limit: int = 500) -> tuple[KeptScenario, ...]:
        """Return the newest first, by every name: nobody's runs are hidden."""
        rows = self._rows("select id,text,kept_t from scenario where dropped=0 order by kept_t desc, id desc limit ?", (limit,))
        return tuple(_scenario(r) for r in rows)

    def scenario(self, scenario_id: str) -> KeptScenario | None:
        """Return one, dropped ones too."""
        rows = self._rows("select id,text,kept_t from scenario where id=?", (scenario_id,))
        return _scenario(rows[0]) if rows else None

    def keep_run(
        self,
        scenario_id: str,
        record: RunRecord,
        base_hash: str,
        arrays: Arrays | None = None,
        figures: Mapping[str, float] | None = None,
    ) -> str:
        """Keep a run, finished or not, and return its id. base_hash: of the data under it. arrays: no objects.

        Raises:
            StoreError: there is no such scenario, its inputs are others, an array cannot be kept, or the disk is full.
        """
        kept = self.scenario(scenario_id)
        if kept is None or kept.scenario.inputs_id != record.inputs_id:
            raise StoreError("计算结果没有存下：它不属于这个情景。", "请先保存情景，再重新计算。", record.inputs_id)
        run_id = str(uuid7())
        words = _json(record.assumptions), _json(record.warnings), _json(dict(figures or {}))
        packed = _packed(arrays or {})
        sha256 = hashlib.sha256(packed).hexdigest() if packed else ""
        name = f"{run_id}.npz" if packed else ""
        if packed:
            self._write_file(name, packed)
        row = (
            run_id, scenario_id, base_hash, record.inputs_id, record.engine, record.seed, record.started, record.wall_s,
            record.mass_error, record.state, *words, name, sha256, len(packed),
        )  # fmt: skip
        try:
            self._write(lambda: self._db.execute(f"insert into run({RUN}) values({','.join('?' * len(row))})", row))
        except StoreError:
            if packed:
                (self._folder / name).unlink(missing_ok=True)
            raise
        return run_id

    def runs(self, scenario_id: str, engine: str, base_hash: str) -> tuple[KeptRun, ...]:
        """Return a scenario's runs, newest first, each with why it no longer holds. engine, base_hash: as they are now."""
        rows = self._rows(f"select {RUN} from run where scenario=? order by n desc", (scenario_id,))
        later = False
        out = []
        for row in rows:
            out.append(_run(row, engine, base_hash, superseded=later))
            later = later or out[-1].record.state == "done"
        return tuple(out)

    def run_of_inputs(self, inputs_id: str, engine: str, base_hash: str, seed: int) -> KeptRun | None:
        """Return the newest finished run of the same question, whoever asked it: it need not be computed again."""
        same = "inputs_id=? and engine=? and base_hash=? and seed=? and state='done'"
        rows = self._rows(f"select {RUN} from run where {same} order by n desc limit 1", (inputs_id, engine, base_hash, seed))
        return _run(rows[0], engine, base_hash, superseded=False) if rows else None

    def arrays(self, run_id: str) -> dict[str, NDArray[Any]]:
        """Return a run's arrays.

        Raises:
            StoreError: there is no such run, or its file is gone or not what was kept.
        """
        rows = self._rows("select file, sha256 from run where id=?", (run_id,))
        if not rows:
            raise StoreError("没有这次计算。", "请刷新列表。", run_id)
        name, sha256 = rows[0]
        if not name:
            return {}
        try:
            packed = (self._folder / name).read_bytes()
        except OSError as exc:
            raise StoreError("这次计算的结果文件读不出来。", "请重新计算；其他结果不受影响。", repr(exc)) from exc
        if hashlib.sha256(packed).hexdigest() != sha256:
            raise StoreError("这次计算的结果文件已损坏。", "请重新计算；其他结果不受影响。", name)
        with zipfile.ZipFile(io.BytesIO(packed)) as whole:
            names = [n.removesuffix(".npy") for n in whole.namelist()]
        with np.load(io.BytesIO(packed), allow_pickle=False) as found:
            return {n: found[n] for n in names}

    def sweep(self, now: float | None = None) -> int:
        """Remove files that belong to no run, left by a kill; return how many."""
        known = {r[0] for r in self._rows("select file from run where file<>''", ())}
        gone, moment = 0, time.time() if now is None else now
        for path in self._folder.glob("*") if self._folder.is_dir() else ():
            if path.name in known:
                continue
            with contextlib.suppress(FileNotFoundError):  # another console sweeps too
                if moment - path.stat().st_mtime > YOUNG_S:
                    path.unlink()
                    gone += 1
        return gone

    def _write_file(self, name: str, packed: bytes) -> None:
        path = self._folder / name
        draft = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with draft.open("wb") as out:
                out.write(packed)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        except OSError as exc:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise StoreError("计算结果没有存下。", "请检查磁盘空间后再试；结果仍在屏幕上。", repr(exc)) from exc

    def _write(self, work: Callable[[], T]) -> T:
        try:
            with transaction(self._db):
                return work()
        except DatabaseError as exc:
            raise StoreError("情景没有存下。", "请检查磁盘空间和权限后再试。", str(exc)) from exc

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return list(self._db.execute(query, values).fetchall())
        except DatabaseError as exc:
            raise StoreError(
                f"情景库 {self._name} 读不出来。", "请检查磁盘；若文件已损坏，请改名保留后重新启动。", str(exc)
            ) from exc


def _scenario(row: tuple[Any, ...]) -> KeptScenario:
    try:
        return KeptScenario(row[0], scenario_from_json(row[1]), row[2])
    except ScenarioError as exc:
        raise StoreError(f"情景 {row[0]} 读不出来。", "它可能由较新的程序写成；请升级本程序。", str(exc)) from exc


def _run(row: tuple[Any, ...], engine: str, base_hash: str, *, superseded: bool) -> KeptRun:
    run_id, scenario, base, inputs_id, made_by, seed, started, wall_s, mass_error, state = row[:10]
    assumptions, warnings = (tuple(json.loads(text)) for text in row[10:12])
    record = RunRecord(inputs_id, made_by, seed, started, wall_s, mass_error, state, assumptions, warnings)
    reasons = (("engine", made_by != engine), ("base", base != base_hash), ("superseded", superseded))
    return KeptRun(run_id, scenario, base, record, json.loads(row[12]), row[15], tuple(code for code, yes in reasons if yes))


def _packed(arrays: Arrays) -> bytes:
    """Return the arrays as one compressed file, b"" for none; the same arrays give the same bytes."""
    if not arrays:
        return b""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as whole:
        for name, values in sorted(arrays.items()):
            if not ARRAY_NAME.fullmatch(name) or values.dtype.hasobject:
                raise StoreError(f"结果 {name} 不能保存。", "这是程序的问题，请报告。", str(values.dtype))
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with whole.open(entry, "w", force_zip64=True) as part:
                np.lib.format.write_array(part, values, allow_pickle=False)
    return out.getvalue()


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except ValueError as exc:
        raise StoreError("计算结果里有不是数的值，没有存下。", "这是程序的问题，请报告。", repr(exc)) from exc
