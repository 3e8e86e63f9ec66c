"""Inundation results in the sandbox: the strip below the picture, the form, and what is laid over the ground."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from functools import partial

import shiboken6
from PySide6.QtCore import QObject, Signal

from console.errors import ConsoleError
from console.look import Look
from console.presenters.flood import COLOR_TOKENS, legend, note, paint_flood, place_words, present_flood
from console.presenters.flood_atlas import flood_atlas, sheet_legend, sheet_title
from console.services.breach_desk import BreachDesk
from console.services.drill_floods import offer_drill_floods
from console.services.flood_desk import FloodDesk
from console.services.flood_frames import Paint
from console.services.level_courses import level_courses
from console.services.sandbox_ground import SandboxGround
from console.store.chains import declared_disasters
from console.viewdata.briefing import Briefing
from console.viewdata.inundation import InundationView
from console.viewdata.inundation_ask import BreachAsk
from console.windows.atlas_sheet import draw_sheet
from console.windows.panels import Context
from scenes.furniture import LegendRow
from scenes.panel import SandboxPanel
from widgets.breach_form import BreachForm
from widgets.flood_form import FloodForm
from widgets.flood_strip import FloodStrip

ATLAS_STEPS = 4  # moments of the series that have a map of their own


class SandboxFlood(QObject):
    """Owned by the sandbox's desk.

    Signals:
        changed: legend and notes are other ones.
    """

    changed = Signal()

    def __init__(self, c: Context, panel: SandboxPanel) -> None:
        super().__init__()
        self._c, self._panel = c, panel
        source = c.session.source
        self.desk = FloodDesk(source.home.shared_cache, c.session.tasks, self._painter(), self, source=source.name)
        self.strip, self.form = FloodStrip(c.look, panel), FloodForm(c.look, panel)
        if (column := panel.layout()) is not None:
            column.addWidget(self.strip)
        self.strip.hide()  # until there is a result
        for asks in (panel.toolbar.flood_requested, self.strip.import_requested):
            asks.connect(self.form.show)
            asks.connect(self.desk.begin)  # another console may have imported something
        for asks in (self.strip.cancel_requested, self.form.cancel_requested):
            asks.connect(self.desk.cancel)
        self.ground: SandboxGround | None = None
        self.breaches = BreachDesk(
            c.session.board, c.session.tasks, self.desk.library, self,
            root=c.session.source.home.root, courses=lambda code: level_courses(c.session.consult, code),
        )  # fmt: skip
        self.breach_form = BreachForm(c.look, panel)
        panel.toolbar.breach_requested.connect(self._show_breach_form)
        self.breach_form.run_requested.connect(self._run_breach)
        self.breach_form.cancel_requested.connect(self.breaches.cancel)
        self.breach_form.prepare_requested.connect(
            lambda: self.breaches.prepare(self._prepared, self.ground, c.session.situation.moment())
        )
        self._prepared: tuple[BreachAsk, ...] = ()
        self.breaches.progress.connect(self.breach_form.show_progress)
        self.breaches.taken.connect(self._take_breach)
        self.breaches.refused.connect(self.breach_form.refused)
        self.strip.result_chosen.connect(self.desk.choose)
        self.strip.remove_requested.connect(lambda name: c.session.tasks.start("remove flood", self._remove(name)))
        self.strip.mode_chosen.connect(self.desk.set_mode)
        self.form.import_requested.connect(lambda ask: self.desk.take(**asdict(ask)))
        self.desk.changed.connect(self._show)
        self.desk.progress.connect(self._progress)
        self.desk.failed.connect(self.strip.say)
        self.desk.taken.connect(self.form.taken)
        self.desk.refused.connect(self.form.refused)
        c.look.changed.connect(self._look_changed)
        self._of_scenarios: dict[str, tuple[str, int]] = {}  # results by name: scenario, and which of its inputs floods
        c.session.consult.changed.connect(self._follow_scenarios)
        c.session.consult.floods_changed.connect(self.desk.begin)
        self.desk.begin()
        if "drill floods" not in c.session.tasks.running():
            c.session.tasks.start("drill floods", self._offer_drill())

    def close(self) -> None:
        self._c.look.changed.disconnect(self._look_changed)
        self._c.session.consult.changed.disconnect(self._follow_scenarios)
        self._c.session.consult.floods_changed.disconnect(self.desk.begin)
        self.breaches.close()
        self.desk.close()

    def _run_breach(self, ask: BreachAsk) -> None:
        moment = self._c.session.situation.moment()
        self.breach_form.show_levees(self.breaches.levees(moment))  # the bar may have moved since: a scenario's level with it
        self.breaches.start(ask, self.ground, moment)

    def _show_breach_form(self) -> None:
        self.breach_form.show_levees(self.breaches.levees(self._c.session.situation.moment()))
        self.breach_form.show()
        self._c.session.tasks.start("prepared breaches", self._read_prepared())

    async def _read_prepared(self) -> None:
        try:
            self._prepared = (await asyncio.to_thread(declared_disasters, self._c.session.source.home.root)).breaches
        except ConsoleError as exc:
            if shiboken6.isValid(self.breach_form):
                self.breach_form.refused(f"{exc.what}{exc.next_step}")
            return
        if shiboken6.isValid(self.breach_form):
            self.breach_form.show_prepared([ask.name for ask in self._prepared])

    def _follow_scenarios(self) -> None:
        """Show the new result of a scenario that was run again in the place of its old one, which is about to go."""
        results = self._c.session.consult.results
        now = {one.result: (k, one.entry) for k, r in results.items() for one in r.outcome.floods if one.result}
        before, self._of_scenarios = self._of_scenarios, now
        shown = self.desk.name
        if shown in before and shown not in now:
            self.desk.choose(next((name for name, place in now.items() if place == before[shown]), ""))

    async def _offer_drill(self) -> None:
        """In a drill, put what its disaster floods among the results."""
        session, source = self._c.session, self._c.session.source
        try:
            problem = await offer_drill_floods(session.consult.floods, self.desk.library, source.home.root, source.name)
        except ConsoleError as exc:
            problem = f"{exc.what}{exc.next_step}"
        session.consult.floods_changed.emit()  # another sandbox may have been opened since
        if problem and shiboken6.isValid(self.strip):
            self.strip.say(problem)

    async def _remove(self, name: str) -> None:
        if self.desk.name == name:
            self.desk.choose("")
        try:
            await asyncio.to_thread(self.desk.library.remove, name)
        except ConsoleError as exc:
            self.strip.say(f"{exc.what}{exc.next_step}")
        self.desk.begin()

    def _take_breach(self, name: str) -> None:
        self.breach_form.taken(self.breaches.said)
        self.desk.begin()
        self.desk.choose(name)

    def want(self, moment: float) -> None:
        self.desk.want(moment)

    def legend(self) -> tuple[LegendRow, ...]:
        """Return the depths' signs for the picture; none while the strip below has them."""
        now = self.desk.now or self.desk.beside
        if now is None or now.picture is None or (now is self.desk.now and not self.strip.isHidden()):
            return ()
        return tuple(LegendRow(*row) for row in legend(now.view, now.mode, self._c.look.tr))

    def notes(self) -> tuple[tuple[str, str], ...]:
        now = self.desk.now or self.desk.beside  # of another side, where this one is dry
        return ((note(now.view, now.mode, self._c.look.tr), "state.stale"),) if now and now.picture else ()

    async def atlas(self, notes: list[str]) -> Briefing:
        """Return the shown result as an atlas on paper. Raises: ConsoleError: there is none, or it is not whole yet."""
        atlas, ground = await self.desk.atlas(ATLAS_STEPS), self.ground
        paper, tr = Look("light", self._c.settings.language, 1.0, self._c.look.family), self._c.look.tr
        colors = {t: (paper.color(t).red(), paper.color(t).green(), paper.color(t).blue()) for t in COLOR_TOKENS}
        rivers, towns = (ground.rivers, ground.towns) if ground is not None else ((), ())

        def drawn() -> list[tuple[str, InundationView, bytes]]:
            found = []
            for mode, view in atlas.views:
                flood = paint_flood(view, mode, colors, tr)
                rows = sheet_legend(mode, view, tr)
                found.append((mode, view, draw_sheet(sheet_title(mode, view, tr), flood, rows, rivers, towns, paper)))
            return found

        sheets = await asyncio.to_thread(drawn)
        return flood_atlas(sheets, atlas, ground.label if ground is not None else "—", notes, time.time(), tr)

    def words(self, lon: float, lat: float) -> str:
        """Return what is said at the cursor, "" for nothing."""
        return place_words(self.desk.at(lon, lat), self._c.look.tr)

    def _painter(self) -> Paint:
        look = self._c.look
        colors = {t: (look.color(t).red(), look.color(t).green(), look.color(t).blue()) for t in COLOR_TOKENS}
        return partial(paint_flood, colors=colors, tr=look.tr)

    def _show(self) -> None:
        if not shiboken6.isValid(self._panel):
            return
        self.strip.setVisible(bool(self.desk.entries) and not self._c.large)
        present_flood(self.strip, self.desk, self._c.look.tr)
        picture = self.desk.now.picture if self.desk.now is not None else None
        if picture is not self._panel.view.flood:
            self._panel.view.show_flood(picture)
        self.changed.emit()

    def _progress(self, share: float) -> None:
        importing, tr = self.desk.busy == "import", self._c.look.tr
        words = tr("正在导入…") if importing else tr("正在计算到达时间和淹没历时")
        self.strip.show_progress(share, f"{words} {max(0.0, share):.0%}")
        self.form.show_progress(share if importing else -1.0)

    def _look_changed(self) -> None:
        self.desk.repaint(self._painter())
        self._show()
