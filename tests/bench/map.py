"""Target 25: 20,000 stations and 5,000 reaches; pan and zoom including the paint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from console.domain.states import State
from console.look import Look
from console.store.basemap import with_coarse
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
    widget.set_base(with_coarse(BaseMap(rivers=reaches)))
    kinds = rng.choice([State.NO_DATA, State.NORMAL, State.WATCH, State.WARNING], 5000, p=[0.2, 0.6, 0.1, 0.1])
    told = {name: ((*map(float, line[0]), State(kinds[i])),) for i, (name, (line,)) in enumerate(reaches.items())}
    view = MapView(stations, told, MapCounts(n, int((state >= 2).sum()), 0, 0))
    widget.show_view(view)
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
    rests, changes = [], []
    for i in range(8):  # what the window does when the hand rests, and when one reach gets another state
        widget._move(frame.moved(200.0 * i, 60.0 * i))
        rests += each_ms([lambda: (widget._settled(), widget.grab())]).tolist()
        told["R7"] = ((*told["R7"][0][:2], State.WARNING if i % 2 else State.NORMAL),)
        changes += each_ms([lambda: (widget.show_view(replace(view, reaches=dict(told))), widget.grab())]).tolist()
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
    rest, change = float(np.max(rests)), float(np.max(changes))
    note = f"5000 河段按状态着色；一段变色后重画 {change:.0f} ms"
    yield Row("25", rest, "ms 手停后整幅重画（最大）", note, "≤ 100 ms", max(rest, change) <= 100)
