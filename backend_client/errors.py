"""What can go wrong with the central service: four cases, nothing of httpx leaks out."""

from __future__ import annotations


class BackendError(Exception):
    """Base of the four."""


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
