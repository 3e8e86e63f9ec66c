"""The section panel: which section, sensors in place or the comparison of underwater surveys."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.works import SectionView
from widgets.painted import Guard
from widgets.plain import plain_tip
from widgets.scour_picture import ScourPicture
from widgets.works_marks import chosen_style, mark_icon
from widgets.works_section import SectionPicture


class SectionBoard(QWidget):
    """Signals:
    section_chosen: another section is to be shown; arg is its code.
    selected: arg is a sensor's code.
    """

    section_chosen = Signal(str)
    selected = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self._scour_state = "unknown"
        self.choose = QComboBox(self)
        self.choose.setMinimumWidth(round(150 * look.scale))
        self.picture = SectionPicture(look)
        self.scour = ScourPicture(look)
        self.sensors, self.survey = QPushButton(self), QPushButton(self)
        modes = QButtonGroup(self)
        for button in (self.sensors, self.survey):
            button.setCheckable(True)
            button.setObjectName("flat")
            modes.addButton(button)
            button.clicked.connect(self._switch)
        self.sensors.setChecked(True)
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 2)
        head.addWidget(self.choose)
        head.addStretch(1)
        head.addWidget(self.sensors)
        head.addWidget(self.survey)
        body = QWidget(self)
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.picture)
        self._stack.addWidget(self.scour)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(body, 1)
        self.choose.activated.connect(lambda: self.section_chosen.emit(str(self.choose.currentData() or "")))
        self.picture.selected.connect(self.selected)
        look.changed.connect(self._restyle)
        self._restyle()
        self.show_view(None)

    @property
    def on_fault(self) -> Guard | None:
        """Return what hears of a fault while painting; the panel sets it."""
        return self.picture.on_fault

    @on_fault.setter
    def on_fault(self, guard: Guard | None) -> None:
        self.picture.on_fault = self.scour.on_fault = guard

    def _restyle(self) -> None:
        self.choose.setAccessibleName(self.look.tr("断面"))
        self.sensors.setText(self.look.tr("断面测点"))
        self.survey.setText(self.look.tr("水下冲淤"))
        for button in (self.sensors, self.survey):
            button.setStyleSheet(chosen_style(self.look))
        self._survey_mark(self._scour_state)

    def _survey_mark(self, state: str) -> None:
        self._scour_state = state
        said = {"alarm": self.look.tr("冲刷超限"), "attention": self.look.tr("冲刷接近限值")}.get(state, "")
        self.survey.setIcon(mark_icon(self.look, state) if said else QIcon())
        self.survey.setToolTip(plain_tip(said))

    def _switch(self) -> None:
        self._stack.setCurrentIndex(1 if self.survey.isChecked() else 0)

    def show_view(self, view: SectionView | None) -> None:
        options = view.sections if view else ()
        if options != tuple((self.choose.itemData(i), self.choose.itemText(i)) for i in range(self.choose.count())):
            self.choose.clear()
            for code, title in options:
                self.choose.addItem(title, code)
        if view is not None and options:
            self.choose.setCurrentIndex(max(0, self.choose.findData(view.chosen)))
        self.choose.setVisible(bool(options))
        self._survey_mark(view.scour.state if view and not view.scour.reason else "unknown")
        self.picture.show_view(view)
        self.scour.show_view(view)
