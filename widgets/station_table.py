"""Live station table: state chip, value, distance to warning, change, 24 h sparkline, time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from console.domain.freshness import breaks_line
from console.domain.states import TOKENS, WORDS, State
from console.look import Look
from console.texts import disarmed
from console.viewdata.table import TableRow
from widgets.symbols import draw_state

Role = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
LOW = -math.inf


class Column(NamedTuple):
    title: str
    width: int
    text: Callable[[TableRow], str]
    key: Callable[[TableRow], Any]
    right: bool = False


COLUMNS = (
    Column("", 30, lambda r: "", lambda r: int(r.state)),
    Column("站名", 104, lambda r: r.name, lambda r: r.name),
    Column("河流", 68, lambda r: r.river, lambda r: r.river),
    Column("数值", 74, lambda r: r.value_text, lambda r: LOW if r.value is None else r.value, True),
    Column("单位", 48, lambda r: r.unit, lambda r: r.unit),
    Column("距警戒/汛限 m", 102, lambda r: r.margin_text, lambda r: LOW if r.margin is None else r.margin, True),
    Column("1h 变化", 68, lambda r: r.change_text, lambda r: LOW if r.change_1h is None else r.change_1h, True),
    Column("近 24h", 90, lambda r: "", lambda r: LOW if r.change_1h is None else r.change_1h),
    Column("时间", 96, lambda r: r.time_text, lambda r: r.t or 0, True),
    Column("质量", 50, lambda r: r.quality, lambda r: r.quality),
)
STATE, NAME, SPARK, TIME = 0, 1, 7, 8
DANGER_ORDER = -1  # sort "column": worst state first, then distance to warning


class StationTableModel(QAbstractTableModel):
    """Sorts and filters itself (a proxy takes seconds at 20,000 rows); repaints only changes."""

    def __init__(self, look: Look, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._all: list[TableRow] = []
        self._state_key = np.empty(0, np.int64)
        self._margin_key = np.empty(0)
        self._place: dict[str, int] = {}
        self._shown: list[int] = []
        self._order = (DANGER_ORDER, Qt.SortOrder.AscendingOrder)
        self._filter = ""
        self.repainted = 0
        look.changed.connect(self._reworded)

    def _reworded(self) -> None:
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    # --- data -----------------------------------------------------------------------------
    def set_rows(self, rows: Sequence[TableRow]) -> None:
        """Take the whole table; when only values changed, rows keep their places until resorted."""
        new = list(rows)
        old, self._all = self._all, new
        self._state_key = np.array([-int(r.state) for r in new], np.int64)
        self._margin_key = np.array([-_number(r.margin) for r in new])
        if len(old) == len(new) and all(a.code == b.code for a, b in zip(old, new, strict=True)):
            changed = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
            if changed:
                self._values_changed(changed)
            return
        self._place = {r.code: i for i, r in enumerate(new)}
        self.beginResetModel()
        self._shown = self._arranged()
        self.endResetModel()

    def update_rows(self, rows: Sequence[TableRow]) -> None:
        """Take only rows that changed, by their code."""
        changed = []
        for row in rows:
            i = self._place.get(row.code)
            if i is not None and self._all[i] != row:
                self._all[i] = row
                self._state_key[i], self._margin_key[i] = -int(row.state), -_number(row.margin)
                changed.append(i)
        if changed:
            self._values_changed(changed)

    def _values_changed(self, changed: list[int]) -> None:
        before = self._shown
        after = self._arranged()
        if after != before:
            self.layoutAboutToBeChanged.emit()
            kept = self.persistentIndexList()
            codes = [before[i.row()] for i in kept]
            self._shown = after
            places = {source: row for row, source in enumerate(after)}
            moved = [self.index(places[c], i.column()) if c in places else ROOT for c, i in zip(codes, kept, strict=True)]
            self.changePersistentIndexList(kept, moved)
            self.layoutChanged.emit()
            return
        places = {source: row for row, source in enumerate(self._shown)}
        for source in changed:
            row = places.get(source)
            if row is not None:
                self.repainted += 1
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def set_filter(self, text: str) -> None:
        self._filter = text.strip()
        self._rearrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = (column, order)
        self._rearrange()

    def _rearrange(self) -> None:
        self.layoutAboutToBeChanged.emit()
        self._shown = self._arranged()
        self.changePersistentIndexList(self.persistentIndexList(), [ROOT] * len(self.persistentIndexList()))
        self.layoutChanged.emit()

    def _arranged(self) -> list[int]:
        rows = self._all
        column, order = self._order
        if column == DANGER_ORDER and not self._filter:
            return np.lexsort((self._margin_key, self._state_key)).tolist()  # type: ignore[no-any-return]
        keep = [i for i, r in enumerate(rows) if matches(r, self._filter)]
        if column == DANGER_ORDER:
            chosen = np.lexsort((self._margin_key[keep], self._state_key[keep])) if keep else np.empty(0, int)
            return [keep[k] for k in chosen.tolist()]
        key = COLUMNS[column].key
        known = [i for i in keep if key(rows[i]) not in (LOW, "", "—")]
        missing = [i for i in keep if key(rows[i]) in (LOW, "", "—")]
        return sorted(known, key=lambda i: key(rows[i]), reverse=order == Qt.SortOrder.DescendingOrder) + missing

    def row(self, index: int) -> TableRow:
        return self._all[self._shown[index]]

    def place_of(self, code: str) -> int | None:
        source = self._place.get(code)
        return self._shown.index(source) if source in self._shown else None

    def rows(self) -> list[TableRow]:
        return [self._all[i] for i in self._shown]

    # --- Qt -------------------------------------------------------------------------------
    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        column = COLUMNS[index.column()]
        if role == Role.DisplayRole:
            return column.text(self.row(index.row()))
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Role.ForegroundRole:
            return self._ink(self.row(index.row()), index.column())
        if role == Role.AccessibleTextRole and index.column() == STATE:
            return self.look.tr(WORDS[self.row(index.row()).state])
        return None

    def _ink(self, row: TableRow, column: int) -> Any:
        if row.stale and column not in (NAME,):
            return self.look.color("state.stale" if column == TIME else "text.faint")
        if column in (3, 5) and row.state >= State.WARNING:
            return self.look.color(TOKENS[row.state])
        return self.look.color("text" if column in (NAME, 3, 5) else "text.dim")

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return self.look.tr(COLUMNS[section].title) if COLUMNS[section].title else ""
        if role == Role.TextAlignmentRole and COLUMNS[section].right:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


def _number(value: float | None) -> float:
    return -1e9 if value is None else value


def matches(row: TableRow, words: str) -> bool:
    """Tell whether a row fits filter words: names, rivers, or 超警 上涨 过时 and the like."""
    for word in words.split():
        if word in ("上涨", "涨"):
            fits = (row.change_1h or 0.0) >= 0.02
        elif word in ("下落", "落"):
            fits = (row.change_1h or 0.0) <= -0.02
        elif word in ("过时", "缺报"):
            fits = row.stale
        elif word == "超警":
            fits = row.state >= State.WARNING
        else:
            fits = word in row.name or word in row.river or word == row.code
        if not fits:
            return False
    return True


class RowDelegate(QStyledItemDelegate):
    """Draws the state symbol and the sparkline."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        needed = super().sizeHint(option, index).width() + 14 if index.column() == TIME else COLUMNS[index.column()].width
        return QSize(needed, self.look.px("row_px"))

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """A selected row keeps the colours that carry its state."""
        super().initStyleOption(option, index)
        ink = index.data(Role.ForegroundRole)
        if ink is not None:
            palette = option.palette
            palette.setColor(palette.ColorRole.HighlightedText, ink)
            option.palette = palette

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        model = index.model()
        if not isinstance(model, StationTableModel) or index.column() not in (STATE, SPARK):
            return
        row = model.row(index.row())
        box: QRect = option.rect
        if index.column() == STATE:
            centre = QPointF(box.center().x(), box.center().y() + 1)
            draw_state(painter, self.look, row.state, centre, 7, stale=row.stale)
        else:
            draw_spark(painter, self.look, QRectF(box).adjusted(6, 5, -6, -5), row)
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(self.look.color("accent"))
            painter.drawRect(box.adjusted(0, 0, -1, -1))


def draw_spark(painter: QPainter, look: Look, box: QRectF, row: TableRow) -> None:
    """Draw the last 24 h; gaps stay open, the warning level is a dashed line when in range."""
    t, v = row.spark_t, row.spark_v
    if len(t) < 2 or row.stale:
        painter.save()
        painter.setPen(QPen(look.color("curve.gap"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(box.center() - QPointF(box.width() / 2, 0), box.center() + QPointF(box.width() / 2, 0))
        painter.restore()
        if len(t) < 2:
            return
    low, high = float(np.nanmin(v)), float(np.nanmax(v))
    span = max(high - low, 0.05)
    x = box.left() + (t - t[-1] + 86400) / 86400 * box.width()
    y = box.bottom() - (v - low) / span * box.height()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if row.warning is not None and low < row.warning < high:
        level = box.bottom() - (row.warning - low) / span * box.height()
        painter.setPen(QPen(look.color("state.warning", 150), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(box.left(), level), QPointF(box.right(), level))
    token = TOKENS[row.state] if row.state >= State.WARNING else "state.normal"
    painter.setPen(QPen(look.color(token), 1.3))
    start = 0
    for i in range(1, len(t) + 1):
        if i == len(t) or breaks_line(t[i] - t[i - 1], row.interval_s) or not math.isfinite(v[i]):
            points = [QPointF(a, b) for a, b in zip(x[start:i].tolist(), y[start:i].tolist(), strict=True)]
            painter.drawPolyline(QPolygonF(points))
            start = i
    painter.restore()


class StationTable(QWidget):
    """Filter line and table.

    Signals:
        selected: the user chose a row; arg is the object's code.
    """

    selected = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.model = StationTableModel(look, self)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText(look.tr("筛选：站名、河流，或 超警 上涨 过时"))
        self.filter.setAccessibleName(look.tr("筛选"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self.model.set_filter)
        self.table = _Table(self)
        self.table.setModel(self.model)
        self.table.setItemDelegate(RowDelegate(look, self.table))
        self.table.setAccessibleName(look.tr("测站表"))
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for i, column in enumerate(COLUMNS):
            header.resizeSection(i, round(column.width * look.scale))
        header.setSectionResizeMode(SPARK, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(TIME, QHeaderView.ResizeMode.ResizeToContents)
        header.setResizeContentsPrecision(0)  # by the rows in sight: measuring a thousand per change cost most of a core
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(True)
        header.sortIndicatorChanged.connect(self.model.sort)
        self.table.selectionModel().currentRowChanged.connect(self._chosen)
        stack = QVBoxLayout(self)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        stack.addWidget(self.filter)
        stack.addWidget(self.table, 1)
        self._quiet = False

    def show_rows(self, rows: Sequence[TableRow]) -> None:
        self._quiet = True
        self.model.set_rows(rows)
        self._quiet = False

    def show_selected(self, code: str | None) -> None:
        place = self.model.place_of(code) if code else None
        self._quiet = True
        if place is None:
            self.table.clearSelection()
        elif self.table.currentIndex().row() != place:
            index = self.model.index(place, NAME)
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(index)
        self._quiet = False

    def _chosen(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and not self._quiet:
            self.selected.emit(self.model.row(current.row()).code)


class _Table(QTableView):
    """Rows as a whole; copies the selected lines with units."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setSortingEnabled(False)
        self.verticalHeader().setVisible(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            model = self.model()
            rows = sorted({i.row() for i in self.selectionModel().selectedRows()})
            cells = range(1, model.columnCount())
            lines = ["\t".join(disarmed(str(model.index(r, c).data() or "")) for c in cells) for r in rows]
            QGuiApplication.clipboard().setText("\n".join(lines))
            return
        super().keyPressEvent(event)
