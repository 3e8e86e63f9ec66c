"""A new scenario: name, author, how far, and its changes row by row; what is refused stays as it was typed."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.consult import CHANGES, COURSES, HINTS, LEADS_H, Change, Draft, Target
from widgets.plain import PlainLabel, plain_tip

if TYPE_CHECKING:
    from widgets.schedule_editor import ScheduleEditor

ROWS_MOST = 40
KIND_PX, TARGET_PX = 132, 110
TEXT_MOST = 400_000  # a course of many thousand points
LONG = ("spill", "breach")  # what is typed needs a line of its own, as courses do


class ChangeRow(QWidget):
    """One change.

    Signals:
    removed: it is to go. drawing_wanted: its course is to be drawn.
    """

    removed = Signal()
    drawing_wanted = Signal()

    def __init__(self, look: Look, targets: Sequence[Target], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._targets: tuple[Target, ...] = ()
        self.kind, self.target, self.text = QComboBox(self), QComboBox(self), QLineEdit(self)
        self.text.setMaxLength(TEXT_MOST)
        self.draw = QToolButton(self)
        self.draw.setText("✎")
        self.draw.setAutoRaise(True)
        self.draw.clicked.connect(self.drawing_wanted)
        self.remove = QToolButton(self)
        self.remove.setText("✕")
        self.remove.setAutoRaise(True)
        self.remove.clicked.connect(self.removed)
        for code in CHANGES:
            self.kind.addItem("", code)
        self.kind.currentIndexChanged.connect(lambda _i: self._fill())
        for box, wide in ((self.kind, KIND_PX), (self.target, TARGET_PX)):
            box.setMinimumWidth(round(wide * look.scale))
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        for column, (widget, share) in enumerate(((self.kind, 5), (self.target, 5), (self.text, 5), (self.draw, 0))):
            self._grid.addWidget(widget, 0, column)
            self._grid.setColumnStretch(column, share)
        self._grid.addWidget(self.remove, 0, 4)
        self.reword()
        self.set_targets(targets)

    def reword(self) -> None:
        tr = self.look.tr
        for i, word in enumerate(CHANGES.values()):
            self.kind.setItemText(i, tr(word))
        self.kind.setAccessibleName(tr("改动"))
        self.target.setAccessibleName(tr("对象"))
        self.text.setAccessibleName(tr("数值"))
        self.remove.setAccessibleName(tr("删去这一项"))
        self.draw.setAccessibleName(tr("拖动画过程"))
        self.draw.setToolTip(plain_tip(tr("拖动画过程")))
        self._hint()

    def set_targets(self, targets: Sequence[Target]) -> None:
        if tuple(targets) != self._targets:
            self._targets = tuple(targets)
            self._fill()

    def show_change(self, change: Change) -> None:
        """Show a change; a target that is offered no more stays named, so that saving it is refused and not another's."""
        self.kind.setCurrentIndex(max(0, self.kind.findData(change.kind)))
        if self.target.findData(change.target) < 0:
            self.target.addItem(change.target, change.target)
        self.target.setCurrentIndex(self.target.findData(change.target))
        self.text.setText(change.text)

    def change(self) -> Change:
        return Change(str(self.kind.currentData()), str(self.target.currentData() or ""), self.text.text().strip())

    def _fill(self) -> None:
        kind, before = str(self.kind.currentData()), self.target.currentData()
        self.target.clear()
        for one in self._targets:
            if kind in one.kinds:
                self.target.addItem(one.name, one.node)
        self.target.setCurrentIndex(max(0, self.target.findData(before)))
        self._hint()

    def _hint(self) -> None:
        kind = str(self.kind.currentData())
        self.draw.setVisible(kind in COURSES)
        long = kind in COURSES or kind in LONG
        self._grid.addWidget(self.text, 1 if long else 0, 0 if long else 2, 1, 5 if long else 1)
        self._grid.addWidget(self.target, 0, 1, 1, 2 if long else 1)
        words = self.look.tr(HINTS[str(self.kind.currentData())])
        self.text.setPlaceholderText(words)
        self.text.setToolTip(plain_tip(words))  # some are longer than the field


def points_of(text: str) -> tuple[tuple[float, float], ...]:
    """Return what can be read of a course as it was typed; pieces that are no two figures are left out."""
    found = {}
    for piece in re.split(r"[;；\n]+", text):
        parts = [part for part in re.split(r"[\s,，h]+", piece) if part]
        with contextlib.suppress(ValueError):
            if len(parts) == 2 and all(math.isfinite(float(part)) for part in parts):
                found[float(parts[0])] = float(parts[1])
    return tuple(sorted(found.items()))


class ScenarioForm(QWidget):
    """Signals:
    save_requested: arg is a Draft.
    """

    save_requested = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.rows: list[ChangeRow] = []
        self._targets: tuple[Target, ...] = ()
        self._based = ""
        self.editor: ScheduleEditor | None = None  # of the row that is drawn
        self._drawn: ChangeRow | None = None
        self.name, self.author, self.lead = QLineEdit(self), QLineEdit(self), QComboBox(self)
        for hours in LEADS_H:
            self.lead.addItem("", hours)
        self.lead.setCurrentIndex(LEADS_H.index(72))
        self.lead.currentIndexChanged.connect(lambda _i: self._close_editor())
        self.base = PlainLabel("", self)
        self.base.setObjectName("dim")
        self.status = PlainLabel("", self)
        self.status.setWordWrap(True)
        self.add, self.save, self.clear = QPushButton(self), QPushButton(self), QPushButton(self)
        self.save.setObjectName("primary")
        self.add.clicked.connect(lambda: self._add_row())
        self.clear.clicked.connect(self.reset)
        self.save.clicked.connect(self._ask)
        self._labels = tuple(PlainLabel("", self) for _ in range(3))
        self._arrange()
        look.changed.connect(self._reworded)
        self._reworded()

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        for i, (label, widget) in enumerate(zip(self._labels, (self.name, self.author, self.lead), strict=True)):
            label.setObjectName("dim")
            label.setBuddy(widget)
            grid.addWidget(label, i, 0)
            grid.addWidget(widget, i, 1)
        grid.addWidget(self.base, 3, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        inside = QWidget(self)
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(3)
        self._list.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setObjectName("plainArea")
        area.setWidget(inside)
        below = QHBoxLayout()
        below.addWidget(self.add)
        below.addStretch(1)
        below.addWidget(self.clear)
        below.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 6)
        column.setSpacing(5)
        column.addLayout(grid)
        column.addWidget(area, 1)
        column.addWidget(self.status)
        column.addLayout(below)

    def show_targets(self, targets: Sequence[Target]) -> None:
        self._targets = tuple(targets)
        for row in self.rows:
            row.set_targets(targets)

    def show_base(self, text: str) -> None:
        self.base.setText(text)

    def show_draft(self, draft: Draft) -> None:
        """Fill the form with a copy of a scenario."""
        self.reset()
        self._based = draft.based
        self.name.setText(draft.name)
        if not self.author.isReadOnly():
            self.author.setText(draft.author)
        if self.lead.findData(draft.lead_h) < 0:  # a prepared disaster's own
            self.lead.addItem(f"{draft.lead_h} h", draft.lead_h)
        self.lead.setCurrentIndex(self.lead.findData(draft.lead_h))
        for change in draft.changes:
            self._add_row().show_change(change)
        self.name.setFocus()
        self.name.selectAll()

    def draft(self) -> Draft:
        changes = tuple(row.change() for row in self.rows)
        return Draft(self.name.text().strip(), self.author.text().strip(), int(self.lead.currentData()), changes, self._based)

    def saved(self, draft: Draft) -> None:
        """A draft is on disk: the form is free for the next one, unless that is being typed already."""
        if self.draft() != draft:
            self.save.setEnabled(True)
            self._say(self.look.tr("已保存，正在计算"), "text.dim")
            return
        author = self.author.text()
        self.reset()
        self.author.setText(author)
        self._say(self.look.tr("已保存，正在计算"), "text.dim")

    def note(self, words: str) -> None:
        """Say something of what was just filled in."""
        self._say(words, "state.warning")

    def kept(self) -> dict[str, str]:
        """Return what was typed, to be put back after the window was built anew."""
        return {"draft": json.dumps(asdict(self.draft()), ensure_ascii=False)} if self.name.text() or self.rows else {}

    def put_back(self, kept: Mapping[str, str]) -> None:
        if text := kept.get("draft"):
            doc = json.loads(text)
            self.show_draft(Draft(**(doc | {"changes": tuple(Change(**c) for c in doc["changes"])})))

    def refused(self, words: str) -> None:
        """Nothing was saved; what was typed stays."""
        self.save.setEnabled(True)
        self._say(words, "state.guaranteed")

    def reset(self) -> None:
        self._based = ""
        self.name.clear()
        for row in list(self.rows):
            self._remove(row)
        self.save.setEnabled(True)
        self._say("", "text.dim")

    def _add_row(self) -> ChangeRow:
        row = ChangeRow(self.look, self._targets, self)
        row.removed.connect(lambda: self._remove(row))
        for box in (row.kind, row.target):
            box.currentIndexChanged.connect(lambda _i: self._close_editor() if row is self._drawn else None)
        row.text.textEdited.connect(lambda text: self._follow(row, text))
        row.drawing_wanted.connect(lambda: self._draw(row))
        self.rows.append(row)
        self._list.insertWidget(self._list.count() - 1, row)
        self.add.setEnabled(len(self.rows) < ROWS_MOST)
        return row

    def _draw(self, row: ChangeRow) -> None:
        """Open the editor on a row's course; what is drawn is written into the row as it is drawn."""
        from widgets.schedule_editor import ScheduleEditor  # pyqtgraph is slow to import: after the first window

        change = row.change()
        unit, stepped, least = COURSES[change.kind]
        self._close_editor()
        self.editor, self._drawn = ScheduleEditor(self.look, self), row
        self.editor.edited.connect(lambda points: row.text.setText("; ".join(f"{h:g} {v:g}" for h, v in points)))
        title = f"{row.target.currentText()} {row.kind.currentText()}"
        self.editor.edit(title, unit, points_of(change.text), float(self.lead.currentData()), stepped=stepped, least=least)

    def _follow(self, row: ChangeRow, text: str) -> None:
        """Show in the open editor what is typed in its row."""
        if self.editor is not None and row is self._drawn:
            self.editor.follow(points_of(text))

    def _close_editor(self) -> None:
        if self.editor is not None:
            self.editor.close()
            self.editor.deleteLater()
        self.editor = self._drawn = None

    def _remove(self, row: ChangeRow) -> None:
        if row is self._drawn:
            self._close_editor()
        self.rows.remove(row)
        self._list.removeWidget(row)
        row.hide()
        row.deleteLater()
        self.add.setEnabled(True)

    def _ask(self) -> None:
        self.save.setEnabled(False)
        self._say(self.look.tr("正在保存…"), "text.dim")
        self.save_requested.emit(self.draft())

    def _say(self, words: str, token: str) -> None:
        self.status.setText(words)
        self.status.setVisible(bool(words))
        self.status.setStyleSheet(f"color: {self.look.color(token).name()}")

    def _reworded(self) -> None:
        tr = self.look.tr
        for label, word in zip(self._labels, ("名称", "作者", "预见期"), strict=True):
            label.setText(tr(word))
        for i, hours in enumerate(LEADS_H):
            self.lead.setItemText(i, f"{hours} h")
        self.name.setPlaceholderText(tr("如 飞来峡提前腾库 2000 m³/s"))
        self.add.setText(tr("加一项改动"))
        self.clear.setText(tr("清空"))
        self.save.setText(tr("保存并计算"))
        for row in self.rows:
            row.reword()


class ScenarioDesk(QSplitter):
    """The list above its form; what is typed in the form outlives a change of theme or language."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._form: ScenarioForm | None = None

    def put(self, listed: QWidget, form: ScenarioForm) -> None:
        self._form = form
        for widget in (listed, form):
            self.addWidget(widget)
        self.setSizes([600, 400])
        self.setChildrenCollapsible(False)

    def draft(self) -> dict[str, str]:
        return self._form.kept() if self._form is not None else {}

    def restore_draft(self, draft: dict[str, str]) -> None:
        if self._form is not None:
            self._form.put_back(draft)
