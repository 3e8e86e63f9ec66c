"""The sky's colours."""

from __future__ import annotations

from dataclasses import dataclass

Color = tuple[float, float, float]


DAY: Color = (1.0, 1.0, 1.0)  # the light on the ground
NIGHT: Color = (0.42, 0.5, 0.68)


@dataclass(frozen=True, slots=True)
class Sky:
    """Colours by day and by night, 0 to 1: overhead and at the horizon; the ground fades into the latter."""

    day: tuple[Color, Color]
    night: tuple[Color, Color]
