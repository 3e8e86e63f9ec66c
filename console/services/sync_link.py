"""The window's end of the local line to the sync process."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtNetwork import QAbstractSocket, QTcpSocket

from console.processes import read_endpoint

log = logging.getLogger(__name__)
RETRY_MS = 400
LINE_LIMIT = 1024 * 1024


class SyncLink(QObject):
    """Reconnects by itself; what it sends while unconnected waits (newest room state only).

    Signals:
        heard: (kind, document) announced by the sync process.
        connected_changed: the line is up or down.
    """

    heard = Signal(str, dict)
    connected_changed = Signal(bool)

    def __init__(self, endpoint: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._endpoint = endpoint
        self._socket = QTcpSocket(self)
        self._socket.readyRead.connect(self._read)
        self._socket.connected.connect(self._connected)
        self._socket.disconnected.connect(self._lost)
        self._socket.errorOccurred.connect(self._lost)
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(self.connect_now)
        self._waiting: dict[str, dict[str, Any]] = {}
        self._token = ""
        self._up = False
        self._closed = False

    def connect_now(self) -> None:
        """Try to connect to where the sync process says it listens."""
        if self._closed or self._socket.state() != QAbstractSocket.SocketState.UnconnectedState:
            return
        found = read_endpoint(self._endpoint)
        if found is None:
            self._retry.start()
            return
        self._token = found.token
        self._socket.connectToHost(found.host, found.port)

    @property
    def up(self) -> bool:
        return self._up

    def send(self, command: Mapping[str, Any]) -> None:
        doc = dict(command)
        if self._up:
            self._write(doc)
        else:
            self._waiting[f"{doc.get('cmd')}:{doc.get('room', '')}"] = doc

    def close(self) -> None:
        self._closed = True
        self._retry.stop()
        self._socket.abort()

    def _write(self, doc: Mapping[str, Any]) -> None:
        self._socket.write((json.dumps(doc, ensure_ascii=False) + "\n").encode())

    def _connected(self) -> None:
        self._socket.write((self._token + "\n").encode())
        self._up = True
        for doc in self._waiting.values():
            self._write(doc)
        self._waiting.clear()
        self.connected_changed.emit(True)

    def _lost(self) -> None:
        if self._socket.state() == QAbstractSocket.SocketState.ConnectedState:
            return
        if self._up:
            self._up = False
            self.connected_changed.emit(False)
        if not self._closed:
            self._retry.start()

    def _read(self) -> None:
        while self._socket.canReadLine():
            line = bytes(self._socket.readLine().data())
            try:
                doc = dict(json.loads(line))
            except (ValueError, TypeError, RecursionError) as exc:
                log.warning("a line that is no announcement: %s", type(exc).__name__)
                continue
            self.heard.emit(str(doc.pop("type", "")), doc)
        if self._socket.bytesAvailable() > LINE_LIMIT:  # no end of line in sight
            log.warning("a line over %s bytes; connecting anew", LINE_LIMIT)
            self._socket.abort()
