"""Alarm list with acknowledgement beside it: name, note, saved only when it is on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QGridLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from console.domain.states import TOKENS
from console.look import Look
from console.viewdata.duty import AlarmRow
from widgets.plain import PlainLabel
from widgets.symbols import draw_state

Role = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
ROW_ROLE = Role.UserRole + 1


class AlarmModel(QAbstractListModel):
    """Alarms in the order given: active first, worst first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: tuple[AlarmRow, ...] = ()

    def set_rows(self, rows: Sequence[AlarmRow]) -> None:
        new = tuple(rows)
        if [r.alarm_id for r in new] == [r.alarm_id for r in self.rows]:
            old, self.rows = self.rows, new
            for i, (a, b) in enumerate(zip(old, new, strict=True)):
                if a != b:
                    self.dataChanged.emit(self.index(i), self.index(i))
            return
        self.beginResetModel()
        self.rows = new
        self.endResetModel()

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == ROW_ROLE:
            return row
        return f"{row.title} {row.detail}" if role in (Role.DisplayRole, Role.AccessibleTextRole) else None


class AlarmDelegate(QStyledItemDelegate):
    """Two lines an alarm: what and how far; since when, seen when, signed by whom."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(240, round(54 * self.look.scale))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: AlarmRow = index.data(ROW_ROLE)
        look = self.look
        box: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, look.color("select"))
        painter.setPen(look.color("line"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        if row.active and not row.acks:
            painter.fillRect(QRect(box.left(), box.top(), 3, box.height() - 1), look.color(TOKENS[row.state]))
        draw_state(painter, look, row.state, QPointF(box.left() + 20, box.top() + 17), 8, stale=row.stale_rule)
        left = box.left() + 38
        right = box.right() - 10
        painter.setFont(look.font(bold=row.active and not row.acks))
        metrics = painter.fontMetrics()
        y = box.top() + 8 + metrics.ascent()
        signed = self._signature(row)
        painter.setFont(look.font("small_px"))
        small = painter.fontMetrics()
        painter.setPen(look.color("state.warning" if not row.acks and row.active else "text.dim"))
        painter.drawText(right - small.horizontalAdvance(signed), y, signed)
        painter.setFont(look.font(bold=row.active and not row.acks))
        painter.setPen(look.color("text" if row.active else "text.dim"))
        room = right - left - small.horizontalAdvance(signed) - 14
        painter.drawText(left, y, metrics.elidedText(row.title, Qt.TextElideMode.ElideRight, room))
        painter.setFont(look.font("small_px"))
        painter.setPen(look.color("text.dim"))
        y += small.height() + 4
        times = f"{row.onset_text} · {row.lasted_text}"
        painter.drawText(right - small.horizontalAdvance(times), y, times)
        room = right - left - small.horizontalAdvance(times) - 14
        painter.drawText(left, y, small.elidedText(row.detail, Qt.TextElideMode.ElideRight, room))
        painter.restore()

    def _signature(self, row: AlarmRow) -> str:
        tr = self.look.tr
        if not row.acks:
            return tr("未确认") if row.active else tr("已解除，未确认")
        who, _, when, pending = row.acks[0]
        more = f" +{len(row.acks) - 1}" if len(row.acks) > 1 else ""
        return f"✓ {who} {when}{more}" + (f" · {tr('待上报')}" if pending else "")


class AlarmList(QWidget):
    """Signals:
    selected: an alarm was chosen; arg is its object's code.
    acknowledge_requested: (alarm id, name, note).
    """

    selected = Signal(str)
    acknowledge_requested = Signal(str, str, str)

    def __init__(self, look: Look, operator: str) -> None:
        super().__init__()
        self.look = look
        self.model = AlarmModel(self)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(AlarmDelegate(look, self.list))
        self.list.setAccessibleName(look.tr("告警列表"))
        self.list.selectionModel().currentChanged.connect(self._chosen)
        self.empty = PlainLabel(look.tr("没有告警。有数据的站均未达到已知限值。"), self)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setObjectName("dim")
        self.detail = PlainLabel("", self)
        self.detail.setWordWrap(True)
        self.name = QLineEdit(operator, self)
        self.name.setPlaceholderText(look.tr("姓名"))
        self.name.setMaxLength(60)
        self.note = QLineEdit(self)
        self.note.setPlaceholderText(look.tr("备注：核实情况、通知了谁（可不填）"))
        self.note.setMaxLength(1000)
        self.button = QPushButton(look.tr("确认告警"), self)
        self.button.setObjectName("primary")
        self.status = PlainLabel("", self)
        self.status.setObjectName("dim")
        self.status.setWordWrap(True)
        form = QGridLayout()
        form.setContentsMargins(10, 8, 10, 8)
        form.addWidget(self.detail, 0, 0, 1, 3)
        form.addWidget(self.name, 1, 0)
        form.addWidget(self.note, 1, 1)
        form.addWidget(self.button, 1, 2)
        form.addWidget(self.status, 2, 0, 1, 3)
        form.setColumnStretch(1, 1)
        self.name.setFixedWidth(round(110 * look.scale))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addWidget(self.empty, 1)
        column.addLayout(form)
        self.button.clicked.connect(self._ask)
        self.note.returnPressed.connect(self._ask)
        self._current = ""
        self._saving = False
        self.show_rows(())

    def show_rows(self, rows: Sequence[AlarmRow]) -> None:
        self.model.set_rows(rows)
        self.list.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.show_alarm(self._current)

    def show_alarm(self, alarm_id: str) -> None:
        """Bring an alarm into the form and select it in the list."""
        ids = [r.alarm_id for r in self.model.rows]
        self._current = alarm_id if alarm_id in ids else ""
        row = self.model.rows[ids.index(self._current)] if self._current else None
        if row is not None and self.list.currentIndex().row() != ids.index(self._current):
            self.list.setCurrentIndex(self.model.index(ids.index(self._current)))
        self.button.setEnabled(row is not None)
        tr = self.look.tr
        text = ""
        if row is not None:
            text = f"{row.title} · {row.detail} · {tr('首见')} {row.seen_text}"
            for who, note, when, pending in row.acks:
                text += f"\n✓ {who} {when} {note}" + (f"（{tr('待上报')}）" if pending else "")
        self.detail.setText(text)

    def _chosen(self, current: QModelIndex, _before: QModelIndex) -> None:
        row = current.data(ROW_ROLE) if current.isValid() else None
        if row is not None and row.alarm_id != self._current:
            self.status.setText("")
            self.show_alarm(row.alarm_id)
            self.selected.emit(row.object_code)

    def _ask(self) -> None:
        if self._current and not self._saving:
            self._saving = True
            self.status.setText(self.look.tr("正在保存…"))
            self.acknowledge_requested.emit(self._current, self.name.text(), self.note.text())

    def saved(self) -> None:
        """The acknowledgement is on disk."""
        self.note.clear()
        self._saving = False
        self.status.setText(self.look.tr("已保存到本机，正在上报"))

    def not_saved(self, text: str) -> None:
        """Keep what was typed and say why it was not saved."""
        self._saving = False
        self.status.setText(text)

    def draft(self) -> dict[str, str]:
        """Return what was typed and not saved yet."""
        return {"name": self.name.text(), "note": self.note.text()}

    def restore_draft(self, draft: dict[str, str]) -> None:
        self.name.setText(draft["name"])
        self.note.setText(draft["note"])
