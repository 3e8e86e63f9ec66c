"""The same work on a Dask cluster, by its address: for ensembles that two cores would take minutes for.

A cluster runs what it is sent and sends back what we load, so it must be ours: other than on this machine it is
reached over TLS alone, with the site's authority and this machine's certificate. Its workers need this program.
"""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
import pickle
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from console.engine.executor import PoolRun, RunCancelled, RunFailed, Work, answered, packed_work

CONNECT_S = 10.0
ASK_S = 0.5  # how often a worker asks whether its run was cancelled
END_S = 5.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """address: tls://host:port, or tcp:// on this machine. authority, certificate, key: PEM files."""

    address: str
    authority: str = ""
    certificate: str = ""
    key: str = ""


class ClusterExecutor:
    """Runs work on a cluster; connected when first needed, on a thread of its own."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._client: Any = None
        self._lock = threading.Lock()
        self._closed = False
        self._going: dict[PoolRun, threading.Event] = {}  # set when a run is over there, or was asked to end
        self._asked: set[PoolRun] = set()

    def submit(self, name: str, work: Work, argument: Any) -> PoolRun:
        if self._closed:
            raise RunFailed(f"{name}没有开始：计算已关闭。", "请重新启动程序。")
        run = PoolRun(name, packed_work(name, work, argument), self._ask_to_cancel)
        self._going[run] = threading.Event()
        threading.Thread(target=self._follow, args=(run,), name="cluster-run", daemon=True).start()
        return run

    def close(self) -> None:
        self._closed = True
        for run in list(self._going):
            run.cancel()
        for thread in threading.enumerate():
            if thread.name == "cluster-run":
                thread.join(END_S)
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close(timeout=END_S)

    def _ask_to_cancel(self, run: PoolRun) -> None:
        self._asked.add(run)
        woken = self._going.get(run)
        if woken is not None:
            woken.set()

    # --- on a run's own thread ------------------------------------------------------------
    def _follow(self, run: PoolRun) -> None:
        try:
            self._run(run)
        except RunFailed as exc:
            run.ended("failed", fault=exc)
        except Exception as exc:  # noqa: BLE001 - whatever the cluster's library meets is this run's end, not the program's
            run.ended("failed", fault=_lost(run.name, repr(exc)))
        finally:
            self._going.pop(run, None)
            self._asked.discard(run)

    def _run(self, run: PoolRun) -> None:
        client, woken = self._connected(), self._going[run]
        topic = f"flood-{uuid.uuid4()}"
        stop = _library().Event(topic, client=client)

        def heard(event: Any) -> None:
            share, partial = event[1]
            run.told(share, pickle.loads(partial) if partial else None)  # noqa: S301 - from our own cluster

        client.subscribe_topic(topic, heard)
        try:
            future = client.submit(_on_worker, run.packed, topic, key=topic, pure=False, retries=0)
            run.packed = b""
            run.began()
            future.add_done_callback(lambda _future: woken.set())
            woken.wait()
            if run in self._asked and not future.done():
                stop.set()
                future.cancel()
                run.ended("cancelled", fault=RunCancelled(f"{run.name}已取消。", "已算出的部分结果保留。"))
                return
            if future.status != "finished":
                raise _lost(run.name, str(future.status))
            word, *rest = pickle.loads(future.result())  # noqa: S301 - from our own cluster
        finally:
            client.unsubscribe_topic(topic)
        if word == "done":
            run.ended("done", rest[0])
        else:
            run.ended("failed", fault=RunFailed(*rest))

    def _connected(self) -> Any:
        """Return the client, connected. Raises: RunFailed: no such package, address not allowed, or nobody there."""
        with self._lock:
            if self._client is None:
                self._client = _connect(self._cluster)
            return self._client


def _connect(cluster: Cluster) -> Any:
    if not _allowed(cluster.address):
        raise RunFailed(
            f"计算集群地址 {cluster.address} 不能用：网络上的集群须用 TLS。",
            "请在设置 compute 写成 tls://主机:端口，或清空它改用本机计算。",
        )
    try:
        library = _library()
    except ImportError as exc:
        raise RunFailed(
            "没有装集群组件 distributed。", "请安装可选组件 cluster，或清空设置 compute 改用本机计算。", repr(exc)
        ) from exc
    security = None
    if cluster.address.startswith("tls://"):
        keys = {"tls_ca_file": cluster.authority, "tls_client_cert": cluster.certificate, "tls_client_key": cluster.key}
        security = library.Security(**keys, require_encryption=True)
    try:
        return library.Client(cluster.address, security=security, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as exc:
        raise RunFailed(
            f"计算集群 {cluster.address} 连不上。", "请核对地址、证书和网络，或清空设置 compute 改用本机计算。", repr(exc)
        ) from exc


def _library() -> Any:
    """Return the cluster's library, which has no types and is slow to import. Raises: ImportError."""
    return importlib.import_module("distributed")


def _allowed(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme == "tls":
        return bool(parts.hostname and parts.port)
    if parts.scheme != "tcp" or not parts.hostname or not parts.port:
        return False
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(parts.hostname).is_loopback
    return parts.hostname == "localhost"


def _lost(name: str, detail: str) -> RunFailed:
    return RunFailed(f"{name}没有算完：计算集群中断。", "请再算一次；若又发生，请清空设置 compute 改用本机计算。", detail)


def _on_worker(packed: bytes, topic: str) -> bytes:
    """Do a piece of work on a worker of the cluster, telling how far it is; ends when its run was cancelled."""
    library = _library()
    worker = library.get_worker()
    stop, asked = library.Event(topic), time.monotonic()

    def tell(share: float, partial: Any = None) -> None:
        nonlocal asked
        worker.log_event(topic, (share, pickle.dumps(partial) if partial is not None else b""))
        if time.monotonic() - asked > ASK_S:
            asked = time.monotonic()
            if stop.is_set():
                raise RunCancelled("已取消。", "")

    return answered(packed, tell)
