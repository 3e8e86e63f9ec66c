"""The first page where no keyring holds the key: a passphrase opens what is recorded on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from console.errors import StoreError
from console.look import Look
from console.services.tasks import TaskScope
from console.store.keys import SHORTEST, OpsKey, kind_of, unlock
from widgets.plain import PlainLabel

WHY = (
    "值班记录、告警签收和待上报内容在本机加密保存，需要一个口令。",
    "口令只在这台机器上使用；忘记后，还没有上报的记录无法找回。",
)


class UnlockPage(QWidget):
    """Asks until the key is there, or until the user goes on without it or closes the window."""

    def __init__(self, look: Look, folder: Path, problem: str = "") -> None:
        super().__init__()
        self.look = look
        self.given_up = False
        self._folder = folder
        self._first = self._is_first()
        self._answer: asyncio.Future[OpsKey | None] = asyncio.get_running_loop().create_future()
        self._tasks = TaskScope(self._failed)
        self.setObjectName("page")
        self.setWindowTitle(look.tr("三防指挥台"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(look.style_sheet())
        self.resize(760, 480)
        self._build()
        self.say(problem)

    def _is_first(self) -> bool:
        try:
            return kind_of(self._folder) == ""
        except StoreError:
            return False

    def _build(self) -> None:
        look = self.look
        card = QFrame(self)
        card.setObjectName("panel")
        card.setFixedWidth(round(460 * look.scale))
        column = QVBoxLayout(card)
        column.setContentsMargins(28, 24, 28, 24)
        column.setSpacing(10)
        title = PlainLabel(look.tr("设置本机口令") if self._first else look.tr("输入本机口令"), card)
        title.setObjectName("brand")
        column.addWidget(title)
        for line in WHY:
            column.addWidget(self._words(line, "dim"))
        column.addSpacing(6)
        self.entry = self._line(look.tr("口令（至少 {n} 个字符）").format(n=SHORTEST) if self._first else look.tr("口令"))
        self.again = self._line(look.tr("再输入一次"))
        self.again.setVisible(self._first)
        column.addWidget(self.entry)
        column.addWidget(self.again)
        self.trouble = self._words("", "trouble")
        self.trouble.setMinimumHeight(self.trouble.fontMetrics().height() * 2)
        column.addWidget(self.trouble)
        self.go = QPushButton(look.tr("设置并进入") if self._first else look.tr("进入"), card)
        self.go.setObjectName("primary")
        self.go.setDefault(True)
        self.without = QPushButton(look.tr("先只查看，不记录"), card)
        row = QHBoxLayout()
        row.addWidget(self.without)
        row.addStretch(1)
        row.addWidget(self.go)
        column.addLayout(row)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)
        self._connect()

    def _connect(self) -> None:
        self.go.clicked.connect(self._try)
        self.without.clicked.connect(self._go_without)
        self.entry.returnPressed.connect(self._entered)
        self.again.returnPressed.connect(self._try)
        for line in (self.entry, self.again):
            line.textEdited.connect(lambda _text: self.say(""))
        QWidget.setTabOrder(self.entry, self.again)
        QWidget.setTabOrder(self.again, self.go)
        QWidget.setTabOrder(self.go, self.without)
        self.entry.setFocus()

    def _line(self, hint: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setEchoMode(QLineEdit.EchoMode.Password)
        line.setPlaceholderText(hint)
        line.setAccessibleName(hint)
        line.setMinimumHeight(round(36 * self.look.scale))
        return line

    def _words(self, text: str, name: str) -> PlainLabel:
        label = PlainLabel(self.look.tr(text), self)
        label.setObjectName(name)
        label.setWordWrap(True)
        return label

    def say(self, text: str) -> None:
        self.trouble.setText(text)

    # --- what the user does -----------------------------------------------------------------
    def _entered(self) -> None:
        if self._first and not self.again.text():
            self.again.setFocus()
        else:
            self._try()

    def _try(self) -> None:
        text, tr = self.entry.text(), self.look.tr
        if self._first and len(text) < SHORTEST:
            self.say(tr("口令至少要 {n} 个字符。").format(n=SHORTEST))
            self.entry.setFocus()
        elif self._first and text != self.again.text():
            self.say(tr("两次输入不一样，请再输入一次。"))
            self.again.clear()
            self.again.setFocus()
        elif text and self.go.isEnabled():
            self._busy(True)
            self._tasks.start("unlock", self._unlock(text))

    async def _unlock(self, text: str) -> None:
        try:
            key = await asyncio.to_thread(unlock, self._folder, text)
        except StoreError as exc:
            self._busy(False)
            self.say(f"{exc.what}{exc.next_step}")
            self.entry.selectAll()
            self.entry.setFocus()
        else:
            self._settle(key)

    def _busy(self, busy: bool) -> None:
        self.go.setEnabled(not busy)
        ready = self.look.tr("设置并进入") if self._first else self.look.tr("进入")
        self.go.setText(self.look.tr("正在解锁…") if busy else ready)

    def _go_without(self) -> None:
        self._settle(None)

    def _failed(self, where: str, exc: BaseException | None) -> None:
        self._busy(False)
        self.say(f"{where}: {exc!r}")

    def _settle(self, key: OpsKey | None) -> None:
        if not self._answer.done():
            self._answer.set_result(key)

    async def wait(self) -> OpsKey | None:
        """Return the key; None when the user goes on without it or closed the page."""
        key = await asyncio.shield(self._answer)
        await self._tasks.close()
        return key

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._answer.done():
            self.given_up = True
            self._settle(None)
        super().closeEvent(event)
