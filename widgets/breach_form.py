"""A breach as typed: which levee and where, how wide and how fast, the river before it; how far the run is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.inundation_ask import STATION, BreachAsk, LeveeChoice
from widgets.plain import PlainLabel, plain_tip

CELLS_M = (50, 100, 200)
WIDE_PX = 520
# name, least, most, decimals, at first, unit
NUMBERS = {
    "chainage": ("桩号", 0.0, 500.0, 1, 4.2, " km"),
    "width": ("最终口宽", 5.0, 2000.0, 0, 200.0, " m"),
    "growth": ("发展历时", 0.0, 48.0, 1, 2.0, " h"),
    "sill": ("口门底高程（1985）", -20.0, 200.0, 2, 6.0, " m"),
    "level": ("河道水位（1985）", -20.0, 200.0, 2, 12.0, " m"),
    "hours": ("计算历时", 1.0, 72.0, 0, 12.0, " h"),
}


class BreachForm(QDialog):
    """Beside the work, not in its way; closing keeps what was typed.

    Signals:
        run_requested: arg is a BreachAsk. cancel_requested: stop the run. prepare_requested: compute the prepared ones.
    """

    run_requested = Signal(object)
    prepare_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.setModal(False)
        self._levees: tuple[LeveeChoice, ...] = ()
        self._running = False
        self.levee, self.section, self.cell, self.follow = (QComboBox(self) for _ in range(4))
        for metres in CELLS_M:
            self.cell.addItem(f"{metres} m", metres)
        self.cell.setCurrentIndex(1)
        self.numbers = {key: self._number(*row[1:]) for key, row in NUMBERS.items()}
        self.fine = QCheckBox(self)
        self.follow.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for code in (STATION, ""):
            self.follow.addItem("", code)
        self.follow.activated.connect(lambda _i: self._take_course())
        self.note, self.status = PlainLabel("", self), PlainLabel("", self)
        for label in (self.note, self.status):
            label.setWordWrap(True)
        self.note.setObjectName("dim")
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(round(6 * look.scale))
        self.bar.hide()
        self.begin, self.end, self.ahead = QPushButton(self), QPushButton(self), QPushButton(self)
        self.ahead.setAutoDefault(False)
        self.ahead.hide()  # until there are some
        self.ahead.clicked.connect(self._ask_ahead)
        self.begin.setObjectName("primary")
        self.begin.setDefault(True)
        self.end.setAutoDefault(False)
        self._labels = tuple(PlainLabel("", self) for _ in range(4 + len(NUMBERS)))
        self._arrange()
        self.levee.currentIndexChanged.connect(lambda _i: self._take_levee())
        self.section.activated.connect(self._take_section)
        self.begin.clicked.connect(self._ask)
        self.end.clicked.connect(self._stop)
        look.changed.connect(self._reworded)
        self._reworded()

    def _number(self, least: float, most: float, decimals: int, first: float, unit: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox(self)
        box.setRange(least, most)
        box.setDecimals(decimals)
        box.setValue(first)
        box.setSuffix(unit)
        box.setSingleStep(1.0 if decimals == 0 else 0.5)
        return box

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        n = list(self.numbers.values())
        pairs = ((self.levee, self.section), (n[0], n[1]), (n[2], n[3]), (n[4], n[5]), (self.cell, self.follow))
        labels = iter(self._labels)
        for row, pair in enumerate(pairs):
            for side, widget in enumerate(pair):
                label = next(labels)
                label.setObjectName("dim")
                label.setBuddy(widget)
                grid.addWidget(label, row, 2 * side)
                grid.addWidget(widget, row, 2 * side + 1)
        grid.addWidget(self.fine, len(pairs), 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        below = QHBoxLayout()
        below.addWidget(self.status, 1)
        below.addWidget(self.ahead)
        below.addWidget(self.begin)
        below.addWidget(self.end)
        column = QVBoxLayout(self)
        column.addLayout(grid)
        column.addWidget(self.note)
        column.addWidget(self.bar)
        column.addLayout(below)
        self.setMinimumWidth(round(WIDE_PX * self.look.scale))

    # --- what is offered --------------------------------------------------------------------
    def show_levees(self, levees: Sequence[LeveeChoice]) -> None:
        """Offer these levees; what was typed stays while the choice is the same."""
        known = [self.levee.itemData(i) for i in range(self.levee.count())]
        self._levees = tuple(levees)
        self._show_courses()
        if known != [one.code for one in levees]:
            self.levee.clear()
            for one in levees:
                self.levee.addItem(one.name, one.code)
        self._enable()

    def _take_levee(self) -> None:
        one = self._chosen()
        self.section.clear()
        self.section.addItem(self.look.tr("按桩号"), None)
        if one is None:
            return
        for name, km in one.sections:
            self.section.addItem(f"{name} K{km:.1f}", km)
        self._show_courses()
        self.numbers["chainage"].setMaximum(max(0.1, one.length_km))
        if one.level_m is not None:
            self.numbers["level"].setValue(one.level_m)
        self._enable()

    def _chosen(self) -> LeveeChoice | None:
        return next((w for w in self._levees if w.code == self.levee.currentData()), None)

    def _courses(self) -> tuple[tuple[str, str, float], ...]:
        one = self._chosen()
        return one.courses if one is not None else ()

    def _show_courses(self) -> None:
        """Offer the compared scenarios that have a level before the chosen levee; the choice stays where it still is one."""
        before, courses = self.follow.currentData(), self._courses()
        while self.follow.count() > 2:
            self.follow.removeItem(2)
        for scenario_id, name, _level in courses:
            self.follow.addItem(f"{self.look.tr('按情景')}：{name}", scenario_id)
            self.follow.setItemData(self.follow.count() - 1, plain_tip(name), Qt.ItemDataRole.ToolTipRole)
        self.follow.setCurrentIndex(max(0, self.follow.findData(before)))
        if self.follow.currentData() == before:
            self._take_course()
        elif (one := self._chosen()) is not None and one.level_m is not None:  # the scenario is compared no more
            self.numbers["level"].setEnabled(True)
            self.numbers["level"].setValue(one.level_m)

    def _take_course(self) -> None:
        """Show the level that the chosen scenario has at the moment; it is the scenario's, not to be typed."""
        level = next((z for k, _name, z in self._courses() if k == self.follow.currentData()), None)
        self.numbers["level"].setEnabled(level is None)
        if level is not None:
            self.numbers["level"].setValue(level)

    def _take_section(self, place: int) -> None:
        km = self.section.itemData(place)
        if km is not None:
            self.numbers["chainage"].setValue(float(km))

    # --- asking ---------------------------------------------------------------------------
    def asked(self) -> BreachAsk:
        n = {key: box.value() for key, box in self.numbers.items()}
        return BreachAsk(
            str(self.levee.currentData() or ""), n["chainage"], n["width"], n["growth"], n["sill"], n["level"],
            str(self.follow.currentData()), n["hours"], float(self.cell.currentData()), fine=self.fine.isChecked(),
        )  # fmt: skip

    def show_prepared(self, names: Sequence[str]) -> None:
        """Offer to compute prepared breaches ahead."""
        self.ahead.setVisible(bool(names))
        self.ahead.setToolTip(plain_tip("\n".join(names)))

    def _ask(self) -> None:
        self._begin()
        self.run_requested.emit(self.asked())

    def _ask_ahead(self) -> None:
        self._begin()
        self.prepare_requested.emit()

    def _begin(self) -> None:
        self._running = True
        self._enable()
        self.bar.setValue(0)
        self.bar.show()
        self._say(self.look.tr("正在计算；本机第一次计算要先准备十几秒"))

    def show_progress(self, share: float) -> None:
        if self._running:
            self.bar.setValue(round(100 * share))

    def taken(self, said: str) -> None:
        """It is among the results; said: what it rests on."""
        self._over()
        self._say(f"{self.look.tr('已算完，见沙盘下方的淹没成果')}：{said}")

    def refused(self, why: str) -> None:
        """Nothing came of it; "" when the user stopped it."""
        self._over()
        self._say(why or self.look.tr("已停止计算"))

    def _over(self) -> None:
        self._running = False
        self.bar.hide()
        self._enable()

    def _stop(self) -> None:
        if self._running:
            self.cancel_requested.emit()
        else:
            self.reject()

    def _say(self, words: str) -> None:
        self.status.setText(words)

    def _enable(self) -> None:
        for button in (self.begin, self.ahead):
            button.setEnabled(bool(self._levees) and not self._running)
        self.end.setText(self.look.tr("停止" if self._running else "关闭"))
        tr = self.look.tr
        self.note.setText(
            tr("从时间轴的时刻起溃；在沙盘地形上算二维浅水，堤防其他地方不漫。合成地形上的结果仅供演示。")
            if self._levees
            else tr("没有带走线的堤防：请在中心登记堤防的走线。")
        )

    def _reworded(self) -> None:
        tr = self.look.tr
        self.setWindowTitle(tr("溃口推演"))
        words = ("堤防", "险工段", *(row[0] for row in NUMBERS.values()), "网格", "水位过程")
        for label, word in zip(self._labels, words, strict=True):
            label.setText(tr(word))
        for i, word in enumerate(("随测站过程涨落", "不变")):
            self.follow.setItemText(i, tr(word))
        self.fine.setText(tr("二阶"))
        self.fine.setToolTip(plain_tip(tr("二阶格式更准，时间约为三倍")))
        self.begin.setText(tr("开始计算"))
        self.ahead.setText(tr("预置溃口全部预算"))
        self._enable()
