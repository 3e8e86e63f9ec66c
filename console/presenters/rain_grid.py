"""Gridded rain, by radar or by a model, over the sandbox: its picture in the weather service's colours, and its words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from console.domain.rain import BOUNDS_24H, TOKENS
from console.presenters.wording import Translate
from console.viewdata.inundation import InundationView
from console.viewdata.scene import SceneFlood
from scenes.ground.frame import ORIGIN_M

ALPHA = 125
MM = 1000.0  # a grid is kept in metres of water
Legend = tuple[tuple[str, str, str], ...]  # symbol, token, text


def paint_rain(view: InundationView, _mode: str, colors: Mapping[str, tuple[int, int, int]]) -> SceneFlood:
    """Return the rain of a moment; no rain and unknown rain are clear: the ground beneath claims nothing of either."""
    mm = np.nan_to_num(view.depth_m * MM)
    kind = np.searchsorted(np.array(BOUNDS_24H), mm, side="right")
    table = np.array([(0, 0, 0, 0), *((*colors[t], ALPHA) for t in TOKENS)], np.uint8)
    rgba = table[kind]
    west, south, east, north = view.extent_m
    x, y = ORIGIN_M
    box = ((west - x) / 1000, (south - y) / 1000, (east - x) / 1000, (north - y) / 1000)
    key = hashlib.blake2b(rgba.tobytes() + repr(box).encode(), digest_size=12).hexdigest()
    return SceneFlood(key, box, rgba)


def rain_legend(view: InundationView, tr: Translate) -> Legend:
    """Return the grades that are in the picture. The bounds are those of 24 h; the grid's own step says what they sum."""
    mm = view.depth_m * MM
    tops = (*BOUNDS_24H[1:], np.inf)
    found = []
    for token, low, top in zip(TOKENS, BOUNDS_24H, tops, strict=True):
        if ((mm >= low) & (mm < top)).any():
            words = f"{low:g}–{top:g} mm" if np.isfinite(top) else f"≥{low:g} mm"
            found.append(("band", token, f"{tr('网格雨量')} {words}"))
    return tuple(found)


def rain_note(view: InundationView, tr: Translate) -> str:
    """Return whose rain it is; a computed one says so."""
    made = {True: f"{tr('模拟')} · ", False: "", None: ""}[view.simulated]
    return f"{tr('网格雨量')}：{made}{view.label}" + (f" · {view.source}" if view.source else "")
