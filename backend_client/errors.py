"""What can go wrong with the central service: five cases, nothing of httpx leaks out."""

from __future__ import annotations


class BackendError(Exception):
    """Base of the five."""


class BackendUnavailable(BackendError):
    """No answer in time, a broken connection (status None), or 429/5xx: try again later."""

    def __init__(self, text: str, retry_after_s: float | None = None, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_s = retry_after_s


class BackendRefused(BackendError):
    """The service understood and said no; code is its stable problem code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"HTTP {status} {code}")
        self.status = status
        self.code = code


class ResyncRequired(BackendError):
    """410: the cursor or the epoch is gone; the only signal to fetch everything again."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WireFormatError(BackendError):
    """The answer is not what the contract says: half a body, not JSON, wrong fields."""


class Untrusted(BackendError):
    """The other side, or we to it, could not be proven to be who it says; nothing was sent.

    code: stable, worded by the console. detail: OpenSSL's reason, for support.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail
