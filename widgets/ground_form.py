"""Import terrain or imagery: the file and what the user says of it; what is imported, with a way to remove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from widgets.plain import PlainLabel

KINDS = {"heights": "地形（DEM）", "picture": "影像"}
DATUMS = {
    "": "按文件注明的高程基准",
    "1985": "1985 国家高程基准",
    "1956": "1956 黄海高程",
    "pearl": "珠江基面",
    "ellipsoid": "椭球高",
    "custom": "自定高程基准",
    "unknown": "高程基准不明（不换算）",
}
WIDE_PX = 600


@dataclass(frozen=True, slots=True)
class GroundAsk:
    """An import as typed. kind: heights or picture; offset: metres to add to get 1985, as typed."""

    file: str
    kind: str
    datum: str
    offset: str
    crs: str


class GroundForm(QDialog):
    """Beside the work, not in its way; closing keeps what was typed.

    Signals:
        import_requested: a GroundAsk. cancel_requested: stop the import that runs. remove_requested: a name.
    """

    import_requested = Signal(object)
    cancel_requested = Signal()
    remove_requested = Signal(str)

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self.setModal(False)
        self.running = False
        self.file, self.offset, self.crs = (QLineEdit(self) for _ in range(3))
        self.browse, self.begin, self.end, self.remove = (QPushButton(self) for _ in range(4))
        self.kind, self.datum, self.held = QComboBox(self), QComboBox(self), QComboBox(self)
        for box, table in ((self.kind, KINDS), (self.datum, DATUMS)):
            for code in table:
                box.addItem("", code)
        self.status = PlainLabel("", self)
        self.status.setWordWrap(True)
        self._labels = tuple(PlainLabel("", self) for _ in range(5))
        self._arrange()
        self.browse.clicked.connect(self._choose)
        self.begin.clicked.connect(self._ask)
        self.end.clicked.connect(self._leave)
        self.remove.clicked.connect(lambda: self.remove_requested.emit(str(self.held.currentData() or "")))
        self.kind.currentIndexChanged.connect(self._enable)
        self.file.textChanged.connect(self._enable)
        look.changed.connect(self._reworded)
        self._reworded()

    def _arrange(self) -> None:
        grid = QGridLayout()
        rows: tuple[tuple[QWidget, ...], ...] = (
            (self.file, self.browse),
            (self.kind,),
            (self.datum, self.offset),
            (self.crs,),
            (self.held, self.remove),
        )
        for row, (label, widgets) in enumerate(zip(self._labels, rows, strict=True)):
            label.setObjectName("dim")
            grid.addWidget(label, row, 0)
            grid.addWidget(widgets[0], row, 1, 1, 2 if len(widgets) == 1 else 1)
            for place, widget in enumerate(widgets[1:], 2):
                grid.addWidget(widget, row, place)
        grid.setColumnStretch(1, 1)
        below = QHBoxLayout()
        below.addWidget(self.status, 1)
        below.addWidget(self.begin)
        below.addWidget(self.end)
        column = QVBoxLayout(self)
        column.addLayout(grid)
        column.addLayout(below)
        self.setMinimumWidth(round(WIDE_PX * self.look.scale))

    def show_held(self, entries: Sequence[tuple[str, str]]) -> None:
        """Show what is imported: (name, words)."""
        self.held.clear()
        for name, words in entries:
            self.held.addItem(words, name)
        self._enable()

    def say(self, words: str, *, running: bool = False) -> None:
        """Say how it goes, or why it was refused; nothing typed is lost."""
        self.running = running
        self.status.setText(words)
        self._enable()

    def taken(self, words: str) -> None:
        self.file.clear()
        self.say(words)

    def _ask(self) -> None:
        self.import_requested.emit(
            GroundAsk(
                self.file.text().strip(),
                str(self.kind.currentData()),
                str(self.datum.currentData()),
                self.offset.text().strip(),
                self.crs.text().strip(),
            )
        )

    def _leave(self) -> None:
        if self.running:
            self.cancel_requested.emit()
        else:
            self.hide()

    def _choose(self) -> None:
        dialog = QFileDialog(self, self.look.tr("选择地形或影像"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["GeoTIFF (*.tif *.tiff)", f"{self.look.tr('所有文件')} (*)"])
        dialog.fileSelected.connect(self.file.setText)
        dialog.open()

    def _enable(self) -> None:
        heights = self.kind.currentData() == "heights"
        self.datum.setEnabled(heights)
        self.offset.setEnabled(heights)
        self.begin.setEnabled(bool(self.file.text().strip()) and not self.running)
        self.remove.setEnabled(self.held.count() > 0 and not self.running)
        self.end.setText(self.look.tr("停止" if self.running else "关闭"))

    def _reworded(self) -> None:
        tr = self.look.tr
        self.setWindowTitle(tr("自备地形与影像"))
        words = ("文件", "种类", "高程基准", "坐标系", "已导入")
        for label, word in zip(self._labels, words, strict=True):
            label.setText(tr(word))
        for box, table in ((self.kind, KINDS), (self.datum, DATUMS)):
            for i, word in enumerate(table.values()):
                box.setItemText(i, tr(word))
        self.browse.setText(tr("选文件…"))
        self.begin.setText(tr("开始导入"))
        self.remove.setText(tr("移除"))
        self.offset.setPlaceholderText(tr("换算到 1985 要加的米数"))
        self.crs.setPlaceholderText(tr("文件里没有时填，如 EPSG:4547"))
        for widget, word in zip((self.file, self.kind, self.datum, self.crs, self.held), words, strict=True):
            widget.setAccessibleName(tr(word))
        self.offset.setAccessibleName(tr("换算到 1985 要加的米数"))
        self._enable()
