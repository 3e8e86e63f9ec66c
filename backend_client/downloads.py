"""Files and snapshots by ranges: how large, and on from where an earlier try stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from backend_client.errors import BackendUnavailable, WireFormatError
from backend_client.session import Session, refusal

CHUNK = 128 * 1024
TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")
Params = Mapping[str, str | int]
Going = Callable[[int, int | None], bool]  # bytes so far and in all (None unknown); False stops


def sample(session: Session, path: str, params: Params, size: int) -> tuple[int | None, int]:
    """Ask for the first bytes; returns (bytes in all or None when not said, bytes that came).

    Raises:
        BackendError: as Session.call().
    """
    headers = {"Accept-Encoding": "identity", "Range": f"bytes=0-{size - 1}"}
    try:
        with session.http.stream("GET", path, params=dict(params), headers=headers) as reply:
            if reply.status_code >= 400:
                raise refusal(reply.status_code, reply.read(), reply.headers)
            got = 0
            for part in reply.iter_bytes(CHUNK):
                got += len(part)
                if got >= size:
                    break
    except (httpx.TransportError, httpx.DecodingError, OSError) as exc:
        raise BackendUnavailable(repr(exc)) from exc
    said = TOTAL.fullmatch(reply.headers.get("content-range", ""))
    if said:
        return int(said[1]), got
    length = reply.headers.get("content-length", "")
    return (int(length) if reply.status_code == 200 and length.isdigit() else None), got


def download(session: Session, path: str, params: Params, into: Path, going: Going, limit: int) -> bool:
    """Download to a file, from where an earlier try stopped; False when going() said stop.

    What arrived stays in the file; its ETag stands beside it, and another one begins anew.

    Raises:
        BackendError: the download failed.
        WireFormatError: the file is larger than limit.
    """
    mark = into.with_suffix(into.suffix + ".etag")
    have = into.stat().st_size if into.exists() and mark.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": mark.read_text("utf-8")}
    try:
        with session.http.stream("GET", path, params=dict(params), headers=headers) as reply:
            if reply.status_code == 416 and have:
                return True
            if reply.status_code >= 400:
                raise refusal(reply.status_code, reply.read(), reply.headers)
            have = have if reply.status_code == 206 else 0
            length = reply.headers.get("content-length", "")
            total = have + int(length) if length.isdigit() else None
            mark.write_text(reply.headers.get("etag", ""), "utf-8")
            with into.open("ab" if have else "wb") as out:
                for part in reply.iter_bytes(CHUNK):
                    out.write(part)
                    have += len(part)
                    if have > limit:
                        raise WireFormatError(f"{path}: over {limit} bytes")
                    if not going(have, total):
                        return False
    except (httpx.TransportError, httpx.DecodingError) as exc:
        raise BackendUnavailable(repr(exc)) from exc
    if total is not None and have < total:
        raise BackendUnavailable(f"{path}: {have} of {total} bytes")
    return True
