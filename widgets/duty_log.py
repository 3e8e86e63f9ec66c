"""Duty log: append-only lines, a form that keeps its draft until the line is on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import qtawesome
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.duty import FileView, LogRow
from widgets.clips import Clips
from widgets.plain import PlainLabel, plain_tip

Role = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
TITLES = ("时间", "类型", "内容", "记录人", "上报")


class LogModel(QAbstractTableModel):
    """Newest first; a line is never edited, a correction is a new line."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look
        self.rows: tuple[LogRow, ...] = ()

    def set_rows(self, rows: Sequence[LogRow]) -> None:
        if tuple(rows) != self.rows:
            self.beginResetModel()
            self.rows = tuple(rows)
            self.endResetModel()

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(TITLES)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role in (Role.DisplayRole, Role.ToolTipRole):
            cells = (row.time_text, self.look.tr(row.kind), row.text, row.author, self.look.tr(row.status))
            if index.column() == 2 and role == Role.DisplayRole and row.files:
                return f"（{self.look.tr('附件')} {len(row.files)}）{row.text}"
            text = cells[index.column()]
            return text if role == Role.DisplayRole else plain_tip(text)
        if role == Role.DecorationRole and index.column() == 2 and row.files:
            return qtawesome.icon("mdi6.paperclip", color=self.look.color("text.dim"))
        if role == Role.ForegroundRole:
            if index.column() == 4 and (row.pending or row.refused):
                return self.look.color("state.guaranteed" if row.refused else "state.warning")
            return self.look.color("text" if index.column() == 2 else "text.dim")
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return self.look.tr(TITLES[section])
        return None


def local_files(source: Any) -> list[str]:
    """Return the local paths of dropped or pasted data; nothing is fetched from elsewhere."""
    return [u.toLocalFile() for u in source.urls() if u.isLocalFile()] if source.hasUrls() else []


class Draft(QPlainTextEdit):
    """Signals:
    done: Ctrl+Enter was pressed.
    files_given: files were dropped or pasted; arg is their paths.
    """

    done = Signal()
    files_given = Signal(list)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.done.emit()
            return
        super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: Any) -> bool:
        return bool(source.hasText() or source.hasUrls())

    def insertFromMimeData(self, source: Any) -> None:
        """Paste as plain text only; files become attachments."""
        paths = local_files(source)
        if paths:
            self.files_given.emit(paths)
        elif source.hasText():
            self.insertPlainText(source.text())


class DutyLog(QWidget):
    """Signals:
    entry_requested: (type code, text, name).
    attach_requested: arg is the paths of files chosen, dropped or pasted.
    detach_requested, file_requested: arg is the SHA-256 of a file of the draft, of the chosen line.
    """

    entry_requested = Signal(str, str, str)
    attach_requested = Signal(list)
    detach_requested = Signal(str)
    file_requested = Signal(object)

    def __init__(self, look: Look, kinds: Mapping[str, str], operator: str) -> None:
        super().__init__()
        self.look = look
        self.model = LogModel(look, self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAccessibleName(look.tr("值班日志"))
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for i, width in enumerate((96, 84, 300, 84, 110)):
            header.resizeSection(i, round(width * look.scale))
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.kind = QComboBox(self)
        self.kind.setAccessibleName(look.tr("记录类型"))
        for code, text in kinds.items():
            self.kind.addItem(look.tr(text), code)
        self.name = QLineEdit(operator, self)
        self.name.setMaxLength(60)
        self.name.setPlaceholderText(look.tr("姓名"))
        self.name.setFixedWidth(round(110 * look.scale))
        self.text = Draft(self)
        self.text.setPlaceholderText(look.tr("事情、时间、来自谁、怎样处理。Ctrl+Enter 保存"))
        self.text.setFixedHeight(round(64 * look.scale))
        self.attach = QPushButton(look.tr("附件"), self)
        self.attach.setIcon(qtawesome.icon("mdi6.paperclip", color=look.color("text.dim")))
        self.attach.setToolTip(plain_tip(look.tr("添加照片、录音或文件；也可以拖进来或粘贴")))
        self.button = QPushButton(look.tr("保存记录"), self)
        self.button.setObjectName("primary")
        self.status = PlainLabel("", self)
        self.status.setObjectName("dim")
        self.status.setWordWrap(True)
        row = QHBoxLayout()
        row.setContentsMargins(10, 6, 10, 0)
        row.addWidget(self.kind)
        row.addWidget(self.name)
        row.addWidget(self.status, 1)
        row.addWidget(self.attach)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(4)
        self.empty = PlainLabel(look.tr("还没有记录。来电、来文、险情和处理都记在这里。"), self)
        self.empty.setObjectName("dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.table, 1)
        column.addWidget(self.empty, 1)
        self.line_files = Clips(look, "mdi6.content-save-outline", look.tr("另存为"))
        self.draft_files = Clips(look, "mdi6.close", look.tr("去掉附件"))
        column.addWidget(self.line_files)
        column.addLayout(row)
        column.addWidget(self.draft_files)
        inset = QHBoxLayout()
        inset.setContentsMargins(10, 0, 10, 0)
        inset.addWidget(self.text)
        column.addLayout(inset)
        self._saving = False
        self.button.clicked.connect(self._ask)
        self.text.done.connect(self._ask)
        self.text.files_given.connect(self.attach_requested)
        self.attach.clicked.connect(self._pick)
        self.draft_files.pressed.connect(self.detach_requested)
        self.line_files.pressed.connect(self._file_pressed)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_files())
        self.setAcceptDrops(True)

    def show_rows(self, rows: Sequence[LogRow]) -> None:
        self.model.set_rows(rows)
        self.table.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self._show_files()

    def _chosen_files(self) -> tuple[FileView, ...]:
        row = self.table.currentIndex().row()
        return self.model.rows[row].files if 0 <= row < len(self.model.rows) else ()

    def _show_files(self) -> None:
        self.line_files.show_items([(f.sha256, f.text) for f in self._chosen_files()])

    def _file_pressed(self, sha256: str) -> None:
        found = next((f for f in self._chosen_files() if f.sha256 == sha256), None)
        if found is not None:
            self.file_requested.emit(found)

    def _pick(self) -> None:
        """Choose files beside the work: the dialog blocks nothing."""
        dialog = QFileDialog(self, self.look.tr("添加附件"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setModal(False)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self.attach_requested)
        dialog.show()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = local_files(event.mimeData())
        if paths:
            self.attach_requested.emit(paths)
            event.acceptProposedAction()

    def show_draft_files(self, items: Sequence[tuple[str, str]]) -> None:
        """Show what will be saved with the entry; pressed again a file is taken off."""
        self.draft_files.show_items(items)

    def say(self, text: str) -> None:
        self.status.setText(text)

    def _ask(self) -> None:
        if not self._saving:
            self._saving = True
            self.status.setText(self.look.tr("正在保存…"))
            self.entry_requested.emit(self.kind.currentData(), self.text.toPlainText(), self.name.text())

    def saved(self) -> None:
        self.text.clear()
        self._saving = False
        self.status.setText(self.look.tr("已保存到本机，正在上报"))

    def not_saved(self, text: str) -> None:
        self._saving = False
        self.status.setText(text)

    def edit_again(self, text: str) -> None:
        """Put a refused entry's text back into the form, below what is typed there."""
        typed = self.text.toPlainText()
        self.text.setPlainText(f"{typed}\n{text}" if typed.strip() else text)
        self.text.setFocus()

    def draft(self) -> dict[str, str]:
        """Return what was typed and not saved yet."""
        return {"name": self.name.text(), "text": self.text.toPlainText(), "kind": str(self.kind.currentIndex())}

    def restore_draft(self, draft: dict[str, str]) -> None:
        self.name.setText(draft["name"])
        self.text.setPlainText(draft["text"])
        self.kind.setCurrentIndex(int(draft["kind"]))
