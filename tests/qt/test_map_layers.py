"""Layers of the map: which show, in which order, how far away; what is over a limit shows at every scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt

from console.domain.geo import mercator_y
from console.domain.layers import LayerState, faded, layer_texts, limited, moved, read_layers, toggled
from console.domain.situation import DEFAULT_LAYERS, Situation
from console.domain.states import State
from console.errors import StoreError
from console.presenters.map import map_view
from console.topics import declared_topics
from console.viewdata.map import MapStations
from tests.gui import until
from tests.rows import board_of, station_row
from widgets.layer_tree import LayerTree
from widgets.map_furniture import loud
from widgets.map_objects import MapObjects
from widgets.map_projection import MapFrame
from widgets.map_rain import RainDrape
from widgets.map_sheet import sheet_image
from widgets.map_widget import MapWidget


def plain(text):
    return text


def pixel_of(widget, lon, lat):

    x, y = widget.frame.to_pixels(np.asarray(lon), mercator_y(lat))
    return QPoint(int(x), int(y))


def test_layers_travel_as_short_texts_and_old_situations_are_understood():
    layers = read_layers(("admin", "stations", "reservoirs@40", "river", "x@y", ""))
    assert layers == (LayerState("admin"), LayerState("river"), LayerState("reservoir", 40), LayerState("x"))
    assert read_layers(layer_texts(layers)) == layers
    assert len(Situation().to_json().encode()) < 600


def test_limits_of_scale_travel_with_the_layer_and_hide_no_alarm():
    declared = 60.0
    near = limited((LayerState("works", 80),), "works", "near", 12.34567)
    assert read_layers(layer_texts(near)) == near == (LayerState("works", 80, widest_km=12.4),), (
        "rounded up: the layer stays under the hand"
    )
    assert near[0].fits(12.0, declared) and not near[0].fits(13.0, declared)
    both = limited(near, "works", "far", 3.0)
    assert [both[0].fits(km) for km in (2.0, 5.0, 20.0)] == [False, True, False]
    assert read_layers(("works@80<12.4>3",)) == both
    free = limited(both, "works", "none", 1.0)
    assert free[0].fits(5000.0, declared) and read_layers(layer_texts(free)) == free, "no limit, not the declared one again"
    for km in (123.456, 0.0123, 4321.9, 2e6):
        held = limited(limited((LayerState("works"),), "works", "near", km), "works", "far", km)
        assert read_layers(layer_texts(held)) == held and (held[0].fits(km) or km > 99_999)
    assert not LayerState("works").fits(61.0, declared) and LayerState("works").fits(60.0, declared)
    assert read_layers(("works<<5", "river@900", "rain>x", "<5")) == (*map(LayerState, ("works", "river", "rain")),)


def test_the_order_of_topics_decides_who_lies_on_top_and_danger_comes_first(qtbot, look):
    objects = MapObjects(look)
    place = {"lon": np.full(3, 113.0), "lat": np.full(3, 23.5), "stale": np.zeros(3, bool), "symbol": ("state",) * 3}
    state = np.array([State.NORMAL, State.WARNING, State.NORMAL])
    label = (("a", "", "", 0),) * 3
    objects.set_stations(
        MapStations(("A", "B", "C"), state=state, layer=("river", "river", "tide"), label=label, **place), None
    )
    frame = MapFrame(113.0, float(mercator_y(23.5)), 400.0, 600, 400)

    def drawn(*layers, hushed=()):
        return ["ABC"[i] for i in objects.visible(frame, dict.fromkeys(layers, 100), frozenset(hushed))[2]]

    assert drawn("river", "tide") == ["A", "C", "B"] and drawn("tide", "river") == ["C", "A", "B"]
    assert drawn("river", "tide", hushed=("river",)) == ["C", "B"], "what is over a limit shows at every scale"


def test_a_layer_that_comes_back_lies_where_it_lay():
    order = ("admin", "rivers", "isohyets", "rain", "river")
    layers = read_layers(("admin", "rivers", "rain", "river"))
    back = toggled(toggled(layers, "rivers", False, order), "rivers", True, order)
    assert back == layers
    assert [x.code for x in toggled(layers, "isohyets", True, order)] == ["admin", "rivers", "isohyets", "rain", "river"]
    assert [x.code for x in moved(layers, "river", -1, {"rain", "river"})] == ["admin", "rivers", "river", "rain"]
    assert moved(layers, "river", 1, {"rain", "river"}) == layers
    assert moved(layers, "river", -1, {"river", "admin"})[0].code == "river", "among its own sort, whatever lies between"
    assert faded(layers, "rain", 30)[2] == LayerState("rain", 30)


def board():
    over = station_row("Y", (35.0, 35.5, 36.0), name="英德", lon=113.4, lat=24.2, thresholds={"warning": 26.0})
    silent = replace(station_row("S", name="石角", lon=113.0, lat=23.6), state=State.NO_DATA)
    rain = station_row("P", (0.0, 40.0, 70.0), kind="rain", name="佛冈", lon=113.5, lat=23.9)
    lost = station_row("L", name="无坐标")
    return board_of(over, silent, rain, lost)


def test_badges_count_unknown_beside_alarmed_and_those_without_a_place():
    view = map_view(board(), declared_topics(), {}, None, plain)
    river = next(x for x in view.layers if x.code == "river")
    assert (river.total, river.over, river.unknown) == (3, 1, 1)
    assert (view.counts.stations, view.counts.unplaced) == (4, 1)
    assert view.stations.symbol[view.stations.code.index("P")] == "rain.5"  # 110 mm in 24 h: 大暴雨


def test_a_layer_too_wide_for_the_view_still_shows_what_is_over(qtbot, look):
    widget = MapWidget(look)
    qtbot.addWidget(widget)
    widget.resize(900, 700)
    wet = station_row("P1", (0.0, 1.0, 2.0), kind="rain", lon=113.5, lat=23.9)
    bad = replace(station_row("P2", (0.0, 1.0, 2.0), kind="rain", lon=113.0, lat=24.9), state=State.WARNING)
    widget.set_layers(DEFAULT_LAYERS)
    widget.show_view(map_view(board_of(wet, bad), declared_topics(), {}, None, plain))
    widget.grab()
    assert widget.object_at(QPointF(pixel_of(widget, 113.0, 24.9))) == "P2"
    assert widget.object_at(QPointF(pixel_of(widget, 113.5, 23.9))) == ""
    widget.set_frame(MapFrame(113.5, float(mercator_y(23.9)), 1500.0, 900, 700))
    widget.grab()
    assert widget.object_at(QPointF(pixel_of(widget, 113.5, 23.9))) == "P1"


def test_the_tree_switches_searches_and_fades(qtbot, look):
    tree = LayerTree(look)
    qtbot.addWidget(tree)
    view = map_view(board(), declared_topics(), {}, None, plain)
    tree.show_layers(view.layers, read_layers(DEFAULT_LAYERS))
    heard = []
    tree.switched.connect(lambda code, on: heard.append((code, on)))
    assert tree._items["river"].text(1) == "3 △1 ◌1"
    tree._items["isohyets"].setCheckState(0, Qt.CheckState.Checked)
    tree._items["river"].setCheckState(0, Qt.CheckState.Unchecked)
    assert heard == [("isohyets", True), ("river", False)]
    tree.tree.setCurrentItem(tree._items["river"])
    with qtbot.waitSignal(tree.faded) as faint:
        tree.opacity.setValue(35)
    assert faint.args == ["river", 35]
    tree.search.setText("雨")
    assert not tree._items["rain"].isHidden() and tree._items["river"].isHidden()


def own_desk(qtbot, qapp, look, tmp_path, script):
    """Run a story with the map's own layers on a real list of sources."""
    from console.errors import ErrorHub
    from console.paths import DataHome
    from console.services.map_sources import MapSources
    from console.services.tasks import TaskScope
    from console.windows.own_layers import OwnLayersDesk
    from tests.gui import console_loop

    hub = ErrorHub()

    async def story():
        home = DataHome(tmp_path / "home")
        home.prepare()
        tasks = TaskScope(hub.report)
        widget = MapWidget(look)
        qtbot.addWidget(widget)
        widget.resize(600, 500)
        switched, said = [], []
        sources = MapSources(home, tasks, look)
        desk = OwnLayersDesk(sources, tasks, widget, lambda code, on: switched.append((code, on)), lambda *_: None)
        desk.said.connect(lambda text, done: said.append((text, done)))
        await script(desk, widget, switched, said)
        desk.close()
        await tasks.close()
        assert hub.incidents == []

    with console_loop(qapp, hub) as runner:
        runner.run(story())


GEOJSON = """{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"名称":"险工段","长度":120},
"geometry":{"type":"LineString","coordinates":[[113.2,24.0],[113.6,24.3]]}}]}"""


def test_a_file_added_by_path_lies_on_the_map_and_tells_its_attributes(qtbot, qapp, look, tmp_path):
    file = tmp_path / "险工.geojson"
    file.write_text(GEOJSON, "utf-8")

    async def script(desk, widget, switched, said):
        desk.add(f'"{file}"')
        await until(lambda: widget.own.over and said, what="the layer is there")
        (code,) = widget.own.over
        assert switched == [(code, True)] and said[-1][1] is True
        widget.set_layers((*DEFAULT_LAYERS, code))
        widget.grab()
        await until(lambda: not widget.own.over[code].busy, what="it is drawn")
        widget.grab()
        x, y = widget.frame.to_pixels(113.4, mercator_y(24.15))
        found = desk.feature_at(QPointF(float(x), float(y)))
        assert dict(found.attributes)["名称"] == "险工段"
        assert [v.name for v in desk.views()] == ["险工.geojson"]
        desk.remove(code)
        await until(lambda: not widget.own.over, what="it is gone")

    own_desk(qtbot, qapp, look, tmp_path, script)


def test_a_layer_of_ones_own_may_show_only_when_one_has_come_near(qtbot, qapp, look, tmp_path):
    file = tmp_path / "险工.geojson"
    file.write_text(GEOJSON, "utf-8")

    async def script(desk, widget, switched, said):
        desk.add(str(file))
        await until(lambda: widget.own.over and said, what="the layer is there")
        (code,) = widget.own.over
        here = widget.frame.scale
        desk.limit(code, "near")
        layer = widget.own.over[code]
        await until(lambda: layer.min_scale == here, what="the limit is with the layer")
        assert "视野窄于" in desk.views()[0].note and "时显示" in desk.views()[0].note
        assert layer.shows(widget.frame) and not layer.shows(replace(widget.frame, scale=here / 2))
        desk.limit(code, "none")
        await until(lambda: layer.min_scale == 0, what="it shows at any scale again")
        assert "时显示" not in desk.views()[0].note

    own_desk(qtbot, qapp, look, tmp_path, script)


def test_what_cannot_be_added_is_said_and_leaves_the_map(qtbot, qapp, look, tmp_path):
    (tmp_path / "x.txt").write_text("无")

    async def script(desk, widget, switched, said):
        for text in (str(tmp_path / "没有.shp"), str(tmp_path / "x.txt"), "ftp://127.0.0.1/a"):
            before = len(said)
            desk.add(text)
            await until(lambda b=before: len(said) > b, what=text)
            assert said[-1][1] is False and said[-1][0]
        desk.drop([str(tmp_path / "x.txt")])
        await until(lambda: len(said) == 4, what="the drop is answered")
        assert switched == [] and not widget.own.over and not widget.own.under

    own_desk(qtbot, qapp, look, tmp_path, script)


@pytest.mark.parametrize("choices", [(("img", "影像"), ("地 名", "注记&名")), (("img", "影像"),), ()])
def test_of_a_service_with_several_layers_one_is_chosen(qtbot, qapp, look, tmp_path, monkeypatch, choices):
    from console.services.map_sources import MapSources

    asked, offered, wishes = [], [], []

    async def layers(_self, address):
        asked.append(address)
        return choices

    async def added(_self, address, *, layer="", **_more):
        wishes.append((address, layer))
        raise StoreError("不加。", "只看要加什么。")

    monkeypatch.setattr(MapSources, "service_layers", layers)
    monkeypatch.setattr(MapSources, "add_address", added)
    address = "https://example.invalid/wmts?tk=k"

    async def script(desk, widget, switched, said):
        tree = LayerTree(look)
        qtbot.addWidget(tree)
        tree.add_requested.connect(desk.add)
        desk.offered.connect(lambda *what: offered.append(what))
        desk.offered.connect(tree.offer)
        desk.add(address)
        await until(lambda: said, what="an answer")
        if len(choices) < 2:
            assert wishes == [(address, "")] and not offered, "one layer needs no choice; none is told by adding it"
            return
        assert (
            not wishes
            and "2" in said[0][0]
            and [a.text() for a in tree.choices.actions()]
            == [
                "影像（img）",
                "注记&&名（地 名）",
            ]
        )
        tree.choices.actions()[1].trigger()
        await until(lambda: wishes, what="the chosen one is added")
        assert wishes == [(address, "地 名")] and asked == [address]
        tree.choices.close()

    own_desk(qtbot, qapp, look, tmp_path, script)


def test_the_line_parts_the_map_with_and_without_the_chosen_layer(qapp, home, hub, runner):
    from console.domain.time import from_beijing
    from console.windows.map_desk import MapDesk
    from tests.flood_cache import fill
    from tests.gui import context_of, session_of

    fill(home.profile("live"), "beijiang-2022-06", from_beijing("2022-06-22 14:00"))

    async def run():
        session = session_of(home, "live", hub)
        desk = MapDesk(context_of(qapp, session, hub))
        chart, tree = desk.panel.map, desk.panel.layers
        try:
            session.start()
            desk.panel.resize(900, 600)
            desk.panel.show()
            await until(lambda: session.board.whole and session.desk.loaded)
            desk.refresh()
            desk.panel.toolbar.comparison_chosen.emit("layers")
            await until(lambda: "请先在图层里" in desk.panel.said.text(), what="it is told what to do")
            tree.tree.setCurrentItem(tree._items["river"])
            await until(lambda: chart.other is not None, what="the line")
            left, right = (c.in_sight(chart.frame) for c in (chart.content, chart.other))
            assert set(left) - set(right) == {"river"} and chart._other_words == ("河道站", "无河道站")
            tree.tree.setCurrentItem(tree._items["rivers"])
            await until(lambda: "rivers" not in chart.other.in_sight(chart.frame))
            assert "river" in chart.other.in_sight(chart.frame)
        finally:
            desk.panel.hide()
            desk.close()
            await session.close()

    runner.run(run())


def test_a_small_map_still_explains_its_rain_and_its_light_sheet_has_every_legend(qtbot, look, monkeypatch):
    widget = MapWidget(look)
    qtbot.addWidget(widget)
    widget.resize(640, 200)
    widget.set_layers(("admin", "rivers", "isohyets", "river"))
    widget.show_view(map_view(board(), declared_topics(), {}, None, plain))
    drawn, strips = [], []
    monkeypatch.setattr(RainDrape, "legend", lambda _self, _painter, right, top: drawn.append((right, top)) or QRect())
    monkeypatch.setattr(RainDrape, "strip", lambda _self, _painter, right, bottom: strips.append((right, bottom)) or QRect())
    widget.grab()
    assert strips == [(640, 166)] and drawn == [], "in one line, over no station's words"
    frame = widget.frame
    sheet = sheet_image(widget, "一张图", ["注"])
    assert len(drawn) == 1 and drawn[0][0] >= 1200 and drawn[0][1] == 58, "on paper all furniture has its place"
    assert widget.frame == frame and (sheet.width(), sheet.height()) == (2480, 1754)
    assert sheet.pixelColor(10, 10).lightness() > 240 and widget.look.theme == "dark", "paper is light, the hall stays dark"


@pytest.mark.parametrize(
    ("typed", "said"), [("2022-6-20 8:00", None), ("去年", "去年：不是时刻"), ("2022-06-20", "2022-06-20：不是")]
)
def test_a_typed_moment_is_read_or_answered(qtbot, look, typed, said):
    from PySide6.QtWidgets import QWidget

    from widgets.map_toolbar import MapToolbar

    parent = QWidget()
    qtbot.addWidget(parent)
    bar, chosen, refused = MapToolbar(look, parent), [], []
    bar.comparison_chosen.connect(chosen.append)
    bar.refused.connect(refused.append)
    bar.compare.setEditText(typed)
    bar.compare.lineEdit().returnPressed.emit()
    assert chosen == ([] if said else ["2022-06-20 08:00"]) and [r[: len(said or "")] for r in refused] == (
        [said] if said else []
    )
    bar.hours.setEditText("abc")
    bar.hours.lineEdit().editingFinished.emit()
    assert "abc：不是时段" in refused[-1]


def test_a_layer_that_keeps_to_what_is_over_has_no_other_signs_in_the_legend():
    view = map_view(board(), declared_topics(), {}, None, plain)
    layer = next(v for v in view.layers if v.code == "river")
    words = [word for _, _, word in layer.legend]
    assert "超警" in words and "无数据" in words
    assert [word for _, _, word in loud(layer).legend] == ["超警"]
    rain = replace(layer, legend=(("rain.1", "rain.1", "小雨"), ("line", "concrete", "堤防")))
    assert loud(rain).legend == ()
