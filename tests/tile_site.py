"""Grounds of the map made on the fly: tiles that show their own place, a tile service on loopback, rasters."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mapbox_vector_tile
import rasterio
from PySide6.QtCore import QBuffer
from PySide6.QtGui import QColor, QImage
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import transform as warp_points

from console.domain.geo import mercator_y
from widgets.map_projection import MapFrame


def png_of(image):
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    assert image.save(buffer, "PNG")
    return bytes(buffer.data())


def plain_tile(color, side=256):
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    return png_of(image)


def coded_tile(z, x, y):
    """A tile whose colour says its column and row."""
    return plain_tile(QColor(x % 256, y % 256, 40 + z))


def make_mbtiles(path, tiles, **metadata):
    """tiles: (z, x, y from the north) → bytes; stored from the south as the format has it."""
    said = {"name": "测试底图", "format": "png", "bounds": "109,20,118,26"} | metadata
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("create table metadata (name text, value text)")
        db.execute("create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
        db.executemany("insert into metadata values (?, ?)", said.items())
        db.executemany("insert into tiles values (?, ?, ?, ?)", [(z, x, 2**z - 1 - y, d) for (z, x, y), d in tiles.items()])
    return path


def vector_tile():
    """Water fills the left half, a road crosses it, a place in the middle, a national border to be left out."""
    square = {"geometry": "POLYGON ((0 0, 2048 0, 2048 4096, 0 4096, 0 0))", "properties": {}}
    road = {"geometry": "LINESTRING (0 1024, 4096 1024)", "properties": {"class": "primary"}}
    place = {"geometry": "POINT (3072 2048)", "properties": {"name": "石角", "rank": 1}}
    nation = {"geometry": "LINESTRING (3500 0, 3500 4096)", "properties": {"admin_level": 2}}
    layers = {"water": [square], "transportation": [road], "place": [place], "boundary": [nation]}
    return mapbox_vector_tile.encode(
        [{"name": n, "features": f} for n, f in layers.items()], default_options={"y_coord_down": True}
    )


class TileSite:
    """Answers /{z}/{x}/{y}.png with coded tiles; ``status`` and ``body`` make it ill."""

    def __init__(self):
        self.asked = []
        self.status = 200
        self.body = None
        self.documents = {}
        self.gate = threading.Event()
        self.gate.set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                site.gate.wait(20)
                found = re.search(r"/(\d+)/(\d+)/(\d+)\.png", self.path)
                data = next((d for word, d in site.documents.items() if word in self.path), None)
                if data is None:
                    data = site.body if site.body is not None else coded_tile(*map(int, found.groups())) if found else b""
                self.send_response(site.status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def make_raster(path, bands, crs, west, north, cell, **options):
    """bands: (n, rows, columns)."""
    count, rows, columns = bands.shape
    extra = {k: options.pop(k) for k in ("units", "colormap", "nodata") if k in options}
    profile = {"driver": "GTiff", "count": count, "height": rows, "width": columns, "dtype": bands.dtype, "crs": crs} | options
    profile |= {"transform": from_origin(west, north, cell, cell)}
    if "nodata" in extra:
        profile["nodata"] = extra["nodata"]
    with rasterio.open(path, "w", **profile) as out:
        out.write(bands)
        if "units" in extra:
            out.units = (extra["units"],)
        if "colormap" in extra:
            out.write_colormap(1, extra["colormap"])
    return path


def degrees_of(crs, east, north):
    lon, lat = warp_points(CRS.from_user_input(crs), CRS.from_epsg(4490), [east], [north])
    return lon[0], lat[0]


def frame_at(lon, lat, scale, width=400, height=300):
    return MapFrame(lon, float(mercator_y(lat)), scale, width, height)
