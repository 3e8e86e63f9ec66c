"""Heavy libraries, imported off the GUI thread once the first picture is there.

Imported with the window they would hold it back by half a second; imported at the first click they
would freeze it. None of them defines a Qt class, so a worker thread may load them.
"""

from __future__ import annotations

import asyncio
from importlib import import_module

LIBRARIES = (
    *("scipy.interpolate", "scipy.optimize", "scipy.special", "scipy.spatial"),
    *("shapely", "contourpy", "pyproj", "rasterio.warp", "pyogrio"),
)


async def warm_up() -> None:
    for name in LIBRARIES:
        await asyncio.to_thread(import_module, name)
