"""A feed that stops: within its interval and a little, every view that uses it says stale and none says normal."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from console.domain.freshness import Freshness
from console.domain.geo import mercator_y
from console.domain.objects import ReachNode, River
from console.domain.situation import DEFAULT_LAYERS
from console.domain.states import State
from console.presenters.card import card_view
from console.presenters.map import map_view
from console.presenters.regimes import Regimes, tiles
from console.presenters.reservoir import present_reservoir
from console.presenters.strip import present_strip
from console.presenters.table import present_table
from console.state.desk import DeskState
from console.topics import declared_topics
from tests.rows import T, board_of, station_row
from widgets.basin_strip import BasinStrip
from widgets.map_widget import MapWidget
from widgets.reservoir_card import ReservoirCard
from widgets.station_table import StationTable

H = 3600
RIVERS = (River("R", "北江", (ReachNode("Y", 0.0), ReachNode("R", 50.0))),)


def plain(text):
    return text


def board(silent_h):
    """Return a board in which one river station and one pool fell silent so many hours ago; a third reports."""
    at = T + silent_h * H
    calm = station_row("Y", (5.0, 5.0, 5.0), name="英德", lon=113.4, lat=24.2, thresholds={"warning": 26.0}, at=at)
    pool = station_row(
        "R", (20.0, 20.0, 20.0), kind="reservoir", name="飞来峡", lon=113.2, lat=23.8, thresholds={"flood_limit": 24.0}, at=at
    )
    live = station_row("S", (5.0, 5.0, 5.0), name="石角", lon=113.0, lat=23.6, thresholds={"warning": 11.0}, end=at, at=at)
    return board_of(calm, pool, live, at=at, rivers=RIVERS)


def test_the_row_itself_turns_late_then_stale():
    assert board(1).row("Y").freshness is Freshness.LIVE
    assert board(2).row("Y").freshness is Freshness.LATE
    assert board(4).row("Y").freshness is Freshness.STALE
    assert board(4).row("S").freshness is Freshness.LIVE


def test_the_table_dims_it_and_the_filter_finds_it(qtbot, look):
    table = StationTable(look)
    qtbot.addWidget(table)
    seen = board(4)
    present_table(table, seen, None, plain, declared_topics())
    column = next(i for i, c in enumerate(table.model.columns) if c.field == "value")
    inks = {
        table.model.row(r).code: table.model._ink(table.model.row(r), table.model.columns[column].field).name()
        for r in range(3)
    }
    assert inks["Y"] == inks["R"] == look.color("text.faint").name() != inks["S"]
    table.set_filter("过时")
    assert {r.code for r in table.model.rows()} == {"Y", "R"}


def test_the_map_strikes_it_through_and_its_river_is_not_calm(qtbot, look):
    view = map_view(board(4), declared_topics(), {}, None, plain)
    stale = dict(zip(view.stations.code, view.stations.stale.tolist(), strict=True))
    assert stale == {"Y": True, "R": True, "S": False}
    states = [state for _, _, state in view.reaches["北江"]]
    assert states == [State.NO_DATA, State.NORMAL]
    pictures = []
    for silent in (0, 4):
        widget = MapWidget(look)
        qtbot.addWidget(widget)
        widget.resize(900, 700)
        widget.set_layers(DEFAULT_LAYERS)
        widget.show_view(map_view(board(silent), declared_topics(), {}, None, plain))
        picture = widget.grab().toImage()
        x, y = widget.frame.to_pixels(113.4, mercator_y(24.2))
        pictures.append(picture.copy(int(x) - 9, int(y) - 9, 18, 18))
        assert widget.object_at(QPointF(float(x), float(y))) == "Y"
    assert pictures[0] != pictures[1], "a stale symbol looks like a live one"


def test_the_overview_does_not_count_it_as_reporting():
    now, later = (tiles(Regimes(b, declared_topics(), {}), DeskState(), plain) for b in (board(0), board(4)))
    water = [next(t for t in x if t.code == "水") for x in (now, later)]
    assert water[0].coverage.startswith("到报 3/3") and water[1].coverage.startswith("到报 1/3")
    data = next(t for t in later if t.code == "data")
    assert data.value == "33" and data.lines[0] == "迟报 0 · 过时缺报 2" and data.state is State.WATCH


def test_the_card_and_the_pool_give_its_age(qtbot, look):
    view = card_view(board(4).row("Y"), board(4), plain, declared_topics())
    level = next(f for s in view.sections for f in s.facts if f.name == "水位")
    assert "4小时前" in level.source and level.ink == "text.faint"
    card = ReservoirCard(look)
    qtbot.addWidget(card)
    _, meta = present_reservoir(card, board(4), "R", plain)
    assert card.view.stale and "4小时" in meta
    assert card.view.state is not State.NORMAL or card.view.stale


def test_the_strip_marks_it(qtbot, look):
    strip = BasinStrip(look)
    qtbot.addWidget(strip)
    present_strip(strip, board(4), "Y", plain)
    assert {n.code: n.stale for n in strip.view.nodes} == {"Y": True, "R": True}
