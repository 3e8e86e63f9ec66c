"""What is written in the scene: labels of stations, reservoirs, crests, typhoons, towns, placed on the drawn ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.scene import SceneFlood, SceneStyle, SceneView
from console.viewdata.scene_works import SceneWorksView
from scenes.build.column_size import HEIGHT, size_at, tops_km
from scenes.camera import OrbitCamera
from scenes.ground.frame import to_local
from scenes.ground.source import Ground
from scenes.labels import ALARM_RANK, Label, LabelSet
from scenes.render.wire import Told

TOWN_FAR_KM = 700.0
SPEED_FAR_KM = 160.0
SIGHT_KM, SIGHT_STEPS, CLEAR_KM = 260.0, 18, 0.05
BREACH_RANK = 160
NEAR_KM = 6.0  # cameras and sensors are named from nearer by
WORKS_RANK = {"alarm": 145, "attention": 115, "doubtful": 40, "normal": 8, "unknown": 3}
WORKS_TOKENS = {
    "unknown": "text.dim",
    "normal": "text",
    "attention": "state.warning",
    "doubtful": "state.watch",
    "alarm": "state.guaranteed",
}


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What words are written of."""

    view: SceneView
    told: Told | None = None
    works: SceneWorksView | None = None
    flood: SceneFlood | None = None
    towns: Sequence[tuple[str, float, float]] = ()

    def parts(self) -> tuple[object, ...]:
        return (self.view, self.told, self.works, self.flood.breaches if self.flood else (), self.towns)


class Spots:
    """Remembers where things stand, so that a frame costs only their projection."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._made: tuple[tuple[object, ...], LabelSet] = ((), LabelSet(()))
        self._places: dict[tuple[float, float], tuple[float, float, float]] = {}

    def wanted(self, shown: Shown, distance_km: float, look: Look) -> LabelSet:
        """Return everything that would be written; made anew only when it, or the step of the distance, is another."""
        size, near, far = size_at(distance_km), distance_km < NEAR_KM, distance_km > TOWN_FAR_KM
        key = (*shown.parts(), size, near, far, look.theme, look.language)
        if any(a is not b and a != b for a, b in zip(key, self._made[0] or (None,) * len(key), strict=True)):
            style = shown.view.style
            labels = self.labels(shown.view, shown.told, size, look)
            labels += self.works(shown.works, style, min(size, distance_km) if near else size)
            labels += self.breaches(shown.flood, style)
            labels += self.towns(shown.towns, distance_km, style.exaggeration)
            self._made = (key, LabelSet(tuple(labels)))
        return self._made[1]

    def labels(self, view: SceneView, told: Told | None, distance_km: float, look: Look) -> list[Label]:
        """Return the labels of a moment for an eye at a distance; heights as drawn."""
        lift = view.style.exaggeration / 1000.0
        layers = view.style.layers
        found: list[Label] = []
        if "stations" in layers and view.stations:
            spots = self._at([(s.lon, s.lat) for s in view.stations])
            tops = tops_km(spots[:, 2] * lift, np.array([s.ratio for s in view.stations]), distance_km)
            for s, (x, y, _), top in zip(view.stations, spots, tops, strict=True):
                token = "text.dim" if s.stale else TOKENS[s.state] if s.state >= State.WARNING else "text"
                found.append(Label(x, y, float(top), s.label, _rank(s.state, s.stale), token, "station", s.code))
        if "reservoirs" in layers:
            for p, (x, y, z) in zip(view.pools, self._at([(p.lon, p.lat) for p in view.pools]), strict=True):
                token = TOKENS[p.state] if p.state >= State.WARNING else "text.dim" if p.level_m is None else "text"
                height = (p.level_m if p.level_m is not None else z) * lift
                if p.label:
                    found.append(Label(x, y, height, p.label, _rank(p.state, p.level_m is None), token, "pool", p.code))
        if told is not None and "water" in layers:
            for river, x, y, level in told.crests:
                words = f"{look.tr('洪峰')} {river} {level:.2f} m"
                found.append(Label(x, y, level * lift + 0.3 * size_at(distance_km) * HEIGHT, words, 90, "accent", "crest"))
        if {"water", "flow"} <= set(layers) and distance_km < SPEED_FAR_KM:
            for reach in view.reaches:
                for lon0, lat0, lon1, lat1, kmh in reach.speeds:
                    ((x, y, z),) = self._at([((lon0 + lon1) / 2, (lat0 + lat1) / 2)])
                    words = f"{look.tr('洪水传播')} {kmh:.1f} km/h"
                    found.append(Label(x, y, z * lift, words, -20, "text.dim", "crest"))
        if "typhoon" in layers:
            for t in view.typhoons:
                if t.now is not None:
                    x, y = (float(v) for v in to_local(t.now.lon, t.now.lat))
                    wind = f" {t.now.wind_ms:g} m/s" if t.now.wind_ms is not None else ""
                    found.append(Label(x, y, 0.03 * distance_km, f"{t.name}{wind}", 95, "text", "wind", t.code))
        return found

    def works(self, works: SceneWorksView | None, style: SceneStyle, distance_km: float) -> list[Label]:
        """Return the names of works; cameras and sensors only from close by."""
        if works is None or "works" not in style.layers:
            return []
        lift = style.exaggeration / 1000.0
        places = [(w.line[len(w.line) // 2] if len(w.line) > 1 else (w.lon, w.lat)) for w in works.works]
        found = []
        for w, (x, y, z) in zip(works.works, self._at(places), strict=True):
            state = WORKS_RANK.get(w.state, 0)
            height = max(z, w.water_m or z, w.crest_m or z) * lift + 0.022 * distance_km
            found.append(Label(x, y, height, w.label or w.name, state, WORKS_TOKENS[w.state], "works", w.code))
        areas = [a for a in works.areas if a.ring]
        for area, (x, y, z) in zip(areas, self._at([a.ring[0] for a in areas]), strict=True):
            found.append(Label(x, y, z * lift, area.label or area.name, 5, "text", "works", area.code))
        if distance_km < 4 * NEAR_KM:
            for spot, (x, y, z) in zip(works.spots, self._at([(s.lon, s.lat) for s in works.spots]), strict=True):
                text = spot.label or spot.name
                rank, ink = WORKS_RANK.get(spot.state, -5), WORKS_TOKENS[spot.state]
                found.append(Label(x, y, z * lift, text, rank, ink, "works", spot.code, NEAR_KM))
        return found

    def breaches(self, flood: SceneFlood | None, style: SceneStyle) -> list[Label]:
        if flood is None or "flood" not in style.layers or not flood.breaches:
            return []
        spots = self._at([(lon, lat) for lon, lat, _ in flood.breaches])
        lift = style.exaggeration / 1000.0
        return [
            Label(x, y, z * lift, words, BREACH_RANK, "state.guaranteed", "works")
            for (_, _, words), (x, y, z) in zip(flood.breaches, spots, strict=True)
        ]

    def hidden(self, places: NDArray[np.float64], camera: OrbitCamera, lift: float) -> NDArray[np.bool_]:
        """Tell which places (n, 3), local km as drawn, stand behind ground; from far above nothing does."""
        if not len(places) or camera.distance_km > SIGHT_KM:
            return np.zeros(len(places), bool)
        eye = np.array(camera.eye)
        shares = 1.0 - np.geomspace(0.006, 0.9, SIGHT_STEPS)  # of the way, closest near the label
        way = eye + (places[:, None, :] - eye) * shares[None, :, None]
        ground = np.nan_to_num(self._ground.heights(way[..., 0], way[..., 1], 0.2)) * lift / 1000.0
        return np.asarray((ground > way[..., 2] + CLEAR_KM).any(axis=1))

    def towns(self, places: Sequence[tuple[str, float, float]], distance_km: float, exaggeration: float) -> list[Label]:
        if distance_km > TOWN_FAR_KM or not places:
            return []
        spots = self._at([(lon, lat) for _, lon, lat in places])
        lift = exaggeration / 1000.0
        return [
            Label(x, y, z * lift, name, -50, "text", "place") for (name, _, _), (x, y, z) in zip(places, spots, strict=True)
        ]

    def _at(self, places: Sequence[tuple[float, float]]) -> np.ndarray:
        """Return local x, y (km) and ground height (m) of places in degrees, (n, 3)."""
        new = [p for p in dict.fromkeys(places) if p not in self._places]
        if new:
            lonlat = np.array(new)
            x, y = to_local(lonlat[:, 0], lonlat[:, 1])
            z = np.nan_to_num(self._ground.heights(x, y, 0.2).astype(float))
            self._places.update(zip(new, zip(x.tolist(), y.tolist(), z.tolist(), strict=True), strict=True))
        return np.array([self._places[p] for p in places]).reshape(-1, 3)


def _rank(state: State, stale: bool) -> int:
    return ALARM_RANK + 10 * int(state) if state >= State.WARNING and not stale else 10 * int(state)
