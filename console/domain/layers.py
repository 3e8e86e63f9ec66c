"""Which layers a map shows, in which order, how see-through; part of the Situation, so it travels with a cast."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

GROUND = {"admin": "政区", "rivers": "河流水系", "cities": "地名"}
DRAPES = {"isohyets": "等值面雨量", "thiessen": "泰森多边形"}
MARKS = {"facilities": "工程", "typhoon": "台风", "cameras": "摄像头", "notes": "标绘"}
OWN = "map:"  # a layer that the user added
OLD_NAMES = {"stations": "river", "reservoirs": "reservoir"}


@dataclass(frozen=True, slots=True)
class LayerState:
    """One shown layer. opacity: 0 to 100.

    widest_km, narrowest_km: it shows where the view is at most, at least that wide; 0 for no limit, None
    for the limit that the layer declares.
    """

    code: str
    opacity: int = 100
    widest_km: float | None = None
    narrowest_km: float = 0.0

    def text(self) -> str:
        share = "" if self.opacity == 100 else f"@{self.opacity}"
        widest = "" if self.widest_km is None else f"<{self.widest_km:.10g}"
        return f"{self.code}{share}{widest}" + (f">{self.narrowest_km:.10g}" if self.narrowest_km else "")

    def fits(self, width_km: float, declared_km: float = 0.0) -> bool:
        """Tell whether it shows in a view of that width. declared_km: the layer's own widest view, 0 for any."""
        widest = declared_km if self.widest_km is None else self.widest_km
        return not 0 < widest < width_km and width_km >= self.narrowest_km


WIDEST_KM = 99_999.0
FORM = re.compile(r"([^@<>]+)(?:@(\d{1,3}))?(?:<(\d{1,5}(?:\.\d{1,6})?))?(?:>(\d{1,5}(?:\.\d{1,6})?))?")


def read_layers(texts: Iterable[str]) -> tuple[LayerState, ...]:
    """Return shown layers from the bottom up; what cannot be read shows fully, a name twice counts once."""
    found: dict[str, LayerState] = {}
    for text in texts:
        read = FORM.fullmatch(text)
        code = read[1] if read else re.split("[@<>]", text)[0]
        code = OLD_NAMES.get(code, code)
        share, widest, narrowest = read.groups()[1:] if read else (None, None, None)
        if code and code not in found:
            opacity = min(100, int(share)) if share else 100
            found[code] = LayerState(code, opacity, float(widest) if widest else None, float(narrowest or 0))
    return tuple(found.values())


def layer_texts(layers: Iterable[LayerState]) -> tuple[str, ...]:
    return tuple(layer.text() for layer in layers)


def toggled(
    layers: tuple[LayerState, ...], code: str, shown: bool, order: tuple[str, ...], before: LayerState | None = None
) -> tuple[LayerState, ...]:
    """Return the layers with one switched; a layer that comes back takes its place in the default order.

    before: how it was when it was switched off, None for as it is declared.
    """
    kept = [layer for layer in layers if layer.code != code]
    if not shown:
        return tuple(kept)
    rank = {name: i for i, name in enumerate(order)}
    mine = rank.get(code, len(order))
    place = next((i for i, layer in enumerate(kept) if rank.get(layer.code, -1) > mine), len(kept))
    return (*kept[:place], before or LayerState(code), *kept[place:])


def moved(layers: tuple[LayerState, ...], code: str, step: int, among: Collection[str]) -> tuple[LayerState, ...]:
    """Return the layers with one raised (step 1) or lowered (step −1) among those of its sort that are shown."""
    mine = [layer.code for layer in layers if layer.code in among]
    at = mine.index(code) if code in mine else -1
    if at < 0 or not 0 <= at + step < len(mine):
        return layers
    mine[at], mine[at + step] = mine[at + step], mine[at]
    by_code, order = {layer.code: layer for layer in layers}, iter(mine)
    return tuple(by_code[next(order)] if layer.code in among else layer for layer in layers)


def faded(layers: tuple[LayerState, ...], code: str, opacity: int) -> tuple[LayerState, ...]:
    return tuple(replace(x, opacity=max(5, min(100, opacity))) if x.code == code else x for x in layers)


def limited(layers: tuple[LayerState, ...], code: str, which: str, width_km: float) -> tuple[LayerState, ...]:
    """Return the layers with one showing only from the present width on: near, far, or at any for none."""
    width_km = max(width_km, 0.001)
    step = 10.0 ** (math.floor(math.log10(width_km)) - 2)  # three figures are enough
    near = min(math.ceil(width_km / step) * step, WIDEST_KM)  # rounded so that the layer stays under the hand
    far = min(math.floor(width_km / step) * step, WIDEST_KM)

    def limit(layer: LayerState) -> LayerState:
        if which == "near":
            return replace(layer, widest_km=round(near, 6))
        return replace(layer, narrowest_km=round(far, 6)) if which == "far" else replace(layer, widest_km=0.0, narrowest_km=0.0)

    return tuple(limit(x) if x.code == code else x for x in layers)
