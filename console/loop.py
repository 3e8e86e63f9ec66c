"""The one place that knows qasync: builds the loop a GUI process runs on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import qasync
from PySide6.QtCore import QCoreApplication

Report = Callable[[str, BaseException | None], object]


def qt_loop(app: QCoreApplication, report: Report) -> asyncio.AbstractEventLoop:
    """Return an asyncio loop driven by Qt.

    qasync's own executor is replaced by the standard one, failed callbacks reach report, and
    async generators left half-read are closed (qasync installs no hooks for them).
    """
    loop: Any = qasync.QEventLoop(app, set_running_loop=False)
    loop.set_default_executor(ThreadPoolExecutor(3, thread_name_prefix="work"))

    def failed(_loop: object, context: dict[str, Any]) -> None:
        report(str(context.get("message", "asyncio")), context.get("exception"))

    loop.set_exception_handler(failed)
    sys.set_asyncgen_hooks(loop._asyncgen_firstiter_hook, loop._asyncgen_finalizer_hook)
    return loop  # type: ignore[no-any-return]
