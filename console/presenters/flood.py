"""An inundation in the sandbox: its picture, legend, figures and words, from what the views are given."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from console.domain.elements import grouped
from console.domain.time import stamp
from console.engine.depth_grid import DRY, UNKNOWN, WET_M, Flooded, class_of
from console.presenters.wording import Translate
from console.services.flood_desk import FloodAt, FloodDesk
from console.services.flood_frames import FloodNow
from console.texts import printable
from console.viewdata.inundation import BreachPlace, ExposureLine, InundationView
from console.viewdata.inundation_drawn import DRY_TOKEN, TOKENS, UNKNOWN_TOKEN
from console.viewdata.scene import SceneFlood
from scenes.ground.frame import ORIGIN_M

MODE_WORDS = {"depth": "水深", "arrival": "到达时间", "duration": "淹没历时", "max": "最大水深"}
# Bounds of our own (h) between six classes; a bound belongs to the longer class.
HOURS = {"arrival": (1, 3, 6, 12, 24), "duration": (6, 12, 24, 48, 72)}
COLOR_TOKENS = (*TOKENS, UNKNOWN_TOKEN)
PICTURE_PX = 1024
HATCH_PX = 8
SHALLOW_ALPHA, DEEP_ALPHA, TIME_ALPHA = 165, 215, 190
DEEP_M = 3.0  # deeper water hides no more of the ground
HATCH_ALPHA = (40, 120)
HOUR_S = 3600.0
CLASS_WORDS = " · 水深 "  # in the lines of a layer's classes, which follow its total
Legend = tuple[tuple[str, str, str], ...]  # symbol, token, text
Colors = Mapping[str, tuple[int, int, int]]  # of COLOR_TOKENS, 0 to 255


class FloodTarget(Protocol):
    """The strip below the sandbox."""

    def show_results(self, results: Sequence[tuple[str, str]], chosen: str) -> None: ...
    def show_modes(self, modes: Sequence[tuple[str, str]], chosen: str) -> None: ...
    def show_legend(self, rows: Legend) -> None: ...
    def show_words(self, figures: str, exposures: Sequence[str], note: str) -> None: ...
    def show_problems(self, problems: Sequence[str]) -> None: ...


def present_flood(target: FloodTarget, desk: FloodDesk, tr: Translate) -> None:
    """Show all that the desk knows now."""
    now = desk.now
    target.show_results([(e.name, printable(e.label, 60)) for e in desk.entries if e.about is not None], desk.name)
    target.show_modes([(mode, tr(word)) for mode, word in MODE_WORDS.items()], desk.mode)
    target.show_problems([f"{printable(e.name, 60)}：{tr(e.problem)}" for e in desk.entries if e.problem])
    if now is None:
        target.show_legend(())
        target.show_words("", (), "")
        return
    target.show_legend(legend(now.view, now.mode, tr))
    lines = exposure_texts(desk.exposures, tr)
    if lines and desk.counted_at is not None:
        lines = (f"{stamp(desk.counted_at)} {tr('受影响')}：{lines[0]}", *lines[1:])
    target.show_words(figures(now, desk.span, tr), lines, note(now.view, now.mode, tr))


# --- the picture -----------------------------------------------------------------------------------
def paint_flood(view: InundationView, mode: str, colors: Colors, tr: Translate) -> SceneFlood:
    """Return what lies over the ground: classes in their colours, deeper water denser, unknown hatched, dry clear."""
    kinds, density = _classes(view, mode)
    table = np.array([colors[UNKNOWN_TOKEN], colors[TOKENS[0]], *(colors[t] for t in TOKENS)], np.uint8)
    rows, columns = kinds.shape
    large = max(1, PICTURE_PX // max(rows, columns))  # cells keep their edges, and the hatch its fineness
    if large > 1:
        kinds, density = kinds.repeat(large, 0).repeat(large, 1), density.repeat(large, 0).repeat(large, 1)
    rgba = np.empty((*kinds.shape, 4), np.uint8)
    rgba[..., :3] = table[kinds + 1]  # dry ones too, that edges do not darken where the renderer smooths them
    stripes = np.add.outer(np.arange(kinds.shape[0]), np.arange(kinds.shape[1])) // HATCH_PX % 2
    rgba[..., 3] = np.select([kinds == DRY, kinds == UNKNOWN], [0, np.take(HATCH_ALPHA, stripes)], density)
    west, south, east, north = view.extent_m
    x, y = ORIGIN_M
    box = ((west - x) / 1000, (south - y) / 1000, (east - x) / 1000, (north - y) / 1000)
    begun = [b for b in view.breaches if b.since is None or b.since <= view.moment]
    breaches = tuple((b.lon, b.lat, breach_words(b, tr)) for b in begun)
    key = hashlib.blake2b(rgba.tobytes() + repr((box, breaches)).encode(), digest_size=12).hexdigest()
    return SceneFlood(key, box, rgba, breaches)


def _classes(view: InundationView, mode: str) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    """Return UNKNOWN, DRY or the class (the strongest colour is the deepest, first or longest) and its density."""
    if mode in ("depth", "max"):
        density = SHALLOW_ALPHA + np.clip(np.nan_to_num(view.depth_m) / DEEP_M, 0, 1) * (DEEP_ALPHA - SHALLOW_ALPHA)
        return class_of(view.depth_m, view.bounds_m), density.astype(np.uint8)
    values = view.arrival_s if mode == "arrival" else view.duration_s
    if values is None:
        values = np.full(view.depth_m.shape, np.nan)
    hours = (values - (arrival_since(view) or 0.0 if mode == "arrival" else 0.0)) / HOUR_S
    longer = sum((hours >= bound).astype(np.int8) for bound in HOURS[mode])
    found = np.asarray(len(TOKENS) - longer if mode == "arrival" else 1 + longer, np.int8)
    found[np.isinf(hours) if mode == "arrival" else hours == 0] = DRY
    found[np.isnan(hours)] = UNKNOWN
    return found, np.full(found.shape, TIME_ALPHA, np.uint8)


def arrival_since(view: InundationView) -> float | None:
    """Return what arrival is counted from, UTC s: the first breach, else the first water; None where neither is known."""
    known = [b.since for b in view.breaches if b.since is not None]
    if known:
        return min(known)
    times = view.arrival_s[np.isfinite(view.arrival_s)] if view.arrival_s is not None else np.zeros(0)
    return float(times.min()) if len(times) else None


def breach_words(breach: BreachPlace, tr: Translate) -> str:
    parts = [printable(breach.name, 40)]
    if breach.since is not None:
        parts.append(f"{stamp(breach.since)} {tr('启用') if breach.opened else tr('溃口')}")
    if breach.width_m is not None:
        parts.append(f"{tr('宽')} {breach.width_m:g} m")
    return " · ".join(parts)


# --- words -----------------------------------------------------------------------------------------
def legend(view: InundationView, mode: str, tr: Translate) -> Legend:
    """Return (symbol, token, text) of each class, and of unknown ground where there is some."""
    if mode in ("depth", "max"):
        rows = [r for r in view.legend if r.token != DRY_TOKEN and (r.token != UNKNOWN_TOKEN or r.area_m2)]
        return tuple(("band", r.token, f"{tr(r.text)} {area_text(r.area_m2)}") for r in rows)
    values = view.arrival_s if mode == "arrival" else view.duration_s
    if values is None:
        return ()
    bounds = HOURS[mode]
    texts = [
        f"{tr('不足')} {bounds[0]} h",
        *(f"{a}–{b} h" for a, b in pairwise(bounds)),
        f"≥ {bounds[-1]} h",
    ]
    tokens = TOKENS[::-1] if mode == "arrival" else TOKENS
    unknown = (("band", UNKNOWN_TOKEN, tr("未知")),) if np.isnan(values).any() else ()
    return (*(("band", token, text) for token, text in zip(tokens, texts, strict=True)), *unknown)


def figures(now: FloodNow, span: tuple[float, float] | None, tr: Translate) -> str:
    """Return area and volume at the moment, or why there are none."""
    if now.when and span is not None:
        words = tr("计算从此时开始，之前未知") if now.when == "before" else tr("计算到此时为止，之后没有结论")
        return f"{stamp(span[0] if now.when == 'before' else span[1])} {words}"
    return f"{stamp(now.view.moment)} {flooded_text(now.flooded, tr)}"


def flooded_text(flooded: Flooded | None, tr: Translate) -> str:
    area = flooded.area_m2 if flooded is not None else None
    volume = f"{short(flooded.volume_m3 / 1e4)} {tr('万m³')}" if flooded is not None else "—"
    unknown = f" · {tr('未知')} {area_text(flooded.unknown_m2)}" if flooded is not None and flooded.unknown_m2 else ""
    return f"{tr('淹没面积')} {area_text(area)} · {tr('水量')} {volume}{unknown}"


def exposure_texts(lines: Iterable[ExposureLine], tr: Translate) -> tuple[str, ...]:
    """Return one line for each figure, the classes of a layer behind its total."""
    found: list[str] = []
    for line in lines:
        text = f"{printable(line.text, 160)} {quantity(line.number, line.unit)}"
        if CLASS_WORDS in line.text and found:
            found[-1] += f" · {text}"
        else:
            found.append(f"{text}（{tr('来源')}：{printable(line.source, 120)}）")
    return tuple(found)


def note(view: InundationView, mode: str, tr: Translate) -> str:
    """Return what the result is and where it comes from; whether it is simulated stands in its label."""
    since = arrival_since(view) if mode == "arrival" else None
    parts = [printable(view.label, 90), printable(view.source, 200)]
    if since is not None:
        parts.append(f"{tr('到达时间起算')} {stamp(since)}")
    return " · ".join(p for p in parts if p)


def place_words(found: FloodAt | None, tr: Translate) -> str:
    """Return what is said at the cursor, "" where nothing can be."""
    if found is None:
        return ""
    arrival = found.arrival_s if found.arrival_s is not None and math.isfinite(found.arrival_s) else None
    comes = None if arrival is None else round(arrival / 60) * 60.0  # depths know it no better
    if found.depth_m is None:
        return tr("此处未知")
    if found.depth_m < WET_M:
        if comes is None:
            return tr("未淹没")
        return f"{tr('未淹没')} · {stamp(comes)} {tr('到达') if comes > found.moment else tr('曾到达')}"
    parts = [f"{tr('淹没水深')} {found.depth_m:.2f} m"]
    if comes is not None:
        parts.append(f"{stamp(comes)} {tr('到达')}")
        if found.so_far_s is not None:
            parts.append(f"{tr('已淹')} {hours_text(found.so_far_s)}")
        elif found.duration_s is not None:
            parts.append(f"{tr('全程共淹')} {hours_text(found.duration_s)}")
    return " · ".join(parts)


def hours_text(seconds: float) -> str:
    hours = seconds / HOUR_S
    return f"{hours:.0f} h" if hours >= 10 else f"{hours:.2g} h"


def area_text(area_m2: float | None) -> str:
    return "—" if area_m2 is None else f"{short(area_m2 / 1e6)} km²"


def quantity(number: float | None, unit: str) -> str:
    """Return a figure with its unit; lengths from a kilometre on in km, areas in km²."""
    if number is None:
        return "—"
    if unit == "m²":
        return area_text(number)
    if unit == "m" and number >= 1000:
        return f"{number / 1000:.1f} km"
    return f"{short(number)} {unit}".strip()


def short(value: float) -> str:
    """Return a figure of three digits, or whole in groups of three; never more than is known, never 1e-05."""
    if value >= 100:
        return grouped(f"{value:.0f}")
    return f"{value:.3g}" if value >= 0.001 or value == 0 else "<0.001"
