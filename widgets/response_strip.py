"""Response strip: the level in force for each topic, and the line that sets another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.response import ResponseTile
from widgets.plain import PlainLabel


class TopicTile(QFrame):
    """One topic's level."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self.level = PlainLabel("", self)
        self.level.setFont(look.font("title_px", bold=True))
        self.detail = PlainLabel("", self)
        self.detail.setObjectName("dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 2, 12, 2)
        column.setSpacing(0)
        for label in (self.level, self.detail):
            column.addWidget(label)

    def show_tile(self, tile: ResponseTile) -> None:
        self.level.setText(f"{tile.name} {tile.level_text}")
        self.level.setStyleSheet(f"color: {self.look.color(tile.token).name()};")
        self.detail.setText(tile.detail)
        self.setAccessibleName(f"{tile.name} {tile.level_text} {tile.detail}")


class ResponseStrip(QWidget):
    """Signals:
    set_requested: (topic, level, basis, name, version it is built on).
    """

    set_requested = Signal(str, str, str, str, int)

    def __init__(self, look: Look, topics: Mapping[str, str], levels: Mapping[str, str], operator: str) -> None:
        super().__init__()
        self.look = look
        tr = look.tr
        self._tiles = {topic: TopicTile(look, self) for topic in topics}
        self._shown: dict[str, ResponseTile] = {}
        self.topic = self._box(topics, tr("响应种类"))
        self.level = self._box(levels, tr("响应级别"))
        self.basis = QLineEdit(self)
        self.basis.setPlaceholderText(tr("依据：会商结论、文号"))
        self.basis.setMaxLength(1000)
        self.basis.setMinimumWidth(round(150 * look.scale))
        self.name = QLineEdit(operator, self)
        self.name.setPlaceholderText(tr("姓名"))
        self.name.setMaxLength(60)
        self.name.setFixedWidth(round(90 * look.scale))
        self.button = QPushButton(tr("调整响应"), self)
        self.button.setObjectName("primary")
        self.status = PlainLabel("", self)
        self.status.setObjectName("dim")
        self._sure = False
        self._saving = False
        self._arrange()
        self.button.clicked.connect(self._ask)
        self.basis.returnPressed.connect(self._ask)
        self.topic.currentIndexChanged.connect(self._doubt)
        self.level.currentIndexChanged.connect(self._doubt)
        self.basis.textEdited.connect(self._doubt)

    def _box(self, items: Mapping[str, str], name: str) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(name)
        for code, text in items.items():
            box.addItem(self.look.tr(text), code)
        return box

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 2, 10, 2)
        row.setSpacing(6)
        for tile in self._tiles.values():
            row.addWidget(tile)
        row.addStretch(1)
        form = QHBoxLayout()
        form.setContentsMargins(12, 0, 10, 4)
        form.setSpacing(6)
        for widget, share in ((self.topic, 0), (self.level, 0), (self.basis, 3), (self.name, 0), (self.button, 0)):
            form.addWidget(widget, share)
        form.addWidget(self.status, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addLayout(form)

    def read_only(self) -> None:
        """On a wall nobody sets anything."""
        for widget in (self.topic, self.level, self.basis, self.name, self.button, self.status):
            widget.hide()

    def show_tiles(self, tiles: Sequence[ResponseTile]) -> None:
        if self._shown and tuple(tiles) == tuple(self._shown.values()):
            return
        moved = any(t.topic in self._shown and t.version != self._shown[t.topic].version for t in tiles)
        self._shown = {t.topic: t for t in tiles}
        for tile in tiles:
            self._tiles[tile.topic].show_tile(tile)
        if moved:
            self._sure = False
        self._reword()

    def _doubt(self) -> None:
        self._sure = False
        self.status.setText("")
        self._reword()

    def _reword(self) -> None:
        """The button says what it will do; pressed once it asks to be pressed again."""
        tr = self.look.tr
        tile = self._shown.get(self.topic.currentData())
        same = tile is not None and tile.level == self.level.currentData()
        self.button.setEnabled(tile is not None and not same and not tile.blocked)
        self.button.setText(f"{tr('再按一次')}：{self._words()}" if self._sure else tr("调整响应"))
        if tile is not None and tile.blocked:
            self.status.setText(tile.blocked)
        elif same:
            self.status.setText(tr("现在就是这一级"))
        elif self.status.text() in (tr("现在就是这一级"), tr("有一条冲突或退回待处理，见运维 › 冲突与退回")):
            self.status.setText("")

    def _words(self) -> str:
        return f"{self.topic.currentText()} {self.level.currentText()}"

    def _ask(self) -> None:
        if self._saving or not self.button.isEnabled():
            return
        if not self._sure and self.basis.text().strip():
            self._sure = True
            self._reword()
            self.status.setText(self.look.tr("核对种类、级别和依据后再按一次"))
            return
        self._saving = True
        self.status.setText(self.look.tr("正在保存…"))
        topic = self.topic.currentData()
        self.set_requested.emit(
            topic, self.level.currentData(), self.basis.text(), self.name.text(), self._shown[topic].version
        )

    def saved(self) -> None:
        self._saving = self._sure = False
        self.basis.clear()
        self._reword()
        self.status.setText(self.look.tr("已保存到本机，正在上报"))

    def not_saved(self, text: str) -> None:
        self._saving = self._sure = False
        self._reword()
        self.status.setText(text)

    def draft(self) -> dict[str, str]:
        """Return what was typed and not saved yet."""
        return {"name": self.name.text(), "basis": self.basis.text()}

    def restore_draft(self, draft: dict[str, str]) -> None:
        self.name.setText(draft["name"])
        self.basis.setText(draft["basis"])
