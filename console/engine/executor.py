"""Where models run: pure functions in worker processes, with progress, cancel and what was done so far.

An Executor takes ``work(argument, tell)``, a function of a module, and gives back a Run. PoolExecutor keeps spawned
processes on this machine; another executor may send the same work elsewhere. A worker that dies, by a fault in
compiled code or by the system for want of memory, costs its run and nothing else: the next run gets a new one.

Each worker has a pipe of its own, not one queue for all: ending a process in the middle of a write would leave a
shared queue's lock taken for ever.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import pickle
import queue
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from console.errors import ConsoleError

log = logging.getLogger(__name__)
WORKERS = 2
END_S = 2.0  # a worker that does not end when asked is killed
PARTIALS_KEPT = 64

Tell = Callable[..., None]
"""tell(share, partial=None): share done, 0 to 1; a result so far, kept whatever happens afterwards."""
Work = Callable[[Any, Tell], Any]


class RunFailed(ConsoleError):
    """A run that gave no result."""


class RunCancelled(ConsoleError):
    """A run that a person ended."""


@dataclass(frozen=True, slots=True)
class Event:
    """kind: started, progress, done, failed, cancelled. share: 0 to 1. Results so far lie in the run's partials."""

    kind: str
    share: float


class Run(Protocol):
    """One piece of work; may be asked from any thread."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> str:
        """Return waiting, running, done, cancelled or failed."""
        ...

    @property
    def share(self) -> float: ...

    @property
    def partials(self) -> tuple[Any, ...]:
        """Return results so far, oldest first; the newest PARTIALS_KEPT of them."""
        ...

    @property
    def events(self) -> queue.SimpleQueue[Event]:
        """Return what happened, in order; emptied by whoever follows the run."""
        ...

    def result(self, timeout_s: float | None = None) -> Any:
        """Wait for the result. Raises: RunFailed, RunCancelled, TimeoutError."""
        ...

    def cancel(self) -> None:
        """End the run at once; what it told so far stays. Nothing happens when it is over."""
        ...


class Executor(Protocol):
    """Runs work somewhere."""

    def submit(self, name: str, work: Work, argument: Any) -> Run:
        """Queue work. name: for messages. Raises: RunFailed: the executor is closed, or the work cannot be sent."""
        ...

    def close(self) -> None:
        """Cancel all that runs or waits and give everything back."""
        ...


class PoolRun:
    """A Run; changed by one thread of its executor only."""

    def __init__(self, name: str, packed: bytes, ask: Callable[[PoolRun], None]) -> None:
        self.name, self.packed = name, packed
        self.state, self.share = "waiting", 0.0
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._partials: deque[Any] = deque(maxlen=PARTIALS_KEPT)
        self._over = threading.Event()
        self._value: Any = None
        self._fault: ConsoleError | None = None
        self._ask = ask

    @property
    def partials(self) -> tuple[Any, ...]:
        return tuple(self._partials)

    def result(self, timeout_s: float | None = None) -> Any:
        if not self._over.wait(timeout_s):
            raise TimeoutError(self.name)
        if self._fault is not None:
            raise self._fault
        return self._value

    def cancel(self) -> None:
        self._ask(self)

    def began(self) -> None:
        self.state = "running"
        self.events.put(Event("started", 0.0))

    def told(self, share: float, partial: Any) -> None:
        self.share = min(max(float(share), self.share), 1.0)
        if partial is not None:
            self._partials.append(partial)
        self.events.put(Event("progress", self.share))

    def ended(self, state: str, value: Any = None, fault: ConsoleError | None = None) -> None:
        self.state, self._value, self._fault = state, value, fault
        self.share = 1.0 if state == "done" else self.share
        self.events.put(Event(state, self.share))
        self._over.set()


@dataclass(slots=True, eq=False)
class _Worker:
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    run: PoolRun | None = None


class PoolExecutor:
    """Spawned processes, started when first needed and kept for the next run."""

    def __init__(self, workers: int = WORKERS) -> None:
        self._most = workers
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._waiting: deque[PoolRun] = deque()
        self._cancelled: deque[PoolRun] = deque()
        self._closed = False
        self._lock = threading.Lock()
        self._woken, self._waker = self._context.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._serve, name="model-pool", daemon=True)
        self._thread.start()

    def submit(self, name: str, work: Work, argument: Any) -> PoolRun:
        run = PoolRun(name, packed_work(name, work, argument), self._ask_to_cancel)
        with self._lock:
            if self._closed:
                raise RunFailed(f"{name}没有开始：计算已关闭。", "请重新启动程序。")
            self._waiting.append(run)
            self._wake()
        return run

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._wake()
        self._thread.join(END_S * (self._most + 1))

    def _ask_to_cancel(self, run: PoolRun) -> None:
        with self._lock:
            if not self._closed:
                self._cancelled.append(run)
                self._wake()

    def _wake(self) -> None:
        self._waker.send_bytes(b"!")

    def _serve(self) -> None:
        while True:
            self._cancel_asked()
            with self._lock:
                if self._closed:
                    break
            self._start_waiting()
            busy: list[Any] = [w.pipe for w in self._workers]
            for ready in wait([self._woken, *busy]):
                if ready is self._woken:
                    self._woken.recv_bytes()
                else:
                    self._hear(next(w for w in self._workers if w.pipe is ready))
        for run in (*self._waiting, *(w.run for w in self._workers if w.run)):
            run.ended("cancelled", fault=_cancelled(run.name))
        for worker in list(self._workers):
            self._end(worker)
        self._woken.close()
        self._waker.close()

    def _start_waiting(self) -> None:
        while self._waiting:
            worker = next((w for w in self._workers if w.run is None), None)
            if worker is None and len(self._workers) >= self._most:
                return
            run = self._waiting.popleft()
            try:
                worker = worker or self._new_worker()
                worker.run = run
                worker.pipe.send_bytes(run.packed)
            except OSError as exc:
                if worker is not None and worker in self._workers:
                    self._end(worker)
                run.ended("failed", fault=_lost(run.name, repr(exc)))
                continue
            run.packed = b""
            run.began()

    def _new_worker(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_be_worker, args=(theirs,), name="model-worker", daemon=True)
        try:
            process.start()
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()  # or the end of the worker would not be heard
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _hear(self, worker: _Worker) -> None:
        run = worker.run
        try:
            word, *rest = pickle.loads(worker.pipe.recv_bytes())  # noqa: S301 - from our own process, over our own pipe
        except Exception as exc:  # noqa: BLE001 - gone, cut off, or a result whose class fails to load: this run's end, not the pool's
            code = self._end(worker)
            log.warning("a model worker ended with %s: %r", code, exc)
            if run is not None:
                run.ended("failed", fault=_lost(run.name, f"exit {code}"))
            return
        if run is None:
            return
        if word == "progress":
            run.told(*rest)
            return
        worker.run = None
        if word == "done":
            run.ended("done", rest[0])
        else:
            run.ended("failed", fault=RunFailed(*rest))

    def _cancel_asked(self) -> None:
        while self._cancelled:
            run = self._cancelled.popleft()
            if run in self._waiting:
                self._waiting.remove(run)
            else:
                worker = next((w for w in self._workers if w.run is run), None)
                if worker is None:
                    continue
                self._hear_the_rest(worker)
                if worker.run is not run:
                    continue
                self._end(worker)
            run.ended("cancelled", fault=_cancelled(run.name))

    def _hear_the_rest(self, worker: _Worker) -> None:
        """Take what was told before the cancel: it is kept."""
        with contextlib.suppress(OSError):
            for _ in range(PARTIALS_KEPT):  # and no more: it may tell faster than it is heard
                if worker not in self._workers or worker.run is None or not worker.pipe.poll():
                    return
                self._hear(worker)

    def _end(self, worker: _Worker) -> int | None:
        """End a worker and return its exit status."""
        self._workers.remove(worker)
        worker.process.terminate()
        worker.process.join(END_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join(END_S)
        code = worker.process.exitcode
        worker.pipe.close()
        return code


def _cancelled(name: str) -> RunCancelled:
    return RunCancelled(f"{name}已取消。", "已算出的部分结果保留。")


def _lost(name: str, detail: str) -> RunFailed:
    return RunFailed(f"{name}没有算完：计算进程意外退出。", "请再算一次；若又发生，可能是内存不足，请减小范围或时长。", detail)


def _be_worker(pipe: Connection) -> None:
    """Live as a worker: one piece of work after another until the pool lets go of the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the console, which ends its workers

    def tell(share: float, partial: Any = None) -> None:
        pipe.send_bytes(pickle.dumps(("progress", share, partial), pickle.HIGHEST_PROTOCOL))

    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the console is gone
        while True:
            pipe.send_bytes(answered(pipe.recv_bytes(), tell))


def packed_work(name: str, work: Work, argument: Any) -> bytes:
    """Return work as it is sent. Raises: RunFailed: it cannot be."""
    try:
        return pickle.dumps((work, argument), pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as exc:
        raise RunFailed(f"{name}无法交给计算进程。", "这是程序的问题，请报告。", repr(exc)) from exc


def answered(packed: bytes, tell: Tell) -> bytes:
    """Do what was sent and return the answer as it is sent back: ("done", result) or ("failed", what, next step, detail).

    Raises:
        BrokenPipeError, ConnectionResetError: whoever asked is gone.
    """
    try:
        work, argument = pickle.loads(packed)  # noqa: S301 - from our own console, over our own pipe or to our own cluster
        return pickle.dumps(("done", work(argument, tell)), pickle.HIGHEST_PROTOCOL)
    except ConsoleError as exc:
        return pickle.dumps(("failed", exc.what, exc.next_step, exc.detail))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except MemoryError:
        return pickle.dumps(("failed", "计算没有做完：内存不足。", "请减小范围、时长或成员数后再算。", ""))
    except Exception as exc:  # noqa: BLE001 - a fault of a model is told to the console, which words it
        detail = "".join(traceback.format_exception(exc))[-4000:]
        return pickle.dumps(("failed", f"计算出错：{type(exc).__name__}。", "输入没有问题时，这是程序的问题，请报告。", detail))
