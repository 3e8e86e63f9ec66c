"""A tour as a film, headless, from a real running chain."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from console.domain.flight import Flight
from console.domain.time import from_beijing, full_stamp
from console.errors import ConsoleError, ErrorHub
from console.look import Look
from console.paths import DataHome
from console.services.instruments import Instruments
from console.services.sandbox_ground import load_ground
from console.services.session import Session, Source
from console.services.supervisor import Child, Supervisor
from console.services.tours import all_tours
from console.settings import Settings
from console.store.keys import OpsKey
from console.topics import site_topics
from console.viewdata.scene import LAYERS, SceneStyle
from console.windows.film_stage import FilmStage, caption_of, clearance_of
from console.windows.panels import Context
from console.windows.shot import SETTLE_S, bring_to, wait_for_data
from scenes.film.encode import FilmWriter, Mp4Writer, PngWriter
from scenes.film.film import FilmJob, FilmOrder, FilmProgress

TILES = tuple(code for code in LAYERS if code != "rain")


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """What is wished. out: an .mp4 file, or a folder for single pictures."""

    tour: str
    out: Path
    fps: int
    size: tuple[int, int]
    at_t: int | None
    exaggeration: float
    night: bool

    @classmethod
    def from_arguments(cls, options: argparse.Namespace) -> FilmOptions:
        """Raises: ConsoleError: size or time cannot be read."""
        try:
            width, height = (int(p) for p in options.size.lower().split("x"))
            at = from_beijing(options.at) if options.at else None
        except ValueError as exc:
            raise ConsoleError("尺寸或时刻写得不对。", "尺寸如 1280x720，时刻如 '2022-06-22 14:00'。", str(exc)) from exc
        if not 1.0 <= options.exaggeration <= 40.0:
            raise ConsoleError(f"垂直夸大 {options.exaggeration:g} 超出范围。", "请给出 1 到 40。")
        out = Path(options.out or f"{options.tour}.mp4")
        return cls(options.tour, out, options.fps, (width, height), at, options.exaggeration, options.night)


def chosen_tour(home: DataHome, name: str) -> Flight:
    """Raises: ConsoleError: no such tour; which there are is said."""
    tours = all_tours(home.root)
    found = tours.named(name)
    if found is None:
        names = "、".join(f"{t.flight.name}（{t.file}）" for t in tours.tours)
        raise ConsoleError(f"没有名为 {name} 的飞行。", f"可用：{names}。", "；".join(tours.faults))
    return found


def writer_for(out: Path) -> FilmWriter:
    return Mp4Writer(out) if out.suffix.lower() == ".mp4" else PngWriter(out)


async def make_film(
    home: DataHome,
    settings: Settings,
    options: FilmOptions,
    hub: ErrorHub,
    make_look: Callable[[Settings], Look],
    children: Callable[[DataHome, Settings, OpsKey | None], list[Child]],
    key: OpsKey | None = None,
) -> Path | None:
    """Start the chain, wait for data, fly; returns what was written.

    Raises:
        ConsoleError: no such tour, no data, no 3D, or the film could not be written.
    """
    flight = chosen_tour(home, options.tour)
    FilmOrder(flight, options.fps, options.size, options.at_t or 0.0).check()  # before anything is started
    times = [k.situation_t for k in flight.keyframes if k.situation_t is not None]
    last = max(times, default=options.at_t or 0)
    if last:  # a recording that plays is at its end, so that every moment of the flight has come in
        settings = replace(settings, replay_start=full_stamp(last), replay_rate=1.0)
    supervisor = Supervisor(children(home, settings, key))
    supervisor.start()
    session = Session(Source(home, settings.source, key), hub, site_topics(home.root)[0])
    session.start()
    try:
        await wait_for_data(session)
        if last:
            await bring_to(session, last)
            await asyncio.sleep(SETTLE_S)  # what a recording that was sought sends anew has come in
        found = await asyncio.to_thread(load_ground, home.shared_cache)
        context = Context(make_look(settings), hub, session, settings, Instruments(), still=True)
        style = SceneStyle(exaggeration=options.exaggeration, night=options.night, layers=TILES)
        stage = FilmStage(context, found, style)
        try:
            await stage.start(*options.size)
            order = FilmOrder(
                flight, options.fps, options.size, options.at_t or session.board.board.moment, clearance_of(found, style)
            )
            job = FilmJob(order, stage.render, caption_of(context, found, flight.name, style), writer_for(options.out))
            return await finished(job, _say)
        finally:
            stage.release()
    finally:
        await session.close()
        supervisor.stop()


async def finished(job: FilmJob, say: Callable[[FilmProgress], None]) -> Path | None:
    """Run a film to its end; None when it was cancelled.

    Raises:
        ConsoleError: it was not made.
    """
    done: asyncio.Future[Path | None] = asyncio.get_running_loop().create_future()
    job.progressed.connect(say)
    job.finished.connect(lambda path: done.set_result(path))
    job.failed.connect(lambda exc: done.set_exception(exc))
    job.start()
    try:
        return await done
    finally:
        job.cancel()


def _say(progress: FilmProgress) -> None:
    if sys.stderr.isatty():
        left = f"，约剩 {progress.left_s:.0f} 秒" if progress.left_s is not None else ""
        end = "\n" if progress.done == progress.total else ""
        print(f"\r第 {progress.done}/{progress.total} 帧{left}   ", end=end, file=sys.stderr, flush=True)
