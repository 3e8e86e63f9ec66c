"""Keeps the child processes of a desk alive: they may be killed at any moment and come back."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from console.processes import ALREADY_RUNNING, CHILD_FLAG, MADE_WAY, is_owned

log = logging.getLogger(__name__)
FIRST_RETRY_MS = 300
LONGEST_RETRY_MS = 10_000
OWNED_RETRY_MS = 1500
BAD_INPUT = 2  # the child said in plain words what is wrong; trying at once again is no use


class Child(QObject):
    """One supervised process.

    Signals:
        gave_up: it ended again and again at once; arg is its last words.
    """

    gave_up = Signal(str)

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path, parent: QObject | None = None, *, first_words: bytes = b""
    ) -> None:
        super().__init__(parent)
        self.name = name
        self._folder = folder
        self._arguments = list(arguments)
        self._first_words = first_words  # written into its input: what may not be seen in a list of processes
        self._process = QProcess(self)
        self._process.setProcessEnvironment(QProcessEnvironment.systemEnvironment())
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.SeparateChannels)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._retry = QTimer(self, singleShot=True)
        self._retry.timeout.connect(self.start)
        self._wait_ms = FIRST_RETRY_MS
        self._settled = QTimer(self, singleShot=True, interval=5000)
        self._settled.timeout.connect(self._calm)
        self._stopping = False
        self.restarts = 0

    @property
    def pid(self) -> int:
        return int(self._process.processId())

    def start(self) -> None:
        if self._process.state() == QProcess.ProcessState.NotRunning and not self._stopping:
            if is_owned(self._folder, self.name):  # another window's child serves us; look again later
                self._retry.start(OWNED_RETRY_MS)
                return
            self._process.start(sys.executable, ["-m", "console", *self._arguments, CHILD_FLAG])
            if self._first_words:
                self._process.write(self._first_words)
            self._settled.start()

    def stop(self, patience_ms: int = 4000) -> None:
        """Let it leave by closing its input, then insist."""
        self._stopping = True
        self._retry.stop()
        if self._process.state() == QProcess.ProcessState.NotRunning:
            return
        self._process.closeWriteChannel()
        self._process.terminate()
        if not self._process.waitForFinished(patience_ms):
            self._process.kill()
            self._process.waitForFinished(1000)

    def _calm(self) -> None:
        self._wait_ms = FIRST_RETRY_MS

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and not self._stopping:
            self.gave_up.emit(f"{self.name}: {self._process.errorString()}")
            self._retry.start(LONGEST_RETRY_MS)

    def _finished(self, code: int, _status: object) -> None:
        self._settled.stop()
        if self._stopping:
            return
        words = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")[-600:]
        if code in (ALREADY_RUNNING, MADE_WAY):  # another window was faster, or has the key that ours lacks
            self._retry.start(OWNED_RETRY_MS if code == ALREADY_RUNNING else LONGEST_RETRY_MS)
            return
        self.restarts += 1
        log.warning("%s ended with %s: %s", self.name, code, words)
        if code == BAD_INPUT or (code != 0 and self._wait_ms >= LONGEST_RETRY_MS):
            self.gave_up.emit(words.partition("（技术细节")[0].replace("\n", "").strip())
            self._wait_ms = LONGEST_RETRY_MS
        self._retry.start(self._wait_ms)
        self._wait_ms = min(LONGEST_RETRY_MS, self._wait_ms * 2)


class Supervisor(QObject):
    """The children of this window's process."""

    def __init__(self, children: Sequence[Child], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.processes = list(children)
        for child in self.processes:
            child.setParent(self)

    def start(self) -> None:
        for child in self.processes:
            child.start()

    def stop(self) -> None:
        for child in reversed(self.processes):
            child.stop()
