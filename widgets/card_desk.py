"""The object card with what can be opened or done from it: the charts and actions that its topic declares."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.duty import CardLink, ObjectCardView
from widgets.object_card import ObjectCard
from widgets.painted import Guard
from widgets.plain import no_mnemonic


class CardDesk(QWidget):
    """Signals:
    link_chosen: arg is the code of a chart or an action.
    panel_wanted: arg is the code of the panel that answers it.
    """

    link_chosen = Signal(str)
    panel_wanted = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.card = ObjectCard(look)
        self.links: tuple[CardLink, ...] = ()
        self.buttons: dict[str, QToolButton] = {}
        self._bar = QWidget(self)
        self._row = QHBoxLayout(self._bar)
        self._row.setContentsMargins(10, 3, 10, 3)
        self._row.setSpacing(4)
        self._row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.card, 1)
        column.addWidget(self._bar)
        self._bar.hide()
        look.changed.connect(self._reworded)

    @property
    def on_fault(self) -> Guard | None:
        return self.card.on_fault

    @on_fault.setter
    def on_fault(self, guard: Guard | None) -> None:
        self.card.on_fault = guard

    def show_view(self, view: ObjectCardView | None) -> None:
        self.card.show_view(view)
        links = view.links if view is not None else ()
        if links != self.links:
            self.links = links
            self._build()

    def _build(self) -> None:
        for button in self.buttons.values():
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons = {}
        for place, link in enumerate(self.links):
            button = QToolButton(self._bar)
            button.setObjectName("topic")
            button.clicked.connect(lambda _on=False, code=link.code: self.link_chosen.emit(code))
            self._row.insertWidget(place, button)
            self.buttons[link.code] = button
        self._reworded()
        self._bar.setVisible(bool(self.links))

    def _reworded(self) -> None:
        for link in self.links:
            self.buttons[link.code].setText(no_mnemonic(self.look.tr(link.text)))
