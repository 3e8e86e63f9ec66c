"""A ground on the map: tiles arrive at their place, a dead service leaves a note and the window runs on."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from console.look import Look
from console.services.map_grounds import TileFeed
from console.services.map_readers import readers_of
from console.services.map_vector_tiles import TileStyle
from console.services.tasks import TaskScope
from console.store.tile_cache import TileCache
from console.viewdata.map_sources import MapSource
from tests.gui import until
from tests.tile_site import TileSite, coded_tile, frame_at, make_mbtiles, vector_tile
from widgets.map_tiles import TileLayer, needed_tiles

LON, LAT = 113.05, 23.69
Z8 = 256 * 2**8 / 360


@pytest.fixture
def site(qapp):
    found = TileSite()
    yield found
    found.close()


@pytest.fixture
def tasks(runner, hub):
    found = TaskScope(hub.report)
    yield found
    runner.run(found.close())


def feed_of(source, tasks, cache=None):
    return TileFeed(tasks, readers_of(source, cache, 4), TileStyle.of(Look()), first_pause_s=0.05)


def picture_of(layer, frame, *, moving=False, clip=None, ratio=1.0):
    picture = QImage(round(frame.width * ratio), round(frame.height * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    picture.fill(0)
    painter = QPainter(picture)
    if clip is not None:
        painter.setClipRect(clip)
    layer.draw(painter, frame, ratio, moving=moving)
    painter.end()
    return picture


async def shown(layer, frame, **how):
    """Paint until every tile of the frame has come."""

    def whole():
        picture_of(layer, frame, **how)
        return not layer.waiting and layer._source.grid is not None

    await until(whole, 5.0, "tiles")
    return picture_of(layer, frame, **how)


def code_at(picture, frame, lon, lat, z, ratio=1.0):
    """Return the colour painted at a place, and the colour that its tile has."""
    import numpy as np

    from console.domain.geo import mercator_y

    y_merc = float(mercator_y(lat))
    x, y = frame.to_pixels(np.asarray(lon), np.asarray(y_merc))
    color = picture.pixelColor(int(x * ratio), int(y * ratio))
    step = 360 / 2**z
    return (color.red(), color.green()), (int((lon + 180) / step) % 256, int((180 - y_merc) / step) % 256)


@pytest.mark.parametrize(("scale", "z"), [(Z8, 8), (Z8 * 1.1, 8), (Z8 * 5.3, 11), (9000.0, 14)])
def test_tiles_of_a_service_are_painted_where_they_belong(site, tasks, runner, scale, z):
    feed = feed_of(MapSource("s", "xyz", "服务", site.url + "/{z}/{x}/{y}.png"), tasks)
    layer = TileLayer(feed)
    frame = frame_at(LON, LAT, scale)
    assert picture_of(layer, frame).pixelColor(5, 5).alpha() == 0, "nothing yet, and no wait"
    picture = runner.run(shown(layer, frame))
    for lon, lat in ((LON, LAT), frame.to_degrees(12, 15), frame.to_degrees(390, 280)):
        found, true = code_at(picture, frame, lon, lat, z)
        assert found == true
    feed.close()


def test_it_paints_within_the_clip_of_its_painter_and_as_faint_as_wanted(site, tasks, runner):
    feed = feed_of(MapSource("s", "xyz", "服务", site.url + "/{z}/{x}/{y}.png"), tasks)
    layer = TileLayer(feed)
    frame = frame_at(LON, LAT, Z8)
    picture = runner.run(shown(layer, frame, clip=QRect(0, 0, 200, 300), ratio=2.0))
    assert picture.pixelColor(390, 300).alpha() == 255 and picture.pixelColor(410, 300).alpha() == 0
    layer.opacity = 40
    assert picture_of(layer, frame, ratio=2.0).pixelColor(390, 300).alpha() == pytest.approx(102, abs=1)
    layer.opacity, layer.min_scale = 100, Z8 * 2
    assert picture_of(layer, frame, ratio=2.0).pixelColor(390, 300).alpha() == 0, "not at this scale"
    feed.close()


def test_while_closer_tiles_load_the_coarser_ones_stand_in(tmp_path, tasks, runner):
    tiles = {(8, x, y): coded_tile(8, x, y) for x in range(205, 214) for y in range(107, 114)}
    path = make_mbtiles(tmp_path / "a.mbtiles", tiles | {(9, 0, 0): coded_tile(9, 0, 0)})
    feed = feed_of(MapSource("m", "mbtiles", "离线底图", str(path)), tasks)
    layer = TileLayer(feed)
    runner.run(shown(layer, frame_at(LON, LAT, Z8)))
    near = frame_at(LON, LAT, Z8 * 2)
    at_once = picture_of(layer, near)
    assert len({*code_at(at_once, near, LON, LAT, 8)}) == 1
    later = runner.run(shown(layer, near))
    assert len({*code_at(later, near, LON, LAT, 8)}) == 1, "where the file has none, the coarser one stays"
    far = picture_of(layer, frame_at(LON, LAT, Z8 * 0.9))
    assert far.pixelColor(200, 150).alpha() == 255
    feed.close()


def test_a_wish_is_dropped_when_the_view_moves_on(site, tasks, runner):
    feed = feed_of(MapSource("s", "xyz", "服务", site.url + "/{z}/{x}/{y}.png"), tasks)
    layer = TileLayer(feed)

    async def story():
        await shown(layer, frame_at(LON, LAT, Z8))
        before = len(site.asked)
        for step in range(40):
            picture_of(layer, frame_at(LON - step, LAT, Z8 * 8), moving=True)
            layer._ask()
        last = frame_at(LON - 39, LAT, Z8 * 8)
        await shown(layer, last)
        return len(site.asked) - before, len(needed_tiles(feed.grid, last, 1.0))

    asked, needed = runner.run(story())
    assert asked <= needed + 4 * 3, "only what was under way when the view moved, and what is shown now"
    feed.close()


def test_a_service_is_never_asked_for_more_than_four_tiles_at_once(site, tasks, runner):
    feed = feed_of(MapSource("s", "xyz", "服务", site.url + "/{z}/{x}/{y}.png"), tasks)
    layer = TileLayer(feed)
    frame = frame_at(LON, LAT, Z8, 1200, 900)

    async def story():
        await until(lambda: picture_of(layer, frame) and feed.grid is not None, 5.0, "the grid")
        site.gate.clear()
        await until(lambda: picture_of(layer, frame) and len(site.asked) >= 4, 5.0, "requests")
        for _ in range(20):
            picture_of(layer, frame.moved(1, 1))
            await asyncio.sleep(0)
        under_way = len(site.asked)
        site.gate.set()
        await shown(layer, frame)
        return under_way, len(needed_tiles(feed.grid, frame, 1.0))

    under_way, needed = runner.run(story())
    assert under_way == 4 < needed
    feed.close()


def test_a_dead_service_leaves_a_note_and_comes_back_by_itself(tmp_path, site, tasks, runner):
    cache = TileCache(tmp_path / "t.db")
    feed = feed_of(MapSource("s", "xyz", "服务", site.url + "/{z}/{x}/{y}.png"), tasks, cache)
    layer = TileLayer(feed)
    noted = []
    feed.noted.connect(lambda: noted.append(feed.note[0]))
    frame, other = frame_at(LON, LAT, Z8), frame_at(LON, LAT, Z8 * 4)

    async def story():
        await shown(layer, frame)
        site.status = 503
        picture_of(layer, other)
        await until(lambda: feed.trouble, 5.0, "a note")
        layer._forget()
        kept = await shown(layer, frame)
        assert kept.pixelColor(200, 150).alpha() == 255, "what was seen before is still there"
        site.status = 200
        await shown(layer, other)

    runner.run(story())
    assert noted[0].startswith("底图服务没有应答") and feed.note == ("", "")
    feed.close()
    cache.close()


def test_an_address_where_nobody_listens_is_said_quietly(tasks, runner):
    feed = feed_of(MapSource("s", "wmts", "服务", "http://127.0.0.1:9/wmts"), tasks)
    layer = TileLayer(feed)

    async def story():
        picture_of(layer, frame_at(LON, LAT, Z8))
        await until(lambda: feed.trouble, 5.0, "a note")

    runner.run(story())
    assert feed.note[1].startswith("请检查网络")
    feed.close()


def test_another_theme_draws_vector_tiles_anew(tmp_path, tasks, runner, look):
    path = make_mbtiles(
        tmp_path / "v.mbtiles", {(8, x, y): vector_tile() for x in range(205, 214) for y in range(107, 114)}, format="pbf"
    )
    feed = feed_of(MapSource("v", "mbtiles", "矢量底图", str(path)), tasks)
    layer = TileLayer(feed)
    frame = frame_at(LON, LAT, Z8)

    def water(picture):
        return picture.pixelColor(*[next((x, 150) for x in range(400) if picture.pixelColor(x, 150).alpha())][0])

    dark = water(runner.run(shown(layer, frame)))
    look.change(theme="light")
    feed.restyle(TileStyle.of(look))
    light = water(runner.run(shown(layer, frame)))
    assert dark != light == look.color("map.lake")
    feed.close()


def test_a_source_that_begins_far_closer_asks_for_nothing_here(tmp_path, tasks, runner):
    path = make_mbtiles(tmp_path / "a.mbtiles", {(16, 0, 0): coded_tile(16, 0, 0)})
    feed = feed_of(MapSource("m", "mbtiles", "离线底图", str(path)), tasks)
    layer = TileLayer(feed)
    frame = frame_at(LON, LAT, 20.0)

    async def story():
        await until(lambda: picture_of(layer, frame) and feed.grid is not None, 5.0, "the grid")

    runner.run(story())
    picture_of(layer, frame)
    assert layer.too_far and not layer.waiting
    feed.close()
