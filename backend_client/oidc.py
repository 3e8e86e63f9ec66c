"""Signing in: authorization code with PKCE over the system's browser, renewal with rotation.

Source: OpenID Connect Core 1.0 §3.1; RFC 7636 (PKCE), RFC 8252 (native apps), RFC 9207 (iss).
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from backend_client.errors import WireFormatError
from backend_client.identity import Identity, LoginFailed, SignedOut, Tokens, check_nonce, identity_of
from backend_client.provider import Provider, oauth_error

SCOPE = "openid profile roles offline_access"
LONGEST_S = 86400.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in; its secrets are used once. url: what the browser opens."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


class OidcClient:
    """A public client: it holds no secret, PKCE takes its place. clock: the centre's time, UTC s."""

    def __init__(self, provider: Provider, client_id: str, clock: Callable[[], float] = time.time) -> None:
        self.provider = provider
        self.client_id = client_id
        self._clock = clock

    def begin(self, redirect_uri: str) -> Attempt:
        """Return a fresh attempt.

        Raises:
            BackendError: the provider cannot be reached or is not what it says.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        where = self.provider.endpoints().authorization
        url = where + ("&" if "?" in where else "?") + urlencode(query)
        return Attempt(url, state, nonce, verifier, redirect_uri)

    def finish(self, attempt: Attempt, answer: Mapping[str, str]) -> Tokens:
        """Return the tokens for what the browser brought back.

        Raises:
            LoginFailed: it belongs to another attempt or provider, or was refused.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise LoginFailed("wrong-state")
        named = answer.get("iss")
        if named != self.provider.issuer and (named is not None or self.provider.endpoints().names_issuer):
            raise LoginFailed("wrong-issuer")
        if "code" not in answer:
            raise LoginFailed("denied" if answer.get("error") == "access_denied" else "provider-refused")
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": attempt.redirect_uri,
            "client_id": self.client_id,
            "code_verifier": attempt.verifier,
        }
        status, doc = self.provider.post(self.provider.endpoints().token, form)
        if status != 200:
            raise LoginFailed("provider-refused", oauth_error(doc))
        return self.tokens_from(doc, nonce=attempt.nonce)

    def refresh(self, refresh_token: str, known: Identity | None = None) -> Tokens:
        """Return new tokens; the old refresh token is spent.

        Raises:
            SignedOut: spent before (someone else may have it), expired, or the account is gone.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.client_id}
        status, doc = self.provider.post(self.provider.endpoints().token, form)
        if status != 200:
            raise SignedOut("session-ended", oauth_error(doc))
        tokens = self.tokens_from(doc, known=known, spent=refresh_token)
        if known is not None and tokens.identity.subject != known.subject:
            raise SignedOut("session-ended", "another subject")
        return tokens

    def revoke(self, refresh_token: str) -> None:
        """End the session at the provider, where it offers that.

        Raises:
            BackendError: the provider did not hear it.
        """
        where = self.provider.endpoints().revocation
        if where:
            self.provider.post(where, {"token": refresh_token, "client_id": self.client_id})

    def tokens_from(self, doc: Mapping[str, Any], *, nonce: str = "", known: Identity | None = None, spent: str = "") -> Tokens:
        """Return the checked tokens of a token answer.

        Raises:
            LoginFailed: the identity is not good. WireFormatError: fields are missing.
        """
        access, refresh = doc.get("access_token"), doc.get("refresh_token", spent)
        lasts_s = doc.get("expires_in", 300)
        if not isinstance(access, str) or not access or not isinstance(refresh, str):
            raise WireFormatError("token answer: no token")
        if not isinstance(lasts_s, int | float) or isinstance(lasts_s, bool) or not lasts_s > 0:
            raise WireFormatError("token answer: expires_in")
        signed = doc.get("id_token")
        if isinstance(signed, str):
            claims = self.provider.claims(signed, self.client_id, self._clock())
            if nonce:
                check_nonce(claims, nonce)
            known = identity_of(claims)
        elif known is None:
            raise WireFormatError("token answer: no identity")
        return Tokens(access, refresh, time.monotonic() + min(float(lasts_s), LONGEST_S), known)
