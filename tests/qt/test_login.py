"""Signing in at the desk: with the browser, with a code, and for three days without the centre."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QDesktopServices

from console.domain.offline import Reading
from console.domain.roles import ENTRIES, GRANTS
from console.services.offline_login import OfflineLogin, Refused
from console.services.session import Session, Source
from console.state.link import LinkStatus
from console.state.login import LoginStatus
from console.store import credential as credential_module
from console.store.credential import CredentialStore
from console.windows.login_strip import LoginStrip
from tests.gui import until

H = 3600.0
GOOD = "堤防 passphrase 1998"


class Clock:
    """This machine's clocks, moved by the test."""

    def __init__(self):
        self.wall, self.boot, self.up = 1_655_877_600.0, 1, 50.0

    def __call__(self):
        return Reading(self.wall, f"boot-{self.boot}", self.up)

    def run(self, hours):
        self.wall += hours * H
        self.up += hours * H

    def restart(self, wall_shift_h=0.0):
        self.boot, self.up = self.boot + 1, 1.0
        self.wall += wall_shift_h * H


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(credential_module, "COST", 2**10)


@pytest.fixture
def desk(qapp, runner, tmp_path):
    """Return (clock, start): start() is the program starting, with nobody signed in and no centre."""
    clock, running = Clock(), []

    def start():
        for old in running:
            old.close()
        running.clear()
        login, link = LoginStatus(), LinkStatus()
        offline = OfflineLogin(CredentialStore(tmp_path / "offline.json", None), login, link, clock=clock)
        running.append(offline)
        runner.run(offline.start())
        return offline, login, link

    yield clock, start
    for old in running:
        old.close()


def signed_in(login, link, roles=("duty",)):
    login.heard({"state": "in", "subject": "zhang", "name": "张三", "roles": list(roles), "kept": True})
    link.heard_link({"state": "up"})


def why(work):
    with pytest.raises(Refused) as caught:
        work()
    return caught.value.code


def test_three_days_in_the_field(desk, runner):
    clock, start = desk
    offline, login, link = start()
    assert why(offline.check) == "nobody"
    signed_in(login, link)
    offline.check()
    assert why(lambda: runner.run(offline.set_passphrase("short"))) == "short"
    runner.run(offline.set_passphrase(GOOD))
    link.heard_link({"state": "down"})
    clock.run(10)
    offline.check()

    clock.restart()
    offline, login, link = start()
    assert why(offline.check) == "nobody" and offline.known
    assert runner.run(offline.unlock(GOOD)).name == "张三" and offline.name == "张三"
    offline.check()
    clock.run(61.9)
    offline.check()
    clock.run(0.2)
    assert why(offline.check) == "expired"
    clock.wall -= 60 * H
    assert why(offline.check) == "expired", "the clock set back gains nothing"

    signed_in(login, link)
    offline.check()
    link.heard_link({"state": "down"})
    clock.run(71)
    offline.check()


def test_a_clock_set_back_over_a_restart_ends_it(desk, runner):
    clock, start = desk
    offline, login, link = start()
    signed_in(login, link)
    runner.run(offline.set_passphrase(GOOD))
    link.heard_link({"state": "down"})
    clock.run(40)
    offline.note()
    clock.restart(wall_shift_h=-39)
    offline, _, _ = start()
    assert why(lambda: runner.run(offline.unlock(GOOD))) == "backwards"


def test_five_wrong_tries_lock_and_a_restart_does_not_unlock(desk, runner):
    clock, start = desk
    offline, login, link = start()
    signed_in(login, link)
    runner.run(offline.set_passphrase(GOOD))
    for wrong in ("1", "2"):
        offline, _, _ = start()
        assert why(lambda w=wrong: runner.run(offline.unlock(w))) == "wrong"
    clock.restart()
    offline, _, _ = start()
    assert [why(lambda: runner.run(offline.unlock("3"))) for _ in range(4)] == ["wrong", "wrong", "locked", "locked"]
    clock.restart(wall_shift_h=5)
    clock.wall -= 5 * H
    offline, _, _ = start()
    assert why(lambda: runner.run(offline.unlock(GOOD))) == "locked"
    clock.run(0.25)
    assert runner.run(offline.unlock(GOOD)).subject == "zhang"
    assert offline.standing().state == "good"


def test_without_a_passphrase_it_still_ends_after_three_days(desk):
    clock, start = desk
    offline, login, link = start()
    signed_in(login, link)
    link.heard_link({"state": "down"})
    clock.run(71)
    offline.check()
    clock.run(2)
    assert why(offline.check) == "expired"


@pytest.mark.parametrize("role", sorted(GRANTS))
def test_a_role_that_may_not_write_cannot_write_here_either(desk, role):
    _, start = desk
    offline, login, link = start()
    signed_in(login, link, (role,))
    if ENTRIES in GRANTS[role]:
        offline.check()
    else:
        assert why(offline.check) == "role"


def test_entries_are_refused_in_words_while_nobody_is_signed_in(qapp, home, hub, runner, key):
    async def story():
        session = Session(Source(home, "test", key, personal=True), hub, ())
        session.source.profile.folder.mkdir(parents=True)
        session.start()
        try:
            with pytest.raises(Refused) as caught:
                await session.duty.write_log("note", "巡堤", "张三")
            assert "没有登录" in caught.value.what and "离线口令" in caught.value.next_step
            signed_in(session.login, session.link)
            assert session.person == "张三"
            await session.duty.write_log("note", "巡堤", session.person)
            assert "离线口令已设好" in await session.take_passphrase(GOOD)
            session.sign_out()
            session.login.heard({"state": "out"})
            assert session.person == ""
            with pytest.raises(Refused):
                await session.duty.write_log("note", "巡堤", "张三")
        finally:
            await session.close()

    runner.run(story())


@pytest.fixture
def strip(qtbot, look):
    login, link = LoginStatus(), LinkStatus()
    found = LoginStrip(look, login, link)
    qtbot.addWidget(found)
    return found, login, link


def test_the_strip_is_there_when_needed_and_opens_the_browser_for_its_own_login_only(strip, monkeypatch):
    found, login, link = strip
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    assert found.isHidden()
    link.heard_link({"state": "login"})
    assert not found.isHidden() and "没有登录" in found.words.text()
    asked = []
    found.login_requested.connect(asked.append)
    found.browser.click()
    found.code.click()
    assert asked == ["browser", "code"]
    login.heard({"state": "asked", "url": "https://id.example/a", "code": "", "by": "another window"})
    assert opened == []
    login.heard({"state": "asked", "url": "https://id.example/a", "code": "", "by": login.window})
    assert opened == ["https://id.example/a"] and "浏览器" in found.words.text() and not found.cancel.isHidden()
    login.heard({"state": "asked", "url": "file:///etc/passwd", "code": "", "by": login.window})
    assert len(opened) == 1, "only web addresses are opened"
    login.heard({"state": "asked", "url": "https://id.example/go", "code": "WDJB-MJHT", "by": login.window})
    assert "WDJB-MJHT" in found.words.text() and "id.example/go" in found.words.text()
    login.heard({"state": "failed", "code": "denied"})
    assert "没有同意" in found.words.text()
    login.heard({"state": "in", "name": "张三", "roles": ["duty"], "kept": False})
    link.heard_link({"state": "up"})
    assert found.isHidden()
    found.toggle()
    assert not found.isHidden() and "张三 · duty" in found.words.text() and "内存" in found.words.text()
    out = []
    found.logout_requested.connect(lambda: out.append(1))
    found.logout.click()
    assert out == [1] and found.isHidden() is False
    login.heard({"state": "out"})


def test_a_passphrase_typed_into_the_strip_is_answered_there(qtbot, look, home, hub, runner, key):
    from console.windows.login_desk import login_strip_of

    async def story():
        session = Session(Source(home, "test", key, personal=True), hub, ())
        session.source.profile.folder.mkdir(parents=True)
        strip = login_strip_of(look, session)
        qtbot.addWidget(strip)
        await session.offline.start()
        try:
            signed_in(session.login, session.link)
            for typed, word in (("short", "少于"), (GOOD, "已设好")):
                strip.passphrase.setText(typed)
                strip.passphrase.returnPressed.emit()
                await until(lambda w=word: w in strip.words.text())
                assert strip.passphrase.text() == ""
            session.login.heard({"state": "out"})
            session.link.heard_link({"state": "down", "since": 1.0})
            assert not strip.isHidden() and not strip.passphrase.isHidden()
            strip.passphrase.setText("a guess of mine")
            strip.passphrase.returnPressed.emit()
            await until(lambda: "口令不对" in strip.words.text())
            strip.passphrase.setText(GOOD)
            strip.passphrase.returnPressed.emit()
            await until(lambda: session.person == "张三")
            assert strip.isHidden(), "nothing left to do"
            strip.toggle()
            assert "离线登录" in strip.words.text() and "还可用" in strip.words.text()
        finally:
            await session.close()

    runner.run(story())
