"""The scene's colours from the theme's tokens."""

from __future__ import annotations

from PySide6.QtGui import QColor

from console.domain.states import TOKENS, State
from console.look import Look
from scenes.ground.tile import HEIGHT_STOPS_M, Palette
from scenes.render.sky import Sky

WORKS_TOKENS = {
    "unknown": "state.nodata",
    "normal": "state.normal",
    "attention": "state.warning",
    "doubtful": "state.watch",
    "alarm": "state.guaranteed",
    "normal_level": "water",
    "flood_limit": "state.flood_limit",
    "check": "state.guaranteed",
}
# on the relief a colour that can be read as words is mud: surfaces have one of their own
SURFACES = {"state.warning": "scene.state.warning"}
SHADES = {"dark": (0.36, 1.16), "light": (0.62, 1.1)}


def ground_palette(look: Look) -> Palette:
    """Return the colours of height."""
    colors = [look.color(f"scene.height{i}") for i in range(1, len(HEIGHT_STOPS_M) + 1)]
    shadow, light = SHADES.get(look.theme, SHADES["dark"])
    return Palette(tuple((c.red(), c.green(), c.blue()) for c in colors), shadow, light)


def sky(look: Look) -> Sky:
    def rgb(token: str) -> tuple[float, float, float]:
        c: QColor = look.color(token)
        return c.redF(), c.greenF(), c.blueF()

    return Sky((rgb("scene.sky"), rgb("scene.horizon")), (rgb("scene.night"), rgb("scene.night.horizon")))


def surface(look: Look, token: str) -> QColor:
    """Return the colour in which something lies on the ground, and in which the legend shows it."""
    return look.color(SURFACES.get(token, token))


def scene_colors(look: Look) -> dict[str, tuple[float, float, float]]:
    """Return the colours that the renderer draws states and water in, 0 to 1."""
    tokens = {f"state{int(s)}": TOKENS[s] for s in State} | {
        "river": "map.river",
        "river.unknown": "map.river.unknown",
        "water": "water",
        "unknown": "state.nodata",
        "rule": "state.flood_limit",
        "typhoon": "ink.light",
        "forecast": "forecast",
        "wind7": "state.watch",
        "wind10": "state.warning",
        "wind12": "state.guaranteed",
    }
    tokens |= {f"works.{state}": token for state, token in WORKS_TOKENS.items()}
    found = {name: surface(look, token) for name, token in tokens.items()}
    found |= {f"rain.{i}": look.color(f"rain.{i}") for i in range(1, 7)}
    return {name: (c.redF(), c.greenF(), c.blueF()) for name, c in found.items()}
