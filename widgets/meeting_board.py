"""A consultation at the recorder's hand: which meeting, its agenda with what is dealt with now, and the form."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.meeting import AgendaLine, MeetingView
from widgets.meeting_form import MeetingForm
from widgets.plain import PlainLabel


class MeetingBoard(QWidget):
    """Signals:
    chosen: arg is a meeting's id. step_chosen: arg is an agenda item's code.
    lead_toggled, follow_toggled: this desk presents, or follows who presents.
    read_back_requested: the decisions were read aloud. close_requested, file_requested, open_requested: the
    meeting is over; it goes into a file; one from a file is to be shown.
    """

    chosen = Signal(str)
    step_chosen = Signal(str)
    read_back_requested = Signal()
    close_requested = Signal()
    lead_toggled = Signal(bool)
    follow_toggled = Signal(bool)
    file_requested = Signal()
    open_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.meetings, self.head, self.agenda = QComboBox(self), PlainLabel("", self), QListWidget(self)
        self.meetings.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.head.setWordWrap(True)
        self.head.setObjectName("dim")
        self.form = MeetingForm(look, self)
        self.begin, self.read_back, self.end, self.to_file, self.from_file = (QPushButton(self) for _ in range(5))
        self.begin.clicked.connect(lambda: self.form.choose("open"))
        self.read_back.clicked.connect(self.read_back_requested)
        self.end.clicked.connect(self.close_requested)
        self.to_file.clicked.connect(self.file_requested)
        self.from_file.clicked.connect(self.open_requested)
        self.lead, self.follow = QPushButton(self), QPushButton(self)
        for button, told in ((self.lead, self.lead_toggled), (self.follow, self.follow_toggled)):
            button.setCheckable(True)
            button.clicked.connect(told)
        self.presenting = PlainLabel("", self)
        self.presenting.setObjectName("dim")
        self.meetings.activated.connect(lambda i: self.chosen.emit(str(self.meetings.itemData(i) or "")))
        self.agenda.itemActivated.connect(self._go)
        self.agenda.itemDoubleClicked.connect(self._go)
        self._shown: tuple[AgendaLine, ...] = ()
        self._arrange()
        look.changed.connect(self._reworded)
        self._reworded()

    def _arrange(self) -> None:
        upper = QWidget(self)
        first = QHBoxLayout()
        first.addWidget(self.meetings, 1)
        first.addWidget(self.begin)
        buttons = QHBoxLayout()
        for button in (self.read_back, self.end, self.to_file, self.from_file):
            buttons.addWidget(button)
        buttons.addStretch(1)
        together = QHBoxLayout()
        together.addWidget(self.lead)
        together.addWidget(self.follow)
        together.addWidget(self.presenting, 1)
        column = QVBoxLayout(upper)
        column.setContentsMargins(8, 6, 8, 4)
        column.setSpacing(5)
        column.addLayout(first)
        column.addWidget(self.head)
        column.addLayout(together)
        column.addWidget(self.agenda, 1)
        column.addLayout(buttons)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(upper)
        split.addWidget(self.form)
        split.setSizes([480, 360])
        split.setChildrenCollapsible(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def show_view(self, view: MeetingView) -> None:
        listed = [(self.meetings.itemData(i), self.meetings.itemText(i)) for i in range(self.meetings.count())]
        if listed != list(view.meetings):
            self.meetings.clear()
            for code, text in view.meetings:
                self.meetings.addItem(text, code)
        self.meetings.setCurrentIndex(self.meetings.findData(view.chosen) if view.chosen else -1)
        self.head.setText(view.head)
        self.head.setVisible(bool(view.head))
        if view.agenda != self._shown:
            self._shown = view.agenda
            self._list_agenda()
        self.form.show_choices(view.choices, begun=bool(view.chosen))
        for button in (self.lead, self.follow):
            button.setEnabled(view.live and bool(view.chosen))
        self.read_back.setEnabled(bool(view.unread))
        self.end.setEnabled(view.live and bool(view.chosen))
        self.to_file.setEnabled(bool(view.chosen))

    def show_roles(self, *, leads: bool, follows: bool) -> None:
        self.lead.setChecked(leads)
        self.follow.setChecked(follows)

    def draft(self) -> dict[str, str]:
        return self.form.draft()

    def restore_draft(self, kept: dict[str, str]) -> None:
        self.form.restore_draft(kept)

    def _list_agenda(self) -> None:
        self.agenda.clear()
        for line in self._shown:
            text = f"{line.title}　{line.planned}" + (f"　{line.recorded}" if line.recorded else "")
            item = QListWidgetItem(f"▶ {text}" if line.now else f"　 {text}", self.agenda)
            item.setData(Qt.ItemDataRole.UserRole, line.code)
            item.setForeground(self.look.color("text" if line.now else "text.dim"))
            font = QFont(self.agenda.font())
            font.setBold(line.now)
            item.setFont(font)

    def _go(self, item: QListWidgetItem) -> None:
        self.step_chosen.emit(str(item.data(Qt.ItemDataRole.UserRole)))

    def _reworded(self) -> None:
        tr = self.look.tr
        words = ((self.begin, "新会商"), (self.read_back, "宣读决定"), (self.end, "散会"))
        for button, word in words:
            button.setText(tr(word))
        self.lead.setText(tr("我来主讲"))
        self.follow.setText(tr("跟随主讲"))
        self.to_file.setText(tr("存为文件"))
        self.from_file.setText(tr("打开文件"))
        self.meetings.setPlaceholderText(tr("还没有会商；在下面填写后保存即开会"))
        self.meetings.setAccessibleName(tr("会商"))
        self.agenda.setAccessibleName(tr("议程，双击进入一项"))
        self._list_agenda()
