"""A PostgreSQL of the tests' own: from the system's binaries, in a folder that goes away, on a socket only.

Use ``from tests.interop.postgres import postgres`` and take the fixture ``postgres`` (a DSN).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.processes import eventually

SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "listen_addresses=")


def binaries() -> Path | None:
    """Return the folder of initdb and postgres, newest first; None where PostgreSQL is not installed."""
    found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found.sort(key=lambda p: int(p.parent.name) if p.parent.name.isdigit() else 0, reverse=True)
    here = shutil.which("initdb")
    return found[0] if found else Path(here).parent if here else None


def _as_other_user(folder: Path) -> list[str]:
    """Return what to put before a command: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        if shutil.which("setpriv") and subprocess.run(["id", name], capture_output=True).returncode == 0:
            shutil.chown(folder, name)
            return ["setpriv", f"--reuid={name}", f"--regid={_group(name)}", "--clear-groups"]
    pytest.skip("PostgreSQL needs a user that is not root, and setpriv")


def _group(name: str) -> str:
    return subprocess.run(["id", "-gn", name], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server and yield its DSN; skip with a reason where there is none."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed here")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path may have 107 bytes
    try:
        user = _as_other_user(folder)
        data = folder / "data"
        env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        create = [*user, str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(create, env=env, cwd="/", capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        options = [part for s in (*SETTINGS, f"unix_socket_directories={folder}") for part in ("-c", s)]
        with (folder / "log").open("w") as log:
            run = [*user, str(programs / "postgres"), "-D", str(data), *options]
            server = subprocess.Popen(run, env=env, cwd="/", stdout=log, stderr=log)
        dsn = f"host={folder} user=postgres dbname=postgres"
        try:
            eventually(lambda: _answers(dsn, server, folder), 30.0, "PostgreSQL answers")
            yield dsn
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing here is to be kept
            server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answers(dsn: str, server: subprocess.Popen[bytes], folder: Path) -> bool:
    assert server.poll() is None, (folder / "log").read_text()
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with postgres_server() as dsn:
        yield dsn
