"""The user's own layers on the map: painted in place, asked by hand, never holding up the window."""

from __future__ import annotations

import time

import numpy as np
import pytest
import shapely
from PySide6.QtCore import QPointF

from console.domain.geo import mercator_y
from console.errors import ConsoleError
from console.services.map_sources import MapSources
from console.services.tasks import TaskScope
from console.store.overlay_shapes import anchors_of, levels_of, morton_order
from console.viewdata.overlay import Overlay, TextColumn
from tests.gui import until
from tests.qt.test_map_tiles import picture_of, shown
from tests.tile_site import coded_tile, frame_at, make_mbtiles
from tests.unit.test_map_vectors import write
from widgets.map_tiles import TileLayer
from widgets.map_vectors import VectorLayer

LON, LAT = 113.05, 23.69


def overlay_of(shapes, names):
    def flat(xy):
        return np.column_stack([xy[:, 0], mercator_y(xy[:, 1])])

    placed = shapely.transform(np.array(shapes, object), flat)
    order = morton_order(shapely.bounds(placed))
    placed, boxes = placed[order], shapely.bounds(placed)[order]
    texts = [names[i].encode() for i in order]
    column = TextColumn(b"".join(texts), np.concatenate([[0], np.cumsum([len(t) for t in texts])]).astype(np.int64))
    return Overlay("测试", ("名称",), (column,), boxes, anchors_of(placed, boxes), levels_of(placed, boxes), "", (), len(names))


@pytest.fixture
def layer(look):
    lake = shapely.box(113.0, 23.6, 113.1, 23.78).difference(shapely.box(113.04, 23.68, 113.06, 23.70))
    road = shapely.LineString([(112.9, 23.9), (113.2, 23.9)])
    return VectorLayer(look, overlay_of([lake, road, shapely.Point(113.2, 23.5)], ["湖", "路", "站"]), color="state.watch")


def pixel(frame, lon, lat):
    x, y = frame.to_pixels(np.asarray(lon), mercator_y(lat))
    return int(x), int(y)


def test_areas_with_holes_lines_and_points_lie_where_they_belong(layer, look):
    frame = frame_at(LON, LAT, 600.0)
    picture = picture_of(layer, frame)
    assert picture.pixelColor(*pixel(frame, 113.02, 23.65)).alpha() == pytest.approx(34, abs=2)
    assert picture.pixelColor(*pixel(frame, 113.05, 23.69)).alpha() == 0, "a hole"
    for lon, lat in ((113.1, 23.9), (113.2, 23.5)):
        found = picture.pixelColor(*pixel(frame, lon, lat))
        assert found.alpha() > 200 and abs(found.red() - look.color("state.watch").red()) < 30
    assert picture.pixelColor(5, 5).alpha() == 0


def test_a_pan_shows_the_old_picture_moved_and_then_a_sharp_one(layer):
    frame = frame_at(LON, LAT, 600.0)
    picture_of(layer, frame)
    moved = frame.moved(100, 0)
    moving = picture_of(layer, moved, moving=True)
    assert moving.pixelColor(*pixel(moved, 113.02, 23.65)).alpha() > 20
    assert picture_of(layer, moved).pixelColor(*pixel(moved, 113.1, 23.9)).alpha() > 200


def test_the_hand_finds_what_it_points_at(layer):
    frame = frame_at(LON, LAT, 600.0)
    picture_of(layer, frame)

    def hit(lon, lat, dx=0):
        x, y = pixel(frame, lon, lat)
        found = layer.feature_at(QPointF(x + dx, y))
        return found.attributes[0] if found else None

    assert hit(113.02, 23.65) == ("名称", "湖") and hit(113.05, 23.69) is None
    assert hit(113.2, 23.5, 5) == ("名称", "站") and hit(113.1, 23.9) == ("名称", "路") and hit(113.2, 23.5, 30) is None
    layer.select(0)
    layer.max_scale = 100.0
    assert (
        layer.feature_at(QPointF(1, 1)) is None and picture_of(layer, frame).pixelColor(*pixel(frame, 113.1, 23.9)).alpha() == 0
    )


def test_a_hundred_thousand_areas_never_hold_up_the_window(look, qapp, runner):
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(110, 117, 100_000), rng.uniform(21, 25, 100_000)
    layer = VectorLayer(look, overlay_of(list(shapely.box(lon, lat, lon + 3e-3, lat + 2e-3)), ["田"] * 100_000))
    waits = []

    async def story(scale):
        frame = frame_at(LON, LAT, scale, 1000, 700)
        began = time.monotonic()
        picture_of(layer, frame)
        waits.append(time.monotonic() - began)
        await until(lambda: not layer.busy, 20.0, "the picture")
        return picture_of(layer, frame)

    for scale in (60.0, 300.0, 3000.0):
        picture = runner.run(story(scale))
        colored = sum(picture.pixelColor(x, y).alpha() > 0 for x in range(0, 1000, 10) for y in range(0, 700, 10))
        assert colored > 100, scale
        place = QPointF(*pixel(frame_at(LON, LAT, scale, 1000, 700), lon[0] + 1e-3, lat[0] + 1e-3))
        began = time.monotonic()
        assert layer.feature_at(place) is not None
        assert time.monotonic() - began < 0.2
    assert max(waits) < 0.25


# --- the list and its layers ------------------------------------------------------------------
@pytest.fixture
def tasks(runner, hub):
    found = TaskScope(hub.report)
    yield found
    runner.run(found.close())


def test_what_is_dropped_is_shown_remembered_and_can_go(home, tasks, runner, look, tmp_path):
    tiles = make_mbtiles(
        tmp_path / "a.mbtiles", {(8, x, y): coded_tile(8, x, y) for x in range(205, 214) for y in range(107, 114)}
    )
    shapes = write(
        tmp_path / "堤.gpkg",
        [shapely.LineString([(112.9, 23.6), (113.2, 23.8)])],
        driver="GPKG",
        geometry="LineString",
        名称=np.array(["北江大堤"], object),
    )
    told = []

    async def first():
        desk = MapSources(home, tasks, look)
        desk.told.connect(lambda what, step: told.append(what))
        await desk.start()
        ground = await desk.add_path(tiles)
        dyke = await desk.add_path(shapes)
        overlay = await desk.overlay(dyke)
        feed = desk.feed(ground)
        frame = frame_at(LON, LAT, 180.0)
        picture = await shown(TileLayer(feed), frame)
        assert picture.pixelColor(200, 150).alpha() == 255 and overlay.attributes(0) == (("名称", "北江大堤"),)
        desk.move(dyke.source_id, 0)
        for opacity in range(0, 140, 20):
            desk.change(ground.source_id, opacity=opacity)
        desk.close()

    async def later():
        desk = MapSources(home, tasks, look)
        await desk.start()
        assert [(s.name, s.opacity) for s in desk.sources] == [("堤.gpkg", 100), ("测试底图", 100)]
        shapes.unlink()
        with pytest.raises(ConsoleError, match="打不开"):
            await desk.overlay(desk.sources[0])
        desk.remove(desk.sources[0].source_id)
        await until(lambda: "map list" not in tasks.running(), 5.0, "saved")
        desk.close()

    async def last():
        desk = MapSources(home, tasks, look)
        await desk.start()
        assert [s.name for s in desk.sources] == ["测试底图"]
        desk.close()

    for part in (first, later, last):
        runner.run(part())
    assert not told


def test_a_damaged_list_is_told_and_the_map_goes_on(home, tasks, runner, look):
    (home.root / "map").mkdir()
    (home.root / "map" / "sources.json").write_text("{")
    (home.root / "map" / "tiles.db").write_bytes(b"rubbish" * 999)
    told = []

    async def story():
        desk = MapSources(home, tasks, look)
        desk.told.connect(lambda what, step: told.append(what))
        await desk.start()
        desk.close()

    runner.run(story())
    assert "damaged-1" in told[0]
