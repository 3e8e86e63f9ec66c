"""The lists held offline: choose one, read it, save a file that came along."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from console.look import Look
from widgets.facts_table import Cell, FactsTable
from widgets.plain import PlainLabel

TITLES = ("清单", "编号", "名称", "地区", "内容", "文件")


class LibraryBoard(QWidget):
    """Signals:
    list_chosen: another list is to be shown; arg is its code, "" for all.
    save_requested: (the file as it lies here, where to).
    """

    list_chosen = Signal(str)
    save_requested = Signal(str, str)

    def __init__(self, look: Look, lists: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.look = look
        self._files: tuple[tuple[str, str], ...] = ()
        self.lists = QComboBox(self)
        self.lists.setAccessibleName(look.tr("清单"))
        self.lists.addItem(look.tr("全部清单"), "")
        for code, words in lists:
            self.lists.addItem(words, code)
        self.lists.activated.connect(lambda: self.list_chosen.emit(self.list_code))
        self.save = QPushButton(look.tr("另存文件"), self)
        self.save.setEnabled(False)
        self.save.clicked.connect(self._ask_where)
        self.table = FactsTable(
            look, TITLES, (68, 72, 240, 100, 330, 180), "还没有清单：下载一个离线包后这里有预案、联系人、图纸"
        )
        self.table.table.setAccessibleName(look.tr("离线资料"))
        self.table.table.selectionModel().currentRowChanged.connect(self._allow)
        self.said = PlainLabel("", self)
        self.said.setObjectName("dim")
        head = QHBoxLayout()
        head.setContentsMargins(10, 4, 10, 4)
        head.setSpacing(6)
        head.addWidget(self.lists)
        head.addWidget(self.said, 1)
        head.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.table, 1)

    @property
    def list_code(self) -> str:
        return str(self.lists.currentData() or "")

    def show_entries(self, rows: Sequence[Sequence[Cell]], files: Sequence[tuple[str, str]], said: str) -> None:
        """files: (where it lies, name) of each line's file, "" where there is none to save."""
        self._files = tuple(files)
        self.table.show_rows(rows)
        self.said.setText(said)
        self._allow()

    def _file(self) -> tuple[str, str]:
        row = self.table.table.currentIndex().row()
        return self._files[row] if 0 <= row < len(self._files) else ("", "")

    def _allow(self) -> None:
        self.save.setEnabled(bool(self._file()[0]))

    def _ask_where(self) -> None:
        path, name = self._file()  # kept for the dialog: the list may have changed when it is answered
        dialog = QFileDialog(self, self.look.tr("另存文件"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda to: self.save_requested.emit(path, to))
        dialog.open()
