"""A Qt application, a look, and coroutines on the console's own loop, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from console.errors import ErrorHub
from console.look import Look
from console.loop import qt_loop
from console.paths import DataHome
from console.services.collector import GuiCollector
from console.services.instruments import Instruments
from console.services.session import Session, Source
from console.settings import Settings
from console.store.keys import available_key
from console.topics import declared_topics
from console.windows.panels import Context


def application(arguments: list[str]) -> Any:
    """Return the one application of the test process, collecting garbage as the console does."""
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    if app is None:
        app = QApplication(arguments)
        GuiCollector(app)
    app.setStyle("Fusion")
    app.setQuitOnLastWindowClosed(False)
    return app


def make_look(qapp: Any, theme: str = "dark", language: str = "zh") -> Look:
    from console.fonts import chinese_family

    return Look(theme, language, 1.0, chinese_family())


def move_mouse(widget: Any, x: int, y: int, held: Any = None) -> None:
    """Move the mouse over a widget, a button held or none.

    Not QTest.mouseMove: that moves the platform's cursor, and where another
    window lies over the place, or the cursor stood there already, no event comes.
    """
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    none, place = Qt.MouseButton.NoButton, QPointF(x, y)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        widget.mapToGlobal(place),
        none,
        held or none,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


@contextlib.contextmanager
def console_loop(qapp: Any, hub: ErrorHub) -> Iterator[asyncio.Runner]:
    hooks = sys.get_asyncgen_hooks()
    with asyncio.Runner(loop_factory=lambda: qt_loop(qapp, hub.report)) as runner:
        yield runner
    sys.set_asyncgen_hooks(*hooks)


async def until(question: Callable[[], Any], seconds: float = 20.0, what: str = "") -> Any:
    """Let the loop run until the answer is true."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)
    return answer


def context_of(qapp: Any, session: Session, hub: ErrorHub, **settings: Any) -> Context:
    chosen = Settings(**settings)
    look = make_look(qapp, chosen.theme, chosen.language)
    return Context(look, hub, session, chosen, Instruments(), still=True)


def session_of(home: DataHome, source: str, hub: ErrorHub) -> Session:
    return Session(Source(home, source, available_key(home.root)), hub, declared_topics())
