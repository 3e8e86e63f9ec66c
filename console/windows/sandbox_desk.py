"""The sandbox as a panel: its ground, its moment, what its tools do."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtCore import QObject

from console.domain.time import full_stamp, moment_of, sane_t
from console.errors import ConsoleError
from console.presenters.scene import present_scene, scene_view
from console.presenters.scene_works_around import scene_works_view
from console.services.rain_field import RainFieldService
from console.services.sandbox_ground import GroundService, SandboxGround, models_below, panoramas_below
from console.services.video.catalogue import Catalogue
from console.viewdata.briefing import Briefing
from console.viewdata.scene import LAYERS, SceneStyle, SceneView
from console.windows.ground_desk import GroundDesk
from console.windows.panels import Built, Context
from console.windows.sandbox_flights import SandboxFlights
from console.windows.sandbox_flood import SandboxFlood
from console.windows.sandbox_plans import Plans, two_plans
from console.windows.sandbox_rain_grid import SandboxRainGrid
from console.windows.sandbox_tools import SandboxTools
from scenes.ground.frame import to_degrees
from scenes.palette import ground_palette, sky
from scenes.panel import SandboxPanel
from scenes.panorama import PanoramaWindow, read_panorama
from scenes.render.wire import Open
from scenes.space_mouse import SpaceMouse, pushed
from scenes.toolbar import COMPARISONS, PLANS
from scenes.wording import Drawn, legend_rows, notes

if TYPE_CHECKING:
    from scenes.render.wire import Told


def build_sandbox(c: Context) -> Built:
    desk = SandboxDesk(c)
    concerns = frozenset({"board", "selection", "clock"})
    return Built(desk.panel, desk.refresh, concerns, release=desk.close, export_document=desk.atlas)


class SandboxDesk(QObject):
    """Owned by its panel's builder; the widgets ask, this decides."""

    def __init__(self, c: Context) -> None:
        super().__init__()
        self._c = c
        self._session = c.session
        self.panel = SandboxPanel(c.look, still=c.still or c.settings.reduced_motion)
        self.view = self.panel.view
        self.view.hand.left_handed = c.settings.left_handed
        self._mouse = SpaceMouse()
        self._mouse.moved.connect(self._push)
        self._mouse.pressed.connect(lambda _button: self.view.home())
        self.style = SceneStyle(layers=tuple(code for code in LAYERS if code != "rain"))
        self._rain = RainFieldService(c.session)
        self._rain.changed.connect(self.refresh)
        self._ground = GroundService(c.session.source.home.shared_cache, c.session.tasks, fine=not c.still)
        self._ground.ready.connect(self._take_ground)
        self._ground.progress.connect(self._take_progress)
        self._ground.failed.connect(self.panel.say)
        self._found: SandboxGround | None = None
        self._courses: dict[str, Any] = {}
        self._river_points: dict[str, tuple[tuple[float, float], ...]] = {}
        self._tools = SandboxTools(c, self.panel)
        self._flights = SandboxFlights(c, self.panel, lambda: self.style)
        self.panel.touring = self._flights.paint
        self._flood = SandboxFlood(c, self.panel)
        self._rain_grid = SandboxRainGrid(c, self.panel)
        for laid in (self._flood, self._rain_grid):
            laid.changed.connect(self._laid_changed)
        self._own = GroundDesk(c, self.panel)
        self._own.changed.connect(self._ground.again)
        self.panel.toolbar.terrain_requested.connect(self._own.show)
        self._cameras = Catalogue(c.session.board)
        self._panoramas = panoramas_below(c.session.source.home.root)
        self.panel.toolbar.panorama_requested.connect(self._look_around)
        self._models = models_below(c.session.source.home.root)
        self._works_key: tuple[Any, ...] | None = None
        c.session.works.changed.connect(self._works_judged)
        self._making = ""
        self._hung = ""
        self._compared_for: tuple[float, SceneStyle] | None = None  # the moment and the look that it was made beside
        self._compared: str | None = None
        self._laid: tuple[object, ...] = ()  # how its floods and rain were drawn
        self._plans: Plans | None = None
        self._plans_mode = ""  # of their floods
        self._own_flood: str | None = None  # what was chosen before two scenarios were compared
        c.session.consult.changed.connect(self._plans_changed)
        if c.large:
            self.panel.plain()
        self._wire()
        c.instruments.gauge("scene_frame_ms", self._frame_ms)
        c.look.changed.connect(self._look_changed)
        laid_and_own = (self._flood, self._rain_grid, self._own)
        for part in (self._mouse, self._rain, self._ground, self._tools, self._flights, *laid_and_own):
            part.setParent(self)  # what they are connected to goes with them
        self._ground.want()

    def _wire(self) -> None:
        view, bar = self.view, self.panel.toolbar
        view.selected.connect(lambda code: self._session.situation.select(code or None))
        view.pointed.connect(self._pointed)
        view.notice.connect(self._noticed)
        view.link.told.connect(self._told)
        bar.layer_switched.connect(self._switch)
        bar.exaggeration_chosen.connect(lambda factor: self._restyle(replace(self.style, exaggeration=factor)))
        bar.night_toggled.connect(lambda on: self._restyle(replace(self.style, night=on)))
        bar.home_requested.connect(view.home)
        bar.comparison_chosen.connect(self._choose_comparison)
        bar.show_layers(self.style.layers)

    async def atlas(self, notes: list[str]) -> Briefing:
        """Return the shown inundation as an atlas. Raises: ConsoleError: there is none."""
        return await self._flood.atlas(notes)

    def close(self) -> None:
        """Let go: what listens to longer-lived objects would keep this desk and its renderer."""
        self._c.look.changed.disconnect(self._look_changed)
        self._session.works.changed.disconnect(self._works_judged)
        self._session.consult.changed.disconnect(self._plans_changed)
        self._rain.close()
        self._rain.changed.disconnect()
        self._mouse.close()
        self._flights.close()
        self._own.close()
        self._flood.close()
        self._rain_grid.close()
        self._ground.close()
        self._c.instruments.forget("scene_frame_ms", self._frame_ms)
        self.view.release()
        self.deleteLater()

    def _frame_ms(self) -> float:
        return self.view.frame.spent_ms if self.view.frame else 0.0

    # --- filling --------------------------------------------------------------------------
    def refresh(self) -> str:
        session = self._session
        rain = None
        if "rain" in self.style.layers:
            self._rain.want()
            rain = self._rain.field
        if self._compared == PLANS and self._compared_for != (session.board.board.moment, self.style):
            self._compare(PLANS)
        said = present_scene(
            self.view,
            self._plans.boards[0] if self._plans is not None else session.board.board,
            session.situation.current.selection,
            self._c.look.tr,
            session.board.things.get("typhoons", ()),
            rain,
            self.style,
            self._courses,
        )
        if self._compared not in (None, PLANS) and self._compared_for != (session.board.board.moment, self.style):
            self._compare_with(str(self._compared))
        self.panel.toolbar.panorama.setVisible((session.situation.current.selection or "") in self._panoramas)
        self._show_works()
        self._flood.want(session.board.board.moment)
        self._rain_grid.want(session.board.board.moment)
        self._describe(self.view.view)
        return said

    def _show_works(self) -> None:
        """Show the works when anything of them is another one: their geometry is not made anew for every reading."""
        session = self._session
        session.works.follow()
        self._cameras.read()
        board = session.board.board
        gates = tuple((r.code, r.level.value if r.level else None) for r in board.rows if r.station.kind == "gate")
        key = (id(session.works.reports), id(session.board.things), gates, self._c.look.theme)
        if self._works_key is not None and all(a is b or a == b for a, b in zip(key, self._works_key, strict=True)):
            return
        self._works_key = key
        self.view.show_works(
            scene_works_view(
                session.board.things,
                session.works.reports,
                board,
                self._cameras.cameras,
                self._c.look.tr,
                rivers=self._river_points,
                models=self._models,
            )
        )

    def _describe(self, view: SceneView) -> None:
        label = self._found.label if self._found is not None else ""
        plain = self.view.plain is not None
        rivers = frozenset(r.name for r in self._found.rivers) if self._found is not None else frozenset()
        drawn = Drawn(view, self.view.told, self.view.works, rivers, plain)
        self.view.legend = legend_rows(drawn, self._c.look.tr)
        busy, tr = (self._making, self._hung), self._c.look.tr
        made_up = self._found is None or all(s.synthetic for s in self._found.ground.sources)
        self.view.notes = notes(drawn, label, made_up, busy, tr, data=self._session.link.made)
        for layer, laid in (("flood", self._flood), ("rain", self._rain_grid)):
            if layer in view.style.layers and not plain:
                self.view.legend = (*self.view.legend, *laid.legend())
                self.view.notes = (*laid.notes(), *self.view.notes)
        self.view.update()

    def _works_judged(self) -> None:
        if shiboken6.isValid(self.panel) and self.panel.isVisible():
            self._show_works()

    def _push(self, axes: tuple[float, ...], held_ms: int) -> None:
        if self.view.isVisible() and self.view.isActiveWindow():
            self.view.turn(pushed(self.view.camera, axes, held_ms), moving=True)

    def _told(self, _told: Told) -> None:
        self._describe(self.view.view)

    def _restyle(self, style: SceneStyle) -> None:
        self.style = style
        self.refresh()

    def _choose_comparison(self, choice: str) -> None:
        before = self._plans
        self._compare(choice)
        if self._plans is None and self._own_flood is not None:
            own, self._own_flood, self._flood.desk.beside = self._own_flood, None, None
            if self._flood.desk.name != own:
                self._flood.desk.choose(own)
        if self._plans is not before:  # the left side is another one too
            self.refresh()

    def _compare(self, choice: str) -> None:
        """Compare with another moment; what cannot be read changes nothing and is answered."""
        if choice in [self._c.look.tr(word) for word in COMPARISONS.values()]:
            choice = list(COMPARISONS)[[self._c.look.tr(word) for word in COMPARISONS.values()].index(choice)]
        try:
            if choice == PLANS:
                self._show_plans()
            else:
                self._compare_with(choice)
                self._plans = None
        except ConsoleError as exc:
            self._plans = None
            self.view.compare(None)
            self.panel.say(f"{exc.what}{exc.next_step}")
        except ValueError:
            self.panel.say(f"{choice[:30]}：{self._c.look.tr('不是时刻，请写成 2022-06-20 08:00')}")
        else:
            self.panel.say("")

    def _show_plans(self) -> None:
        """Show two scenarios at this moment. Raises: ConsoleError: they are not there."""
        board = self._session.board.board
        self._compared, self._compared_for = PLANS, (board.moment, self.style)
        self._plans = two_plans(self._c)
        typhoons = self._session.board.things.get("typhoons", ())
        selected = self._session.situation.current.selection
        right = scene_view(self._plans.boards[1], selected, typhoons, None, self.style, self._courses)
        self._plans_mode = self._flood.desk.mode
        if self._own_flood is None:
            self._own_flood = self._flood.desk.name
        if self._flood.desk.name != self._plans.floods[0]:  # each side stands in its own flood, or in none
            self._flood.desk.choose(self._plans.floods[0])
        self._session.tasks.start("sandbox compare", self._show_flooded(self._plans, right, board.moment))

    async def _show_flooded(self, plans: Plans, right: SceneView, moment: float) -> None:
        """Show the right side with its own flood, or with none."""
        flood, problem = None, ""
        try:
            flood = await self._flood.desk.picture_from(plans.floods[1], moment)
        except ConsoleError as exc:
            problem = f"{exc.what}{exc.next_step}"
        if shiboken6.isValid(self.view) and self._plans is plans:
            self.panel.say(problem)
            self.view.compare(right, plans.words, {"flood": flood})
            self._describe(self.view.view)

    def _plans_changed(self) -> None:
        if self._compared == PLANS and shiboken6.isValid(self.panel) and self.panel.isVisible():
            self._compared_for = None
            self.refresh()

    def _laid_changed(self) -> None:
        """Another result, or another way to draw it, lies over the ground: on both sides of a comparison."""
        self._describe(self.view.view)
        if self._compared == PLANS and self._plans_mode != self._flood.desk.mode:
            self._plans_changed()
        if self._compared not in (None, PLANS) and self._laid != (self._flood.desk.drawn_as, self._rain_grid.desk.drawn_as):
            self._compare_with(str(self._compared))

    def _compare_with(self, choice: str) -> None:
        """Raises: ValueError: the choice is no moment."""
        board = self._session.board.board
        moment = sane_t(moment_of(choice, board.now, board.moment)) if choice else None
        self._compared_for = (board.moment, self.style)
        self._laid = self._flood.desk.drawn_as, self._rain_grid.desk.drawn_as
        self._compared = choice if moment is not None else None
        if moment is None:
            self.view.compare(None)
        else:
            self._session.tasks.start("sandbox compare", self._show_other(choice, moment))

    async def _show_other(self, choice: str, moment: float) -> None:
        session, board = self._session, self._session.board.board
        other = await session.board.at_other(moment, board.now)
        if not shiboken6.isValid(self.view) or self._compared != choice:
            return
        typhoons = session.board.things.get("typhoons", ())
        rain = await self._rain.at(other, self._rain.hours) if "rain" in self.style.layers else None
        if not shiboken6.isValid(self.view) or self._compared != choice:
            return
        shown = scene_view(other, session.situation.current.selection, typhoons, rain, self.style, self._courses)
        try:
            laid = {"flood": await self._flood.desk.picture_of(moment), "radar": await self._rain_grid.desk.picture_of(moment)}
        except ConsoleError as exc:
            self.panel.say(f"{exc.what}{exc.next_step}")
            return
        if shiboken6.isValid(self.view) and self._compared == choice:
            self.view.compare(shown, (full_stamp(board.moment), full_stamp(moment)), laid)

    def _look_around(self) -> None:
        code = self._session.situation.current.selection or ""
        if code in self._panoramas:
            self._session.tasks.start("panorama", self._open_panorama(self._panoramas[code], code))

    async def _open_panorama(self, path: Path, code: str) -> None:
        try:
            sphere = await asyncio.to_thread(read_panorama, path)
        except ConsoleError as exc:
            self.panel.say(f"{exc.what}{exc.next_step}")
            return
        if shiboken6.isValid(self.panel):
            PanoramaWindow(self._c.look, sphere, self._session.board.name_of(code), self.panel).show()

    def _switch(self, code: str, on: bool) -> None:
        kept = [c for c in LAYERS if (c in self.style.layers or c == code) and (on or c != code)]
        self._restyle(replace(self.style, layers=tuple(kept)))

    # --- ground ---------------------------------------------------------------------------
    def _take_ground(self, found: SandboxGround) -> None:
        if not shiboken6.isValid(self.view):
            return
        self._found = self._flood.ground = found
        self._courses = {r.name: r.line for r in found.rivers}
        self._river_points = {r.name: tuple(map(tuple, r.line.tolist())) for r in found.rivers}
        self._tools.take_ground(found)
        self._flights.take_ground(found)
        self._works_key = None
        self.view.places = found.towns
        look = self._c.look
        self.view.open(Open(found.spec, found.rivers, ground_palette(look), sky(look)), found.ground)
        if self._c.settings.dem and not any(not s.synthetic for s in found.ground.sources):
            problems = (
                *found.problems,
                self._c.look.tr("设置里的 dem 需要注明高程基准：请用工具条“添加地形或影像”导入这个文件"),
            )
        else:
            problems = found.problems
        self.panel.say("；".join((*problems, *self._flights.faults)))
        self.refresh()  # stations stand on the rivers of this ground, dams in them

    def _look_changed(self) -> None:
        if self._found is not None:
            self._take_ground(self._found)

    def _take_progress(self, share: float) -> None:
        words = self._c.look.tr("正在生成更细的地形")
        self._making = f"{words} {share:.0%}" if 0.0 <= share < 1.0 else ""
        self._describe(self.view.view)

    def _noticed(self, words: str) -> None:
        if words != self._hung:
            self._hung = words
            self._describe(self.view.view)

    def _pointed(self, east_km: float, north_km: float, height_m: float) -> None:
        if math.isnan(east_km):
            self.panel.toolbar.readout.setText("")
            return
        lon, lat = (float(v) for v in to_degrees(east_km, north_km))
        source = self._found.ground.source_at(east_km, north_km) if self._found is not None else None
        kind = self._c.look.tr("合成地形" if source is None or source.synthetic else "地面")
        water = self._flood.words(lon, lat) if "flood" in self.style.layers else ""
        where = f"{lon:.4f}°E {lat:.4f}°N · {kind} {height_m:.1f} m（1985）"
        self.panel.toolbar.readout.setText(f"{where} · {water}" if water else where)
