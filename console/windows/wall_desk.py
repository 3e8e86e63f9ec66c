"""The wall workspace of the desk: what stands on the wall, layouts to recall, nodes and their health."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from console.domain.time import age_text
from console.look import Look
from console.services.wall_control import LAYOUTS, SLOTS, WallControl
from console.windows.panel_catalog import PANELS
from console.windows.workspaces import WORKSPACES
from widgets.facts_table import FactsTable
from widgets.plain import PlainLabel

SILENT_S = 15.0


class WallDesk(QWidget):
    """Four tiles, each with its panel; a change goes to every wall at once."""

    def __init__(self, look: Look, control: WallControl, open_wall: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.look = look
        self._control = control
        self._boxes: list[QComboBox] = []
        self._labels: list[QLabel] = []
        title = PlainLabel(look.tr("大屏版面"), self)
        title.setObjectName("brand")
        bar = QHBoxLayout()
        bar.addWidget(title)
        bar.addStretch(1)
        for name in LAYOUTS:
            button = QPushButton(look.tr(name), self)
            button.clicked.connect(lambda _checked, n=name: control.recall(n))
            bar.addWidget(button)
        opener = QPushButton(look.tr("打开大屏窗口"), self)
        opener.setObjectName("primary")
        opener.clicked.connect(open_wall)
        bar.addWidget(opener)
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        for slot in range(SLOTS):
            self._grid.addWidget(self._tile(slot), slot // 2, slot % 2)
        self._nodes = FactsTable(
            look,
            ("大屏节点", "状态", "正在显示", "延迟"),
            (140, 160, 560, 120),
            "还没有大屏连上来。点“打开大屏窗口”，或在另一台电脑上运行 console wall",
        )
        hint = PlainLabel(look.tr("任一面板右上角的投屏按钮也会把它放到大屏。大屏跟随值班台的时间、选中对象和图层。"), self)
        hint.setObjectName("dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addLayout(bar)
        column.addLayout(self._grid, 3)
        column.addWidget(hint)
        column.addWidget(self._nodes, 1)
        control.changed.connect(self.refresh)
        self._timer = QTimer(self, interval=2000)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self.refresh()

    def _tile(self, slot: int) -> QFrame:
        tile = QFrame(self)
        tile.setObjectName("panel")
        box = QComboBox(tile)
        box.setAccessibleName(f"{self.look.tr('大屏')} {slot + 1}")
        homes = {spec.code: spec.title for spec in WORKSPACES}
        for code, (name, _) in PANELS.items():
            home = homes[code.partition(".")[0]]
            box.addItem(f"{self.look.tr(home)} · {self.look.tr(name)}", code)
        box.activated.connect(lambda i, s=slot, b=box: self._control.set_tile(s, b.itemData(i)))
        label = PlainLabel("", tile)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setFont(self.look.font("big_px", bold=True))
        column = QVBoxLayout(tile)
        column.addWidget(PlainLabel(f"{self.look.tr('第')} {slot + 1} {self.look.tr('格')}", tile))
        column.addWidget(label, 1)
        column.addWidget(box)
        self._boxes.append(box)
        self._labels.append(label)
        return tile

    def refresh(self) -> None:
        for slot, code in enumerate(self._control.tiles[:SLOTS]):
            title = PANELS.get(code, (code, None))[0]
            self._labels[slot].setText(self.look.tr(title))
            place = self._boxes[slot].findData(code)
            if place >= 0 and not self._boxes[slot].view().isVisible():
                self._boxes[slot].setCurrentIndex(place)
        rows = []
        for name, (heard, doc) in sorted(self._control.nodes.items()):
            silent = time.monotonic() - heard
            alive = silent < SILENT_S
            word = self.look.tr("正常") if alive else f"{self.look.tr('失联')} {age_text(silent, self.look.tr)}"
            tiles = "、".join(self.look.tr(PANELS.get(str(t), (str(t), None))[0]) for t in doc.get("tiles", [])[:8])
            rows.append(
                (
                    (name, "text"),
                    (word, "good" if alive else "state.guaranteed"),
                    (tiles, "text.dim"),
                    (f"{float(doc.get('lag_ms', 0)):.0f} ms", "text.dim"),
                )
            )
        self._nodes.show_rows(rows)
