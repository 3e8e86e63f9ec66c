"""An identity provider of our own on loopback: code + PKCE, device flow, rotation, key change."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "flood-console"
AUDIENCE = "fcc-centre"
USERS = {
    "zhang": ("张三", ["duty"]),
    "li": ("李四", ["duty"]),
    "sec": ("安全员", ["security_admin"]),
    "sys": ("系统员", ["system_admin"]),
    "aud": ("审计员", ["audit_admin"]),
    "both": ("兼职者", ["system_admin", "audit_admin"]),
    "look": ("来访者", ["viewer"]),
}


@dataclass
class Idp:
    """Set the attributes to make it misbehave; ``issuer`` is set once it serves."""

    issuer: str = ""
    user: str = "zhang"
    access_s: int = 300
    shift_s: float = 0.0
    interval_s: float = 0.01
    twist: dict[str, Any] = field(default_factory=dict)
    approved: str = "pending"

    def __post_init__(self) -> None:
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh: dict[str, tuple[str, str]] = {}  # token → (family, user)
        self.spent: dict[str, str] = {}
        self.devices: dict[str, float] = {}
        self.polls: list[str] = []
        self.rotate_key()

    def rotate_key(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig"})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/device", self._device, methods=["POST"]),
                Route("/revoke", self._revoke, methods=["POST"]),
            ]
        )

    def signed(self, user: str, audience: str, **more: Any) -> str:
        name, roles = USERS[user]
        now = int(time.time() + self.shift_s)
        claims = {"iss": self.issuer, "sub": user, "aud": audience, "iat": now, "exp": now + self.access_s}
        claims |= {"name": name, "roles": roles} | more
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)

    async def _discovery(self, _request: Request) -> Response:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        names |= {"device_authorization_endpoint": "device", "revocation_endpoint": "revoke"}
        doc = {"issuer": self.issuer, "authorization_response_iss_parameter_supported": True}
        return JSONResponse(doc | {k: f"{self.issuer}/{v}" for k, v in names.items()} | self.twist.get("discovery", {}))

    async def _jwks(self, _request: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        q = dict(request.query_params)
        if q.get("client_id") != CLIENT or q.get("code_challenge_method") != "S256":
            return JSONResponse({"error": "invalid_request"}, 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = q
        back = {"code": code, "state": q["state"], "iss": self.issuer} | self.twist.get("redirect", {})
        return RedirectResponse(f"{q['redirect_uri']}?{urlencode(back)}", 302)

    async def _token(self, request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        grant = form.get("grant_type", "")
        if grant == "authorization_code":
            asked = self.codes.pop(form.get("code", ""), None)  # a code is good once
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if asked is None or asked["code_challenge"] != proof or asked["redirect_uri"] != form.get("redirect_uri"):
                return JSONResponse({"error": "invalid_grant"}, 400)
            return self._answer(self.user, secrets.token_hex(8), nonce=asked["nonce"])
        if grant == "refresh_token":
            return self._renew(form.get("refresh_token", ""))
        return self._poll(form)

    def _renew(self, token: str) -> Response:
        if token in self.spent:  # used twice: the whole family is closed
            family = self.spent[token]
            self.refresh = {k: v for k, v in self.refresh.items() if v[0] != family}
            return JSONResponse({"error": "invalid_grant"}, 400)
        if token not in self.refresh:
            return JSONResponse({"error": "invalid_grant"}, 400)
        family, user = self.refresh.pop(token)
        self.spent[token] = family
        return self._answer(user, family)

    def _poll(self, form: dict[str, str]) -> Response:
        last = self.devices.get(form.get("device_code", ""))
        if last is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        word = self.approved if time.monotonic() - last >= self.interval_s else "slow_down"
        self.devices[form["device_code"]] = time.monotonic()
        self.polls.append(word)
        if word == "yes":
            del self.devices[form["device_code"]]
            return self._answer(self.user, secrets.token_hex(8))
        error = "authorization_pending" if word == "pending" else word
        return JSONResponse({"error": error}, 400)

    async def _device(self, _request: Request) -> Response:
        code = secrets.token_urlsafe(16)
        self.devices[code] = time.monotonic()
        doc = {"device_code": code, "user_code": "WDJB-MJHT", "verification_uri": f"{self.issuer}/go"}
        return JSONResponse(doc | {"expires_in": 600, "interval": self.interval_s} | self.twist.get("device", {}))

    async def _revoke(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        self.refresh.pop(form["token"][0], None)
        return Response(status_code=200)

    def _answer(self, user: str, family: str, **more: Any) -> Response:
        token = secrets.token_urlsafe(24)
        self.refresh[token] = (family, user)
        doc = {"access_token": self.signed(user, AUDIENCE), "token_type": "Bearer", "expires_in": self.access_s}
        doc |= {"refresh_token": token, "id_token": self.signed(user, CLIENT, **(more | self.twist.get("id", {})))}
        return JSONResponse(doc | self.twist.get("token", {}))
