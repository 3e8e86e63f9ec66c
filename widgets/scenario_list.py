"""The scenarios by name: which are compared, what each changes, how its run stands."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QGridLayout, QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.consult import MOST_COMPARED, ScenarioLine
from widgets.plain import PlainLabel, plain_tip

INKS = ("curve.flow", "curve.other4", "curve.other1", "curve.other2", "curve.other3", "curve.outflow")
ID = Qt.ItemDataRole.UserRole
TOKENS = {"failed": "state.guaranteed", "running": "accent", "waiting": "accent", "cancelled": "text.dim", "held": "text.dim"}
SWATCH = 10


class ScenarioList(QWidget):
    """Signals:
    compared: the ticked ones in their order; arg is a tuple of ids.
    run_requested, cancel_requested, copy_requested, drop_requested, optimise_requested: arg is an id.
    """

    compared = Signal(tuple)
    run_requested = Signal(str)
    cancel_requested = Signal(str)
    copy_requested = Signal(str)
    drop_requested = Signal(str)
    optimise_requested = Signal(str)
    typical_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._lines: tuple[ScenarioLine, ...] = ()
        self._quiet = False
        self.tree = QTreeWidget(self)
        self.tree.setColumnCount(3)
        self.tree.setRootIsDecorated(False)
        self.tree.setWordWrap(True)
        self.tree.itemChanged.connect(self._ticked)
        self.tree.currentItemChanged.connect(lambda *_: self._enable())
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        for column, wide in ((1, 60), (2, 140)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, round(wide * look.scale))
        self.empty = PlainLabel("", self)
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.run, self.stop, self.copy, self.drop, self.better = (QPushButton(self) for _ in range(5))
        self.typical = QPushButton(self)
        self.typical.clicked.connect(self.typical_requested)
        for button, signal in (
            (self.run, self.run_requested), (self.stop, self.cancel_requested), (self.copy, self.copy_requested),
            (self.drop, self.drop_requested), (self.better, self.optimise_requested),
        ):  # fmt: skip
            button.clicked.connect(_sender(self, signal))
        self.why = PlainLabel("", self)  # of the chosen one: in its column the reason is cut
        self.why.setWordWrap(True)
        self.why.setContentsMargins(8, 2, 8, 0)
        row = QGridLayout()
        row.setContentsMargins(8, 2, 8, 4)
        row.setVerticalSpacing(4)
        for i, button in enumerate((self.copy, self.better, self.typical, self.run, self.stop, self.drop)):
            row.addWidget(button, i // 3, i % 3)
        column_box = QVBoxLayout(self)
        column_box.setContentsMargins(0, 0, 0, 0)
        column_box.setSpacing(2)
        column_box.addWidget(self.empty, 1)
        column_box.addWidget(self.tree, 1)
        column_box.addWidget(self.why)
        column_box.addLayout(row)
        look.changed.connect(self._reworded)
        self._reworded()
        self.show_lines(())

    @property
    def current(self) -> str:
        """Return the chosen scenario's id, "" for none."""
        item = self.tree.currentItem()
        return str(item.data(0, ID)) if item is not None else ""

    def show_lines(self, lines: Sequence[ScenarioLine]) -> None:
        """Show the scenarios, the chosen one staying chosen."""
        if tuple(lines) == self._lines and lines:
            return
        chosen = self.current
        self._lines = tuple(lines)
        self._quiet = True
        self.tree.clear()
        for line in lines:
            item = self._item(line)
            self.tree.addTopLevelItem(item)
            if line.scenario_id == chosen or self.tree.currentItem() is None:
                self.tree.setCurrentItem(item)
        self._quiet = False
        self.tree.setVisible(bool(lines))
        self.empty.setVisible(not lines)
        self._enable()

    def _item(self, line: ScenarioLine) -> QTreeWidgetItem:
        changes = "\n".join(line.changes[:4]) + ("\n…" if len(line.changes) > 4 else "")
        item = QTreeWidgetItem([f"{line.name}\n{changes}", line.author, f"{line.said}\n{line.base}"])
        item.setData(0, ID, line.scenario_id)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(0, Qt.CheckState.Checked if line.place >= 0 else Qt.CheckState.Unchecked)
        if line.place >= 0:
            item.setIcon(0, _swatch(self.look.color(ink_of(line.place))))
        if line.state in TOKENS:
            item.setForeground(2, self.look.color(TOKENS[line.state]))
        said = "\n".join(part for part in (line.name, *line.changes, line.note, line.said) if part)
        for column in range(3):
            item.setToolTip(column, plain_tip(said))
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        return item

    def _ticked(self, item: QTreeWidgetItem, column: int) -> None:
        if self._quiet or column != 0:
            return
        before = [line.scenario_id for line in self._lines if line.place >= 0]
        changed = str(item.data(0, ID))
        on = item.checkState(0) == Qt.CheckState.Checked
        if on and changed not in before and len(before) >= MOST_COMPARED:  # a tick that compares nothing would lie
            self._quiet = True
            item.setCheckState(0, Qt.CheckState.Unchecked)
            self._quiet = False
            return
        kept = tuple(i for i in before if i != changed or on)
        self.compared.emit((*kept, changed) if on and changed not in kept else kept)

    def _enable(self) -> None:
        line = next((one for one in self._lines if one.scenario_id == self.current), None)
        told = line is not None and line.state in ("failed", "held")  # in full: the list cuts long words
        self.why.setText(line.said if line is not None and told else "")
        self.why.setVisible(told)
        self.why.setStyleSheet(f"color: {self.look.color(TOKENS[line.state]).name()}" if line is not None and told else "")
        going = line is not None and line.state in ("waiting", "running")
        for button in (self.copy, self.drop):
            button.setEnabled(line is not None)
        for button in (self.run, self.better):
            button.setEnabled(line is not None and not going)
        self.stop.setEnabled(going)

    def _reworded(self) -> None:
        tr = self.look.tr
        self.tree.setHeaderLabels([tr("情景与改动（最多并排 6 个）"), tr("作者"), tr("状态与起算")])
        self.tree.setAccessibleName(tr("情景"))
        self.tree.setFont(self.look.font("small_px"))
        self.empty.setText(tr("还没有情景。在下面写上名称和改动，按“保存并计算”；不写改动就是现状方案"))
        words = (
            (self.run, "重新计算"),
            (self.stop, "取消"),
            (self.copy, "复制修改"),
            (self.drop, "移出"),
            (self.better, "优化调度"),
            (self.typical, "典型洪水"),
        )
        for button, text in words:
            button.setText(tr(text))
        self.better.setToolTip(plain_tip(tr("按所选情景的来水求各水库出库，“控制库水位”作上限；得到一个新情景")))
        if self._lines:
            lines, self._lines = self._lines, ()
            self.show_lines(lines)


def ink_of(place: int) -> str:
    """Return the colour token of a compared scenario's curves."""
    return INKS[place % len(INKS)]


def _swatch(color: QColor) -> QIcon:
    pixmap = QPixmap(SWATCH, SWATCH)
    pixmap.fill(color)
    return QIcon(pixmap)


def _sender(owner: ScenarioList, signal: object) -> object:
    def send() -> None:
        if owner.current:
            signal.emit(owner.current)  # type: ignore[attr-defined]

    return send
