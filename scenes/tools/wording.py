"""Figures as the tools say them; a minus is a minus, not a hyphen."""

from __future__ import annotations


def km(value: float) -> str:
    """Return a length: metres below a kilometre."""
    return f"{value:.2f} km" if value >= 1 else f"{value * 1000:.0f} m" if value >= 0.01 else f"{value * 1000:.1f} m"


def metres(value: float, digits: int = 2) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f} m".replace("-", "−")  # no "−0.00"


def area(m2: float) -> str:
    return f"{m2 / 1e6:.2f} km²" if m2 >= 1e5 else f"{m2:.0f} m²"


def volume(m3: float) -> str:
    """Return a volume in the units of reservoir tables."""
    if m3 >= 1e8:
        return f"{m3 / 1e8:.3f} 亿 m³"
    return f"{m3 / 1e4:.1f} 万 m³" if m3 >= 1e4 else f"{m3:.0f} m³"


def share(part: float) -> str:
    """Return a share in per cent; what is there is never said to be 0 %."""
    return f"{part:.0%}" if part >= 0.01 else "不到 1%"
