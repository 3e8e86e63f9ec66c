"""What explains the map never hides what is dangerous on it, and thinning never drops the worst of a place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect

from console.domain.objects import Thing
from console.domain.states import State
from console.presenters.map import map_view
from console.topics import declared_topics
from console.viewdata.map import MapStations
from tests.rows import board_of, station_row
from widgets.map_objects import MANY, MapObjects
from widgets.map_projection import MapFrame
from widgets.map_widget import MapWidget


def plain(text):
    return text


def over(code, lon, lat):
    return station_row(code, (9.0, 11.0, 12.0), lon=lon, lat=lat, name=f"超警站{code}", thresholds={"warning": 10.0})


@pytest.fixture
def chart(qtbot, look):
    widget = MapWidget(look)
    qtbot.addWidget(widget)
    widget.resize(900, 600)
    widget.set_layers(("admin", "rivers", "river"))
    widget.grab()
    return widget


def test_a_station_over_its_limit_under_the_legend_is_drawn_over_it_and_its_words_beside(chart):
    lon, lat = chart.frame.to_degrees(60.0, 30.0)
    chart.show_view(map_view(board_of(over("A", lon, lat)), declared_topics(), {}, None, plain))
    bare = chart.grab().toImage()
    legend = next(box for box in chart._furnished if box.topLeft() == QPoint(10, 10))
    assert legend.contains(60, 30)
    places = [place for place, _ in chart.content.objects._places]
    assert places and not any(place.intersects(box) for place in places for box in chart._furnished)
    chart.content.objects.draw_over = lambda *_: None
    chart.update()
    hidden = chart.grab().toImage()
    assert bare.copy(QRect(50, 20, 20, 20)) != hidden.copy(QRect(50, 20, 20, 20)), "the symbol stands on the legend"


def test_going_to_a_place_brings_it_out_from_under_the_legend(chart):
    chart.show_view(map_view(board_of(station_row("A", lon=113.0, lat=24.0)), declared_topics(), {}, None, plain))
    chart.grab()
    chart._furnished = [QRect(200, 200, 300, 300)]
    lon, lat = chart.frame.to_degrees(300.0, 300.0)
    before = chart.frame
    chart.go_to(lon, lat)
    assert chart.frame != before


def test_of_many_objects_at_one_place_the_worst_stays(look):
    rng = np.random.default_rng(1)
    n = MANY + 2000
    state = np.zeros(n, np.int64)
    state[rng.choice(n, 60, replace=False)] = int(State.WATCH)
    lon, lat = 113 + rng.uniform(-1, 1, n), 23.5 + rng.uniform(-1, 1, n)
    none = MapStations.none()
    stations = MapStations(
        **{f: getattr(none, f) for f in none.__slots__}
        | {
            "code": tuple(f"S{i}" for i in range(n)),
            "lon": lon,
            "lat": lat,
            "state": state,
            "stale": np.zeros(n, bool),
            "symbol": ("state",) * n,
            "layer": ("river",) * n,
            "label": (("", "", "", 0),) * n,
        }
    )
    objects = MapObjects(look)
    objects.set_stations(stations, None)
    frame = MapFrame.fitting(112, 22.5, 114, 24.5, 500, 500)
    x, y, shown = objects.visible(frame, {"river": 100}, frozenset())
    assert len(shown) < n / 2, "calm ones are thinned"
    seen = [QPointF(x[i], y[i]) for i in shown if state[i] == State.WATCH]
    for i in np.flatnonzero(state == State.WATCH):
        assert any(abs(p.x() - x[i]) < 15 and abs(p.y() - y[i]) < 15 for p in seen), "no 关注 hides behind a calm one"
    assert (np.diff(state[shown]) >= 0).all(), "and the worst are drawn last"


def test_what_is_over_in_a_layer_that_shows_only_near_is_drawn_over_the_legend_too(chart):
    lon, lat = chart.frame.to_degrees(60.0, 30.0)
    chart.set_layers(("admin", "river<50", "rain@50"))
    chart.show_view(map_view(board_of(over("A", lon, lat)), declared_topics(), {}, None, plain))
    chart.grab()
    assert chart.content.objects._shown.tolist() == [0]


def test_fewer_stations_while_the_hand_still_moves_break_nothing(look):
    frame = MapFrame.fitting(112, 22.5, 114, 24.5, 500, 500)
    objects = MapObjects(look)
    objects.clear = [QRect(0, 0, 500, 500)]
    objects._shown = np.array([17000], np.int64)
    objects.set_stations(MapStations.none(), None)
    objects.draw_over(None, frame, 1.0, {})


def test_a_danger_of_the_other_moment_is_not_painted_on_this_side_of_the_line(chart):
    lon, lat = chart.frame.to_degrees(60.0, 30.0)
    calm = station_row("A", (1.0, 1.0, 1.0), lon=lon, lat=lat, thresholds={"warning": 10.0})
    now = map_view(board_of(calm), declared_topics(), {}, None, plain)
    chart.show_view(now)
    alone = chart.grab().toImage().copy(QRect(52, 22, 16, 16))
    then = map_view(board_of(over("A", lon, lat)), declared_topics(), {}, None, plain)
    chart.compare((then, ("admin", "rivers", "river")), ("现在", "当时"))
    assert chart.grab().toImage().copy(QRect(52, 22, 16, 16)) == alone


def test_the_legend_has_the_signs_and_words_of_what_lies_on_the_map(chart):
    unplaced = replace(station_row("S", (1.0, 2.0), kind="sensor", element="PW"), state=State.GUARANTEED, word="超限")
    placed = station_row("A", (9.0, 11.0, 12.0), lon=113.0, lat=24.0, thresholds={"warning": 10.0})
    view = map_view(board_of(placed, unplaced), declared_topics(), {}, None, plain)
    words = {word for layer in view.layers for _, _, word in layer.legend}
    assert "超警" in words and "超保" not in words and "超限" not in words
    here = replace(unplaced, station=replace(unplaced.station, lon=113.1, lat=24.0))
    view = map_view(board_of(placed, here), declared_topics(), {}, None, plain)
    assert "超限" in {word for layer in view.layers for _, _, word in layer.legend}


def test_a_works_in_alarm_is_drawn_as_such_and_named_at_any_scale(chart, look):
    levee = Thing("works", "W", "北江大堤", (((113.0, 23.6), (113.3, 23.9)),), {"name": "北江大堤"})
    chart.set_layers(("admin", "facilities"))

    def drawn(**verdict):
        chart.show_view(map_view(board_of(), declared_topics(), {"works": (levee,)}, None, plain, verdict))
        return chart.grab().toImage()

    calm, alarmed = drawn(), drawn(W=State.GUARANTEED)
    assert chart.content.view.marks[0].state is State.GUARANTEED and calm != alarmed
    red = look.color("state.guaranteed").name()
    at = [(x, y) for x in range(0, 900, 2) for y in range(0, 600, 2) if alarmed.pixelColor(x, y).name() == red]
    assert at and not any(calm.pixelColor(x, y).name() == red for x, y in at)


def test_a_small_map_has_its_signs_in_one_line_and_labels_keep_clear_of_it(chart):
    chart.resize(640, 200)
    lon, lat = chart.frame.to_degrees(320.0, 60.0)
    chart.show_view(map_view(board_of(over("A", lon, lat)), declared_topics(), {}, None, plain))
    chart.grab()
    line = next(box for box in chart._furnished if box.topLeft() == QPoint(6, 6))
    assert line.height() < 30 and line.right() < 640
    places = [place for place, _ in chart.content.objects._places]
    assert places and not any(place.intersects(line) for place in places)
    chart.resize(240, 130)
    chart.grab()
    assert all(box.right() <= 240 for box in chart._furnished if box.topLeft() == QPoint(6, 6)), "as many as fit"
