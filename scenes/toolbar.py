"""The line of tools above the sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import qtawesome
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QMenu, QToolButton, QWidget

from console.look import Look
from console.viewdata.scene import LAYERS
from widgets.plain import PlainLabel, no_mnemonic, plain_tip

LAYER_WORDS = {
    "water": "河道水面",
    "stations": "测站柱",
    "reservoirs": "水库水面",
    "works": "工程",
    "rain": "雨量面",
    "typhoon": "台风",
    "flood": "淹没",
    "flow": "洪水传播",
}
FACTORS = (1, 2, 4, 8, 12, 20)
PLANS = "plans"  # not another moment: two scenarios at this one
COMPARISONS = {"": "不对比", "now": "实时", "6": "6 小时前", "24": "24 小时前", "72": "72 小时前", PLANS: "会商前两个情景"}
TOOLS = {
    "measure": ("mdi6.ruler", "量距离（点各点，双击结束）"),
    "profile": ("mdi6.chart-bell-curve", "地面剖面（点各点，双击结束）"),
    "section": ("mdi6.slope-downhill", "河道横断面与水位（点两岸各一点）"),
    "sight": ("mdi6.eye-outline", "通视（点观察点，再点目标）"),
    "volume": ("mdi6.cube-outline", "两水位间的容积（点范围各点，双击结束）"),
}


class SandboxToolbar(QWidget):
    """Signals:
    layer_switched: (code, on). exaggeration_chosen: a factor. night_toggled, touring: a bool.
    tool_chosen: a key of TOOLS, "" for none. comparison_chosen: a key of COMPARISONS, or a moment
    as it was typed. home_requested, cleared. tour_chosen: a flight's name, "" to stop.
    bookmark_chosen: a name; bookmark_added: keep this view. keyframe_added, flight_kept: of one's
    own flight. film_requested, terrain_requested, flood_requested, breach_requested, rain_requested. panorama_requested: of the
    selected object.
    """

    layer_switched = Signal(str, bool)
    exaggeration_chosen = Signal(float)
    night_toggled = Signal(bool)
    tool_chosen = Signal(str)
    comparison_chosen = Signal(str)
    home_requested = Signal()
    cleared = Signal()
    tour_chosen = Signal(str)
    bookmark_chosen = Signal(str)
    bookmark_added = Signal()
    keyframe_added = Signal()
    flight_kept = Signal()
    film_requested = Signal()
    terrain_requested = Signal()
    flood_requested = Signal()
    breach_requested = Signal()
    rain_requested = Signal()
    panorama_requested = Signal()

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self._icons: list[tuple[QToolButton, str, str]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 2, 6, 2)
        self._row.setSpacing(2)
        self.layers = self._menu_button("mdi6.layers-outline", "图层")
        self._layer_menu = QMenu(self)
        self.layer_actions: dict[str, QAction] = {}
        for code in LAYERS:
            action = QAction(self, checkable=True)
            action.setChecked(True)
            action.toggled.connect(lambda on, c=code: self.layer_switched.emit(c, on))
            self._layer_menu.addAction(action)
            self.layer_actions[code] = action
        self.layers.setMenu(self._layer_menu)
        self._button("mdi6.home-outline", "回到全省").clicked.connect(self.home_requested)
        self._row.addSpacing(8)
        self.tools: dict[str, QToolButton] = {}
        for code, (icon, name) in TOOLS.items():
            button = self._button(icon, name)
            button.setCheckable(True)
            button.clicked.connect(lambda on, c=code: self.tool_chosen.emit(c if on else ""))
            self.tools[code] = button
        self._button("mdi6.eraser", "清除").clicked.connect(self.cleared)
        self._levels = tuple(self._level_box(value) for value in (0.0, 10.0))
        self._row.addSpacing(8)
        self._lift = PlainLabel("", self)
        self._lift.setObjectName("dim")
        self._row.addWidget(self._lift)
        self.lift = QComboBox(self)
        self.lift.addItems([f"×{f}" for f in FACTORS])
        self.lift.setCurrentIndex(FACTORS.index(8))
        self.lift.activated.connect(lambda i: self.exaggeration_chosen.emit(float(FACTORS[i])))
        self._row.addWidget(self.lift)
        self.night = self._button("mdi6.weather-night", "夜色")
        self.night.setCheckable(True)
        self.night.toggled.connect(self.night_toggled)
        self.compare = QComboBox(self)
        self.compare.setEditable(True)
        self.compare.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.compare.activated.connect(lambda i: self.comparison_chosen.emit(list(COMPARISONS)[i]))
        if (typed := self.compare.lineEdit()) is not None:
            typed.returnPressed.connect(lambda: self.comparison_chosen.emit(self.compare.currentText().strip()))
        self._row.addWidget(self.compare)
        self._row.addSpacing(8)
        self.tours = self._menu_button("mdi6.airplane", "飞行与巡览")
        self._tour_menu = QMenu(self)
        self.tours.setMenu(self._tour_menu)
        self.bookmarks = self._menu_button("mdi6.bookmark-outline", "视角")
        self._bookmark_menu = QMenu(self)
        self.bookmarks.setMenu(self._bookmark_menu)
        self.more = self._menu_button("mdi6.image-plus-outline", "自备地形、影像与淹没成果")
        self._more_menu = QMenu(self)
        self._terrain = self._more_menu.addAction("")
        self._terrain.triggered.connect(self.terrain_requested)
        self._flood = self._more_menu.addAction("")
        self._flood.triggered.connect(self.flood_requested)
        self._breach = self._more_menu.addAction("")
        self._breach.triggered.connect(self.breach_requested)
        self._radar = self._more_menu.addAction("")
        self._radar.triggered.connect(self.rain_requested)
        self.more.setMenu(self._more_menu)
        self.panorama = self._button("mdi6.panorama-sphere-outline", "所选对象的全景")
        self.panorama.clicked.connect(self.panorama_requested)
        self.panorama.hide()
        self.flying = PlainLabel("", self)
        self.flying.setObjectName("dim")
        self._row.addWidget(self.flying)
        self._row.addStretch(1)
        self.readout = PlainLabel("", self)
        self.readout.setObjectName("dim")
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._row.addWidget(self.readout)
        self._tour_names: tuple[str, ...] = ()
        self._bookmark_names: tuple[str, ...] = ()
        look.changed.connect(self._reworded)
        self._reworded()

    def show_tours(self, names: Iterable[str]) -> None:
        self._tour_names = tuple(names)
        self._fill_menus()

    def show_bookmarks(self, names: Iterable[str]) -> None:
        self._bookmark_names = tuple(names)
        self._fill_menus()

    def show_tool(self, code: str) -> None:
        for name, button in self.tools.items():
            button.setChecked(name == code)
        for box in self._levels:
            box.setVisible(code == "volume")

    def show_layers(self, codes: Iterable[str]) -> None:
        on = set(codes)
        for code, action in self.layer_actions.items():
            action.blockSignals(True)
            action.setChecked(code in on)
            action.blockSignals(False)

    def levels(self) -> tuple[float, float]:
        """Return the two water levels of the storage tool, m."""
        return self._levels[0].value(), self._levels[1].value()

    def _level_box(self, value: float) -> QDoubleSpinBox:
        box = QDoubleSpinBox(self)
        box.setRange(-100.0, 3000.0)
        box.setDecimals(2)
        box.setSuffix(" m")
        box.setValue(value)
        box.setFixedWidth(round(150 * self.look.scale))
        box.hide()
        self._row.addWidget(box)
        return box

    def _button(self, icon: str, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        self._icons.append((button, icon, name))
        self._row.addWidget(button)
        return button

    def _menu_button(self, icon: str, name: str) -> QToolButton:
        button = self._button(icon, name)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _fill_menus(self) -> None:
        tr = self.look.tr
        self._tour_menu.clear()
        for name in self._tour_names:
            self._tour_menu.addAction(no_mnemonic(tr(name)), partial(self.tour_chosen.emit, name))
        self._tour_menu.addSeparator()
        self._tour_menu.addAction(tr("停止飞行"), lambda: self.tour_chosen.emit(""))
        self._tour_menu.addSeparator()
        self._tour_menu.addAction(tr("加入当前视角与时刻"), self.keyframe_added.emit)
        self._tour_menu.addAction(tr("存为飞行"), self.flight_kept.emit)
        self._tour_menu.addAction(tr("导出影片…"), self.film_requested.emit)
        self._bookmark_menu.clear()
        for name in self._bookmark_names:
            self._bookmark_menu.addAction(no_mnemonic(name), partial(self.bookmark_chosen.emit, name))
        self._bookmark_menu.addSeparator()
        self._bookmark_menu.addAction(tr("记住当前视角"), self.bookmark_added.emit)

    def _reworded(self) -> None:
        tr = self.look.tr
        for button, icon, name in self._icons:
            button.setIcon(qtawesome.icon(icon, color=self.look.color("text.dim"), color_on=self.look.color("accent")))
            button.setToolTip(plain_tip(tr(name)))
            button.setAccessibleName(tr(name))
        for code, action in self.layer_actions.items():
            action.setText(tr(LAYER_WORDS[code]))
        self._lift.setText(tr("垂直夸大"))
        at, typed = self.compare.currentIndex(), self.compare.currentText()
        own = bool(typed) and typed != self.compare.itemText(at)
        self.compare.clear()
        self.compare.addItems([tr(w) for w in COMPARISONS.values()])
        self.compare.setCurrentIndex(max(0, at))
        if own:
            self.compare.setEditText(typed)
        self.compare.setToolTip(plain_tip(tr("卷帘对比")))
        self.compare.setAccessibleName(tr("卷帘对比"))
        self.lift.setAccessibleName(tr("垂直夸大"))
        for box, name in zip(self._levels, ("下水位", "上水位"), strict=True):
            box.setPrefix(f"{tr(name)} ")
            box.setAccessibleName(tr(name))
        self._terrain.setText(tr("添加地形或影像（GeoTIFF）…"))
        self._flood.setText(tr("添加淹没成果（NetCDF、GeoTIFF、HDF5）…"))
        self._breach.setText(tr("溃口推演…"))
        self._radar.setText(tr("添加网格雨量（NetCDF、GeoTIFF、HDF5）…"))
        self._fill_menus()
