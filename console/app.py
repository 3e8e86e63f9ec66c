"""Composition root of the windowed roles: desk, wall, shot."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType

from PySide6.QtCore import QEvent, QLibraryInfo, Qt, QTimer, QTranslator, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from console.engine.cluster import Cluster, ClusterExecutor
from console.engine.executor import Executor, PoolExecutor
from console.errors import ConsoleError, ErrorHub
from console.fonts import chinese_family
from console.look import Look
from console.loop import qt_loop
from console.paths import DataHome
from console.services.collector import GuiCollector
from console.services.compiled_kernels import have_kernels_compiled
from console.services.instruments import Instruments
from console.services.session import Session, Source
from console.services.supervisor import Child, Supervisor
from console.services.wall_control import WallControl
from console.settings import Settings
from console.store.keys import OpsKey, available_key
from console.sync.sources import check_source, is_remote
from console.topics import site_topics
from console.windows.docking import prepare_docking
from console.windows.panels import Context

log = logging.getLogger(__name__)
HARMLESS = ("This plugin does not support", "propagateSizeHints")


class ConsoleApplication(QApplication):
    """Turns the system's quit request into an orderly close; sees no other object's events."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.on_quit: Callable[[], None] | None = None

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit and self.on_quit is not None:
            self.on_quit()
            return True
        return super().event(event)


def make_application(arguments: list[str]) -> ConsoleApplication:
    prepare_docking()
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = ConsoleApplication(arguments)
    app.setApplicationName("flood-console")
    app.setStyle("Fusion")
    app.setQuitOnLastWindowClosed(False)
    GuiCollector(app)
    return app


def make_look(app: QApplication, settings: Settings) -> Look:
    """Return the look, with a font that has Chinese.

    Raises:
        NoChineseFont: there is none on this machine.
    """
    look = Look(settings.theme, settings.language, settings.font_scale, chinese_family())
    own = QTranslator(app)
    if own.load("qtbase_zh_CN", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(own)

    def apply() -> None:
        app.setPalette(look.palette())
        app.setFont(look.font())

    look.changed.connect(apply)
    apply()
    return look


def catch_everything(hub: ErrorHub, home: DataHome) -> None:
    """Send every stray exception, Qt warning and crash to the hub or the log."""
    faulthandler.enable((home.logs / "crash.log").open("a"))

    def stray(kind: type[BaseException], exc: BaseException, _trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            hub.report("window", exc)

    def from_qt(_kind: object, _where: object, text: str) -> None:
        if not any(h in text for h in HARMLESS):
            log.warning("Qt: %s", text)

    sys.excepthook = stray
    threading.excepthook = lambda args: hub.report("thread", args.exc_value) and None
    qInstallMessageHandler(from_qt)


def children(home: DataHome, settings: Settings, key: OpsKey | None) -> list[Child]:
    """Return the processes that a window needs: the centre when it is embedded, and sync, which is handed the key."""
    where = ["--home", str(home.root), "--source", settings.source]
    found = []
    if not is_remote(settings.source):
        central = [*where, "central", "--rate", f"{settings.replay_rate:g}"]
        if settings.replay_start:
            central += ["--start", settings.replay_start]
        found.append(Child("central", central, home.central(settings.source)))
    found.append(
        Child("sync", [*where, "sync"], home.profile(settings.source).folder, first_words=key.to_line() if key else b"\n")
    )
    return found


def run_desk(home: DataHome, settings: Settings, problem: ConsoleError | None) -> int:
    """Run the desk until its window closes; returns the exit status."""
    check_source(settings.source, home.root)
    began = time.perf_counter()
    app = make_application(sys.argv)
    hub = ErrorHub()
    catch_everything(hub, home)
    look = make_look(app, settings)
    loop = qt_loop(app, hub.report)
    with contextlib.closing(loop):
        next_source = loop.run_until_complete(_desk(app, home, settings, problem, hub, look, began))
    if next_source:
        os.execv(sys.executable, [sys.executable, "-m", "console", "--home", str(home.root), "--source", next_source])
    return 0


def executor_of(settings: Settings) -> Callable[[], Executor]:
    """Return what makes the place where what-ifs run: this machine, or the cluster that the settings name."""
    if not settings.compute:
        return PoolExecutor
    keys = (settings.tls_ca, settings.tls_client_cert, settings.tls_client_key)
    return lambda: ClusterExecutor(Cluster(settings.compute, *keys))


async def _desk(
    app: ConsoleApplication,
    home: DataHome,
    settings: Settings,
    problem: ConsoleError | None,
    hub: ErrorHub,
    look: Look,
    began: float,
) -> str:
    from console.windows.frame import Frame

    done = asyncio.Event()
    app.on_quit = done.set
    _on_signals(done)
    key, locked = await unlock_desk(home, look, done)
    if done.is_set():
        return ""
    supervisor = Supervisor(children(home, settings, key))
    supervisor.start()  # they start while the window is being built
    personal = is_remote(settings.source) and bool(settings.oidc_issuer)
    topics, fault = site_topics(home.root)
    session = Session(Source(home, settings.source, key, personal, executor_of(settings)), hub, topics)
    instruments = Instruments()
    wall = WallControl(session)
    context = Context(look, hub, session, settings, instruments)
    said = f"{problem.what}{problem.next_step}" if problem else locked or fault
    frame = Frame(context, wall=wall, problem=said)
    chosen: list[str] = []
    frame.closing.connect(done.set)
    frame.restart_requested.connect(chosen.append)
    frame.restart_requested.connect(done.set)
    for child in supervisor.processes:
        child.gave_up.connect(frame.say_problem)
    frame.show()
    instruments.mark("window", time.perf_counter() - began)
    session.board.changed.connect(lambda: _first_pictures(session, instruments, time.perf_counter() - began))
    instruments.start()
    instruments.gauge("tasks", lambda: float(len(session.tasks.running())))
    instruments.gauge("outbox_waiting", lambda: float(session.desk.waiting))
    instruments.gauge("child_restarts", lambda: float(sum(c.restarts for c in supervisor.processes)))
    QTimer.singleShot(0, frame, lambda: frame.open_workspace(frame.current))
    session.start()
    kernels = have_kernels_compiled(home.shared_cache / "kernels", lambda: session.board.whole)
    session.tasks.start("kernels", kernels)
    try:
        await done.wait()
    finally:
        app.on_quit = None
        instruments.stop()
        instruments.save(home.logs / "instruments.json")
        frame.save_layouts()
        frame.release()
        await session.close()
        supervisor.stop()
        frame.hide()
        frame.deleteLater()
        await asyncio.sleep(0.01)
    return chosen[0] if chosen else ""


def _first_pictures(session: Session, instruments: Instruments, spent_s: float) -> None:
    """Note when the newest values were on screen, and when trends and the last day were too."""
    instruments.mark("first_data", spent_s)
    if session.board.whole:
        instruments.mark("whole_data", spent_s)


def _on_signals(done: asyncio.Event) -> None:
    if sys.platform != "win32":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, done.set)


async def unlock_desk(home: DataHome, look: Look, done: asyncio.Event) -> tuple[OpsKey | None, str]:
    """Return the key and a standing word for the banner; asks on a page of its own where nobody else has the key."""
    from console.windows.unlock import UnlockPage

    problem = ""
    try:
        key = await asyncio.to_thread(available_key, home.root)
    except ConsoleError as exc:
        key, problem = None, f"{exc.what}{exc.next_step}"
    if key is not None:
        return key, ""
    page = UnlockPage(look, home.root, problem)
    page.show()
    log.info("asking for the passphrase")
    asked, left = asyncio.ensure_future(page.wait()), asyncio.ensure_future(done.wait())
    await asyncio.wait({asked, left}, return_when=asyncio.FIRST_COMPLETED)
    key = asked.result() if asked.done() else None
    for task in (asked, left):
        task.cancel()
    if page.given_up:
        done.set()
    page.hide()
    page.deleteLater()
    return key, "" if key is not None else look.tr("记录库没有解锁：可以照常查看，不能签收和记录。要记录请重新启动并输入口令。")


def quiet_key(home: DataHome) -> OpsKey | None:
    """Return the key where it is to be had without asking; a window without it only shows."""
    try:
        return available_key(home.root)
    except ConsoleError as exc:
        log.warning("ops key: %s", exc)
        return None


def run_wall(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    """Run one wall screen; it follows the desk of the same data source."""
    check_source(settings.source, home.root)
    app = make_application(sys.argv)
    hub = ErrorHub()
    catch_everything(hub, home)
    look = make_look(app, replace(settings, font_scale=max(1.35, settings.font_scale)))
    loop = qt_loop(app, hub.report)
    with contextlib.closing(loop):
        loop.run_until_complete(_wall(app, options, home, settings, hub, look))
    return 0


async def _wall(
    app: ConsoleApplication, options: argparse.Namespace, home: DataHome, settings: Settings, hub: ErrorHub, look: Look
) -> None:
    from console.windows.wall_screen import WallScreen

    done = asyncio.Event()
    app.on_quit = done.set
    _on_signals(done)
    key = quiet_key(home)
    supervisor = Supervisor(children(home, settings, key))
    supervisor.start()
    session = Session(Source(home, settings.source, key, executor=executor_of(settings)), hub, site_topics(home.root)[0])
    instruments = Instruments()
    screen = WallScreen(Context(look, hub, session, settings, instruments, large=True), options.node)
    screens = QGuiApplication.screens()
    if options.windowed:
        screen.resize(1280, 720)
    else:
        screen.place_on(screens[options.screen if 0 <= options.screen < len(screens) else -1])
    screen.closing.connect(done.set)
    screen.show()
    instruments.start()
    session.start()
    try:
        await done.wait()
    finally:
        app.on_quit = None
        instruments.stop()
        screen.release()
        await session.close()
        supervisor.stop()
        screen.hide()
        screen.deleteLater()
        await asyncio.sleep(0.01)


def run_shot(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    """Render views to PNG without a display."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from console.windows.shot import ShotOptions, take_shots

    app = make_application(sys.argv[:1])
    hub = ErrorHub()
    catch_everything(hub, home)
    settings = replace(settings, theme=options.theme or settings.theme, language=options.language or settings.language)
    wanted = ShotOptions.from_arguments(options)
    loop = qt_loop(app, hub.report)
    with contextlib.closing(loop):
        written = loop.run_until_complete(
            take_shots(home, settings, wanted, hub, lambda s: make_look(app, s), children, quiet_key(home))
        )
    for path in written:
        print(path)
    for incident in hub.incidents:
        print(incident.detail, file=sys.stderr)
    return 1 if hub.incidents else 0


def run_film(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    """Film a tour without a display."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from console.windows.film_command import FilmOptions, make_film

    app = make_application(sys.argv[:1])
    hub = ErrorHub()
    catch_everything(hub, home)
    settings = replace(settings, theme=options.theme or settings.theme, language=options.language or settings.language)
    wanted = FilmOptions.from_arguments(options)
    loop = qt_loop(app, hub.report)
    with contextlib.closing(loop):
        print(
            loop.run_until_complete(
                make_film(home, settings, wanted, hub, lambda s: make_look(app, s), children, quiet_key(home))
            )
        )
    for incident in hub.incidents:
        print(incident.detail, file=sys.stderr)
    return 1 if hub.incidents else 0
