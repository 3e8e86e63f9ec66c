"""The login strip, connected to a session."""

from __future__ import annotations

import shiboken6

from console.errors import ConsoleError
from console.look import Look
from console.services.session import Session
from console.windows.login_strip import LoginStrip


def login_strip_of(look: Look, session: Session) -> LoginStrip:
    """Return a strip whose buttons do what they say."""
    strip = LoginStrip(look, session.login, session.link, session.offline)

    async def take(text: str) -> None:
        try:
            said = look.tr(await session.take_passphrase(text))
        except ConsoleError as exc:
            said = look.tr(exc.what) + look.tr(exc.next_step)
        if said and shiboken6.isValid(strip):
            strip.say(said)

    strip.login_requested.connect(session.sign_in)
    strip.cancel_requested.connect(session.cancel_login)
    strip.logout_requested.connect(session.sign_out)
    strip.passphrase_entered.connect(lambda text: session.tasks.start("passphrase", take(text)))
    return strip
