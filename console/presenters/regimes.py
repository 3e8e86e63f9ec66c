"""The overview's cards: one per regime 雨 水 工 旱 灾 风 潮 with coverage and delay, then alarms and data."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from console.domain.elements import grouped, signed
from console.domain.freshness import Freshness
from console.domain.objects import Thing
from console.domain.states import State
from console.domain.time import age_text, stamp
from console.domain.topics import REGIMES, Indicator, Topic
from console.presenters.fields import RAIN_H, field_of
from console.presenters.typhoon import typhoon_views
from console.presenters.wording import Translate
from console.presenters.works import WORKS_STATES
from console.state.desk import DeskState
from console.viewdata.board import Board, Row
from console.viewdata.duty import Tile
from console.viewdata.map import TyphoonPoint
from console.viewdata.table import Moments
from console.viewdata.works import WorksReport

ALARM_STATES = {1: State.WATCH, 2: State.WARNING, 3: State.FLOOD_LIMIT, 4: State.GUARANTEED, 5: State.RECORD}
ALARMS, SOURCES = "duty.alarms", "system.sources"  # the panels that list what a figure counts
SIMULATED = "模拟监测"  # the source of readings that were made, not measured
SILENT_DAYS = 3
FIX_LATE_S = 6.5 * 3600  # typhoons are fixed at least every six hours
NOT_CONNECTED = {
    "旱": "没有墒情、咸潮站",
    "灾": "尚未接入灾情上报",
    "风": "没有台风和测风站",
    "潮": "没有潮位站",
    "工": "没有工程监测",
    "雨": "没有雨量站",
    "水": "没有河道站和水库",
}


class TilesView(Protocol):
    def show_tiles(self, tiles: Sequence[Tile]) -> None: ...


@dataclass(frozen=True, slots=True)
class Regimes:
    """What the cards are made from."""

    board: Board
    topics: tuple[Topic, ...]
    things: Mapping[str, tuple[Thing, ...]]
    works: tuple[WorksReport, ...] = ()


def tiles(seen: Regimes, desk: DeskState, tr: Translate) -> list[Tile]:
    """Return the cards in the order of the regimes; [] before the first data."""
    if not any(r.main for r in seen.board.rows):
        return []
    cards = [_regime(name, seen, tr) for name in REGIMES]
    apart = [t for t in seen.topics if not t.regime and t.indicators]
    cards += [_judged(tr(t.name), [(t, rows)], seen.board, tr) for t in apart if (rows := _rows(t, seen.board))]
    return [*cards, _alarms(desk, seen.board.moment, tr), _coverage(seen.board, tr)]


def _regime(name: str, seen: Regimes, tr: Translate) -> Tile:
    if name == "雨":
        return _rain(seen, tr)
    if name == "工" and seen.works:
        return _works(seen, tr)
    if name == "工" and seen.things.get("works") and any(r.station.kind == "sensor" for r in seen.board.rows):
        sensors = [r for r in seen.board.rows if r.station.kind == "sensor"]
        said = (tr("正在评判工程监测"),)
        return Tile("工", tr("工"), "—", "", said, _met(sensors, seen.board, tr), State.NO_DATA, topic="works")
    if name == "风" and (found := _wind(seen, tr)) is not None:
        return found
    topics = [t for t in seen.topics if t.regime == name]
    parts = [(t, rows) for t in topics if (rows := _rows(t, seen.board))]
    if not parts:
        return _empty(name, tr)
    return _judged(name, parts, seen.board, tr)


def _rows(topic: Topic, board: Board) -> list[Row]:
    return [r for r in board.rows if r.station.kind in topic.kinds]


def _empty(name: str, tr: Translate) -> Tile:
    return Tile(name, tr(name), "—", "", (tr(NOT_CONNECTED[name]),), "", State.NO_DATA, topic="", wide=False)


def _judged(name: str, parts: list[tuple[Topic, list[Row]]], board: Board, tr: Translate) -> Tile:
    """Return a card that counts what is over; without any judged object the number stays open."""
    rows = [r for _, part in parts for r in part]
    known = [r for r in rows if r.known]
    lines = [line for topic, part in parts if (line := _line(topic, part, board, tr))]
    topic, first = parts[0]
    judged = [r for r in first if r.judged]
    over = [r for r in judged if r.state >= State.WARNING]
    unit = next((i.name for i in topic.indicators if i.measure == "over"), "站超限")
    calm = State.NORMAL if judged else State.NO_DATA
    worst = max((r.state for r in known if r.state >= State.WARNING), default=calm)
    value = str(len(over)) if judged else "—"
    return Tile(name, tr(name), value, tr(unit), tuple(lines[:2]), _met(rows, board, tr), worst, topic=topic.code)


def _line(topic: Topic, rows: list[Row], board: Board, tr: Translate) -> str:
    """Return the sentence of one topic: its largest figure with its place, and how many rise and fall."""
    fresh = [r for r in rows if r.known]
    over = [r for r in fresh if r.state >= State.WARNING]
    judged = [r for r in fresh if r.judged]
    figures = next((i for i in topic.indicators if i.measure != "over"), None)
    if topic.kinds == ("reservoir",):
        names = "、".join(f"{r.station.name} {signed(r.margin_m)}" for r in over[:2])
        return f"{tr('水库')} {names}" if names else f"{tr('水库')} {tr('可判')} {len(judged)}/{len(rows)}"
    if not fresh:
        return f"{tr(topic.name)} {tr('没有数据')}"
    best = _measured(figures, over or fresh, rows, board, tr) if figures else ""
    moving = [r.trend for r in over if not r.ledger]
    moves = f" ↑{sum(t > 0 for t in moving)} ↓{sum(t < 0 for t in moving)}" if moving else ""
    return f"{best}{moves}".strip() or f"{tr('可判')} {len(judged)}/{len(rows)}"


def _measured(indicator: Indicator, first: list[Row], rows: list[Row], board: Board, tr: Translate) -> str:
    """Return an indicator in words: how many, their total, or the greatest with its place."""
    if indicator.measure == "count":
        return f"{tr(indicator.name)} {len(rows)} {tr(indicator.unit)}".strip()
    if indicator.measure == "total":
        field, moments = field_of(indicator.field, tr), Moments(board.moment, board.now)
        figures = [k for r in rows if r.known and isinstance(k := field.key(r, moments), int | float)]
        if not figures:
            return ""
        whole = "" if len(figures) == len(rows) else f"（{len(figures)}/{len(rows)}）"
        return f"{tr(indicator.name)} {grouped(f'{math.fsum(figures):.10g}')} {tr(indicator.unit)}{whole}".strip()
    return _largest(indicator, first, board, tr)


def _largest(indicator: Indicator, rows: list[Row], board: Board, tr: Translate) -> str:
    field, moments = field_of(indicator.field, tr), Moments(board.moment, board.now)
    ranked = [(k, r) for r in rows if isinstance(k := field.key(r, moments), int | float)]
    if not ranked:
        return ""
    _, row = (max if indicator.measure == "largest" else min)(ranked, key=lambda x: x[0])
    return f"{row.station.name} {field.text(row, moments)} {indicator.unit}".strip()


def _met(rows: list[Row], board: Board, tr: Translate) -> str:
    """Return how many reported of how many, and how late in the middle."""
    rows = [r for r in rows if not r.ledger]  # nobody waits for a report of a matter
    if not rows:
        return ""
    if board.ahead:
        return f"{tr('有预报')} {sum(not r.stale for r in rows)}/{len(rows)}"
    ages = [r.age_s for r in rows if r.main is not None and r.age_s is not None and not r.stale]
    delay = f" · {age_text(statistics.median(ages), tr)}{tr('前')}" if ages else ""
    return f"{tr('到报')} {len(ages)}/{len(rows)}{delay}"


def _rain(seen: Regimes, tr: Translate) -> Tile:
    board = seen.board
    gauges = [r for r in board.rows if r.station.kind == "rain"]
    basins = [r for r in board.rows if r.station.kind == "basin" and r.rain is not None and not r.stale]
    if not gauges and not basins:
        return _empty("雨", tr)
    areal = [(x.mm, x, r) for r in basins if (x := r.rain_sum(24, board.moment)) is not None]
    points = [(x.mm, x, r) for r in gauges if (x := r.rain_sum(24, board.moment)) is not None]
    lines = []
    if points:
        _, found, row = max(points, key=lambda p: p[0])
        lines.append(f"{tr('点最大')} {row.station.name} {found.text()} mm")
        wet = sum(1 for mm, _, _ in points if mm >= 50)
        lines.append(f"{tr('暴雨以上')} {wet} {tr('站')}")
    if points and not areal and not board.ahead:  # no areal series: the greatest gauge stands for what falls
        _, found, row = max(points, key=lambda p: p[0])
        ended = max((r.rain.t for r in gauges if r.rain is not None), default=None)
        silent = all(r.stale for r in gauges) and ended is not None
        told = (f"{tr('点最大')} {row.station.name} 24h", f"{tr('雨量止于')} {stamp(ended)}" if silent and ended else lines[1])
        return Tile("雨", tr("雨"), found.text(), "mm", told, _met(gauges, board, tr), State.NORMAL, topic="rain")
    if not areal:
        ended = max((r.rain.t for r in gauges if r.rain is not None), default=None)
        if ended is not None:
            lines = [tr("没有雨量预报") if board.ahead else f"{tr('雨量止于')} {stamp(ended)}"]
        return Tile(
            "雨",
            tr("雨"),
            "—",
            "mm",
            tuple(lines) or (tr("没有雨量数据"),),
            _met(gauges, board, tr),
            State.NO_DATA,
            topic="rain",
        )
    _, found, row = max(areal, key=lambda p: p[0])
    hours = {h: r.mm for h in sorted(RAIN_H.values()) if (r := row.rain_sum(h, board.moment)) is not None}
    short = f"{row.station.name} 24h · 6h {hours[6]:.1f}" if 6 in hours else f"{row.station.name} 24h"
    return Tile(
        "雨", tr("雨"), found.text(), "mm", (short, *lines[:1]), _met(gauges or basins, board, tr), State.NORMAL, topic="rain"
    )


def _works(seen: Regimes, tr: Translate) -> Tile:
    bad = [w for w in seen.works if w.state in ("alarm", "attention")]
    worst = max((WORKS_STATES[w.state] for w in seen.works), default=State.NO_DATA)
    judged = [w for w in seen.works if w.state != "unknown"]
    doubtful = sum(1 for w in seen.works if w.state == "doubtful")
    odd = [s for w in seen.works for s in w.sensors if s.state in ("alarm", "attention", "doubtful")]
    sensors = [r for r in seen.board.rows if r.station.kind == "sensor"]
    made = any(r.main is not None and r.main.source == SIMULATED for r in sensors)
    invented = [w for w in bad if w.works.simulated or w.scour.simulated]
    told = [w.works.name + (f"（{tr('模拟')}）" if w in invented and len(invented) < len(bad) else "") for w in bad[:2]]
    names = "、".join(told) if bad else f"{tr('可判')} {len(judged)}/{len(seen.works)}"
    lines = (
        names + (f" · {tr('疑似仪器')} {doubtful}" if doubtful else ""),
        f"{tr('异常测点')} {len(odd)}/{len(sensors)}" + (f" · {tr(SIMULATED)}" if made else ""),
    )
    value = str(len(bad)) if judged else "—"
    unit = tr("处工程异常") + (f"（{tr('模拟')}）" if bad and len(invented) == len(bad) else "")
    return Tile("工", tr("工"), value, unit, lines, _met(sensors, seen.board, tr), worst, topic="works")


def _wind(seen: Regimes, tr: Translate) -> Tile | None:
    moment, now = seen.board.moment, min(seen.board.now, seen.board.moment)
    typhoons = typhoon_views(seen.things.get("typhoons", ()), moment, now)
    if not typhoons and any(_began(t, now) for t in seen.things.get("typhoons", ())):
        beyond = seen.board.ahead and typhoon_views(seen.things.get("typhoons", ()), now)
        said = tr("台风预报不到这一时刻") if beyond else tr("台风定位已停 12 小时以上")
        return Tile("风", tr("风"), "—", "", (said,), f"{tr('定位')} 0", State.NO_DATA, topic="wind")
    if not typhoons:
        return None
    lines = [f"{t.name} {_wind_text(t.now)} m/s · {stamp(t.now.t if t.now else 0)}" for t in typhoons]
    fixed = [t for t in typhoons if t.fixed_t is not None and now - t.fixed_t <= FIX_LATE_S]
    newest = max((t.fixed_t for t in typhoons if t.fixed_t is not None), default=now)
    met = f"{tr('定位')} {len(fixed)}/{len(typhoons)} · {age_text(max(0.0, now - newest), tr)}{tr('前')}"
    if seen.board.ahead:
        met = tr("预报位置")
    return Tile("风", tr("风"), str(len(typhoons)), tr("个台风"), tuple(lines[:2]), met, State.WATCH, topic="wind")


def _began(thing: Thing, moment: float) -> bool:
    """Tell whether a typhoon was fixed in the last days, so that its silence means something."""
    fixes = thing.facts.get("fixes")
    times = [f.get("t") for f in fixes if isinstance(f, Mapping)] if isinstance(fixes, list) else []
    return any(isinstance(t, int | float) and moment - SILENT_DAYS * 86400 <= t <= moment for t in times)


def _wind_text(point: TyphoonPoint | None) -> str:
    return "—" if point is None or point.wind_ms is None else f"{point.wind_ms:.0f}"


def _alarms(desk: DeskState, moment: float, tr: Translate) -> Tile:
    if not desk.loaded:
        return Tile("alarm", tr("警"), "—", "", (tr("正在读取"), ""), "", State.NO_DATA, panel=ALARMS)
    active = [a for a in desk.alarms if a.active_at(moment)]
    open_ = [a for a in active if a.alarm_id not in desk.acks]
    worst = max((ALARM_STATES[a.severity] for a in active), default=State.NORMAL)
    lines = (f"{tr('活动告警')} {len(active)}", f"{tr('待上报')} {desk.waiting}" if desk.waiting else "")
    return Tile("alarm", tr("警"), str(len(open_)), tr("条未确认"), lines, "", worst if open_ else State.NORMAL, panel=ALARMS)


def _coverage(board: Board, tr: Translate) -> Tile:
    """Share of what is connected that reports in time; what was never connected is told apart."""
    rows = [r for r in board.rows if r.code in board.connected or r.main is not None]
    if not any(r.main for r in rows):
        return Tile("data", tr("数"), "—", "", (tr("没有数据"), ""), "", State.NO_DATA, panel=SOURCES)
    apart = f"{tr('未接入')} {len(board.rows) - len(rows)}"
    if board.ahead:  # nothing was due yet: what counts is what a forecast reaches
        ahead = sum(1 for r in rows if not r.stale)
        share, lines = 100 * ahead / len(rows), (f"{tr('没有预报')} {len(rows) - ahead}", apart)
        return Tile("data", tr("数"), f"{share:.0f}", "% " + tr("有预报"), lines, "", State.NORMAL, panel=SOURCES)
    live = sum(1 for r in rows if r.freshness is Freshness.LIVE)
    late = sum(1 for r in rows if r.freshness is Freshness.LATE)
    silent = sum(1 for r in rows if r.stale)
    lines = (f"{tr('迟报')} {late} · {tr('过时缺报')} {silent}", apart)
    state = State.WATCH if silent else State.NORMAL
    return Tile("data", tr("数"), f"{100 * live / len(rows):.0f}", "% " + tr("及时"), lines, "", state, panel=SOURCES)
