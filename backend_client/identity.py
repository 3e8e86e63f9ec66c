"""Who someone is, as an identity provider signed it; every claim is checked where it enters."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend_client.errors import BackendError

ALGORITHMS = ("RS256", "PS256", "ES256")  # never "none", never one that the verifier could sign with
TOKEN_LIMIT = 16 * 1024
ROLES_MAX = 16
LEEWAY_S = 120.0


class LoginFailed(BackendError):
    """Nobody is signed in. code: stable, worded by the console; a provider's text is never shown."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail[:200]}".strip())
        self.code = code


class SignedOut(LoginFailed):
    """There is no session to renew: a person has to sign in."""


class UnknownKey(LoginFailed):
    """The token names a key that the known key set does not hold; the provider may have rotated."""


@dataclass(frozen=True, slots=True)
class Identity:
    """subject: the provider's key of the account. name: what this person signs entries with."""

    subject: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """access is good until good_until (monotonic s). Secrets stay out of repr and logs."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    good_until: float
    identity: Identity


def verified_claims(token: str, keys: KeySet, *, issuer: str, audience: str, now_t: float) -> Mapping[str, Any]:
    """Return the claims of a signed token.

    Raises:
        UnknownKey: no key of that name. LoginFailed: signature, issuer, audience or times are wrong.
    """
    if len(token) > TOKEN_LIMIT:
        raise LoginFailed("token-too-large")
    try:
        claims: Mapping[str, Any] = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
    except JoseError as exc:
        unknown = type(exc).__name__ in ("InvalidKeyIdError", "MissingKeyError")
        raise (UnknownKey if unknown else LoginFailed)("bad-signature", type(exc).__name__) from exc
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise LoginFailed("bad-token", type(exc).__name__) from exc
    _check(claims, issuer, audience, now_t)
    return claims


def _check(claims: Mapping[str, Any], issuer: str, audience: str, now_t: float) -> None:
    if claims.get("iss") != issuer:
        raise LoginFailed("wrong-issuer")
    aud = claims.get("aud")
    found = [aud] if isinstance(aud, str) else aud if isinstance(aud, list) else []
    if audience not in found:
        raise LoginFailed("wrong-audience")
    until, since = _time(claims.get("exp")), _time(claims.get("nbf", claims.get("iat", 0)))
    if now_t > until + LEEWAY_S:
        raise LoginFailed("token-expired")
    if now_t < since - LEEWAY_S:
        raise LoginFailed("token-early")


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise LoginFailed("bad-token", "times")
    return float(value)


def check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    """Refuse an identity that was made for another login.

    Raises:
        LoginFailed: the nonce is absent or another one.
    """
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise LoginFailed("wrong-nonce")


def identity_of(claims: Mapping[str, Any]) -> Identity:
    """Return who the claims are about.

    Raises:
        LoginFailed: no subject, or roles that are no list of short words.
    """
    subject, roles = claims.get("sub"), claims.get("roles", [])
    if not isinstance(subject, str) or not 0 < len(subject) <= 120:
        raise LoginFailed("bad-token", "sub")
    if not isinstance(roles, list) or len(roles) > ROLES_MAX or not all(isinstance(r, str) and len(r) <= 40 for r in roles):
        raise LoginFailed("bad-token", "roles")
    name = claims.get("name") or claims.get("preferred_username") or subject
    return Identity(subject, str(name)[:60], tuple(sorted(set(roles))))
