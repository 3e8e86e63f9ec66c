"""A process of its own that reads one vector file: what a hostile file does to it, it does to nobody else.

The request comes on standard input as JSON: path, layer, crs, folder (for the result). The answer goes to
standard output as JSON: layers, or what and next_step; the overlay itself into the folder.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

RESULT = "overlay.npz"
MEMORY_BYTES = 4 * 1024**3
CPU_S = 120
# readers of other formats that would follow links out of a file, to the network or to other files
SKIPPED = (
    "OGR_VRT WFS OAPIF CSW HTTP GML KML LIBKML GPX GeoRSS CSV XLSX ODS DXF DGN OSM MVT PMTiles MBTiles OGCAPI EEDA Carto "
    "Elasticsearch AmigoCloud NGW PLSCENES ADBC GDALG MapML GTFS S57 SXF VFK VDV EDIGEO LVBAG PDS4 OGR_PDS GPSBabel JML "
    "Selafin Idrisi WAsP AVCBin AVCE00 AIVector"
)


def child_environment() -> dict[str, str]:
    """Return what the process gets: no proxies, no keys, no readers that go to the network."""
    kept = {
        k: os.environ[k] for k in ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LD_LIBRARY_PATH") if k in os.environ
    }
    root = str(Path(__file__).resolve().parents[2])
    return kept | {
        "PYTHONPATH": root,
        "PYTHONUTF8": "1",
        "GDAL_SKIP": SKIPPED,
        "OGR_GEOJSON_MAX_OBJ_SIZE": "100",
        "OPENBLAS_NUM_THREADS": "1",
        "GDAL_NUM_THREADS": "1",
    }


def main() -> int:
    """Read the request, answer it."""
    _limit()
    request = json.load(sys.stdin)
    from console.store.overlay_file import write_overlay
    from console.store.vector_crs import VectorRefused
    from console.store.vector_file import read_overlay

    folder = Path(request["folder"])
    try:
        overlay, layers = read_overlay(Path(request["path"]), request["layer"], request["crs"], folder)
    except VectorRefused as exc:
        answer: dict[str, object] = {"what": exc.what, "next_step": exc.next_step, "detail": exc.detail}
    else:
        write_overlay(folder / RESULT, overlay)
        answer = {"layers": [[x.name, x.features, x.geometry] for x in layers]}
    sys.stdout.write(json.dumps(answer))
    return 0


def _limit() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    raise SystemExit(main())
