"""From readings around a moment to one judged row per object: pure, for the cache's worker thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from console.domain.elements import LEVELS, Element
from console.domain.freshness import STEADY_M, Freshness, breaks_line, freshness, trend
from console.domain.objects import BY_WORKS, Series, Station
from console.domain.quality import Quality
from console.domain.rain import RainSum, window_sum
from console.domain.states import Judgement, State, judge
from console.domain.vocabulary import Kind
from console.store.cache_reader import UNBELIEVABLE, CacheReader, Rows
from console.texts import printable
from console.viewdata.board import Row, Sample

DAY_S = 86400
MARGIN_S = 2 * 3600


class Windows:
    """Readings around the shown moment, kept in the worker; only what changed is read again."""

    def __init__(self, reader: CacheReader) -> None:
        self._reader = reader
        self._rows: dict[int, Rows] = {}
        self._span = (0, -1)

    def at(self, moment: float, changed: Iterable[int] | None, until: float = 0.0) -> Mapping[int, Rows]:
        """Return each series' readings of at least [moment − 24 h, moment + 2 h], and on to until.

        changed: series to read again; None reads everything again.
        """
        need = (int(moment) - DAY_S - MARGIN_S, int(max(moment + MARGIN_S, until)))
        if changed is None or need[0] < self._span[0] or need[1] > self._span[1]:
            span = (need[0] - DAY_S // 4, need[1] + DAY_S // 4)
            self._rows = self._reader.windows(*span)
            self._span = span
        else:
            for sid in changed:
                self._rows[sid] = self._reader.window(sid, *self._span)
        return self._rows

    @property
    def cold(self) -> bool:
        """Nothing was read yet: the first look takes longest."""
        return self._span[1] < self._span[0]

    def older(self, sid: int, moment: float) -> tuple[int, float | None, int] | None:
        """Return the newest reading before the kept windows, for a series that fell silent."""
        return self._reader.last_before(sid, int(moment))


def sample(series: Series, rows: Rows, moment: float, *, ahead: bool = False) -> Sample | None:
    """Return one series at a moment; None when it has no reading at or before it.

    ahead: the moment is a future one. Else what was once forecast for a moment that has come says nothing of it: a gauge
    that fell silent would look fresh by it.
    """
    forecast_t, forecast_v = _forecast(rows, moment)
    t, value, quality = rows if ahead else measured(rows)
    i = int(np.searchsorted(t, moment, side="right")) - 1
    if i < 0:
        return None
    first = int(np.searchsorted(t, moment - DAY_S))
    before = int(np.searchsorted(t, t[i] - 3600, side="right")) - 1
    near = slice(max(0, min(first, before, i - 1)), i + 2)
    good = np.zeros(len(t), bool)  # nothing is worked out from a doubtful neighbour
    grade = quality[near]
    good[near] = (grade != Quality.SUSPECT) & (grade != Quality.BAD) & np.isfinite(value[near])
    smooth = value[i] if good[i] else np.nan
    if good[i] and i + 1 < len(t) and good[i + 1] and not breaks_line(t[i + 1] - t[i], series.interval_s):
        part = (moment - t[i]) / (t[i + 1] - t[i])
        smooth = value[i] + part * (value[i + 1] - value[i])
    change = None
    if before >= 0 and good[i] and good[before] and t[i] - t[before] <= 3600 + series.interval_s / 2:
        change = float(value[i] - value[before])
    recent = slice(first, i + 1)
    keep = good[recent]
    return Sample(
        sid=series.sid,
        what=series.what,
        t=int(t[i]),
        value=_known(value[i]),
        quality=int(quality[i]),
        smooth=_known(smooth),
        change_1h=change,
        interval_s=series.interval_s,
        source=series.source,
        recent_t=t[recent][keep],
        recent_v=value[recent][keep],
        ahead=ahead,
        forecast_t=forecast_t,
        forecast_v=forecast_v,
    )


def measured(rows: Rows) -> Rows:
    """Return rows without forecasts."""
    t, value, quality = rows
    kept = quality != Quality.FORECAST
    return rows if kept.all() else (t[kept], value[kept], quality[kept])


def _forecast(rows: Rows, moment: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return what is forecast after a moment."""
    t, value, quality = rows
    if not len(t) or t[-1] <= moment or quality[-1] != Quality.FORECAST:  # most series have none
        return t[:0], value[:0]
    kept = (t > moment) & (quality == Quality.FORECAST) & np.isfinite(value)
    return t[kept], value[kept]


def forecast_end(rows: Rows, now: float) -> float:
    """Return the time of a series' last forecast after now, 0 for none."""
    t, _, quality = rows
    return float(t[-1]) if len(t) and t[-1] > now and quality[-1] == Quality.FORECAST else 0.0


def _steady(what: Element) -> float:
    """Return the hourly change that is none: two centimetres of level, else the last digit that is written."""
    return STEADY_M if what.code in LEVELS else 10.0**-what.decimals


def keep_newest(found: dict[str, dict[str, Sample]], series: Series, one: Sample) -> None:
    """Keep the newest sample of an object's element, whichever series it is from."""
    kept = found.setdefault(series.object_code, {})
    if series.element not in kept or kept[series.element].t < one.t:
        kept[series.element] = one


def _known(value: float) -> float | None:
    return float(value) if abs(value) <= UNBELIEVABLE else None  # NaN is neither


def _observed(sample: Sample | None) -> Sample | None:
    """Return a sample that may be judged: a suspect or bad value and a forecast are no observation."""
    return sample if sample is not None and sample.usable else None


def _day_rain(rain: Sample | None, moment: float) -> tuple[float, RainSum | None] | None:
    if rain is None:
        return None
    return moment, window_sum(rain.recent_t, rain.recent_v, rain.interval_s, moment, 24)


def judged(station: Station, samples: Mapping[str, Sample], moment: float, kind: Kind | None = None) -> Row:
    """Return a station's row; the state is judged for the date of its reading, a matter's is told by its status."""
    level = samples.get(station.main_element) if station.kind != "basin" else None
    flow = samples.get("Q")
    rain = samples.get("P")
    main = level or flow or samples.get("OTQ") or rain
    usable, judged_flow = _observed(level), _observed(flow)
    verdict = judge(
        station,
        usable.value if usable else None,
        judged_flow.value if judged_flow else None,
        usable.t if usable else moment,
    )
    if station.kind in BY_WORKS and verdict.state is State.NORMAL:
        verdict = replace(verdict, state=State.UNJUDGED)
    age = None if main is None else max(0.0, moment - main.t)
    fresh = freshness(age, main.interval_s) if main else Freshness.MISSING
    if main is not None and main.ahead and main.quality != Quality.FORECAST:
        verdict, fresh = Judgement(State.NO_DATA, None), Freshness.STALE  # what was measured says nothing of the future
    word = ""
    if kind is not None and kind.ledger:
        state, word = kind.told(station.facts)
        verdict, fresh = replace(verdict, state=state), fresh if main else Freshness.LIVE
    return Row(
        station=station,
        state=verdict.state,
        ledger=kind is not None and kind.ledger,
        word=printable(word, 20),
        freshness=fresh,
        margin_m=verdict.margin_m,
        level=level,
        flow=flow,
        inflow=samples.get("INQ"),
        outflow=samples.get("OTQ"),
        rain=rain,
        trend=trend(usable.change_1h, _steady(usable.what)) if usable else 0,
        age_s=age,
        samples=samples,
        day_rain=_day_rain(samples.get("P"), moment),
        mark=(verdict.state, fresh, word, *((s.sid, s.t, s.value, s.quality, s.change_1h) for s in samples.values())),
    )
