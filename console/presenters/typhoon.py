"""Typhoons at a moment: the track so far, where it is now, what was forecast then, the likely area."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any

import shapely

from console.domain.objects import Thing
from console.viewdata.map import TyphoonPoint, TyphoonView

KM_PER_DEGREE = 111.32
# likely radius in km by lead time in hours, where the forecast brings none of its own: the share of about
# 70 % of a centre's mean track error. Source: general figures of recent years, shown as 示意
ERROR_KM = ((0, 0.0), (12, 40.0), (24, 70.0), (48, 120.0), (72, 190.0), (120, 320.0))
SILENT_S = 12 * 3600  # a typhoon whose last fix is older than this is over


def typhoon_views(things: Iterable[Thing], moment: float, now: float | None = None) -> tuple[TyphoonView, ...]:
    """Return the typhoons that are under way at the moment; what breaks the contract is left out.

    now: until when anything was fixed, None for the moment itself. A later moment is told by the newest forecast,
    as far as it reaches.
    """
    return tuple(v for v in (_view(t, moment, moment if now is None else min(now, moment)) for t in things) if v is not None)


def _view(thing: Thing, moment: float, now: float) -> TyphoonView | None:
    fixes = sorted((p for p in map(_point, _list(thing.facts, "fixes")) if p is not None), key=lambda p: p.t)
    past = [p for p in fixes if p.t <= now]
    if not past or now - past[-1].t > SILENT_S:
        return None
    forecast = max(
        (f for f in _list(thing.facts, "forecasts") if _number(f.get("issued")) is not None and f["issued"] <= now),
        key=lambda f: f["issued"],
        default=None,
    )
    ahead = [p for p in map(_point, _list(forecast or {}, "points")) if p is not None and p.t > past[-1].t]
    ahead.sort(key=lambda p: p.t)
    cone, place, track = _cone(past[-1], ahead), past[-1], past[:-1]
    if moment > now:
        there = _between([past[-1], *ahead], moment)
        if there is None:
            return None
        place, track, ahead = there, past, [p for p in ahead if p.t > moment]
    return TyphoonView(
        code=thing.code,
        name=thing.name,
        track=tuple(track),
        ahead=tuple(ahead),
        now=place,
        cone=cone,
        fixed_t=past[-1].t,
        issuer=str((forecast or {}).get("issuer", "")),
    )


def _between(points: list[TyphoonPoint], moment: float) -> TyphoonPoint | None:
    """Return where a forecast has the centre at a moment, on the straight line between its points; None beyond them."""
    for a, b in itertools.pairwise(points):
        if a.t <= moment <= b.t:
            k = (moment - a.t) / (b.t - a.t) if b.t > a.t else 1.0
            wind = a.wind_ms + k * (b.wind_ms - a.wind_ms) if a.wind_ms is not None and b.wind_ms is not None else b.wind_ms
            lon, lat = a.lon + k * (b.lon - a.lon), a.lat + k * (b.lat - a.lat)
            return TyphoonPoint(int(moment), lon, lat, wind, None, b.radii_km if k == 1.0 else (), forecast=True, word="预报")
    return None


def _list(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = raw.get(key)
    return [v for v in value[:2000] if isinstance(v, Mapping)] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if known else None  # type: ignore[arg-type]


def _positive(value: object) -> float | None:
    known = _number(value)
    return known if known is not None and known >= 0 else None


def _point(raw: Mapping[str, Any]) -> TyphoonPoint | None:
    t, lon, lat = (_number(raw.get(k)) for k in ("t", "lon", "lat"))
    if t is None or lon is None or lat is None or not (-180 <= lon <= 180 and -80 <= lat <= 80):
        return None
    radii = []
    for force in (7, 10, 12):
        four = raw.get(f"r{force}_km")
        values = [_number(v) for v in four] if isinstance(four, list) else [_number(four)] * 4
        if len(values) == 4 and all(v is not None and 0 <= v < 2000 for v in values):
            radii.append((force, (values[0] or 0.0, values[1] or 0.0, values[2] or 0.0, values[3] or 0.0)))
    return TyphoonPoint(
        int(t),
        lon,
        lat,
        _positive(raw.get("wind_ms")),
        _number(raw.get("pressure_hpa")),
        tuple(radii),
        word=str(raw.get("word", "")),
    )


def _cone(now: TyphoonPoint, ahead: list[TyphoonPoint]) -> tuple[tuple[float, float], ...]:
    """Return the area that the growing error circles along the forecast sweep; empty without a forecast."""
    if not ahead:
        return ()
    scale = math.cos(math.radians(now.lat))
    points = [now, *ahead]
    discs = []
    for point in points:
        km = _error_km((point.t - now.t) / 3600)
        discs.append(shapely.Point(point.lon * scale, point.lat).buffer(max(km, 2.0) / KM_PER_DEGREE))
    swept = shapely.union_all([shapely.convex_hull(shapely.union_all([a, b])) for a, b in itertools.pairwise(discs)])
    return tuple((x / scale, y) for x, y in swept.exterior.coords) if swept.geom_type == "Polygon" else ()


def _error_km(hours: float) -> float:
    for (h0, k0), (h1, k1) in itertools.pairwise(ERROR_KM):
        if hours <= h1:
            return k0 + (k1 - k0) * (hours - h0) / (h1 - h0)
    return ERROR_KM[-1][1]
