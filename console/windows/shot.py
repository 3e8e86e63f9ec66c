"""Pictures of any workspace or panel at any Situation, headless, from a real running chain."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget

from console.domain.objects import Station, Thing
from console.domain.time import from_beijing, full_stamp
from console.errors import ConsoleError, ErrorHub
from console.look import Look
from console.paths import DataHome
from console.services.instruments import Instruments
from console.services.session import Session, Source
from console.services.supervisor import Child, Supervisor
from console.services.wall_control import WallControl
from console.settings import Settings
from console.store.keys import OpsKey
from console.sync.sources import check_source
from console.topics import site_topics
from console.windows.frame import Frame
from console.windows.panel_catalog import PANELS
from console.windows.panels import Context
from console.windows.wall_screen import WallScreen
from console.windows.workspaces import WORKSPACES, Workspace

PATIENCE_S = 60.0
SETTLE_S = 1.2
COMING = {"base map", "scenarios", "kept runs", "drill floods"}  # tasks that fill what is shown
ALL_VIEWS = ("duty", "monitor", "sandbox", "consult", "wall", "system")


@dataclass(frozen=True, slots=True)
class ShotOptions:
    """view: workspace, workspace.panel, wallscreen or all. at_t: UTC s, None for the live moment.

    look, night, compare: how the sandbox is seen: longitude, latitude, distance km, heading, pitch; beside what.
    front: panels that are brought before those that share their place.
    """

    view: str
    out: Path
    width: int
    height: int
    at_t: int | None
    select: str
    themes: tuple[str, ...]
    layers: tuple[str, ...] = ()
    look: tuple[float, float, float, float, float] | None = None
    night: bool = False
    compare: str = ""
    front: tuple[str, ...] = ()

    @classmethod
    def from_arguments(cls, options: argparse.Namespace) -> ShotOptions:
        """Read the command line.

        Raises:
            ConsoleError: unknown view, bad size or time.
        """
        known = {w.code for w in WORKSPACES} | set(PANELS) | {"wall", "wallscreen", "all"}
        if options.view not in known:
            raise ConsoleError(f"没有名为 {options.view} 的视图。", f"可用：{'、'.join(sorted(known))}。")
        try:
            width, height = (int(p) for p in options.size.lower().split("x"))
            at = from_beijing(options.at) if options.at else None
        except ValueError as exc:
            raise ConsoleError("尺寸或时刻写得不对。", "尺寸如 1920x1080，时刻如 '2022-06-22 14:00'。", str(exc)) from exc
        if not (320 <= width <= 7680 and 240 <= height <= 4320):
            raise ConsoleError(f"尺寸 {options.size} 超出范围。", "请在 320x240 到 7680x4320 之间选择。")
        out = Path(options.out or ("shots" if options.view == "all" else f"{options.view}.png"))
        themes = (options.theme,) if options.theme else (("dark", "light") if options.view == "all" else ("",))
        layers = tuple(p.strip() for p in options.layers.split(",") if p.strip())
        look = _look_of(options.look) if options.look else None
        front = tuple(p.strip() for p in options.front.split(",") if p.strip())
        if unknown := [p for p in front if p not in PANELS]:
            raise ConsoleError(f"没有名为 {unknown[0]} 的面板。", f"可用：{'、'.join(sorted(PANELS))}。")
        scene = (look, options.night, options.compare, front)
        return cls(options.view, out, width, height, at, options.select or "", themes, layers, *scene)


def _look_of(text: str) -> tuple[float, float, float, float, float]:
    """Raises: ConsoleError: it is no place and distance."""
    try:
        parts = [float(p) for p in text.split(",")]
        lon, lat, km = parts[:3]
        heading, pitch = (*parts[3:], 0.0, 40.0)[:2] if len(parts) != 4 else (parts[3], 40.0)
    except ValueError as exc:
        raise ConsoleError(
            f"视角 {text[:40]} 写得不对。", "如 113.25,23.81,12,30,25（经度、纬度、km、方位、俯角）", str(exc)
        ) from exc
    if not (-180 <= lon <= 180 and -85 <= lat <= 85 and 0.06 <= km <= 1200 and 4 <= pitch <= 89):
        raise ConsoleError(f"视角 {text[:40]} 超出范围。", "距离 0.06–1200 km，俯角 4–89 度。")
    return lon, lat, km, heading, pitch


async def take_shots(
    home: DataHome,
    settings: Settings,
    options: ShotOptions,
    hub: ErrorHub,
    make_look: Callable[[Settings], Look],
    children: Callable[[DataHome, Settings, OpsKey | None], list[Child]],
    key: OpsKey | None = None,
) -> list[Path]:
    """Start the chain, wait for data, set the Situation, paint; returns the files written.

    Raises:
        ConsoleError: no data came in time.
    """
    if options.at_t is not None:
        from console.domain.time import full_stamp

        settings = replace(settings, replay_start=full_stamp(options.at_t), replay_rate=1.0)
    check_source(settings.source, home.root)
    supervisor = Supervisor(children(home, settings, key))
    lost: list[str] = []
    for child in supervisor.processes:
        child.gave_up.connect(lost.append)
    supervisor.start()
    session = Session(Source(home, settings.source, key), hub, site_topics(home.root)[0])
    instruments = Instruments()
    wall = WallControl(session)
    written: list[Path] = []
    session.start()
    try:
        await wait_for_data(session, lost)
        await _moment(session, options)
        for theme in options.themes:
            scale = 1.35 if options.view == "wallscreen" else settings.font_scale
            chosen = replace(settings, theme=theme or settings.theme, font_scale=scale)
            look = make_look(chosen)
            context = Context(look, hub, session, chosen, instruments, still=True)
            written += await _paint(context, wall, options, theme)
    finally:
        await session.close()
        supervisor.stop()
    return written


async def wait_for_data(session: Session, lost: Sequence[str] = ()) -> None:
    """Wait until there is something to show. lost: last words of processes that gave up.

    Raises:
        ConsoleError: nothing came in time, or will.
    """
    end = time.monotonic() + PATIENCE_S
    while session.link.state != "up" or not any(r.main for r in session.board.board.rows):
        if lost and lost[0]:
            raise ConsoleError(lost[0], "")
        if time.monotonic() > end:
            raise ConsoleError(
                f"{PATIENCE_S:.0f} 秒内没有等到数据（{session.link.state}）。",
                "请检查数据源，或先用 python3 -m console import 导入数据。",
                session.link.detail,
            )
        await asyncio.sleep(0.1)


async def bring_to(session: Session, at_t: float) -> None:
    """Bring the recording, or the view, to a time.

    Raises:
        ConsoleError: it cannot be reached; a picture of another moment would be a wrong one.
    """
    if session.link.player:
        _inside(session, at_t)
        session.control_player("pause")
        session.control_player("seek", t=float(at_t))
    else:
        session.situation.look_at(float(at_t))
    end = time.monotonic() + PATIENCE_S
    while abs(session.situation.moment() - at_t) > 60:
        if time.monotonic() > end:
            shown = full_stamp(session.situation.moment())
            raise ConsoleError(f"到不了 {full_stamp(at_t)}，现在是 {shown}。", "请换一个有数据或预报的时刻。")
        await asyncio.sleep(0.1)


async def _moment(session: Session, options: ShotOptions) -> None:
    """Bring the recording to the wished time, then select; the newest reading must have arrived."""
    if options.at_t is not None:
        await bring_to(session, options.at_t)
    found = _wanted(session, options.select)
    end = time.monotonic() + PATIENCE_S
    while options.select and found is None and time.monotonic() < end:  # a recording that was sought back comes anew
        await asyncio.sleep(0.1)
        found = _wanted(session, options.select)
    if options.select and found is None:
        raise ConsoleError(f"没有找到对象 {options.select}。", "请给出站码或站名开头几个字。")
    if found is not None:
        session.situation.select(found.code)
    if options.layers:
        session.situation.set_layers((*session.situation.current.layers, *options.layers))
    await asyncio.sleep(SETTLE_S)


def _inside(session: Session, at_t: float) -> None:
    """Raises: ConsoleError: the recording does not reach that moment."""
    player = session.link.player or {}
    first, last = player.get("from_t"), player.get("to_t")
    if first is not None and last is not None and not first <= at_t <= last:
        raise ConsoleError(f"录像没有 {full_stamp(at_t)}。", f"请给出 {full_stamp(first)} 至 {full_stamp(last)} 之间的时刻。")


def _wanted(session: Session, words: str) -> Station | Thing | None:
    """Return the station or works that is meant: by code, by its whole name, else by how its name begins."""
    found: list[Station | Thing] = [*session.board.stations.values()] if words else []
    found += session.board.things.get("works", ()) if words else ()
    exact = next((s for s in found if words in (s.code, s.name)), None)
    return exact or next((s for s in found if s.name.startswith(words)), None)


async def _paint(context: Context, wall: WallControl, options: ShotOptions, theme: str) -> list[Path]:
    if options.view == "wallscreen":
        screen = WallScreen(replace(context, large=True), "shot")
        return [await _grab_window(screen, options, options.out)]
    frame = Frame(context, wall=wall)
    written = []
    frame.resize(options.width, options.height)
    frame.show()
    views = ALL_VIEWS if options.view == "all" else (options.view,)
    for view in views:
        workspace, _, panel = view.partition(".")
        frame.open_workspace(workspace)
        page = frame.workspaces[workspace]
        if isinstance(page, Workspace):
            for code in set(options.front) & set(page.page.docks):
                page.page.bring_forward(code)
        await _quiet(page, context.session, options)
        target: QWidget = frame
        if panel and isinstance(page, Workspace):
            target = page.hosts[view].panel
            if view in page.page.docks:  # taken out from behind another tab it would be empty
                page.page.bring_forward(view)
            target.setParent(None)
            target.resize(options.width, options.height)
            target.setStyleSheet(context.look.style_sheet())
            target.show()
            page.hosts[view].refresh()
            await _quiet(page, context.session, options)
        name = f"{view}-{theme}.png" if options.view == "all" else ""
        path = options.out / name if name else options.out
        path.parent.mkdir(parents=True, exist_ok=True)
        target.grab().save(str(path))
        written.append(path)
    frame.release()
    frame.hide()
    frame.deleteLater()
    await asyncio.sleep(0.05)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return written


async def _quiet(page: Any, session: Session, options: ShotOptions) -> None:
    """Wait until views are filled, the base map is there, scenarios have run, and the sandbox has drawn its ground."""
    await asyncio.sleep(SETTLE_S)
    limit = time.monotonic() + PATIENCE_S
    waited = False
    while (lacking := _lacking(session)) and time.monotonic() < limit:
        if session.consult.holds and not COMING & set(session.tasks.running()):
            session.consult.begin()  # as the panel does when it is looked at again
        waited = True
        await asyncio.sleep(0.1)
    if waited:
        await asyncio.sleep(SETTLE_S)  # panels show what came a moment later
    _warn(lacking)
    scene = page.hosts.get("sandbox.scene") if isinstance(page, Workspace) else None
    if scene is not None:
        panel: Any = scene.widget
        widget = panel.view
        end = time.monotonic() + PATIENCE_S
        while widget.frame is None and not widget.problem and time.monotonic() < end:
            await asyncio.sleep(0.1)
        panel.toolbar.night.setChecked(options.night)
        if options.compare:
            panel.toolbar.comparison_chosen.emit(options.compare)
        if options.look is not None:
            lon, lat, km, heading, pitch = options.look
            widget.turn(replace(widget.camera, heading=heading), moving=False)
            widget.fly_to(lon, lat, km, pitch)
        await asyncio.sleep(SETTLE_S)
        while (widget.frame is None or widget.frame.coming) and not widget.problem and time.monotonic() < end:
            await asyncio.sleep(0.1)
        _warn("沙盘画面" if (widget.frame is None or widget.frame.coming) and not widget.problem else "")
        await asyncio.sleep(SETTLE_S)
    await asyncio.sleep(0.05)  # back to the loop to paint; a nested one would lose other tasks' steps


def _lacking(session: Session) -> str:
    """Return what is still being read or computed, "" for nothing."""
    if session.consult.busy or session.consult.holds:
        return "会商的计算"
    return "底图、情景或淹没" if COMING & set(session.tasks.running()) else ""


def _warn(lacking: str) -> None:
    if lacking:
        print(f"等了 {PATIENCE_S:.0f} 秒，{lacking}还没有完成，图上可能不全；请过一会儿再取。", file=sys.stderr)


async def _grab_window(screen: WallScreen, options: ShotOptions, path: Path) -> Path:
    screen.resize(options.width, options.height)
    screen.show()
    await asyncio.sleep(2 * SETTLE_S)
    path.parent.mkdir(parents=True, exist_ok=True)
    screen.grab().save(str(path))
    screen.release()
    screen.hide()
    screen.deleteLater()
    return path
