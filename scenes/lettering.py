"""What is written over the sandbox's picture: labels, legend, notes, compass, scale, the line between two moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtGui import QPainter

from console.look import Look
from console.viewdata.scene import SceneFlood, SceneView
from console.viewdata.scene_works import SceneWorksView
from scenes.camera import OrbitCamera
from scenes.eye import Eye
from scenes.furniture import (
    LegendRow,
    compass_box,
    legend_box,
    note_box,
    paint_compass,
    paint_legend,
    paint_note,
    paint_scale,
)
from scenes.labels import LabelPlacer, Placed, paint_labels
from scenes.plain.plain_picture import PlainPicture
from scenes.render.wire import Told
from scenes.spots import Shown, Spots
from scenes.swipe import Swipe
from scenes.wording import legend_from

NEAR_PX = 14  # of a click to a foot


class LetteredEye(Eye):
    """An eye whose picture has words over it; its subclass brings the picture."""

    def __init__(self, look: Look, *, still: bool) -> None:
        super().__init__(look, still=still)
        self.look = look
        self.view = SceneView()
        self.works: SceneWorksView | None = None
        self.flood: SceneFlood | None = None
        self.told: Told | None = None
        self.places: Sequence[tuple[str, float, float]] = ()
        self.legend: tuple[LegendRow, ...] = ()
        self.notes: tuple[tuple[str, str], ...] = ()
        self.overlay: Callable[[QPainter, OrbitCamera], None] | None = None
        self.furnished = True  # a film brings its own words and scale
        self.swipe = Swipe()
        self._beside: Spots | None = None  # of the compared moment
        self._spots: Spots | None = None
        self._placer = LabelPlacer()
        self._placed: list[Placed] = []
        self.plain: PlainPicture | None = None

    @property
    def cut(self) -> float:
        return self.swipe.share if self.compared else 1.0

    @property
    def compared(self) -> bool:
        """Tell whether two moments are shown; the plainer picture has only one."""
        return self.swipe.other is not None and self.plain is None

    def paint_over(self, painter: QPainter, camera: OrbitCamera) -> None:
        """Paint labels and furniture over a picture that a camera took; a film's frames go through here as well."""
        legend = legend_from(self.legend, camera.distance_km)
        if self._spots is not None:
            self._paint_labels(painter, camera, self._reserved(legend))
        if self.overlay is not None:
            self.overlay(painter, camera)
        if not self.furnished:
            paint_legend(painter, self.look, *self._film_legend(), legend)
            return
        paint_compass(painter, self.look, self.width(), camera.heading)
        paint_scale(painter, self.look, self.width() - 10, self.height() - 10, camera, self.height())
        paint_legend(painter, self.look, 10, 10, legend)
        paint_note(painter, self.look, 10, self.height() - 10, self.notes, self.width() - 240)

    def _film_legend(self) -> tuple[int, int]:
        return round(0.03 * self.width()), round(0.14 * self.height())

    def _reserved(self, legend: tuple[LegendRow, ...]) -> list[QRect]:
        """Return what lies on the picture's glass: no label is written beneath it."""
        width, height = self.width(), self.height()
        line = round(self.cut * width)
        divider = [QRect(line - 2, 0, 4, height)] if self.compared else []
        if not self.furnished:  # a film writes its time above, its words below
            below = QRect(0, round(0.86 * height), width, height)
            above = QRect(round(0.62 * width), 0, width, round(0.12 * height))
            return [legend_box(self.look, *self._film_legend(), legend), below, above, *divider]
        scale = QRect(width - 220, height - 60, 220, 60)
        note = note_box(self.look, 10, height - 10, self.notes, width - 240)
        return [legend_box(self.look, 10, 10, legend), note, compass_box(width), scale, *divider]

    def _paint_labels(self, painter: QPainter, camera: OrbitCamera, reserved: list[QRect]) -> None:
        assert self._spots is not None  # noqa: S101 - asked before
        font, size, chosen = self.look.font("small_px"), (self.width(), self.height()), self.view.selected
        shown = Shown(self.view, self.told, self.works, self.flood, self.places)
        wanted = self._spots.wanted(shown, camera.distance_km, self.look)
        self._placed = self._placer.placed(
            wanted, camera, size, font, chosen, reserved, lambda places: self._hides(places, camera)
        )
        line = round(self.cut * self.width())
        painter.setClipRect(0, 0, line, self.height())
        paint_labels(painter, self._placed, self.look, font, chosen)
        painter.setClipping(False)
        if not self.compared or self.swipe.other is None or self._beside is None:
            return
        (flood,) = self.swipe.flood or (self.flood,)
        there = self._beside.wanted(Shown(self.swipe.other, flood=flood, towns=self.places), camera.distance_km, self.look)
        painter.setClipRect(line, 0, self.width(), self.height())
        paint_labels(painter, self._placer.placed(there, camera, size, font, chosen, reserved), self.look, font, chosen)
        painter.setClipping(False)
        self.swipe.paint(painter, self.look, self.width(), self.height())

    def _hides(self, places: NDArray[np.float64], camera: OrbitCamera) -> NDArray[np.bool_]:
        if self.plain is not None:
            return self.plain.hidden(places, self.width(), self.height())
        assert self._spots is not None  # noqa: S101 - asked before
        return self._spots.hidden(places, camera, self.lift)

    def hit(self, at: QPoint) -> str:
        """Return the object whose label, or whose foot, is at a pixel."""
        named = [p for p in self._placed if p.label.code]
        over = next((p for p in named if p.box.adjusted(0, 0, 0, 14).contains(at)), None)
        near = min(named, key=lambda p: _away(p.foot, at), default=None)
        if over is None and near is not None and _away(near.foot, at) < NEAR_PX:
            over = near
        return over.label.code if over is not None else ""


def _away(foot: QPointF, at: QPoint) -> float:
    return abs(foot.x() - at.x()) + abs(foot.y() - at.y())
