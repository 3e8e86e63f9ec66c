"""Paints a tiled ground: what has come at its place, what has not from the nearest tile that covers it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject, QRectF, QTimer, Signal, SignalInstance
from PySide6.QtGui import QImage, QPainter

from console.domain.tile_grid import MapRect, TileGrid, TileKey
from widgets.map_projection import MapFrame

KEPT_BYTES = 48 * 1024 * 1024
FAR = 6  # zoom steps up in which a stand-in is sought
TILES_MAX = 600  # of one picture; below the source's first zoom more would be needed, and nothing is drawn
GATHER_MS = 80  # tiles that come within are shown together


class TileSource(Protocol):
    """Where pictures come from; they arrive later by signal. Used by one layer."""

    grid: TileGrid | None

    @property
    def opened(self) -> SignalInstance: ...

    @property
    def arrived(self) -> SignalInstance: ...

    @property
    def again(self) -> SignalInstance: ...

    @property
    def restyled(self) -> SignalInstance: ...

    def want(self, keys: Sequence[TileKey]) -> None: ...


class TileLayer(QObject):
    """A layer of one map. opacity: percent. min_scale, max_scale: pixels per degree, 0 for no limit.

    Signals:
        changed: there is more to show; paint again.
    """

    changed = Signal()

    def __init__(self, source: TileSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.opacity = 100
        self.min_scale = self.max_scale = 0.0
        self._source = source
        self._kept: OrderedDict[TileKey, QImage | None] = OrderedDict()
        self._bytes = 0
        self._wished: list[TileKey] = []
        self._shown_count = 0
        self.too_far = False  # nothing is drawn at this scale: it would take too many tiles
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)
        self._telling = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._telling.timeout.connect(self.changed)
        source.opened.connect(self.changed)
        source.arrived.connect(self._take)
        source.again.connect(self._again)
        source.restyled.connect(self._forget)

    @property
    def waiting(self) -> bool:
        """Tell whether tiles of the last picture are still to come."""
        return bool(self._wished)

    def draw(self, painter: QPainter, frame: MapFrame, ratio: float, *, moving: bool) -> None:
        """Paint in widget pixels within the painter's own clip; ratio: device pixels per widget pixel."""
        if self.opacity <= 0 or frame.scale < self.min_scale or 0 < self.max_scale < frame.scale:
            return
        grid = self._source.grid
        if grid is None:
            self._wish([])
            return
        keys = needed_tiles(grid, frame, ratio)
        self.too_far = len(keys) > TILES_MAX
        if self.too_far:
            return
        self._shown_count = len(keys)
        painter.save()
        painter.setOpacity(painter.opacity() * self.opacity / 100)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not moving)
        missing = []
        for key in keys:
            picture = self._kept.get(key)
            if picture is not None:
                self._kept.move_to_end(key)
                painter.drawImage(_target(grid.rect(key), frame, ratio), picture)
            elif key in self._kept:
                self._stand_in(painter, grid, key, frame, ratio, absent=True)
            else:
                missing.append(key)
                self._stand_in(painter, grid, key, frame, ratio, absent=False)
        painter.restore()
        self._wish(missing)

    def _stand_in(
        self, painter: QPainter, grid: TileGrid, key: TileKey, frame: MapFrame, ratio: float, *, absent: bool
    ) -> None:
        """Paint a part of a tile above, else what there is of the tiles below."""
        rect = grid.rect(key)
        for up in range(1, min(FAR, key.z - grid.min_zoom) + 1):
            above = self._kept.get(key.parent(up))
            if above is not None:
                painter.drawImage(_target(rect, frame, ratio), above, _part(above, grid.rect(key.parent(up)), rect))
                return
        if not absent:
            for child in key.children():
                below = self._kept.get(child)
                if below is not None:
                    painter.drawImage(_target(grid.rect(child), frame, ratio), below)

    # --- tiles come and go --------------------------------------------------------------------
    def _wish(self, missing: list[TileKey]) -> None:
        if missing != self._wished or self._source.grid is None:
            self._wished = missing
            self._asking.start()

    def _ask(self) -> None:
        self._source.want(self._wished)

    def _take(self, key: TileKey, picture: QImage | None) -> None:
        before = self._kept.pop(key, None)
        self._bytes += _size(picture) - _size(before)
        self._kept[key] = picture
        if key in self._wished:
            self._wished = [k for k in self._wished if k != key]
        while self._bytes > KEPT_BYTES and len(self._kept) > 2 * self._shown_count:
            self._bytes -= _size(self._kept.popitem(last=False)[1])
        if not self._telling.isActive():
            self._telling.start()

    def _again(self) -> None:
        """Ask once more for what is missing."""
        self._wished = []
        self.changed.emit()

    def _forget(self) -> None:
        """Let go of pictures in the colours of another theme."""
        self._kept = OrderedDict()
        self._bytes = 0
        self._again()


def needed_tiles(grid: TileGrid, frame: MapFrame, ratio: float) -> list[TileKey]:
    """Return the tiles of a frame from the middle outwards; more than TILES_MAX are not sorted."""
    z = grid.zoom_for(frame.scale * ratio)
    half_x, half_y = frame.width / 2 / frame.scale, frame.height / 2 / frame.scale
    view = MapRect(frame.x - half_x, frame.y + half_y, frame.x + half_x, frame.y - half_y)
    columns, rows = grid.covering(z, view)
    if len(columns) * len(rows) > TILES_MAX:
        return [TileKey(z, columns.start, rows.start)] * (TILES_MAX + 1)
    middle_x, middle_y = (columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2
    places = ((x, y) for x in columns for y in rows)
    from_middle = sorted(places, key=lambda p: (p[0] - middle_x) ** 2 + (p[1] - middle_y) ** 2)
    return [TileKey(z, x, y) for x, y in from_middle]


def _target(rect: MapRect, frame: MapFrame, ratio: float) -> QRectF:
    """Return a tile's place in widget pixels, its edges on whole device pixels so that neighbours meet."""

    def snapped(pixels: float) -> float:
        return round(pixels * ratio) / ratio

    left = snapped((rect.left - frame.x) * frame.scale + frame.width / 2)
    right = snapped((rect.right - frame.x) * frame.scale + frame.width / 2)
    top = snapped((frame.y - rect.top) * frame.scale + frame.height / 2)
    bottom = snapped((frame.y - rect.bottom) * frame.scale + frame.height / 2)
    return QRectF(left, top, right - left, bottom - top)


def _part(picture: QImage, whole: MapRect, wanted: MapRect) -> QRectF:
    kx = picture.width() / (whole.right - whole.left)
    ky = picture.height() / (whole.top - whole.bottom)
    return QRectF(
        (wanted.left - whole.left) * kx,
        (whole.top - wanted.top) * ky,
        (wanted.right - wanted.left) * kx,
        (wanted.top - wanted.bottom) * ky,
    )


def _size(picture: QImage | None) -> int:
    return picture.sizeInBytes() if picture is not None else 0
