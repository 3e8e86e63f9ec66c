"""Heavy libraries, imported off the GUI thread once the first picture is there.

Imported with the window they would hold it back by half a second; imported at the first click they
would freeze it. None of them defines a Qt class, so a worker thread may load them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module

PATIENCE_S, LOOK_S = 6.0, 0.1
LIBRARIES = (
    *("scipy.interpolate", "scipy.optimize", "scipy.special", "scipy.spatial"),
    *("shapely", "contourpy", "pyproj", "rasterio.warp", "pyogrio"),
)


async def warm_up(ready: Callable[[], bool]) -> None:
    """Import them once ready() tells that the first picture stands, or after a while where there is none to come."""
    for _ in range(round(PATIENCE_S / LOOK_S)):
        if ready():
            break
        await asyncio.sleep(LOOK_S)
    for name in LIBRARIES:
        await asyncio.to_thread(import_module, name)
