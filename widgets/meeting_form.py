"""What is entered in a meeting: one kind at a time, its fields, who signs; what is refused stays as it was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.meeting import FORM_WORDS, FORMS, Choice, Typed
from widgets.plain import PlainLabel

HINTS = {"time": "如 20:00 或 06-22 20:00"}
DECIDED = ("letter", "choice", "type", "topic", "level")  # chosen anew for every entry: these have effects
KEPT = ("org", "person", "presenter", "recorder", "chair")  # the next entry is often by the same
ONLY_RESPONSE = ("topic", "level")


class EntryPage(QWidget):
    """The fields of one kind of entry."""

    def __init__(self, look: Look, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self.what = look, what
        self.editors: dict[str, QWidget] = {}
        self._labels: dict[str, PlainLabel] = {}
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._form)
        column.addStretch(1)
        for name, _label, editor in FORMS[what]:
            self.editors[name] = made = _editor(editor, self)
            if name == "order" and isinstance(made, QCheckBox):
                made.setChecked(True)  # a decision leads somewhere unless the recorder says otherwise
            self._labels[name] = label = PlainLabel("", self)
            label.setObjectName("dim")
            label.setBuddy(made)
            self._form.addRow(label, made)
        kind = self.editors.get("type")
        if isinstance(kind, QComboBox):
            kind.currentIndexChanged.connect(lambda _i: self._show_response())
        self.reword()

    def reword(self) -> None:
        tr = self.look.tr
        for name, label, editor in FORMS[self.what]:
            self._labels[name].setText(tr(label))
            made = self.editors[name]
            made.setAccessibleName(tr(label))
            if isinstance(made, QLineEdit) and editor in HINTS:
                made.setPlaceholderText(tr(HINTS[editor]))
        self._show_response()

    def show_choices(self, choices: Mapping[str, Sequence[Choice]]) -> None:
        """Offer what may be chosen; what was chosen stays chosen where it is still there."""
        for name, _label, editor in FORMS[self.what]:
            made = self.editors[name]
            if isinstance(made, QComboBox):
                offered = list(choices.get(editor.removeprefix("choice:"), ()))
                if offered != [(made.itemData(i), made.itemText(i)) for i in range(made.count())]:
                    before = made.currentData()
                    made.clear()
                    for code, text in offered:
                        made.addItem(text, code)
                    made.setCurrentIndex(max(0, made.findData(before)))

    def fields(self) -> dict[str, str]:
        return {name: _text(made) for name, made in self.editors.items()}

    def fill(self, fields: Mapping[str, str]) -> None:
        for name, text in fields.items():
            if name in self.editors:
                _put(self.editors[name], text)

    def clear(self) -> None:
        """Make room for the next entry of the kind."""
        for name, made in self.editors.items():
            if name in DECIDED or (name not in KEPT and not isinstance(made, QComboBox | QCheckBox)):
                _put(made, "")

    def _show_response(self) -> None:
        kind = self.editors.get("type")
        if isinstance(kind, QComboBox):
            for name in ONLY_RESPONSE:
                self._form.setRowVisible(self.editors[name], kind.currentData() == "response")


class MeetingForm(QWidget):
    """Signals:
    save_requested: arg is a Typed. annotate_requested: the picture of now is to be marked, then kept as material.
    """

    save_requested = Signal(object)
    annotate_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.kind, self.author = QComboBox(self), QLineEdit(self)
        self.pages = {what: EntryPage(look, what, self) for what in FORMS}
        self._stack = QStackedWidget(self)
        for what, page in self.pages.items():
            self.kind.addItem("", what)
            self._stack.addWidget(page)
        self.kind.currentIndexChanged.connect(self._stack.setCurrentIndex)
        self.status = PlainLabel("", self)
        self.status.setWordWrap(True)
        self.save = QPushButton(self)
        self.save.setObjectName("primary")
        self.save.clicked.connect(self._ask)
        QShortcut(QKeySequence("Ctrl+Return"), self, self._ask, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._signs = PlainLabel("", self)
        self._signs.setObjectName("dim")
        below = QHBoxLayout()
        below.addWidget(self._signs)
        below.addWidget(self.author, 1)
        self.annotate = QPushButton(self)
        self.annotate.clicked.connect(self.annotate_requested)
        self.kind.currentIndexChanged.connect(lambda _i: self.annotate.setVisible(self.kind.currentData() == "material"))
        below.addWidget(self.annotate)
        below.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 6)
        column.setSpacing(5)
        column.addWidget(self.kind)
        column.addWidget(self._stack, 1)
        column.addWidget(self.status)
        column.addLayout(below)
        look.changed.connect(self._reworded)
        self._reworded()

    def show_choices(self, choices: Mapping[str, Sequence[Choice]], *, begun: bool) -> None:
        """begun: a meeting is chosen; without one only a new one can be opened."""
        for page in self.pages.values():
            page.show_choices(choices)
        model = self.kind.model()
        for i in range(self.kind.count()):
            may = begun or self.kind.itemData(i) == "open"
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable if may else Qt.ItemFlag.NoItemFlags
            model.setData(model.index(i, 0), None if may else flags.value, Qt.ItemDataRole.UserRole - 1)
        if not begun:
            self.choose("open")

    def choose(self, what: str) -> None:
        self.kind.setCurrentIndex(self.kind.findData(what))

    def typed(self) -> Typed:
        what = str(self.kind.currentData())
        return Typed(what, self.pages[what].fields(), self.author.text().strip())

    def saved(self, typed: Typed) -> None:
        """An entry is on disk: its page is free for the next one, unless that is being typed already."""
        self.save.setEnabled(True)
        if self.pages[typed.what].fields() == typed.fields:
            self.pages[typed.what].clear()
        if typed.what == "open" and self.kind.currentData() == "open":
            self.choose("attend")
        self.say(self.look.tr("已保存"))

    def refused(self, words: str) -> None:
        """Nothing was saved; what was typed stays."""
        self.save.setEnabled(True)
        self.say(words, "state.guaranteed")

    def say(self, words: str, token: str = "text.dim") -> None:  # noqa: S107 - a colour
        self.status.setText(words)
        self.status.setVisible(bool(words))
        self.status.setStyleSheet(f"color: {self.look.color(token).name()}")

    def draft(self) -> dict[str, str]:
        """Return what is typed and not saved."""
        kept = {f"{what}.{name}": text for what, page in self.pages.items() for name, text in page.fields().items()}
        return {**kept, "kind": str(self.kind.currentData()), "author": self.author.text()}

    def restore_draft(self, kept: Mapping[str, str]) -> None:
        for what, page in self.pages.items():
            page.fill({name: kept[key] for name in page.editors if (key := f"{what}.{name}") in kept})
        self.choose(kept.get("kind", "opinion"))
        if not self.author.isReadOnly():
            self.author.setText(kept.get("author", ""))

    def _ask(self) -> None:
        if self.save.isEnabled():
            self.save.setEnabled(False)
            self.say(self.look.tr("正在保存…"))
            self.save_requested.emit(self.typed())

    def _reworded(self) -> None:
        tr = self.look.tr
        for i, what in enumerate(FORMS):
            self.kind.setItemText(i, tr(FORM_WORDS[what]))
        for page in self.pages.values():
            page.reword()
        self._signs.setText(tr("签名"))
        self.save.setText(tr("保存"))
        self.annotate.setText(tr("标注画面…"))
        self.annotate.setVisible(self.kind.currentData() == "material")
        self.kind.setAccessibleName(tr("记录什么"))
        self.author.setAccessibleName(tr("签名"))


def _editor(editor: str, parent: QWidget) -> QWidget:
    if editor == "text":
        made = QPlainTextEdit(parent)
        made.setTabChangesFocus(True)
        made.setMaximumHeight(96)
        return made
    if editor == "check":
        return QCheckBox(parent)
    if editor.startswith("choice:"):
        chooser = QComboBox(parent)
        chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        chooser.setMinimumContentsLength(8)
        return chooser
    return QLineEdit(parent)


def _text(made: QWidget) -> str:
    if isinstance(made, QPlainTextEdit):
        return made.toPlainText()
    if isinstance(made, QCheckBox):
        return "1" if made.isChecked() else "0"
    if isinstance(made, QComboBox):
        return str(made.currentData() or "")
    assert isinstance(made, QLineEdit)  # noqa: S101
    return made.text()


def _put(made: QWidget, text: str) -> None:
    if isinstance(made, QPlainTextEdit):
        made.setPlainText(text)
    elif isinstance(made, QCheckBox):
        made.setChecked(text == "1")
    elif isinstance(made, QComboBox):
        made.setCurrentIndex(max(0, made.findData(text)))
    elif isinstance(made, QLineEdit):
        made.setText(text)
