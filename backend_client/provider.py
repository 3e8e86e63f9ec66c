"""An identity provider, found by its issuer's address: its endpoints, keys and form posts."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend_client.bounded import read_bounded
from backend_client.errors import BackendUnavailable, WireFormatError
from backend_client.identity import LoginFailed, UnknownKey, verified_claims
from backend_client.session import RETRYABLE, json_object, retry_after_s
from backend_client.tls import tls_fault, verify_for

BODY_LIMIT = 512 * 1024
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip"}
KEYS_PAUSE_S = 30.0  # a stranger's tokens must not make us hammer the provider
AWAY_PAUSE_S = 5.0  # nor wait for one that does not answer, call after call
TIMEOUT = httpx.Timeout(10.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What the provider declares; "" for what it does not offer."""

    authorization: str
    token: str
    keys: str
    device: str
    revocation: str
    names_issuer: bool


class Provider:
    """Used by one thread at a time. Raises BackendError's subclasses and nothing of httpx."""

    def __init__(self, issuer: str, *, tls: ssl.SSLContext | None = None) -> None:
        self.issuer = issuer
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False, verify=verify_for(issuer, tls))
        self._endpoints: Endpoints | None = None
        self._keys: KeySet | None = None
        self._keys_s = -KEYS_PAUSE_S
        self._away_s = -AWAY_PAUSE_S  # when keys were asked for in vain

    def close(self) -> None:
        self._http.close()

    def endpoints(self) -> Endpoints:
        """Return the declared endpoints; every address must be encrypted or this machine's own.

        Raises:
            BackendUnavailable, Untrusted, WireFormatError: they could not be read.
        """
        if self._endpoints is None:
            _, doc = self._json("GET", self.issuer.rstrip("/") + "/.well-known/openid-configuration", None)
            if doc.get("issuer") != self.issuer:
                raise WireFormatError("discovery: another issuer")
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            more = ("device_authorization_endpoint", "revocation_endpoint")
            found = [self._address(doc, name, needed=name in names) for name in (*names, *more)]
            named = doc.get("authorization_response_iss_parameter_supported") is True
            self._endpoints = Endpoints(found[0], found[1], found[2], found[3], found[4], named)
        return self._endpoints

    def _address(self, doc: Mapping[str, Any], name: str, *, needed: bool) -> str:
        url = doc.get(name, "")
        if not isinstance(url, str) or (needed and not url):
            raise WireFormatError(f"discovery: {name}")
        if url and not url.startswith("https://"):
            verify_for(url, None)  # raises unless it is this machine
        return url

    def claims(self, token: str, audience: str, now_t: float) -> Mapping[str, Any]:
        """Return a token's verified claims; keys are fetched again when it names one we do not know.

        Raises:
            LoginFailed: the token is not good. BackendError: the keys could not be read.
        """
        keys = self._keys or self._fetch_keys()
        try:
            return verified_claims(token, keys, issuer=self.issuer, audience=audience, now_t=now_t)
        except UnknownKey:
            if time.monotonic() - self._keys_s < KEYS_PAUSE_S:
                raise
            return verified_claims(token, self._fetch_keys(), issuer=self.issuer, audience=audience, now_t=now_t)

    def _fetch_keys(self) -> KeySet:
        if time.monotonic() - self._away_s < AWAY_PAUSE_S:
            raise BackendUnavailable("provider was away a moment ago")
        self._keys_s = self._away_s = time.monotonic()
        _, doc = self._json("GET", self.endpoints().keys, None)
        try:
            self._keys = KeySet.import_key_set({"keys": doc["keys"]})
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as exc:
            raise WireFormatError(f"keys: {type(exc).__name__}") from exc
        self._away_s = -AWAY_PAUSE_S
        return self._keys

    def post(self, url: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Send a form; an OAuth refusal (400, 401) comes back as its document.

        Raises:
            BackendUnavailable, Untrusted, WireFormatError, LoginFailed: anything else.
        """
        return self._json("POST", url, form)

    def _json(self, method: str, url: str, form: Mapping[str, str] | None) -> tuple[int, dict[str, Any]]:
        try:
            with self._http.stream(method, url, data=form, headers=HEADERS) as reply:
                data = read_bounded(reply, BODY_LIMIT, "provider")
        except httpx.RemoteProtocolError as exc:
            raise WireFormatError(f"provider: broken answer: {type(exc).__name__}") from exc
        except (httpx.TransportError, httpx.InvalidURL, OSError) as exc:
            raise tls_fault(exc) or BackendUnavailable(type(exc).__name__) from exc
        status = reply.status_code
        if status in RETRYABLE:
            raise BackendUnavailable(f"provider: HTTP {status}", retry_after_s(reply.headers.get("retry-after")))
        if status >= 300 and not (form is not None and status in (400, 401)):
            raise LoginFailed("provider-refused", f"HTTP {status}")
        return status, json_object("provider", data) if data else {}


def oauth_error(doc: Mapping[str, Any]) -> str:
    """Return the error code of an OAuth refusal, short enough to log."""
    return json.dumps(doc.get("error", "unexplained"), ensure_ascii=True)[:60].strip('"')
