"""One ``[[source]]`` of sources.toml, read key by key; what is wrong is named by source, key and a stable code."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import ELEMENTS

OF_THE_HOST = {
    "name",
    "kind",
    "title",
    "enabled",
    "poll_s",
    "note",
    "prefix",
    "unmapped",
    "station",
}  # the host's own, allowed everywhere
AUTHS = ("none", "basic", "bearer", "apikey")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class BadSource(ValueError):
    """A source that cannot be built. code: stable, worded by the console; line: of a mapping file, else 0."""

    def __init__(self, source: str, key: str, code: str, detail: str = "", line: int = 0) -> None:
        super().__init__(f"{source}: {key}: {code}" + (f": {detail}" if detail else ""))
        self.source = source
        self.key = key
        self.code = code
        self.detail = detail
        self.line = line


class SourceTable:
    """Reads typed values and remembers which keys were known, so that a slip of the pen is found."""

    def __init__(
        self, conf: Mapping[str, Any], folder: Path, secret: Callable[[str], str], elements: Collection[str] = ELEMENTS
    ) -> None:
        """elements: what an entry may say that a foreign property is."""
        self._conf = conf
        self.elements = elements
        self._folder = folder
        self._secret = secret
        self._known = set(OF_THE_HOST)
        self.name = conf.get("name") if isinstance(conf.get("name"), str) and conf.get("name") else "?"
        self.kind = self.text("kind")

    def bad(self, key: str, code: str, detail: str = "", line: int = 0) -> BadSource:
        return BadSource(str(self.name), key, code, detail, line)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default the key must be there.

        Raises:
            BadSource: missing, empty or not text.
        """
        self._known.add(key)
        value = self._conf.get(key, default)
        if value is None or (value == "" and default is None):
            raise self.bad(key, "source.missing-key")
        if not isinstance(value, str):
            raise self.bad(key, "source.not-text")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return one of allowed, the first where the key is absent."""
        value = self.text(key, allowed[0])
        if value not in allowed:
            raise self.bad(key, "source.not-one-of", " ".join(allowed))
        return value

    def number(self, key: str, default: int, low: int, high: int) -> int:
        self._known.add(key)
        value = self._conf.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.bad(key, "source.not-a-number", f"{low} {high}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts that must not be empty."""
        self._known.add(key)
        value = self._conf.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(x, str) and x for x in value):
            raise self.bad(key, "source.not-a-list")
        return tuple(value)

    def tables(self, key: str) -> tuple[Mapping[str, Any], ...]:
        """Return the tables of a list that must not be empty: ``[[source.values]]``."""
        self._known.add(key)
        value = self._conf.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(x, dict) for x in value):
            raise self.bad(key, "source.not-a-list")
        return tuple(value)

    def words(self, key: str) -> dict[str, str]:
        """Return a table of texts; empty where absent."""
        self._known.add(key)
        value = self._conf.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self.bad(key, "source.not-a-table")
        return dict(value)

    def path(self, key: str) -> Path:
        """Return a path; a relative one is below the folder of sources.toml."""
        return self._folder / Path(self.text(key)).expanduser()

    def secret(self, key: str = "secret") -> str:
        """Return the secret that the key names, "" where the key is absent.

        Raises:
            BadSource: named, but there is none kept under this name.
        """
        name = self.text(key, "")
        if not name:
            return ""
        found = self._secret(name)
        if not found:
            raise self.bad(key, "source.no-such-secret", name)
        return found

    def url(self, key: str = "url") -> str:
        """Return an http or https address without a password in it."""
        value = self.text(key)
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise self.bad(key, "source.not-an-address")
        if parts.username is not None or parts.password is not None:
            raise self.bad(key, "source.secret-in-file")
        return value

    def http(self, *, keyed: bool = False) -> ForeignHttp:
        """Return HTTP with the source's way of proving who we are. keyed: the secret goes into the address instead.

        Raises:
            BadSource: also where a secret would cross a network in the open.
        """
        url = self.url()
        auth = "none" if keyed else self.choice("auth", AUTHS)
        password = "" if auth == "none" and not keyed else self.secret()
        parts = urlsplit(url)
        if password and parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.flag("allow_plain_http"):
            raise self.bad("url", "source.secret-over-plain-http")
        self.flag("allow_plain_http")
        headers = {}
        if auth == "basic":
            headers = {"Authorization": _basic(self.text("user"), password)}
        elif auth != "none":
            if not password:
                raise self.bad("secret", "source.missing-key")
            headers = {"Authorization": f"{'Bearer' if auth == 'bearer' else 'apikey'} {password}"}
        return ForeignHttp(url, headers=headers)

    def flag(self, key: str) -> bool:
        self._known.add(key)
        value = self._conf.get(key, False)
        if not isinstance(value, bool):
            raise self.bad(key, "source.not-a-flag")
        return value

    def only_known(self) -> None:
        """Refuse keys that nothing has asked for.

        Raises:
            BadSource: names the first.
        """
        for key in self._conf:
            if key not in self._known:
                raise self.bad(key, "source.unknown-key")


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
