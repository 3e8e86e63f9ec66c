"""``python3 -m console``: set up on first run, then start the chosen role."""

from __future__ import annotations

import sys


def main() -> int:
    from console.bootstrap import ensure_environment

    ensure_environment("console")
    from console.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
