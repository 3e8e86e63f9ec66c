"""The hydrograph with its tools: figures, stations to compare, earlier floods, correction of a reading."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.curve_tools import PickerView, PointView, StatBox
from console.viewdata.curves import HydrographView
from widgets.correction_form import CorrectionForm
from widgets.curve_picker import CurvePicker
from widgets.hydrograph import Hydrograph
from widgets.plain import PlainLabel, plain_tip
from widgets.stat_page import StatPage

SIDE_PX = 250
NARROW_PX = 560  # below this the tools stand under the plot
LOW_PX = 116  # two rows of the correction form under its head
PAGES = ("stats", "stations", "past", "correct")


class CurveDesk(QWidget):
    """Signals:
    page_opened: the page's code, "" when none is open.
    """

    page_opened = Signal(str)

    def __init__(self, look: Look, operator: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        tr = look.tr
        self.plot = Hydrograph(look, self)
        self.stats = StatPage(look, self)
        self.stations = CurvePicker(look, tr("对比的测站"), (("warning", tr("按距警戒对比")), ("unit", tr("归一化对比"))))
        hint = tr("年-月-日")
        self.past = CurvePicker(
            look, tr("历史洪水"), (("peak", tr("按洪峰对齐")), ("calendar", tr("按日历对齐（同期）"))), hint
        )
        self.form = CorrectionForm(look, operator, self)
        self.page = ""
        self.side = QStackedWidget(self)
        self.side.setObjectName("curveSide")
        for widget in (self.stats, self.stations, self.past, self.form):
            self.side.addWidget(widget)
        self.legend = PlainLabel("", self)
        self.legend.setObjectName("dim")
        self.legend.setWordWrap(True)
        self.legend.hide()
        self.buttons: dict[str, QToolButton] = {}
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(0)
        self._body.addWidget(self.plot, 1)
        self._body.addWidget(self.side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._tools())
        column.addWidget(self.legend)
        column.addLayout(self._body, 1)
        self.legend.setContentsMargins(10, 0, 10, 0)
        self.side.hide()

    def _tools(self) -> QWidget:
        tr = self.look.tr
        strip = QFrame(self)
        strip.setObjectName("curveTools")
        row = QHBoxLayout(strip)
        row.setContentsMargins(6, 1, 6, 1)
        row.setSpacing(2)
        words = {"stats": tr("统计"), "stations": tr("对比"), "past": tr("历史"), "correct": tr("订正")}
        tips = {
            "stats": tr("所示时段或拖动选定段的统计"),
            "stations": tr("同一河系的测站按传播时间对齐"),
            "past": tr("叠加同一站的历史洪水"),
            "correct": tr("订正或作废一个读数"),
        }
        for code in PAGES:
            button = QToolButton(strip)
            button.setText(words[code])
            button.setCheckable(True)
            button.setToolTip(plain_tip(tips[code]))
            button.setAccessibleName(tips[code])
            button.clicked.connect(lambda _on, c=code: self.open_page("" if self.page == c else c))
            self.buttons[code] = button
            row.addWidget(button)
        row.addStretch(1)
        hint = PlainLabel(tr("拖动量测 · 滚轮缩放 · Shift 拖动平移 · Esc 清除"), strip)
        hint.setObjectName("dim")
        self.hint = hint
        row.addWidget(hint)
        return strip

    def open_page(self, code: str) -> None:
        """Open a page of the tools, "" closes them."""
        self.page = code if code in PAGES else ""
        for name, button in self.buttons.items():
            button.setChecked(name == self.page)
        if self.page:
            self.side.setCurrentIndex(PAGES.index(self.page))
        self.side.setVisible(bool(self.page))
        self.plot.set_picking(self.page == "correct")
        self._fit()
        self.page_opened.emit(self.page)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        narrow = self.width() < NARROW_PX * self.look.scale
        self.hint.setVisible(not narrow)
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._body.setDirection(way)
        side = round(SIDE_PX * self.look.scale)
        self.side.setMinimumWidth(0 if narrow else side)
        self.side.setMaximumWidth(16_777_215 if narrow else side)
        self.side.setMaximumHeight(max(round(LOW_PX * self.look.scale), self.height() * 2 // 5) if narrow else 16_777_215)

    # --- what the presenters show -----------------------------------------------------------
    def show_view(self, view: HydrographView) -> None:
        self.plot.show_view(view)
        self.legend.setText("   ".join(view.legend))
        self.legend.setVisible(bool(view.legend))

    def show_stats(self, box: StatBox) -> None:
        self.stats.show_box(box)

    def show_stations(self, view: PickerView) -> None:
        self.stations.show_picker(view)

    def show_past(self, view: PickerView) -> None:
        self.past.show_picker(view)

    def show_point(self, point: PointView | None) -> None:
        self.form.show_point(point)

    def point_saved(self) -> None:
        self.form.saved()

    def point_refused(self, text: str) -> None:
        self.form.not_saved(text)

    def say_of(self, page: str, text: str) -> None:
        """Say what is wrong with what was typed on a page."""
        pages: dict[str, StatPage | CurvePicker] = {"stats": self.stats, "stations": self.stations, "past": self.past}
        pages[page].say(text)

    def draft(self) -> dict[str, str]:
        return self.form.draft()

    def restore_draft(self, draft: dict[str, str]) -> None:
        self.form.restore_draft(draft)
