"""Target 1: 8 × 1,000,000 samples; pan and zoom including the paint."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from console.look import Look
from console.viewdata.curves import Curve, HydrographView
from tests.bench.measure import application, each_ms
from tests.bench.run import Row

N = 1_000_000


def view(count: int, samples: int) -> HydrographView:
    rng = np.random.default_rng(1)
    t = np.arange(samples, dtype=np.int64) * 60
    quality = np.zeros(samples, np.int64)
    curves = tuple(
        Curve("level", "水位", "m", t, 20 + np.cumsum(rng.standard_normal(samples)) * 0.01, quality, 60) for _ in range(count)
    )
    return HydrographView("X", "X", float(t[0]), float(t[-1]), float(t[-1]), float(t[-1]), curves)


def pan(widget, samples: int) -> np.ndarray:
    span = samples * 60
    steps = []
    for i in range(60):
        width = span * (0.9 ** (i % 30)) * 0.6
        left = (span - width) * (i % 17) / 17
        steps.append(
            lambda a=left, b=left + width: (widget.item.vb.setXRange(a, b, padding=0), widget.plot.viewport().repaint())
        )
    return each_ms(steps)


def run() -> Iterator[Row]:
    app = application()
    from widgets.hydrograph import Hydrograph

    spent = {}
    for count, samples in ((1, 100), (8, N)):
        widget = Hydrograph(Look())
        widget.resize(1200, 500)
        widget.show()
        widget.show_view(view(count, samples))
        app.processEvents()  # only an exposed window is really painted
        spent[count] = float(np.percentile(pan(widget, samples), 95))
        widget.close()
        widget.deleteLater()
    floor = f"空图同法 {spent[1]:.1f} ms，比值 {spent[8] / spent[1]:.1f}"
    yield Row("1", spent[8], "ms p95 平移缩放含绘制 8×1M", floor, "≤ 33 ms", spent[8] <= 33)
