"""The next window is downloaded while the one before is written: the centre and the disk work at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from backend_client.central import Central
from backend_client.errors import BackendError
from console.store.progress import Window

log = logging.getLogger(__name__)
PAUSE_S = 0.5


class Ahead:
    """One download at a time on a connection of its own; the pull thread starts it and waits for it.

    What arrives is a file; a failed download leaves its part there, and the pull thread goes on
    with it and meets the error itself.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._window: Window | None = None
        self._stop = threading.Event()

    def start(self, central: Central, window: Window, download: Callable[[Central, Callable[[], None]], None]) -> None:
        """Begin with a window unless another one is still on its way."""
        if self._thread is not None and self._thread.is_alive():
            return
        own = central.another()

        def work() -> None:
            try:
                download(own, self._check)
            except (BackendError, OSError, _Stopped) as exc:
                log.info("download ahead ended: %r", exc)
            finally:
                own.session.close()

        self._stop.clear()
        self._window = window
        self._thread = threading.Thread(target=work, name="download ahead")
        self._thread.start()

    def wait(self, window: Window, between: Callable[[], None] | None) -> None:
        """Return when nothing is on its way; a download of another window is given up."""
        if self._thread is None:
            return
        if self._window is not None and self._window.n != window.n:
            self._stop.set()
        while self._thread.is_alive():
            self._thread.join(PAUSE_S)
            if between is not None:
                between()
        self._thread = None

    def close(self) -> None:
        """Give up what is on its way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _check(self) -> None:
        if self._stop.is_set():
            raise _Stopped


class _Stopped(Exception):
    """The file is not wanted any more."""
