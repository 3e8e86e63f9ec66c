"""``python3 -m tests``: sets everything up, then lint, types, contracts, tests; and the long forms.

bench [ids] [--json FILE], interop (others' servers and clients, in
.venv-interop), soak [minutes], kills [cycles], field [runs] [writes], machine [runs], load [consoles],
powercut [cuts], flips [n], flips-bundle [n], shots (the README's pictures).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (
    ("代码检查", ["-m", "ruff", "check", "."]),
    ("格式", ["-m", "ruff", "format", "--check", "."]),
    ("类型", ["-m", "mypy"]),
    (
        "分层约定",
        [
            "-c",
            "import sys; from importlinter.cli import lint_imports_command; sys.argv = ['lint-imports']; lint_imports_command()",
        ],
    ),
    ("测试", ["-m", "pytest", "-n", "2", "--dist", "loadfile"]),
)


def main() -> int:
    from console.bootstrap import ensure_environment

    ensure_environment("tests", tests=True)
    os.chdir(ROOT)
    words = sys.argv[1:]
    if words[:1] == ["bench"]:
        from tests.bench.run import run_bench

        return run_bench(words[1:])
    if words[:1] == ["interop"]:
        from tests.interop.environment import interop_python

        print(f"[tests] {interop_python(900.0)}", flush=True)
        return subprocess.run([sys.executable, "-m", "pytest", "tests/interop", *words[1:]], check=False).returncode
    if words[:1] == ["soak"]:
        from tests.long.soak import run_soak

        return run_soak(words[1:])
    if words[:1] == ["kills"]:
        from tests.kill_cycles import run_kills

        return run_kills(words[1:])
    if words[:1] == ["field"]:
        from tests.field_laptop import run_field

        return run_field(words[1:])
    if words[:1] == ["load"]:
        from tests.long.load import run_load

        return run_load(words[1:])
    if words[:1] == ["machine"]:
        from tests.protocol_machine import run_machine

        return run_machine(words[1:])
    if words[:1] == ["shots"]:
        from tests.long.shots import run_shots

        return run_shots()
    if words[:1] == ["flips-bundle"]:
        from tests.long.bundle_flips import run_bundle_flips

        return run_bundle_flips(words[1:])
    if words[:1] == ["powercut"]:
        from tests.long.powercut import run_powercut

        return run_powercut(words[1:])
    if words[:1] == ["flips"]:
        from tests.long.flips import run_flips

        return run_flips(words[1:])
    return run_checks(words)


def run_checks(pytest_arguments: list[str]) -> int:
    """Run every check; the tests' summary is printed last."""
    failed = []
    prepare_interop()
    for name, command in CHECKS:
        began = time.monotonic()
        extra = pytest_arguments if name == "测试" else []
        if name == "测试" and failed:
            print(f"[tests] 前面未通过：{'、'.join(failed)}", flush=True)
        code = subprocess.run([sys.executable, *command, *extra], check=False).returncode
        if name != "测试":
            print(f"[tests] {name}：{'通过' if code == 0 else '未通过'}（{time.monotonic() - began:.0f} 秒）", flush=True)
        if code:
            failed.append(name)
    return 1 if failed else 0


def prepare_interop() -> None:
    """Make the stand-in servers' environment before the tests' own time limits run; without it they are skipped."""
    from tests.interop.environment import NoInterop, interop_python

    try:
        interop_python(600.0)
    except NoInterop as exc:
        print(f"[tests] 互操作测试将跳过：{exc}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
