"""Which layers a map shows, in which order, how see-through; part of the Situation, so it travels with a cast."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GROUND = {"admin": "政区", "rivers": "河流水系", "cities": "地名"}
DRAPES = {"isohyets": "等值面雨量", "thiessen": "泰森多边形"}
MARKS = {"facilities": "工程", "typhoon": "台风", "cameras": "摄像头", "notes": "标绘"}
OWN = "map:"  # a layer that the user added
OLD_NAMES = {"stations": "river", "reservoirs": "reservoir"}


@dataclass(frozen=True, slots=True)
class LayerState:
    """One shown layer. opacity: 0 to 100."""

    code: str
    opacity: int = 100

    def text(self) -> str:
        return self.code if self.opacity == 100 else f"{self.code}@{self.opacity}"


def read_layers(texts: Iterable[str]) -> tuple[LayerState, ...]:
    """Return shown layers from the bottom up; what cannot be read shows fully, a name twice counts once."""
    found: dict[str, LayerState] = {}
    for text in texts:
        code, _, share = text.partition("@")
        code = OLD_NAMES.get(code, code)
        opacity = min(100, int(share)) if share.isascii() and share.isdigit() else 100
        if code and code not in found:
            found[code] = LayerState(code, opacity)
    return tuple(found.values())


def layer_texts(layers: Iterable[LayerState]) -> tuple[str, ...]:
    return tuple(layer.text() for layer in layers)


def toggled(layers: tuple[LayerState, ...], code: str, shown: bool, order: tuple[str, ...]) -> tuple[LayerState, ...]:
    """Return the layers with one switched; a layer that comes back takes its place in the default order."""
    kept = [layer for layer in layers if layer.code != code]
    if not shown:
        return tuple(kept)
    rank = {name: i for i, name in enumerate(order)}
    mine = rank.get(code, len(order))
    place = next((i for i, layer in enumerate(kept) if rank.get(layer.code, -1) > mine), len(kept))
    return (*kept[:place], LayerState(code), *kept[place:])


def moved(layers: tuple[LayerState, ...], code: str, step: int) -> tuple[LayerState, ...]:
    """Return the layers with one raised (step 1) or lowered (step −1) among those shown."""
    found = list(layers)
    at = next((i for i, layer in enumerate(found) if layer.code == code), None)
    if at is None or not 0 <= at + step < len(found):
        return layers
    found[at], found[at + step] = found[at + step], found[at]
    return tuple(found)


def faded(layers: tuple[LayerState, ...], code: str, opacity: int) -> tuple[LayerState, ...]:
    return tuple(LayerState(code, max(5, min(100, opacity))) if x.code == code else x for x in layers)
