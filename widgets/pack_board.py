"""Offline packs: what each would be, how far it is, until when it holds; the buttons that act on it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from console.look import Look
from widgets.facts_table import Cell, FactsTable
from widgets.plain import PlainLabel, plain_tip


class PackBoard(QWidget):
    """Signals:
    estimate_requested, fetch_requested, pause_requested: arg is the pack's code.
    export_requested: (pack's code, receiving device's id).
    outbox_requested: export what waits; arg is the receiving device's id.
    import_requested: a file was chosen; arg is its path.
    chosen: another pack is selected; arg is its code.
    region_chosen: for what part of the province the next fetch is; "" leaves each pack its own.
    """

    estimate_requested = Signal(str)
    fetch_requested = Signal(str)
    pause_requested = Signal(str)
    export_requested = Signal(str, str)
    outbox_requested = Signal(str)
    import_requested = Signal(str)
    chosen = Signal(str)
    region_chosen = Signal(str)

    def __init__(self, look: Look, codes: Sequence[str]) -> None:
        super().__init__()
        self.look = look
        self._codes = tuple(codes)
        titles = ("离线包", "范围", "天数", "大小", "用时", "状态", "有效至")
        self.packs = FactsTable(look, titles, (84, 110, 48, 92, 76, 96, 130), "没有声明离线包")
        self.items = FactsTable(look, ("项目", "大小", "状态"), (190, 140, 100), "选中一个离线包看内容")
        self.packs.table.setAccessibleName(look.tr("离线包"))
        self.packs.setFixedHeight(round(126 * look.scale))
        self.packs.table.selectionModel().currentRowChanged.connect(self._row_changed)
        self.estimate = QPushButton(look.tr("估算"), self)
        self.fetch = QPushButton(look.tr("下载"), self)
        self.pause = QPushButton(look.tr("暂停"), self)
        self.export = QPushButton(look.tr("导出为文件"), self)
        self.outbox = QPushButton(look.tr("导出待上报"), self)
        self.load = QPushButton(look.tr("导入文件"), self)
        self.fetch.setObjectName("primary")
        self.region = QComboBox(self)
        self.region.setAccessibleName(look.tr("范围"))
        self.region.setMinimumWidth(round(120 * look.scale))
        self.region.activated.connect(lambda: self.region_chosen.emit(str(self.region.currentData() or "")))
        self.device = QComboBox(self)
        self.device.setAccessibleName(look.tr("接收设备"))
        self.device.setMinimumWidth(round(150 * look.scale))
        self.status = PlainLabel("", self)
        self.status.setObjectName("dim")
        self.status.setWordWrap(True)
        self._arrange()
        self.estimate.clicked.connect(lambda: self.estimate_requested.emit(self.code))
        self.fetch.clicked.connect(lambda: self.fetch_requested.emit(self.code))
        self.pause.clicked.connect(lambda: self.pause_requested.emit(self.code))
        self.export.clicked.connect(lambda: self.export_requested.emit(self.code, str(self.device.currentData() or "")))
        self.outbox.clicked.connect(lambda: self.outbox_requested.emit(str(self.device.currentData() or "")))
        self.load.clicked.connect(self._ask_file)
        self.device.currentIndexChanged.connect(self._allow_export)
        self.device.setPlaceholderText(look.tr("没有信任的设备"))
        self.show_busy("")

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, self.look.tr("导入文件"), "", f"{self.look.tr('联络包')} (*.fccx)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_requested)
        dialog.open()

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(10, 4, 10, 4)
        row.setSpacing(6)
        for widget in (self.region, self.estimate, self.fetch, self.pause):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.device)
        for widget in (self.export, self.outbox, self.load):
            row.addWidget(widget)
        said = QHBoxLayout()
        said.setContentsMargins(10, 0, 10, 6)
        said.addWidget(self.status, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.packs)
        column.addLayout(row)
        column.addWidget(self.items, 1)
        column.addLayout(said)

    @property
    def code(self) -> str:
        """Return the selected pack; the first one before anything is selected."""
        row = self.packs.table.currentIndex().row()
        return self._codes[max(0, row)]

    def show_packs(self, rows: Sequence[Sequence[Cell]]) -> None:
        self.packs.show_rows(rows)
        if rows and not self.packs.table.currentIndex().isValid():
            self.packs.table.selectRow(0)

    def show_items(self, rows: Sequence[Sequence[Cell]]) -> None:
        self.items.show_rows(rows)

    def show_regions(self, regions: Sequence[tuple[str, str]]) -> None:
        """Show what parts can be asked for: (code, words); the choice stays."""
        known = [(self.region.itemData(i), self.region.itemText(i)) for i in range(self.region.count())]
        if known != list(regions):
            chosen = self.region.currentData()
            self.region.clear()
            for code, words in regions:
                self.region.addItem(words, code)
            self.region.setCurrentIndex(max(0, self.region.findData(chosen)))

    def show_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Show who an export can be sealed to: (device id, name)."""
        known = [(self.device.itemData(i), self.device.itemText(i)) for i in range(self.device.count())]
        if known != list(devices):
            self.device.clear()
            tr = self.look.tr
            self.device.setPlaceholderText(tr("选择接收设备") if devices else tr("没有信任的设备"))
            for device_id, name in devices:
                self.device.addItem(name, device_id)
            self.device.setCurrentIndex(0 if len(devices) == 1 else -1)
        self._allow_export()

    def show_busy(self, busy: str) -> None:
        """Only one piece of work at a time; a fetch can be paused."""
        self._busy = busy
        for button in (self.region, self.estimate, self.fetch, self.load):
            button.setEnabled(not busy)
        self.pause.setEnabled(bool(busy))
        self._allow_export()

    def _allow_export(self) -> None:
        known = self.device.count() > 0
        for button in (self.export, self.outbox):
            button.setEnabled(self.device.currentIndex() >= 0 and not self._busy)
            button.setToolTip(plain_tip("" if known else self.look.tr("先用 console trust 加入接收设备的身份卡")))
        self.device.setEnabled(known)

    def say(self, text: str) -> None:
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def _row_changed(self) -> None:
        self.chosen.emit(self.code)
