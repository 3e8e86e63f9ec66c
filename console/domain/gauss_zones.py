"""Zone numbers in front of Gauss-Krüger eastings, as Chinese surveys write them: 38 640 681 m."""

from __future__ import annotations

PREFIX_M = 1_000_000.0
THREE_DEGREE, SIX_DEGREE = range(24, 46), range(13, 24)


def zone_of(east_m: float) -> int | None:
    """Return the zone number that an easting carries, None for none that exists in China."""
    number = int(east_m // PREFIX_M)
    return number if number in THREE_DEGREE or number in SIX_DEGREE else None


def central_meridian(zone: int) -> float:
    """Return degrees east; zones 13 to 23 are six degrees wide, 24 to 45 three.

    Source: GB 22021 national geodetic frame practice: 3n and 6n − 3.
    """
    return 3.0 * zone if zone in THREE_DEGREE else 6.0 * zone - 3.0


def cgcs2000_code(zone: int) -> str:
    """Return the EPSG code of CGCS2000 with zone-prefixed eastings (EPSG:4491–4501 and 4513–4533)."""
    if zone in SIX_DEGREE:
        return f"EPSG:{4491 + zone - 13}"
    return f"EPSG:{4513 + zone - 25}" if 25 <= zone <= 45 else ""
