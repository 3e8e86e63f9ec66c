"""The works panel: list, card with facts and subsystems, sensors, what is abnormal and what may have caused it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.works import AnomalyLine, WorksBoardView
from widgets.facts_table import FactsTable
from widgets.painted import Guard
from widgets.plain import PlainLabel, no_mnemonic, plain_tip
from widgets.works_list import SubsystemBoard, WorksList
from widgets.works_marks import SHAPES, TOKENS, SimulatedChip

MAX_ANOMALIES = 30
NAME, NAME_PX = 1, 152  # the column that takes what the others leave


class AnomalyPane(QScrollArea):
    """What is abnormal, one block each: state, reading against model, possible causes with evidence and check.

    Signals:
        chosen: arg is the sensor's code.
    """

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self._shown: object = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        look.changed.connect(self._again)

    def _again(self) -> None:
        self._shown = None

    def show_lines(self, lines: Sequence[AnomalyLine], calm: str) -> None:
        if (tuple(lines), calm) == self._shown:
            return
        self._shown = (tuple(lines), calm)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(2)
        if not lines:
            column.addWidget(self._label(calm, "text.dim"))
        for line in lines[:MAX_ANOMALIES]:
            self._block(column, line)
        if len(lines) > MAX_ANOMALIES:
            column.addWidget(self._label(f"… {len(lines) - MAX_ANOMALIES}", "text.dim"))
        column.addStretch(1)
        self.setWidget(body)
        body.setAutoFillBackground(False)  # setWidget turned it on

    def _block(self, column: QVBoxLayout, line: AnomalyLine) -> None:
        title = QPushButton(no_mnemonic(f"{SHAPES.get(line.state, '—')} {line.title}"), self)
        title.setObjectName("flat")
        token = TOKENS.get(line.state, "text.dim")
        title.setStyleSheet(f"text-align: left; font-weight: bold; color: {self.look.color(token).name()};")
        title.setEnabled(bool(line.code))
        title.clicked.connect(lambda _=False, code=line.code: self.chosen.emit(code))
        column.addWidget(title)
        column.addWidget(self._label(line.detail, "text"))
        if not line.causes:
            column.addWidget(self._label(self.look.tr("没有相符的原因假设，原因待查"), "text.dim"))
        for cause in line.causes:
            column.addWidget(self._label(f"· {cause.cause}", "text"))
            column.addWidget(self._label(f"　{self.look.tr('依据')}：{cause.evidence}", "text.dim"))
            column.addWidget(self._label(f"　{self.look.tr('建议核查')}：{cause.check}", "text.dim"))
        column.addSpacing(6)

    def _label(self, text: str, token: str) -> QLabel:
        label = PlainLabel(text, self)
        label.setWordWrap(True)
        label.setStyleSheet(f"color: {self.look.color(token).name()}; font-size: {self.look.px('small_px')}px;")
        return label


LOWER_PX = 250  # the sensors and what is abnormal need this


class WorksBoard(QWidget):
    """Signals:
    selected: a works or a sensor was chosen; arg is its code.
    """

    selected = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self._view = WorksBoardView(())
        self.list = WorksList(look)
        self.subsystems = SubsystemBoard(look)
        self.sensors = FactsTable(
            look,
            ("状态", "测点", "要素", "实测", "模型", "残差 σ", "时间"),
            (104, NAME_PX, 74, 84, 60, 76, 96),
            "这个工程没有监测测点",
        )
        self.sensors.table.setAccessibleName(look.tr("测点"))
        self.sensors.table.horizontalHeader().setStretchLastSection(False)
        self.sensors.table.viewport().installEventFilter(self)
        self.sensors.table.verticalHeader().setDefaultSectionSize(look.px("row_px"))
        self.anomalies = AnomalyPane(look)
        self.title = PlainLabel("", self)
        self.title.setObjectName("panelTitle")
        self.sub = PlainLabel("", self)
        self.sub.setObjectName("dim")
        self.chip = SimulatedChip(look)
        self.empty = PlainLabel("", self)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        self._facts: list[tuple[QLabel, QLabel]] = []
        self._arrange()
        self.list.chosen.connect(self.selected)
        self.anomalies.chosen.connect(self.selected)
        self.sensors.table.clicked.connect(lambda index: self._row(index.row()))
        self.sensors.table.activated.connect(lambda index: self._row(index.row()))
        self.show_view(self._view)

    @property
    def on_fault(self) -> Guard | None:
        """Return what hears of a fault while painting; the panel sets it."""
        return self.list.on_fault

    @on_fault.setter
    def on_fault(self, guard: Guard | None) -> None:
        self.list.on_fault = self.subsystems.on_fault = guard

    def _arrange(self) -> None:
        scale = self.look.scale
        roll = QScrollArea(self)
        roll.setWidgetResizable(True)
        roll.setFrameShape(QFrame.Shape.NoFrame)
        roll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        roll.setWidget(self.list)
        roll.viewport().setAutoFillBackground(False)
        self.list.setAutoFillBackground(False)
        head = QHBoxLayout()
        head.setContentsMargins(10, 6, 10, 0)
        head.setSpacing(12)
        head.addWidget(self.title)
        head.addWidget(self.sub, 1)
        head.addWidget(self.chip)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(10, 2, 10, 4)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self.subsystems.setFixedHeight(round(88 * scale))
        lower = QSplitter(Qt.Orientation.Vertical, self)
        lower.addWidget(self.sensors)
        lower.addWidget(self.anomalies)
        lower.setSizes([1000, 1000])
        lower.setChildrenCollapsible(False)
        self.card = QWidget(self)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addLayout(self._grid)
        column.addWidget(self.subsystems)
        column.addWidget(lower, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.addWidget(roll)
        lower.setMinimumHeight(round(LOWER_PX * scale))
        sheet = QScrollArea(self)  # on a low screen one scrolls; no table is squeezed to its head
        sheet.setWidgetResizable(True)
        sheet.setFrameShape(QFrame.Shape.NoFrame)
        sheet.setWidget(self.card)
        sheet.viewport().setAutoFillBackground(False)
        self.card.setAutoFillBackground(False)
        self.split.addWidget(sheet)
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([round(200 * scale), round(700 * scale)])
        self.split.setChildrenCollapsible(False)
        row = QVBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.split, 1)
        row.addWidget(self.empty, 1)

    def show_view(self, view: WorksBoardView) -> None:
        self._view = view
        self.split.setVisible(bool(view.lines))
        self.empty.setVisible(not view.lines)
        self.empty.setText(self.look.tr("还没有工程资料：中心提供、或从“工程、监测点、率定”等表导入后，这里有工程、测点和异常"))
        self.list.show_lines(view.lines, view.chosen)
        self.title.setText(view.title)
        self.sub.setText(view.subtitle)
        self.chip.setVisible(view.simulated)
        self.chip.setToolTip(plain_tip(view.note))
        self._show_facts(view)
        self.subsystems.show_cells(view.subsystems)
        tokens = [TOKENS.get(line.state, "text.dim") for line in view.sensors]
        self.sensors.show_rows(
            [
                [(f"{SHAPES.get(line.state, '—')} {line.cells[0]}", token), *((text, "text") for text in line.cells[1:])]
                for line, token in zip(view.sensors, tokens, strict=True)
            ]
        )
        self._fit_columns()
        row = next((i for i, line in enumerate(view.sensors) if line.code == view.selected_sensor), -1)
        if row >= 0:
            self.sensors.table.selectRow(row)
        else:
            self.sensors.table.clearSelection()
        self.anomalies.show_lines(view.anomalies, view.calm)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.sensors.table.viewport() and event.type() == QEvent.Type.Resize:
            self._fit_columns()
        return super().eventFilter(watched, event)

    def _fit_columns(self) -> None:
        """Give every column what its figures need and the names the rest."""
        table, header = self.sensors.table, self.sensors.table.horizontalHeader()
        least = round(56 * self.look.scale)
        used = 0
        for i in range(header.count()):
            wide = max(least, table.sizeHintForColumn(i) + 12, header.sectionSizeHint(i))
            if i == NAME:
                named = wide
            else:
                used += wide
                header.resizeSection(i, wide)
        rest = table.viewport().width() - used
        header.resizeSection(NAME, max(rest, min(named, round(NAME_PX * self.look.scale))))

    def _show_facts(self, view: WorksBoardView) -> None:
        rows = [*view.facts]
        if not rows and view.chosen:
            rows = [(self.look.tr("资料"), self.look.tr("没有公布的工程资料"), "")]
        while len(self._facts) < len(rows):
            pair = (PlainLabel("", self), PlainLabel("", self))
            for c, label in enumerate(pair):
                label.setObjectName("dim")
                self._grid.addWidget(label, len(self._facts), c)
            pair[1].setWordWrap(True)
            self._facts.append(pair)
        for i, (name, text) in enumerate(self._facts):
            on = i < len(rows)
            name.setVisible(on)
            text.setVisible(on)
            if on:
                name.setText(rows[i][0])
                text.setText(f"{rows[i][1]}（{rows[i][2]}）" if rows[i][2] else rows[i][1])

    def _row(self, row: int) -> None:
        if 0 <= row < len(self._view.sensors):
            self.selected.emit(self._view.sensors[row].code)
