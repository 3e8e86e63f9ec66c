"""Reads a user's vector file through a process of its own, which may be slow, greedy or killed by the file."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.store.overlay_file import load_overlay
from console.store.vector_crs import VectorRefused
from console.store.vector_reading import RESULT, child_environment
from console.viewdata.overlay import Overlay

log = logging.getLogger(__name__)
PATIENCE_S = 150.0


@dataclass(frozen=True, slots=True)
class VectorLayerChoice:
    """One layer of a file that has several."""

    name: str
    features: int
    geometry: str


@dataclass(frozen=True, slots=True, eq=False)
class ReadVector:
    """overlay: of the chosen layer. layers: all that the file has."""

    overlay: Overlay
    layers: tuple[VectorLayerChoice, ...]


class VectorProcesses:
    """The reading processes of one owner, who may end them all when the window closes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()

    def read(self, path: Path, layer: str = "", crs: str = "", patience_s: float = PATIENCE_S) -> ReadVector:
        """Read a layer, "" for the first; crs: what the user says where the file does not. Blocks, for a worker.

        Raises:
            VectorRefused: what is wrong and what to do.
        """
        with tempfile.TemporaryDirectory(prefix="flood-console-", ignore_cleanup_errors=True) as folder:
            request = json.dumps({"path": str(path.absolute()), "layer": layer, "crs": crs, "folder": folder})
            answer = self._answer(request, path.name, patience_s)
            if "what" in answer:
                raise VectorRefused(answer["what"], answer["next_step"], answer["detail"])
            try:
                overlay = load_overlay(Path(folder) / RESULT)
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as exc:
                step = "请检查临时目录的剩余空间后再试。"
                raise VectorRefused(f"文件 {path.name} 读好了却取不回来。", step, str(exc)) from exc
            return ReadVector(overlay, tuple(VectorLayerChoice(*x) for x in answer["layers"]))

    def _answer(self, request: str, name: str, patience_s: float) -> dict[str, Any]:
        process = self._started()
        try:
            said, last_words = process.communicate(request.encode(), timeout=patience_s)
            answer: dict[str, Any] = json.loads(said)
        except subprocess.TimeoutExpired as exc:
            process.kill()
            process.communicate()
            step = "请在 GIS 软件中裁剪或简化后再添加。"
            raise VectorRefused(f"文件 {name} 读了 {patience_s:.0f} 秒还没有读完，已停止。", step) from exc
        except ValueError as exc:
            words = last_words[-2000:].decode("utf-8", "replace")
            log.warning("reader of %s ended with %s: %s", name, process.returncode, words)
            step = "文件可能已损坏或太大；请在原软件中打开检查、裁剪后另存再添加。"
            raise VectorRefused(f"文件 {name} 读不出来，读取程序中途停止。", step) from exc
        finally:
            with self._lock:
                self._running.discard(process)
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "console.store.vector_reading"]
        with self._lock:
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=child_environment())
            self._running.add(process)
            if self._closed:
                process.kill()
        return process
