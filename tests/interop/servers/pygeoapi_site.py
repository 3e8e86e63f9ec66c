"""A pygeoapi server; runs in the interop environment: ``python pygeoapi_site.py FOLDER CONFIG.json``.

CONFIG.json holds the resources; with STA_TOKEN in the environment its own client sends it as a
bearer token. Prints its port when it listens. Knows nothing of the console.
"""

import json
import os
import socket
import sys
from datetime import datetime
from pathlib import Path


def main() -> None:
    folder, resources = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    make_grid(folder)
    for one in resources.values():
        if span := one["extents"].get("temporal"):
            one["extents"]["temporal"] = {k: datetime.fromisoformat(v) for k, v in span.items()}
    config = {
        "server": {
            "bind": {"host": "127.0.0.1", "port": sock.getsockname()[1]},
            "url": url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 100, "max_items": 1000},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {"title": "t", "description": "d", "keywords": ["k"], "terms_of_service": "", "url": url},
            "license": {"name": "none"},
            "provider": {"name": "p", "url": url},
            "contact": {"name": "c"},
        },
        "resources": resources,
    }
    if token := os.environ.get("STA_TOKEN"):
        import requests

        plain = requests.utils.default_headers
        headers = lambda: {**plain(), "Authorization": f"Bearer {token}"}  # noqa: E731
        requests.utils.default_headers = requests.sessions.default_headers = headers
    import yaml

    for name, doc in (("config.yml", config), ("openapi.yml", {"openapi": "3.0.2", "info": {}, "paths": {}})):
        (folder / name).write_text(yaml.safe_dump(doc), "utf-8")
    os.environ |= {"PYGEOAPI_CONFIG": str(folder / "config.yml"), "PYGEOAPI_OPENAPI": str(folder / "openapi.yml")}
    from pygeoapi.flask_app import APP
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, APP, threaded=True, fd=sock.fileno())
    print(sock.getsockname()[1], flush=True)
    server.serve_forever()


def make_grid(folder: Path) -> None:
    """Write a small grid of rain over time for the EDR provider."""
    import numpy as np
    import xarray as xr

    t = np.datetime64("2022-06-20T00:00:00", "ns") + np.arange(240) * np.timedelta64(1, "h")
    values = np.tile(np.arange(240, dtype="f8")[:, None, None] / 10, (1, 3, 4))
    values[7, 1, 1] = np.nan
    rain = xr.DataArray(
        values,
        coords={"time": t, "lat": [23.0, 23.5, 24.0], "lon": [112.5, 113.0, 113.5, 114.0]},
        dims=("time", "lat", "lon"),
        attrs={"units": "in", "long_name": "precipitation"},
    )
    xr.Dataset({"rain": rain}).to_netcdf(folder / "rain.nc")


if __name__ == "__main__":
    main()
