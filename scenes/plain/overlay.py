"""What is painted over the relief: rivers, empty pools, station columns; hidden where the relief stands before them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from console.domain.states import State
from console.look import Look
from scenes.build.column_size import HALF, size_at, tops_km
from scenes.build.shore import circle
from scenes.camera import VIEW_ANGLE, OrbitCamera
from scenes.palette import scene_colors
from scenes.plain.placing import Placed
from scenes.plain.relief_view import Picture

Array = NDArray[np.float64]
RIVER_KM = 0.9
CHUNK = 24  # points of a river that are drawn with one width
SLACK = 0.015  # of the depth: things stand on ground that the picture draws a little coarser
SLICES = 9
SIDES = ((0, 1, 0.0, -1.0, 0.66), (1, 2, 1.0, 0.0, 0.56), (2, 3, 0.0, 1.0, 0.8), (3, 0, -1.0, 0.0, 0.92))
GHOST = 70
CASING = 170  # opacity below a ring, which is seen on unknown ground too
CHOSEN = 1.5  # times as wide, as in the 3-D view
HIDDEN = -9  # below every state


def visible(picture: Picture, x: Array, y: Array, depth: Array, width: int, height: int) -> NDArray[np.bool_]:
    """Tell which projected places, in pixels of a width by height widget, the relief does not hide."""
    rows, columns = picture.depth_km.shape
    with np.errstate(invalid="ignore"):
        i = np.clip(np.nan_to_num(x * columns / width), -9, columns + 9).astype(int)
        j = np.clip(np.nan_to_num(y * rows / height), -9, rows + 9).astype(int)
    inside = (depth > 0) & (i >= 0) & (j >= 0) & (i < columns) & (j < rows)
    seen = np.zeros(len(i), bool)
    for di, dj in ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)):
        ground = picture.depth_km[np.clip(j + dj, 0, rows - 1), np.clip(i + di, 0, columns - 1)]
        seen |= depth <= ground * (1 + SLACK)
    return np.asarray(inside & seen)


def column_tops(placed: Placed, distance_km: float) -> Array:
    """Return the tops (n, 3) of the stations' columns for an eye at a distance, scene km."""
    tops = placed.stations.copy()
    tops[:, 2] = tops_km(tops[:, 2], np.array([s.ratio for s in placed.view.stations]), distance_km)
    return tops


def draw_rivers(painter: QPainter, look: Look, placed: Placed, picture: Picture, width: int, height: int) -> None:
    """Draw each river in runs of one state that the relief leaves visible."""
    camera, colors = picture.camera, scene_colors(look)
    scale = height / 2 / math.tan(math.radians(VIEW_ANGLE / 2))
    runs = []
    for course in placed.courses:
        x, y, depth = camera.project(course.points, width, height)
        seen = visible(picture, x, y, depth, width, height)
        state = np.where(seen, placed.states[course.name], HIDDEN)
        turns = np.diff(state) != 0
        turns[CHUNK::CHUNK] = True
        for run in np.split(np.arange(len(x)), np.flatnonzero(turns) + 1):
            if state[run[0]] == HIDDEN:
                continue
            here = np.append(run, run[-1] + 1) if run[-1] + 1 < len(x) and seen[run[-1] + 1] else run
            line = QPolygonF([QPointF(a, b) for a, b in zip(x[here].tolist(), y[here].tolist(), strict=True)])
            runs.append((line, int(state[run[0]]), min(7.0, max(1.8, RIVER_KM * scale / float(depth[here].mean())))))
    for casing in (True, False):
        for line, state_, wide in runs:
            color = look.color("water.deep") if casing else river_color(colors, State(state_))
            pen = QPen(color, wide + 1.6 if casing else wide)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPolyline(line)


def river_color(colors: dict[str, tuple[float, float, float]], state: State) -> QColor:
    """Return the colour of a stretch: a state's above normal, that of the unknown without data, else the river's own."""
    name = f"state{int(state)}" if state > State.NORMAL else "river.unknown" if state is State.NO_DATA else "river"
    return QColor.fromRgbF(*colors[name])


def draw_empty_pools(painter: QPainter, look: Look, placed: Placed, picture: Picture, width: int, height: int) -> None:
    """Ring the reservoirs whose level is unknown."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    casing = QPen(look.color("panel", CASING), 3.2)
    dashes = QPen(look.color("state.nodata"), 1.6, Qt.PenStyle.DashLine)
    for pool, (x, y, z) in zip(placed.view.pools, placed.pools.tolist(), strict=True):
        if pool.level_m is None:
            rim = circle(x, y, pool.radius_km)
            px, py, depth = picture.camera.project(np.column_stack([rim, np.full(len(rim), z)]), width, height)
            ring = QPolygonF([QPointF(a, b) for a, b in zip(px.tolist(), py.tolist(), strict=True)])
            for pen in (casing, dashes) if (depth > 0).all() else ():
                painter.setPen(pen)
                painter.drawPolygon(ring)


def draw_columns(painter: QPainter, look: Look, placed: Placed, picture: Picture, width: int, height: int) -> None:
    """Draw a box per station, the far ones first; one that a mountain hides shows through it faintly."""
    stations = placed.view.stations
    if not stations:
        return
    camera, colors = picture.camera, scene_colors(look)
    tops = column_tops(placed, camera.distance_km)
    rise = tops[:, 2] - placed.stations[:, 2]
    slices = np.repeat(placed.stations[:, None, :], SLICES, axis=1)
    slices[..., 2] += rise[:, None] * np.linspace(0.0, 1.0, SLICES)
    x, y, depth = camera.project(slices.reshape(-1, 3), width, height)
    seen = visible(picture, x, y, depth, width, height).reshape(-1, SLICES)
    depth = depth.reshape(-1, SLICES)
    for i in np.argsort(-depth[:, 0]):
        if (depth[i] <= 0).any():
            continue
        half = size_at(camera.distance_km) * HALF * (CHOSEN if stations[i].code == placed.view.selected else 1.0)
        color = QColor.fromRgbF(*colors[f"state{int(stations[i].state)}"])
        if seen[i].any():
            lowest = float(np.argmax(seen[i])) / (SLICES - 1) * rise[i]
            _box(painter, color, placed.stations[i] + [0, 0, lowest], float(tops[i, 2]), half, camera, width, height)
        else:
            color.setAlpha(GHOST)
            _box(painter, color, placed.stations[i], float(tops[i, 2]), half, camera, width, height)


def _box(
    painter: QPainter, color: QColor, foot: Array, top: float, half: float, camera: OrbitCamera, width: int, height: int
) -> None:
    x, y, low = (float(v) for v in foot)
    corners = [(x + a * half, y + b * half) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    points = np.array([(*c, low) for c in corners] + [(*c, top) for c in corners])
    px, py, depth = camera.project(points, width, height)
    if (depth <= 0).any():
        return
    spots = [QPointF(a, b) for a, b in zip(px.tolist(), py.tolist(), strict=True)]
    eye = camera.eye
    painter.setPen(Qt.PenStyle.NoPen)
    for a, b, nx, ny, shade in SIDES:
        if (eye[0] - x - nx * half) * nx + (eye[1] - y - ny * half) * ny > 0:
            painter.setBrush(_shaded(color, shade))
            painter.drawPolygon(QPolygonF([spots[a], spots[b], spots[b + 4], spots[a + 4]]))
    if eye[2] > top:
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF(spots[4:]))


def _shaded(color: QColor, shade: float) -> QColor:
    return QColor.fromRgbF(color.redF() * shade, color.greenF() * shade, color.blueF() * shade, color.alphaF())
