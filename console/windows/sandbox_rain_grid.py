"""Gridded rain in the sandbox: imported as inundation results are, laid over the ground with the rain layer."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

import shiboken6
from PySide6.QtCore import QObject, Signal

from console.domain.rain import TOKENS
from console.presenters.rain_grid import paint_rain, rain_legend, rain_note
from console.services.flood_desk import FloodDesk
from console.services.flood_frames import Paint
from console.windows.panels import Context
from scenes.furniture import LegendRow
from scenes.panel import SandboxPanel
from widgets.flood_form import FloodForm

FOLDER = "rain-grid"


class SandboxRainGrid(QObject):
    """Owned by the sandbox's desk; the newest import is the one that is shown.

    Signals:
        changed: legend and notes are other ones.
    """

    changed = Signal()

    def __init__(self, c: Context, panel: SandboxPanel) -> None:
        super().__init__()
        self._c, self._panel = c, panel
        folder = c.session.source.home.shared_cache / FOLDER
        self.desk = FloodDesk(folder, c.session.tasks, self._painter(), self)
        self.form = FloodForm(c.look, panel)
        self.form.setWindowTitle(c.look.tr("导入网格雨量"))
        self.form.unit.setCurrentIndex(self.form.unit.findData("mm"))
        panel.toolbar.rain_requested.connect(self.form.show)
        self.form.import_requested.connect(lambda ask: self.desk.take(**asdict(ask)))
        self.form.cancel_requested.connect(self.desk.cancel)
        self.desk.taken.connect(self._taken)
        self.desk.refused.connect(self.form.refused)
        self.desk.failed.connect(panel.say)
        self.desk.changed.connect(self._show)
        c.look.changed.connect(self._look_changed)
        self._picture: object = None
        self.desk.begin()

    def close(self) -> None:
        self._c.look.changed.disconnect(self._look_changed)
        self.desk.close()

    def want(self, moment: float) -> None:
        self.desk.want(moment)

    def legend(self) -> tuple[LegendRow, ...]:
        now = self.desk.now
        return tuple(LegendRow(*row) for row in rain_legend(now.view, self._c.look.tr)) if now and now.picture else ()

    def notes(self) -> tuple[tuple[str, str], ...]:
        now = self.desk.now
        return ((rain_note(now.view, self._c.look.tr), "state.stale"),) if now and now.picture else ()

    def _taken(self, name: str) -> None:
        self.form.taken()
        self.desk.choose(name)

    def _painter(self) -> Paint:
        look = self._c.look
        return partial(
            paint_rain, colors={t: (look.color(t).red(), look.color(t).green(), look.color(t).blue()) for t in TOKENS}
        )

    def _show(self) -> None:
        if not shiboken6.isValid(self._panel):
            return
        held = [e.name for e in self.desk.entries if e.about is not None]
        if not self.desk.name and held:
            self.desk.choose(held[-1])
        picture = self.desk.now.picture if self.desk.now is not None else None
        if picture is not self._picture:
            self._picture = picture
            self._panel.view.show_rain_grid(picture)
        self.changed.emit()

    def _look_changed(self) -> None:
        self.desk.repaint(self._painter())
