"""Import an inundation result: the file, and what the user says of it; a refusal leaves everything typed as it is."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
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
from widgets.plain import PlainLabel, plain_tip

UNITS = {"": "单位按文件", "m": "米", "cm": "厘米", "mm": "毫米", "ft": "英尺"}
ZONES = {"": "时区按文件", "北京": "北京时间", "UTC": "世界时"}
KINDS = {"": "是否模拟按文件", "yes": "模拟计算", "no": "不是模拟"}
FILES = "*.nc *.nc4 *.cdf *.h5 *.hdf5 *.hdf *.tif *.tiff"
WIDE_PX = 560


@dataclass(frozen=True, slots=True)
class FloodAsk:
    """An import as typed; simulated None leaves it to the file. Times are Beijing time, step_h hours."""

    file: str
    crs: str
    variable: str
    unit: str
    start: str
    step_h: str
    zone: str
    simulated: bool | None
    empty_is_dry: bool


class FloodForm(QDialog):
    """Beside the work, not in its way; closing keeps what was typed.

    Signals:
        import_requested: arg is a FloodAsk. cancel_requested: stop the import that runs.
    """

    import_requested = Signal(object)
    cancel_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.setModal(False)
        self._running = False
        self.file, self.crs, self.variable, self.start, self.step = (QLineEdit(self) for _ in range(5))
        self.browse, self.folder = QPushButton(self), QPushButton(self)
        self.unit, self.zone, self.kind = (self._choice(table) for table in (UNITS, ZONES, KINDS))
        self.empty_is_dry = QCheckBox(self)
        self.status = PlainLabel("", self)
        self.status.setWordWrap(True)
        self.begin, self.end = QPushButton(self), QPushButton(self)
        self.begin.setObjectName("primary")
        self.begin.setDefault(True)
        self.end.setAutoDefault(False)
        for button in (self.browse, self.folder):
            button.setAutoDefault(False)
        self._labels = tuple(PlainLabel("", self) for _ in range(5))
        self._arrange()
        self.begin.clicked.connect(self._ask)
        self.end.clicked.connect(self.reject)
        self.browse.clicked.connect(lambda: self._choose(QFileDialog.FileMode.ExistingFile))
        self.folder.clicked.connect(lambda: self._choose(QFileDialog.FileMode.Directory))
        self.file.textChanged.connect(self._enable)
        look.changed.connect(self._reworded)
        self._reworded()
        self._enable()

    def _choice(self, table: dict[str, str]) -> QComboBox:
        box = QComboBox(self)
        for code in table:
            box.addItem("", code)
        return box

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        rows: tuple[tuple[QWidget, ...], ...] = (
            (self.file, self.browse, self.folder), (self.crs,), (self.variable, self.unit), (self.start, self.zone),
            (self.step, self.kind),
        )  # fmt: skip
        for row, (label, widgets) in enumerate(zip(self._labels, rows, strict=True)):
            label.setObjectName("dim")
            label.setBuddy(widgets[0])
            grid.addWidget(label, row, 0)
            grid.addWidget(widgets[0], row, 1, 1, 4 - len(widgets))
            for place, widget in enumerate(widgets[1:], 5 - len(widgets)):
                grid.addWidget(widget, row, place)
        grid.setColumnStretch(1, 1)
        below = QHBoxLayout()
        below.addWidget(self.status, 1)
        below.addWidget(self.begin)
        below.addWidget(self.end)
        column = QVBoxLayout(self)
        column.addLayout(grid)
        column.addWidget(self.empty_is_dry)
        column.addLayout(below)
        self.setMinimumWidth(round(WIDE_PX * self.look.scale))

    # --- asking ---------------------------------------------------------------------------
    def asked(self) -> FloodAsk:
        return FloodAsk(
            file=self.file.text().strip(),
            crs=self.crs.text().strip(),
            variable=self.variable.text().strip(),
            unit=str(self.unit.currentData()),
            start=self.start.text().strip(),
            step_h=self.step.text().strip(),
            zone=str(self.zone.currentData()),
            simulated={"": None, "yes": True, "no": False}[self.kind.currentData()],
            empty_is_dry=self.empty_is_dry.isChecked(),
        )

    def _ask(self) -> None:
        if self._running or not self.file.text().strip():
            return
        self._running = True
        self._enable()
        self._say(self.look.tr("正在导入…"))
        self.import_requested.emit(self.asked())

    def show_progress(self, share: float) -> None:
        if self._running and share >= 0:
            self._say(f"{self.look.tr('正在导入…')} {share:.0%}")

    def taken(self) -> None:
        """The file is here: the next one may be of the same kind, so that only its name is cleared."""
        self._running = False
        self.file.clear()
        self._say("")
        self._enable()
        self.hide()

    def refused(self, why: str) -> None:
        """Say why in the form; "" when the user stopped it. Nothing typed is lost."""
        self._running = False
        self._say(why or self.look.tr("已停止，没有导入"), wrong=bool(why))
        self._enable()

    def reject(self) -> None:
        """Stop the import that runs; else, and with the Escape key, close."""
        if self._running:
            self.cancel_requested.emit()
        else:
            self.hide()

    def _choose(self, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, self.look.tr("选择淹没成果"), self.file.text())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(mode)
        if mode == QFileDialog.FileMode.Directory:
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        else:
            dialog.setNameFilters([f"{self.look.tr('水深成果')} ({FILES})", f"{self.look.tr('所有文件')} (*)"])
        dialog.fileSelected.connect(self.file.setText)
        dialog.open()

    # --- words ----------------------------------------------------------------------------
    def _say(self, text: str, *, wrong: bool = False) -> None:
        self.status.setObjectName("trouble" if wrong else "dim")
        self.status.style().unpolish(self.status)
        self.status.style().polish(self.status)
        self.status.setText(text)

    def _enable(self) -> None:
        there = bool(self.file.text().strip())
        self.begin.setEnabled(there and not self._running)
        self.begin.setToolTip(plain_tip("" if there else self.look.tr("先选择文件或文件夹")))

    def _reworded(self) -> None:
        tr = self.look.tr
        self.setWindowTitle(tr("导入淹没成果"))
        words = (tr("文件或文件夹"), tr("坐标系"), tr("变量与单位"), tr("起始时间"), tr("步长（小时）"))
        fields = (self.file, self.crs, self.variable, self.start, self.step)
        hints = (
            tr("NetCDF、HDF5、多波段 GeoTIFF，或一时刻一个 GeoTIFF 的文件夹"), tr("文件里没有时填，如 EPSG:4547"),
            tr("文件里有多个变量时填"), tr("文件里没有时填，如 2022-06-20 08:00（北京时间）"), tr("文件里没有时填，如 1"),
        )  # fmt: skip
        for label, field, word, hint in zip(self._labels, fields, words, hints, strict=True):
            label.setText(word)
            field.setAccessibleName(word)
            field.setPlaceholderText(hint)
        for box, table in ((self.unit, UNITS), (self.zone, ZONES), (self.kind, KINDS)):
            for i, text in enumerate(table.values()):
                box.setItemText(i, tr(text))
            box.setAccessibleName(tr(table[""]))
        self.empty_is_dry.setText(tr("没有值的格是未淹的陆地（否则按未知）"))
        self.browse.setText(tr("选文件…"))
        self.folder.setText(tr("选文件夹…"))
        self.begin.setText(tr("开始导入"))
        self.end.setText(tr("取消"))
