"""The shaded band of a forecast, open where a step is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from console.look import Look
from console.viewdata.curves import Band, HydrographView
from widgets.plot_curves import token_of

WASH = 46  # of 255: the forecast's own line stays plain to see


class PlotBands:
    """Bands in the boxes of their curves, below every line."""

    def __init__(self, level_box: Any, flow_box: Any, look: Look) -> None:
        self._boxes = (level_box, flow_box)
        self._look = look
        self._drawn: list[tuple[Any, pg.PlotCurveItem]] = []

    def show_view(self, view: HydrographView) -> None:
        self.clear()
        for band in view.bands:
            for piece in band.pieces():
                self._put(band, piece)

    def _put(self, band: Band, piece: slice) -> None:
        t, low, high = (part[piece] for part in (band.t.astype(float), band.low, band.high))
        outline = np.concatenate([t, t[::-1], t[:1]]), np.concatenate([high, low[::-1], high[:1]])
        wash = self._look.color(token_of(band), WASH)
        item = pg.PlotCurveItem(*outline, pen=None, brush=pg.mkBrush(wash), fillLevel="enclosed")
        item.setZValue(-5)
        box = self._boxes[band.role != "level"]
        box.addItem(item, ignoreBounds=True)
        self._drawn.append((box, item))

    def clear(self) -> None:
        for box, item in self._drawn:
            box.removeItem(item)
        self._drawn = []


def reach_of(view: HydrographView, *, level: bool) -> list[NDArray[np.float64]]:
    """Return the bounds that an axis must have room for."""
    return [part for band in view.bands if (band.role == "level") is level for part in (band.low, band.high)]
