"""The layers of the map: switch, search, order, see-through, badges of over beside unknown, legend."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSlider,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.domain.layers import GROUND, OWN, LayerState
from console.look import Look
from console.viewdata.map import MapLayerView
from widgets.plain import PlainLabel, no_mnemonic, plain_tip

LOW_PX = 250
OFFERED = 40  # layers in one menu; more are named with layer=…
CODE = Qt.ItemDataRole.UserRole
LIMITS = {"near": "放大到现在以上才显示", "far": "缩小到现在以下才显示", "none": "任何比例都显示"}
ORDERED = ("专题", "自加图层")
GROUPS = ("专题", "对象", "雨量分布", "自加图层", "底图", "标绘")


class LayerTree(QFrame):
    """Signals:
    switched: args code, on.
    moved: args code, step (1 up, −1 down).
    faded: args code, opacity 5 to 100.
    limited: args code, which limit of scale the present one becomes: near, far, or none for no limit at all.
    add_requested: the user wants to add a file or a service of their own; arg is what was typed.
    removed: arg is the code of a layer of the user's.
    pointed: another layer is the current one; arg is its code, "" for a group.
    """

    switched = Signal(str, bool)
    moved = Signal(str, int)
    faded = Signal(str, int)
    limited = Signal(str, str)
    add_requested = Signal(str)
    removed = Signal(str)
    pointed = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self.look = look
        tr = look.tr
        self.setFixedWidth(round(248 * look.scale))
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(tr("查找图层"))
        self.search.setAccessibleName(tr("查找图层"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.tree = QTreeWidget(self)
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.setIndentation(12)
        self.tree.setRootIsDecorated(True)
        self.tree.setAccessibleName(tr("图层"))
        self.tree.itemChanged.connect(self._changed)
        self.tree.currentItemChanged.connect(self._chosen)
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(5, 100)
        self.opacity.setAccessibleName(tr("不透明度"))
        self.opacity.setToolTip(plain_tip(tr("不透明度")))
        self.opacity.valueChanged.connect(self._fade)
        self.up, self.down, self.drop = (self._tool(t, n) for t, n in (("↑", "上移"), ("↓", "下移"), ("✕", "移除自加的图层")))
        self.up.clicked.connect(lambda: self.moved.emit(self._code(), 1))
        self.down.clicked.connect(lambda: self.moved.emit(self._code(), -1))
        self.drop.clicked.connect(lambda: self.removed.emit(self._code()))
        self.range = self._tool("⤢", "显示的比例范围")
        self.range.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.range.setMenu(self._limits())
        self.more = self._tool("＋", "加图层")  # on a low screen the line for it is asked for first
        self.more.clicked.connect(self._ask_add)
        self.more.hide()
        self.add = QLineEdit(self)
        self.add.setPlaceholderText(tr("加图层：文件路径或瓦片地址（可加 layer=… crs=…），回车"))
        self.add.setAccessibleName(tr("加图层"))
        self.add.returnPressed.connect(self._add)
        self.said = PlainLabel("", self)
        self.said.setObjectName("dim")
        self.said.setWordWrap(True)
        self._items: dict[str, QTreeWidgetItem] = {}
        self._layers: tuple[MapLayerView, ...] = ()
        self._states: dict[str, LayerState] = {}
        self._quiet = False
        self._pointed = ""
        self._lay_out()

    def _tool(self, text: str, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(plain_tip(self.look.tr(name)))
        button.setAccessibleName(self.look.tr(name))
        return button

    def _limits(self) -> QMenu:
        menu = QMenu(self)
        for which, name in LIMITS.items():
            menu.addAction(self.look.tr(name)).triggered.connect(lambda _=False, w=which: self.limited.emit(self._code(), w))
        return menu

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        for widget, stretch in (
            (self.opacity, 1),
            (self.range, 0),
            (self.up, 0),
            (self.down, 0),
            (self.drop, 0),
            (self.more, 0),
        ):
            line.addWidget(widget, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(4)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addLayout(line)
        column.addWidget(self.add)
        column.addWidget(self.said)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low tree keeps its room for layers: search and adding step aside."""
        super().resizeEvent(event)
        low = self.height() < LOW_PX * self.look.scale
        self.search.setVisible(not low or bool(self.search.text()))  # what filters must be seen
        self.add.setVisible(not low)
        self.more.setVisible(low)

    def _ask_add(self) -> None:
        self.add.setVisible(self.add.isHidden())
        self.add.setFocus()

    # --- data -----------------------------------------------------------------------------
    def show_layers(self, layers: Sequence[MapLayerView], states: Sequence[LayerState]) -> None:
        """Show every layer there is; states: those that are on, from the bottom up."""
        self._states = {s.code: s for s in states}
        ranked = self._ranked(layers, states)
        self._quiet = True
        if [x.code for x in ranked] != [x.code for x in self._layers]:
            self._build(ranked)
        self._layers = tuple(ranked)
        for layer in ranked:
            self._fill(self._items[layer.code], layer)
        self._quiet = False
        self._chosen(self.tree.currentItem(), None)

    def _ranked(self, layers: Sequence[MapLayerView], states: Sequence[LayerState]) -> list[MapLayerView]:
        """Return the layers of each group from the top down, as they lie on the map."""
        rank = {s.code: i for i, s in enumerate(states)}
        place = {layer.code: i for i, layer in enumerate(layers)}
        return sorted(layers, key=lambda x: (GROUPS.index(x.group), -rank.get(x.code, -1), -place[x.code]))

    def _build(self, layers: Sequence[MapLayerView]) -> None:
        current = self._code()
        self.tree.clear()
        self._items = {}
        heads: dict[str, QTreeWidgetItem] = {}
        for layer in layers:
            head = heads.get(layer.group)
            if head is None:
                head = heads[layer.group] = QTreeWidgetItem(self.tree, [self.look.tr(layer.group), ""])
                head.setFlags(Qt.ItemFlag.ItemIsEnabled)
                head.setExpanded(True)
            item = QTreeWidgetItem(head, ["", ""])
            item.setData(0, CODE, layer.code)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            self._items[layer.code] = item
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, self.tree.header().ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, self.tree.header().ResizeMode.ResizeToContents)
        if current in self._items:
            self.tree.setCurrentItem(self._items[current])
        self._search(self.search.text())

    def _fill(self, item: QTreeWidgetItem, layer: MapLayerView) -> None:
        tr = self.look.tr
        on = layer.code in self._states
        item.setText(0, layer.name if layer.code.startswith(OWN) else tr(layer.name))
        badges = "" if layer.total is None else str(layer.total)
        if layer.over:
            badges += f" △{layer.over}"
        if layer.unknown:
            badges += f" ◌{layer.unknown}"
        item.setText(1, badges)
        item.setCheckState(0, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        words = [layer.note] if layer.note else []
        words += self._limits_of(layer)
        if layer.over is not None:
            words.append(f"{tr('超限')} {layer.over} · {tr('不明')} {layer.unknown}")
        item.setToolTip(0, plain_tip("\n".join(words)))

    def _limits_of(self, layer: MapLayerView) -> list[str]:
        """Return in which views a layer is quiet: as the person set it, else as it declares."""
        tr, state = self.look.tr, self._states.get(layer.code)
        widest = layer.widest_km if state is None or state.widest_km is None else state.widest_km
        narrowest = state.narrowest_km if state is not None else 0.0
        then = tr("时只显示超限的") if layer.group == "专题" else tr("时不显示")
        limits = (("视野宽于", widest), ("视野窄于", narrowest))
        return [f"{tr(word)} {km:g} km {then}" for word, km in limits if km]

    # --- gestures -------------------------------------------------------------------------
    @property
    def current(self) -> str:
        """Return the code of the current layer, "" for none."""
        return self._code()

    def name_of(self, code: str) -> str:
        layer = next((x for x in self._layers if x.code == code), None)
        return "" if layer is None else layer.name if code.startswith(OWN) else self.look.tr(layer.name)

    def _code(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, CODE) or "") if item is not None else ""

    def _changed(self, item: QTreeWidgetItem, column: int) -> None:
        code = str(item.data(0, CODE) or "")
        if code and column == 0 and not self._quiet:
            self.switched.emit(code, item.checkState(0) == Qt.CheckState.Checked)

    def _chosen(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        code = str(item.data(0, CODE) or "") if item is not None else ""
        state = self._states.get(code)
        self.opacity.setEnabled(state is not None and code not in GROUND)
        group = next((x.group for x in self._layers if x.code == code), "")
        for button in (self.up, self.down):  # ground, drapes and marks have their fixed places
            button.setEnabled(state is not None and group in ORDERED)
        self.range.setEnabled(state is not None or code.startswith(OWN))
        self.drop.setEnabled(code.startswith(OWN))
        if not self._quiet and code != self._pointed:
            self._pointed = code
            self.pointed.emit(code)
        self.opacity.blockSignals(True)
        self.opacity.setValue(state.opacity if state else 100)
        self.opacity.blockSignals(False)

    def _fade(self, value: int) -> None:
        if code := self._code():
            self.faded.emit(code, value)

    def _add(self) -> None:
        if text := self.add.text().strip():
            self.add_requested.emit(text)

    def added(self, said: str, *, done: bool) -> None:
        """Say what came of adding a layer; what was typed stays where it failed."""
        self.said.setText(said)
        if done:
            self.add.clear()

    def offer(self, address: str, choices: Sequence[tuple[str, str]]) -> None:
        """Let the person choose one of a service's layers; choices: (identifier, title)."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for code, title in [c for c in choices if '"' not in c[0]][:OFFERED]:
            text = f"{title}（{code}）" if title and title != code else code
            menu.addAction(no_mnemonic(text)).triggered.connect(
                lambda _=False, c=code: self.add_requested.emit(f'{address} layer="{c}"')
            )
        self.choices = menu
        menu.popup(self.add.mapToGlobal(self.add.rect().topLeft()))

    def _search(self, text: str) -> None:
        words = text.strip()
        for code, item in self._items.items():
            item.setHidden(bool(words) and words not in item.text(0) and words not in code)
        for i in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(i)
            if head is not None:
                children = (head.child(k) for k in range(head.childCount()))
                head.setHidden(all(child is None or child.isHidden() for child in children))
