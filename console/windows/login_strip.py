"""Signing in without a dialog: a strip under the status bar, the rest of the screen stays in use."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from console.look import Look
from console.state.link import LinkStatus
from console.state.login import LoginStatus
from console.sync.login import login_words
from console.sync.trust import TRUST_WORDS, trust_words
from console.texts import printable
from widgets.plain import PlainLabel


class LoginStrip(QFrame):
    """Shown while nobody is signed in, or when the person's name is clicked.

    Signals:
        login_requested: arg is browser or code. cancel_requested, logout_requested: what they say.
    """

    login_requested = Signal(str)
    cancel_requested = Signal()
    logout_requested = Signal()

    def __init__(self, look: Look, login: LoginStatus, link: LinkStatus) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.look = look
        self._login = login
        self._link = link
        self._open = False
        self.words = PlainLabel("", self)
        self.words.setWordWrap(True)
        self.browser = QPushButton(look.tr("用浏览器登录"), self)
        self.code = QPushButton(look.tr("用验证码登录"), self)
        self.cancel = QPushButton(look.tr("取消"), self)
        self.logout = QPushButton(look.tr("退出登录"), self)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 5, 14, 5)
        row.addWidget(self.words, 1)
        for button in (self.browser, self.code, self.cancel, self.logout):
            row.addWidget(button)
        self.browser.clicked.connect(lambda: self.login_requested.emit("browser"))
        self.code.clicked.connect(lambda: self.login_requested.emit("code"))
        self.cancel.clicked.connect(self.cancel_requested)
        self.logout.clicked.connect(self._leave)
        self._shown = ""
        login.asked.connect(self._asked)
        login.changed.connect(self.refresh)
        link.changed.connect(self.refresh)
        self.refresh()

    def toggle(self) -> None:
        self._open = not self._open
        self.refresh()

    def _leave(self) -> None:
        self._open = False
        self.logout_requested.emit()

    def _asked(self, url: str, code: str) -> None:
        if code:
            where, what = self.look.tr("请在另一台设备的浏览器打开"), self.look.tr("输入验证码")
            self._shown = f"{where} {printable(url)} ，{what}：{printable(code)}"
        elif QUrl(url).scheme() in ("https", "http") and QDesktopServices.openUrl(QUrl(url)):
            self._shown = self.look.tr("请在浏览器里完成登录，然后回到这里。")
        else:
            self._shown = self.look.tr("打不开浏览器，请改用验证码登录。")

    def refresh(self) -> None:
        """Show what can be done now; hidden once there is nothing to do."""
        login, tr = self._login, self.look.tr
        signed, asked = login.state == "in", login.state == "asked"
        needed = self._link.state == "login" or asked or bool(login.failure)
        self.setVisible((needed and not signed) or (signed and self._open))
        if signed:
            kept = "" if login.kept else tr("这台机器没有系统密钥环，登录只保存在内存里，退出程序即失效。")
            text = f"{login.name} · {'、'.join(login.roles)} {kept}"
        elif asked:
            text = self._shown
        elif login.failure:
            known = login.failure in TRUST_WORDS
            text = "".join(tr(w) for w in trust_words(login.failure)) if known else tr(login_words(login.failure))
        else:
            text = tr("还没有登录。")
        self.words.setText(text)
        self.browser.setVisible(not signed and not asked)
        self.code.setVisible(not signed and not asked)
        self.cancel.setVisible(asked)
        self.logout.setVisible(signed)
