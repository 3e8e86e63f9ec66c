"""Declared chains for what-ifs and the disasters prepared for them: the shipped files, or an office's own beside its data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from console.domain.scenario import input_from_doc
from console.domain.scenario_reader import ScenarioError
from console.domain.time import from_beijing
from console.engine.levee_breach import levees_of
from console.engine.prepared import Wanted
from console.engine.refused import EngineRefused
from console.engine.retention_flood import retention_places
from console.engine.tidal_case import tidal_of
from console.errors import StoreError
from console.viewdata.inundation_ask import BreachAsk

NAME = "network_beijiang.toml"
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")  # it names a folder of the drill
PREPARED = "prepared.toml"
SECTIONS: dict[str, type] = {
    "node": list, "source": list, "measured": list, "dam": list, "levee": list, "retention": list,
    "runoff": dict, "transport": dict, "tidal": dict,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """typical: key of a shipped flood; start_t: UTC s, where its part of lead_h begins. station: the years are about."""

    typical: str
    start_t: float
    lead_h: float
    station: str
    wanted: tuple[Wanted, ...]
    breaches: tuple[BreachAsk, ...] = ()


def declared_chain(home: Path) -> dict[str, Any]:
    """Return the network as its file has it; <home>/basin/network_beijiang.toml goes before the shipped one.

    Raises:
        StoreError: the office's file cannot be read, or is no TOML; its name and line are told.
    """
    found = _declared(home, NAME, "河网文件")
    for key, kind in SECTIONS.items():
        part = found.get(key, kind())
        rows = [part] if kind is dict else part
        if not isinstance(part, kind) or not all(isinstance(row, dict) for row in rows):
            wanted = f"[[{key}]]" if kind is list else f"[{key}]"
            raise StoreError(f"河网文件 {NAME} 的 {key} 段写法不对。", f"应写成 {wanted}，请改正。", key)
    try:
        tidal_of(found)
        levees_of(found)
        retention_places(found)
    except EngineRefused as exc:
        raise StoreError(f"{exc.detail}。", f"请改正 {NAME} 的这一项，或去掉这一段。", exc.code) from exc
    return found


def declared_disasters(home: Path) -> PreparedFile:
    """Return the prepared disasters; <home>/basin/prepared.toml goes before the shipped ones.

    Raises:
        StoreError: as declared_chain, or an entry is not a scenario; its number and key are told.
    """
    raw = _declared(home, PREPARED, "情景库文件")
    found: list[Wanted] = []
    number = 0
    try:
        for row in raw["scenario"]:
            number += 1
            inputs = tuple(input_from_doc(doc, "") for doc in row.get("input", ()))
            years = float(row["years"]) if "years" in row else None
            if years is not None and not 1.0 < years <= 10_000.0:
                raise ValueError(f"years 为 {years:g}，应大于 1、不超过 10000")
            code, kind, name, note = (str(row.get(k, "")) for k in ("code", "kind", "name", "note"))
            if not name or not CODE.fullmatch(code) or code in {w.code for w in found}:
                raise ValueError("name 不能空着，code 只能用字母、数字和连字符（至多 60 个），不能重复")
            found.append(Wanted(code, kind, name, note, years, inputs))
        number = 0
        start, lead_h = float(from_beijing(str(raw["start"]))), float(raw["lead_h"])
        if not 1.0 <= lead_h <= 240.0:
            raise ValueError(f"lead_h 为 {lead_h:g}，应在 1 到 240 之间")
        breaches = tuple(_breach(row) for row in raw.get("breach", ()))
        return PreparedFile(str(raw["typical"]), start, lead_h, str(raw["station"]), tuple(found), breaches)
    except (ScenarioError, AttributeError, KeyError, TypeError, ValueError) as exc:
        where = f"第 {number} 个情景" if number else "文件头"
        raise StoreError(f"情景库文件 {PREPARED} 的{where}读不懂：{exc}。", "请改正后重新打开。", repr(exc)) from exc


def _breach(row: Mapping[str, Any]) -> BreachAsk:
    km, width, growth, sill, level = (float(row[k]) for k in ("chainage_km", "width_m", "growth_h", "sill_m", "level_m"))
    name = str(row["name"])
    if not name.strip() or "（" in name:
        raise ValueError("溃口的 name 不能空着，不能有括号")
    return BreachAsk(
        str(row["levee"]), km, width, growth, sill, level, follow="", hours=float(row["hours"]),
        cell_m=float(row["cell_m"]), name=name,
    )  # fmt: skip


def _declared(home: Path, name: str, what: str) -> dict[str, Any]:
    own = home / "basin" / name
    try:
        text = own.read_text("utf-8") if own.exists() else (resources.files("assets") / "basin" / name).read_text("utf-8")
        return tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        step = f"请改正这一行，或移走它以使用随程序的{what.removesuffix('文件')}。"
        raise StoreError(f"{what} {own.name} 读不出来：{exc}。", step, str(own)) from exc
