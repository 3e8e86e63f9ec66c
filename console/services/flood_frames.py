"""What the inundation desk has its worker threads make: a moment's picture, the whole series' figures, what is under water."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from console.engine.depth_grid import Array, Depth, Flooded, flooded_of
from console.engine.exposure import exposed
from console.engine.exposure_layers import Layer
from console.engine.inundation_grid import DepthSeries, Sweep
from console.services.flood_library import Site, shown_label
from console.store.depth_cache import CachedDepths
from console.viewdata.inundation import ExposureLine, InundationView, LegendRow
from console.viewdata.inundation_drawn import exposure_lines, inundation_view, least_of, legend_rows, most_of
from console.viewdata.scene import SceneFlood

MINUTE_S = 60.0
Paint = Callable[[InundationView, str], SceneFlood]  # of a mode; called on a worker thread


class Going:
    """How far a piece of work is, and whether it is still wanted; written by its thread, read by the desk."""

    def __init__(self) -> None:
        self.share = 0.0
        self.stop = threading.Event()

    def __call__(self, share: float) -> bool:
        self.share = share
        return not self.stop.is_set()


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A result that is open."""

    depths: CachedDepths
    site: Site
    series: DepthSeries


@dataclass(frozen=True, slots=True, eq=False)
class Swept:
    """Of the whole series: on the full grid, and as a view has it. legend: of the greatest depths."""

    sweep: Sweep
    arrival_s: Array
    duration_s: Depth
    deepest_m: Depth
    legend: tuple[LegendRow, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FloodNow:
    """What is shown. when: "before" or "after" the series, else "". depth_m: of the moment, full grid.

    view: of the mode max, its depths and legend are the greatest of the series. picture: None claims nothing.
    """

    view: InundationView
    mode: str
    when: str
    depth_m: Depth
    flooded: Flooded | None
    picture: SceneFlood | None


def drawn_at(
    opened: Opened, moment: float, mode: str, paint: Paint, swept: Swept | None, last: FloodNow | None, _going: Going
) -> FloodNow:
    depths, series, site = opened.depths, opened.series, opened.site
    about = depths.about
    source = "，".join(t for t in (about.file, about.made_by, about.made_at, f"格距 {about.cell_m[0]:.4g} m") if t)
    view = inundation_view(series, moment, shown_label(about, site), source, about.simulated, breaches=site.breaches)
    if swept is not None:
        view = replace(view, arrival_s=swept.arrival_s, duration_s=swept.duration_s)
        if mode == "max":
            view = replace(view, depth_m=swept.deepest_m, legend=swept.legend)
    when = "before" if moment < depths.t_s[0] else "after" if moment > depths.t_s[-1] else ""
    ready = mode == "depth" or swept is not None  # outside the series all of it is unknown, and drawn so
    picture = paint(view, mode) if ready else None
    old = last.picture if last is not None else None
    if picture is not None and old is not None and old.key == picture.key:
        picture = old  # it need not be sent to the renderer again
    depth = series.depth_at_time(moment)
    return FloodNow(view, mode, when, depth, flooded_of(depth, depths.x_m, depths.y_m), picture)


def from_moment(depths: CachedDepths, site: Site, moment: float) -> tuple[CachedDepths, Site]:
    """Return a prepared result as if it began at a moment, its breaches with it."""
    later = moment - float(depths.t_s[0])
    breaches = tuple(b if b.since is None else replace(b, since=b.since + later) for b in site.breaches)
    return replace(depths, t_s=depths.t_s + later), replace(site, breaches=breaches)


def swept_of(depths: CachedDepths, going: Going) -> Swept:
    sweep = DepthSeries(depths).sweep(going=going)  # its own: it would push the moment's two steps out
    return Swept(
        sweep,
        least_of(sweep.arrival_s),
        most_of(sweep.duration_s),
        most_of(sweep.max_depth_m),
        legend_rows(sweep.max_depth_m, depths.x_m, depths.y_m),
    )


def counted(depths: CachedDepths, now: FloodNow, layers: Sequence[Layer], going: Going) -> tuple[ExposureLine, ...]:
    if now.when == "after":
        return ()
    found = [exposed(layer, now.depth_m, depths.x_m, depths.y_m, going=lambda _share: going(0.0)) for layer in layers]
    return tuple(line for e in found for line in exposure_lines(e))


def whole_minute(moment: float, t_s: Array) -> float:
    """Return the whole minute at or before a moment, but never one on the other side of the series' ends."""
    minute, first, last = moment // MINUTE_S * MINUTE_S, float(t_s[0]), float(t_s[-1])
    if moment > last:
        return max(minute, math.nextafter(last, math.inf))
    return max(minute, first) if moment >= first else minute
