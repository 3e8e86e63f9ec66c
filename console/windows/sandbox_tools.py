"""What the sandbox's tools find out: lengths, sections with the water of several times, sight, storage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from console.domain.time import stamp
from console.errors import ConsoleError
from console.presenters.scene import scene_view
from console.services.sandbox_ground import SandboxGround
from console.viewdata.scene import SceneView
from console.windows.panels import Context
from scenes.build.course import Course, course_of, crossing, stage_along
from scenes.panel import SandboxPanel
from scenes.tools.measure import area, bearing_and_slope, distance, volume_between
from scenes.tools.profile import cross_section, profile
from scenes.tools.sight import line_of_sight
from scenes.tools.wetted import WaterAt
from widgets.profile_strip import Waters

Place = tuple[float, float]
Array = NDArray[np.float64]
Drawn = tuple[Array, Array, str, Waters]  # what the strip shows: km along, height m, which ground, the waters
Result = tuple[tuple[str, ...], Drawn | None]
BACK_H = (0, 6, 24)  # the waters of a section: now and so many hours before
EYE_M = 2.0
SAMPLES = 500


class SandboxTools(QObject):
    """Owned by the sandbox's desk."""

    def __init__(self, c: Context, panel: SandboxPanel) -> None:
        super().__init__()
        self._c, self._panel = c, panel
        self._tools = panel.tools
        self._found: SandboxGround | None = None
        self._courses: dict[str, Course] = {}
        self._tools.completed.connect(self._completed)

    def take_ground(self, found: SandboxGround) -> None:
        self._found, self._courses = found, {}
        self._tools.ground = found.ground

    def _completed(self, mode: str, places: tuple[Place, ...]) -> None:
        if self._found is None:
            return
        work = {
            "measure": self._measure,
            "profile": self._profile,
            "section": self._section,
            "sight": self._sight,
            "volume": self._volume,
        }[mode]
        self._c.session.tasks.start(f"sandbox {mode}", self._guarded(work, places))

    async def _guarded(self, work: Callable[[tuple[Place, ...]], Awaitable[Result]], places: tuple[Place, ...]) -> None:
        """Run a tool; what it refuses is said where its result would stand, unless something else stands there by now."""
        self._tools.say(self._c.look.tr("正在计算…"))
        waiting = self._tools.lines
        drawn: Drawn | None = None
        try:
            lines, drawn = await work(places)
        except ConsoleError as exc:
            lines = (f"{exc.what}{exc.next_step}",)
        if not shiboken6.isValid(self._panel) or self._tools.lines is not waiting:
            return
        self._tools.say(*lines)
        if drawn is not None:
            self._panel.strip.show_profile(*drawn)

    # --- tools ----------------------------------------------------------------------------
    async def _measure(self, places: tuple[Place, ...]) -> Result:
        ground, points = self._ground.ground, np.array(places)
        lines = [(await asyncio.to_thread(distance, ground, points, _step(points))).words()]
        if len(places) == 2:
            lines.append((await asyncio.to_thread(bearing_and_slope, ground, places[0], places[1])).words())
        elif len(places) > 2:
            try:
                lines.append((await asyncio.to_thread(area, ground, points, _cell(points))).words())
            except ConsoleError as exc:  # a way that crosses itself has a length all the same
                lines.append(exc.what)
        return tuple(lines), None

    async def _profile(self, places: tuple[Place, ...]) -> Result:
        points = np.array(places)
        found = await asyncio.to_thread(profile, self._ground.ground, points, _step(points))
        return (found.words(),), (found.chainage_km, found.height_m, found.basis.words(), ())

    async def _sight(self, places: tuple[Place, ...]) -> Result:
        found = await asyncio.to_thread(line_of_sight, self._ground.ground, places[0], places[1], EYE_M, EYE_M)
        return (found.words(),), None

    async def _volume(self, places: tuple[Place, ...]) -> Result:
        points = np.array(places)
        if not shiboken6.isValid(self._panel):
            return (), None
        low, high = self._panel.toolbar.levels()
        found = await asyncio.to_thread(volume_between, self._ground.ground, points, low, high, _cell(points))
        return (found.words(),), None

    async def _section(self, places: tuple[Place, ...]) -> Result:
        """Cut the ground between two places, with the water there now and before, where a river crosses."""
        a, b = places[0], places[1]
        crossed = await asyncio.to_thread(self._crossed, a, b)
        waters = await self._waters(*crossed[:2]) if crossed is not None else ()
        at = crossed[2] if crossed is not None else None
        length = float(np.hypot(b[0] - a[0], b[1] - a[1]))
        step = max(length / SAMPLES, 0.001)
        found = await asyncio.to_thread(cross_section, self._ground.ground, a, b, waters, step, at)
        levels = tuple((w.water.label, w.water.level_m, w.span_km) for w in found.waters)
        drawn: Drawn = (found.offset_km, found.height_m, found.basis.words(), levels)
        tr = self._c.look.tr
        if crossed is None:
            return (found.words(), tr("这条线没有穿过有水面的河道，只有地面。")), drawn
        caution = tr("水位为测站基面沿程内插，地面为 1985 国家高程基准，两者未换算。")
        return (f"{crossed[0].name}：{found.words()}", caution), drawn

    # --- waters ---------------------------------------------------------------------------
    @property
    def _ground(self) -> SandboxGround:
        assert self._found is not None  # noqa: S101 - no tool completes before
        return self._found

    def _crossed(self, a: Place, b: Place) -> tuple[Course, float, Place] | None:
        """Return the river that a line crosses, how far along it (km), and where."""
        if not self._courses:
            self._courses = {r.name: course_of(r, self._ground.ground) for r in self._ground.rivers}
        for course in self._courses.values():
            found = crossing(course.x, course.y, a, b)
            if found is not None:
                i, share, place = found
                along = course.along_km
                return course, float(along[i] + share * (along[i + 1] - along[i])), place
        return None

    async def _waters(self, course: Course, along_km: float) -> tuple[WaterAt, ...]:
        """Return the water there now and before; a time without any station's stage gives none."""
        board, state = self._c.session.board.board, self._c.session.board
        found = []
        for hours in BACK_H:
            moment = board.moment - 3600.0 * hours
            other = board if not hours else await state.at_other(moment, board.now)
            level = _level(scene_view(other, None), course, along_km)
            if level is not None:
                found.append(WaterAt(stamp(moment), level, moment))
        return tuple(found)


def _level(view: SceneView, course: Course, along_km: float) -> float | None:
    reach = next((r for r in view.reaches if r.name == course.name and r.stages), None)
    if reach is None:
        return None
    stations = [(course.place(lon, lat), stage) for lon, lat, stage in reach.stages]
    return float(np.interp(along_km, course.along_km, stage_along(course.along_km, course.low_water_m, stations)))


def _step(points: Array) -> float:
    return max(0.002, float(np.hypot(*np.diff(points, axis=0).T).sum()) / SAMPLES)


def _cell(points: Array) -> float:
    return max(0.002, float(np.ptp(points, axis=0).max()) / 300)
