"""The session of a signed-in person: access token in memory, refresh token in the vault."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from backend_client.errors import BackendError
from backend_client.identity import Identity, SignedOut, Tokens
from backend_client.oidc import OidcClient
from console.store.token_vault import TokenVault

log = logging.getLogger(__name__)
EARLY_S = 30.0  # renewed this long before it ends


class PersonalCredentials:
    """Shared by the sync threads; one of them renews while the others wait.

    told: called with the identity after signing in, None after signing out; may come from any thread.
    """

    def __init__(self, client: OidcClient, vault: TokenVault, told: Callable[[Identity | None], None]) -> None:
        self._client = client
        self._vault = vault
        self._told = told
        self._tokens: Tokens | None = None
        self._lock = threading.Lock()

    @property
    def kept(self) -> bool:
        return self._vault.kept

    def bearer(self) -> str:
        """Return an access token that is good now.

        Raises:
            SignedOut: a person has to sign in. BackendError: the provider cannot be reached.
        """
        with self._lock:
            tokens = self._tokens
            if tokens is not None and time.monotonic() < tokens.good_until - EARLY_S:
                return tokens.access
            try:
                return self._renew().access
            except SignedOut:
                raise
            except BackendError:
                if tokens is not None and time.monotonic() < tokens.good_until:
                    return tokens.access  # the provider is away for a moment, the token is not
                raise

    def renewed(self, refused: str) -> str:
        """Return another access token than the refused one.

        Raises:
            SignedOut, BackendError: as bearer().
        """
        with self._lock:
            if self._tokens is not None and self._tokens.access != refused:
                return self._tokens.access
            return self._renew().access

    def _renew(self) -> Tokens:
        spent = self._vault.load()
        if not spent:
            raise SignedOut("signed-out")
        known = self._tokens.identity if self._tokens is not None else None
        try:
            tokens = self._client.refresh(spent, known)
        except SignedOut:
            self._tokens = None
            self._vault.forget()
            self._told(None)
            raise
        self._vault.save(tokens.refresh)
        changed, self._tokens = known != tokens.identity, tokens
        if changed:
            self._told(tokens.identity)
        return tokens

    def sign_in(self, tokens: Tokens) -> None:
        with self._lock:
            self._vault.save(tokens.refresh)
            self._tokens = tokens
        self._told(tokens.identity)

    def sign_out(self) -> None:
        """Forget everything here, and end the session at the provider when it can be reached."""
        with self._lock:
            spent = self._vault.load()
            self._tokens = None
            self._vault.forget()
        self._told(None)
        if spent:
            try:
                self._client.revoke(spent)
            except BackendError as exc:
                log.warning("provider did not hear of the sign-out: %s", type(exc).__name__)
