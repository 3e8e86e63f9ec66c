"""Panels of the works' health; all four follow one judgement and the selection."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtWidgets import QWidget

from console.domain.time import stamp
from console.presenters.works import chosen_report, present_works
from console.presenters.works_charts import chosen_sensor, gates_of, gates_view, safety_view, section_view
from console.viewdata.works import WorksReport
from console.windows.panels import Built, Context
from widgets.gate_mimic import GateMimic
from widgets.section_board import SectionBoard
from widgets.works_board import WorksBoard

NEEDS = frozenset({"board", "selection"})


class _Following:
    """Remembers the works shown while something else is selected; draws again when a judgement came."""

    def __init__(self, c: Context, widget: QWidget, draw: Callable[[], object]) -> None:
        self._c = c
        self._widget = widget
        self._draw = draw
        self.code = ""
        self.selected = False  # whether the works shown is the selection, or what is selected belongs to it
        c.session.works.changed.connect(self._changed)

    def report(self) -> WorksReport | None:
        """Return the works to show; gates select theirs too."""
        session = self._c.session
        session.works.follow()
        selected = session.situation.current.selection
        station = session.board.stations.get(selected or "")
        if station is not None and station.kind == "gate":
            selected = str(station.facts.get("works") or "")
        found = chosen_report(session.works.reports, selected, self.code)
        self.code = found.works.code if found else ""
        ours = (found.works.code, found.works.reservoir) if found else ()
        self.selected = found is not None and bool(selected) and (selected in ours or found.sensor(selected) is not None)
        return found

    def title(self, *parts: str) -> str:
        """Return a panel's title: what it shows, and whether that is the selection or belongs to it."""
        tr = self._c.look.tr
        return " · ".join([*parts, tr("选中") if self.selected else tr("未选中")])

    def _changed(self) -> None:
        if shiboken6.isValid(self._widget) and self._widget.isVisible():
            self._draw()

    def release(self) -> None:
        self._c.session.works.changed.disconnect(self._changed)


def build_works(c: Context) -> Built:
    widget = WorksBoard(c.look)
    session = c.session
    widget.selected.connect(session.situation.select)

    def refresh() -> tuple[str, str]:
        report = following.report()
        _, meta = present_works(
            widget, session.works, session.board, session.situation.current.selection, following.code, c.look.tr
        )
        return (following.title(c.look.tr("工程健康"), report.works.name) if report else c.look.tr("工程健康")), meta

    following = _Following(c, widget, refresh)

    def cells() -> list[list[str]]:
        report = session.works.report(following.code)
        titles = ["测点", "要素", "状态", "实测", "模型", "残差", "残差 σ", "近三次中位 σ"]
        rows = (
            [
                [h.sensor.name, h.sensor.element, h.state, *map(_cell, (h.value, h.model, h.residual, h.off, h.ratio))]
                for h in report.sensors
            ]
            if report
            else []
        )
        return [titles, *rows]

    return Built(widget, refresh, NEEDS, release=following.release, export_table=cells)


def build_dam_safety(c: Context) -> Built:
    from widgets.dam_safety import DamSafety  # pyqtgraph is slow to import: after the first window

    widget = DamSafety(c.look)
    session = c.session

    def refresh() -> tuple[str, str]:
        report = following.report()
        title = c.look.tr("安全监测")
        if report is not None:
            title = following.title(title, report.works.name)
        sensor = chosen_sensor(report, session.situation.current.selection)
        view = safety_view(report, sensor, session.board.board.moment, c.look.tr) if report and sensor else None
        widget.show_view(view)
        if sensor is None or sensor.value_t is None:
            return title, c.look.tr("无数据")
        return title, f"{c.look.tr('数据')} {stamp(sensor.value_t, session.board.board.now)}"

    following = _Following(c, widget, refresh)
    return Built(widget, refresh, NEEDS, release=following.release)


def build_section(c: Context) -> Built:
    widget = SectionBoard(c.look)
    session = c.session
    chosen: dict[str, str] = {}
    widget.selected.connect(session.situation.select)

    def refresh() -> tuple[str, str]:
        report = following.report()
        if report is None:
            widget.show_view(None)
            return c.look.tr("工程断面"), ""
        sensor = report.sensor(session.situation.current.selection)
        wanted = sensor.sensor.section if sensor else chosen.get(report.works.code, "")
        station = session.board.stations.get(report.works.level[0]) if report.works.level else None
        view = section_view(report, wanted, c.look.tr, station.datum if station else "")
        widget.show_view(view)
        return following.title(view.title), stamp(session.board.board.moment, session.board.board.now)

    def choose(code: str) -> None:
        report = session.works.report(following.code)
        selected = session.situation.current.selection
        chosen[following.code] = code
        if report is not None and report.sensor(selected):
            session.situation.select(following.code)
        refresh()

    following = _Following(c, widget, refresh)
    widget.section_chosen.connect(choose)
    return Built(widget, refresh, NEEDS, release=following.release)


def build_gates(c: Context) -> Built:
    widget = GateMimic(c.look)
    session = c.session

    def refresh() -> tuple[str, str]:
        report = following.report()
        if report is None:
            widget.show_view(None)
            return c.look.tr("闸门"), ""
        board = session.board.board
        view = gates_view(report, gates_of(board), board, c.look.tr)
        widget.show_view(view)
        return following.title(c.look.tr("闸门"), view.title), stamp(board.moment, board.now)

    following = _Following(c, widget, refresh)
    return Built(widget, refresh, NEEDS, release=following.release)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
