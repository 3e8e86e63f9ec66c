"""Real processes for tests: started from the command line, ended by their id, watched without sleeping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from backend_client.central import Central
from backend_client.session import Session
from console.paths import DataHome
from console.processes import Endpoint, read_endpoint
from console.store.keys import PASSPHRASE_VARIABLE, OpsKey, unlock

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
PAUSE = threading.Event()
os.environ.setdefault(PASSPHRASE_VARIABLE, "测试用口令 2022")  # the long forms run without conftest


def eventually(question: Callable[[], T], seconds: float = 20.0, what: str = "") -> T:
    """Return the first true answer; fail after some seconds."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or question}")
        PAUSE.wait(0.05)


def make_key(home: DataHome) -> OpsKey:
    """Give a data folder its key under the tests' passphrase, cheaply derived."""
    return unlock(home.root, os.environ[PASSPHRASE_VARIABLE], cost=2**10)


class Running:
    """One child process of a test."""

    def __init__(self, home: DataHome, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console", "--home", str(home.root), *arguments],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.communicate()


class Chain:
    """A centre and a sync process on their own data folder."""

    def __init__(self, home: DataHome, source: str = "beijiang-2022-06", **central: str) -> None:
        make_key(home)
        self.home = home
        self.source = source
        self.profile = home.profile(source)
        self._options = [f"--{k}={v}" for k, v in central.items()]
        self.running: list[Running] = []

    def start_central(self) -> Running:
        before = self.endpoint()
        child = Running(self.home, "--source", self.source, "central", *self._options)
        self.running.append(child)
        eventually(lambda: self.endpoint() and self.endpoint() != before and self._answers(), what="central up")
        return child

    def start_sync(self) -> Running:
        child = Running(self.home, "--source", self.source, "sync")
        self.running.append(child)
        return child

    def endpoint(self) -> Endpoint | None:
        return read_endpoint(self.home.central(self.source) / "endpoint.json")

    def client(self) -> Central:
        found = self.endpoint()
        assert found is not None
        return Central(Session(found.url, found.token))

    def _answers(self) -> bool:
        from backend_client.errors import BackendError

        client = self.client()
        try:
            return bool(client.hello().epoch)
        except BackendError:
            return False
        finally:
            client.session.close()

    def ask(self, question: Callable[[Central], Any]) -> Any:
        client = self.client()
        try:
            return question(client)
        finally:
            client.session.close()

    def stop(self) -> None:
        """End the newest first: a centre that still has listeners waits two seconds for them."""
        for child in reversed(self.running):
            child.stop()
