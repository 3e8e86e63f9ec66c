"""Try one off-screen render in a process of its own: OpenGL that is broken may take it down."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache

TRIAL = (
    "from scenes.stage import Stage; from scenes.camera import OrbitCamera; "
    "s = Stage(64, 48, (0.2, 0.4, 0.6)); p = s.render(OrbitCamera(), 64, 48); "
    "raise SystemExit(0 if int(p[24, 32, 2]) > 100 else 9)"
)
PATIENCE_S = 40


@lru_cache(maxsize=1)
def opengl_problem() -> str:
    """Return "" when off-screen OpenGL works here, else what happened; blocks for a second."""
    try:
        done = subprocess.run([sys.executable, "-c", TRIAL], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        return repr(exc)
    if done.returncode == 0:
        return ""
    last = (done.stderr or "").strip().splitlines()[-1:] or [""]
    return f"exit {done.returncode} {last[0][:200]}"
