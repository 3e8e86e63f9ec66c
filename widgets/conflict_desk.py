"""Conflict screen: what the centre did not take, both sides next to each other, a person decides."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.conflicts import Undecided
from widgets.facts_table import Cell, FactsTable
from widgets.plain import PlainLabel


class ConflictDesk(QWidget):
    """Signals:
    decided: (op id, "theirs" | "mine" | "log" | "drop", name, reason).
    undo_requested: (op id, name).
    edit_requested: arg is the op id.
    """

    decided = Signal(str, str, str, str)
    undo_requested = Signal(str, str)
    edit_requested = Signal(str)

    def __init__(self, look: Look, operator: str) -> None:
        super().__init__()
        self.look = look
        tr = look.tr
        self.rows: tuple[Undecided, ...] = ()
        self._current = ""
        self._saving = False
        self.list = FactsTable(look, ("时间", "状态", "内容"), (92, 84, 120), "没有冲突，也没有被退回的内容")
        self.list.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.table.setAccessibleName(tr("冲突与退回"))
        self.sides = FactsTable(
            look, ("项目", "我的", "中心的", "对比"), (84, 210, 210, 60), "在左边选一条，两边的内容会并排显示"
        )
        self.sides.table.setAccessibleName(tr("两边的内容"))
        self.sides.table.setWordWrap(True)
        self.head = self._line()
        self.head.setObjectName("")
        self.mine = self._line()
        self.theirs = self._line()
        self.status = self._line()
        self.name = QLineEdit(operator, self)
        self.name.setMaxLength(60)
        self.name.setPlaceholderText(tr("姓名"))
        self.name.setFixedWidth(round(90 * look.scale))
        self.reason = QLineEdit(self)
        self.reason.setMaxLength(500)
        self.reason.setPlaceholderText(tr("理由（放弃时必填）"))
        self.buttons = {
            code: QPushButton(text, self)
            for code, text in (
                ("theirs", tr("采用中心的")),
                ("mine", tr("坚持我的")),
                ("log", tr("另存为日志")),
                ("edit", tr("重新编辑")),
                ("drop", tr("放弃")),
                ("undo", tr("撤销决定")),
            )
        }
        for code, button in self.buttons.items():
            button.clicked.connect(lambda _checked, c=code: self._press(c))
        self._arrange()
        self.list.table.selectionModel().currentRowChanged.connect(lambda now, _before: self._choose(now.row()))
        self._show()

    def _line(self) -> PlainLabel:
        label = PlainLabel("", self)
        label.setObjectName("dim")
        label.setWordWrap(True)
        return label

    def _arrange(self) -> None:
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(10, 6, 10, 8)
        column.setSpacing(5)
        for label in (self.head, self.mine, self.theirs):
            column.addWidget(label)
        column.addWidget(self.sides, 1)
        form = QHBoxLayout()
        form.addWidget(self.name)
        form.addWidget(self.reason, 1)
        column.addLayout(form)
        row = QHBoxLayout()
        for button in self.buttons.values():
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.status)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(right)
        split.setSizes([430, 570])
        split.setStretchFactor(0, 45)
        split.setStretchFactor(1, 55)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def show_rows(self, rows: Sequence[Undecided]) -> None:
        """Show what waits; the chosen one stays chosen while it is there, else the first is."""
        self.rows = tuple(rows)
        cells: list[tuple[Cell, ...]] = [((r.when, "text.dim"), (r.state, r.token), (r.title, "text")) for r in self.rows]
        self.list.show_rows(cells)
        ids = [r.op_id for r in self.rows]
        if self._current not in ids:
            self._current = ids[0] if ids else ""
        if self._current:
            index = self.list.model.index(ids.index(self._current), 0)
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.list.table.selectionModel().setCurrentIndex(index, flags)
        self._show()

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self.rows) and self.rows[row].op_id != self._current:
            self._current = self.rows[row].op_id
            self.status.setText("")
            self._show()

    def _row(self) -> Undecided | None:
        return next((r for r in self.rows if r.op_id == self._current), None)

    def _show(self) -> None:
        tr, row = self.look.tr, self._row()
        self.head.setText(f"{row.title} · {row.reason}" if row else "")
        self.mine.setText(f"{tr('我的')}：{row.mine_head}" if row else "")
        self.theirs.setText(f"{tr('中心的')}：{row.theirs_head}" if row and row.theirs_head else "")
        for label in (self.head, self.mine, self.theirs):
            label.setVisible(bool(label.text()))
        cells: list[tuple[Cell, ...]] = []
        for side in row.sides if row else ():
            token = "state.warning" if side.differs else "text"
            word = "" if row is None or not row.theirs_head else f"≠ {tr('不同')}" if side.differs else tr("相同")
            word_cell = (word, token if side.differs else "text.dim")
            cells.append(((side.name, "text.dim"), (side.mine, token), (side.theirs, token), word_cell))
        self.sides.show_rows(cells)
        self.sides.table.resizeRowsToContents()
        open_, can_undo = row is not None and row.undo_s is None, row is not None and row.undo_s is not None
        wanted = {
            "theirs": open_ and row is not None and row.conflict,
            "mine": open_ and row is not None and row.conflict,
            "log": open_ and row is not None and row.conflict,
            "edit": open_ and row is not None and row.editable and not row.conflict,
            "drop": open_ and row is not None and not row.conflict,
            "undo": can_undo,
        }
        for code, button in self.buttons.items():
            button.setVisible(bool(wanted[code]))
            button.setEnabled(not self._saving)
        self.name.setVisible(row is not None)
        self.reason.setVisible(open_)

    def _press(self, code: str) -> None:
        if self._saving or not self._current:
            return
        if code == "edit":
            self.edit_requested.emit(self._current)
            return
        self._saving = True
        self.status.setText(self.look.tr("正在保存…"))
        if code == "undo":
            self.undo_requested.emit(self._current, self.name.text())
        else:
            self.decided.emit(self._current, code, self.name.text(), self.reason.text())

    def saved(self, text: str) -> None:
        """The decision is on disk."""
        self._saving = False
        self.reason.clear()
        self.status.setText(text)
        self._show()

    def not_saved(self, text: str) -> None:
        """Keep what was typed and say why nothing was decided."""
        self._saving = False
        self.status.setText(text)
        self._show()
