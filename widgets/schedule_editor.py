"""A course over hours, edited by dragging its points and in a table beside; both are the same figures.

Drag a point; double-click the plot for a new one; in the table type, or delete a row's hour to take it away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from console.look import Look
from widgets.plain import PlainLabel
from widgets.plot_axes import FigureAxis, dress

Points = tuple[tuple[float, float], ...]
NEAR_PX, MOST = 12.0, 200_000.0
ROOM = 1.15
TABLE_PX, AXIS_PX = 190, 70
STEP_H = 1.0  # points lie on whole hours


class ScheduleEditor(QWidget):
    """Signals:
    edited: arg is the points, ((hour, value), …), ascending.
    """

    edited = Signal(tuple)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.look = look
        self.points: Points = ()
        self._stepped, self._unit, self._lead_h, self._top, self._least = True, "", 72.0, 1.0, 0.0
        self._held: int | None = None
        self._help = ""
        self.plot: Any = _Plot(self, axisItems={"bottom": FigureAxis("bottom"), "left": FigureAxis("left")}, enableMenu=False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.table = QTableWidget(0, 2, self)
        self.table.setFixedWidth(round(TABLE_PX * look.scale))
        self.table.verticalHeader().setVisible(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.itemChanged.connect(self._typed)
        self.said = PlainLabel("", self)
        self.said.setObjectName("dim")
        row = QHBoxLayout()
        row.addWidget(self.plot, 1)
        row.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addLayout(row, 1)
        column.addWidget(self.said)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.plot.getAxis("left").setWidth(round(AXIS_PX * look.scale))
        self.resize(round(760 * look.scale), round(360 * look.scale))

    def edit(self, title: str, unit: str, points: Points, lead_h: float, *, stepped: bool, least: float = 0.0) -> None:
        """Show a course. stepped: a value holds until the next point, else it goes straight to it. least: of its values."""
        self.setWindowTitle(title)
        self.setStyleSheet(f"ScheduleEditor {{ background: {self.look.color('panel').name()}; }}")
        self._unit, self._lead_h, self._stepped, self._least = unit, lead_h, stepped, least
        self.points = tuple(sorted(points)) or ((0.0, 0.0),)
        self._top = max([v for _, v in self.points] + [1.0]) * ROOM
        tr = self.look.tr
        self.table.setHorizontalHeaderLabels([tr("小时"), unit])
        held = tr("每个值保持到下一个点") if stepped else tr("两点之间按直线")
        self._help = f"{tr('拖动点改过程，双击加点，清空一行的小时删点')}；{held}"
        self._say("")
        self._draw()
        self._fill()
        self.show()
        self.raise_()

    def follow(self, points: Points) -> None:
        """Show what was typed elsewhere, without telling of it."""
        if points and points != self.points:
            self.points = points
            self._top = max([v for _, v in points] + [1.0]) * ROOM
            self._draw()
            self._fill()

    # --- by the mouse ---------------------------------------------------------------------
    def take(self, at: QPointF) -> bool:
        """Hold the point that lies under a place of the plot; tells whether there is one."""
        box = self.plot.plotItem.vb
        places = [box.mapViewToScene(QPointF(h, v)) for h, v in self.points]
        off = [float(np.hypot(p.x() - at.x(), p.y() - at.y())) for p in places]
        nearest = int(np.argmin(off))
        self._held = nearest if off[nearest] <= NEAR_PX else None
        return self._held is not None

    def drag(self, at: QPointF) -> None:
        """Move the held point to a place of the plot: its hour between its neighbours', its value not under the least."""
        if self._held is None:
            return
        view = self.plot.plotItem.vb.mapSceneToView(at)
        i, rows = self._held, list(self.points)
        low = math.floor(rows[i - 1][0]) + STEP_H if i else 0.0
        high = math.ceil(rows[i + 1][0]) - STEP_H if i + 1 < len(rows) else self._lead_h
        fixed = (i == 0 and rows[0][0] == 0.0) or low > high  # at the start, or there is no whole hour between its neighbours
        hour = rows[i][0] if fixed else min(max(round(view.x() / STEP_H) * STEP_H, low), high)
        rows[i] = (hour, _rounded(max(self._least, float(view.y()))))
        self._set(tuple(rows))

    def let_go(self) -> None:
        """Drop the held point; the scale follows what was drawn."""
        self._held = None
        self._top = max([v for _, v in self.points] + [1.0]) * ROOM
        self._draw()

    def add(self, at: QPointF) -> None:
        """Add a point at a place of the plot, on a whole hour that has none."""
        view = self.plot.plotItem.vb.mapSceneToView(at)
        hour = float(min(max(round(view.x()), 0), self._lead_h))
        if hour not in {h for h, _ in self.points}:
            self._set(tuple(sorted((*self.points, (hour, _rounded(max(self._least, float(view.y()))))))))

    # --- inside ---------------------------------------------------------------------------
    def _set(self, points: Points) -> None:
        self.points = points
        self._draw()
        self._fill()
        self.edited.emit(points)

    def _typed(self, _item: QTableWidgetItem) -> None:
        rows: list[tuple[float, float]] = []
        for i in range(self.table.rowCount()):
            texts = [(self.table.item(i, j) or QTableWidgetItem()).text().strip() for j in (0, 1)]
            if not texts[0]:
                continue
            try:
                rows.append((float(texts[0]), float(texts[1])))
            except ValueError:
                self._say("有一格不是数，曲线还没有改" if all(texts) else "")
                return  # not whole yet: the curve waits for the number
        if not rows or not all(0 <= h <= MOST and self._least <= v <= MOST for h, v in rows):
            self._say(f"小时和数值须在 {self._least:g} 到 {MOST:g} 之间，曲线还没有改")
        elif len({h for h, _ in rows}) < len(rows):
            self._say("有两行是同一小时，曲线还没有改")
        else:
            self._say("")
            self._set(tuple(sorted(rows)))

    def _say(self, fault: str) -> None:
        self.said.setText(self.look.tr(fault) if fault else self._help)
        self.said.setStyleSheet(f"color: {self.look.color('state.guaranteed' if fault else 'text.dim').name()}")

    def _fill(self) -> None:
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(self.points) + 1)  # an empty one to type the next point into
            for i, cells in enumerate([*((f"{h:g}", f"{v:g}") for h, v in self.points), ("", "")]):
                for j, text in enumerate(cells):
                    self.table.setItem(i, j, QTableWidgetItem(text))

    def _draw(self) -> None:
        look, plot = self.look, self.plot
        plot.clear()
        dress(plot, look, {"bottom": "h", "left": self._unit})
        hours, values = np.array(self.points).T
        x, y = course(hours, values, self._lead_h, stepped=self._stepped)
        plot.addItem(pg.PlotCurveItem(x, y, pen=pg.mkPen(look.color("curve.flow"), width=2)), ignoreBounds=True)
        dots = pg.ScatterPlotItem(hours, values, size=11, pen=pg.mkPen(look.color("panel")), brush=look.color("accent"))
        plot.addItem(dots, ignoreBounds=True)
        plot.setRange(xRange=(0.0, self._lead_h), yRange=(min(0.0, *values) * ROOM, self._top), padding=0.02)


class _Plot(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """Hands the mouse to the editor where it is about points."""

    def __init__(self, editor: ScheduleEditor, **options: Any) -> None:
        super().__init__(editor, **options)
        self._editor = editor

    def mousePressEvent(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._editor.take(self.mapToScene(event.position().toPoint())):
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: Any) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._editor.drag(self.mapToScene(event.position().toPoint()))
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: Any) -> None:
        self._editor.let_go()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: Any) -> None:
        self._editor.add(QPointF(self.mapToScene(event.position().toPoint())))


def course(hours: Sequence[float] | Any, values: Any, lead_h: float, *, stepped: bool) -> tuple[Any, Any]:
    """Return the drawn line of points: stepped or straight, its last value going on to the end."""
    hours, values = np.asarray(hours, float), np.asarray(values, float)
    ends = np.append(hours, max(lead_h, float(hours[-1])))
    if not stepped:
        return ends, np.append(values, values[-1])
    return np.repeat(ends, 2)[1:-1], np.repeat(values, 2)


def _rounded(value: float) -> float:
    """Return a value as an officer would say it: three figures."""
    return float(f"{value:.3g}")
