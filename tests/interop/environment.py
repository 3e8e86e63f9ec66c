"""The separate environment of other people's servers and clients; nothing of it is ever shipped."""

from __future__ import annotations

import hashlib
import os
import subprocess
import venv
from pathlib import Path

from tests.processes import ROOT

PINS = (
    "pygeoapi==0.21.0",
    "django-ogc-sensorthings==1.2.0",
    "frost-sta-client==1.1.53",
    "xarray==2026.4.0",
    "netCDF4==1.7.5.1.post1",
    "fsspec==2026.9.0",
    "uvicorn==0.54.0",
)
MODULES = ("pygeoapi", "sensorthings", "frost_sta_client", "xarray", "netCDF4", "fsspec", "uvicorn")


class NoInterop(Exception):
    """The environment cannot be made here; the text says why."""


def interop_python(patience_s: float = 120.0) -> Path:
    """Return the Python of the environment; make it when it is not there (about 40 s, once).

    FLOOD_INTEROP_VENV names a ready one instead. patience_s: for the installation; a test has 180 s in all.

    Raises:
        NoInterop: no network, no disk, or a named environment without Python.
    """
    named = os.environ.get("FLOOD_INTEROP_VENV")
    folder = Path(named) if named else ROOT / ".venv-interop"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if named:
        ask = "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(n) is None for n in sys.argv[1:]))"
        if not python.exists() or subprocess.run([str(python), "-c", ask, *MODULES], check=False).returncode:
            raise NoInterop(f"FLOOD_INTEROP_VENV={named} lacks Python or one of {', '.join(MODULES)}")
        return python
    stamp, done = hashlib.sha256("\n".join(PINS).encode()).hexdigest(), folder / "installed"
    if python.exists() and done.exists() and done.read_text() == stamp:
        return python
    try:
        if not python.exists():
            venv.create(folder, with_pip=True)
        command = [
            str(python),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "-q",
            "--retries",
            "1",
            "--timeout",
            "15",
            *PINS,
        ]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=patience_s)
    except (OSError, subprocess.SubprocessError) as exc:
        raise NoInterop(f"the environment of the stand-in servers was not made: {str(exc)[:200]}") from exc
    done.write_text(stamp)
    return python
