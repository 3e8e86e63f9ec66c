"""The sources page: all sources on the left, what is known of the chosen one on the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QSplitter, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.sources import SourceLine
from widgets.facts_table import FactsTable

FACT_WIDTHS = (110, 300)


class SourcePage(QWidget):
    """Keeps the chosen source chosen while lines move; nothing chosen shows the first, the worst."""

    def __init__(self, look: Look, titles: Sequence[str], widths: Sequence[int]) -> None:
        super().__init__()
        self._lines: tuple[SourceLine, ...] = ()
        self._chosen = ""
        self.sources = FactsTable(look, titles, widths, "还没有数据来源；外部来源写在中心数据目录的 sources.toml 里")
        self.facts = FactsTable(look, ("项目", "现况"), FACT_WIDTHS, "选中上面一个来源，看它的缺口和处理办法")
        self.facts.table.horizontalHeader().hide()
        self.facts.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.sources.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.sources.table.setWordWrap(False)
        self.sources.table.setAccessibleName(look.tr("数据来源"))
        self.facts.table.setAccessibleName(look.tr("所选来源"))
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self.sources)
        split.addWidget(self.facts)
        split.setStretchFactor(0, 55)
        split.setStretchFactor(1, 45)
        split.setChildrenCollapsible(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(split)
        self.sources.table.selectionModel().currentRowChanged.connect(self._moved)

    @property
    def chosen(self) -> str:
        return self._chosen

    def show_lines(self, lines: Sequence[SourceLine]) -> None:
        self._lines = tuple(lines)
        wanted = self._chosen
        self.sources.show_rows([line.cells for line in self._lines])
        names = [line.name for line in self._lines]
        row = names.index(wanted) if wanted in names else 0
        if names:
            self.sources.table.selectRow(row)
        self._detail(row)
        self._chosen = wanted if wanted in names else ""

    def _moved(self, current: QModelIndex, _before: QModelIndex) -> None:
        if 0 <= current.row() < len(self._lines):
            self._chosen = self._lines[current.row()].name
            self._detail(current.row())

    def _detail(self, row: int) -> None:
        before = self.facts.model.rows
        self.facts.show_rows(self._lines[row].facts if row < len(self._lines) else ())
        if self.facts.model.rows is not before:
            self.facts.table.resizeRowsToContents()
