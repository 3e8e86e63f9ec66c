"""A chart on white paper as SVG: lines stay lines and words stay words at any size of print.

Written by hand rather than through the screen's plots: those keep times as seconds since 1970, of which the drawing
formats of the toolkit write six figures, so that hours are lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

from console.viewdata.briefing import Chart, Line

WIDE, HIGH = 900.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 74.0, 16.0, 46.0, 44.0
FAMILY = "Noto Sans CJK SC, Microsoft YaHei, SimSun, sans-serif"
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
TICKS = 6
NEAR = 0.35  # of the range: a limit farther off is told by nobody here, for it would flatten the curves


@dataclass(frozen=True, slots=True)
class Inks:
    """Colours as #rrggbb. ground: of the paper; lines: of the curves, in order; ink: of dots, dim: of figures."""

    ground: str
    ink: str
    dim: str
    grid: str
    limit: str
    lines: tuple[str, ...]


def chart_svg(chart: Chart, inks: Inks) -> bytes:
    """Return a chart as SVG; one without any value is an empty frame."""
    known = [(x, y) for line in chart.lines for x, y in line.points if y is not None and math.isfinite(y)]
    xs, ys = [x for x, _ in known] or [0.0, 1.0], [y for _, y in known] or [0.0, 1.0]
    near = [v for _, v in chart.limits if min(ys) - NEAR * _span(ys) <= v <= max(ys) + NEAR * _span(ys)]
    low, high, step = _axis(min([*ys, *near]), max([*ys, *near]))
    left, right, hours = _axis(min(xs), max(xs), steps=(6.0, 12.0, 24.0, 48.0), tight=True)

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (x - left) / (right - left) * (WIDE - LEFT - RIGHT),
            HIGH - BOTTOM - (y - low) / (high - low) * (HIGH - TOP - BOTTOM),
        )

    parts = [f'<rect width="{WIDE:g}" height="{HIGH:g}" fill="{inks.ground}"/>']
    for k in range(round((high - low) / step) + 1):
        x, y = at(left, low + k * step)
        parts.append(_line((x, y), (WIDE - RIGHT, y), inks.grid))
        parts.append(_text(x - 6, y + 4, _figure(low + k * step, step), "end", inks.dim))
    for k in range(int((right - left) // hours) + 1):
        x, y = at(left + k * hours, low)
        parts.append(_line((x, y), (x, TOP), inks.grid))
        parts.append(_text(x, y + 18, f"+{left + k * hours:g} h", "middle", inks.dim))
    parts.append(_text(WIDE - RIGHT, HIGH - 6, chart.start, "end", inks.dim))
    parts.append(_text(8, TOP - 18, chart.unit, "start", inks.dim))
    for words, value in chart.limits:
        if value in near:
            a, b = at(left, value), at(right, value)
            parts.append(_line(a, b, inks.limit, dash="7 5"))
            parts.append(_text(b[0] - 4, b[1] - 5, f"{words} {value:g}", "end", inks.limit))
    parts += [_curve(line, _ink(chart, i, inks), at) for i, line in enumerate(chart.lines)]
    parts += _legend(chart, inks)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:g} {HIGH:g}" width="{WIDE:g}" height="{HIGH:g}"'
    return f'{head} font-family="{FAMILY}" font-size="13">{"".join(parts)}</svg>'.encode()


def _ink(chart: Chart, i: int, inks: Inks) -> str:
    place = sum(not one.dots for one in chart.lines[:i])
    return inks.ink if chart.lines[i].dots else inks.lines[place % len(inks.lines)]


def _curve(line: Line, ink: str, at: object) -> str:
    made, joined = [], False
    for x, y in line.points:
        if y is None or not math.isfinite(y):
            joined = False
            continue
        px, py = at(x, y)  # type: ignore[operator]
        if line.dots:
            made.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2.2" fill="{ink}"/>')
        else:
            made.append(f"{'L' if joined else 'M'}{px:.1f} {py:.1f}")
            joined = True
    if line.dots:
        return "".join(made)
    return f'<path d="{"".join(made)}" fill="none" stroke="{ink}" stroke-width="2"/>' if made else ""


def _legend(chart: Chart, inks: Inks) -> list[str]:
    parts, x = [], LEFT
    most = (WIDE - LEFT - RIGHT) / max(1, len(chart.lines)) - 50  # each has its share of the line
    for i, line in enumerate(chart.lines):
        ink, name = _ink(chart, i, inks), _shortened(line.name, most)
        mark = (
            f'<circle cx="{x + 9:g}" cy="20" r="3" fill="{ink}"/>' if line.dots else _line((x, 20), (x + 18, 20), ink, wide=2.4)
        )
        parts += [mark, _text(x + 24, 25, name, "start", inks.dim)]
        x += 24 + 18 + _width(name)
    return parts


def _width(words: str) -> float:
    return sum(13 if ord(ch) > 0x2E7F else 7.5 for ch in words)


def _shortened(words: str, most: float) -> str:
    kept = words
    while len(kept) > 1 and _width(kept) > most:
        kept = kept[:-1]
    return kept if kept == words else f"{kept[:-1]}…"


def _axis(low: float, high: float, steps: tuple[float, ...] = (), *, tight: bool = False) -> tuple[float, float, float]:
    """Return lowest, highest and step of an axis that holds these values."""
    span = max(high - low, abs(high) * 1e-3, 1e-6)
    if steps:
        step = next((s for s in steps if span / s <= 2 * TICKS), steps[-1])
    else:
        decade = 10.0 ** math.floor(math.log10(span / TICKS))
        step = next(s * decade for s in STEPS if s * decade >= span / TICKS)
    if tight:
        return low, low + span, step
    return math.floor(low / step + 1e-9) * step, math.ceil((low + span) / step - 1e-9) * step, step


def _span(values: list[float]) -> float:
    return max(max(values) - min(values), 1e-6)


def _figure(value: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if decimals and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1  # a step of 0.25
    return f"{value:,.{decimals}f}".replace(",", " ")


def _line(a: tuple[float, float], b: tuple[float, float], ink: str, *, wide: float = 1.0, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}"'
    return f'<line {ends} stroke="{ink}" stroke-width="{wide:g}"{dashed}/>'


def _text(x: float, y: float, words: str, anchor: str, ink: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{ink}">{escape(words)}</text>'
