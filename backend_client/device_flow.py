"""Signing in where there is no keyboard: a code on the screen, typed on another device.

Source: RFC 8628.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend_client.errors import BackendUnavailable, WireFormatError
from backend_client.identity import LoginFailed, Tokens
from backend_client.oidc import SCOPE, OidcClient
from backend_client.provider import oauth_error
from backend_client.tls import verify_for

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER_S = 5.0
LONGEST_S = 1800.0


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What to show: user_code and url. secret: what we poll with. until: monotonic s."""

    user_code: str
    url: str
    secret: str = field(repr=False)
    until: float
    interval_s: float


def start_device(client: OidcClient) -> DeviceCode:
    """Ask for a code.

    Raises:
        LoginFailed: the provider offers none. BackendError: no usable answer.
    """
    where = client.provider.endpoints().device
    if not where:
        raise LoginFailed("no-device-login")
    status, doc = client.provider.post(where, {"client_id": client.client_id, "scope": SCOPE})
    if status != 200:
        raise LoginFailed("provider-refused", oauth_error(doc))
    return _code_from(doc)


def _code_from(doc: Mapping[str, Any]) -> DeviceCode:
    user_code, secret, url = doc.get("user_code"), doc.get("device_code"), doc.get("verification_uri")
    if not (isinstance(user_code, str) and isinstance(secret, str) and isinstance(url, str)):
        raise WireFormatError("device answer: fields")
    if not 0 < len(user_code) <= 40 or len(url) > 300 or not (user_code + url).isprintable():
        raise WireFormatError("device answer: code or address")
    if not url.startswith("https://"):
        verify_for(url, None)
    try:
        lasts_s, interval_s = float(doc.get("expires_in", 600)), float(doc.get("interval", 5))
    except (TypeError, ValueError) as exc:
        raise WireFormatError("device answer: times") from exc
    if not (lasts_s > 0 and 0 <= interval_s <= 60):
        raise WireFormatError("device answer: times")
    return DeviceCode(user_code, url, secret, time.monotonic() + min(lasts_s, LONGEST_S), interval_s)


def poll_device(client: OidcClient, code: DeviceCode, pause: Callable[[float], bool]) -> Tokens:
    """Ask until someone has typed the code. pause(s) waits and is true when it was called off.

    Raises:
        LoginFailed: denied, expired or called off.
    """
    interval_s = code.interval_s
    form = {"grant_type": GRANT, "device_code": code.secret, "client_id": client.client_id}
    while time.monotonic() < code.until:
        if pause(interval_s):
            raise LoginFailed("cancelled")
        try:
            status, doc = client.provider.post(client.provider.endpoints().token, form)
        except BackendUnavailable:
            interval_s = min(interval_s * 2.0 + 1.0, 60.0)  # RFC 8628 §3.5: back off on time-outs
            continue
        if status == 200:
            return client.tokens_from(doc)
        error = doc.get("error")
        if error == "slow_down":
            interval_s += SLOWER_S
        elif error != "authorization_pending":
            known = {"access_denied": "denied", "expired_token": "nobody-came"}
            raise LoginFailed(known.get(str(error), "provider-refused"), oauth_error(doc))
    raise LoginFailed("nobody-came")
