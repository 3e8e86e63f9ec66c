"""The overview tiles and the sentences of what is going on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from console.domain.alarms import Alarm
from console.domain.elements import RAIN, signed
from console.domain.freshness import Freshness
from console.domain.states import WORDS as STATE_WORDS
from console.domain.states import State
from console.domain.time import stamp
from console.presenters.wording import Translate, rule_word, stale, value_text
from console.state.desk import DeskState
from console.viewdata.board import Board, Row
from console.viewdata.duty import Happening, Tile

ALARM_STATES = {1: State.WATCH, 2: State.WARNING, 3: State.FLOOD_LIMIT, 4: State.GUARANTEED, 5: State.RECORD}


class TilesView(Protocol):
    def show_tiles(self, tiles: Sequence[Tile]) -> None: ...


class HappeningView(Protocol):
    def show_items(self, items: Sequence[Happening]) -> None: ...


def areal_rain(row: Row, hours: float, moment: float) -> float | None:
    """Return the rain (mm) of the last hours up to the newest reading; None when none is known."""
    if row.rain is None or not len(row.rain.recent_v) or row.freshness >= Freshness.STALE:
        return None
    inside = row.rain.recent_t > row.rain.t - hours * 3600
    return float(np.nansum(row.rain.recent_v[inside]))


def tiles(board: Board, desk: DeskState, tr: Translate) -> list[Tile]:
    if not any(r.main for r in board.rows):
        return []
    rivers = [r for r in board.rows if r.station.kind == "river"]
    pools = [r for r in board.rows if r.station.kind == "reservoir"]
    basins = [r for r in board.rows if r.station.kind == "basin"]
    return [
        _rain(basins, board, tr),
        _water(rivers, tr),
        _pools(pools, tr),
        _alarms(desk, board.moment, tr),
        _coverage(board, tr),
    ]


def _rain(basins: list[Row], board: Board, tr: Translate) -> Tile:
    known = [(areal_rain(r, 6, board.moment), r) for r in basins]
    best = max(((v, r) for v, r in known if v is not None), key=lambda x: x[0], default=None)
    if best is None:
        return Tile("rain", tr("雨"), "—", "", (tr("6 小时面雨量"), tr("没有雨量数据")), "", State.NO_DATA)
    value, row = best
    day = areal_rain(row, 24, board.moment)
    lines = (f"{row.station.name} {tr('6 小时面雨量')}", f"{tr('24 小时')} {RAIN.text(day)} mm")
    return Tile(
        "rain", tr("雨"), RAIN.text(value), "mm", lines, tr("截至") + " " + stamp(row.rain.t if row.rain else 0), State.NORMAL
    )


def _water(rows: list[Row], tr: Translate) -> Tile:
    known = [r for r in rows if r.main is not None and not stale(r)]
    over = [r for r in known if r.state >= State.WARNING]
    judged = [r for r in known if r.margin_m is not None]
    worst = max(over, key=lambda r: (r.state, r.margin_m or 0.0), default=None)
    rising = sum(1 for r in over if r.trend > 0)
    lines = (
        f"{tr('最大')} {worst.station.name} {signed(worst.margin_m)} m" if worst else f"{tr('可判')} {len(judged)} {tr('站')}",
        f"↑{rising} ↓{sum(1 for r in over if r.trend < 0)}" if over else tr("其余未公布警戒"),
    )
    state = max((r.state for r in known), default=State.NO_DATA)
    value = str(len(over)) if judged else "—"
    return Tile(
        "water", tr("水"), value, tr("站超警"), lines, f"{tr('到报')} {len(known)}/{len(rows)}", state if over else State.NORMAL
    )


def _pools(rows: list[Row], tr: Translate) -> Tile:
    known = [r for r in rows if r.level is not None and not stale(r)]
    over = [r for r in known if r.state >= State.FLOOD_LIMIT]
    judged = [r for r in known if r.margin_m is not None]
    text = f"{tr('可判')} {len(judged)} {tr('座')}（{tr('其余未公布汛限')}）"
    names = "、".join(f"{r.station.name} {signed(r.margin_m)}" for r in over[:2])
    value = str(len(over)) if judged else "—"
    state = max((r.state for r in over), default=State.NORMAL)
    return Tile("pool", tr("库"), value, tr("座超汛限"), (names or text, ""), f"{tr('到报')} {len(known)}/{len(rows)}", state)


def _alarms(desk: DeskState, moment: float, tr: Translate) -> Tile:
    if not desk.loaded:
        return Tile("alarm", tr("警"), "—", "", (tr("正在读取"), ""), "", State.NO_DATA)
    active = [a for a in desk.alarms if a.active_at(moment)]
    open_ = [a for a in active if a.alarm_id not in desk.acks]
    worst = max((ALARM_STATES[a.severity] for a in active), default=State.NORMAL)
    lines = (f"{tr('活动告警')} {len(active)}", f"{tr('待上报')} {desk.waiting}" if desk.waiting else "")
    return Tile("alarm", tr("警"), str(len(open_)), tr("条未确认"), lines, "", worst if open_ else State.NORMAL)


def _coverage(board: Board, tr: Translate) -> Tile:
    rows = [r for r in board.rows if r.main is not None]
    if not rows:
        return Tile("data", tr("数"), "—", "", (tr("没有数据"), ""), "", State.NO_DATA)
    live = [r for r in rows if r.freshness is Freshness.LIVE]
    late = [r for r in rows if r.freshness is Freshness.LATE]
    old = [r for r in rows if r.freshness >= Freshness.STALE]
    state = State.NORMAL if not old else State.WATCH
    lines = (f"{tr('迟报')} {len(late)} · {tr('过时')} {len(old)}", tr("无数据") + f" {len(board.rows) - len(rows)}")
    return Tile("data", tr("数"), f"{100 * len(live) / len(rows):.0f}", "% " + tr("及时"), lines, "", state)


def happenings(alarms: Sequence[Alarm], board: Board, tr: Translate) -> list[Happening]:
    """Return one sentence per object with active alarms, the worst first."""
    grouped: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        if alarm.active_at(board.moment):
            grouped.setdefault(alarm.object_code, []).append(alarm)
    found = []
    for code, group in grouped.items():
        worst = max(group, key=lambda a: a.severity)
        row = board.row(code)
        name = row.station.name if row else code
        state = ALARM_STATES[worst.severity]
        now = f"{value_text(row.main)} m" if row and row.main and row.main.element in ("Z", "RZ") else ""
        margin = f"{signed(row.margin_m)} m" if row and row.margin_m is not None else ""
        trend = {1: tr("仍在上涨"), -1: tr("正在回落")}.get(row.trend if row else 0, tr("平稳"))
        since = f"{tr('自')} {stamp(min(a.onset_t for a in group))}"
        words = "、".join(rule_word(a.rule, tr) for a in sorted(group, key=lambda a: -a.severity))
        text = f"{name} {words} {margin}".strip()
        found.append(
            (
                worst.severity,
                row.margin_m or 0.0 if row else 0.0,
                Happening(code, state, text, f"{now} · {trend} · {since}".strip(" ·")),
            )
        )
    for row in board.rows:  # over a limit by its reading, whatever the alarms say
        if row.state >= State.WARNING and row.code not in grouped and not stale(row):
            text = f"{row.station.name} {tr(STATE_WORDS[row.state])} {signed(row.margin_m)} m"
            severity = int(row.state)
            found.append((severity, row.margin_m or 0.0, Happening(row.code, row.state, text, tr("按读数判定"))))
    found.sort(key=lambda x: (-x[0], -x[1]))
    return [h for _, _, h in found]
