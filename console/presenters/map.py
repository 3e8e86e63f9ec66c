"""The map: objects of every topic in columns, water coloured by the nearest station, layers with their badges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, overload

import numpy as np

from console.domain.layers import DRAPES, GROUND, MARKS
from console.domain.objects import Thing
from console.domain.rain import GRADES, TOKENS, grade
from console.domain.states import TOKENS as STATE_TOKENS
from console.domain.states import State
from console.domain.time import full_stamp, stamp
from console.domain.topics import Topic, topic_of
from console.domain.typhoons import grade_of
from console.presenters.fields import field_of
from console.presenters.typhoon import typhoon_views
from console.presenters.wording import Translate, margin_text, value_text
from console.viewdata.board import Board, Row
from console.viewdata.map import MapCounts, MapLayerView, MapMark, MapStations, MapView, TyphoonView
from console.viewdata.table import Moments

LEGEND_STATES = (
    State.RECORD,
    State.GUARANTEED,
    State.FLOOD_LIMIT,
    State.WARNING,
    State.WATCH,
    State.NORMAL,
    State.UNJUDGED,
    State.NO_DATA,
)
WORKS_SIGNS = {State.GUARANTEED: "工程超限", State.WARNING: "工程关注", State.WATCH: "疑似仪器"}
THINGS = {"works": "facilities", "cameras": "cameras"}


class MapTarget(Protocol):
    def show_view(self, view: MapView) -> None: ...


def map_stations(rows: list[tuple[Row, Topic]], board: Board, tr: Translate) -> MapStations:
    """Return the placed objects as columns; rows with the topic that each belongs to."""
    placed = [(r, t) for r, t in rows if r.station.lon is not None and r.station.lat is not None]
    return MapStations(
        code=tuple(r.code for r, _ in placed),
        lon=np.array([r.station.lon for r, _ in placed], float),
        lat=np.array([r.station.lat for r, _ in placed], float),
        state=np.array([int(r.state) for r, _ in placed], np.int64),
        stale=np.array([r.stale for r, _ in placed], bool),
        symbol=tuple(_symbol(r, t, board.moment) for r, t in placed),
        layer=tuple(t.code for _, t in placed),
        label=Labels(placed, board, tr),
    )


class Labels(Sequence[tuple[str, str, str, int]]):
    """The labels of placed objects, each worded when it is looked at: of 20,000 a map has room for a few hundred."""

    def __init__(self, placed: Sequence[tuple[Row, Topic]], board: Board, tr: Translate) -> None:
        self._placed = placed
        self._board = board
        self._tr = tr

    def __len__(self) -> int:
        return len(self._placed)

    @overload
    def __getitem__(self, at: int) -> tuple[str, str, str, int]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[str, str, str, int]]: ...
    def __getitem__(self, at: int | slice) -> tuple[str, str, str, int] | list[tuple[str, str, str, int]]:
        if isinstance(at, slice):
            return [_label(r, t, self._board, self._tr) for r, t in self._placed[at]]
        return _label(*self._placed[at], self._board, self._tr)


def _symbol(row: Row, topic: Topic, moment: float) -> str:
    if topic.layer.symbol != "rain":
        return topic.layer.symbol
    found = row.rain_sum(24, moment)
    return f"rain.{grade(found.mm)}" if found else "rain.-"


def _label(row: Row, topic: Topic, board: Board, tr: Translate) -> tuple[str, str, str, int]:
    wanted = topic.layer.label
    main = row.main
    value = value_text(main) if "value" in wanted and main else ""
    moments = Moments(board.moment, board.now)
    others = [field_of(f, tr).text(row, moments) for f in wanted if f not in ("name", "value", "margin")]
    value = " ".join([value, *(o for o in others if o != "—")]).strip()
    margin = margin_text(row) if "margin" in wanted else ""
    return row.station.name, value, margin, row.trend if "margin" in wanted else 0


def reach_states(rows: list[Row]) -> dict[str, tuple[tuple[float, float, State], ...]]:
    """Return each river's stations with their states; a stale one counts as unknown."""
    found: dict[str, list[tuple[float, float, State]]] = {}
    for row in rows:
        s = row.station
        if s.kind == "river" and s.river and s.lon is not None and s.lat is not None:
            state = State.NO_DATA if row.stale else row.state
            found.setdefault(s.river, []).append((s.lon, s.lat, state))
    return {river: tuple(stations) for river, stations in found.items()}


def layer_views(
    rows: list[tuple[Row, Topic]],
    topics: tuple[Topic, ...],
    things: Mapping[str, tuple[Thing, ...]],
    typhoons: Sequence[TyphoonView],
    works: Mapping[str, State],
) -> tuple[MapLayerView, ...]:
    """Return every layer of the tree from the bottom up, with badges of what is over and what is unknown."""
    found = [MapLayerView(code, name, "底图", legend=_ground_legend(code)) for code, name in GROUND.items()]
    found += [MapLayerView(code, name, "雨量分布", legend=_rain_legend()) for code, name in DRAPES.items()]
    counts = {"facilities": len(things.get("works", ())), "cameras": len(things.get("cameras", ())), "typhoon": len(typhoons)}
    told = [works.get(t.code, State.NO_DATA) for t in things.get("works", ())]
    legends = {
        "facilities": _works_legend(told),
        "cameras": (("square", "accent", "摄像头"),) if counts["cameras"] else (),
        "typhoon": _typhoon_legend(typhoons),
    }
    for code, name in MARKS.items():
        one = MapLayerView(code, name, "标绘" if code == "notes" else "对象", counts.get(code), legend=legends.get(code, ()))
        if code == "facilities":
            one = replace(one, over=sum(s >= State.WARNING for s in told), unknown=sum(s < State.NORMAL for s in told))
        found.append(one)
    for topic in topics:
        mine = [r for r, t in rows if t is topic]
        if mine:
            found.append(_topic_layer(topic, mine))
    return tuple(found)


def _works_legend(told: Sequence[State]) -> tuple[tuple[str, str, str], ...]:
    """Return the signs of the works that there are: nobody's verdict is needed to draw one."""
    signs = (("line", STATE_TOKENS[state], word) for state, word in WORKS_SIGNS.items() if state in told)
    return (("line", "concrete", "堤防、大坝"), *signs) if told else ()


def _typhoon_legend(typhoons: Sequence[TyphoonView]) -> tuple[tuple[str, str, str], ...]:
    points = [p for one in typhoons for p in (*one.track, *([one.now] if one.now else []), *one.ahead)]
    signs = dict.fromkeys(("dot", *grade_of(p.wind_ms)) for p in sorted(points, key=lambda p: -(p.wind_ms or 0.0)))
    cone = (("swatch", "text.dim", "可能范围（示意，约七成）"),) if any(one.cone for one in typhoons) else ()
    return (*signs, *cone)


def _topic_layer(topic: Topic, rows: list[Row]) -> MapLayerView:
    placed = [r for r in rows if r.station.lon is not None and r.station.lat is not None]
    states = {r.state: r.state_word for r in sorted(placed, key=lambda r: bool(r.word))}
    return MapLayerView(
        code=topic.code,
        name=topic.layer.name,
        group="专题",
        total=len(rows),
        over=sum(r.over for r in rows),
        unknown=sum(r.unknown for r in rows),
        widest_km=topic.layer.widest_km,
        legend=_rain_signs() if topic.legend == "rain" else _state_legend(topic.layer.symbol, states),
    )


def _state_legend(symbol: str, states: Mapping[State, str]) -> tuple[tuple[str, str, str], ...]:
    """Return the signs of the states that occur on the map, in the words of what is shown.

    A legend of all of them hides a corner of a small map.
    """
    if symbol == "reservoir":
        return (("reservoir", "state.normal", "水库"),)
    return tuple(("state", STATE_TOKENS[s], states[s]) for s in LEGEND_STATES if s in states)


def _ground_legend(code: str) -> tuple[tuple[str, str, str], ...]:
    return (("dashes", "map.river.unknown", "河段不明"),) if code == "rivers" else ()


def _rain_legend() -> tuple[tuple[str, str, str], ...]:
    return ()  # the rain box on the map carries the grades with their bounds


def _rain_signs() -> tuple[tuple[str, str, str], ...]:
    return tuple((f"rain.{i + 1}", token, GRADES[i]) for i, token in enumerate(TOKENS))


def marks_of(things: Mapping[str, tuple[Thing, ...]], works: Mapping[str, State]) -> tuple[MapMark, ...]:
    """Return works and cameras; works: the verdict on each, where there is one. The worst are drawn last."""
    found = [
        MapMark(THINGS[kind], t.code, t.name, t.lines, works.get(t.code, State.NO_DATA))
        for kind in THINGS
        for t in things.get(kind, ())
        if t.lines
    ]
    return tuple(sorted(found, key=lambda m: m.state))


def map_view(
    board: Board,
    topics: tuple[Topic, ...],
    things: Mapping[str, tuple[Thing, ...]],
    selected: str | None,
    tr: Translate,
    works: Mapping[str, State] | None = None,
) -> MapView:
    rows = [(r, t) for r in board.rows if (t := topic_of(r.station.kind, topics)) is not None]
    stations = map_stations(rows, board, tr)
    counted = [r for r, _ in rows if not r.apart]
    counts = MapCounts(
        stations=len(counted),
        over=sum(r.over for r in counted),
        unknown=sum(r.unknown for r in counted),
        lapsed=sum(r.stale and r.state >= State.WARNING for r in counted),
        unplaced=sum(1 for r in counted if r.station.lon is None or r.station.lat is None),
    )
    typhoons = typhoon_views(things.get("typhoons", ()), board.moment, board.now)
    return MapView(
        stations=stations,
        reaches=reach_states([r for r, _ in rows]),
        counts=counts,
        selected=selected,
        layers=layer_views(rows, topics, things, typhoons, works or {}),
        marks=marks_of(things, works or {}),
        moment_text=full_stamp(board.moment),
        typhoons=typhoons,
    )


def present_map(
    view: MapTarget,
    board: Board,
    selected: str | None,
    tr: Translate,
    topics: tuple[Topic, ...] = (),
    things: Mapping[str, tuple[Thing, ...]] | None = None,
    works: Mapping[str, State] | None = None,
) -> str:
    """Fill the map; return the panel's meta text. works: the verdict on each works."""
    made = map_view(board, topics, things or {}, selected, tr, works)
    view.show_view(made)
    newest = max((r.main.t for r in board.rows if r.main), default=None)
    if newest is None:
        return tr("等待数据")
    counts = made.counts
    over = f"{tr('超限')} {counts.over}" if counts.over or counts.unknown >= counts.stations else tr("无超限")
    told = tr("预报") if board.ahead else tr("数据")
    parts = [f"{told} {stamp(newest, board.now)}", over, f"{tr('不明')} {counts.unknown}"]
    if counts.lapsed:
        parts.append(tr("其中断报前超限 {}").format(counts.lapsed))
    return " · ".join(parts)
