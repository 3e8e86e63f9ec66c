"""Typed calls of contract ``fcc-sync/1``; one instance per session and thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from backend_client.bounded import gzip_documents, read_bounded, sse_events
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError
from backend_client.session import Session, json_object, refusal
from backend_client.tls import tls_fault
from backend_client.wire import (
    DayDigest,
    Hello,
    ObsPage,
    OpsReply,
    RecordPage,
    answers_from,
    day_digest_from,
    hello_from,
    obs_page_from,
    record_page_from,
)

SNAPSHOT_LIMIT = 2 * 1024 * 1024 * 1024
SNAPSHOT_WAIT_S = 180.0  # a centre writes a snapshot of many days before the first byte leaves
ALL = "all"
SMALL = 256 * 1024
OPS_LIMIT = 8 * 1024 * 1024
ETAG_LIMIT = 200
EVENT_SILENCE_S = 45.0


class Central:
    """Every method raises BackendError's subclasses and nothing of httpx."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def another(self) -> Central:
        """Return a client of the same service for another thread, which closes its session."""
        return Central(self.session.another())

    def hello(self) -> Hello:
        return hello_from(self.session.get_json("/v1/hello", limit=SMALL))

    def objects(self, kind: str, etag: str | None = None, scope: str = ALL) -> tuple[str, list[dict[str, Any]] | None]:
        """Return (etag, documents); documents is None when nothing changed (304)."""
        headers = {"If-None-Match": etag} if etag else None
        reply, data = self.session.call("GET", f"/v1/objects/{kind}", params={"scope": scope}, headers=headers)
        if reply.status_code == 304:
            return etag or "", None
        items = json_object(kind, data).get("items")
        if not isinstance(items, list) or not all(isinstance(i, dict) and "code" in i for i in items):
            raise WireFormatError(f"objects/{kind}: no items")
        return str(reply.headers.get("etag", ""))[:ETAG_LIMIT], items

    def changes(self, after: str, limit: int, scope: str = ALL) -> ObsPage:
        params: dict[str, str | int] = {"after": after, "limit": limit, "scope": scope}
        return obs_page_from(self.session.get_json("/v1/feeds/obs/changes", params))

    def records(self, after: str, limit: int) -> RecordPage:
        params: dict[str, str | int] = {"after": after, "limit": limit}
        return record_page_from(self.session.get_json("/v1/feeds/records/changes", params))

    def latest(self, scope: str = ALL) -> ObsPage:
        return obs_page_from(self.session.get_json("/v1/obs/latest", {"scope": scope}))

    def digest(self, day: str, scope: str = ALL) -> DayDigest:
        """Return the digest of a Beijing day, YYYY-MM-DD. scope: as the service writes it, sorted."""
        params: dict[str, str | int] = {"day": day, "scope": scope}
        return day_digest_from(self.session.get_json("/v1/feeds/obs/digest", params, limit=SMALL), scope)

    def days(self, after: str) -> tuple[str, ...]:
        """Return the Beijing days, YYYY-MM-DD, in which any reading changed after a cursor."""
        found = self.session.get_json("/v1/feeds/obs/days", {"after": after}).get("days")
        if not isinstance(found, list) or not all(isinstance(d, str) for d in found):
            raise WireFormatError("days: not a list of days")
        return tuple(found)

    def snapshot(self, from_t: int, to_t: int, into: Path, scope: str = ALL, between: Callable[[], None] | None = None) -> None:
        """Download a snapshot to a file, going on where an earlier try stopped.

        between is called after each part that arrived: a slow line must not hold up other work.

        The mark beside the file says of which snapshot the part is; another one starts anew.

        Raises:
            BackendError: the download stopped; what arrived stays in the file.
            WireFormatError: larger than any snapshot may be, or a part of another place; it is dropped.
            OSError: the file cannot be written.
        """
        mark = into.with_suffix(".etag")
        have = into.stat().st_size if into.exists() and mark.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": mark.read_text("utf-8")}
        params: dict[str, str | int] = {"from": from_t, "to": to_t, "scope": scope}
        wait = httpx.Timeout(5.0, read=SNAPSHOT_WAIT_S)
        try:
            with self.session.http.stream(
                "GET", "/v1/feeds/obs/snapshot", params=params, headers=headers, timeout=wait
            ) as reply:
                if reply.status_code == 416 and have:
                    return
                if reply.status_code >= 400:
                    raise refusal(reply.status_code, read_bounded(reply, SMALL, "snapshot"), reply.headers)
                if reply.headers.get("content-encoding", "identity") != "identity":
                    raise WireFormatError("snapshot: packed twice")
                if reply.status_code != 206:
                    have = 0
                    into.unlink(missing_ok=True)  # before the mark: never a new mark beside an old part
                    mark.write_text(reply.headers.get("etag", "")[:ETAG_LIMIT], "utf-8")
                elif not reply.headers.get("content-range", "").startswith(f"bytes {have}-"):
                    into.unlink(missing_ok=True)
                    raise WireFormatError("snapshot: a part of another place")
                self._save(reply, into, have, between)
        except (httpx.TransportError, httpx.DecodingError) as exc:
            raise tls_fault(exc) or BackendUnavailable(repr(exc)) from exc

    def _save(self, reply: httpx.Response, into: Path, have: int, between: Callable[[], None] | None) -> None:
        with into.open("ab" if have else "wb") as out:
            for part in reply.iter_bytes():  # as it arrives: what a cut leaves behind is kept
                have += len(part)
                if have > SNAPSHOT_LIMIT:
                    out.close()
                    into.unlink()
                    raise WireFormatError(f"snapshot over {SNAPSHOT_LIMIT} bytes")
                out.write(part)
                if between is not None:
                    between()

    def send(self, ops: Sequence[Mapping[str, Any]], audit_head: Mapping[str, Any] | None = None) -> OpsReply:
        body: dict[str, Any] = {"ops": list(ops)}
        if audit_head is not None:
            body["audit_head"] = dict(audit_head)
        _reply, data = self.session.call("POST", "/v1/ops", body=body, limit=OPS_LIMIT)
        doc = json_object("ops", data)
        return OpsReply(answers_from(doc), str(doc.get("epoch") or ""), bool(doc.get("audit_whole", True)))

    def file_have(self, file_id: str) -> tuple[int, bool]:
        """Return (bytes that the centre has of a file, complete)."""
        try:
            reply, _ = self.session.call("HEAD", f"/v1/files/{file_id}")
        except BackendRefused as exc:
            if exc.status == 404:
                return 0, False
            raise
        return _offset(reply.headers)

    def put_piece(self, file_id: str, first: int, total: int, data: bytes, name: str, media: str) -> tuple[int, bool]:
        """Send one piece of a file; returns as file_have().

        Raises:
            BackendRefused: 409 wrong-offset, 413 too-large, 422 checksum-mismatch: it starts again.
        """
        headers = {
            "Content-Range": f"bytes {first}-{first + len(data) - 1}/{total}",
            "Content-Type": "application/octet-stream",
        }
        reply, _ = self.session.call(
            "PUT", f"/v1/files/{file_id}", params={"name": name, "media": media}, content=data, headers=headers
        )
        return _offset(reply.headers)

    def get_piece(self, file_id: str, first: int, size: int) -> tuple[bytes, int]:
        """Return (bytes from first on, at most size; the file's whole size)."""
        headers = {"Range": f"bytes={first}-{first + size - 1}", "Accept-Encoding": "identity"}
        reply, data = self.session.call("GET", f"/v1/files/{file_id}", headers=headers)
        try:
            total = int(str(reply.headers["content-range"]).rpartition("/")[2]) if reply.status_code == 206 else len(data)
        except (KeyError, ValueError) as exc:
            raise WireFormatError(f"file: {exc!r}") from exc
        return (data, total) if reply.status_code == 206 else (data[first : first + size], total)

    def put_room(self, room: str, doc: Mapping[str, Any]) -> int:
        _, data = self.session.call("PUT", f"/v1/rooms/{room}", body={"doc": doc}, limit=SMALL)
        try:
            return int(json_object("room", data)["revision"])
        except (KeyError, TypeError, ValueError) as exc:
            raise WireFormatError(f"room: {exc!r}") from exc

    def room(self, room: str) -> tuple[int, dict[str, Any]]:
        doc = self.session.get_json(f"/v1/rooms/{room}", limit=SMALL)
        try:
            return int(doc["revision"]), dict(doc["doc"])
        except (KeyError, TypeError, ValueError) as exc:
            raise WireFormatError(f"room: {exc!r}") from exc

    def player(self, action: Mapping[str, Any]) -> dict[str, Any]:
        _, data = self.session.call("POST", "/v1/player", body=dict(action), limit=SMALL)
        return json_object("player", data)

    def events(self, last_id: str | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield (id, event, data) until the connection ends; a heartbeat yields event ``hb``.

        Raises:
            BackendUnavailable: the stream broke or was silent for EVENT_SILENCE_S.
            WireFormatError: an event that is too large or no JSON object.
        """
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"} | (
            {"Last-Event-ID": last_id} if last_id else {}
        )
        timeout = httpx.Timeout(5.0, read=EVENT_SILENCE_S)
        try:
            with self.session.http.stream("GET", "/v1/events", headers=headers, timeout=timeout) as reply:
                if reply.status_code >= 400:
                    raise refusal(reply.status_code, read_bounded(reply, SMALL, "events"), reply.headers)
                for event_id, event, text in sse_events(reply.iter_raw()):
                    data = json_object("event", text.encode()) if text else {}
                    yield event_id, event, data
        except (httpx.TransportError, httpx.DecodingError) as exc:
            raise tls_fault(exc) or BackendUnavailable(repr(exc)) from exc


def _offset(headers: Mapping[str, str]) -> tuple[int, bool]:
    try:
        return int(headers["upload-offset"]), headers["upload-complete"] == "?1"
    except (KeyError, ValueError) as exc:
        raise WireFormatError(f"file: {exc!r}") from exc


def snapshot_pages(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the header line, then one dict of columns per line of a downloaded snapshot.

    Raises:
        WireFormatError: the file is cut, not what the contract says, or unpacks to too much.
    """
    return gzip_documents(path)
