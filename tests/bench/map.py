"""Target 25: 20,000 stations and 5,000 reaches; pan and zoom including the paint."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from console.domain.states import State
from console.look import Look
from console.viewdata.basemap import BaseMap
from console.viewdata.map import MapCounts, MapStations, MapView
from tests.bench.measure import application, each_ms
from tests.bench.run import Row


def run() -> Iterator[Row]:
    application()
    from widgets.map_widget import MapWidget

    rng = np.random.default_rng(3)
    n = 20_000
    state = rng.choice([0, 0, 0, 0, 0, 0, 0, 0, 1, 2], n)
    stations = MapStations(
        tuple(f"S{i}" for i in range(n)),
        rng.uniform(109.8, 117.2, n),
        rng.uniform(20.5, 25.5, n),
        state,
        np.zeros(n, bool),
        ("state",) * n,
        ("river",) * n,
        tuple((f"站{i}", "12.34", "+0.12", 1) for i in range(n)),
    )
    reaches = {}
    for i in range(5000):
        start = np.array([rng.uniform(110, 117), rng.uniform(21, 25.4)])
        reaches[f"R{i}"] = (start + np.cumsum(rng.normal(0, 0.01, (20, 2)), axis=0),)
    widget = MapWidget(Look())
    widget.resize(1280, 800)
    widget.set_layers(("admin", "rivers", "cities", "reservoir", "river"))
    widget.set_base(BaseMap(rivers=reaches))
    widget.show_view(MapView(stations, {}, MapCounts(n, int((state >= 2).sum()), 0, 0)))
    widget.show()
    widget.grab()
    frame = widget.frame

    def move(i: int):
        if i % 10 == 9:
            widget._move(widget.frame.zoomed(1.15 if i % 20 == 9 else 1 / 1.15, 640, 400))
        else:
            widget._move(widget.frame.moved(9 * np.cos(i), 9 * np.sin(i)))
        widget.grab()

    spent = each_ms([lambda i=i: move(i) for i in range(80)])
    x, y, shown = widget.content.objects.visible(widget.frame, {"river": 100}, frozenset())
    inside = (x > 0) & (y > 0) & (x < 1280) & (y < 800) & (state >= int(State.WARNING))
    hidden = int(inside.sum() - np.isin(np.flatnonzero(inside), shown).sum())
    widget.set_frame(frame)
    widget.set_layers(())
    empty = float(np.percentile(each_ms([lambda: widget.grab()] * 20), 95))
    p95 = float(np.percentile(spent, 95))
    widget.close()
    widget.deleteLater()
    floor = f"只铺底图 {empty:.1f} ms，超警被隐藏 {hidden} 站"
    yield Row("25", p95, "ms p95 平移缩放含绘制 20000 站", floor, "≤ 25 ms，超警不隐藏", p95 <= 25 and hidden == 0)
