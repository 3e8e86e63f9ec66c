"""The one map: layers, badges, tools, swipe, rain, typhoons; what is over a limit is never hidden."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import numpy as np
import pytest
import shapely
from PySide6.QtCore import QPoint, QPointF, Qt

from console.domain.geo import area_km2, geodesic_km, mercator_y
from console.domain.objects import Thing
from console.domain.situation import DEFAULT_LAYERS
from console.domain.states import State
from console.domain.time import from_beijing
from console.domain.works import works_of
from console.errors import StoreError
from console.presenters.card import present_card
from console.presenters.card_papers import Papers
from console.presenters.map import map_view
from console.presenters.regimes import Regimes, _wind
from console.presenters.typhoon import typhoon_views
from console.services.rain_field import Gauges, rain_field
from console.store.map_notes import MapNotes
from console.viewdata.basemap import BaseMap
from console.viewdata.board import Board
from console.viewdata.map import MapCounts, MapStations, MapView
from console.viewdata.notes import Note
from console.viewdata.works import WorksReport
from tests.gui import move_mouse, until
from tests.rows import T, board_of, station_row
from widgets.map_sheet import write_sheet
from widgets.map_toolbar import MapToolbar
from widgets.map_widget import MapWidget


def plain(text):
    return text


@pytest.fixture
def map_widget(qtbot, look):
    widget = MapWidget(look)
    qtbot.addWidget(widget)
    widget.resize(900, 700)
    widget.set_layers(("rivers", "stations", "reservoirs", "cities", "admin"))
    widget.set_base(BaseMap(rivers={"北江": (np.array([[113.6, 24.8], [113.4, 24.2], [112.9, 23.5]]),)}))
    stations = MapStations(
        ("A", "B", "R"),
        np.array([113.41, 113.42, 114.65]),
        np.array([24.19, 24.19, 23.73]),
        np.array([2, 0, 0]),
        np.array([False, False, False]),
        ("state", "state", "reservoir"),
        ("river", "river", "reservoir"),
        (("英德(五)", "35.97", "+9.97", 1), ("旁站", "", "", 0), ("新丰江", "", "", 0)),
    )
    widget.show_view(MapView(stations, {"北江": ((113.41, 24.19, State.WARNING),)}, MapCounts(3, 1, 1, 0), "A"))
    widget.show()
    widget.grab()
    return widget


def pixel_of(widget, lon, lat):

    x, y = widget.frame.to_pixels(np.asarray(lon), mercator_y(lat))
    return QPoint(int(x), int(y))


def test_a_click_on_the_map_selects_and_labels_never_overlap(qtbot, map_widget):
    with qtbot.waitSignal(map_widget.selected) as heard:
        qtbot.mouseClick(map_widget, Qt.MouseButton.LeftButton, pos=pixel_of(map_widget, 113.41, 24.19))
    assert heard.args == ["A"]
    places = [r for r, _ in map_widget.content.objects._places]
    assert len(places) == 3 and not any(a.intersects(b) for i, a in enumerate(places) for b in places[i + 1 :])


def test_dragging_and_the_wheel_move_the_map_and_it_keeps_its_place(qtbot, map_widget):
    x = map_widget.frame.x
    qtbot.mousePress(map_widget, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    move_mouse(map_widget, 460, 300, Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(map_widget, Qt.MouseButton.LeftButton, pos=QPoint(460, 300))
    assert map_widget.frame.x < x
    moved = map_widget.frame
    map_widget.resize(800, 640)
    assert (map_widget.frame.x, map_widget.frame.scale) == (moved.x, moved.scale)
    qtbot.waitSignal(map_widget.camera_moved)


# --- tools --------------------------------------------------------------------------------
def test_distances_and_areas_are_those_of_the_ellipsoid():
    assert geodesic_km([(113.0, 23.0), (114.0, 23.0)]) == pytest.approx(102.53, abs=0.02)
    ring = [(113.0, 23.0), (114.0, 23.0), (114.0, 24.0), (113.0, 24.0)]
    assert area_km2(ring) == pytest.approx(11_312, rel=0.001) and area_km2(ring[::-1]) == area_km2(ring)


def test_a_distance_is_measured_by_clicks_and_put_away_by_escape(qtbot, map_widget):
    tools = map_widget.tools
    tools.start("distance")
    for lon, lat in ((113.0, 24.0), (113.5, 24.0)):
        qtbot.mouseClick(map_widget, Qt.MouseButton.LeftButton, pos=pixel_of(map_widget, lon, lat))
    qtbot.keyClick(map_widget, Qt.Key.Key_Return)
    mode, points = tools._kept
    assert mode == "distance" and geodesic_km(points) == pytest.approx(50.9, abs=0.5)
    map_widget.grab()
    qtbot.keyClick(map_widget, Qt.Key.Key_Escape)
    assert tools.mode == "" and tools._kept is None


def test_drawing_asks_for_words_and_a_tool_does_not_select(qtbot, map_widget):
    drawn, chosen = [], []
    map_widget.tools.drawn.connect(lambda kind, points: drawn.append((kind, len(points))))
    map_widget.selected.connect(chosen.append)
    map_widget.tools.start("point")
    qtbot.mouseClick(map_widget, Qt.MouseButton.LeftButton, pos=pixel_of(map_widget, 113.41, 24.19))
    map_widget.tools.start("polygon")
    for lon, lat in ((113.0, 24.0), (113.5, 24.0), (113.3, 24.3)):
        map_widget.tools.click(lon, lat)
    map_widget.tools.finish()
    assert drawn == [("point", 1), ("area", 3)] and chosen == []


def test_notes_are_kept_and_a_damaged_file_is_set_aside(tmp_path):
    notes = MapNotes(tmp_path / "map-notes.json")
    note = Note("n1", "line", ((113.0, 24.0), (113.5, 24.1)), "<b>险段</b>", "张三", 1.0)
    notes.put(note)
    assert MapNotes(tmp_path / "map-notes.json").read() == (note,)
    assert notes.drop("n1") == ()
    kept = json.dumps({"items": [asdict(note), {"kind": "point", "points": [[float("nan"), 1]]}]})
    (tmp_path / "map-notes.json").write_text(kept, "utf-8")
    assert notes.read() == (note,), "one bad note does not take the good one along"
    (tmp_path / "map-notes.json").write_text("[" * 100_000, "utf-8")
    assert notes.read() == () and (tmp_path / "map-notes.damaged").exists()


def test_notes_written_at_once_by_several_windows_are_all_kept(tmp_path):
    def write(i):
        MapNotes(tmp_path / "map-notes.json").put(Note(f"n{i}", "point", ((113.0, 24.0),), str(i), "张三", 1.0))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert len(MapNotes(tmp_path / "map-notes.json").read()) == 40


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    note = Note("n1", "point", ((113.0, 24.0),), "x", "张三", 1.0)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="标绘没有存下"):
        MapNotes(tmp_path / "file" / "map-notes.json").put(note)


def test_the_swipe_line_parts_two_moments(qtbot, map_widget):
    other = replace(map_widget.content.view, selected=None)
    map_widget.compare((other, DEFAULT_LAYERS), ("06-22 14:00", "06-21 14:00"))
    map_widget.grab()
    y = 300
    qtbot.mousePress(map_widget, Qt.MouseButton.LeftButton, pos=QPoint(450, y))
    move_mouse(map_widget, 200, y, Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(map_widget, Qt.MouseButton.LeftButton, pos=QPoint(200, y))
    assert map_widget._swipe == pytest.approx(200 / 900, abs=0.01)
    x = map_widget.frame.x
    assert x == map_widget.frame.x  # the line moved, not the map
    map_widget.compare(None)
    map_widget.grab()


def test_a_sheet_carries_the_map_its_time_and_its_source(qtbot, map_widget, tmp_path):
    for name, start in (("a.pdf", b"%PDF"), ("a.png", b"\x89PNG")):
        write_sheet(tmp_path / name, map_widget, "一张图", ["数据时刻 2022-06-22 14:00"])
        assert (tmp_path / name).read_bytes().startswith(start)
    with pytest.raises(OSError):
        write_sheet(tmp_path / "none" / "a.png", map_widget, "一张图", [])


def test_any_rain_window_may_be_typed(qtbot, look):
    from PySide6.QtWidgets import QWidget

    holder = QWidget()
    qtbot.addWidget(holder)
    bar = MapToolbar(look, holder)
    heard = []
    bar.hours_chosen.connect(heard.append)
    for text in ("48", "7.5 h", "abc", "-3", "9999", "8时起"):
        bar.hours.setEditText(text)
        bar._hours()
    assert heard == [48.0, 7.5, 0.0]
    moments = []
    bar.comparison_chosen.connect(moments.append)
    for text in ("2022-06-20 08:00", "昨天", "24"):
        bar.compare.setEditText(text)
        bar._moment()
    assert moments == ["2022-06-20 08:00"]


# --- rain ---------------------------------------------------------------------------------
RING = np.array([[113.0, 24.0], [114.0, 24.0], [114.0, 25.0], [113.0, 25.0]])


def gauges(mm):
    lon, lat = np.array([113.2, 113.8, 113.2, 113.8]), np.array([24.2, 24.2, 24.8, 24.8])
    return Gauges(lon, lat, np.array(mm, float), np.where(np.isfinite(mm), 1.0, 0.0))


def test_the_rain_map_gives_means_with_their_gauges_and_bands_inside_the_basin():
    field = rain_field(gauges([10.0, 20.0, 30.0, 120.0]), [("试验流域", RING)], 24.0, T)
    name, mm, used, missing, share = field.areas[0]
    assert (name, used, missing, share) == ("试验流域", 4, 0, pytest.approx(1.0))
    assert mm == pytest.approx(45.0, abs=0.4) and len(field.cells) == 4
    basin = shapely.Polygon(RING).buffer(1e-6)
    assert all(basin.contains(shapely.Polygon(area[0])) for band in field.bands for area in band.rings)
    assert {b.token for b in field.bands} >= {"rain.2", "rain.5"}


def test_a_silent_gauge_is_counted_and_its_ground_given_to_the_others():
    field = rain_field(gauges([10.0, np.nan, 30.0, 120.0]), [("试验流域", RING)], 24.0, T)
    assert (field.areas[0][2], field.areas[0][3], field.gauges, field.missing) == (3, 1, 3, 1)
    assert len(field.cells) == 3


def test_gauges_that_stopped_say_until_when_and_a_gauge_with_one_hour_makes_no_dry_hole(qtbot, qapp, tmp_path):
    from console.errors import ErrorHub
    from console.paths import DataHome
    from console.services.rain_field import RainFieldService
    from tests.flood_cache import fill
    from tests.gui import console_loop, session_of

    hub, moment = ErrorHub(), from_beijing("2022-06-22 14:00")  # the published rain ends at 08:00

    async def story():
        home = DataHome(tmp_path)
        home.prepare()
        fill(home.profile("live"), until=moment)
        session = session_of(home, "live", hub)
        session.start()
        await until(lambda: session.board.board.row("LOC00601") is not None)
        field = await RainFieldService(session).at(session.board.board, 24.0)
        since_8 = await RainFieldService(session).at(await session.board.at_other(moment - 7 * 3600, moment), 0.0)
        assert since_8.hours == pytest.approx(23.0, abs=0.1)  # 07:00 belongs to the day that began yesterday at 08:00
        whole = await RainFieldService(session).at(await session.board.at_other(moment - 6 * 3600, moment), 24.0)
        await session.close()
        return field, whole

    with console_loop(qapp, hub) as runner:
        field, whole = runner.run(story())
    assert (field.until_t, whole.silent_h) == (moment - 6 * 3600, 0.0) and field.silent_h == pytest.approx(6, abs=0.1)
    assert field.areas == whole.areas and field.areas[0][4] == pytest.approx(1.0)


def test_without_readings_the_map_claims_nothing():
    field = rain_field(gauges([np.nan] * 4), [("试验流域", RING)], 6.0, T)
    assert field.bands == () and field.areas == () and field.said == "这一时段没有雨量站读数"


# --- typhoons -----------------------------------------------------------------------------
LANDFALL = from_beijing("2017-08-23 12:50")


def typhoon(**facts):
    fixes = [
        {"t": LANDFALL - 6 * 3600, "lon": 115.0, "lat": 21.5, "wind_ms": 48.0, "pressure_hpa": 940},
        {"t": LANDFALL, "lon": 113.2, "lat": 22.0, "wind_ms": 45.0, "r7_km": [300, 250, 200, 240], "r10_km": 100},
        {"t": LANDFALL + 6 * 3600, "lon": 111.0, "lat": 22.5, "wind_ms": 33.0},
        {"t": "x", "lon": 1e9, "lat": None},
    ]
    return Thing("typhoons", "TY1713", "天鸽", facts={"fixes": fixes} | facts)


def test_a_typhoon_obeys_the_moment_shown():
    at = typhoon_views([typhoon()], LANDFALL)[0]
    assert (at.now.lon, len(at.track), at.now.radii_km[0]) == (113.2, 1, (7, (300, 250, 200, 240)))
    assert typhoon_views([typhoon()], LANDFALL - 7 * 3600) == ()
    assert typhoon_views([typhoon()], LANDFALL + 40 * 3600) == ()


def test_the_forecast_is_the_newest_one_issued_by_then_and_its_cone_grows(qtbot, look):
    def issued(t, lon):
        points = [{"t": LANDFALL + h * 3600, "lon": lon - h * 0.1, "lat": 22.0 + h * 0.02} for h in (12, 24, 48)]
        return {"issued": t, "issuer": "中央气象台", "points": points}

    later = issued(LANDFALL + 3600, 100.0)
    one = typhoon(forecasts=[issued(LANDFALL - 3600, 113.0), later])
    view = typhoon_views([one], LANDFALL)[0]
    assert [round(p.lon, 1) for p in view.ahead] == [111.8, 110.6, 108.2]
    cone = shapely.Polygon(view.cone)
    wide = [cone.intersection(shapely.LineString([(x, 15), (x, 30)])).length for x in (112.5, 108.2)]
    assert wide[1] > wide[0] > 0
    widget = MapWidget(look)
    qtbot.addWidget(widget)
    widget.resize(900, 700)
    widget.set_layers(DEFAULT_LAYERS)
    widget.show_view(replace(MapView(MapStations.none(), {}, MapCounts(0, 0, 0, 0)), typhoons=(view,)))
    widget.grab()


def test_a_typhoon_of_the_future_stands_where_its_forecast_has_it_and_no_further():
    fix = LANDFALL + 6 * 3600
    points = [{"t": fix + h * 3600, "lon": 111.0 - h * 0.1, "lat": 22.5, "wind_ms": 33.0 - h} for h in (12, 24)]
    one = typhoon(forecasts=[{"issued": fix, "issuer": "中央气象台", "points": points}])
    (view,) = typhoon_views([one], fix + 18 * 3600, fix)
    assert (round(view.now.lon, 2), view.now.wind_ms, view.now.word) == (109.2, 15.0, "预报") and view.now.forecast
    assert (len(view.track), len(view.ahead), view.fixed_t) == (3, 1, fix)
    assert typhoon_views([one], fix + 30 * 3600, fix) == (), "beyond the forecast nobody knows where it is"
    told = {h: _wind(Regimes(Board(fix + h * 3600, fix, "at"), (), {"typhoons": (one,)}), plain) for h in (18, 30)}
    assert told[18].value == "1" and told[18].coverage == "预报位置"
    assert told[30].lines == ("台风预报不到这一时刻",), "and its silence is none"


def test_a_broken_typhoon_is_left_out():
    for facts in ({"fixes": "none"}, {"fixes": [None, 7, {"t": float("nan"), "lon": 1, "lat": 1}]}, {"fixes": []}):
        assert typhoon_views([Thing("typhoons", "X", "坏", facts=facts)], LANDFALL) == ()


# --- notes and things ---------------------------------------------------------------------
def test_a_clicked_note_is_given_back_to_be_worded_anew_and_a_drawing_ends_its_tool(qtbot, map_widget):
    tools, heard = map_widget.tools, []
    map_widget.note_picked.connect(heard.append)
    note = Note("n1", "point", ((112.3, 23.2),), "险段", "张三", 1.0)
    tools.set_notes((note,), 1.0)
    map_widget.grab()
    qtbot.mouseClick(map_widget, Qt.MouseButton.LeftButton, pos=pixel_of(map_widget, 112.3, 23.2))
    assert heard == [note]
    tools.start("point")
    tools.click(112.5, 23.4)
    assert tools.mode == "" and tools._kept is not None, "the figure stays while its words are asked for"
    tools.set_notes((note,), 1.0)
    assert tools._kept is None


def test_a_works_that_is_clicked_has_a_card_of_its_own():
    dam = Thing(
        "works",
        "W1",
        "飞来峡水利枢纽",
        (((113.25, 23.81),),),
        {"name": "飞来峡水利枢纽", "type": "dam", "facts": {"泄水闸": "15 孔", "rows": [1], "url": "rtsp://a:b@c/d"}},
    )
    shown = []

    class Target:
        def show_view(self, view):
            shown.append(view)

    near = station_row("Y", name="飞来峡(坝下)", lon=113.235, lat=23.79)
    present_card(Target(), board_of(near), "W1", plain, (), {"works": (dam,)})
    view = shown[-1]
    texts = {f.name: f.value for s in view.sections for f in s.facts}
    assert (view.title, texts["泄水闸"], texts["邻近"]) == ("飞来峡水利枢纽", "15 孔", "飞来峡(坝下) 3 km")
    assert "a:b" not in str(texts) and "rows" not in texts
    camera = Thing("cameras", "C1", "坝顶球机", (), {"name": "坝顶球机", "objects": ["W1"]})
    report = WorksReport(works_of(dam), "alarm", level_m=22.5, level_t=T)
    present_card(Target(), board_of(near), "W1", plain, (), {"works": (dam,), "cameras": (camera,)}, Papers({}), report)
    view = shown[-1]
    texts = {f.name: f.value for s in view.sections for f in s.facts}
    assert view.state is State.GUARANTEED and view.state_word == "超限", "the card says what the map says"
    assert (texts["摄像头"], texts["临水位"], texts["类型"]) == ("坝顶球机", "22.50 m", "大坝")
    assert texts["水雨情采集"] == "未知" and "river" not in texts and "type" not in texts
    assert "离线包" in next(f.source for s in view.sections for f in s.facts if f.name == "预案")
    present_card(Target(), board_of(near), "没有", plain, (), {"works": (dam,)})
    assert shown[-1] is None


def test_a_levee_is_found_anywhere_along_it_and_its_layer_counts_and_explains_what_is_wrong(qtbot, map_widget):
    levee = Thing("works", "L1", "城关防洪堤", (((113.2, 24.4), (113.5, 24.4), (113.5, 24.6)),), {"type": "levee"})
    dam = Thing("works", "D1", "一库大坝", (((113.3, 24.0),),), {"type": "dam"})
    things = {"works": (levee, dam)}
    row = station_row("Y", lon=113.9, lat=23.2)
    view = map_view(board_of(row), (), things, None, plain, {"L1": State.GUARANTEED})
    layer = next(one for one in view.layers if one.code == "facilities")
    assert (layer.total, layer.over, layer.unknown) == (2, 1, 1)
    assert ("line", "state.guaranteed", "工程超限") in layer.legend
    map_widget.set_layers(("facilities",))
    map_widget.show_view(view)
    map_widget.grab()
    for lon, lat, found in ((113.28, 24.4, "L1"), (113.5, 24.52, "L1"), (113.3, 24.0, "D1"), (113.3, 24.55, "")):
        x, y = map_widget.frame.to_pixels(np.array([lon]), mercator_y(np.array([lat])))
        assert map_widget.content.object_at(QPointF(float(x[0]), float(y[0])), map_widget.frame) == found, (lon, lat)
    unjudged = map_view(board_of(row), (), things, None, plain)
    assert {m.state for m in unjudged.marks} == {State.NO_DATA}, "nobody's verdict is no verdict"


def test_the_map_explains_the_colours_of_a_typhoon_and_calls_its_cone_indicative():
    thing = Thing("typhoons", "T1", "测试", (), {"name": "测试", "fixes": [
        {"t": T - 6 * 3600, "lon": 114.0, "lat": 19.0, "wind_ms": 38.0}, {"t": T, "lon": 113.6, "lat": 19.6, "wind_ms": 45.0}],
        "forecasts": [{"issued": T, "points": [{"t": T + 12 * 3600, "lon": 113.0, "lat": 21.0, "wind_ms": 30.0}]}]})  # fmt: skip
    view = map_view(board_of(station_row("Y", lon=113.9, lat=23.2)), (), {"typhoons": (thing,)}, None, plain)
    words = [word for _, _, word in next(one for one in view.layers if one.code == "typhoon").legend]
    assert words[:2] == ["强台风", "台风"] and any("示意" in w for w in words)
