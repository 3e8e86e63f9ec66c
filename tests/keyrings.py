"""A keyring for tests."""

from __future__ import annotations

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Ring(KeyringBackend):
    """A keyring in memory, for tests; may be locked."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept, self.locked = {}, False

    def get_password(self, service, username):
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service, username):
        self._check()
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("none")

    def _check(self):
        if self.locked:
            raise KeyringLocked("locked")
