"""Signing in without a dialog: a strip under the status bar, the rest of the screen stays in use."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton

from console.domain.time import age_text
from console.look import Look
from console.services.offline_login import OfflineLogin
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
        passphrase_entered: to set it while signed in, else to sign in without the centre.
    """

    login_requested = Signal(str)
    cancel_requested = Signal()
    logout_requested = Signal()
    passphrase_entered = Signal(str)

    def __init__(self, look: Look, login: LoginStatus, link: LinkStatus, offline: OfflineLogin | None = None) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.look = look
        self._login = login
        self._link = link
        self._offline = offline
        self._open = False
        self.words = PlainLabel("", self)
        self.words.setWordWrap(True)
        self.passphrase = QLineEdit(self)
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setMaxLength(200)
        self.passphrase.returnPressed.connect(self._entered)
        self.browser = QPushButton(look.tr("用浏览器登录"), self)
        self.code = QPushButton(look.tr("用验证码登录"), self)
        self.cancel = QPushButton(look.tr("取消"), self)
        self.logout = QPushButton(look.tr("退出登录"), self)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 5, 14, 5)
        row.addWidget(self.words, 1)
        row.addWidget(self.passphrase)
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
        if offline is not None:
            offline.changed.connect(self.refresh)
        self.refresh()

    def toggle(self) -> None:
        self._open = not self._open
        self.refresh()

    def _leave(self) -> None:
        self._open = False
        self.logout_requested.emit()

    def _entered(self) -> None:
        self.passphrase_entered.emit(self.passphrase.text())
        self.passphrase.clear()

    def say(self, text: str) -> None:
        """Say what came of a passphrase, until the next change."""
        self.words.setText(text)

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
        login, offline = self._login, self._offline
        signed, asked = login.state == "in", login.state == "asked"
        away = offline is not None and not signed and offline.known
        on_leave = offline is not None and offline.person is not None
        wanted = self._link.state == "login"
        needed = wanted or asked or bool(login.failure) or (away and self._link.alone)
        able = signed or on_leave
        self.setVisible((needed and not signed and (wanted or not on_leave)) or (able and self._open))
        self.words.setText(self._text(signed, asked))
        self.browser.setVisible(not signed and not asked)
        self.code.setVisible(not signed and not asked)
        self.cancel.setVisible(asked)
        self.logout.setVisible(able)
        tr = self.look.tr
        self.passphrase.setVisible((signed and offline is not None) or (away and not asked and not on_leave))
        self.passphrase.setPlaceholderText(tr("设离线口令（断网时用）") if signed else tr("离线口令"))

    def _text(self, signed: bool, asked: bool) -> str:
        login, tr = self._login, self.look.tr
        if signed:
            kept = "" if login.kept else tr("这台机器没有系统密钥环，登录只保存在内存里，退出程序即失效。")
            return f"{login.name} · {'、'.join(login.roles)} {kept}"
        if asked:
            return self._shown
        if self._offline is not None and self._offline.person is not None:
            found = self._offline.standing()
            left = age_text(found.left_s, tr) if found is not None else "—"
            return f"{printable(self._offline.name, 60)} · {tr('离线登录')} · {tr('还可用')} {left}"
        if login.failure:
            if login.failure in TRUST_WORDS:
                return "".join(tr(w) for w in trust_words(login.failure))
            return tr(login_words(login.failure))
        return tr("还没有登录。")
